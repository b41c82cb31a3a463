//! HubSoft as it is in life: it puts services on ports, takes them off, replaces one by another, commits late, changes its mind, and sometimes
//! does not learn whether it has committed. What it knows, it writes down; that is what the checker holds against us.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::json;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::history::{Asked, Fate, watch::Watch};

/// One client of HubSoft, with services of its own: no two clients seat the same one.
pub struct HubSoft {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    asked: Arc<Mutex<Vec<Asked>>>,
    ports: Vec<i64>,
    services: Vec<i64>,
    /// How many milliseconds a late commit may take.
    late: u64,
}

impl HubSoft {
    pub fn new(options: &PgConnectOptions, watch: &Watch, ports: Vec<i64>, services: Vec<i64>, late: u64) -> Self {
        let asked = Arc::clone(&watch.asked);
        Self { options: options.clone(), connection: None, asked, ports, services, late }
    }

    /// One transaction on a random port: a service of ours is put on it, or whoever sits there is taken off. One in ten is
    /// rolled back, one in ten commits late. Whether anything was asked for and committed; a database that is away is not
    /// HubSoft's fault, nor ours.
    pub async fn changes_its_mind(&mut self, rng: &mut SmallRng) -> bool {
        let (port, seats) = (*self.ports.choose(rng).unwrap(), rng.random_bool(0.6));
        let wanted = if seats { self.services.choose(rng).copied() } else { None };
        let (rolls_back, late) = (rng.random_bool(0.1), rng.random_bool(0.1).then(|| rng.random_range(0..=self.late)));
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match PgConnection::connect_with(&self.options).await {
                Ok(connection) => connection,
                Err(_) => return false,
            },
        };
        let rarer = rng.random_bool(0.4);
        let Ok(asked) = asks(&mut connection, port, wanted, rarer).await else { return false };
        let Some(asked) = asked else {
            self.connection = sqlx::query("rollback").execute(&mut connection).await.is_ok().then_some(connection);
            return false;
        };
        tokio::time::sleep(Duration::from_millis(late.unwrap_or_default())).await;
        let last = if rolls_back { "rollback" } else { "commit" };
        let ended = sqlx::query(last).execute(&mut connection).await;
        let fate = match &ended {
            _ if rolls_back => Fate::RolledBack,
            Ok(_) => Fate::Committed,
            Err(_) => Fate::Unknown,
        };
        self.connection = ended.is_ok().then_some(connection);
        self.asked.lock().unwrap().push(Asked { fate, ..asked });
        fate == Fate::Committed
    }
}

/// A removal order that is finished.
const ORDER: &str = "with removal as (
    insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada) values (1, 'Retirada', true) on conflict do nothing)
  insert into hubsoft.service_order (id_cliente_servico, id_tipo_ordem_servico, status, status_fechamento, data_termino_executado)
  values ($1, 1, 'finalizado', 'concluido', now()) returning id_ordem_servico";

/// Everything of the transaction but its end.
async fn asks(
    connection: &mut PgConnection,
    port: i64,
    wanted: Option<i64>,
    rarer: bool,
) -> sqlx::Result<Option<Asked>> {
    sqlx::query("begin").execute(&mut *connection).await?;
    let lock = "select id_cliente_servico from mapping.port where id_porta_atendimento = $1 for update";
    let before: Option<i64> = sqlx::query_scalar(lock).bind(port).fetch_one(&mut *connection).await?;
    // A service holds at most one port here; it is taken off one before it is put on another.
    let sits = "select exists (select from mapping.port where id_cliente_servico = $1)";
    let free = match wanted {
        Some(service) => !sqlx::query_scalar::<_, bool>(sits).bind(service).fetch_one(&mut *connection).await?,
        None => false,
    };
    // Whoever comes to a port where somebody sits pushes him away, or follows on him by a migrate; and who goes is taken off, or
    // retired by an order that HubSoft closes.
    let (kind, service, after) = match (wanted.filter(|_| free), before) {
        (Some(service), Some(_)) if rarer => ("migrate", service, Some(service)),
        (Some(service), _) => ("bind", service, Some(service)),
        (None, Some(before)) if rarer => ("retirement", before, None),
        (None, Some(before)) => ("unbind", before, None),
        (None, None) => return Ok(None),
    };
    let old = before.filter(|_| kind == "migrate");
    let update = "update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1";
    sqlx::query(update).bind(port).bind(after).execute(&mut *connection).await?;
    let mut payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
    if let Some(old) = old {
        payload["id_cliente_servico_antigo"] = json!(old);
    }
    if kind == "retirement" {
        let order: i64 = sqlx::query_scalar(ORDER).bind(service).fetch_one(&mut *connection).await?;
        payload["id_ordem_servico"] = json!(order);
    }
    let enqueue = sqlx::query_scalar("select enlace.enqueue($1, $2)").bind(kind).bind(payload);
    let id: Uuid = enqueue.fetch_one(&mut *connection).await?;
    Ok(Some(Asked { id, kind: kind.to_owned(), port, service, old, fate: Fate::Unknown }))
}

/// The services, some for each client.
pub fn shared_out(services: &[i64], clients: usize) -> Vec<Vec<i64>> {
    let mut shares = BTreeMap::<usize, Vec<i64>>::new();
    for (n, service) in services.iter().enumerate() {
        shares.entry(n % clients).or_default().push(*service);
    }
    shares.into_values().collect()
}
