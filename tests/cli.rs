//! The terminal: the same things as over HTTP, from the real program, on the database itself.

use serde_json::{Value, json};

use crate::console::network::city;
use crate::support::{Db, Folder, Process};

/// What a command said and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn well(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.well()).unwrap()
    }
}

async fn enlace(db: &Db, folder: &Folder, arguments: &[&str]) -> Said {
    let url = db.url();
    let variables = [("DATABASE_URL", url.as_str()), ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true")];
    let output = Process::output(folder.path(), arguments, &variables).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

const CREATE: &[&str] = &[
    "integrations",
    "create",
    "--platform",
    "geogrid",
    "--name",
    "GeoGrid Centro",
    "--param",
    "api_url=http://127.0.0.1:1",
];

async fn integration(db: &Db, folder: &Folder) -> String {
    let token = folder.path().join("token");
    std::fs::write(&token, "t0k3n-secreto\n").unwrap();
    let token = format!("token=@{}", token.display());
    let rest = ["--param", &token, "--elements", "box,splitter", "--new-project", "Centro", "--json"];
    let created = enlace(db, folder, &[CREATE, &rest].concat()).await.json();
    assert_eq!((&created["elements"], &created["project"]["nome"]), (&json!(["box", "splitter"]), &json!("Centro")));
    created["id"].to_string()
}

#[tokio::test]
async fn workflows_are_started_listed_shown_and_called_off() {
    let (db, folder) = (Db::new().await, Folder::new());
    let payload = r#"{"id_porta_atendimento": 812, "id_cliente_servico": 4411}"#;
    let start = ["workflows", "start", "bind", payload, "--dedup-id", "4411"];
    let started = enlace(&db, &folder, &[&start[..], &["--json"]].concat()).await.json();
    let id = started["id"].as_str().unwrap();
    let listed = enlace(&db, &folder, &["workflows", "list"]).await.well();
    assert!(listed.contains(id) && listed.contains("port:812"), "{listed}");
    assert!(listed.contains("confirmado pelo HubSoft"), "Portuguese first: {listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 100), "{listed}");
    let english = enlace(&db, &folder, &["workflows", "list", "--lang", "en"]).await.well();
    assert!(english.contains("committed by HubSoft"), "{english}");
    let none = enlace(&db, &folder, &["workflows", "list", "--port", "813", "--json"]).await.json();
    assert_eq!(none, json!({ "items": [], "next": null }));
    let shown = enlace(&db, &folder, &["workflows", "show", id]).await.well();
    assert!(shown.contains("id_cliente_servico") && shown.contains("queued"), "{shown}");
    take_in(&db).await;
    let reason = ["--reason", "cliente desistiu"];
    let said = enlace(&db, &folder, &[&["workflows", "cancel", id], &reason[..]].concat()).await.well();
    assert_eq!(said, format!("cancel: {id} is cancelled\n"));
    let again = enlace(&db, &folder, &[&["workflows", "retry", id], &reason[..]].concat()).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("it makes no sense to retry a workflow that is cancelled"), "{}", again.err);
    let shown = enlace(&db, &folder, &["workflows", "show", id]).await.well();
    assert!(shown.contains("cliente desistiu"), "{shown}");
    let followed = enlace(&db, &folder, &["workflows", "watch", id]).await;
    assert_eq!(followed.code, 1, "it did not end well");
    assert!(followed.out.contains("cancelled: cancelado por "), "{}", followed.out);
    let again = enlace(&db, &folder, &[&start[..], &["--watch"]].concat()).await;
    assert_eq!((again.code, &again.out), (1, &followed.out), "the same work, followed to its end");
    let later = ["workflows", "start", "bind", payload, "--requested-by", "ana", "--not-before", "24/11/2037 06:00"];
    enlace(&db, &folder, &later).await.well();
    let asked = "select count(*) from enlace.outbox where requested_by = 'ana' and not_before = '2037-11-24 06:00 -3'";
    assert_eq!(sqlx::query_scalar::<_, i64>(asked).fetch_one(&db.pool()).await.unwrap(), 1);
}

/// What a worker's intake would do.
async fn take_in(db: &Db) {
    for sql in [
        "insert into enlace.run (id, position, kind, version, lane, status, state, due_at)
         select id, seq, kind, 1, 1, 'queued', 'requested', enlace.now() from enlace.outbox",
        "insert into enlace.intake
         select (select max(id) + 1 from enlace.intake), (select max(seq) from enlace.outbox), '{}', '{}'",
    ] {
        sqlx::query(sql).execute(&db.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn g12_an_act_on_many_is_previewed_begun_steered_and_found_in_the_audit() {
    let (db, folder) = (Db::new().await, Folder::new());
    let payload = r#"{"id_porta_atendimento": 812, "id_cliente_servico": 4411}"#;
    enlace(&db, &folder, &["workflows", "start", "bind", payload]).await.well();
    take_in(&db).await;
    let start = ["acts", "start", "--action", "pause", "--kind", "bind", "--reason", "manutenção"];
    let said = enlace(&db, &folder, &[&start[..], &["--preview"]].concat()).await.well();
    assert!(said.starts_with("pause: 1 of 1 that match can take it now; nothing was done"), "{said}");
    let begun = enlace(&db, &folder, &[&start[..], &["--pace", "5", "--json"]].concat()).await.json();
    assert_eq!((&begun["total"], &begun["pace"], &begun["status"]), (&json!(1), &json!(5), &json!("running")));
    let id = begun["id"].as_str().unwrap();
    let said = enlace(&db, &folder, &["acts", "pause", id, "--reason", "já volta"]).await.well();
    assert_eq!(said, format!("{id} pause: paused, 0 of 1 looked at, 0 done, 0 left alone, 0 failed\n"));
    let shown = enlace(&db, &folder, &["acts", "show", id]).await.well();
    assert!(shown.contains("bulk.pause") && shown.contains("0 of 1 looked at"), "{shown}");
    let listed = enlace(&db, &folder, &["acts", "list"]).await.well();
    assert!(listed.contains("já volta") && listed.contains("manutenção"), "{listed}");
    let off = enlace(&db, &folder, &["acts", "cancel", id, "--reason", "desistiu", "--json"]).await.json();
    assert_eq!(off["status"], "cancelled");
    let again = enlace(&db, &folder, &["acts", "resume", id, "--reason", "x"]).await;
    assert!(
        again.code == 1 && again.err.contains("it makes no sense to resume an act that is cancelled"),
        "{}",
        again.err
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_by_name() {
    let (db, folder) = (Db::new().await, Folder::new());
    for (arguments, words) in [
        (&["workflows", "list", "--status", "done"][..], "status: must be some of queued, running"),
        (&["workflows", "list", "--limit", "501"], "limit: must be a whole number from 1 to 500"),
        (&["workflows", "list", "--since", "amanhã"], "write 24/11/2026 06:00"),
        (&["workflows", "start", "bind", "{}"], "id_porta_atendimento: is missing"),
        (&["workflows", "start", "bind", "{"], "EOF"),
        (&["workflows", "retry", "00000000-0000-0000-0000-000000000000"], "--reason"),
        (&["workflows", "show", "00000000-0000-0000-0000-000000000000"], "there is no workflow"),
        (&["integrations", "show", "7"], "there is no integration 7"),
        (&["integrations", "create", "--platform", "mapas", "--name", "x"], "platform: deve ser uma de ozmap"),
        (&["upstreams", "close", "7", "--reason", "x"], "there is no upstream \"integration:7\""),
        (&["acts", "start", "--action", "dance", "--reason", "x"], "there is no act \"dance\""),
        (&["acts", "start", "--action", "retry", "--reason", "x"], "filter: must narrow workflows down"),
        (&["acts", "show", "00000000-0000-0000-0000-000000000000"], "there is no act"),
        (&["schedules", "run", "7"], "there is no schedule 7"),
    ] {
        let said = enlace(&db, &folder, arguments).await;
        assert!(said.code != 0 && said.err.contains(words), "{arguments:?}: {}", said.err);
    }
}

#[tokio::test]
async fn an_integration_is_set_up_from_the_terminal_and_its_secret_is_not_shown() {
    let (db, folder) = (Db::new().await, Folder::new());
    let id = integration(&db, &folder).await;
    for arguments in
        [&["integrations", "list"][..], &["integrations", "show", &id], &["integrations", "show", &id, "--json"]]
    {
        let said = enlace(&db, &folder, arguments).await.well();
        assert!(said.contains("GeoGrid Centro") && !said.contains("t0k3n"), "{said}");
    }
    let tested = enlace(&db, &folder, &["integrations", "test", &id]).await;
    assert_eq!(tested.code, 1);
    assert!(tested.out.len() > 20 && !tested.out.contains("t0k3n"), "{}", tested.out);
    let chosen = enlace(&db, &folder, &["integrations", "elements", &id, "pole", "--json"]).await.json();
    assert_eq!(chosen["elements"], json!(["pole"]));
    let none = enlace(&db, &folder, &["integrations", "elements", &id, "none", "--json"]).await.json();
    assert_eq!(none["elements"], json!([]));
    let off = ["integrations", "inactivate", &id, "--reason", "contrato encerrado", "--json"];
    assert_eq!(enlace(&db, &folder, &off).await.json()["active"], false);
    let sync = enlace(&db, &folder, &["integrations", "sync", &id]).await;
    assert!(sync.code == 1 && sync.err.contains("activate it first"), "{}", sync.err);
    let on = ["integrations", "activate", &id, "--reason", "voltou", "--json"];
    assert_eq!(enlace(&db, &folder, &on).await.json()["active"], true);
    let sync = enlace(&db, &folder, &["integrations", "sync", &id, "--json"]).await.json();
    assert_eq!(sync["status"], "queued");
    let told = enlace(&db, &folder, &["integrations", "history", &id]).await.well();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[1].contains("integration.activate") && lines[1].contains("voltou"), "newest first: {told}");
    assert!(lines.last().unwrap().contains("integration.create"), "{told}");
    let nobody = enlace(&db, &folder, &["integrations", "history", "99"]).await;
    assert!(nobody.code == 1 && nobody.err.contains("99"), "{}", nobody.err);
}

#[tokio::test]
async fn upstreams_and_schedules_are_stopped_and_let_go() {
    let (db, folder) = (Db::new().await, Folder::new());
    let id = integration(&db, &folder).await;
    let close = ["upstreams", "close", &id, "--until", "24/11/2126 06:00", "--reason", "manutenção"];
    let said = enlace(&db, &folder, &close).await.well();
    assert!(said.starts_with(&format!("integration:{id} is closed until 24/11/2126 0")), "{said}");
    let listed = enlace(&db, &folder, &["upstreams", "list"]).await.well();
    assert!(listed.contains("manutenção") && listed.contains("closed until"), "{listed}");
    let open = ["upstreams", "open", &id, "--reason", "voltou"];
    assert_eq!(
        enlace(&db, &folder, &open).await.well(),
        format!("integration:{id} is slowed: comes back little by little\n")
    );
    let pause = ["schedules", "pause", "1", "--note", "até a migração"];
    assert_eq!(enlace(&db, &folder, &pause).await.well(), "schedule 1 is paused\n");
    let listed = enlace(&db, &folder, &["schedules", "list"]).await.well();
    assert!(listed.contains("paused") && listed.contains("até a migração"), "{listed}");
    let said = enlace(&db, &folder, &["schedules", "resume", "1"]).await.well();
    assert!(said.starts_with("schedule 1 goes on; next: ") && said.ends_with("04:00:00\n"), "{said}");
    assert_eq!(enlace(&db, &folder, &["schedules", "run", "1", "--json"]).await.json()["status"], "queued");
    let later = [
        "schedules",
        "edit",
        "1",
        "--pattern",
        "30 5 * * *",
        "--overlap",
        "start",
        "--catch-up",
        "60",
        "--note",
        "mais tarde",
    ];
    let said = enlace(&db, &folder, &later).await.well();
    assert!(said.starts_with("schedule 1 is changed; next: ") && said.ends_with("05:30:00\n"), "{said}");
    for (option, value, field) in [
        ("--pattern", "5 25 * * *", "pattern"),
        ("--zone", "Mars/Olympus", "zone"),
        ("--catch-up", "-1", "catch_up_seconds"),
    ] {
        let refused = enlace(&db, &folder, &["schedules", "edit", "1", option, value]).await;
        assert!(refused.code == 1 && refused.err.contains(field), "{option}: {}", refused.err);
    }
    let is = enlace(&db, &folder, &["schedules", "list", "--json"]).await.json()["items"][0].clone();
    let changed = ["pattern", "zone", "overlap", "catch_up_seconds", "note"].map(|key| is[key].clone());
    assert_eq!(
        changed,
        [json!("30 5 * * *"), json!("America/Sao_Paulo"), json!("start"), json!(60), json!("mais tarde")]
    );
}

#[tokio::test]
async fn s6_differences_are_listed_and_settled() {
    let (db, folder) = (Db::new().await, Folder::new());
    integration(&db, &folder).await;
    let city = "insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome) select 91, id_projeto, 'b', 'CTO-091' from mapping.project;
        insert into mapping.splitter (id_splitter, id_caixa_optica, external_id) values (5, 91, 's');
        insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia, id_cliente_servico) values (812, 5, 91, 2, 7), (813, 5, 91, 3, 8);
        insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs)
        select p, 'not_on_platform', jsonb_build_object('id_cliente_servico', p - 805), '{\"code\": null}' from unnest('{812,813}'::bigint[]) p";
    sqlx::raw_sql(city).execute(&db.pool()).await.unwrap();
    let listed = enlace(&db, &folder, &["discrepancies", "list"]).await.well();
    assert!(
        listed.contains("812") && listed.contains("o HubSoft tem o serviço 7 na porta"),
        "Portuguese first: {listed}"
    );
    let english = enlace(&db, &folder, &["discrepancies", "list", "--port", "813", "--lang", "en"]).await.well();
    assert!(english.contains("HubSoft has service 8 on the port") && !english.contains("812"), "{english}");
    let reason = ["--reason", "conferido em campo"];
    let narrowed = ["discrepancies", "take", "--kind", "not_on_platform", "--preview"];
    let preview = enlace(&db, &folder, &[&narrowed[..], &reason[..]].concat()).await.well();
    assert_eq!(preview, "2 match: 2 not_on_platform\n");
    let sent = enlace(&db, &folder, &[&["discrepancies", "send", "1"], &reason[..]].concat()).await.well();
    assert!(sent.starts_with("send: discrepancy 1 is settled; started "), "{sent}");
    let again = enlace(&db, &folder, &[&["discrepancies", "take", "1"], &reason[..]].concat()).await;
    assert!(again.code == 1 && again.err.contains("nothing is left to be done"), "{}", again.err);
    let many = enlace(&db, &folder, &[&["discrepancies", "ignore", "--port", "813", "--json"], &reason[..]].concat())
        .await
        .json();
    assert_eq!((&many["action"], &many["total"]), (&json!("discrepancy.ignore"), &json!(1)));
    let settled = enlace(&db, &folder, &["discrepancies", "list", "--status", "settled", "--json"]).await.json();
    assert_eq!((&settled["items"][0]["id"], &settled["items"][0]["settlement"]), (&json!(1), &json!("send")));
}

#[tokio::test]
async fn the_board_is_printed_once_for_people_and_for_programs() {
    let (db, folder) = (Db::new().await, Folder::new());
    let integration = integration(&db, &folder).await;
    let payload = r#"{"id_porta_atendimento": 812, "id_cliente_servico": 4411}"#;
    let id = enlace(&db, &folder, &["workflows", "start", "bind", payload, "--json"]).await.json();
    let id = id["id"].as_str().unwrap();
    take_in(&db).await;
    let close = ["upstreams", "close", &integration, "--reason", "manutenção"];
    enlace(&db, &folder, &close).await.well();
    let board = enlace(&db, &folder, &["top", "--once"]).await.well();
    for told in [
        "ATRASO",
        "GeoGrid Centro",
        "PLATAFORMAS",
        "closed",
        "manutenção",
        "WORKERS\n  (nada)",
        "queued",
        "upstream.close",
    ] {
        assert!(board.contains(told), "no {told}: {board}");
    }
    let english = enlace(&db, &folder, &["top", "--lang", "en"]).await.well();
    assert!(english.contains("1 unfinished, 0 wait for a person"), "{english}");
    let top = enlace(&db, &folder, &["top", "--json"]).await.json();
    assert_eq!((&top["unfinished"][0]["count"], &top["upstreams"][0]["state"]), (&json!(1), &json!("closed")));
    assert_eq!(top["lag"][0]["name"], "GeoGrid Centro");

    let said = enlace(&db, &folder, &["explain", id]).await.well();
    let act = format!("enlace workflows cancel {id} --reason");
    assert!(said.contains("port:812") && said.contains("na fila") && said.contains(&act), "{said}");
    let json = enlace(&db, &folder, &["explain", id, "--json"]).await.json();
    assert!(json["explanation"]["en"].as_str().unwrap().starts_with("queued"), "{json}");
    let nothing = enlace(&db, &folder, &["explain", "00000000-0000-0000-0000-000000000000"]).await;
    assert!(nothing.code == 1 && nothing.err.contains("there is no workflow"), "{}", nothing.err);
}

/// Python has a terminal to lend: the board takes it over, is drawn, and gives it back when somebody presses q.
#[tokio::test]
async fn the_board_is_drawn_over_a_terminal_until_q() {
    let (db, folder) = (Db::new().await, Folder::new());
    // A blank is drawn by moving on, so one word is looked for.
    let script = "import fcntl, os, pty, select, struct, sys, termios, time
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 60, 120, 0, 0))
    os.execv(sys.argv[1], [sys.argv[1], 'top', '--lang', 'en'])
seen, until, pressed = b'', time.monotonic() + 60, False
while time.monotonic() < until and select.select([terminal], [], [], 60)[0]:
    try:
        seen += os.read(terminal, 65536)
    except OSError:
        break
    if not pressed and b'UPSTREAMS' in seen:
        pressed = bool(os.write(terminal, b'q'))
assert pressed, seen
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert b'\\x1b[?1049h' in seen and b'\\x1b[?1049l' in seen, seen
sys.exit(code)";
    let mut python = tokio::process::Command::new("python3");
    python.args(["-c", script, env!("CARGO_BIN_EXE_enlace")]).env("DATABASE_URL", db.url()).env("TERM", "xterm");
    // A variable that the product does not know is an error.
    python.env("ENLACE_DATA_DIR", folder.path()).env_remove("ENLACE_TEST_PATHS");
    let output = python.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Over ssh, without a console: why is this customer not on the platform, what would vanish, what runs here.
#[tokio::test]
async fn things_are_found_guards_are_looked_at_and_what_runs_is_told() {
    let (db, folder) = (Db::new().await, Folder::new());
    city(&db.pool()).await;
    let found = enlace(&db, &folder, &["search", "4411"]).await.well();
    assert!(found.contains("service") && found.contains("Fibra 600"), "{found}");
    assert!(!found.contains("Ana Souza"), "p1: {found}");
    let found = enlace(&db, &folder, &["search", "ana souza", "--full", "--json"]).await.json();
    let one = &found["items"][0];
    assert_eq!((&one["cliente"], &one["path"]), (&json!("Ana Souza"), &json!("/services/4411")), "{found}");
    assert!(one["answer"]["pt"].as_str().is_some_and(|said| !said.is_empty()), "{found}");
    assert!(enlace(&db, &folder, &["search", "nada-disso", "--lang", "en"]).await.well().contains("nothing found"));
    assert!(enlace(&db, &folder, &["search", ""]).await.err.contains("q"), "what is wrong is named");

    assert_eq!(enlace(&db, &folder, &["guards", "list", "--json"]).await.json()["items"], json!([]));
    let none = enlace(&db, &folder, &["guards", "show", "00000000-0000-7000-8000-000000000001"]).await;
    assert!(none.code != 0 && none.err.contains("waits for no approval"), "{}", none.err);

    let about = enlace(&db, &folder, &["about"]).await.well();
    assert!(about.contains("0 missing") && about.contains("outbox"), "{about}");
    let about = enlace(&db, &folder, &["about", "--json"]).await.json();
    assert_eq!(about["version"], json!(env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn shells_and_man_are_told_of_every_command() {
    let (db, folder) = (Db::new().await, Folder::new());
    for shell in ["bash", "zsh", "fish"] {
        let text = enlace(&db, &folder, &["completions", shell]).await.well();
        assert!(text.contains("enlace") && text.contains("discrepancies"), "{shell}");
    }
    let pages = folder.path().join("man1");
    enlace(&db, &folder, &["man", pages.to_str().unwrap()]).await.well();
    let page = std::fs::read_to_string(pages.join("enlace-top.1")).unwrap();
    assert!(page.contains("live board") && pages.join("enlace-workflows-retry.1").is_file(), "{page}");
}
