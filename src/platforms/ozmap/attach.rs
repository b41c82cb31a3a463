//! Writes: a customer put on a port, and taken off it. Each is made once; a lost answer is the caller's to settle.

use reqwest::Method;
use serde_json::{Value, json};

use super::OzMap;
use super::elements::in_project;
use super::seats::seat_of;
use super::splitter::{Output, Splitter};
use super::wire::{Fiber, OpticalBox, Property, Row};
use crate::http::{Answer, Purpose};
use crate::{CustomerToAttach, Failure, FailureKind, Place, PortAddress, Seat};

impl OzMap {
    /// One write at most: a home of this customer is moved here, else one is made. A home that sits here is left alone.
    ///
    /// `force` is never sent: what it does is not documented, and it may push somebody else off a port. A home that is
    /// moved keeps its client as it is, so a reservation (`implanted: false`) stays one.
    pub(super) async fn put(
        &self,
        port: &PortAddress,
        customer: &CustomerToAttach,
        seats: &[Seat],
    ) -> Result<(), Failure> {
        let own: Vec<&Seat> = seats.iter().filter(|s| s.code.as_deref() == Some(&customer.code)).collect();
        if own.iter().any(|seat| sits_on(seat, port)) {
            return Ok(());
        }
        let splitter = self.splitter(&port.splitter_external_id).await?.ok_or_else(no_such_port)?;
        if !in_project(&splitter, self.projects.wanted_id(&self.api, Purpose::Search).await?.as_deref()) {
            return Err(other_project());
        }
        let answer = match own.first() {
            Some(seat) => self.move_home(seat, &plug(port, &splitter)).await?,
            None => self.make_home(port, &splitter, customer).await?,
        };
        self.judge(answer, port, own.is_empty())
            .await
            .map_err(|f| f.hiding([customer.name.as_str()].into_iter().chain(customer.document.as_deref())))
    }

    async fn move_home(&self, seat: &Seat, plug: &Value) -> Result<Answer, Failure> {
        self.api.write(Method::PATCH, &["properties", &seat.external_id], Some(plug.clone())).await
    }

    async fn make_home(
        &self,
        port: &PortAddress,
        splitter: &Row<Splitter>,
        customer: &CustomerToAttach,
    ) -> Result<Answer, Failure> {
        let mut body = plug(port, splitter);
        let (project, place) = self.surroundings(port, splitter, customer.place).await?;
        // `status` 0 is OK; `implanted` makes it a customer and not a reservation. Whole, although a client of this code may be there
        // without a home: a removal that is under way may take him away, and would leave a home with nobody in it.
        body["client"] = json!({ "code": customer.code, "name": customer.name, "implanted": true, "status": 0 });
        if let Some(project) = project {
            body["project"] = json!(project);
        }
        if let Some(Place { latitude, longitude }) = place {
            body["coords"] = json!([longitude, latitude]);
        }
        self.api.write(Method::POST, &["properties"], Some(body)).await
    }

    /// The project that the home belongs to and where it stands: at the service, else at its box.
    async fn surroundings(
        &self,
        port: &PortAddress,
        splitter: &Row<Splitter>,
        place: Option<Place>,
    ) -> Result<(Option<String>, Option<Place>), Failure> {
        let (project, place) = (splitter.project().map(str::to_owned), place.or(port.place));
        if project.is_some() && place.is_some() {
            return Ok((project, place));
        }
        let found: Option<Row<OpticalBox>> = self.api.one(&["boxes", box_of(port, splitter)]).await?;
        let project = project.or(found.as_ref().and_then(Row::project).map(str::to_owned));
        Ok((project, place.or(found.and_then(|b| b.point.place()))))
    }

    async fn judge(&self, answer: Answer, port: &PortAddress, made: bool) -> Result<(), Failure> {
        match answer.status.as_u16() {
            200..=299 => Ok(()),
            404 if !made => match answer.found()? {
                // Gone since it was found: the next attempt looks again.
                None => Err(seat_gone()),
                Some(_) => Ok(()),
            },
            400 | 409 | 422 => match self.is_port_taken(&answer, port).await? {
                true => Err(answer.failure().coded("ozmap.port_taken")),
                false => Err(answer.failure()),
            },
            _ => Err(answer.failure()),
        }
    }

    /// Told by the platform's words; their wording is not documented, so the port is looked at as well. Where that fails, so
    /// does the write: nothing was done, and whether a person has to decide is known only after a look.
    async fn is_port_taken(&self, answer: &Answer, port: &PortAddress) -> Result<bool, Failure> {
        if answer.words().is_some_and(speaks_of_a_taken_port) {
            return Ok(true);
        }
        let Ok(output) = usize::try_from(port.sequencia) else { return Ok(false) };
        let splitter = self.splitter(&port.splitter_external_id).await?;
        Ok(splitter.is_some_and(|splitter| matches!(splitter.output(output), Output::Holds(_))))
    }

    /// The home goes, and the customer with it. Gone already is as good.
    pub(super) async fn remove(&self, seat: &Seat) -> Result<(), Failure> {
        if self.home_of(seat).await?.is_none() {
            return Ok(());
        }
        let answer = self.api.write(Method::DELETE, &["properties", &seat.external_id], None).await?;
        answer.found().map(|_| ())
    }

