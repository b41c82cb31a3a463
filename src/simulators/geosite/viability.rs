//! `viabilidade/caixas`: the boxes around a place, or around an address, which the platform geocodes.

use super::columns::{Feature, Field, Installation};
use super::refusal::Refused;
use super::world::{Row, World, outputs};
use crate::server::Request;
use serde_json::{Value, json};

const EARTH_METRES: f64 = 6_371_008.8;

/// Answers `GET /viabilidade/caixas`: `success` is a text; older installations answer the list alone.
pub(super) fn boxes(world: &World, request: &Request) -> Result<Value, Refused> {
    let number = |name: &str| request.parameter(name).and_then(|text| text.trim().parse::<f64>().ok());
    let radius = number("raio").ok_or_else(|| Refused::input("raio é obrigatório"))?;
    let centre = match number("latitude").zip(number("longitude")) {
        Some(place) => Some(place),
        None => geocoded(world, request.parameter("endereco").unwrap_or_default()),
    };
    let Some(centre) = centre else {
        return Ok(json!({ "success": "false", "message": "Endereço não encontrado" }));
    };
    let mut near: Vec<(f64, Value)> = Vec::new();
    for feature in [Feature::Cto, Feature::CaixaEmenda] {
        near.extend(world.table(feature).iter().filter_map(|(fid, row)| {
            let distance = metres(place(row)?, centre);
            (distance <= radius).then(|| (distance, told(world, feature, fid, row, distance)))
        }));
    }
    near.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let list: Vec<Value> = near.into_iter().map(|(_, told)| told).collect();
    Ok(enveloped(world, list.into()))
}

/// The list, as this installation answers it.
pub(super) fn enveloped(world: &World, list: Value) -> Value {
    match world.installation {
        Installation::Usual => json!({ "success": "true", "caixas": list }),
        Installation::Older => list,
    }
}

fn told(world: &World, feature: Feature, fid: u32, row: &Row, distance: f64) -> Value {
    let splitters = world.having(Feature::Splitter, Field::Caixa, &fid.to_string());
    let rows = splitters.iter().filter_map(|splitter| world.table(Feature::Splitter).get(*splitter));
    let ports: usize = rows.filter(|row| row.text(Field::Funcao).as_deref() == Some("Atendimento")).map(outputs).sum();
    let held: usize =
        splitters.iter().map(|fid| world.having(Feature::Cliente, Field::Splitter, &fid.to_string()).len()).sum();
    let free = ports.saturating_sub(held);
    let prefix = if feature == Feature::Cto { "CTO" } else { "CE" };
    let (latitude, longitude) = place(row).unwrap_or_default();
    let mut told = json!({
        "fid": world.show(fid, row, Field::Fid),
        "tipoCodigo": format!("{prefix}: {}", row.text(Field::Nome).unwrap_or_default()),
        "distancia": distance,
        "qtdOcupada": held,
        "qtdSplitter": splitters.len(),
        "qtdPortasSplitter": ports,
        "qtdPortasSplitterDisp": free,
        "qtdPortasSplitterOcup": held,
        "capacidade": ports,
        "qtdClientes": held,
        "geometryCaixaEmenda": format!("POINT ({longitude} {latitude})"),
    });
    // The name varies by version.
    let name = if world.installation == Installation::Usual { "qtdDisponivel" } else { "qtdTotalDisponivel" };
    told[name] = json!(free);
    told
}

fn place(row: &Row) -> Option<(f64, f64)> {
    row.number(Field::Latitude).zip(row.number(Field::Longitude))
}

/// The first box whose address holds these words.
fn geocoded(world: &World, address: &str) -> Option<(f64, f64)> {
    let wanted = address.trim().to_lowercase();
    let at = |row: &Row| row.text(Field::Endereco).is_some_and(|known| known.to_lowercase().contains(&wanted));
    let found = world.table(Feature::Cto).iter().find(|(_, row)| !wanted.is_empty() && at(row) && place(row).is_some());
    found.and_then(|(_, row)| place(row))
}

fn metres((lat_a, lng_a): (f64, f64), (lat_b, lng_b): (f64, f64)) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let h = half(lat_b - lat_a) + lat_a.to_radians().cos() * lat_b.to_radians().cos() * half(lng_b - lng_a);
    2.0 * EARTH_METRES * h.sqrt().asin()
}
