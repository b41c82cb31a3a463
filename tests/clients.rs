//! The API as programs of others meet it: a generator of odd requests finds nothing, and a client that was generated from the
//! document works. Both are Python's, and ask the real program over HTTP.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{
    Db, Folder, Process,
    isp::{Isp, KEY},
    python, tree,
};

/// A program beside the interpreter.
fn tool(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python.with_file_name(name));
    // What it calls by name lies beside it.
    let beside = python.parent().unwrap().to_str().unwrap();
    command.env("PATH", [beside, std::env::var("PATH").unwrap_or_default().as_str()].join(":"));
    command.env("NO_COLOR", "1").env("HYPOTHESIS_STORAGE_DIRECTORY", std::env::temp_dir().join("enlace-hypothesis"));
    command
}

#[track_caller]
fn well(output: Output) -> String {
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    said
}

struct Served {
    _process: Process,
    folder: Folder,
    base: String,
    token: String,
}

impl Served {
    /// An API without a worker, and without a limit on how often it is asked.
    async fn on(db: &Db) -> Self {
        let folder = Folder::new();
        let url = db.url();
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("ENLACE_SECRET_KEY", KEY),
            ("ENLACE_API_REQUESTS_PER_SECOND", "0"),
            ("ENLACE_LOG_FILTER", "error"),
        ];
        let mut process = Process::start(folder.path(), &["serve", "--roles", "api"], &variables);
        let base = process.says("api ").await;
        let (_, token) = enlace::tokens::create(&db.pool(), enlace::tokens::Role::Admin, "ana").await.unwrap();
        let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
        Self { _process: process, folder, base, token }
    }
}

/// What is asked is drawn from the document: values that it allows, and values that it does not.
#[tokio::test]
async fn odd_requests_find_nothing() {
    let isp = Isp::new(1).await;
    let served = Served::on(&isp.db).await;
    let python = python::interpreter();
    let mut schemathesis = tool(&python, "st");
    schemathesis.current_dir(served.folder.path()).arg("run").arg(format!("{}/api/v1/openapi.json", served.base));
    schemathesis.args(["--header", &format!("Authorization: Bearer {}", served.token)]);
    // A stream of events has no end, and would be waited for.
    schemathesis.args(["--exclude-path", "/api/v1/events", "--phases", "coverage,fuzzing", "--max-time", "30"]);
    // Which payload a kind takes, which act makes sense, which pattern comes: rules of the domain that no schema can say.
    schemathesis.args(["--exclude-checks", "positive_data_acceptance", "--max-examples", "2", "--seed", "1"]);
    // One at a time: two trip over each other inside of Python.
    schemathesis.args(["--workers", "1", "--generation-database", "none", "--request-timeout", "30", "--no-shrink"]);
    let output = tokio::task::spawn_blocking(move || schemathesis.output().unwrap()).await.unwrap();
    let said = well(output);
    assert!(said.contains("Tested: ") && !said.contains("Failures:") && !said.contains("Errors:"), "{said}");
}

#[tokio::test]
async fn a_client_that_is_generated_from_the_document_starts_a_bind_reads_it_and_meets_a_refusal() {
    let db = Db::new().await;
    let served = Served::on(&db).await;
    let python = python::interpreter();
    let document = enlace::api::described();
    let path = served.folder.path().join("openapi.json");
    std::fs::write(&path, serde_json::to_vec(&document).unwrap()).unwrap();
    let folder = served.folder.path().join("client");
    let mut generator = tool(&python, "openapi-python-client");
    generator.args(["generate", "--meta", "none", "--fail-on-warning", "--path"]).arg(&path);
    generator.arg("--output-path").arg(folder.join("enlace_client"));
    let mut bind = Command::new(&python);
    bind.arg(tree::root().join("tests/clients/bind.py"))
        .arg(&served.base)
        .arg(&served.token)
        .env("PYTHONPATH", &folder);
    let (generated, bound) =
        tokio::task::spawn_blocking(move || (generator.output().unwrap(), bind.output().unwrap())).await.unwrap();
    well(generated);
    let said: Value = serde_json::from_str(&well(bound)).unwrap();
    let sql = "select status from enlace.status($1)";
    let id: uuid::Uuid = said["id"].as_str().unwrap().parse().unwrap();
    let status: String = sqlx::query_scalar(sql).bind(id).fetch_one(&db.pool()).await.unwrap();
    assert_eq!((said["status"].as_str(), status.as_str()), (Some("queued"), "queued"));
    assert_eq!((&said["refused"], said["field"].as_str()), (&Value::from(422), Some("id_cliente_servico")));
}
