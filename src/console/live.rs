//! `/live`: tells a page that something which it shows has changed, so that it asks for that part anew.

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{ConsoleState, who::Seen};
use crate::{
    api::events,
    desk::{live::Event, rights::Reading},
};

/// What a page is about; without any of these, about everything.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct About {
    workflow: Option<Uuid>,
    integration: Option<i64>,
    acts: Option<Uuid>,
}

impl About {
    fn wants(&self, event: &Event) -> bool {
        if self.workflow.is_none() && self.integration.is_none() && self.acts.is_none() {
            return true;
        }
        match event {
            Event::Workflow(moved) => self.workflow == Some(moved.id),
            Event::Sync(sync) => self.workflow == Some(sync.id) || self.integration == Some(sync.id_integracao),
            Event::Upstream(upstream) => self.integration.is_some() && self.integration == upstream.id_integracao,
            Event::Acts(acting) => self.acts == Some(acting.id),
            // A sync that has ended is no news of a sync any more.
            Event::Board => self.integration.is_some(),
            Event::More => true,
        }
    }
}

/// Events until the page is left.
pub async fn listen(State(state): State<ConsoleState>, _: Seen<Reading>, Query(about): Query<About>) -> Response {
    events::stream(&state.live, move |event| about.wants(event))
}
