//! Settings: what is given where, and what is refused in which words.

use enlace::settings::{Origin, Role, Settings, Sources, secret_key, zone_data};
use secrecy::ExposeSecret;

use crate::support::{Folder, Process};

fn variables(pairs: &[(&str, &str)]) -> Sources {
    let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { variables, ..Sources::default() }
}

fn refusal(sources: &Sources) -> String {
    Settings::load(sources).unwrap_err().to_string()
}

#[test]
fn nothing_given_is_every_default() {
    let settings = Settings::load(&Sources::default()).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.ops_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(settings.data_dir, std::path::Path::new("./data"));
    assert_eq!(settings.worker.lease_seconds, 8);
    assert!(!settings.allow_private_upstreams);
    assert!([Role::Worker, Role::Api, Role::Scheduler].iter().all(|role| settings.roles.contains(*role)));
    assert!(settings.entries.iter().all(|entry| entry.origin == Origin::Default));
}

#[test]
fn flags_count_before_the_environment_and_that_before_the_file() {
    let folder = Folder::new();
    let file = folder.path().join("enlace.toml");
    std::fs::write(
        &file,
        "roles = ['api', 'worker']\n[worker]\nlease_seconds = 20\nin_flight = 5\npoll_milliseconds = 100",
    )
    .unwrap();
    let mut sources = variables(&[("ENLACE_WORKER_LEASE_SECONDS", "30"), ("ENLACE_WORKER_IN_FLIGHT", "6")]);
    sources.file = Some(file.clone());
    sources.flags = vec![("worker.lease_seconds".to_owned(), "40".to_owned(), "--set".to_owned())];
    let settings = Settings::load(&sources).unwrap();
    let worker = settings.worker;
    assert_eq!((worker.lease_seconds, worker.in_flight, worker.poll_milliseconds), (40, 6, 100));
    assert_eq!(settings.roles.to_string(), "worker,api");
    let origin = |name| settings.entries.iter().find(|entry| entry.key.name == name).unwrap().origin.clone();
    assert_eq!(origin("worker.lease_seconds"), Origin::Flag("--set".to_owned()));
    assert_eq!(origin("worker.in_flight"), Origin::Variable("ENLACE_WORKER_IN_FLIGHT".to_owned()));
    assert_eq!(origin("worker.poll_milliseconds"), Origin::File(file));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    assert_eq!(
        refusal(&variables(&[("ENLACE_LISTN", "x")])),
        "unknown environment variable ENLACE_LISTN; did you mean ENLACE_LISTEN?"
    );
    let folder = Folder::new();
    let file = folder.path().join("enlace.toml");
    std::fs::write(&file, "[worker]\nlease_second = 3").unwrap();
    let said = refusal(&Sources { file: Some(file), ..Sources::default() });
    assert!(said.contains("\"worker.lease_second\"") && said.contains("\"worker.lease_seconds\""), "{said}");
}

#[test]
fn what_other_programs_call_their_variables_is_no_business_of_ours() {
    assert!(Settings::load(&variables(&[("LISTEN", "x"), ("PATH", "y")])).is_ok());
}

#[test]
fn an_empty_variable_unsets() {
    let settings = Settings::load(&variables(&[("DATABASE_URL", "")])).unwrap();
    assert!(settings.database_url.is_none());
    assert!(refusal(&variables(&[("ENLACE_LISTEN", "")])).contains("may not be empty"));
}

#[test]
fn a_value_that_does_not_fit_names_its_setting_and_who_gave_it() {
    let cases = [
        ("ENLACE_LISTEN", "8080", "setting listen (environment ENLACE_LISTEN)"),
        ("ENLACE_ROLES", "worker,apy", "did you mean \"api\"?"),
        ("ENLACE_WORKER_IN_FLIGHT", "0", "from 1 to 10000"),
        ("ENLACE_LOG_FORMAT", "jsn", "did you mean \"json\"?"),
        ("ENLACE_LOG_FILTER", "a=b=c", "setting log.filter"),
        ("DATABASE_URL", "mysql://x", "must begin with postgres://"),
        ("ENLACE_SECRET_KEY", "short", "openssl rand -base64 32"),
        ("ENLACE_OTLP_ENDPOINT", "ftp://x", "http://"),
    ];
    for (name, value, words) in cases {
        let said = refusal(&variables(&[(name, value)]));
        assert!(said.contains(words) && said.contains(name), "{name}={value}: {said}");
    }
}

#[test]
fn secrets_are_in_no_message_and_in_no_debug_form() {
    let key = "0f".repeat(32);
    let given = [
        ("DATABASE_URL", "postgres://u:hush@h/d"),
        ("ENLACE_OTLP_ENDPOINT", "http://collector:4318"),
        ("ENLACE_OTLP_HEADERS", "authorization=hush"),
        ("ENLACE_SECRET_KEY", key.as_str()),
    ];
    let settings = format!("{:?}", Settings::load(&variables(&given)).unwrap());
    assert!(!settings.contains("hush") && !settings.contains(&key), "{settings}");
    let folder = Folder::new();
    let file = folder.path().join("enlace.toml");
    std::fs::write(&file, "secret_key = \"hush\ndatabase_url = \"").unwrap();
    let said = refusal(&Sources { file: Some(file), ..Sources::default() });
    assert!(said.contains("line 1") && !said.contains("hush"), "{said}");
}

#[test]
fn the_key_for_credentials_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let data = folder.path().join("new/data");
    let settings = Settings::load(&variables(&[("ENLACE_DATA_DIR", data.to_str().unwrap())])).unwrap();
    let first = secret_key::load(&settings).unwrap();
    let again = secret_key::load(&settings).unwrap();
    assert_eq!(first.expose_secret(), again.expose_secret());
    assert_ne!(first.expose_secret(), &[0; 32]);
    let mode = std::fs::metadata(data.join(secret_key::FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
}

#[test]
fn a_key_file_that_was_damaged_is_refused_and_kept() {
    let folder = Folder::new();
    let file = folder.path().join(secret_key::FILE);
    std::fs::write(&file, "half a k").unwrap();
    let settings = Settings::load(&variables(&[("ENLACE_DATA_DIR", folder.path().to_str().unwrap())])).unwrap();
    let said = secret_key::load(&settings).unwrap_err().to_string();
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "half a k");
}

#[tokio::test]
async fn config_prints_where_values_came_from_with_secrets_masked() {
    let folder = Folder::new();
    let given = [("DATABASE_URL", "postgres://u:hush@h/d"), ("ENLACE_OTLP_HEADERS", "authorization=hush")];
    for arguments in [&["config"][..], &["config", "--json"]] {
        let output = Process::output(folder.path(), arguments, &given).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert!(said.contains("postgres://u:***@h/d") && said.contains("environment DATABASE_URL"), "{said}");
        assert!(said.contains("zone") && !said.contains("hush"), "{said}");
    }
}

#[test]
fn the_zone_data_in_use_is_told() {
    let told = zone_data();
    assert!(told == "compiled in" || told.starts_with("the system's: /"), "{told}");
}

#[test]
fn g9_the_zones_are_there_without_the_systems() {
    let bundled = jiff::tz::TimeZoneDatabase::bundled();
    let winter = jiff::civil::date(2026, 7, 1).at(4, 0, 0, 0);
    for (zone, offset) in [("America/Sao_Paulo", -3), ("America/Rio_Branco", -5), ("America/Noronha", -2)] {
        let zone = bundled.get(zone).unwrap();
        assert_eq!(zone.to_ambiguous_zoned(winter).compatible().unwrap().offset().seconds(), offset * 3600);
    }
}
