//! `enlace config`: what the settings came to, and why.

use std::process::ExitCode;

use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use crate::settings::{Entry, Settings, zone_data};

/// Flags of `enlace config`.
#[derive(Debug, Args)]
pub struct Config {
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Config {
    /// Prints every setting; secrets are masked.
    pub fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        if self.json {
            println!("{:#}", as_json(&settings.entries));
        } else {
            println!("{}\n\nzone data: {}", as_table(&settings.entries), zone_data());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_table(entries: &[Entry]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["SETTING", "VALUE", "FROM", "WHAT IT IS FOR"]);
    for Entry { key, shown, origin } in entries {
        let value = shown.clone().unwrap_or_else(|| "(unset)".to_owned());
        table.add_row([key.name, &value, &origin.to_string(), key.help]);
    }
    table
}

fn as_json(entries: &[Entry]) -> serde_json::Value {
    let setting = |Entry { key, shown, origin }: &Entry| {
        json!({
            "name": key.name, "variable": key.variable(), "value": shown, "default": key.default,
            "from": origin.to_string(), "help": key.help,
        })
    };
    json!({ "settings": entries.iter().map(setting).collect::<Vec<_>>(), "zone_data": zone_data() })
}
