//! Pages of a sync: Geosite's records as elements (rules S2–S5).

use super::Geosite;
use super::columns::{Feature, Layout, Role};
use super::cursor::Cursor;
use super::fids::Fids;
use super::guessed;
use super::liberal::as_text;
use super::listing::{Row, Turned};
use super::seats::customer_of;
use crate::http::Purpose;
use crate::{
    BoxElement, CableElement, Failure, FailureKind, OccupantElement, Page, PoleElement, PortElement, SplitterElement,
    SplitterRole,
};

/// Boxes are of two features.
pub(super) const BOXES: [Feature; 2] = [Feature::Cto, Feature::SpliceBox];

impl Geosite {
    pub(super) async fn box_page(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        self.page(&BOXES, cursor, box_element).await
    }

    pub(super) async fn splitter_page(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        self.page(&[Feature::Splitter], cursor, splitter_element).await
    }

    pub(super) async fn pole_page(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        self.page(&[Feature::Pole], cursor, |layout, row, _| pole_element(layout, row)).await
    }

    pub(super) async fn cable_page(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        self.page(&[Feature::Cable], cursor, |layout, row, _| cable_element(layout, row)).await
    }

    pub(super) async fn occupant_page(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        self.page(&[Feature::Customer], cursor, |layout, row, _| occupant_element(layout, row)).await
    }

    async fn page<E>(
        &self,
        features: &[Feature],
        cursor: Option<&str>,
        element: impl Fn(&Layout, &Row, Fids) -> Option<E> + Send,
    ) -> Result<Page<E>, Failure> {
        let cursor = Cursor::read(cursor)?;
        let Some(feature) = features.get(cursor.part).copied() else {
            return Ok(Page { items: Vec::new(), next: None, total: None });
        };
        // Columns are read anew where a listing begins; behind that they do not change in the middle of it.
        let layout = match cursor.start {
            0 => self.layouts.read(&self.api, feature).await?,
            _ => self.layouts.of(&self.api, feature).await?,
        };
        let fids = self.fids_for(&layout, Purpose::Page).await?;
        let Turned { rows, next, total } = self.noting(feature, self.api.page(&layout, &cursor).await).await?;
        let part = cursor.part + 1;
        let next = next.or_else(|| (part < features.len()).then(|| Cursor { part, ..Cursor::default() }));
        Ok(Page {
            items: rows.iter().filter_map(|row| element(&layout, row, fids)).collect(),
            next: next.and_then(|next| next.write()),
            // What one of several features has is not what there is.
            total: total.filter(|_| features.len() == 1),
        })
    }

    /// Forgets the columns where a question was refused: it may have named one that is gone.
    pub(super) async fn noting<T>(&self, feature: Feature, asked: Result<T, Failure>) -> Result<T, Failure> {
        if matches!(&asked, Err(failure) if failure.kind == FailureKind::Rejected) {
            self.layouts.forget(feature).await;
        }
        asked
    }
}

/// PROJETADO is synced and allows no viability.
pub(super) fn box_element(layout: &Layout, row: &Row, fids: Fids) -> Option<BoxElement> {
    let attends = || layout.text(&row.record, Role::Kind).is_some_and(|kind| guessed::attends(&kind));
    let attendance = layout.feature == Feature::Cto || attends();
    Some(BoxElement {
        external_id: fids.external_id(layout.feature, &row.fid),
        name: layout.text(&row.record, Role::Name).unwrap_or_default(),
        place: layout.place(&row.record),
        attendance,
        splice: !attendance,
        allows_viability: !layout.text(&row.record, Role::Status).is_some_and(|status| guessed::is_planned(&status)),
    })
}

/// Rule S3: an installation whose splitters have no column for it cannot say what they are for. A splitter that is in no
/// box is left out.
pub(super) fn splitter_element(layout: &Layout, row: &Row, fids: Fids) -> Option<SplitterElement> {
    let role = role_of(layout, row);
    let count = if role == SplitterRole::Distribution { 0 } else { outputs_of(layout, row).unwrap_or_default() };
    let port = |n: usize| PortElement { sequencia: n as i32, external_id: None, blocked: false };
    Some(SplitterElement {
        external_id: row.fid.clone(),
        box_external_id: box_of(layout, row, fids)?,
        name: layout.text(&row.record, Role::Name).unwrap_or_default(),
        role,
        ports: (0..count).map(port).collect(),
    })
}

/// The box that a splitter is in, by the column that names one.
fn box_of(layout: &Layout, row: &Row, fids: Fids) -> Option<String> {
    layout.columns(Role::Parent).iter().find_map(|column| {
        let fid = column.of_record(&row.record).and_then(as_text)?;
        Some(fids.external_id(guessed::parent_feature(column), &fid))
    })
}

fn role_of(layout: &Layout, row: &Row) -> SplitterRole {
    let told = layout.column(Role::Splitting).zip(layout.word(&row.record, Role::Splitting));
    told.map_or(SplitterRole::Unknown, |(column, written)| guessed::role(column, &written))
}

