//! Acts on a workflow, as forms send them.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde_json::Value;
use uuid::Uuid;

use super::{Tried, whole};
use crate::{
    console::{
        ConsoleState,
        failed::Failed,
        page::{Page, with_status},
        who::{Form, Sent},
    },
    desk::{
        Refusal,
        acts::{self, Done, Verb, With},
        rights::Acting,
    },
};

/// Does it; a form that cannot be taken is shown again, with what was typed.
pub async fn act(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    match done(&state, &page, &id, &form).await {
        Err(refusal @ Refusal::Invalid { .. }) => {
            let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
            let tried = Tried { act: text("act"), reason: text("reason"), wrong: page.refusal(&refusal) };
            let again = whole(&state, page, &id, Some(tried)).await?;
            Ok(with_status(StatusCode::UNPROCESSABLE_ENTITY, again))
        }
        outcome => page.acted(&format!("/workflows/{id}"), outcome, |done| said(&page, &done)),
    }
}

async fn done(state: &ConsoleState, page: &Page, id: &str, form: &Form) -> Result<Done, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Refusal::no_workflow(id))?;
    let verb: Verb = form
        .one("act")
        .and_then(|act| act.parse().ok())
        .ok_or_else(|| Refusal::invalid("act", "não é conhecido / is not known"))?;
    let payload = form.one("payload").map(serde_json::from_str::<Value>).transpose();
    let payload =
        payload.map_err(|error| Refusal::invalid("payload", format!("não é JSON: {error} / is not JSON: {error}")))?;
    let with = With { payload, outcome: form.one("outcome").map(str::to_owned) };
    acts::act(&state.pool, &page.caller, id, verb, form.reason()?, with).await
}

fn said(page: &Page, done: &Done) -> String {
    let (act, status) = (page.one_of("act", &done.act), page.one_of("status", &done.status));
    let key = if done.outcome == "asked" { "workflow-asked" } else { "workflow-acted" };
    page.t2(key, ("act", &act), ("status", &status))
}
