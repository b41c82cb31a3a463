//! OZMap: the adapter. What is known of its API, and how sure that is, stands in the project's fact sheet; the
//! decisions that had to be made where it is silent stand where they are made.

mod api;
mod attach;
mod auth;

mod cursor;
mod elements;
mod listing;
mod ports;
mod projects;
mod seats;
mod splitter;
mod url;
mod viability;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::guard::Guard;
use crate::http::Http;
use crate::{
    BoxElement, CableElement, CallObserver, CustomerToAttach, Detach, Failure, NearBox, Nearby, Occupancy,
    OccupantElement, Options, Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested, WholeBox,
};
use api::Api;
use projects::Projects;

/// What an OZMap integration is set up with (rule D1).
pub struct Parameters {
    /// With or without `/api/v2`.
    pub api_url: String,
    /// The key, sent raw in `Authorization`.
    pub api_chave: SecretString,
    /// For the login that follows a refused key.
    pub usuario: String,
    /// For the same.
    pub senha: SecretString,
    /// Only this project's elements and customers, poles apart (rule D5).
    pub nome_projeto: Option<String>,
}

/// One account on one OZMap.
pub struct OzMap {
    api: Api,
    projects: Projects,
    options: Options,
}

/// Makes an account ready; calls nothing yet.
///
/// # Errors
/// [`crate::FailureKind::Misconfigured`], naming the parameter that cannot be used.
pub fn connect(parameters: Parameters, options: Options, observer: Arc<dyn CallObserver>) -> Result<OzMap, Failure> {
    let Parameters { api_url, api_chave, usuario, senha, nome_projeto } = parameters;
    let base = url::base(&api_url)?;
    let guard = Guard { allow_private: options.allow_private };
    guard.check(&base, "api_url")?;
    let secrets = vec![api_chave.clone(), senha.clone()];
    let http = Http::new(guard, options.timeouts, secrets, observer)?;
    let auth = auth::Auth::new(&api_chave, usuario, senha)?;
    let wanted = nome_projeto.filter(|name| !name.trim().is_empty());
    Ok(OzMap { api: Api { http, auth, base }, projects: Projects::new(wanted), options })
}

#[async_trait]
impl Platform for OzMap {
    async fn test(&self) -> Result<Tested, Failure> {
        let projects = projects::names(&self.api).await?;
        self.projects.check(&projects)?;
        Ok(Tested { projects })
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
        match how {
            Detach::Everything => self.remove(seat).await,
            Detach::KeepHome => self.empty(seat).await,
        }
    }

    async fn boxes_near(&self, asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        self.near(asked).await
    }

    async fn whole_box(&self, external_id: &str) -> Result<Option<WholeBox>, Failure> {
        self.whole(external_id).await
    }
}
