//! Which test proves which rule on which platform: `tests/rules.md`, made from the tests' names and kept current.
//!
//! A test is named after the rules that it proves (`b2_b3_…`). Where it proves them is read from where it stands and from what
//! it names: a platform's folder, or a platform named in its body, or, if none is, in its file (`Isp` is an OZMap). A test that
//! names no platform proves the rule for all three, because the code under it knows none. Where reading is not enough, a line
//! above the test says it: `// on ozmap, geosite`, or `// on every platform`. What has to be seen on the platform itself is
//! listed in [`SEEN_THERE`]: there only a test on that platform counts.

mod found;

use std::collections::BTreeMap;

use crate::support::tree;
use found::{Test, tests};

/// The platforms, as the table's columns and as tests name them.
const PLATFORMS: [(&str, &str); 3] = [("OZMap", "ozmap"), ("Geosite", "geosite"), ("GeoGrid", "geogrid")];

/// The rules of domain.md, in short.
const RULES: &[(&str, &str)] = &[
    ("D1", "created from a platform and its parameters"),
    ("D2", "one project per integration, one integration per project"),
    ("D3", "elements are chosen, any time"),
    ("D4", "edit, history, test in plain words, inactivate"),
    ("D5", "a project of the platform by its exact name"),
    ("S1", "every day at 04:00, and on demand; joined; made up"),
    ("S2", "created and updated by external id; nothing written twice"),
    ("S3", "attendance or distribution by the platform's own mark"),
    ("S4", "a customer is identified by code, then by document"),
    ("S5", "identified: occupant; else reserved, in words"),
    ("S6", "the confirmed occupant stays; differences are for a person"),
    ("S7", "a sync lifts its own reservations only"),
    ("S8", "gone upstream: marked missing, and back under its id"),
    ("S9", "a map is not emptied by mistake"),
    ("S10", "resumes where it was; memory does not grow"),
    ("S11", "result, progress, HubSoft's project row"),
    ("B1", "nothing is sent without an integration"),
    ("B2", "bind: who is there leaves first; little is sent"),
    ("B3", "unbind: that customer leaves, nobody else"),
    ("B4", "migrate: the old plan leaves, the new one takes the port"),
    ("B5", "retirement: only when the removal is finished"),
    ("B6", "look before a write and after it"),
    ("B7", "one port, one service: one at a time, in order"),
    ("B8", "superseded without a call"),
    ("B9", "the project's rules, and what overrides them"),
    ("B10", "each port shows its transmission"),
    ("B11", "what a cancellation leaves behind"),
    ("V1", "a place, or an address where the platform geocodes"),
    ("V2", "the platform first, then HubSoft's own search"),
    ("V3", "the local search, nearest first"),
    ("V4", "three answers, never two"),
    ("V5", "the platform gets a deadline"),
    ("P1", "personal data is masked, looking is recorded"),
    ("P2", "kept for 90 days, then only counts"),
];

/// Rules about what happens on the platform: a test without one does not prove them there.
const SEEN_THERE: [&str; 16] =
    ["D1", "D4", "D5", "S2", "S3", "S4", "S5", "S10", "B2", "B3", "B4", "B6", "B11", "V2", "V4", "P1"];

/// What does not apply, and why.
const NOT_APPLICABLE: [(&str, &str, &str); 6] = [
    ("D5", "Geosite", "its API knows no projects; `nome_projeto` is a parameter of OZMap alone"),
    ("D5", "GeoGrid", "its API knows no projects; `nome_projeto` is a parameter of OZMap alone"),
    ("B11", "GeoGrid", "a customer has no home there: the record stays, and there is nothing to choose"),
    ("V2", "GeoGrid", "not asked (V1): its project gets the local search"),
    ("V4", "GeoGrid", "not asked (V1), so that it cannot fail to be asked"),
    ("V5", "GeoGrid", "not asked (V1): there is nobody to wait for"),
];

/// Holes that are known and being filled. Whoever fills one takes it off.
const STILL_OPEN: &[(&str, &str)] = &[];

