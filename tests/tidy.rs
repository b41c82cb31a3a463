//! The house rules, as far as a machine can hold them.

mod arrows;
mod words;

use std::path::Path;

use crate::support::tree;
use words::words;

/// The product's own sources: what is not a test, a benchmark or a simulator, which have rules of their own.
fn product() -> Vec<String> {
    let ours = |file: &String| {
        let apart = ["tests/", "src/bench/", "src/simulators/"];
        !apart.iter().any(|folder| file.starts_with(folder)) && !file.ends_with("_tests.rs")
    };
    tree::files(&[".rs"]).into_iter().filter(ours).collect()
}

fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn every_source_says_first_what_is_in_the_room() {
    let silent = |file: &String| !tree::read(file).starts_with("//! ");
    let wrong: Vec<String> = tree::files(&[".rs"]).into_iter().filter(silent).collect();
    none(&wrong, "files open with //!");
}

#[test]
fn no_source_is_too_long_to_be_read() {
    let mut sizes: Vec<(usize, String)> =
        tree::files(&[".rs"]).into_iter().map(|file| (tree::read(&file).lines().count(), file)).collect();
    sizes.sort();
    let long =
        |over: usize| sizes.iter().filter(move |(lines, _)| *lines > over).map(|(n, file)| format!("{file}: {n}"));
    long(400).for_each(|file| println!("over 400 lines: {file}"));
    none(&long(500).collect::<Vec<_>>(), "no file has more than 500 lines");
    let median = sizes[sizes.len() / 2].0;
    assert!((60..=200).contains(&median), "half of the files have {median} lines or more");
}

/// Whether a text reads like a statement.
fn is_sql(text: &str) -> bool {
    let text = text.trim_start().to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|words| text.starts_with(words));
    begins(&["select ", "insert into ", "delete from ", "truncate ", "lock table ", "listen ", "set local "])
        || begins(&["create table ", "create schema ", "create database ", "create or replace ", "create index "])
        || begins(&["drop table ", "drop schema ", "drop database ", "alter table ", "alter database "])
        || (begins(&["update "]) && text.contains(" set "))
        || (begins(&["with "]) && text.contains(" as ("))
}

#[test]
fn sql_stands_in_files_of_its_own() {
    let mut wrong = Vec::new();
    for file in product().into_iter().filter(|file| file.ends_with(".rs")) {
        let strings = words(&tree::read(&file)).strings;
        wrong.extend(
            strings.iter().filter(|(_, text)| is_sql(text)).map(|(line, text)| format!("{file}:{line}: {text}")),
        );
    }
    none(&wrong, "a statement stands in a file under sql/");
    assert!(is_sql("SELECT 1") && is_sql("\n update x\n set y = 1") && !is_sql("update the row"));
}

/// Reads of clocks and of the environment, and sleeps.
const OUTSIDE: &[&str] = &["Instant::now", "SystemTime::now", "Utc::now", "Local::now", "sleep(", "env::"];

/// Where such reads are, and why there.
const READERS: &[(&str, &str)] = &[
    ("src/engine/clock.rs", "the engine's one door to time"),
    ("src/postgres/server.rs", "waits for a Postgres process of ours to come up and to go down"),
    ("src/postgres/home.rs", "asks for the system's folder for temporary files"),
    ("src/postgres/installation.rs", "searches PATH for Postgres' programs"),
    ("src/platforms/http/mod.rs", "deadlines and lengths of calls; this crate knows no engine"),
    ("src/platforms/http/outcome.rs", "a Retry-After that is a date, from a server that shows none"),
    ("src/cli/mod.rs", "reads the environment once, for the settings"),
];

/// Whether a line of code reads a clock or the environment, or sleeps by itself.
fn reads_outside(line: &str) -> bool {
    OUTSIDE.iter().any(|what| {
        line.match_indices(what).any(|(at, _)| {
            let before = &line[..at];
            // Part of another name; the engine's own sleep.
            let other = before.ends_with(|c: char| c.is_alphanumeric() || c == '_') || before.ends_with("clock::");
            !other
        })
    })
}

