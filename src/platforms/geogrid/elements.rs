//! Pages of a sync: GeoGrid's items and their equipment as elements (rules S2, S3).

use super::api::{LARGEST_PAGE, Listing, Rows};
use super::cursor::{self, Cursor};
use super::outputs::{Hold, outputs};
use super::wire::{EquipmentRow, Folder, Item};
use super::{GeoGrid, guessed, plain};
use crate::http::Purpose;
use crate::{BoxElement, Failure, Page, PoleElement, PortElement, SplitterElement, SplitterRole};

/// CTOs and splice boxes. Built ones: planned ones take nobody.
const BOXES: [(&str, &str); 3] = [("item[]", TERMINAL), ("item[]", SPLICE_BOX), ("modoProjeto", "N")];
const POLES: [(&str, &str); 2] = [("item[]", "poste"), ("modoProjeto", "N")];
const TERMINAL: &str = "terminal";
const SPLICE_BOX: &str = "caixa";

/// Boxes whose equipment is asked for in one call: what a hundred ids make of an address is still taken by every server.
const TOGETHER: u32 = 100;
/// The same where each box is asked about alone: what a step has called is called again when it is interrupted.
const FEW: u32 = 10;
/// A box that has no name is called by the beginning of its observation, in characters.
const LONGEST_NAME: usize = 60;

impl GeoGrid {
    /// The names of the folders: localities, or the providers that share the account. Also what *test* asks for (rule D4): it
    /// needs the token and changes nothing.
    pub(super) async fn folders(&self) -> Result<Vec<String>, Failure> {
        let listing = Listing { path: &["pastas"], filter: &[], size: LARGEST_PAGE, purpose: Purpose::Search };
        let rows: Rows<Folder> = self.api.page(listing, &Cursor::default()).await?;
        Ok(rows.rows.into_iter().filter_map(|folder| folder.nome).map(|name| plain::text(&name)).collect())
    }

    pub(super) async fn box_page(&self, stored: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        let rows = self.items(&BOXES, &cursor::read(stored)?, LARGEST_PAGE).await?;
        let items = rows.rows.iter().filter_map(box_element).collect();
        Ok(Page { items, next: rows.next.as_ref().and_then(cursor::write), total: rows.total })
    }

    pub(super) async fn pole_page(&self, stored: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        let rows = self.items(&POLES, &cursor::read(stored)?, LARGEST_PAGE).await?;
        let pole =
            |item: &Item| Some(PoleElement { external_id: item.id.clone()?, name: name(item), place: item.place() });
        let items = rows.rows.iter().filter_map(pole).collect();
        Ok(Page { items, next: rows.next.as_ref().and_then(cursor::write), total: rows.total })
    }

    /// Two calls for a hundred boxes. How many splitters there are in all nobody tells.
    pub(super) async fn splitter_page(&self, stored: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        let (boxes, next) = self.boxes_together(&cursor::read(stored)?).await?;
        let equipment = self.equipment_of(&boxes, false).await?;
        let items = equipment.iter().filter_map(splitter_element).collect();
        Ok(Page { items, next: next.as_ref().and_then(cursor::write), total: None })
    }

    /// The ids of so many boxes as are asked about in one call; of few, where each costs a call of its own.
    pub(super) async fn boxes_together(&self, at: &Cursor) -> Result<(Vec<String>, Option<Cursor>), Failure> {
        let at = if self.ways.each_alone() { by_few(at) } else { at.clone() };
        let size = at.size.unwrap_or(TOGETHER);
        let Rows { rows, next, count, .. } = self.items(&BOXES, &at, size).await?;
        // Where a page is not full the server has a number of its own, and only it knows what its pages' numbers mean.
        let told = (size != TOGETHER || count == TOGETHER as usize).then_some(size);
        let next = next.map(|next| Cursor { size: told, ..next });
        Ok((rows.into_iter().filter_map(|item| item.id).collect(), next))
    }

    async fn items(&self, filter: &[(&str, &str)], at: &Cursor, size: u32) -> Result<Rows<Item>, Failure> {
        let listing = Listing { path: &["itensRede"], filter, size, purpose: Purpose::Page };
        let mut page = self.api.page::<Item>(listing, at).await?;
        page.rows.retain(|item| !guessed::is_planned(item));
        Ok(page)
    }
}

