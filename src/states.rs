//! `workflows/STATES.md`: every operation's states, policies and arrows, written from the tables that the engine runs.

use std::{fmt::Write, time::Duration};

use engine::{
    registry::{Kind, Registry, StepRow},
    retry::Retry,
    workflow::{Decision, End, Lane},
};
use workflows::retries::{LOOKING, PAGING, WRITING};

/// The policies by the names that operations use.
const POLICIES: &[(&str, Retry)] = &[("LOOKING", LOOKING), ("WRITING", WRITING), ("PAGING", PAGING)];

const HEAD: &str = "\
# States

Generated from the tables in this folder: do not edit. A test compares it; `ENLACE_BLESS=1 cargo test -p enlace --test enlace
states::` writes it anew. A change here is a change of stored names or of what may follow what: the reviewer sees it.

An amber state writes to a platform: whatever interrupts it (a crash, a lost answer, a failure), the run goes on in the state
named under *settled by*, which looks whether the write was done before anything is written again. A run may also be parked
in any state, for a person, and goes on from there; where that person may also send it elsewhere, the arrow bears the name of
the decision, and a table says so. Whether a write was done is asked of a person only where looking could not settle it.
";

/// The whole file.
pub fn markdown<C: 'static>(registry: &Registry<C>) -> String {
    let mut page = HEAD.to_owned();
    policies(&mut page);
    for kind in registry.iter() {
        operation(&mut page, &**kind);
    }
    page
}

/// Adds a line to the page: a `String` takes every line.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _never_fails = writeln!(page, "{text}");
}

fn policies(page: &mut String) {
    line(
        page,
        format_args!("\n| policy | first delay at most | no delay longer than | attempts |\n| --- | --- | --- | --- |"),
    );
    for (name, Retry { first, cap, attempts }) in POLICIES {
        line(page, format_args!("| {name} | {} | {} | {attempts} |", time(*first), time(*cap)));
    }
}

fn operation<C>(page: &mut String, kind: &dyn Kind<C>) {
    let (name, about) = (kind.name(), kind.about());
    line(page, format_args!("\n## {name}\n\n{} · *{}*\n", about.pt, about.en));
    let spent = if kind.gives_up() { "it ends *failed*" } else { "it is parked for a person" };
    line(
        page,
        format_args!(
            "Version {}, lane *{}*, in [`{name}.rs`]({name}.rs). When its attempts are spent, {spent}.\n",
            kind.version(),
            lane(kind.lane()),
        ),
    );
    let rows: Vec<Row> =
        kind.states().into_iter().filter_map(|at| Some((at, kind.step(at)?, kind.decisions(at)))).collect();
    diagram(page, &rows);
    work(page, &rows);
    decisions(page, &rows);
    ends(page, &rows);
}

/// A state: its name, its row, and what a person may decide there.
type Row = (&'static str, StepRow, Vec<(Decision, &'static str)>);

fn diagram(page: &mut String, rows: &[Row]) {
    line(page, format_args!("```mermaid\nstateDiagram-v2\n  classDef write fill:#fde68a,stroke:#b45309,color:#1c1917"));
    if let Some((first, ..)) = rows.first() {
        line(page, format_args!("  [*] --> {first}"));
    }
    for (at, row, _) in rows {
        match row {
            StepRow::Work { leads_to, .. } => {
                leads_to.iter().for_each(|there| line(page, format_args!("  {at} --> {there}")));
            }
            StepRow::End { .. } => line(page, format_args!("  {at} --> [*]")),
        }
    }
    for (at, _, decisions) in rows {
        for (decision, there) in decisions {
            line(page, format_args!("  {at} --> {there}: {} by a person", name(*decision)));
        }
    }
    for (at, row, _) in rows {
        if let StepRow::Work { settled_by: Some(_), .. } = row {
            line(page, format_args!("  class {at} write"));
        }
    }
    line(page, format_args!("```\n"));
}

fn work(page: &mut String, rows: &[Row]) {
    line(
        page,
        format_args!("| state | what is done | retried | settled by | may lead to |\n| --- | --- | --- | --- | --- |"),
    );
    for (at, row, _) in rows {
        let StepRow::Work { action, retry, settled_by, leads_to } = row else { continue };
        let settled_by = settled_by.map_or_else(String::new, |look| format!("`{look}`"));
        let leads_to: Vec<String> = leads_to.iter().map(|there| format!("`{there}`")).collect();
        line(
            page,
            format_args!(
                "| `{at}` | {} · *{}* | {} | {settled_by} | {} |",
                action.pt,
                action.en,
                policy(*retry),
                leads_to.join(", "),
            ),
        );
    }
}

fn decisions(page: &mut String, rows: &[Row]) {
    if rows.iter().all(|(.., decisions)| decisions.is_empty()) {
        return;
    }
    line(page, format_args!("\n| a person may, in | decide | and it goes on in |\n| --- | --- | --- |"));
    for (at, _, decisions) in rows {
        for (decision, there) in decisions {
            line(page, format_args!("| `{at}` | {} | `{there}` |", name(*decision)));
        }
    }
}

fn ends(page: &mut String, rows: &[Row]) {
    line(page, format_args!("\n| end | as | what it means |\n| --- | --- | --- |"));
    for (at, row, _) in rows {
        let StepRow::End { end, says } = row else { continue };
        line(page, format_args!("| `{at}` | {} | {} · *{}* |", as_status(*end), says.pt, says.en));
    }
}

fn policy(retry: Retry) -> String {
    let named = POLICIES.iter().find(|(_, policy)| *policy == retry).map(|(name, _)| (*name).to_owned());
    named.unwrap_or_else(|| format!("{} … {}, {} attempts", time(retry.first), time(retry.cap), retry.attempts))
}

fn name(decision: Decision) -> &'static str {
    decision.into()
}

fn as_status(end: End) -> &'static str {
    end.into()
}

fn lane(lane: Lane) -> &'static str {
    match lane {
        Lane::Interactive => "interactive",
        Lane::Change => "change",
        Lane::Bulk => "bulk",
    }
}

fn time(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, ms) => format!("{ms} ms"),
        (s, _) if s % 60 == 0 => format!("{} min", s / 60),
        (s, _) => format!("{s} s"),
    }
}
