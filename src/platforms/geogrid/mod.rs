//! GeoGrid Maps: the adapter. There is no public manual of its API; what is known of it, from programs that others
//! have published, stands in the project's fact sheet. What had to be guessed on top of that is in `guessed.rs` and
//! nowhere else, so that a correction is a small change.
//!
//! What this platform cannot tell: cables (no listing is known), and where a customer sits. [`Platform::seats_of`]
//! finds his record and no port, so who moves a customer must know the port that he leaves.

mod api;
mod attach;
mod clients;
mod cursor;
mod directory;
mod elements;
mod envelope;
mod guessed;
mod occupants;
mod outputs;
mod plain;
mod ports;
mod refusal;
mod search;
mod seat_id;
mod several;
mod url;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::guard::Guard;
use crate::http::{Http, Timeouts, secret_header};
use crate::{
    BoxElement, CableElement, CallObserver, CustomerToAttach, Detach, Failure, Occupancy, OccupantElement, Options,
    Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested,
};
use api::Api;
use directory::{Codes, Directory};
use several::Ways;

/// What integrators settle on for a whole account, whoever calls; no number is published.
pub const CALLS_A_SECOND: f64 = 1.0;
/// What a 429 means that does not say for how long: the platform counts by the minute.
const PAUSE: Duration = Duration::from_secs(60);
/// Calls hang at times and are never answered: integrators cut them off here.
const QUICK: Duration = Duration::from_secs(8);
/// The same for the pages of a sync.
const PAGE: Duration = Duration::from_secs(30);

/// What a GeoGrid integration is set up with (rule D1).
pub struct Parameters {
    /// The panel's address, with or without `/api/v3`.
    pub api_url: String,
    /// Sent in the header `api-key`.
    pub token: SecretString,
}

/// One account on one GeoGrid.
pub struct GeoGrid {
    api: Api,
    directory: Directory,
    codes: Codes,
    ways: Ways,
}

/// Makes an account ready; calls nothing yet.
///
/// # Errors
/// [`crate::FailureKind::Misconfigured`], naming the parameter that cannot be used.
pub fn connect(parameters: Parameters, options: Options, observer: Arc<dyn CallObserver>) -> Result<GeoGrid, Failure> {
    let Parameters { api_url, token } = parameters;
    let base = url::base(&api_url)?;
    let guard = Guard { allow_private: options.allow_private };
    guard.check(&base, "api_url")?;
    let key = secret_header(&token).ok_or_else(refusal::token_not_sendable)?;
    let http = Http::new(guard, patience(options.timeouts), vec![token], observer)?.pausing(PAUSE);
    let api = Api { http, key, base };
    Ok(GeoGrid { api, directory: Directory::default(), codes: Codes::default(), ways: Ways::default() })
}

fn patience(asked: Timeouts) -> Timeouts {
    Timeouts { page: asked.page.min(PAGE), quick: asked.quick.min(QUICK), body: asked.body.min(PAGE), ..asked }
}

#[async_trait]
impl Platform for GeoGrid {
    async fn test(&self) -> Result<Tested, Failure> {
        Ok(Tested { projects: self.folders().await? })
    }

    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        self.box_page(cursor).await
    }

    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        self.splitter_page(cursor).await
    }

    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        self.pole_page(cursor).await
    }

    /// No call that lists cables is known: there are none, and nothing is asked.
    async fn cables(&self, _cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        Ok(Page { items: Vec::new(), next: None, total: None })
    }

    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        self.occupant_page(cursor).await
    }

    async fn look_at_port(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        self.look(port).await
    }

    async fn seats_of(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        self.seats(code).await
    }

    async fn search(&self, code: &str, cursor: Option<&str>) -> Result<Page<Seat>, Failure> {
        self.search_page(code, cursor).await
    }

    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure> {
        self.put(port, customer, seats).await
    }

    /// A customer's record is no home: it stays on the platform either way (rule B11 leaves no choice here).
    async fn detach(&self, seat: &Seat, _how: Detach) -> Result<(), Failure> {
        self.take_off(seat).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g7_a_hanging_call_is_cut_off_soon_and_a_shorter_patience_is_kept() {
        let product = patience(Timeouts::default());
        assert_eq!((product.quick, product.page, product.body), (QUICK, PAGE, PAGE));
        let short = Duration::from_millis(300);
        assert_eq!(patience(Timeouts { quick: short, ..Timeouts::default() }).quick, short);
    }
}
