//! The database's schema: the numbered files of `migrations/`, compiled in, and how they are applied.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};
use sqlx::{PgConnection, SqlSafeStr};

/// The schema in which the list of applied migrations is kept, with all else that is the engine's.
const SCHEMA: &str = "enlace";

/// The list of applied migrations.
const TABLE: &str = "enlace.migration";

/// Every migration: the name of its file, and its text. A test compares the list with the folder.
pub const FILES: &[(&str, &str)] = &[
    ("0001_enlace.sql", include_str!("../../migrations/0001_enlace.sql")),
    ("0002_mapping_and_hubsoft.sql", include_str!("../../migrations/0002_mapping_and_hubsoft.sql")),
    ("0003_contract.sql", include_str!("../../migrations/0003_contract.sql")),
    ("0004_desk.sql", include_str!("../../migrations/0004_desk.sql")),
    ("0005_enqueue.sql", include_str!("../../migrations/0005_enqueue.sql")),
    ("0006_upstream.sql", include_str!("../../migrations/0006_upstream.sql")),
    ("0007_acts.sql", include_str!("../../migrations/0007_acts.sql")),
    ("0008_versions.sql", include_str!("../../migrations/0008_versions.sql")),
    ("0009_history.sql", include_str!("../../migrations/0009_history.sql")),
    ("0010_telemetry.sql", include_str!("../../migrations/0010_telemetry.sql")),
    ("0011_enqueue_direct.sql", include_str!("../../migrations/0011_enqueue_direct.sql")),
    ("0012_keys.sql", include_str!("../../migrations/0012_keys.sql")),
    ("0013_explain_hands.sql", include_str!("../../migrations/0013_explain_hands.sql")),
    ("0014_orphans.sql", include_str!("../../migrations/0014_orphans.sql")),
    ("0015_migrate_retirement.sql", include_str!("../../migrations/0015_migrate_retirement.sql")),
    ("0016_viability.sql", include_str!("../../migrations/0016_viability.sql")),
    ("0017_discrepancies.sql", include_str!("../../migrations/0017_discrepancies.sql")),
    ("0018_people.sql", include_str!("../../migrations/0018_people.sql")),
    ("0019_sessions.sql", include_str!("../../migrations/0019_sessions.sql")),
    ("0020_requests.sql", include_str!("../../migrations/0020_requests.sql")),
    ("0021_search.sql", include_str!("../../migrations/0021_search.sql")),
    ("0022_calls.sql", include_str!("../../migrations/0022_calls.sql")),
    ("0023_unfinished.sql", include_str!("../../migrations/0023_unfinished.sql")),
    ("0024_trail.sql", include_str!("../../migrations/0024_trail.sql")),
    ("0025_outside.sql", include_str!("../../migrations/0025_outside.sql")),
    ("0026_slow_rates.sql", include_str!("../../migrations/0026_slow_rates.sql")),
    ("0027_not_held.sql", include_str!("../../migrations/0027_not_held.sql")),
    ("0028_no_statistics.sql", include_str!("../../migrations/0028_no_statistics.sql")),
    ("0029_shown.sql", include_str!("../../migrations/0029_shown.sql")),
];

/// Why the schema is not, or does not become, what this build needs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Migrations are missing, and nobody asked for them to be applied.
    #[error("the database lacks {}: run `enlace migrate`", .0.join(", "))]
    Missing(Vec<String>),
    /// A migration was applied in another form than the one compiled in.
    #[error("migration {0} was changed after this database applied it: a migration is never edited, write a new one")]
    Changed(String),
    /// A migration outside of a transaction stopped halfway.
    #[error("migration {0} stopped halfway the last time: mend the database by hand, then delete its row from {TABLE}")]
    Halfway(i64),
    /// A migration failed; where it ran in a transaction, nothing of it remains.
    #[error("migration {name}: {source}")]
    Failed {
        /// Which one.
        name: String,
        /// What the database says.
        source: MigrateError,
    },
    /// The list of applied migrations could not be read.
    #[error("reading which migrations were applied: {0}")]
    Unreadable(#[from] MigrateError),
}

/// A migration that has just been applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The name of its file, without the ending.
    pub name: String,
    /// How long it took.
    pub took: Duration,
}

/// Fails with [`Error::Missing`] where migrations are to be applied. A database that is ahead of this build is fine: what
/// newer builds add, older ones do without (`migrations/README.md`). Only reads.
pub async fn check(connection: &mut PgConnection) -> Result<(), Error> {
    let missing = missing(connection).await?;
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing(missing.iter().map(name).collect())) }
}

