//! Which crate may know which (README, *The map*). Cargo refuses circles; this refuses the rest.

use toml::Table;

use crate::support::tree;

const OURS: &[&str] = &["engine", "mapping", "platforms", "simulators", "workflows"];

/// What a crate of ours depends on outside of its tests.
fn dependencies(file: &str) -> Vec<String> {
    let manifest: Table = tree::read(file).parse().unwrap();
    let table = |name: &str| manifest.get(name).and_then(|t| t.as_table()).cloned().unwrap_or_default();
    let names = [table("dependencies"), table("build-dependencies")];
    names.iter().flat_map(|table| table.keys().cloned()).collect()
}

fn ours(file: &str) -> Vec<String> {
    dependencies(file).into_iter().filter(|name| OURS.contains(&name.as_str())).collect()
}

#[test]
fn crates_know_only_those_that_the_map_allows() {
    for (file, allowed) in [
        ("src/engine/Cargo.toml", &[][..]),
        ("src/platforms/Cargo.toml", &[]),
        ("src/simulators/Cargo.toml", &[]),
        ("src/mapping/Cargo.toml", &["platforms"]),
        ("workflows/Cargo.toml", &["engine", "mapping", "platforms"]),
        ("Cargo.toml", OURS),
    ] {
        let mut known = ours(file);
        known.sort();
        assert_eq!(known, allowed, "{file}");
    }
    let manifests = tree::files(&["Cargo.toml"]);
    assert_eq!(manifests.len(), OURS.len() + 1, "a crate that this test does not know: {manifests:?}");
}

#[test]
fn operations_reach_neither_sql_nor_the_network() {
    for name in dependencies("workflows/Cargo.toml") {
        let reaches = ["sqlx", "sea-query", "reqwest", "hyper", "tokio", "axum"].contains(&name.as_str());
        assert!(!reaches, "workflows/ depends on {name}");
    }
}

#[test]
fn crates_take_their_dependencies_from_the_workspace() {
    for file in tree::files(&["Cargo.toml"]) {
        let manifest: Table = tree::read(&file).parse().unwrap();
        for (name, how) in manifest.get("dependencies").and_then(|t| t.as_table()).into_iter().flatten() {
            assert_eq!(how.get("workspace").and_then(toml::Value::as_bool), Some(true), "{file}: {name}");
        }
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{file}: the lints are the workspace's");
    }
}