    /// The home of this seat, if it still is one: a home keeps its id when it is moved to another port, and when somebody else
    /// moves in. Other work may have done either since the seat was seen, and then it is not ours to take off (B2).
    async fn home_of(&self, seat: &Seat) -> Result<Option<Row<Property>>, Failure> {
        let Some(home) = self.api.one::<Row<Property>>(&["properties", &seat.external_id]).await? else {
            return Ok(None);
        };
        let home = self.completed(home, Purpose::Look).await?;
        let lives_there = home.client.clone().unwrap_or_default();
        let other = match (&seat.customer_external_id, &lives_there.id) {
            (Some(seen), Some(now)) => seen != now,
            // Only where the row does not tell: each call more is time in which he may be moved.
            _ => differ(
                seat.code.as_deref(),
                self.client_of(&home, Purpose::Look).await?.and_then(|c| c.code).as_deref(),
            ),
        };
        let same = !other
            && seat_of(&home, None).is_some_and(|now| {
                !differ(seat.splitter_external_id.as_deref(), now.splitter_external_id.as_deref())
                    && seat.sequencia.zip(now.sequencia).is_none_or(|(seen, now)| seen == now)
            });
        Ok(same.then_some(home))
    }

    /// The home stays, unplugged and without its customer: two writes.
    ///
    /// It is unplugged first. If the second write is lost, the customer's code still finds the home, so that a look by
    /// code shows what is left to do; the other way round nothing would lead back to a home that still holds the port.
    pub(super) async fn empty(&self, seat: &Seat) -> Result<(), Failure> {
        let Some(home) = self.home_of(seat).await? else {
            return Ok(());
        };
        if home.plugs().next().is_some() {
            let drop = self.drop_of(&home).await?.or_else(|| seat.drop_external_id.clone()).ok_or_else(no_drop)?;
            let path = ["cables", drop.as_str(), "fibers", "disconnect"];
            self.api.write(Method::POST, &path, Some(json!({}))).await?.found()?;
        }
        if home.client.is_some() {
            let nobody = json!({ "client": null });
            self.api.write(Method::PATCH, &["properties", &seat.external_id], Some(nobody)).await?.found()?;
        }
        Ok(())
    }

    /// The cable that plugs the home in: its own word, else the parent of the fiber.
    async fn drop_of(&self, home: &Row<Property>) -> Result<Option<String>, Failure> {
        match (&home.drop, home.plugs().find_map(|(.., fiber)| fiber)) {
            (Some(drop), _) => Ok(Some(drop.clone())),
            (None, Some(fiber)) => {
                Ok(self.api.one::<Row<Fiber>>(&["fibers", fiber]).await?.and_then(|f| f.parent.clone()))
            }
            (None, None) => Ok(None),
        }
    }
}

fn differ(seen: Option<&str>, now: Option<&str>) -> bool {
    seen.zip(now).is_some_and(|(seen, now)| seen != now)
}

/// Where a home is to be plugged in; the platform counts ports from 1.
fn plug(port: &PortAddress, splitter: &Row<Splitter>) -> Value {
    json!({
        "box": box_of(port, splitter),
        "connector": port.splitter_external_id,
        "port": port.sequencia + 1,
        "auto_connect": true,
    })
}

/// The box that the splitter is in now: it may have been moved since the last sync.
fn box_of<'a>(port: &'a PortAddress, splitter: &'a Row<Splitter>) -> &'a str {
    splitter.parent.as_deref().unwrap_or(&port.box_external_id)
}

fn sits_on(seat: &Seat, port: &PortAddress) -> bool {
    seat.splitter_external_id.as_ref() == Some(&port.splitter_external_id) && seat.sequencia == Some(port.sequencia)
}

fn speaks_of_a_taken_port(words: &str) -> bool {
    const WHAT: [&str; 5] = ["port", "splitter", "conector", "connector", "saída"];
    const TAKEN: [&str; 8] =
        ["ocupad", "occupied", "taken", "in use", "em uso", "already connected", "já conectad", "not free"];
    let words = words.to_lowercase();
    WHAT.iter().any(|w| words.contains(w)) && TAKEN.iter().any(|t| words.contains(t))
}

fn no_such_port() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.no_such_port",
        "o OZMap não tem mais este splitter: sincronize o projeto",
        "OZMap no longer has this splitter: sync the project",
    )
}

fn other_project() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.other_project",
        "o splitter pertence a outro projeto do OZMap que não o de nome_projeto",
        "the splitter belongs to another OZMap project than nome_projeto",
    )
}

fn seat_gone() -> Failure {
    Failure::new(
        FailureKind::Transient,
        "ozmap.seat_gone",
        "o imóvel do cliente foi apagado no OZMap enquanto era movido",
        "the customer's property was deleted in OZMap while being moved",
    )
}

fn no_drop() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.no_drop",
        "o OZMap não diz qual drop liga este imóvel à porta: desconecte-o no OZMap",
        "OZMap does not say which drop connects this property: disconnect it there",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_in_either_language() {
        for words in
            ["A porta 3 está ocupada", "Port already in use", "connector taken", "Splitter: porta já conectada"]
        {
            assert!(speaks_of_a_taken_port(words), "{words}");
        }
        for words in ["código já existe", "port is invalid", "client is in use"] {
            assert!(!speaks_of_a_taken_port(words), "{words}");
        }
    }
}