/// The same place in the listing of boxes, in pages of few where it can be told.
fn by_few(at: &Cursor) -> Cursor {
    match at.size {
        Some(TOGETHER) => Cursor { page: (at.page - 1) * (TOGETHER / FEW) + 1, after: None, size: Some(FEW) },
        None if at.page == 1 => Cursor { size: Some(FEW), ..at.clone() },
        _ => at.clone(),
    }
}

fn name(item: &Item) -> String {
    let text = |html: &Option<String>| html.as_deref().map(plain::text).filter(|text| !text.is_empty());
    let named = text(&item.sigla).or_else(|| text(&item.observacao).map(|t| t.chars().take(LONGEST_NAME).collect()));
    named.unwrap_or_default()
}

fn box_element(item: &Item) -> Option<BoxElement> {
    let is = |kind: &str| item.item.as_deref().is_some_and(|item| item.eq_ignore_ascii_case(kind));
    Some(BoxElement {
        external_id: item.id.clone()?,
        name: name(item),
        place: item.place(),
        attendance: !is(SPLICE_BOX),
        splice: is(SPLICE_BOX),
        // Only built ones are listed.
        allows_viability: true,
    })
}

/// Rule S3: `atendimento` is the platform's mark; without it every equipment gives ports.
fn splitter_element(row: &EquipmentRow) -> Option<SplitterElement> {
    let role = match row.facts.atendimento {
        Some(true) => SplitterRole::Attendance,
        Some(false) => SplitterRole::Distribution,
        None => SplitterRole::Unknown,
    };
    let outputs = if role == SplitterRole::Distribution { Vec::new() } else { outputs(row) };
    let port = |output: super::outputs::Output| PortElement {
        sequencia: output.sequencia,
        // Kept for nobody by name: shown, never offered.
        blocked: output.hold == Hold::Reserved(None),
        external_id: output.id,
    };
    Some(SplitterElement {
        external_id: row.id()?.to_owned(),
        box_external_id: row.item()?.to_owned(),
        name: row.facts.sigla.as_deref().map(plain::text).unwrap_or_default(),
        role,
        ports: outputs.into_iter().map(port).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::wire::equipment;
    use super::*;

    fn item(value: Value) -> Item {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_box_without_a_name_is_called_by_its_observation_as_text() {
        let named = |value| box_element(&item(value)).unwrap().name;
        assert_eq!(named(json!({"id": 1, "sigla": "CTO &amp; 1", "observacao": "<p>x</p>"})), "CTO & 1");
        assert_eq!(
            named(json!({"id": 1, "sigla": " ", "observacao": "<p>Perto da <b>pra&ccedil;a</b>"})),
            "Perto da praça"
        );
        assert_eq!(named(json!({"id": 1, "observacao": null})), "");
    }

    #[test]
    fn s10_a_place_in_the_listing_stays_the_same_in_pages_of_few() {
        let at = |page, size| Cursor { page, after: Some("x".into()), size };
        assert_eq!(by_few(&at(3, Some(TOGETHER))), Cursor { page: 21, after: None, size: Some(FEW) });
        assert_eq!(by_few(&Cursor::default()).size, Some(FEW));
        for untouched in [at(3, None), at(3, Some(FEW))] {
            assert_eq!(by_few(&untouched), untouched);
        }
    }

    #[test]
    fn terminals_attend_and_splice_boxes_do_not() {
        let of = |kind: &str| box_element(&item(json!({"id": "1", "item": kind}))).map(|b| (b.attendance, b.splice));
        assert_eq!((of("terminal"), of("caixa")), (Some((true, false)), Some((false, true))));
    }

    #[test]
    fn s3_only_attendance_splitters_give_ports_and_a_port_kept_for_nobody_is_blocked() {
        let of = |flag: Value| {
            let row = json!({"equipamento": {"id": 5, "idItemRede": "1", "atendimento": flag}, "portas": [
                {"dados": {"id": 9, "porta": "2", "reservaStatus": "S"}}, {"dados": {"id": 8, "porta": 1}}]});
            let splitter = splitter_element(&equipment(vec![row])[0]).unwrap();
            let ports: Vec<_> = splitter.ports.into_iter().map(|p| (p.sequencia, p.external_id, p.blocked)).collect();
            (splitter.role, ports)
        };
        let both = vec![(0, Some("8".to_owned()), false), (1, Some("9".to_owned()), true)];
        assert_eq!(of(json!("S")), (SplitterRole::Attendance, both.clone()));
        assert_eq!(of(json!("N")), (SplitterRole::Distribution, Vec::new()));
        assert_eq!(of(Value::Null), (SplitterRole::Unknown, both));
    }
}
