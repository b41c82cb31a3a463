//! `enlace guards`: syncs that would mark much of a network missing, and wait for a person (rule S9).

use std::process::ExitCode;

use clap::Subcommand;
use uuid::Uuid;

use super::desk::at_desk;
use super::show::{Language, Look, local, plain, table};
use crate::desk::Items;
use crate::desk::guards::{self, Asked, Guard, GuardShown};
use crate::settings::Settings;

/// The commands of `enlace guards`.
#[derive(Debug, Subcommand)]
pub enum Guards {
    /// List them, the longest waiting first
    List {
        /// Language of the sentences
        #[arg(long, value_enum, default_value_t)]
        lang: Language,
        #[command(flatten)]
        look: Look,
    },
    /// Show one: how much would vanish, and what; approve or refuse it with `enlace workflows`
    Show {
        /// The sync's id, as the list shows it
        id: Uuid,
        /// box, splitter, pole or cable; else the first that would lose anything
        #[arg(long)]
        kind: Option<String>,
        /// What the page before said to go on with
        #[arg(long)]
        after: Option<String>,
        /// How many: 1 to 500
        #[arg(long, default_value = "20")]
        limit: String,
        #[command(flatten)]
        look: Look,
    },
}

impl Guards {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| match self {
            Self::List { lang, look } => {
                let read = async || Ok(guards::list(&desk.pool, &desk.caller).await?);
                look.show(read, |all| listed(all, lang)).await
            }
            Self::Show { id, kind, after, limit, look } => {
                let asked = Asked { kind, after, limit: Some(limit) };
                let read = async || Ok(guards::show(&desk.pool, &desk.caller, id, &asked).await?);
                look.show(read, shown).await
            }
        })
        .await
    }
}

fn listed(all: &Items<Guard>, lang: Language) -> String {
    let mut table = table(["ID", "SINCE", "INTEGRATION", "WHAT IT ASKS"], 3);
    for guard in &all.items {
        let name = guard.integration_name.as_deref().map(plain).unwrap_or_default();
        let integration = format!("{} {name}", guard.id_integracao);
        table.add_row([guard.id.to_string(), local(guard.since), integration, lang.of(&guard.explanation)]);
    }
    table.to_string()
}

fn shown(one: &GuardShown) -> String {
    let mut kinds = table(["KIND", "WOULD VANISH", "OF"], 3);
    for of in &one.kinds {
        kinds.add_row([of.kind.clone(), of.missing.to_string(), of.known.to_string()]);
    }
    let mut items = table(["ID", "ON THE PLATFORM", "CUSTOMERS", "NAME"], 3);
    for gone in &one.items {
        let name = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), plain);
        items.add_row([gone.id.to_string(), name(&gone.external_id), gone.customers.to_string(), name(&gone.nome)]);
    }
    let id = one.guard.id;
    let mut parts = vec![kinds.to_string(), format!("{}:", one.kind), items.to_string()];
    parts.extend(one.next.as_ref().map(|next| format!("more: --after {next}")));
    parts.push(format!("enlace workflows approve {id} --reason \"…\"\nenlace workflows refuse {id} --reason \"…\""));
    parts.join("\n")
}