/// How many outputs a splitter has, where its ratio can be read.
pub(super) fn outputs_of(layout: &Layout, row: &Row) -> Option<usize> {
    layout.text(&row.record, Role::Ratio).and_then(|ratio| guessed::outputs(&ratio))
}

fn pole_element(layout: &Layout, row: &Row) -> Option<PoleElement> {
    Some(PoleElement {
        external_id: row.fid.clone(),
        name: layout.text(&row.record, Role::Name).unwrap_or_default(),
        place: layout.place(&row.record),
    })
}

fn cable_element(layout: &Layout, row: &Row) -> Option<CableElement> {
    Some(CableElement {
        external_id: row.fid.clone(),
        name: layout.text(&row.record, Role::Name),
        path: layout.points(&row.record),
    })
}

/// A customer who is on no port holds none.
pub(super) fn occupant_element(layout: &Layout, row: &Row) -> Option<OccupantElement> {
    Some(OccupantElement {
        splitter_external_id: layout.text(&row.record, Role::Splitter)?,
        sequencia: layout.text(&row.record, Role::Port).and_then(|port| guessed::sequencia(&port))?,
        external_id: row.fid.clone(),
        customer: Some(customer_of(layout, row)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::guessed::Described;
    use super::super::wishes::Wishes;
    use super::*;

    fn layout(feature: Feature, names: &[&str]) -> Layout {
        let there: Vec<Described> =
            names.iter().map(|name| Described { name: (*name).to_owned(), other: None }).collect();
        Layout::find(feature, &there, &Wishes::new()).unwrap()
    }

    fn row(value: Value) -> Row {
        Row { fid: "7".to_owned(), record: value.as_object().cloned().unwrap() }
    }

    #[test]
    fn v3_what_is_only_planned_allows_no_viability() {
        let layout = layout(Feature::Cto, &["nome", "geometria", "situacao"]);
        let allows = |status: Value| {
            box_element(&layout, &row(json!({"situacao": status})), Fids::Unique).unwrap().allows_viability
        };
        assert!(!allows(json!("PROJETADO")) && !allows(json!("Projetada")));
        assert!(allows(json!("EXISTENTE")) && allows(Value::Null));
    }

    #[test]
    fn a_splice_box_of_a_type_that_attends_customers_is_a_cto() {
        let layout = layout(Feature::SpliceBox, &["nome", "geometria", "tipo"]);
        let kind = |kind: &str| {
            let element = box_element(&layout, &row(json!({ "tipo": kind })), Fids::Unique).unwrap();
            (element.attendance, element.splice)
        };
        assert_eq!((kind("CTO: 16 portas"), kind("CE: 24"), kind("")), ((true, false), (false, true), (false, true)));
    }

    #[test]
    fn s3_a_splitter_gives_ports_unless_it_is_for_distribution() {
        let known = layout(Feature::Splitter, &["fid_cto", "razao", "funcao"]);
        let of = |layout: &Layout, role: &str| {
            let row = row(json!({"fid_cto": 3, "razao": "1:8", "funcao": role}));
            let element = splitter_element(layout, &row, Fids::Unique).unwrap();
            (element.role, element.ports.len())
        };
        assert_eq!(of(&known, "Atendimento"), (SplitterRole::Attendance, 8));
        assert_eq!(of(&known, "Distribuição"), (SplitterRole::Distribution, 0));
        assert_eq!(of(&known, ""), (SplitterRole::Unknown, 8));
        let silent = layout(Feature::Splitter, &["fid_cto", "razao"]);
        assert_eq!(of(&silent, "Atendimento"), (SplitterRole::Unknown, 8));
        let boxless = row(json!({"fid_cto": "", "razao": "1:8"}));
        assert!(splitter_element(&silent, &boxless, Fids::Unique).is_none(), "in no box");
        let flagged = layout(Feature::Splitter, &["parent", "ratio", "attendance"]);
        let element = |flag: bool| {
            let row = row(json!({"parent": 3, "ratio": "1:8", "attendance": flag}));
            splitter_element(&flagged, &row, Fids::Unique).unwrap().role
        };
        assert_eq!((element(true), element(false)), (SplitterRole::Attendance, SplitterRole::Distribution));
    }

    #[test]
    fn s2_a_splitter_is_in_the_box_of_the_feature_that_its_column_names() {
        let layout = layout(Feature::Splitter, &["fid_cto", "fid_caixa_emenda", "razao"]);
        let in_box = |record: Value, fids| splitter_element(&layout, &row(record), fids).unwrap().box_external_id;
        assert_eq!(in_box(json!({"fid_cto": 3, "razao": "1:8"}), Fids::PerFeature), "3");
        assert_eq!(in_box(json!({"fid_caixa_emenda": 3, "razao": "1:8"}), Fids::PerFeature), "caixaEmenda:3");
        assert_eq!(in_box(json!({"fid_caixa_emenda": 3, "razao": "1:8"}), Fids::Unique), "3");
    }
}
