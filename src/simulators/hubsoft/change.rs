//! What HubSoft's people do all day: give a free port to a service, take one away, let another service have a held one.
//! Each is one transaction: HubSoft's own row, and the call that makes the platform follow.

use serde_json::{Value, json};
use simulators::chance::{For, draw};
use sqlx::{PgConnection, PgPool};
use std::time::Instant;
use uuid::Uuid;

/// What was done to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A free port was given to a service.
    Bind,
    /// A port was taken from its service.
    Unbind,
    /// A held port was given to another service.
    Replace,
}

/// A change that was committed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The work that follows from it.
    pub id: Uuid,
    /// What was done.
    pub kind: Kind,
    /// `id_porta_atendimento`.
    pub port: i64,
    /// The service that came, or that went.
    pub service: i64,
    /// When its transaction had ended.
    pub committed: Instant,
}

/// Draws changes and makes them.
#[derive(Debug)]
pub struct Maker {
    seed: u64,
    drawn: u64,
    ports: (i64, i64),
    services: (i64, i64),
}

impl Maker {
    /// Chance from this seed.
    pub fn new(seed: u64) -> Maker {
        Maker { seed, drawn: 0, ports: (0, 0), services: (0, 0) }
    }

    /// Learns which ports and services there are.
    pub async fn look_around(&mut self, pool: &PgPool) -> Result<(), sqlx::Error> {
        self.ports = sqlx::query_as(include_str!("sql/port_bounds.sql")).fetch_one(pool).await?;
        self.services = sqlx::query_as(include_str!("sql/service_bounds.sql")).fetch_one(pool).await?;
        Ok(())
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        draw(self.seed, For::Change, self.drawn)
    }

    fn within(&mut self, (low, high): (i64, i64)) -> i64 {
        low + (self.draw() % (high - low + 1).max(1) as u64) as i64
    }

    fn kind(&mut self) -> Kind {
        match self.draw() % 100 {
            0..45 => Kind::Bind,
            45..80 => Kind::Unbind,
            _ => Kind::Replace,
        }
    }

    /// Makes one change; `None` where nothing fits: no port or no service is left where chance pointed.
    pub async fn make(&mut self, pool: &PgPool) -> Result<Option<Change>, sqlx::Error> {
        if self.ports.1 == 0 {
            return Ok(None);
        }
        let (kind, ports, services) = (self.kind(), self.ports, self.services);
        let (from_port, from_service) = (self.within(ports), self.within(services));
        let mut transaction = pool.begin().await?;
        let Some((port, occupant)) = take_port(&mut transaction, from_port, kind != Kind::Bind).await? else {
            return Ok(None);
        };
        let comes = match kind {
            Kind::Unbind => None,
            Kind::Bind | Kind::Replace => pick_service(&mut transaction, from_service).await?,
        };
        let Some(service) = comes.or(occupant.filter(|_| kind == Kind::Unbind)) else { return Ok(None) };
        sqlx::query(include_str!("sql/set_occupant.sql")).bind(port).bind(comes).execute(&mut *transaction).await?;
        let id = enqueue(&mut transaction, if comes.is_some() { "bind" } else { "unbind" }, port, service).await?;
        transaction.commit().await?;
        Ok(Some(Change { id, kind, port, service, committed: Instant::now() }))
    }
}

async fn take_port(
    connection: &mut PgConnection,
    from: i64,
    held: bool,
) -> Result<Option<(i64, Option<i64>)>, sqlx::Error> {
    sqlx::query_as(include_str!("sql/take_port.sql")).bind(from).bind(held).fetch_optional(connection).await
}

async fn pick_service(connection: &mut PgConnection, from: i64) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(include_str!("sql/pick_service.sql")).bind(from).fetch_optional(connection).await
}

async fn enqueue(connection: &mut PgConnection, kind: &str, port: i64, service: i64) -> Result<Uuid, sqlx::Error> {
    let payload: Value = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
    sqlx::query_scalar(include_str!("sql/enqueue.sql")).bind(kind).bind(payload).fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_changes() {
        let drawn = |seed| {
            let mut maker = Maker::new(seed);
            (0..50).map(|_| (maker.kind(), maker.within((10, 900)))).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert!(drawn(3).iter().all(|(_, port)| (10..=900).contains(port)));
    }
}
