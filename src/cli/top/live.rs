//! The board drawn over the whole terminal, anew every two seconds, until `q`, Esc or Ctrl-C.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use engine::clock;
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{self, Event, KeyCode, KeyModifiers},
    layout::{Constraint, Layout},
    style::{Modifier, Style},
    widgets::{Block, Borders, Paragraph, Row, Table},
};
use tokio::sync::mpsc;

use super::board::{self, Part};
use crate::cli::show::Language;
use crate::desk::top::Top;

/// How often it is drawn anew.
const REDRAW: Duration = Duration::from_secs(2);
/// How soon a key is noticed.
const KEYS: Duration = Duration::from_millis(100);

/// What somebody did at the terminal.
enum Done {
    Quit,
    Resized,
}

/// Shows the board until somebody has enough of it; the terminal is then as it was.
pub async fn show<F>(look: impl Fn() -> F, lang: Language) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Top>>,
{
    let mut top = look().await?;
    let mut terminal = ratatui::try_init().context("taking over the terminal; --once prints the board without it")?;
    let outcome = drawn(&mut terminal, &mut top, look, lang).await;
    ratatui::restore();
    outcome
}

async fn drawn<F>(
    terminal: &mut DefaultTerminal,
    top: &mut Top,
    look: impl Fn() -> F,
    lang: Language,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Top>>,
{
    let mut keys = keys();
    loop {
        terminal.draw(|frame| draw(frame, top, lang))?;
        tokio::select! {
            done = keys.recv() => if !matches!(done, Some(Done::Resized)) { return Ok(()) },
            () = clock::sleep(REDRAW) => *top = look().await?,
        }
    }
}

/// Reads the keyboard on a thread of its own, as long as somebody wants to know.
fn keys() -> mpsc::Receiver<Done> {
    let (tell, told) = mpsc::channel(8);
    tokio::task::spawn_blocking(move || {
        while !tell.is_closed() {
            let done = match event::poll(KEYS) {
                Ok(false) => continue,
                Ok(true) => event::read().ok().and_then(|event| meant(&event)),
                Err(_) => Some(Done::Quit),
            };
            if done.is_some_and(|done| tell.blocking_send(done).is_err()) {
                return;
            }
        }
    });
    told
}

fn meant(event: &Event) -> Option<Done> {
    match event {
        Event::Resize(..) => Some(Done::Resized),
        Event::Key(key) => {
            let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            (interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)).then_some(Done::Quit)
        }
        _ => None,
    }
}

fn draw(frame: &mut Frame<'_>, top: &Top, lang: Language) {
    let parts = board::parts(top, lang);
    // A part is as high as its rows, its heading and its frame; the last ones are cut where the terminal is not high enough.
    let high =
        |part: &Part| Constraint::Length(u16::try_from(part.rows.len().max(1)).unwrap_or(u16::MAX).saturating_add(3));
    let rows = std::iter::once(Constraint::Length(1)).chain(parts.iter().map(high)).chain([Constraint::Min(0)]);
    let areas = Layout::vertical(rows).split(frame.area());
    let quit = if lang == Language::Pt { "q: sair" } else { "q: quit" };
    frame.render_widget(Paragraph::new(format!("{} · {quit}", board::head(top, lang))), areas[0]);
    for (part, area) in parts.into_iter().zip(areas.iter().skip(1)) {
        let widths = vec![Constraint::Fill(1); part.columns.len()];
        let header = Row::new(part.columns).style(Style::new().add_modifier(Modifier::BOLD));
        let table = Table::new(part.rows.into_iter().map(Row::new), widths).header(header);
        frame.render_widget(table.block(Block::new().borders(Borders::ALL).title(part.title)), *area);
    }
}
