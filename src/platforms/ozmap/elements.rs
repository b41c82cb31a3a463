//! Pages of a sync: OZMap's rows as elements (rules S2–S5, D5).

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::OzMap;
use super::cursor::Cursor;
use super::listing::Rows;
use super::projects::Levels;
use super::splitter::Splitter;
use super::wire::{Cable, OpticalBox, Pole, Property, Row};
use crate::http::Purpose;
use crate::liberal::as_text;
use crate::{
    BoxElement, CableElement, Failure, OccupantElement, Page, PlatformCustomer, PoleElement, PortElement,
    SplitterElement, SplitterRole,
};

impl OzMap {
    pub(super) async fn box_page(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        let projects = self.projects.at(&self.api, cursor).await?;
        let rows = self.rows_of(projects.wanted_id.as_deref(), "boxes", cursor).await?;
        Ok(page(rows, |row| box_element(row, &projects.levels, self.options.implanted_required)))
    }

    pub(super) async fn splitter_page(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        Ok(page(self.own_rows("splitters", cursor).await?, splitter_element))
    }

    /// Poles belong to no project.
    pub(super) async fn pole_page(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        let rows = self.api.list("poles", &[], &Cursor::read(cursor)?, Purpose::Page).await?;
        Ok(page(rows, |row: &Row<Pole>| {
            let external_id = row.id()?.to_owned();
            Some(PoleElement { external_id, name: row.name.clone().unwrap_or_default(), place: row.point.place() })
        }))
    }

    /// Drops are left out: they come and go with every customer, and each bind would make or lose an element. A cable's
    /// path would be that of its poles, which are elements of their own: no points are told here.
    pub(super) async fn cable_page(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        let mut rows = self.own_rows::<Cable>("cables", cursor).await?;
        let before = rows.rows.len();
        rows.rows.retain(|row| row.kind.as_deref().is_none_or(|k| !k.eq_ignore_ascii_case("drop")));
        rows.total = rows.total.filter(|_| rows.rows.len() == before);
        Ok(page(rows, |row| {
            Some(CableElement { external_id: row.id()?.to_owned(), name: row.name.clone(), path: Vec::new() })
        }))
    }

    pub(super) async fn occupant_page(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        let Rows { rows, next, total } = self.own_rows::<Property>("properties", cursor).await?;
        let mut items = Vec::new();
        for row in rows {
            items.extend(self.occupants_of(row, Purpose::Page).await?);
        }
        Ok(Page { items, next: next.and_then(|n| n.write()), total })
    }

    pub(super) async fn occupants_of(
        &self,
        home: Row<Property>,
        purpose: Purpose,
    ) -> Result<Vec<OccupantElement>, Failure> {
        let home = self.completed(home, purpose).await?;
        let Some(external_id) = home.id().map(str::to_owned) else { return Ok(Vec::new()) };
        if home.plugs().next().is_none() {
            return Ok(Vec::new());
        }
        let client = match home.remembered_client() {
            Some(client) => Some(client),
            None => self.client_of(&home, purpose).await?,
        };
        let customer = client.map(|c| PlatformCustomer { code: c.code, name: c.name, document: None });
        let occupant = |(splitter, sequencia, _): (&str, i32, Option<&str>)| OccupantElement {
            splitter_external_id: splitter.to_owned(),
            sequencia,
            external_id: external_id.clone(),
            customer: customer.clone(),
        };
        Ok(home.plugs().map(occupant).collect())
    }

    /// A page of the account's own project, or of all.
    async fn own_rows<T: DeserializeOwned>(&self, resource: &str, cursor: Option<&str>) -> Result<Rows<T>, Failure> {
        let project = self.projects.wanted_id_at(&self.api, cursor).await?;
        self.rows_of(project.as_deref(), resource, cursor).await
    }

    /// A page of this project, or of all. Rows of another project, which a server that ignores filters sends as well, are
    /// left out; rows that name no project are kept.
    async fn rows_of<T: DeserializeOwned>(
        &self,
        project: Option<&str>,
        resource: &str,
        cursor: Option<&str>,
    ) -> Result<Rows<T>, Failure> {
        let filter: Vec<_> = project.map(|id| ("project", id)).into_iter().collect();
        let mut page = self.api.list::<T>(resource, &filter, &Cursor::read(cursor)?, Purpose::Page).await?;
        let before = page.rows.len();
        page.rows.retain(|row| in_project(row, project));
        if page.rows.len() < before {
            // Then its total counts the others too.
            page.total = None;
        }
        Ok(page)
    }
}

/// Whether the row may be touched: it is of this project, or nothing says otherwise.
pub(super) fn in_project<T>(row: &Row<T>, project: Option<&str>) -> bool {
    project.is_none() || row.project().is_none() || row.project() == project
}

fn page<T, E>(rows: Rows<T>, element: impl Fn(&Row<T>) -> Option<E>) -> Page<E> {
    let items = rows.rows.iter().filter_map(element).collect();
    Page { items, next: rows.next.and_then(|n| n.write()), total: rows.total }
}

