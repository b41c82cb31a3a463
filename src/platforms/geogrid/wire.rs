//! GeoGrid's rows as they come: nothing outside this folder sees them.
//!
//! Everything is optional and every field takes the forms in use: ids as texts or numbers, totals as text, flags as `S` and
//! `N`. A field of a form that nobody knows counts as missing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Place;
use crate::liberal::{as_number, flag, items, number, text};

/// A listing's envelope.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) registros: Vec<Value>,
    /// Comes as text.
    #[serde(default, rename = "totalRegistros", deserialize_with = "number")]
    pub(super) total: Option<f64>,
}

/// A row that has what it is about under `dados`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Row<T: DeserializeOwned + Default> {
    #[serde(default, deserialize_with = "object")]
    pub(super) dados: T,
}

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

/// An equipment with its ports. Its own facts are under `equipamento`, as in the other listing of ports, or under `dados`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EquipmentRow {
    #[serde(default, deserialize_with = "object")]
    equipamento: Equipment,
    #[serde(default, deserialize_with = "object")]
    dados: Equipment,
    #[serde(default, deserialize_with = "items")]
    pub(super) portas: Vec<PortRow>,
}

impl EquipmentRow {
    pub(super) fn id(&self) -> Option<&str> {
        self.equipamento.id.as_deref().or(self.dados.id.as_deref())
    }

    /// The item it is in.
    pub(super) fn item(&self) -> Option<&str> {
        self.equipamento.id_item_rede.as_deref().or(self.dados.id_item_rede.as_deref())
    }

    pub(super) fn sigla(&self) -> Option<&str> {
        self.equipamento.sigla.as_deref().or(self.dados.sigla.as_deref())
    }

    /// Rule S3: the platform's mark.
    pub(super) fn attends(&self) -> Option<bool> {
        self.equipamento.atendimento.or(self.dados.atendimento)
    }
}

/// An equipment: a splitter.
#[derive(Debug, Default, Deserialize)]
struct Equipment {
    #[serde(default, deserialize_with = "text")]
    id: Option<String>,
    #[serde(default, rename = "idItemRede", deserialize_with = "text")]
    id_item_rede: Option<String>,
    #[serde(default, deserialize_with = "text")]
    sigla: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    atendimento: Option<bool>,
}

/// One of the rows of a port: a port that was reserved and is attended has two.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PortRow {
    #[serde(default, deserialize_with = "object")]
    pub(super) dados: Port,
    #[serde(default, deserialize_with = "flag")]
    pub(super) disponivel: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    pub(super) cliente: Client,
}

/// What such a row says of the port.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Port {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(super) porta: Option<f64>,
    #[serde(default, deserialize_with = "text")]
    pub(super) tipo: Option<String>,
    #[serde(default, rename = "reservaStatus", deserialize_with = "flag")]
    pub(super) reserva_status: Option<bool>,
    #[serde(default, rename = "reservaAtendimento", deserialize_with = "flag")]
    pub(super) reserva_atendimento: Option<bool>,
    #[serde(default, rename = "idCliente", deserialize_with = "text")]
    pub(super) id_cliente: Option<String>,
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
    Value::deserialize(d).map(|v| serde_json::from_value(v).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_totals_and_flags_are_read_in_every_form_in_use() {
        for (id, yes) in [(json!(17), json!("S")), (json!("17"), json!("s")), (json!(" 17 "), json!(true))] {
            let row = json!({"equipamento": {"id": id, "atendimento": yes, "sigla": "S1"},
                "portas": [{"dados": {"id": id, "porta": "3"}, "cliente": false}, "?"]});
            let row: EquipmentRow = serde_json::from_value(row).unwrap();
            assert_eq!((row.id(), row.attends()), (Some("17"), Some(true)));
            assert_eq!((row.portas.len(), row.portas[0].dados.porta), (1, Some(3.0)));
        }
        for total in [json!("42"), json!(42)] {
            let envelope: Envelope = serde_json::from_value(json!({"registros": [], "totalRegistros": total})).unwrap();
            assert_eq!(envelope.total, Some(42.0));
        }
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
