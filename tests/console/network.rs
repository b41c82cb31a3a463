//! The pages about the network: found by one field, and shown with what both sides say.

use enlace::tokens::Role;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{Console, Person};
use crate::api::stands;

pub async fn run(pool: &PgPool, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(pool).await.unwrap();
}

/// A project that OZMap fills, with a box of a splitter of four ports, 801 to 804; Ana Souza with two services, 4411 on port 801 and
/// 4412 nowhere.
pub async fn city(pool: &PgPool) {
    run(
        pool,
        "insert into mapping.project (id_projeto, nome) values (9, 'Centro');
         insert into mapping.integration (id_integracao, platform, name, id_projeto, elements) values (3, 'ozmap', 'OZMap Centro', 9, '{box,splitter}');
         insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome, latitude, longitude)
           values (91, 9, 'b', 'CTO-091', -27.59, -48.55), (92, 9, 'c', 'CTO-0911', -27.60, -48.54);
         insert into mapping.splitter (id_splitter, id_caixa_optica, external_id, role) values (5, 91, 's', 'attendance');
         insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia) select 801 + g, 5, 91, g from generate_series(0, 3) g;
         update mapping.port set id_cliente_servico = 4411, transmission = 'sent', data_tentativa_transmissao = now() where id_porta_atendimento = 801;
         insert into hubsoft.customer (id_cliente, codigo_cliente, nome_razaosocial, cpf_cnpj) values
           (77, 'C-77', 'Ana Souza', '529.982.247-25'), (78, 'C-78', 'Anabela Conceição', null);
         insert into hubsoft.customer_service (id_cliente_servico, id_cliente, descricao, status_prefixo) values
           (4411, 77, 'Fibra 600', 'servico_habilitado'), (4412, 77, 'Fibra 300', 'servico_habilitado'), (4413, 78, 'Fibra 100', 'servico_habilitado');
         insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada) values (1, 'Retirada', true);
         insert into hubsoft.service_order (id_ordem_servico, id_cliente_servico, id_tipo_ordem_servico) values (6001, 4412, 1)",
    )
    .await;
}

async fn enqueue(pool: &PgPool, kind: &str, payload: Value) -> Uuid {
    let query = sqlx::query_scalar("select enlace.enqueue($1, $2)").bind(kind).bind(payload);
    query.fetch_one(pool).await.unwrap()
}

async fn leads(person: &Person<'_>, q: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish();
    person.get(&format!("/search?{query}")).await.expect(303).goes_to().to_owned()
}

#[tokio::test]
async fn one_field_leads_to_what_is_meant() {
    let console = Console::start().await;
    let pool = console.pool();
    city(&pool).await;
    let id = enqueue(&pool, "bind", json!({ "id_porta_atendimento": 801, "id_cliente_servico": 4411 })).await;
    let (viewer, operator) = (console.sign_in(Role::Viewer).await, console.sign_in(Role::Operator).await);
    for (q, to) in [
        ("4411", "/services/4411"),
        (" 802 ", "/ports/802"),
        ("6001", "/services/4412"),
        ("C-78", "/services/4413"),
        ("cto 091", "/boxes/91"),
        ("CTÓ-0911", "/boxes/92"),
        (id.to_string().as_str(), format!("/workflows/{id}").as_str()),
    ] {
        assert_eq!(leads(&viewer, q).await, to, "{q}");
    }
    assert_eq!(leads(&operator, "anabela conceicao").await, "/services/4413", "without accents");
    let two = operator.get("/search?q=52998224725").await.expect(200).says("/services/4411").says("/services/4412");
    assert!(!two.body.contains("Souza") && two.body.contains("A•••"), "masked for who is no admin");
    operator.get("/search?q=ana+sou").await.expect(200).says("/services/4411");
    operator.get("/search?q=cto+09").await.expect(200).says("/boxes/91").says("/boxes/92");
    let nothing = viewer.get("/search?q=ana+souza").await.expect(200).says("o nome da caixa");
    assert!(!nothing.body.contains("/services/"), "a viewer finds nobody by name");
    viewer.get("/search?q=529.982.247-25").await.expect(200).says("Nada encontrado");
    viewer.get(&format!("/search?q={}", "x".repeat(201))).await.expect(200).says("aria-invalid");
    viewer.get("/search?q=%27%3B--").await.expect(200).says("Nada encontrado");
}

#[tokio::test]
async fn a_customer_a_port_and_a_box_say_what_both_sides_say() {
    let console = Console::start().await;
    let pool = console.pool();
    city(&pool).await;
    let operator = console.sign_in(Role::Operator).await;
    let there = operator.get("/services/4411").await.expect(200).says("está no OZMap").says("/ports/801");
    assert!(!there.body.contains("Souza") && !there.body.contains("529"), "masked");
    operator.get("/services/4412").await.expect(200).says("porta alguma").says("Ordens de serviço").says("6001");
    operator.get("/ports/802").await.expect(200).says("não tem cliente nesta porta").says("CTO-091");
    operator.get("/boxes/91").await.expect(200).says("3 livres de 4").says("/ports/804").says("serviço 4411");

    let id = enqueue(&pool, "bind", json!({ "id_porta_atendimento": 802, "id_cliente_servico": 4412 })).await;
    run(
        &pool,
        "update mapping.port set id_cliente_servico = 4412, transmission = 'pending' where id_porta_atendimento = 802",
    )
    .await;
    stands(&pool, id, "parked").await;
    let waits = operator.get("/services/4412").await.expect(200);
    waits
        .says("ainda não: o vínculo no OZMap aguarda uma pessoa")
        .says(&format!("/workflows/{id}"))
        .says("espera uma pessoa");
    run(
        &pool,
        "insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs)
         values (801, 'other_occupant', '{\"id_cliente_servico\": 4411}', '{\"name\": \"Maria Prado\", \"code\": \"x\"}')",
    )
    .await;
    let differs = operator.get("/ports/801").await.expect(200).says("divergem").says("/discrepancies?port=801");
    assert!(!differs.body.contains("Prado"));
    let english = operator.with("enlace_language=en");
    english.get("/services/4412").await.expect(200).says("not yet: the bind on OZMap waits for a person");

    for nothing in ["/services/1", "/ports/1", "/boxes/1", "/ports/x"] {
        operator.get(nothing).await.expect(404);
    }
    let admin = console.sign_in(Role::Admin).await;
    admin.get("/services/4411").await.expect(200).says("Ana Souza").says("529.982.247-25");
    let looked: i64 = sqlx::query_scalar(
        "select count(*) from enlace.act where act = 'looked' and before @> '{\"services\": [4411]}'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(looked, 1, "P1: that somebody looked is written down");
}
