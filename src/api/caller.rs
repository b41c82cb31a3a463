//! Who calls, by their token, and what their role allows.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{ApiState, Problem, problem::Why};
pub use crate::desk::rights::{Acting, Administering, Reading, ReadingWork, Right, Starting};
use crate::{
    desk::{Caller, Refusal},
    tokens,
};

/// Answers no one without a valid token, whatever they ask for (contract.md, *authentication*).
pub async fn authenticated(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let admitted = caller(&state, request.headers()).await.and_then(|caller| {
        state.limiter.admit(caller.token, request.uri().path())?;
        Ok(caller)
    });
    match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(state: &ApiState, headers: &HeaderMap) -> Result<Caller, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = given.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(secret) = bearer else {
        return Err(Problem::new(Why::Unauthenticated, "send the header Authorization: Bearer enlace_…"));
    };
    let token = tokens::verify(&state.pool, secret).await.map_err(Refusal::from)?;
    token.map(Caller::from).ok_or_else(|| {
        Problem::new(
            Why::Unauthenticated,
            "this token is not known here, or was taken back; `enlace tokens` makes new ones",
        )
    })
}

/// A caller who has this right. Stands first among a handler's arguments, so that nothing of a request is read before.
pub struct May<R: Right> {
    /// Who.
    pub caller: Caller,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<ApiState> for May<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let unknown = || Problem::new(Why::Unauthenticated, "send the header Authorization: Bearer enlace_…");
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(unknown)?;
        if R::ROLES.contains(&caller.role) {
            return Ok(Self { caller, right: PhantomData });
        }
        let roles: Vec<String> = R::ROLES.iter().map(ToString::to_string).collect();
        let detail = format!("this needs the role {}; the token has {}", roles.join(" or "), caller.role);
        Err(Problem::new(Why::Forbidden, detail))
    }
}
