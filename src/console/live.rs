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

/// What a page is about; without any of these, about how everything stands.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct About {
    workflow: Option<Uuid>,
    integration: Option<i64>,
    acts: Option<Uuid>,
}

impl About {
    fn wants(&self, event: &Event) -> bool {
        if self.workflow.is_none() && self.integration.is_none() && self.acts.is_none() {
            // Of single workflows, hundreds a second where much is done, such a page shows what the board counts.
            return !matches!(event, Event::Workflow(_) | Event::Acts(_));
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
    events::stream(&state.live, about.workflow.is_some(), move |event| about.wants(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::live::{Moved, Syncing};

    #[test]
    fn a_page_about_everything_is_told_nothing_of_single_workflows_and_a_workflows_own_page_is() {
        let id = Uuid::from_u128(7);
        let moved = Event::Workflow(Moved { id, kind: "bind".to_owned(), status: "running".to_owned(), state: None });
        let sync = Event::Sync(Syncing { id, id_integracao: 3, progress: serde_json::json!({}) });
        let wants = |about: &About| [&moved, &sync, &Event::Board, &Event::More].map(|event| about.wants(event));
        assert_eq!(wants(&About::default()), [false, true, true, true]);
        assert_eq!(wants(&About { workflow: Some(id), ..About::default() }), [true, true, false, true]);
        assert_eq!(wants(&About { integration: Some(3), ..About::default() }), [false, true, true, true]);
        assert_eq!(wants(&About { acts: Some(id), ..About::default() }), [false, false, false, true]);
    }
}
