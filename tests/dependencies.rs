//! Dependencies: their licences, the crates that are not wanted, where they come from, and what is known against them.
//!
//! The rules are in `ops/deny.toml` and `ops/advisories.toml`.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Known {
    as_of: String,
    advisory: Vec<Advisory>,
}

#[derive(Deserialize)]
struct Advisory {
    #[serde(rename = "crate")]
    name: String,
    id: String,
    before: Option<String>,
    about: String,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

/// A crate, as the lock file or `cargo metadata` tells of it.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    toml::from_str(&text).unwrap()
}

/// What is built on this machine. The lock file also names crates of other systems, which are never fetched here.
fn built() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["metadata", "--locked", "--format-version", "1"]);
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = cargo.args(["--filter-platform", &host]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

/// Whether a licence expression (SPDX; older crates write `/` for `OR`) can be met with the allowed ones alone.
fn fits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any_of(&words, allowed);
    assert!(rest.is_empty(), "{expression} cannot be read");
    met
}

fn any_of<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all_of(words, allowed);
    while let ["OR", more @ ..] = rest {
        let (other, after) = all_of(more, allowed);
        (met, rest) = (met || other, after);
    }
    (met, rest)
}

fn all_of<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = one(words, allowed);
    while let ["AND", more @ ..] = rest {
        let (other, after) = one(more, allowed);
        (met, rest) = (met && other, after);
    }
    (met, rest)
}

fn one<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner, allowed) {
            (met, [")", rest @ ..]) => (met, rest),
            (_, rest) => (false, rest),
        },
        [name, "WITH", exception, rest @ ..] => (allowed.contains(&format!("{name} WITH {exception}")), rest),
        [name, rest @ ..] => (allowed.contains(&(*name).to_owned()), rest),
        [] => (false, words),
    }
}

/// `1.0.104` and `0.9.12+spec` as numbers that compare. A pre-release counts as its release: near enough for this list.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map(|part| part.parse().unwrap()).collect()
}

#[test]
fn every_licence_is_one_that_we_allow() {
    let allowed = read::<Rules>("ops/deny.toml").licenses.allow;
    let wrong = |package: &&Package| !package.license.as_deref().is_some_and(|licence| fits(licence, &allowed));
    let packages = built();
    let wrong: Vec<_> = packages.iter().filter(wrong).map(|package| (&package.name, &package.license)).collect();
    assert!(packages.len() > 100 && wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_crate_is_a_banned_one() {
    let banned = read::<Rules>("ops/deny.toml").bans.deny;
    for package in read::<Lock>("Cargo.lock").package {
        let ban = banned.iter().find(|ban| ban.name == package.name);
        assert!(ban.is_none(), "{} is banned: {}", package.name, ban.unwrap().reason);
    }
}

#[test]
fn every_crate_comes_from_the_registry_or_is_ours() {
    for package in read::<Lock>("Cargo.lock").package {
        let source = package.source.unwrap_or_default();
        assert!(source.is_empty() || source.starts_with("registry+"), "{} comes from {source}", package.name);
    }
}

#[test]
fn no_crate_has_an_advisory_that_we_know_of() {
    let known = read::<Known>("ops/advisories.toml");
    for package in read::<Lock>("Cargo.lock").package {
        let concerns = |advisory: &&Advisory| {
            let unmended = |before: &String| numbers(&package.version) < numbers(before);
            advisory.name == package.name && advisory.before.as_ref().is_none_or(unmended)
        };
        if let Some(Advisory { id, about, .. }) = known.advisory.iter().find(concerns) {
            panic!("{} {}: {id}, {about} (list of {})", package.name, package.version, known.as_of);
        }
    }
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT".to_owned(), "Zlib".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()];
    let met = ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND Zlib", "Apache-2.0 WITH LLVM-exception"];
    let unmet = ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR Zlib) AND GPL-3.0", ""];
    met.iter().for_each(|expression| assert!(fits(expression, &allowed), "{expression}"));
    unmet.iter().for_each(|expression| assert!(!fits(expression, &allowed), "{expression}"));
}

#[test]
fn versions_compare_by_number() {
    assert!(numbers("1.0.9") < numbers("1.0.103"));
    assert_eq!(numbers("0.9.12+spec-1.1.0"), [0, 9, 12]);
}
