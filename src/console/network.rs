//! A customer's service, a port, a box: each with what both sides say of it, and why they differ if they do.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{ConsoleState, failed::Failed, page::Page, who::Seen};
use crate::desk::{
    Refusal,
    answer::Stand,
    check,
    ports::{self, BoxShown, Port, PortShown},
    rights::Reading,
    services::{self, ServiceShown},
    workflows::Summary,
};

#[derive(Template)]
#[template(path = "service.html", config = "src/console/askama.toml")]
struct OfService {
    page: Page,
    one: ServiceShown,
}

#[derive(Template)]
#[template(path = "port.html", config = "src/console/askama.toml")]
struct OfPort {
    page: Page,
    one: PortShown,
}

#[derive(Template)]
#[template(path = "box.html", config = "src/console/askama.toml")]
struct OfBox {
    page: Page,
    one: BoxShown,
}

impl OfService {
    /// Where all work is listed.
    fn more(&self) -> String {
        format!("service={}", self.one.service.id_cliente_servico)
    }
}

impl OfPort {
    /// Where all work is listed.
    fn more(&self) -> String {
        format!("port={}", self.one.port.id_porta_atendimento)
    }
}

impl OfBox {
    /// How many ports are free.
    fn free(&self) -> String {
        let place = &self.one.place;
        let (free, total) = (self.page.number(place.disponiveis), self.page.number(place.total));
        self.page.t2("box-free-of", ("free", &free), ("total", &total))
    }
}

/// How good or bad an answer is, for its colour; its words say the same.
fn tone(stand: &Stand) -> &'static str {
    match stand {
        Stand::There => "good",
        Stand::UnderWay => "warn",
        Stand::NeedsPerson | Stand::NotThere => "bad",
        Stand::Nothing => "",
    }
}

/// The same of a port's transmission.
fn sent(port: &Port) -> &'static str {
    match port.transmission.as_str() {
        "sent" => "good",
        "pending" => "warn",
        "failed" | "unknown" => "bad",
        _ => "",
    }
}

/// The same of a workflow's status.
pub fn how(one: &Summary) -> &'static str {
    match one.status.as_str() {
        "succeeded" => "good",
        "parked" | "failed" => "bad",
        "queued" | "running" | "waiting" | "paused" => "warn",
        _ => "",
    }
}

/// A document as Brazilians write it; anything else as it is.
fn document(text: &str) -> String {
    let plain: Vec<char> = mapping::documents::plain(text).chars().collect();
    let part = |from: usize, to: usize| plain[from..to].iter().collect::<String>();
    match plain.len() {
        11 => format!("{}.{}.{}-{}", part(0, 3), part(3, 6), part(6, 9), part(9, 11)),
        14 => format!("{}.{}.{}/{}-{}", part(0, 2), part(2, 5), part(5, 8), part(8, 12), part(12, 14)),
        _ => text.to_owned(),
    }
}

fn number(page: &Page, text: &str) -> Result<i64, Failed> {
    check::number("id", text).map_err(|_| page.failed(Refusal::Missing(page.t1("network-no-number", "text", text))))
}

/// A customer's service.
pub async fn service(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let shown = services::show(&state.pool, &page.caller, number(&page, &id)?).await;
    let one = shown.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&OfService { page, one })
}

/// A port.
pub async fn port(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let shown = ports::show(&state.pool, &page.caller, number(&page, &id)?).await;
    let one = shown.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&OfPort { page, one })
}

/// A box, with its ports.
pub async fn of_box(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let shown = ports::of_box(&state.pool, &page.caller, number(&page, &id)?).await;
    let one = shown.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&OfBox { page, one })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_written_as_brazilians_do() {
        assert_eq!(document("52998224725"), "529.982.247-25");
        assert_eq!(document("12abc34501de35"), "12.ABC.345/01DE-35");
        assert_eq!(document("5•••"), "5•••");
    }
}