/// What proves a rule on a platform.
fn proofs<'t>(tests: &'t [Test], rule: &str, platform: &str) -> Vec<&'t Test> {
    let of_rule = tests.iter().filter(|test| test.rules.iter().any(|of| of == rule));
    of_rule.filter(|test| test.platforms.iter().any(|on| on == platform)).collect()
}

/// Whether these tests are enough there.
fn proved(tests: &[Test], rule: &str, platform: &str) -> bool {
    let here = proofs(tests, rule, platform);
    here.iter().any(|test| !test.everywhere) || (!here.is_empty() && !SEEN_THERE.contains(&rule))
}

fn not_applicable(rule: &str, column: &str) -> Option<&'static str> {
    NOT_APPLICABLE.iter().find(|(of, on, _)| *of == rule && *on == column).map(|(.., why)| *why)
}

fn is_open(rule: &str, column: &str) -> bool {
    STILL_OPEN.iter().any(|(of, on)| *of == rule && *on == column)
}

fn cell<'t>(tests: impl Iterator<Item = &'t Test>) -> String {
    let mut of_file = BTreeMap::<&str, Vec<&str>>::new();
    for test in tests {
        of_file.entry(&test.file).or_default().push(&test.name);
    }
    let files = of_file.iter().map(|(file, names)| format!("{file}: `{}`", names.join("`, `")));
    files.collect::<Vec<_>>().join("<br>")
}

/// The page.
fn page(tests: &[Test]) -> String {
    let mut page = String::from(
        "# Which test proves which rule, on which platform\n\n\
         Made by `tests/rules.rs` from the tests' names; written anew with\n\
         `ENLACE_BLESS=1 cargo test -p enlace --test enlace rules::`. A test in *every platform* runs code that knows none, or\n\
         all three.\n\n\
         | rule | every platform | OZMap | Geosite | GeoGrid |\n| --- | --- | --- | --- | --- |\n",
    );
    for (rule, about) in RULES {
        let everywhere = tests.iter().filter(|test| test.everywhere && test.rules.iter().any(|of| of == rule));
        let columns = PLATFORMS.map(|(column, platform)| {
            let proofs = cell(proofs(tests, rule, platform).into_iter().filter(|test| !test.everywhere));
            match not_applicable(rule, column) {
                Some(why) => format!("*not applicable*: {why}"),
                None if is_open(rule, column) => format!("*still open* {proofs}"),
                None if proofs.is_empty() => "as on every platform".to_owned(),
                None => proofs,
            }
        });
        page += &format!("| **{rule}** {about} | {} | {} |\n", cell(everywhere), columns.join(" | "));
    }
    page
}

#[test]
fn rules_md_is_current() {
    let file = tree::root().join("tests/rules.md");
    let current = page(&tests());
    if std::env::var_os("ENLACE_BLESS").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap_or_default() == current,
        "tests/rules.md is not what the tests say; write it anew with\n\
         ENLACE_BLESS=1 cargo test -p enlace --test enlace rules::"
    );
}

#[test]
fn every_rule_is_proved_on_every_platform_or_said_not_to_apply() {
    let tests = tests();
    let known: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
    for test in &tests {
        let unknown = test.rules.iter().find(|rule| !known.contains(&rule.as_str()));
        assert_eq!(unknown, None, "{} {}: there is no such rule", test.file, test.name);
    }
    let (mut holes, mut stale) = (Vec::new(), Vec::new());
    for (rule, (column, platform)) in RULES.iter().flat_map(|(rule, _)| PLATFORMS.map(|on| (*rule, on))) {
        match (proved(&tests, rule, platform), is_open(rule, column), not_applicable(rule, column).is_some()) {
            (false, false, false) => holes.push((rule, column)),
            (true, true, _) | (_, true, true) => stale.push((rule, column)),
            _ => {}
        }
    }
    assert!(holes.is_empty(), "nothing proves these rules on these platforms: {holes:?}");
    assert!(stale.is_empty(), "said to be open (STILL_OPEN), and no longer are: {stale:?}");
}