/// Applies what is missing, in order, telling of each. Two processes at once take turns.
pub async fn apply(connection: &mut PgConnection, mut tell: impl FnMut(Applied)) -> Result<(), Error> {
    connection.lock().await?;
    let outcome = apply_missing(connection, &mut tell).await;
    connection.unlock().await?;
    outcome
}

async fn apply_missing(connection: &mut PgConnection, tell: &mut impl FnMut(Applied)) -> Result<(), Error> {
    if !list_exists(connection).await? {
        connection.create_schema_if_not_exists(SCHEMA).await?;
        connection.ensure_migrations_table(TABLE).await?;
    }
    for migration in missing(connection).await? {
        let failed = |source| Error::Failed { name: name(&migration), source };
        let took = connection.apply(TABLE, &migration).await.map_err(failed)?;
        tell(Applied { name: name(&migration), took });
    }
    Ok(())
}

async fn missing(connection: &mut PgConnection) -> Result<Vec<Migration>, Error> {
    if !list_exists(connection).await? {
        return Ok(all());
    }
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(Error::Halfway(version));
    }
    let applied = connection.list_applied_migrations(TABLE).await?.into_iter();
    unapplied(all(), &applied.map(|AppliedMigration { version, checksum }| (version, checksum)).collect())
}

async fn list_exists(connection: &mut PgConnection) -> Result<bool, Error> {
    let exists = sqlx::query_scalar(include_str!("sql/list_exists.sql")).fetch_one(connection).await;
    Ok(exists.map_err(MigrateError::Execute)?)
}

fn unapplied(all: Vec<Migration>, applied: &HashMap<i64, Cow<'static, [u8]>>) -> Result<Vec<Migration>, Error> {
    let changed = |one: &&Migration| applied.get(&one.version).is_some_and(|checksum| *checksum != one.checksum);
    if let Some(one) = all.iter().find(changed) {
        return Err(Error::Changed(name(one)));
    }
    Ok(all.into_iter().filter(|one| !applied.contains_key(&one.version)).collect())
}

fn all() -> Vec<Migration> {
    FILES.iter().filter_map(|(file, sql)| migration(file, sql)).collect()
}

/// `0003_some_words.sql` is version 3. A file that must run outside of a transaction (`create index concurrently`) says so
/// in its first line: `-- no-transaction`.
fn migration(file: &str, sql: &'static str) -> Option<Migration> {
    let (version, words) = file.strip_suffix(".sql")?.split_once('_')?;
    let description = Cow::Owned(words.to_owned());
    let alone = sql.starts_with("-- no-transaction");
    Some(Migration::new(version.parse().ok()?, description, MigrationType::Simple, sql.into_sql_str(), alone))
}

fn name(migration: &Migration) -> String {
    format!("{:04}_{}", migration.version, migration.description)
}

/// A short name for exactly this set of migrations, for tests that keep a migrated database.
pub fn fingerprint() -> String {
    let mut digest = Sha256::new();
    for (file, sql) in FILES {
        digest.update(file);
        digest.update(sql);
    }
    digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".sql")).collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|(file, _)| (*file).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn no_file_was_edited_since_it_was_released() {
        let listed = FILES.iter().map(|(file, sql)| {
            let digest: String = Sha256::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{digest}  {file}\n")
        });
        assert_eq!(listed.collect::<String>(), include_str!("../../migrations/SHA256SUMS"));
    }

    #[test]
    fn versions_count_from_one_without_a_gap() {
        let versions: Vec<i64> = all().iter().map(|one| one.version).collect();
        assert_eq!(versions, (1..=FILES.len() as i64).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_applied_in_another_form_is_refused() {
        let one = || vec![migration("0001_first.sql", "select 1").unwrap()];
        let applied = |checksum: &[u8]| HashMap::from([(1, Cow::Owned(checksum.to_vec()))]);
        assert!(matches!(unapplied(one(), &applied(b"other")), Err(Error::Changed(name)) if name == "0001_first"));
        assert!(unapplied(one(), &applied(&one()[0].checksum)).unwrap().is_empty());
        assert_eq!(unapplied(one(), &HashMap::new()).unwrap().len(), 1);
    }

    #[test]
    fn a_file_says_in_its_first_line_that_it_runs_outside_of_a_transaction() {
        assert!(migration("0002_index.sql", "-- no-transaction\nselect 1").unwrap().no_tx);
        assert!(!migration("0002_index.sql", "select 1").unwrap().no_tx);
    }
}
