//! The PHP example for HubSoft's developers does what it says, with the rights that HubSoft has.

use std::process::{Command, Output};

use serde_json::{Value, json};
use sqlx::Executor;
use uuid::Uuid;

use crate::support::{Db, tree};

const EXAMPLE: &str = "ops/examples/hubsoft.php";

/// A drawn box with one free port, of this id.
const PORT: i64 = 812;
const DRAWING: &str = "
    insert into mapping.project (id_projeto, nome) values (1, 'Centro');
    insert into mapping.box (id_caixa_optica, id_projeto, nome) values (1, 1, 'CTO-001');
    insert into mapping.splitter (id_splitter, id_caixa_optica, role) values (1, 1, 'attendance');
    insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia) values (812, 1, 1, 0);
";

/// What HubSoft's user may do besides calling enlace: change its own ports.
const HUBSOFTS_OWN: &str = "
    grant usage on schema mapping to enlace_client;
    grant select, update (id_cliente_servico) on mapping.port to enlace_client;
    grant usage on schema hubsoft to enlace_client;
    grant select, update on hubsoft.service_order to enlace_client;
";

async fn hubsoft(rights: &str) -> Db {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    connection.execute(sqlx::AssertSqlSafe(format!("{DRAWING}{rights}"))).await.unwrap();
    db
}

/// Puts a service on the port, by the example.
fn example(db: &Db, service: i64) -> Output {
    run(db, &[&PORT.to_string(), &service.to_string()])
}

/// Runs the example as the role that HubSoft's connections use. It waits for nothing: no worker runs.
fn run(db: &Db, what: &[&str]) -> Output {
    let options = db.options();
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |s| s.to_string_lossy().into_owned());
    let (port, name) = (options.get_port(), options.get_database().unwrap());
    let mut php = Command::new("php");
    php.arg(tree::root().join(EXAMPLE)).args(what).arg("0");
    php.env("DATABASE_DSN", format!("pgsql:host={host};port={port};dbname={name};options='-c role=enlace_client'"));
    php.env("DATABASE_USER", options.get_username());
    let output = php.output().unwrap_or_else(|error| panic!("php: {error}; apt-get install php-cli php-pgsql"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("could not find driver"), "PHP lacks PostgreSQL; apt-get install php-pgsql");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn occupant(db: &Db) -> Option<i64> {
    let port = "select id_cliente_servico from mapping.port where id_porta_atendimento = $1";
    sqlx::query_scalar(port).bind(PORT).fetch_one(&db.pool()).await.unwrap()
}

async fn outbox(db: &Db) -> Vec<(Uuid, String, Value)> {
    sqlx::query_as("select id, kind, payload from enlace.outbox order by seq").fetch_all(&db.pool()).await.unwrap()
}

#[tokio::test]
async fn the_example_changes_the_port_and_starts_the_work_together() {
    let db = hubsoft(HUBSOFTS_OWN).await;
    let output = example(&db, 4411);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let rows = outbox(&db).await;
    let [(id, kind, payload)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (kind.as_str(), payload),
        ("bind", &json!({ "id_porta_atendimento": PORT, "id_cliente_servico": 4411 }))
    );
    assert_eq!(occupant(&db).await, Some(4411));
    let said = text(&output.stdout);
    assert!(said.starts_with(&format!("workflow {id}\nqueued: confirmado pelo HubSoft")), "{said}");
}

#[tokio::test]
async fn b4_b5_the_example_migrates_a_service_and_closes_a_removal_order() {
    let db = hubsoft(HUBSOFTS_OWN).await;
    let rows = "insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada) values (1, 'Recolhimento', true);
        insert into hubsoft.service_order (id_ordem_servico, id_cliente_servico, id_tipo_ordem_servico) values (77, 4412, 1);
        update mapping.port set id_cliente_servico = 4411;";
    db.connection().await.execute(rows).await.unwrap();
    for what in [&["migrate", "812", "4411", "4412"][..], &["retire", "77"]] {
        let output = run(&db, what);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
    let rows: Vec<(String, Value)> = outbox(&db).await.into_iter().map(|(_, kind, payload)| (kind, payload)).collect();
    let migrate =
        json!({ "id_cliente_servico_antigo": 4411, "id_cliente_servico": 4412, "id_porta_atendimento": PORT });
    let retire = json!({ "id_ordem_servico": 77, "id_cliente_servico": 4412, "id_porta_atendimento": PORT });
    assert_eq!(rows, [("migrate".to_owned(), migrate), ("retirement".to_owned(), retire)]);
    let closed =
        "select status || ' ' || status_fechamento from hubsoft.service_order where data_termino_executado is not null";
    let closed: String = sqlx::query_scalar(closed).fetch_one(&db.pool()).await.unwrap();
    assert_eq!((occupant(&db).await, closed.as_str()), (Some(4412), "finalizado concluido"));
    let output = run(&db, &["migrate", "812", "4412", "4412"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).starts_with("enlace refuses id_cliente_servico: must be another"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!((occupant(&db).await, outbox(&db).await.len()), (Some(4412), 2));
}

#[tokio::test]
async fn the_example_names_the_key_that_is_refused_and_leaves_the_port_alone() {
    let db = hubsoft(HUBSOFTS_OWN).await;
    let output = example(&db, 0);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr), "enlace refuses id_cliente_servico: must be a positive whole number\n");
    assert_eq!((occupant(&db).await, outbox(&db).await.len()), (None, 0));
}

#[tokio::test]
async fn the_role_enlace_client_may_not_change_ports_by_itself() {
    let db = hubsoft("").await;
    let output = example(&db, 4411);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!output.status.success() && said.contains("permission denied for schema mapping"), "{said}");
    assert_eq!((occupant(&db).await, outbox(&db).await.len()), (None, 0));
}

/// The blocks of the README in this language.
fn quoted(language: &str) -> Vec<String> {
    let (readme, opening) = (tree::read("README.md"), format!("```{language}\n"));
    readme.split(&opening).skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_readme_quotes_the_example_as_it_is() {
    let example = tree::read(EXAMPLE);
    let quotes = quoted("php");
    assert!(!quotes.is_empty() && quotes.iter().all(|quote| example.contains(quote)), "{quotes:?}");
}

#[tokio::test]
async fn the_readmes_sql_does_what_it_says() {
    let db = hubsoft("").await;
    let [transaction, rights] = &quoted("sql")[..] else { panic!("HubSoft's transaction, and what its user may do") };
    let (role, mut connection) = (format!("hubsoft_{}", std::process::id()), db.connection().await);
    let rights = rights.replace("hubsoft;", &format!("{role};"));
    let as_hubsoft = format!("create role {role}; {rights}; set role {role}; {transaction}; reset role");
    connection.execute(sqlx::AssertSqlSafe(as_hubsoft)).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("drop owned by {role}; drop role {role}"))).await.unwrap();
    assert_eq!((occupant(&db).await, outbox(&db).await.len()), (Some(4411), 1));
}
