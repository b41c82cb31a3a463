//! What the board says: its parts as tables of text, which both ways of showing it draw.

use crate::cli::show::{Language, local, plain, table};
use crate::desk::top::{Lag, Top, Unfinished, Worker};
use crate::desk::upstreams::Upstream;

/// A part of the board.
pub struct Part {
    /// What it is.
    pub title: &'static str,
    /// What its columns are; as many in each row.
    pub columns: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// The head of the board: when, and the two numbers that matter most.
pub fn head(top: &Top, lang: Language) -> String {
    let parked: i64 = top.unfinished.iter().filter(|one| one.status == "parked").map(|one| one.count).sum();
    let all: i64 = top.unfinished.iter().map(|one| one.count).sum();
    let at = local(top.at);
    match lang {
        Language::Pt => format!("enlace · {at} · {all} sem terminar, {parked} esperam por uma pessoa"),
        Language::En => format!("enlace · {at} · {all} unfinished, {parked} wait for a person"),
    }
}

/// Its parts, in the order in which one asks: is it late, who is closed, who works, what waits, who did what.
pub fn parts(top: &Top, lang: Language) -> Vec<Part> {
    let in_lang = |pt, en| if lang == Language::Pt { pt } else { en };
    let acts = top.acts.iter().map(|act| vec![local(act.at), plain(&act.person), act.act.clone(), plain(&act.reason)]);
    let part = |title, columns, rows| Part { title, columns, rows };
    vec![
        part(
            in_lang("ATRASO (do commit do HubSoft à plataforma)", "LAG (from HubSoft's commit to the platform)"),
            vec![
                in_lang("integração", "integration"),
                "p50",
                "p95",
                in_lang("de", "of"),
                in_lang("mais antigo", "oldest"),
            ],
            top.lag.iter().map(|one| lag(one, lang)).collect(),
        ),
        part(
            in_lang("PLATAFORMAS", "UPSTREAMS"),
            vec![
                "id",
                in_lang("estado", "state"),
                in_lang("esperam", "waiting"),
                in_lang("limites", "limits"),
                in_lang("motivo", "why"),
            ],
            top.upstreams.iter().map(upstream).collect(),
        ),
        part(
            "WORKERS",
            vec![
                in_lang("nome", "name"),
                "build",
                in_lang("desde", "since"),
                in_lang("nas mãos", "holds"),
                in_lang("o quê", "what"),
            ],
            top.workers.iter().map(worker).collect(),
        ),
        part(
            in_lang("SEM TERMINAR", "UNFINISHED"),
            vec!["status", in_lang("quantos", "count"), in_lang("desde", "since"), in_lang("espera por", "waits for")],
            top.unfinished.iter().map(|one| unfinished(one, lang)).collect(),
        ),
        part(
            in_lang("ÚLTIMAS AÇÕES", "LAST ACTS"),
            vec![in_lang("quando", "when"), in_lang("quem", "who"), in_lang("ação", "act"), in_lang("motivo", "why")],
            acts.collect(),
        ),
    ]
}

fn lag(one: &Lag, lang: Language) -> Vec<String> {
    let name = one.id_integracao.zip(one.name.as_deref()).map(|(id, name)| format!("{id} {}", plain(name)));
    let none = if lang == Language::Pt { "(nenhuma)" } else { "(none)" };
    let name = name.unwrap_or_else(|| none.to_owned());
    vec![name, seconds(one.p50_seconds), seconds(one.p95_seconds), one.ended.to_string(), seconds(one.oldest_seconds)]
}

fn worker(one: &Worker) -> Vec<String> {
    let kinds = one.kinds.as_object().into_iter().flatten().map(|(kind, count)| format!("{kind} {count}"));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    vec![plain(&one.name), plain(&one.build), local(one.started_at), one.holds.to_string(), kinds]
}

fn upstream(one: &Upstream) -> Vec<String> {
    let rate = one.rate.map(|rate| format!("{rate}/s"));
    let at_once = one.concurrency.map(|calls| format!("{calls}×"));
    let limits: Vec<String> = rate.into_iter().chain(at_once).collect();
    let by = one.by.as_deref().map(|by| format!("{}: ", plain(by))).unwrap_or_default();
    let why = one.reason.as_deref().map(|why| format!("{by}{}", plain(why))).unwrap_or_default();
    let until = one.closed_until.map(|until| format!(" → {}", local(until))).unwrap_or_default();
    vec![one.id.clone(), format!("{}{until}", one.state), one.waiting.to_string(), limits.join(" "), why]
}

fn unfinished(one: &Unfinished, lang: Language) -> Vec<String> {
    let what = match (&one.parked, &one.upstream, one.behind, lang) {
        (Some(why), ..) => format!("{} ({why})", if lang == Language::Pt { "uma pessoa" } else { "a person" }),
        (None, Some(upstream), ..) => upstream.clone(),
        (None, None, true, Language::Pt) => "outro trabalho na mesma porta ou serviço".to_owned(),
        (None, None, true, Language::En) => "other work on the same port or service".to_owned(),
        (None, None, false, _) => String::new(),
    };
    vec![one.status.clone(), one.count.to_string(), local(one.since), what]
}

/// A length of time, as short as it can be said.
fn seconds(of: Option<f64>) -> String {
    match of {
        None => "–".to_owned(),
        Some(s) if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        Some(s) if s < 120.0 => format!("{s:.1} s"),
        Some(s) if s < 7200.0 => format!("{:.0} min", s / 60.0),
        Some(s) => format!("{:.0} h", s / 3600.0),
    }
}

/// The whole board as text.
pub fn text(top: &Top, lang: Language) -> String {
    let none = if lang == Language::Pt { "  (nada)" } else { "  (nothing)" };
    let shown = parts(top, lang).into_iter().map(|part| {
        if part.rows.is_empty() {
            return format!("{}\n{none}", part.title);
        }
        let mut rows = table::<1>([""], 0);
        rows.set_header(part.columns).add_rows(part.rows);
        format!("{}\n{rows}", part.title)
    });
    std::iter::once(head(top, lang)).chain(shown).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_said_in_its_own_unit() {
        let said = [None, Some(0.25), Some(3.0), Some(600.0), Some(90_000.0)].map(seconds);
        assert_eq!(said, ["–", "250 ms", "3.0 s", "10 min", "25 h"]);
    }
}
