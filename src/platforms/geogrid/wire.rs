//! GeoGrid's rows as they come: nothing outside this folder sees them.
//!
//! Everything is optional and every field takes the forms in use: ids as texts or numbers, totals as text, flags as `S` and
//! `N`. A field of a form that nobody knows counts as missing. Rows are read [flat](super::envelope::flat).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::envelope::{flat, read};
use crate::Place;
use crate::liberal::{as_flag, as_number, as_reference, as_text, flag, number, text};

/// A network item: a box, a pole and so on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Item {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) item: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) sigla: Option<String>,
    /// Free HTML.
    #[serde(default, deserialize_with = "text")]
    pub(super) observacao: Option<String>,
    #[serde(default, rename = "modoProjeto", deserialize_with = "flag")]
    pub(super) modo_projeto: Option<bool>,
    #[serde(default)]
    latitude: Value,
    #[serde(default)]
    longitude: Value,
}

impl Item {
    pub(super) fn place(&self) -> Option<Place> {
        let (latitude, longitude) = (as_number(&self.latitude)?, as_number(&self.longitude)?);
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Place { latitude, longitude })
    }
}

/// A folder: a locality, or one of several providers in one account.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Folder {
    #[serde(default, deserialize_with = "text")]
    pub(super) nome: Option<String>,
}

/// An equipment with its ports.
#[derive(Debug, Default)]
pub(super) struct EquipmentRow {
    pub(super) facts: Equipment,
    pub(super) portas: Vec<PortRow>,
}

/// An equipment: a splitter.
#[derive(Debug, Default)]
pub(super) struct Equipment {
    pub(super) id: Option<String>,
    /// The item it is in.
    pub(super) item: Option<String>,
    pub(super) sigla: Option<String>,
    /// Rule S3: the platform's mark.
    pub(super) atendimento: Option<bool>,
}

impl EquipmentRow {
    pub(super) fn id(&self) -> Option<&str> {
        self.facts.id.as_deref()
    }

    pub(super) fn item(&self) -> Option<&str> {
        self.facts.item.as_deref()
    }
}

/// One of the rows of a port: a port that was reserved and is attended has two.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PortRow {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(super) porta: Option<f64>,
    #[serde(default, deserialize_with = "text")]
    pub(super) tipo: Option<String>,
    #[serde(default, rename = "reservaStatus")]
    pub(super) reserva_status: Value,
    #[serde(default, rename = "reservaAtendimento", deserialize_with = "flag")]
    pub(super) reserva_atendimento: Option<bool>,
    #[serde(default, rename = "dataReserva", deserialize_with = "text")]
    pub(super) data_reserva: Option<String>,
    #[serde(default, rename = "idCliente", deserialize_with = "text")]
    pub(super) id_cliente: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) disponivel: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    pub(super) cliente: Client,
}

/// A customer.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Client {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) nome: Option<String>,
    #[serde(default, rename = "codigoIntegracao", deserialize_with = "text")]
    pub(super) codigo_integracao: Option<String>,
    #[serde(default, rename = "cpfCnpj", deserialize_with = "text")]
    pub(super) cpf_cnpj: Option<String>,
}

/// The object that is expected; nothing, in any of the forms that nothing has (`null`, `false`, `[]`), is an empty one.
fn object<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(d: D) -> Result<T, D::Error> {
    Value::deserialize(d).map(|v| serde_json::from_value(flat(v)).unwrap_or_default())
}

/// Equipment, of a listing's rows: one for each equipment with its ports in it, or one for each port, which names its equipment.
pub(super) fn equipment(rows: Vec<Value>) -> Vec<EquipmentRow> {
    let mut found = Vec::new();
    for mut row in rows {
        match row.as_object_mut().and_then(|row| row.remove("portas")) {
            None if row.get("porta").is_some() => put(&mut found, facts_around(&row), row),
            ports => with_ports(&mut found, facts_of(&row), ports),
        }
    }
    found
}

