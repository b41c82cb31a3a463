//! An equipment's outputs, made of the rows of its ports: a port that was reserved and is attended has a row for each.

use std::collections::BTreeMap;

use super::guessed;
use super::wire::EquipmentRow;

/// A customer as a port's row knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) client: String,
    pub(super) name: Option<String>,
    /// Where the row tells it.
    pub(super) code: Option<String>,
    /// Where the row tells it.
    pub(super) document: Option<String>,
}

/// What holds an output. A later one outweighs an earlier one: an attendance wins over a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing.
    Free,
    /// It feeds other equipment.
    Equipment,
    /// It is reserved; for whom, where that is told.
    Reserved(Option<Holder>),
    /// A customer is attended.
    Attended(Holder),
}

impl Hold {
    fn weight(&self) -> u8 {
        match self {
            Self::Free => 0,
            Self::Equipment => 1,
            Self::Reserved(None) => 2,
            Self::Reserved(Some(_)) => 3,
            Self::Attended(_) => 4,
        }
    }
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// From 0.
    pub(super) sequencia: i32,
    /// The platform's id of the port.
    pub(super) id: Option<String>,
    pub(super) hold: Hold,
}

/// The outputs in order, each once.
pub(super) fn outputs(equipment: &EquipmentRow) -> Vec<Output> {
    let mut merged: BTreeMap<i32, Output> = BTreeMap::new();
    for row in equipment.portas.iter().filter(|row| guessed::is_output(row)) {
        let Some(sequencia) = row.porta.and_then(guessed::sequencia) else { continue };
        let found = Output { sequencia, id: row.id.clone(), hold: guessed::hold(row) };
        match merged.get_mut(&sequencia) {
            Some(known) if found.hold.weight() > known.hold.weight() => {
                known.hold = found.hold;
                known.id = found.id.or(known.id.take());
            }
            Some(known) => known.id = known.id.take().or(found.id),
            None => drop(merged.insert(sequencia, found)),
        }
    }
    merged.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::wire::equipment;
    use super::*;

    fn of(portas: Value) -> Vec<(i32, Option<String>, u8)> {
        let row = json!({"equipamento": {"id": 1}, "portas": portas});
        outputs(&equipment(vec![row])[0])
            .into_iter()
            .map(|output| (output.sequencia, output.id, output.hold.weight()))
            .collect()
    }

    #[test]
    fn several_rows_of_a_port_are_one_output_and_the_attendance_wins_in_any_order() {
        let reserved = json!({"dados": {"id": 7, "porta": "2", "tipo": "S", "reservaStatus": "S", "idCliente": 5}});
        let attended =
            json!({"dados": {"id": "8", "porta": 2, "tipo": "S", "reservaAtendimento": "S", "idCliente": "6"}});
        let bare = json!({"dados": {"porta": 2}});
        for rows in
            [json!([reserved, attended, bare]), json!([attended, bare, reserved]), json!([bare, reserved, attended])]
        {
            assert_eq!(of(rows), [(1, Some("8".into()), 4)]);
        }
        assert_eq!(of(json!([bare, reserved])), [(1, Some("7".into()), 3)]);
    }

    #[test]
    fn inputs_and_ports_without_a_number_are_no_outputs() {
        let rows = json!([{"dados": {"id": 1, "porta": 1, "tipo": "E"}}, {"dados": {"id": 2, "porta": 2, "tipo": "S"}},
            {"dados": {"id": 3, "porta": 1}}, {"dados": {"id": 4}}, {"dados": {"id": 5, "porta": 0}}]);
        assert_eq!(of(rows), [(0, Some("3".into()), 0), (1, Some("2".into()), 0)]);
    }
}
