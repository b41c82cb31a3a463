//! Every SQL file is a statement that Postgres understands on the migrated schema, says what it does, and is used.

use sqlx::{AssertSqlSafe, Executor};

use crate::support::{Db, tree};

/// What Postgres does not prepare, and why.
const NOT_PREPARED: &[(&str, &str)] = &[
    ("src/bench/sql/admit_bench.sql", "makes a function in a benchmark's scratch database"),
    ("src/bench/sql/enqueue_tables.sql", "makes tables in a benchmark's scratch database; several statements"),
    ("src/desk/sql/patience.sql", "sets a parameter of the session"),
    ("src/postgres/sql/create_database.sql", "makes a database"),
];

/// A statement in two files, where two statements have one of them in common.
const CONTINUED: &[(&str, &str)] = &[
    ("src/engine/sql/claim.sql", "src/engine/sql/claimed.sql"),
    ("src/engine/sql/claim_guarded.sql", "src/engine/sql/claimed.sql"),
    ("src/engine/sql/record_steps.sql", "src/engine/sql/record_alone.sql"),
    ("src/engine/sql/record_steps.sql", "src/engine/sql/record_ends.sql"),
];

fn statements() -> Vec<String> {
    tree::files(&[".sql"]).into_iter().filter(|file| file.starts_with("src/")).collect()
}

#[tokio::test]
async fn every_statement_fits_the_schema() {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    // What the benchmarks measure against.
    connection.execute(AssertSqlSafe(tree::read("src/bench/sql/enqueue_tables.sql"))).await.unwrap();
    let mut wrong = Vec::new();
    let files = statements();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let alone = |file: &&String| {
        NOT_PREPARED.iter().all(|(excepted, _)| excepted != file) && CONTINUED.iter().all(|(_, second)| second != file)
    };
    for file in files.iter().filter(alone) {
        let continued = CONTINUED.iter().filter(|(first, _)| first == file);
        let seconds: Vec<String> = continued.map(|(_, second)| tree::read(second)).collect();
        for second in if seconds.is_empty() { vec![String::new()] } else { seconds } {
            let prepare = format!("prepare statement as {}{second}", tree::read(file));
            match connection.execute(AssertSqlSafe(prepare)).await {
                Ok(_) => drop(connection.execute("deallocate statement").await.unwrap()),
                Err(error) => wrong.push(format!("{file}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_statement_says_first_what_it_does() {
    for file in statements() {
        let first = tree::read(&file).lines().next().unwrap_or_default().to_owned();
        assert!(first.starts_with("-- ") && first.len() > 12, "{file} begins with {first:?}");
    }
}

/// A statement that nothing loads is dead; a file is loaded by the Rust file beside its `sql/` folder, or below that.
#[test]
fn every_statement_is_used() {
    let sources: Vec<(String, String)> =
        tree::files(&[".rs"]).into_iter().map(|file| (file.clone(), tree::read(&file))).collect();
    for file in statements() {
        let (folder, name) = file.split_once("sql/").unwrap();
        let loads = |(source, text): &&(String, String)| {
            source.starts_with(folder)
                && ["", "../"].iter().any(|up| text.contains(&format!("include_str!(\"{up}sql/{name}\")")))
        };
        assert!(sources.iter().any(|source| loads(&source)), "{file} is not loaded by anything");
    }
    for (file, _) in NOT_PREPARED {
        assert!(statements().iter().any(|statement| statement == file), "{file} is excepted and not there");
    }
}
