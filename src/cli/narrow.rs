//! Which workflows: the flags by which a list is narrowed down, and an act on many.

use clap::Args;

use super::show::typed_time;
use crate::desk::bulk::Which;
use crate::desk::filter::Asked;

/// What workflows are narrowed down by.
#[derive(Debug, Args)]
pub struct Narrow {
    /// Kinds, separated by commas: bind, unbind, sync, …
    #[arg(long)]
    kind: Option<String>,
    /// Statuses, separated by commas: parked, waiting, …
    #[arg(long)]
    status: Option<String>,
    /// What is waited for, separated by commas: rejected, outcome_unknown, approval, upstream, key, time, …
    #[arg(long)]
    waiting_for: Option<String>,
    /// An integration's number
    #[arg(long)]
    integration: Option<String>,
    /// id_porta_atendimento
    #[arg(long)]
    port: Option<String>,
    /// id_cliente_servico
    #[arg(long)]
    service: Option<String>,
    /// id_cliente
    #[arg(long)]
    customer: Option<String>,
    /// A number, or words of a name, of who asked or of the caller's id
    #[arg(short, long)]
    q: Option<String>,
    /// Started at this time or later: 24/11/2026 06:00
    #[arg(long, value_parser = typed_time)]
    since: Option<String>,
    /// Started before this time
    #[arg(long, value_parser = typed_time)]
    until: Option<String>,
}

impl Narrow {
    /// A page of the list: from where on, and of how many.
    pub fn page(self, after: Option<String>, limit: String) -> Asked {
        let Self { kind, status, waiting_for: reason, integration, port, service, customer, q, since, until } = self;
        let limit = Some(limit);
        Asked { kind, status, reason, integration, port, service, customer, q, since, until, after, limit }
    }
}

impl From<Narrow> for Which {
    fn from(given: Narrow) -> Self {
        let Narrow { kind, status, waiting_for: reason, integration, port, service, customer, q, since, until } = given;
        Self { kind, status, reason, integration, port, service, customer, q, since, until }
    }
}
