//! Health and metrics, on a listener of their own and without a token.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use sqlx::PgPool;

use super::{metrics, nowhere};
use crate::migrations;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells why a part of this process is not ready; `None`: it is.
pub type Check = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// What health and metrics are told from.
#[derive(Clone)]
pub struct OpsState {
    /// The database.
    pub pool: PgPool,
    /// Parts of this process that have to be ready: a worker's lease, for instance.
    pub checks: Vec<Check>,
    /// Metrics that this process counts itself; `None`: none.
    pub counted: Option<PrometheusHandle>,
}

/// `/healthz`, `/readyz`, `/metrics`.
pub fn ops_router(state: OpsState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "alive": true })) }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .fallback(nowhere)
        .with_state(state)
}

async fn readyz(State(state): State<OpsState>) -> (StatusCode, Json<serde_json::Value>) {
    let mut reasons: Vec<String> = state.checks.iter().filter_map(|check| check()).collect();
    reasons.extend(database(&state.pool).await);
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "reasons": reasons })))
}

/// Why the database does not serve; its own words stay in the log, where addresses may be.
async fn database(pool: &PgPool) -> Option<String> {
    let asked = async {
        let mut connection = pool.acquire().await.map_err(|error| {
            tracing::debug!(%error, "not ready");
            "the database cannot be reached".to_owned()
        })?;
        migrations::check(&mut connection).await.map_err(|error| error.to_string())
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.err(),
        Err(_) => Some(format!("the database did not answer within {} s", PATIENCE.as_secs())),
    }
}

async fn metrics_text(State(state): State<OpsState>) -> Response {
    let counted = state.counted.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    let looked_up = match tokio::time::timeout(PATIENCE * 5, metrics::of_database(&state.pool)).await {
        Ok(Ok(text)) => text,
        // The rest is still worth having; that this part lacks is a metric too.
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database's part of the metrics is missing");
            metrics::database_away()
        }
        Err(_) => metrics::database_away(),
    };
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], counted + &looked_up).into_response()
}
