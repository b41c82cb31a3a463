//! Migrations: applied once, in order, by one process at a time, and never behind anybody's back.

use enlace::migrations::{self, Error, FILES};
use sqlx::{PgConnection, Row};

use crate::support::{Db, Folder, Process};

async fn applied(connection: &mut PgConnection) -> Vec<i64> {
    let rows =
        sqlx::query("select version from enlace.migration order by version").fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn has_schema(connection: &mut PgConnection) -> bool {
    sqlx::query_scalar("select to_regnamespace('enlace') is not null").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn check_names_all_that_is_missing_and_changes_nothing() {
    let db = Db::empty().await;
    let mut connection = db.connection().await;
    let Err(Error::Missing(names)) = migrations::check(&mut connection).await else { panic!("nothing is missing") };
    assert_eq!(names.len(), FILES.len());
    assert_eq!(names[0], "0001_enlace");
    assert!(!has_schema(&mut connection).await);
}

#[tokio::test]
async fn what_is_missing_is_applied_once_and_told() {
    let db = Db::empty().await;
    let mut connection = db.connection().await;
    let mut told = Vec::new();
    migrations::apply(&mut connection, |applied| told.push(applied.name)).await.unwrap();
    assert_eq!(told.len(), FILES.len());
    migrations::apply(&mut connection, |again| panic!("{} was applied twice", again.name)).await.unwrap();
    migrations::check(&mut connection).await.unwrap();
    assert_eq!(applied(&mut connection).await.len(), FILES.len());
}

#[tokio::test]
async fn two_at_once_take_turns() {
    let db = Db::empty().await;
    let (mut one, mut other) = (db.connection().await, db.connection().await);
    let (mut by_one, mut by_other) = (0, 0);
    let both =
        tokio::join!(migrations::apply(&mut one, |_| by_one += 1), migrations::apply(&mut other, |_| by_other += 1));
    both.0.unwrap();
    both.1.unwrap();
    assert_eq!(by_one + by_other, FILES.len());
}

#[tokio::test]
async fn a_database_ahead_of_this_build_is_fine() {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    let newer = "insert into enlace.migration (version, description, success, checksum, execution_time)
                 values (9999, 'from the future', true, '\\x00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    migrations::check(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_migration_that_was_edited_later_is_refused() {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    let edit = "update enlace.migration set checksum = '\\x00' where version = 1";
    sqlx::query(edit).execute(&mut connection).await.unwrap();
    let said = migrations::check(&mut connection).await.unwrap_err();
    assert!(matches!(said, Error::Changed(name) if name == "0001_enlace"));
}

#[tokio::test]
async fn the_command_applies_and_its_check_ends_with_one_where_something_is_missing() {
    let (db, folder) = (Db::empty().await, Folder::new());
    let url = db.url();
    let migrate = async |arguments: &[&str]| {
        let output = Process::output(folder.path(), arguments, &[("DATABASE_URL", &url)]).await;
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = migrate(&["migrate", "--check"]).await;
    assert_eq!(code, 1);
    assert!(said.starts_with("missing: 0001_enlace\n"), "{said}");
    let (code, said) = migrate(&["migrate"]).await;
    assert_eq!((code, said.lines().count()), (0, FILES.len()));
    assert!(said.starts_with("applied 0001_enlace in "), "{said}");
    assert_eq!(migrate(&["migrate", "--check"]).await, (0, "nothing is missing\n".to_owned()));
}

#[tokio::test]
async fn serve_refuses_a_database_that_was_not_migrated() {
    let (db, folder) = (Db::empty().await, Folder::new());
    let output = Process::output(folder.path(), &["serve"], &[("DATABASE_URL", &db.url())]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("the database lacks 0001_enlace") && said.contains("run `enlace migrate`"), "{said}");
    assert!(!has_schema(&mut db.connection().await).await);
}

/// A database as the migrations before this one left it.
async fn before(number: &str) -> (Db, PgConnection) {
    let db = Db::empty().await;
    let mut connection = db.connection().await;
    sqlx::raw_sql("create schema enlace").execute(&mut connection).await.unwrap();
    for (_, sql) in FILES.iter().take_while(|(name, _)| !name.starts_with(number)) {
        sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    }
    (db, connection)
}

#[tokio::test]
async fn s11_0017_mends_what_called_off_syncs_left_and_keeps_differences() {
    let (_db, mut connection) = before("0017").await;
    let old = "insert into mapping.project (id_projeto, nome, em_sincronizacao) values (1, 'parado', true), (2, 'sincronizando', true);
        insert into mapping.integration (id_integracao, platform, name, id_projeto) values (1, 'ozmap', 'a', 1), (2, 'ozmap', 'b', 2);
        insert into mapping.sync_run (run, id_integracao, id_projeto) select ('00000000-0000-7000-8000-00000000000' || g)::uuid, g, g from generate_series(1, 2) g;
        insert into enlace.run (id, position, kind, version, lane, status, state, due_at)
          values ('00000000-0000-7000-8000-000000000002', 1, 'sync', 1, 2, 'queued', 'pulling_boxes', now());
        insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome) values (1, 1, 'b', 'b');
        insert into mapping.splitter (id_splitter, id_caixa_optica, external_id) values (1, 1, 's');
        insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia) values (1, 1, 1, 0);
        insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs, settled_at, settled_by, settlement)
          values (1, 'other_occupant', '{}', '{}', now(), 'ana', 'ignore'), (1, 'two_ports', '{}', '{}', null, null, null)";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0017")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let shown: Vec<(bool, Option<String>)> =
        sqlx::query_as("select em_sincronizacao, erro_sincronizacao from mapping.project order by id_projeto")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert!(!shown[0].0 && shown[0].1.as_deref().is_some_and(|why| why.contains("called off")), "{shown:?}");
    assert_eq!(shown[1], (true, None), "one that goes on is left alone");
    let kept: i64 = sqlx::query_scalar(
        "select count(*) from mapping.discrepancy where lapsed_at is null and theirs_service is null",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(kept, 2);
    let looked: Option<i64> = sqlx::query_scalar("select count(*) from mapping.sync_run where occupants_at is null")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(looked, Some(2), "what an older build began is not compared");
}

#[tokio::test]
async fn g5_0014_frees_what_a_worker_that_is_no_more_was_left_with() {
    let (_db, mut connection) = before("0014").await;
    let old = "insert into enlace.worker (id, name, build, lease_until) values ('00000000-0000-7000-8000-00000000000a', 'lives', '1', now() + interval '1 minute');
        insert into enlace.run (id, position, kind, version, lane, status, state, due_at, worker) values
          ('00000000-0000-7000-8000-000000000001', 1, 'bind', 1, 1, 'queued', 'clearing', now(), '00000000-0000-7000-8000-00000000000b'),
          ('00000000-0000-7000-8000-000000000002', 2, 'bind', 1, 1, 'queued', 'clearing', now(), '00000000-0000-7000-8000-00000000000a')";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0014")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let held: Vec<(bool, bool)> =
        sqlx::query_as("select worker is not null, interrupted_by is not null from enlace.run order by position")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(held, [(false, true), (true, false)], "one is free, and was interrupted; the other is held as before");
}

