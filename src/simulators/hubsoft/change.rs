//! What HubSoft's people do all day: give a free port to a service, take one away, let another service have a held one, migrate
//! a customer to another plan, close an order that takes equipment out. Each is one transaction: HubSoft's own rows, and the
//! call that makes the platform follow.

use serde_json::{Value, json};
use simulators::chance::{For, draw};
use sqlx::{PgConnection, PgPool};
use std::time::Instant;
use uuid::Uuid;

/// What was done to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A free port was given to a service.
    Bind,
    /// A port was taken from its service.
    Unbind,
    /// A held port was given to another service.
    Replace,
    /// A service was migrated to another one, on its port or on a free one.
    Migrate,
    /// A removal order was closed: the service leaves its port, which enlace changes in HubSoft as well.
    Retirement,
}

impl Kind {
    /// How many there are.
    pub const COUNT: usize = 5;
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
            45..65 => Kind::Unbind,
            65..77 => Kind::Replace,
            77..90 => Kind::Migrate,
            _ => Kind::Retirement,
        }
    }

    /// Makes one change; `None` where nothing fits: no port or no service is left where chance pointed.
    pub async fn make(&mut self, pool: &PgPool) -> Result<Option<Change>, sqlx::Error> {
        let kind = self.kind();
        self.make_one(pool, kind).await
    }

    /// Makes one change of this kind.
    pub async fn make_one(&mut self, pool: &PgPool, kind: Kind) -> Result<Option<Change>, sqlx::Error> {
        if self.ports.1 == 0 {
            return Ok(None);
        }
        let (ports, services) = (self.ports, self.services);
        let from = From { port: self.within(ports), service: self.within(services), other: self.within(ports) };
        let moves = self.draw().is_multiple_of(2);
        let mut transaction = pool.begin().await?;
        let made = match kind {
            Kind::Bind | Kind::Unbind | Kind::Replace => seat(&mut transaction, kind, &from).await?,
            Kind::Migrate => migrate(&mut transaction, &from, moves).await?,
            Kind::Retirement => retire(&mut transaction, &from).await?,
        };
        let Some(Made { id, port, service }) = made else { return Ok(None) };
        transaction.commit().await?;
        Ok(Some(Change { id, kind, port, service, committed: Instant::now() }))
    }
}

/// Where chance points: the first that fits from there on is taken.
struct From {
    port: i64,
    service: i64,
    other: i64,
}

/// What was changed: not committed yet.
struct Made {
    id: Uuid,
    port: i64,
    service: i64,
}

/// Bind, unbind or replace.
async fn seat(connection: &mut PgConnection, kind: Kind, from: &From) -> Result<Option<Made>, sqlx::Error> {
    let Some((port, occupant)) = take_port(connection, from.port, kind != Kind::Bind).await? else { return Ok(None) };
    let comes = match kind {
        Kind::Unbind => None,
        _ => pick_service(connection, from.service).await?,
    };
    let Some(service) = comes.or(occupant.filter(|_| kind == Kind::Unbind)) else { return Ok(None) };
    set_occupant(connection, port, comes).await?;
    let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
    let id = enqueue(connection, if comes.is_some() { "bind" } else { "unbind" }, payload).await?;
    Ok(Some(Made { id, port, service }))
}

/// The occupant of a port becomes another service, there or, where it `moves`, on a free port.
async fn migrate(connection: &mut PgConnection, from: &From, moves: bool) -> Result<Option<Made>, sqlx::Error> {
    let Some((left, Some(old))) = take_port(connection, from.port, true).await? else { return Ok(None) };
    let Some(service) = pick_service(connection, from.service).await? else { return Ok(None) };
    let free = if moves { take_port(connection, from.other, false).await? } else { None };
    let port = free.map_or(left, |(port, _)| port);
    set_occupant(connection, left, None).await?;
    set_occupant(connection, port, Some(service)).await?;
    let mut payload =
        json!({ "id_cliente_servico_antigo": old, "id_cliente_servico": service, "id_porta_atendimento": port });
    if port != left {
        payload["id_porta_atendimento_antiga"] = left.into();
    }
    let id = enqueue(connection, "migrate", payload).await?;
    Ok(Some(Made { id, port, service }))
}

/// The occupant's equipment was taken out, and the order is closed.
async fn retire(connection: &mut PgConnection, from: &From) -> Result<Option<Made>, sqlx::Error> {
    let Some((port, Some(service))) = take_port(connection, from.port, true).await? else { return Ok(None) };
    let closed = sqlx::query_scalar(include_str!("sql/close_removal.sql")).bind(service);
    let Some(order): Option<i64> = closed.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let id = enqueue(connection, "retirement", json!({ "id_ordem_servico": order })).await?;
    Ok(Some(Made { id, port, service }))
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

async fn set_occupant(connection: &mut PgConnection, port: i64, service: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("sql/set_occupant.sql")).bind(port).bind(service).execute(connection).await?;
    Ok(())
}

async fn enqueue(connection: &mut PgConnection, kind: &str, payload: Value) -> Result<Uuid, sqlx::Error> {
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