#[test]
fn time_and_the_environment_enter_at_one_place_each() {
    let mut wrong = Vec::new();
    let mut readers = Vec::new();
    for file in product() {
        let code = words(&tree::read(&file)).code;
        let found: Vec<(usize, &str)> = code.lines().enumerate().filter(|(_, line)| reads_outside(line)).collect();
        if READERS.iter().any(|(reader, _)| *reader == file) {
            readers.extend((!found.is_empty()).then(|| file.clone()));
        } else {
            wrong.extend(found.iter().map(|(n, line)| format!("{file}:{}: {}", n + 1, line.trim())));
        }
    }
    none(&wrong, "clocks, sleeps and the environment");
    let idle = READERS.iter().filter(|(reader, _)| !readers.iter().any(|file| file == reader));
    none(&idle.map(|(reader, _)| (*reader).to_owned()).collect::<Vec<_>>(), "excepted, and no longer needs to be");
}

/// A migration's lines, those inside of functions left out: how many there are, and how many say why.
fn declared(migration: &str) -> (usize, usize) {
    let (mut lines, mut why, mut inside) = (0, 0, false);
    for line in migration.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let turns = line.matches("$$").count() % 2 == 1;
        if !inside {
            lines += 1;
            why += usize::from(line.starts_with("--") || line.starts_with("comment on "));
        }
        inside ^= turns;
    }
    (lines, why)
}

#[test]
fn migrations_are_the_best_commented_files() {
    let migrations: Vec<String> = tree::files(&[".sql"]).into_iter().filter(|f| f.starts_with("migrations/")).collect();
    let counts: Vec<(usize, usize)> = migrations.iter().map(|file| declared(&tree::read(file))).collect();
    let (lines, why) = counts.iter().fold((0, 0), |(a, b), (lines, why)| (a + lines, b + why));
    let shares: Vec<String> =
        migrations.iter().zip(&counts).map(|(file, (n, why))| format!("{file}: {why} of {n}")).collect();
    assert!(why * 10 >= lines * 4, "fewer than 40 % of the migrations' lines say why:\n{}", shares.join("\n"));
}

#[test]
fn nothing_names_this_machine_or_a_registry() {
    let root = tree::root().to_string_lossy().into_owned();
    let hosts = [
        concat!("crates", ".io"),
        concat!("registry.npm", "js.org"),
        concat!("pypi", ".org"),
        concat!("deb.debian", ".org"),
        concat!("proxy.golang", ".org"),
    ];
    let mut wrong = Vec::new();
    for file in tree::files(&[]) {
        for (n, line) in tree::read(&file).lines().enumerate() {
            // Cargo writes where a crate comes from, the same on every machine.
            let source = file == "Cargo.lock" && line.starts_with("source = \"registry+https://github.com/");
            let host = hosts.iter().any(|host| line.contains(host)) && !source;
            if host || (root.len() > 5 && line.contains(&root)) {
                wrong.push(format!("{file}:{}: {line}", n + 1));
            }
        }
    }
    none(&wrong, "paths of this machine and hosts of registries");
}

#[test]
fn lock_files_of_npm_name_no_host() {
    for file in tree::files(&["package-lock.json"]) {
        assert!(!tree::read(&file).contains("\"resolved\""), "{file}: take out the lines \"resolved\"");
    }
}

/// The map in the README: the lines of its block that begins with the workspace's manifest.
fn map() -> Vec<String> {
    let readme = tree::read("README.md");
    let map = readme.split("```text\n").find(|block| block.starts_with("Cargo.toml")).unwrap_or_default();
    map.split("```").next().unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn the_readme_shows_every_folder_and_every_folder_that_it_shows_is_there() {
    let (mut shown, mut above) = (Vec::new(), String::new());
    for line in map() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if !name.ends_with('/') {
            continue;
        }
        match line.starts_with(' ') {
            false => above = name.to_owned(),
            true => assert!(!above.is_empty(), "{line}"),
        }
        shown.push(if line.starts_with(' ') { format!("{above}{name}") } else { name.to_owned() });
    }
    let gone: Vec<String> = shown.iter().filter(|folder| !tree::root().join(folder).is_dir()).cloned().collect();
    none(&gone, "on the README's map, and not there");
    let mut folders: Vec<String> = tree::files(&[])
        .iter()
        .flat_map(|file| {
            let parts: Vec<&str> = file.split('/').collect();
            let deep = if parts[0] == "src" { 2 } else { 1 };
            (parts.len() > deep).then(|| parts[..deep].iter().map(|part| format!("{part}/")).collect::<String>())
        })
        .filter(|folder| Path::new(folder) != Path::new(".ci/"))
        .collect();
    folders.dedup();
    let missing: Vec<String> = folders.into_iter().filter(|folder| !shown.contains(folder)).collect();
    none(&missing, "there, and not on the README's map");
}
