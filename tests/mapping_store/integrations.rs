//! Setting integrations up (rules D1–D4).

use mapping::Error;
use mapping::integrations::{self, Edit, Keeper, ProjectChoice};
use serde_json::json;

use super::world::{World, key, new_integration};

fn field<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn d1_secrets_are_kept_closed_and_never_shown() {
    let world = World::new().await;
    let shown = integrations::read(&world.pool, world.integration).await.unwrap().unwrap();
    let text = serde_json::to_string(&shown).unwrap();
    assert!(text.contains("https://isp.example:9994") && !text.contains("s3nha") && !text.contains("ch4ve"), "{text}");
    let found = world.rows("select 1 from mapping.integration i where i::text like '%s3nha%' or position('s3nha'::bytea in i.secrets) > 0").await;
    assert_eq!(found, json!([]));
    let account = integrations::account(&world.pool, &key(1), world.integration).await.unwrap();
    assert_eq!(
        (&account.given["senha"], &account.given["api_url"]),
        (&json!("s3nha"), &json!("https://isp.example:9994"))
    );
    assert!(!format!("{account:?}").contains("s3nha"));
    let closed = integrations::account(&world.pool, &key(2), world.integration).await;
    assert!(matches!(closed, Err(Error::SecretsClosed(_))));
}

#[tokio::test]
async fn d4_an_edit_changes_what_it_names() {
    let world = World::new().await;
    let mut conn = world.pool.acquire().await.unwrap();
    let (key, id) = (key(1), world.integration);
    let keeper = Keeper { key: &key, plain_http: false };
    let given = |value: serde_json::Value| value.as_object().cloned().unwrap();
    let edit = Edit {
        parameters: given(json!({ "senha": "n0va" })),
        settings: given(json!({ "keep_home": true })),
        ..Edit::default()
    };
    integrations::edit(&mut conn, keeper, id, &edit).await.unwrap();
    let account = integrations::account(&world.pool, &key, id).await.unwrap();
    assert_eq!((&account.given["senha"], &account.given["api_chave"]), (&json!("n0va"), &json!("ch4ve")));
    assert!(mapping::store::integration(&world.pool, id).await.unwrap().unwrap().keep_home);
    let without = Edit { parameters: given(json!({ "usuario": null })), ..Edit::default() };
    assert_eq!(field(integrations::edit(&mut conn, keeper, id, &without).await), "parameters.usuario");
    assert!(matches!(integrations::edit(&mut conn, keeper, 999, &edit).await, Err(Error::NoIntegration(999))));
    integrations::set_active(&mut conn, id, false).await.unwrap();
    assert!(!integrations::read(&world.pool, id).await.unwrap().unwrap().active);
}

#[tokio::test]
async fn d2_one_project_per_integration_and_one_integration_per_project() {
    let world = World::new().await;
    let mut conn = world.pool.acquire().await.unwrap();
    let keeper = Keeper { key: &key(1), plain_http: false };
    let second = integrations::create(&mut conn, keeper, &new_integration("Outra")).await.unwrap();
    let taken = ProjectChoice::Existing(world.project);
    assert_eq!(field(integrations::set_project(&mut conn, second, &taken).await), "id_projeto");
    assert_eq!(field(integrations::set_project(&mut conn, second, &ProjectChoice::Existing(999)).await), "id_projeto");
    assert_eq!(field(integrations::set_project(&mut conn, second, &ProjectChoice::New(" ".into())).await), "nome");
    integrations::set_project(&mut conn, world.integration, &ProjectChoice::Nothing).await.unwrap();
    integrations::set_project(&mut conn, second, &taken).await.unwrap();
    assert_eq!(integrations::list(&world.pool, 0, 10).await.unwrap().len(), 2);
    let both = "select i.id_integracao, i.id_projeto, p.id_integracao_mapeamento from mapping.integration i full join mapping.project p using (id_projeto) order by 1";
    assert_eq!(
        world.rows(both).await,
        json!([{ "id_integracao": world.integration, "id_projeto": null, "id_integracao_mapeamento": null },
               { "id_integracao": second, "id_projeto": world.project, "id_integracao_mapeamento": second }])
    );
}

#[tokio::test]
async fn d2_hubsoft_may_tie_the_project_from_its_own_side() {
    let world = World::new().await;
    world
        .run(format!(
            "insert into mapping.project (nome, id_integracao_mapeamento) values ('Nova', {})",
            world.integration
        ))
        .await;
    let tied = world.rows("select p.nome, p.id_integracao_mapeamento is not null as shown from mapping.project p left join mapping.integration i using (id_projeto) where i.id_projeto is not null or p.id_integracao_mapeamento is not null").await;
    assert_eq!(tied, json!([{ "nome": "Nova", "shown": true }]), "the old project lets go");
}

#[tokio::test]
async fn d3_elements_are_chosen_among_those_known() {
    let world = World::new().await;
    let mut conn = world.pool.acquire().await.unwrap();
    integrations::set_elements(&mut conn, world.integration, &["pole".into(), "box".into()]).await.unwrap();
    assert_eq!(integrations::read(&world.pool, world.integration).await.unwrap().unwrap().elements, ["box", "pole"]);
    assert_eq!(field(integrations::set_elements(&mut conn, world.integration, &["cto".into()]).await), "elements");
}
