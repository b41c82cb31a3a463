//! Geosite: the adapter. What is known of its API, and how sure that is, stands in the project's fact sheet; whatever had
//! to be assumed because nothing public tells it stands in `guessed.rs`, so that it is corrected at one place.

mod api;
mod attach;
mod auth;
mod columns;
mod cursor;
mod elements;
mod fids;
mod guessed;
mod liberal;
mod listing;
mod literals;
mod ports;
mod seats;
mod url;
mod viability;
mod wishes;
mod wkt;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::guard::Guard;
use crate::http::Http;
use crate::{
    BoxElement, CableElement, CallObserver, CustomerToAttach, Detach, Failure, NearBox, Nearby, Occupancy,
    OccupantElement, Options, Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested, WholeBox,
};
use api::Api;
use columns::{Feature, Layouts};
use fids::Fids;
use literals::Literals;

/// What a Geosite integration is set up with (rule D1).
pub struct Parameters {
    /// `https://telecom.digicade.com.br/geosite-telecom-api`, or where the ISP's own stands.
    pub api_url: String,
    /// Who logs in.
    pub usuario: String,
    /// His password.
    pub senha: SecretString,
    /// What this installation calls its columns where the usual names do not find them: `cliente.codigo=COD_ERP; …`.
    pub colunas: Option<String>,
    /// How long its tokens live.
    pub validity: Validity,
}

/// How long the tokens of a login live.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// The one that opens the API.
    pub token: Duration,
    /// The one that renews it.
    pub refresh_token: Duration,
}

impl Default for Validity {
    /// 30 minutes and 30 days, as documented.
    fn default() -> Self {
        Self { token: Duration::from_secs(30 * 60), refresh_token: Duration::from_secs(30 * 24 * 3600) }
    }
}

/// One account on one Geosite.
pub struct Geosite {
    api: Api,
    layouts: Layouts,
    fids: OnceLock<Fids>,
}

/// Makes an account ready; calls nothing yet.
///
/// # Errors
/// [`crate::FailureKind::Misconfigured`], naming the parameter that cannot be used.
pub fn connect(parameters: Parameters, options: Options, observer: Arc<dyn CallObserver>) -> Result<Geosite, Failure> {
    let Parameters { api_url, usuario, senha, colunas, validity } = parameters;
    let base = url::base(&api_url)?;
    let guard = Guard { allow_private: options.allow_private };
    guard.check(&base, "api_url")?;
    let wishes = wishes::parse(colunas.as_deref().unwrap_or_default())?;
    let http = Http::new(guard, options.timeouts, vec![senha.clone()], observer)?;
    let auth = auth::Auth::new(usuario, senha, validity);
    let api = Api { http, auth, base, literals: Literals::default() };
    Ok(Geosite { api, layouts: Layouts::new(wishes), fids: OnceLock::new() })
}

#[async_trait]
impl Platform for Geosite {
    /// The columns of what a sync and a bind cannot do without: reads alone. Geosite has no projects.
    async fn test(&self) -> Result<Tested, Failure> {
        for feature in [Feature::Cto, Feature::SpliceBox, Feature::Splitter, Feature::Customer] {
            self.layouts.read(&self.api, feature).await?;
        }
        Ok(Tested { projects: Vec::new() })
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

    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        self.cable_page(cursor).await
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

    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure> {
        self.put(port, customer, seats).await
    }

    async fn detach(&self, seat: &Seat, how: Detach) -> Result<(), Failure> {
        self.take_off(seat, how).await
    }

    async fn boxes_near(&self, asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        self.near(asked).await
    }

    async fn whole_box(&self, external_id: &str) -> Result<Option<WholeBox>, Failure> {
        self.whole(external_id).await
    }
}
