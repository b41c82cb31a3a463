//! HubSoft's side, as operations look at it: the crate `mapping` over one pool.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::db::{ANSWER, SMALL, within};
use mapping::{
    Integration, Port, Service, ServiceOrder, Vanishing, store,
    viability::{self, Found, Project, Wanted},
};
use platforms::ElementKind;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use workflows::{Later, Network, Trouble};

/// The database behind [`Network`].
pub struct Hubsoft {
    pool: PgPool,
}

impl Hubsoft {
    /// Reads through this pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// Nearly all that a step asks is small.
async fn read<T, E: From<sqlx::Error> + std::fmt::Display>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    read_in(SMALL, asked).await
}

/// The same of what looks at a whole city.
async fn read_through<T, E: From<sqlx::Error> + std::fmt::Display>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    read_in(ANSWER, asked).await
}

async fn read_in<T, E: From<sqlx::Error> + std::fmt::Display>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble> {
    within(limit, asked).await.map_err(|error| Trouble::Database(error.to_string()))
}

#[async_trait]
impl Network for Hubsoft {
    async fn port(&self, id_porta_atendimento: i64) -> Result<Option<Port>, Trouble> {
        read(store::port(&self.pool, id_porta_atendimento)).await
    }
    async fn other_ports_of(&self, id_cliente_servico: i64, except: i64) -> Result<Vec<i64>, Trouble> {
        read(store::other_ports_of(&self.pool, id_cliente_servico, except)).await
    }
    async fn service(&self, id_cliente_servico: i64) -> Result<Option<Service>, Trouble> {
        read(store::service(&self.pool, id_cliente_servico)).await
    }
    async fn integration(&self, id_integracao: i64) -> Result<Option<Integration>, Trouble> {
        read(store::integration(&self.pool, id_integracao)).await
    }
    async fn integrations_in_use(&self) -> Result<Vec<i64>, Trouble> {
        read(store::integrations_in_use(&self.pool)).await
    }
    async fn port_at(&self, id_integracao: i64, splitter: &str, sequencia: i32) -> Result<Option<i64>, Trouble> {
        read(store::port_at(&self.pool, id_integracao, splitter, sequencia)).await
    }
    async fn service_order(&self, id_ordem_servico: i64) -> Result<Option<ServiceOrder>, Trouble> {
        read(store::service_order(&self.pool, id_ordem_servico)).await
    }
    async fn later_work(&self, keys: &[String], position: i64) -> Result<Later, Trouble> {
        Ok(match read(engine::query::later_work(&self.pool, keys, position)).await? {
            Some(true) => Later::Queued,
            Some(false) => Later::Nothing,
            None => Later::NotKnownYet,
        })
    }
    async fn sync_result(&self, run: Uuid) -> Result<Value, Trouble> {
        read_through(store::sync_result(&self.pool, run)).await
    }
    async fn last_sync_ended(&self, id_integracao: i64) -> Result<Option<DateTime<Utc>>, Trouble> {
        read(store::last_sync_ended(&self.pool, id_integracao)).await
    }
    async fn would_vanish(&self, run: Uuid, kind: ElementKind) -> Result<Vanishing, Trouble> {
        read_through(store::would_vanish(&self.pool, run, kind)).await
    }
    async fn projects(&self, id_projeto: Option<i64>) -> Result<Vec<Project>, Trouble> {
        read(viability::projects(&self.pool, id_projeto)).await
    }
    async fn lacking(&self, id_projeto: i64, external_ids: &[String]) -> Result<Vec<String>, Trouble> {
        read(viability::lacking(&self.pool, id_projeto, external_ids)).await
    }
    async fn search(&self, wanted: &Wanted) -> Result<Found, Trouble> {
        read_through(viability::search(&self.pool, wanted)).await
    }
    async fn nobody_seen(&self, run: Uuid) -> Result<Vanishing, Trouble> {
        read_through(store::nobody_seen(&self.pool, run)).await
    }
    async fn unseen(&self, run: Uuid, after: i64) -> Result<Vec<i64>, Trouble> {
        read_through(store::unseen(&self.pool, run, after)).await
    }
}
