//! `enlace search`: one field for whatever is at hand, and what both sides say of it where few things may be meant.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::desk::at_desk;
use super::show::{InFull, Language, Look, plain, table};
use crate::desk::answer::Answer;
use crate::desk::search::{self, Hit};
use crate::desk::{Caller, ports, services};
use crate::settings::Settings;

/// More hits than these are listed without what is said of each.
const FEW: usize = 5;

/// Find a service, customer, box, port, order or workflow, and say how it stands.
#[derive(Debug, Args)]
pub struct Search {
    /// An id_cliente_servico, a customer's name, code or document, a box's name, a port's or order's number, a workflow's id
    text: String,
    /// Language of sentences
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    #[command(flatten)]
    full: InFull,
    #[command(flatten)]
    look: Look,
}

/// A hit, and what both sides say of it.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    hit: Hit,
    answer: Option<Answer>,
}

#[derive(Serialize)]
struct All {
    items: Vec<Found>,
    cut: bool,
}

impl Search {
    /// Looks for it.
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        at_desk(settings, async |desk| {
            let caller = desk.looking(self.full);
            let read = async || {
                let found = search::find(&desk.pool, &caller, &self.text).await?;
                let (few, mut items) = (found.items.len() <= FEW, Vec::new());
                for hit in found.items {
                    let answer = if few { said_of(&desk.pool, &caller, &hit).await? } else { None };
                    items.push(Found { hit, answer });
                }
                Ok(All { items, cut: found.cut })
            };
            self.look.show(read, |all| self.text(all)).await
        })
        .await
    }

    fn text(&self, all: &All) -> String {
        let in_lang = |pt, en| if self.lang == Language::Pt { pt } else { en };
        if all.items.is_empty() {
            return in_lang("nada encontrado", "nothing found").to_owned();
        }
        let mut shown = table(["KIND", "ID", "BY", "WHAT"], 3);
        for found in &all.items {
            let hit = &found.hit;
            let answer =
                found.answer.as_ref().map(|said| plain(if self.lang == Language::Pt { &said.pt } else { &said.en }));
            let what: Vec<String> = [
                hit.cliente.as_deref().map(plain),
                hit.descricao.as_deref().map(plain),
                hit.caixa.as_deref().map(plain),
                hit.numero_porta.map(|n| format!("{} {n}", in_lang("porta", "port"))),
                hit.projeto.as_deref().map(plain),
                hit.operation.clone(),
                answer,
            ]
            .into_iter()
            .flatten()
            .collect();
            shown.add_row([hit.kind.clone(), hit.id.clone(), hit.by.clone(), what.join(" · ")]);
        }
        let more = in_lang("há mais: diga mais do que procura", "there is more: say more of what you look for");
        if all.cut { format!("{shown}\n{more}") } else { shown.to_string() }
    }
}

/// What both sides say of a service or a port.
async fn said_of(pool: &sqlx::PgPool, caller: &Caller, hit: &Hit) -> Result<Option<Answer>> {
    Ok(match (hit.kind.as_str(), hit.id.parse()) {
        ("service", Ok(id)) => Some(services::show(pool, caller, id).await?.answer),
        ("port", Ok(id)) => Some(ports::show(pool, caller, id).await?.answer),
        _ => None,
    })
}