#[tokio::test]
async fn words_of_0021_find_what_was_there_before_it_and_views_of_hubsofts_are_left_alone() {
    let (_db, mut connection) = before("0021").await;
    let old = "insert into mapping.project (id_projeto, nome) values (1, 'Centro');
        insert into mapping.box (id_projeto, external_id, nome) values (1, 'a', 'CTO-091'), (1, 'b', '--'), (1, 'c', repeat('x', 5000));
        insert into hubsoft.customer (nome_razaosocial) values ('Inês Conceição')";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0021")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let found: (i64, i64, i64, bool) = sqlx::query_as(
        "select (select count(*) from mapping.box where mapping.words_of(nome) @@ mapping.words_sought('cto 09')),
                (select count(*) from hubsoft.customer where mapping.words_of(nome_razaosocial) @@ mapping.words_sought('CONCEICAO ines')),
                (select count(*) from mapping.box where mapping.words_of(nome) @@ mapping.words_sought('9')),
                mapping.words_sought('- ''; --') is null",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(found, (1, 1, 0, true), "by beginnings, without accents; a number whole; signs are no words");

    let db = Db::empty().await;
    let mut connection = db.connection().await;
    let views = "create schema enlace; create schema hubsoft;
        create view hubsoft.customer as select 1::bigint as id_cliente, 'C'::text as codigo_cliente, 'Ana'::text as nome_razaosocial,
          null::text as cpf_cnpj, null::text as tipo_pessoa, null::text as telefone_primario, null::text as email_principal";
    sqlx::raw_sql(views).execute(&mut connection).await.unwrap();
    for (name, sql) in FILES {
        sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn the_consoles_tables_come_to_a_database_that_is_in_use() {
    let (db, mut connection) = before("0019").await;
    let token = "insert into enlace.token (name, role, hash) values ('Ana', 'viewer', '\\x01') returning id";
    let token: uuid::Uuid = sqlx::query_scalar(token).fetch_one(&mut connection).await.unwrap();
    for (_, sql) in FILES.iter().skip_while(|(name, _)| !name.starts_with("0019")) {
        sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    }
    let session = "insert into enlace.session (hash, token, csrf) values ('\\x02', $1, 'x')";
    sqlx::query(session).bind(token).execute(&mut connection).await.unwrap();
    let count = "insert into enlace.call_count values ('integration:1', enlace.now(), 1, 0, 12)";
    sqlx::query(count).execute(&mut connection).await.unwrap();
    sqlx::query("delete from enlace.token").execute(&mut connection).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from enlace.session").fetch_one(&mut connection).await.unwrap();
    assert_eq!(left, 0, "a token takes its sessions with it");
    drop(db);
}

#[tokio::test]
async fn p2_0020_keeps_answers_beside_the_keys_of_tokens_that_there_were() {
    let (_db, mut connection) = before("0020").await;
    let old = "insert into enlace.token (id, name, role, hash) values ('00000000-0000-7000-8000-00000000000a', 'ana', 'admin', 'x')";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0020")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let new = "insert into enlace.request (token, key, digest) select id, 'a', 'x' from enlace.token";
    sqlx::raw_sql(new).execute(&mut connection).await.unwrap();
    for wrong in [new, "update enlace.request set status = 200", "update enlace.request set key = ''"] {
        assert!(sqlx::raw_sql(wrong).execute(&mut connection).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn g14_0023_finds_what_is_unfinished_as_before_and_reads_no_outbox_for_it() {
    let (_db, mut connection) = before("0023").await;
    // Twelve rows: 3 and 5 are gaps below the mark at 8, 7 is taken in, 9 to 12 are not.
    let old = "insert into enlace.outbox (kind, payload)
          select 'bind', jsonb_build_object('id_porta_atendimento', g, 'id_cliente_servico', g) from generate_series(1, 12) g;
        insert into enlace.run (id, position, kind, version, lane, status, state, due_at)
          select id, seq, kind, 1, 1, 'waiting', 'looking', now() from enlace.outbox where seq = 7;
        insert into enlace.intake (id, upto, gaps, gap_xids) values (1, 8, '{3,5}', '{0,0}')";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let all = "select seq, status from enlace.unfinished order by seq";
    let was: Vec<(i64, String)> = sqlx::query_as(all).fetch_all(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0023")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let is: Vec<(i64, String)> = sqlx::query_as(all).fetch_all(&mut connection).await.unwrap();
    assert_eq!(is, was);
    assert_eq!(is.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3, 5, 7, 9, 10, 11, 12]);

    // An "or" can be served by a bitmap alone, which the planner gives up where the outbox is large: so it has none here.
    let many = "insert into enlace.outbox (kind, payload)
          select 'bind', jsonb_build_object('id_porta_atendimento', g, 'id_cliente_servico', g) from generate_series(13, 20000) g;
        insert into enlace.intake (id, upto, gaps, gap_xids) select 2, max(seq), '{}', '{}' from enlace.outbox;
        analyze enlace.outbox; set enable_bitmapscan = off";
    sqlx::raw_sql(many).execute(&mut connection).await.unwrap();
    let plan = "explain select count(*), min(enqueued_at) from enlace.unfinished where status = 'queued'";
    let plan: Vec<String> = sqlx::query_scalar(plan).fetch_all(&mut connection).await.unwrap();
    assert!(!plan.iter().any(|line| line.contains("Seq Scan on outbox ")), "{plan:#?}");
}

#[tokio::test]
async fn g14_0024_finds_work_of_before_that_no_trail_was_written_for() {
    let (_db, mut connection) = before("0024").await;
    let old = "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 812, \"id_cliente_servico\": 4411}');
        insert into enlace.intake (id, upto, gaps, gap_xids) select 1, max(seq), '{}', '{}' from enlace.outbox";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0024")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    for sought in
        ["enlace.trail_of('{812}', '{}')", "enlace.trail_of('{}', '{4411}')", "enlace.trail_of('{812}', '{4411}')"]
    {
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {sought}")))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found, 1, "{sought}");
    }
}

#[tokio::test]
async fn b10_0025_frees_what_was_called_off_and_draws_no_number_that_is_taken() {
    let (_db, mut connection) = before("0025").await;
    let old = "insert into mapping.project (id_projeto, nome) values (1, 'Centro');
        insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome) values (1, 1, 'a', 'CTO-1');
        insert into mapping.splitter (id_splitter, id_caixa_optica, external_id, role) values (1, 1, 's', 'attendance');
        insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia, transmission) values
          (1, 1, 1, 0, 'pending'), (2, 1, 1, 1, 'pending'), (3, 1, 1, 2, 'sent');
        insert into enlace.intake (id, upto, gaps, gap_xids) values (1, 0, '{}', '{}');
        select enlace.enqueue('bind', '{\"id_porta_atendimento\": 2, \"id_cliente_servico\": 4411}')";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0025")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let shown = "select transmission from mapping.port order by id_porta_atendimento";
    let shown: Vec<String> = sqlx::query_scalar(shown).fetch_all(&mut connection).await.unwrap();
    assert_eq!(shown, ["failed", "pending", "sent"], "work for the second is queued");
    let drawn = "insert into mapping.project (nome) values ('Sul') returning id_projeto";
    assert_eq!(sqlx::query_scalar::<_, i64>(drawn).fetch_one(&mut connection).await.unwrap(), 2);
    sqlx::raw_sql("insert into mapping.project (id_projeto, nome) values (40, 'Norte'), (30, 'Leste')")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(drawn).fetch_one(&mut connection).await.unwrap(), 41);
}