fn with_ports(found: &mut Vec<EquipmentRow>, facts: Equipment, ports: Option<Value>) {
    let ports = match ports {
        Some(Value::Array(ports)) => ports.into_iter().map(flat).collect(),
        _ => Vec::new(),
    };
    if facts.id.is_some() {
        return found.push(EquipmentRow { facts, portas: read(ports) });
    }
    for port in ports {
        put(found, facts_around(&port).or(&facts), port);
    }
}

/// Adds a port to its equipment.
fn put(found: &mut Vec<EquipmentRow>, facts: Equipment, port: Value) {
    let Ok(port) = serde_json::from_value(port) else { return };
    let known = found.iter_mut().find(|row| row.facts.id == facts.id && row.facts.item == facts.item);
    match known {
        Some(row) => row.portas.push(port),
        None => found.push(EquipmentRow { facts, portas: vec![port] }),
    }
}

/// An equipment's facts are under `equipamento`, as in the other listing of ports, or in the row itself.
fn facts_of(row: &Value) -> Equipment {
    let facts = facts_around(row);
    Equipment { id: facts.id.or_else(|| row.get("id").and_then(as_text)), ..facts }
}

/// The same of a row about something else, whose `id` is not the equipment's.
fn facts_around(row: &Value) -> Equipment {
    let apart = row.get("equipamento").cloned().map(flat).unwrap_or_default();
    let either = |key: &str| [&apart, row].into_iter().find_map(|of| of.get(key).filter(|value| !value.is_null()));
    let id = apart.get("id").and_then(as_text);
    Equipment {
        id: id.or_else(|| either("idEquipamento").and_then(as_text)),
        item: either("idItemRede").and_then(as_text).or_else(|| either("itemRede").and_then(as_reference)),
        sigla: either("sigla").and_then(as_text),
        atendimento: either("atendimento").and_then(as_flag),
    }
}

impl Equipment {
    /// These facts and, where they say nothing, those.
    fn or(self, other: &Self) -> Self {
        Self {
            id: self.id.or_else(|| other.id.clone()),
            item: self.item.or_else(|| other.item.clone()),
            sigla: self.sigla.or_else(|| other.sigla.clone()),
            atendimento: self.atendimento.or(other.atendimento),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_flags_are_read_in_every_form_in_use() {
        for (id, yes) in [(json!(17), json!("S")), (json!("17"), json!("s")), (json!(" 17 "), json!(true))] {
            let row = json!({"equipamento": {"id": id, "atendimento": yes, "sigla": "S1"},
                "portas": [{"dados": {"id": id, "porta": "3"}, "cliente": false}, "?"]});
            let row = equipment(vec![row]).remove(0);
            assert_eq!((row.id(), row.facts.atendimento), (Some("17"), Some(true)));
            assert_eq!((row.portas.len(), row.portas[0].porta), (1, Some(3.0)));
        }
    }

    #[test]
    fn ports_that_name_their_equipment_are_brought_together() {
        let port = |id: u32, of: u32| json!({"id": id, "porta": id, "equipamento": {"id": of, "atendimento": "S"}});
        let shown = |rows: Vec<Value>| {
            let rows = equipment(rows).into_iter();
            rows.map(|row| (row.facts.id, row.facts.item, row.portas.len())).collect::<Vec<_>>()
        };
        let two = |item: Option<&str>| {
            let item = item.map(str::to_owned);
            vec![(Some("7".to_owned()), item.clone(), 2), (Some("8".to_owned()), item, 1)]
        };
        assert_eq!(shown(vec![port(1, 7), port(1, 8), port(2, 7)]), two(None));
        let list = json!({"idItemRede": 5, "portas": [port(1, 7), port(1, 8), port(2, 7)]});
        assert_eq!(shown(vec![list]), two(Some("5")));
    }

    #[test]
    fn a_place_that_is_none_is_none() {
        let place = |value: Value| serde_json::from_value::<Item>(value).unwrap().place();
        assert!(place(json!({"latitude": "-27.5", "longitude": -48.5})).is_some());
        for value in [json!({}), json!({"latitude": "", "longitude": ""}), json!({"latitude": -27.5, "longitude": 481})]
        {
            assert_eq!(place(value), None);
        }
    }
}
