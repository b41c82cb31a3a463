//! What nobody has written down about GeoGrid's wire, and what is taken for true until a real account shows otherwise.
//! Everything here is a guess from the names in use; a correction of one is made here.

use serde_json::Value;

use super::outputs::{Hold, Holder};
use super::wire::{EquipmentRow, Item, PortRow};
use crate::liberal::{as_flag, as_text};

/// *Ports of several items*: `equipamentos/itemRede/portas?itensRede=` is known by name only. Guessed: the ids with commas
/// between them or, as filters that take several values are called elsewhere, `itensRede[]` once for each; paged like everything
/// else, and each equipment says in `idItemRede` which item it is in. Where neither works, each item is asked about alone.
pub(super) const SEVERAL_ITEMS: [&str; 3] = ["equipamentos", "itemRede", "portas"];
/// The parameter of the same, in one form and in the other.
pub(super) const ITEMS: [&str; 2] = ["itensRede", "itensRede[]"];

/// See [`SEVERAL_ITEMS`].
pub(super) fn several(ids: &[String]) -> String {
    ids.join(",")
}

/// *Ports of one item*: each equipment with its ports, or each port with its equipment. Guessed: where neither the one nor the other
/// is named, the item has one equipment, which is called as the item is.
pub(super) fn in_item(row: &mut EquipmentRow, item: &str) {
    row.facts.item.get_or_insert_with(|| item.to_owned());
    row.facts.id.get_or_insert_with(|| item.to_owned());
}

/// *One customer by his own id*: only `PUT clientes/{id}` was seen; `GET` on the same path is guessed. It is needed because a
/// port tells its customer's id and name, and not his code. Where it is not there, [`CLIENTS`] is gone through.
pub(super) fn client_path(id: &str) -> [&str; 2] {
    ["clientes", id]
}

/// *All customers*: `clientes` was seen with a filter only; that it lists them all without one, a page at a time, is guessed.
pub(super) const CLIENTS: [&str; 1] = ["clientes"];

/// *Which rows of a port mean what.* `reservaStatus`, `reservaAtendimento` and `dataReserva` were seen, their values were not.
/// Guessed: a row that has a reserved status or a date is a reservation, whatever `reservaAtendimento` says, since that may be what
/// the reservation is for; only a status that denies it and an attendance that is affirmed make the date one of the past. Any other
/// row with a customer is an attendance. An output that is not available and holds no customer feeds other equipment.
pub(super) fn hold(row: &PortRow) -> Hold {
    let id = |id: &Option<String>| id.clone().filter(|id| id != "0");
    let customer = id(&row.id_cliente).or_else(|| id(&row.cliente.id)).map(|id| Holder {
        client: id,
        name: row.cliente.nome.clone(),
        code: row.cliente.codigo_integracao.clone(),
        document: row.cliente.cpf_cnpj.clone(),
    });
    match customer {
        Some(customer) if !is_reserved(row) => Hold::Attended(customer),
        Some(customer) => Hold::Reserved(Some(customer)),
        None if is_reserved(row) => Hold::Reserved(None),
        None if row.disponivel == Some(false) => Hold::Equipment,
        None => Hold::Free,
    }
}

fn is_reserved(row: &PortRow) -> bool {
    let dated = row.data_reserva.as_deref().is_some_and(|date| date.contains(|c| ('1'..='9').contains(&c)));
    match says_reserved(&row.reserva_status) {
        Some(true) => true,
        Some(false) => dated && row.reserva_atendimento != Some(true),
        None => dated,
    }
}

/// A flag, or a word such as `reservada`.
fn says_reserved(status: &Value) -> Option<bool> {
    let word = || as_text(status).filter(|word| word.to_lowercase().starts_with('r'));
    as_flag(status).or_else(|| word().map(|_| true))
}

/// *Outputs.* `tipo` was seen in another listing of ports (S an output, E an input); a row without it is taken for an output.
pub(super) fn is_output(row: &PortRow) -> bool {
    row.tipo.as_deref().is_none_or(|tipo| !tipo.eq_ignore_ascii_case("E"))
}

/// *Port numbers* count from 1, as people read them.
pub(super) fn sequencia(number: f64) -> Option<i32> {
    (1.0..100_000.0).contains(&number).then_some(number as i32 - 1)
}

/// *Ids in bodies* are numbers where they look like numbers, as the programs of others send them.
pub(super) fn id(id: &str) -> serde_json::Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Into::into)
}

/// *The kind of a person*: `tipo` is F or J. By the document's length; without one, F.
pub(super) fn person(document: Option<&str>) -> &'static str {
    let characters = document.map_or(0, |document| document.chars().filter(char::is_ascii_alphanumeric).count());
    if characters == 14 { "J" } else { "F" }
}

/// *Planned items*: `modoProjeto` was seen as a filter; that a row may say it too is guessed. It counts where a server lists
/// planned items although built ones were asked for.
pub(super) fn is_planned(item: &Item) -> bool {
    item.modo_projeto == Some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::envelope::flat;
    use super::*;

    fn of(value: Value) -> Hold {
        hold(&serde_json::from_value(flat(value)).unwrap())
    }

    #[test]
    fn a_row_is_an_attendance_a_reservation_equipment_or_free() {
        let ana = || Holder { client: "7".into(), name: Some("Ana".into()), code: None, document: None };
        let row = |more: Value| {
            let mut row =
                json!({"dados": {"id": 1, "porta": "1", "idCliente": "7"}, "cliente": {"id": 7, "nome": "Ana"}});
            row["dados"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of(row)
        };
        assert_eq!(row(json!({})), Hold::Attended(ana()));
        assert_eq!(row(json!({"reservaStatus": "N", "reservaAtendimento": "S"})), Hold::Attended(ana()));
        for date in ["", "0000-00-00 00:00:00"] {
            assert_eq!(row(json!({"reservaAtendimento": "S", "dataReserva": date})), Hold::Attended(ana()), "{date}");
        }
        let past = json!({"reservaStatus": "N", "reservaAtendimento": "S", "dataReserva": "2026-02-11"});
        assert_eq!(row(past), Hold::Attended(ana()));
        for reserved in [
            json!({"reservaStatus": "S", "reservaAtendimento": "N"}),
            json!({"reservaStatus": "S", "reservaAtendimento": "S"}),
            json!({"reservaStatus": "Reservado"}),
            json!({"reservaAtendimento": "S", "dataReserva": "2026-02-11 09:12:44"}),
            json!({"reservaStatus": "N", "reservaAtendimento": "N", "dataReserva": "2026-02-11"}),
        ] {
            assert_eq!(row(reserved.clone()), Hold::Reserved(Some(ana())), "{reserved}");
        }
        assert_eq!(of(json!({"dados": {"reservaStatus": "S", "idCliente": null}})), Hold::Reserved(None));
        assert_eq!(of(json!({"dados": {"idCliente": 0}, "disponivel": "N", "cliente": null})), Hold::Equipment);
        assert_eq!(of(json!({"dados": {"idCliente": ""}, "cliente": []})), Hold::Free);
    }

    #[test]
    fn a_person_is_told_by_the_document() {
        assert_eq!((person(Some("52998224725")), person(None)), ("F", "F"));
        assert_eq!((person(Some("11.222.333/0001-81")), person(Some("12ABC34501DE35"))), ("J", "J"));
    }
}