#[tokio::test]
async fn v3_0016_finds_boxes_of_before_by_their_place_and_takes_what_was_taken() {
    let (_db, mut connection) = before("0016").await;
    let old = "insert into mapping.project (id_projeto, nome) values (9, 'Centro');
        insert into mapping.box (id_projeto, external_id, nome, latitude, longitude, permite_viabilidade) values
          (9, 'a', 'CTO-1', -27.59, -48.55, true), (9, 'b', 'CTO-2', -27.80, -48.55, true),
          (9, 'c', 'CTO-3', -27.59, -48.55, false), (9, 'd', 'CTO-4', null, null, true)";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0016")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off").execute(&mut connection).await.unwrap();
    let near = "from mapping.box b where b.missing_since is null and b.permite_viabilidade and b.latitude is not null
        and point(b.longitude, b.latitude) <@ box '((-48.56, -27.60), (-48.54, -27.58))'";
    let ask = |what: &str| sqlx::AssertSqlSafe(format!("{what} {near}"));
    let found: Vec<String> = sqlx::query_scalar(ask("select b.nome")).fetch_all(&mut connection).await.unwrap();
    assert_eq!(found, ["CTO-1"]);
    let plan: Vec<String> = sqlx::query_scalar(ask("explain select b.nome")).fetch_all(&mut connection).await.unwrap();
    assert!(plan.iter().any(|line| line.contains("box_spot")), "{plan:#?}");
    let both = "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 812, \"id_cliente_servico\": 4411}'),
        enlace.enqueue('viability', '{\"latitude\": -27.59, \"longitude\": -48.55, \"raio\": 300}')";
    sqlx::raw_sql(both).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn g8_0029_shows_what_waits_and_until_when_as_it_is() {
    let (_db, mut connection) = before("0029").await;
    let old = "insert into enlace.outbox (id, kind, payload) select ('00000000-0000-7000-8000-00000000000' || g)::uuid, 'bind',
          '{\"id_porta_atendimento\": 2, \"id_cliente_servico\": 4411}' from generate_series(1, 5) g;
        insert into enlace.upstream (id, closed_until, reason, closed_by) values ('integration:1', now() + interval '30 seconds', '429', 'enlace');
        insert into enlace.run (id, position, kind, version, lane, state, status, due_at, blockers, upstream)
        select ('00000000-0000-7000-8000-00000000000' || g)::uuid, g, 'bind', 1, 1, 'clearing', status, now() + due, blockers, upstream from (values
          (1, 'queued', interval '1 hour', 0::smallint, null), (2, 'queued', '-1 second', 0, null), (3, 'waiting', '-1 second', 0, null),
          (4, 'waiting', '10 minutes', 0, 'integration:1'), (5, 'queued', '-1 second', 1, null)) r (g, status, due, blockers, upstream)";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    let (_, sql) = FILES.iter().find(|(name, _)| name.starts_with("0029")).unwrap();
    sqlx::raw_sql(*sql).execute(&mut connection).await.unwrap();
    let shown = "select status, (extract(epoch from next_at - now()) / 10)::int from enlace.workflow order by id";
    let shown: Vec<(String, Option<i32>)> = sqlx::query_as(shown).fetch_all(&mut connection).await.unwrap();
    let shown: Vec<_> = shown.iter().map(|(status, tens)| (status.as_str(), *tens)).collect();
    let due = Some(0);
    let is = [("waiting", Some(360)), ("queued", due), ("queued", due), ("waiting", Some(3)), ("waiting", None)];
    assert_eq!(shown, is, "not before; due; due again; its platform is closed; behind another");
    let may = "select p.proname::text from pg_proc p where p.pronamespace = 'enlace'::regnamespace
               and has_function_privilege('enlace_client', p.oid, 'execute') order by 1";
    let may: Vec<String> = sqlx::query_scalar(may).fetch_all(&mut connection).await.unwrap();
    assert_eq!(may, ["enqueue", "status"]);
}
