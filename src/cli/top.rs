//! `enlace top`: a live board for whoever keeps enlace running, over ssh.

mod board;
mod live;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;

use super::desk::at_desk;
use super::show::{Language, say};
use crate::desk::top;
use crate::settings::Settings;

/// A live board: lag, platforms, workers, what waits and why, what people did last; q ends it.
#[derive(Debug, Args)]
pub struct Board {
    /// Print it once, as text; also what happens where nobody sits at a terminal
    #[arg(long)]
    once: bool,
    /// Print it once, for programs
    #[arg(long, conflicts_with = "once")]
    json: bool,
    /// Language of words
    #[arg(long, default_value = "pt")]
    lang: Language,
}

impl Board {
    /// Shows it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| {
            let look = async || Ok(top::read(&desk.pool, &desk.caller).await?);
            if self.json {
                say(&serde_json::to_string_pretty(&look().await?)?)?;
            } else if self.once || !std::io::stdout().is_terminal() {
                say(&board::text(&look().await?, self.lang))?;
            } else {
                live::show(look, self.lang).await?;
            }
            Ok(ExitCode::SUCCESS)
        })
        .await
    }
}