/// What a box is for. OZMap says it by the box's level, whose meaning its project sets (`POP`, `CE`, `CTO`); where the
/// level says nothing, by the prefix of its type. A box counts as one that customers are attended from unless it is
/// called a splice box (CE) or a POP: better a box too many in a search, which finds no port there, than one too few.
pub(super) fn box_element(
    row: &Row<OpticalBox>,
    levels: &HashMap<String, Levels>,
    implanted_required: bool,
) -> Option<BoxElement> {
    let levels = row.project().and_then(|p| levels.get(p)).copied().unwrap_or_default();
    let is = |level: Option<f64>| level.is_some() && level == row.level;
    let prefix = row.box_type.get("prefix").or(row.box_type.get("code")).and_then(as_text);
    let letters: String = prefix.iter().flat_map(|p| p.chars()).take_while(|c| c.is_alphabetic()).collect();
    let called = |names: &[&str]| names.iter().any(|n| letters.eq_ignore_ascii_case(n));
    let splice = is(levels.splice) || called(&["CE", "CEO"]);
    let built = row.implanted != Some(false) || !implanted_required;
    Some(BoxElement {
        external_id: row.id()?.to_owned(),
        name: row.name.clone().unwrap_or_default(),
        place: row.point.place(),
        attendance: !splice && !is(levels.pop) && !called(&["POP"]),
        splice,
        allows_viability: row.draft != Some(true) && built,
    })
}

/// Rule S3: `isDrop` is the platform's mark; without it every splitter gives ports.
pub(super) fn splitter_element(row: &Row<Splitter>) -> Option<SplitterElement> {
    let role = match row.is_drop {
        Some(true) => SplitterRole::Attendance,
        Some(false) => SplitterRole::Distribution,
        None => SplitterRole::Unknown,
    };
    let count = if role == SplitterRole::Distribution { 0 } else { row.outputs() };
    let port = |n: usize| PortElement {
        sequencia: n as i32,
        external_id: row.port(n).and_then(|p| p.id.clone()),
        blocked: row.blocked(n),
    };
    Some(SplitterElement {
        external_id: row.id()?.to_owned(),
        box_external_id: row.parent.clone()?,
        name: row.name.clone().unwrap_or_default(),
        role,
        ports: (0..count).map(port).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn boxed(value: Value, implanted_required: bool) -> BoxElement {
        let levels = HashMap::from([("p".to_owned(), Levels { pop: Some(1.0), splice: Some(2.0) })]);
        box_element(&serde_json::from_value(value).unwrap(), &levels, implanted_required).unwrap()
    }

    #[test]
    fn a_box_attends_customers_unless_it_is_called_otherwise() {
        let kind = |value| {
            let element = boxed(value, true);
            (element.attendance, element.splice)
        };
        assert_eq!(kind(json!({"id": "a", "project": "p", "hierarchyLevel": 1})), (false, false));
        assert_eq!(kind(json!({"id": "a", "project": "p", "hierarchyLevel": "2"})), (false, true));
        assert_eq!(kind(json!({"id": "a", "project": "p", "hierarchyLevel": 3})), (true, false));
        assert_eq!(kind(json!({"id": "a", "project": "q", "hierarchyLevel": 2})), (true, false));
        assert_eq!(kind(json!({"id": "a", "boxType": {"id": "t", "prefix": "CEO-"}})), (false, true));
        assert_eq!(kind(json!({"_id": "a", "boxType": "t"})), (true, false));
    }

    #[test]
    fn v3_only_built_boxes_allow_viability() {
        let allows = |value, required| boxed(value, required).allows_viability;
        assert!(allows(json!({"id": "a"}), true));
        assert!(!allows(json!({"id": "a", "draft": true, "implanted": true}), false));
        assert!(!allows(json!({"id": "a", "implanted": false}), true));
        assert!(allows(json!({"id": "a", "implanted": false}), false));
    }

    #[test]
    fn s3_only_attendance_splitters_give_ports() {
        let of = |value| splitter_element(&serde_json::from_value(value).unwrap()).unwrap();
        let output = json!({"output": [null, "f"]});
        let attendance = of(json!({"id": "s", "parent": "b", "isDrop": true, "connectables": output,
            "ports": [{"id": "x", "blocked": true}, {"id": "y"}]}));
        assert_eq!(attendance.role, SplitterRole::Attendance);
        let ports: Vec<_> =
            attendance.ports.iter().map(|p| (p.sequencia, p.external_id.as_deref(), p.blocked)).collect();
        assert_eq!(ports, [(0, Some("x"), true), (1, Some("y"), false)]);
        let distribution = of(json!({"id": "s", "parent": "b", "isDrop": false, "connectables": output}));
        assert_eq!((distribution.role, distribution.ports.len()), (SplitterRole::Distribution, 0));
        let unknown = of(json!({"id": "s", "parent": {"id": "b"}, "ratio": {"output": 8}}));
        assert_eq!((unknown.role, unknown.ports.len()), (SplitterRole::Unknown, 8));
    }
}
