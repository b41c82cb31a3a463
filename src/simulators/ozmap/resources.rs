//! The routes that hold lists: what each one lists and what may be done there.

use super::id::Kind;

/// What may be done at a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verbs {
    /// List and by id.
    Read,
    /// Also `PATCH`.
    Update,
    /// Also `POST` and `DELETE`.
    Write,
}

/// A route and the kinds of things that it lists, in the order of their ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource {
    pub path: &'static str,
    pub kinds: &'static [Kind],
    pub verbs: Verbs,
}

const fn of(path: &'static str, kinds: &'static [Kind], verbs: Verbs) -> Resource {
    Resource { path, kinds, verbs }
}

const TYPED: [Resource; 10] = [
    of("boxes", &[Kind::BOX], Verbs::Write),
    of("properties", &[Kind::PROPERTY], Verbs::Write),
    of("poles", &[Kind::POLE], Verbs::Write),
    of("splitters", &[Kind::SPLITTER], Verbs::Write),
    // Plain `POST` is not in the official client, but others use it.
    of("ftth-clients", &[Kind::CLIENT], Verbs::Write),
    of("cables", &[Kind::CABLE, Kind::DROP], Verbs::Write),
    of("drops", &[Kind::DROP], Verbs::Read),
    of("fibers", &[Kind::DROP_FIBER, Kind::TRUNK_FIBER], Verbs::Read),
    of("base-boxes", &[Kind::BOX, Kind::PROPERTY], Verbs::Read),
    of("network-connectors", &[Kind::SPLITTER], Verbs::Read),
];

/// Things that are kept as the documents they were posted as. The order is part of their ids.
pub(super) const DOCUMENTS: [&str; 34] = [
    "projects",
    "box-types",
    "splitter-types",
    "pole-types",
    "cable-types",
    "fiber-profiles",
    "fusions",
    "fusion-types",
    "connectors",
    "connector-types",
    "passings",
    "dios",
    "dio-types",
    "switches",
    "shelfs",
    "olts",
    "olt-types",
    "pons",
    "slots",
    "buildings",
    "building-types",
    "pops",
    "pop-types",
    "regions",
    "horizontal-condominiums",
    "prospects",
    "tags",
    "colors",
    "users",
    "roles",
    "project-groups",
    "posts",
    "cords",
    "cable-stubs",
];

static DOCUMENT_KINDS: [Kind; DOCUMENTS.len()] = {
    let mut kinds = [Kind(0); DOCUMENTS.len()];
    let mut at = 0;
    while at < kinds.len() {
        kinds[at] = Kind(Kind::FIRST_DOCUMENT + at as u8);
        at += 1;
    }
    kinds
};

pub(super) const PROJECT: Kind = Kind(Kind::FIRST_DOCUMENT);
pub(super) const BOX_TYPE: Kind = Kind(Kind::FIRST_DOCUMENT + 1);
pub(super) const SPLITTER_TYPE: Kind = Kind(Kind::FIRST_DOCUMENT + 2);
pub(super) const POLE_TYPE: Kind = Kind(Kind::FIRST_DOCUMENT + 3);
pub(super) const CABLE_TYPE: Kind = Kind(Kind::FIRST_DOCUMENT + 4);
pub(super) const FIBER_PROFILE: Kind = Kind(Kind::FIRST_DOCUMENT + 5);

/// Where documents of this kind are kept.
pub(super) fn document(kind: Kind) -> Option<usize> {
    kind.0.checked_sub(Kind::FIRST_DOCUMENT).map(usize::from).filter(|at| *at < DOCUMENTS.len())
}

/// The route of this name.
pub(super) fn find(path: &str) -> Option<Resource> {
    let plain = || {
        let at = DOCUMENTS.iter().position(|name| *name == path)?;
        Some(of(DOCUMENTS[at], &DOCUMENT_KINDS[at..=at], Verbs::Write))
    };
    TYPED.iter().find(|resource| resource.path == path).copied().or_else(plain)
}
