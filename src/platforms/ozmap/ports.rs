//! A look at one port: what is plugged in there, and whose it is (section 6 of the fact sheet).

use super::OzMap;
use super::cursor::Cursor;
use super::seats::{MOST_PAGES, seat_of};
use super::splitter::{Output, Splitter};
use super::wire::{Cable, Fiber, Property, Row};
use crate::http::Purpose;
use crate::{Failure, FailureKind, Occupancy, PortAddress};

/// How often a port is looked at again where the fiber of a moment ago gave way to another.
const MOST_LOOKS: usize = 3;

/// One output of one splitter, as a look knows it.
struct Place<'a> {
    box_id: &'a str,
    splitter: &'a str,
    sequencia: i32,
    /// What is plugged in; `None` where the splitter does not list it.
    fiber: Option<&'a str>,
}

/// What the homes of a box say of one output.
#[derive(Default)]
struct Claims {
    /// A home plugged in there, by the very fiber that the output holds.
    sure: Option<Row<Property>>,
    /// A home that says so, but by another fiber: a row left behind, perhaps.
    doubtful: Option<Row<Property>>,
    /// All homes of the box were seen.
    complete: bool,
}

impl OzMap {
    pub(super) async fn splitter(&self, id: &str) -> Result<Option<Row<Splitter>>, Failure> {
        self.api.one(&["splitters", id]).await
    }

    pub(super) async fn look(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        let mut seen = self.look_once(port).await?;
        // It took several calls: whoever was plugged in at the first may be gone at the last, moved by work for another port.
        for _ in 0..MOST_LOOKS {
            if seen.0 != Occupancy::TakenByEquipment {
                break;
            }
            let again = self.look_once(port).await?;
            let stays = again == seen;
            seen = again;
            if stays {
                break;
            }
        }
        Ok(seen.0)
    }

    /// What is there, and the fiber by which it is plugged in.
    async fn look_once(&self, port: &PortAddress) -> Result<(Occupancy, Option<String>), Failure> {
        let found = self.splitter(&port.splitter_external_id).await?;
        let (Some(splitter), Ok(output)) = (found, usize::try_from(port.sequencia)) else {
            return Ok((Occupancy::NoSuchPort, None));
        };
        let unoccupied = if splitter.blocked(output) { Occupancy::Blocked } else { Occupancy::Free };
        let fiber = match splitter.output(output) {
            Output::Missing => return Ok((Occupancy::NoSuchPort, None)),
            Output::Empty => return Ok((unoccupied, None)),
            Output::Holds(fiber) => Some(fiber),
            Output::Unlisted => None,
        };
        let place = Place {
            box_id: splitter.parent.as_deref().unwrap_or(&port.box_external_id),
            splitter: &port.splitter_external_id,
            sequencia: port.sequencia,
            fiber,
        };
        let seen = match (self.home_at(&place).await?, fiber) {
            (Some(home), _) => self.taken(&place, &home).await?,
            (None, Some(_)) => Occupancy::TakenByEquipment,
            (None, None) => unoccupied,
        };
        Ok((seen, fiber.map(str::to_owned)))
    }

    async fn taken(&self, place: &Place<'_>, home: &Row<Property>) -> Result<Occupancy, Failure> {
        let customer = self.client_of(home, Purpose::Search).await?;
        let Some(mut seat) = seat_of(home, customer) else { return Ok(Occupancy::TakenByEquipment) };
        seat.splitter_external_id = Some(place.splitter.to_owned());
        seat.sequencia = Some(place.sequencia);
        Ok(Occupancy::Taken(seat))
    }

    /// The home that is plugged in there: by what the box's homes say, else from the fiber to the end of its cable.
    async fn home_at(&self, place: &Place<'_>) -> Result<Option<Row<Property>>, Failure> {
        let claims = self.claims(place).await?;
        if claims.sure.is_some() {
            return Ok(claims.sure);
        }
        match place.fiber {
            Some(fiber) => Ok(self.home_by(fiber, place.box_id).await?.or(claims.doubtful)),
            None if claims.complete => Ok(None),
            None => Err(cannot_tell()),
        }
    }

    async fn claims(&self, place: &Place<'_>) -> Result<Claims, Failure> {
        let mut claims = Claims::default();
        let mut cursor = Cursor::read(None)?;
        for _ in 0..MOST_PAGES {
            let filter = [("box", place.box_id)];
            let page = self.api.list::<Property>("properties", &filter, &cursor, Purpose::Search).await?;
            for home in page.rows {
                match place.claimed_by(&home) {
                    Some(true) => return Ok(Claims { sure: Some(home), ..claims }),
                    Some(false) => claims.doubtful = Some(home),
                    None => {}
                }
            }
            let Some(next) = page.next else { return Ok(Claims { complete: true, ..claims }) };
            cursor = next;
        }
        Ok(claims)
    }

    /// From the fiber to its cable, and from there to the home at its end.
    async fn home_by(&self, fiber: &str, box_id: &str) -> Result<Option<Row<Property>>, Failure> {
        let Some(cable) = known(self.api.one::<Row<Fiber>>(&["fibers", fiber]).await)?.and_then(|f| f.parent.clone())
        else {
            return Ok(None);
        };
        let Some(cable) = known(self.api.one::<Row<Cable>>(&["cables", &cable]).await)? else { return Ok(None) };
        for end in [&cable.box_b, &cable.box_a].into_iter().flatten().filter(|end| *end != box_id) {
            if let Some(home) = known(self.api.one::<Row<Property>>(&["properties", end]).await)? {
                return Ok(Some(home));
            }
        }
        Ok(None)
    }
}

impl Place<'_> {
    /// Whether this home says that it is plugged in here, and whether by the fiber that is here.
    fn claimed_by(&self, home: &Row<Property>) -> Option<bool> {
        let (.., fiber) = home.plugs().find(|(s, n, _)| *s == self.splitter && *n == self.sequencia)?;
        Some(fiber.is_none() || self.fiber.is_none() || fiber == self.fiber)
    }
}

/// An id of another kind of element is no error here: the end of a cable may be anything.
fn known<T>(found: Result<Option<T>, Failure>) -> Result<Option<T>, Failure> {
    match found {
        Err(failure) if failure.kind == FailureKind::Rejected => Ok(None),
        other => other,
    }
}

fn cannot_tell() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.cannot_tell",
        "o OZMap não diz o que está ligado nesta porta: verifique no OZMap",
        "OZMap does not say what is plugged into this port: look there",
    )
}
