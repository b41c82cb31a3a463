//! Tokens: made, shown this once, and taken back.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::{
    ConsoleState,
    choices::Choice,
    failed::Failed,
    page::{Page, with_status},
    who::{Form, Seen, Sent},
};
use crate::{
    desk::{
        Refusal,
        rights::Administering,
        tokens::{self, Create, Made, Shown},
    },
    tokens::Role,
};

#[derive(Template)]
#[template(path = "tokens.html", config = "src/console/askama.toml")]
struct Tokens {
    page: Page,
    all: Vec<Shown>,
    roles: Vec<Choice>,
    /// As it was typed.
    name: String,
    reason: String,
    wrong: Option<Refusal>,
    made: Option<Made>,
}

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Administering>,
) -> Result<Response, Failed> {
    shown(&state, page, &Form::default(), None, None).await
}

async fn shown(
    state: &ConsoleState,
    page: Page,
    form: &Form,
    wrong: Option<Refusal>,
    made: Option<Made>,
) -> Result<Response, Failed> {
    let all = tokens::list(&state.pool).await.map_err(|refusal| page.failed(refusal))?.items;
    let text = |name: &str| form.one(name).filter(|_| wrong.is_some()).unwrap_or_default().to_owned();
    let roles = <Role as strum::VariantNames>::VARIANTS.iter().map(|role| Choice {
        words: format!("{} – {}", page.one_of("role", role), page.one_of("role-may", role)),
        value: (*role).to_owned(),
        chosen: form.one("role") == Some(role),
    });
    let roles = roles.collect();
    let (name, reason) = (text("name"), text("reason"));
    page.clone().show(&Tokens { page, all, roles, name, reason, wrong, made })
}

/// Makes one. The page that answers is the only one that ever shows it.
pub async fn create(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    let asked = Create { name: text("name"), role: text("role"), reason: form.one("reason").map(str::to_owned) };
    match tokens::create(&state.pool, &page.caller, &asked).await {
        Ok(made) => shown(&state, page, &form, None, Some(made)).await,
        Err(refusal @ Refusal::Invalid { .. }) => {
            let again = shown(&state, page, &form, Some(refusal), None).await?;
            Ok(with_status(StatusCode::UNPROCESSABLE_ENTITY, again))
        }
        Err(refusal) => Err(page.failed(refusal)),
    }
}

/// Takes one back.
pub async fn revoke(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let done = async {
        let id = id.parse().map_err(|_| Refusal::Missing(format!("there is no token {id}")))?;
        tokens::revoke(&state.pool, &page.caller, id, form.reason()?).await
    };
    page.acted("/tokens", done.await, |token| page.t1("tokens-revoked", "name", token.name))
}

impl Tokens {
    /// What is wrong with a field, if that is it.
    fn wrong_with(&self, name: &str) -> Option<&str> {
        match &self.wrong {
            Some(Refusal::Invalid { field, message }) if field == name => Some(message),
            _ => None,
        }
    }
}
