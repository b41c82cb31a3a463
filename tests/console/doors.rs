//! Coming in and going out: sessions, forged forms, throttling, languages, and what every answer tells a browser.

use std::time::Duration;

use enlace::tokens::Role;
use reqwest::{Method, header};

use super::Console;
use crate::support::toy::pass;

const SESSIONS: &str = "select count(*) from enlace.session";

#[tokio::test]
async fn a_person_signs_in_with_a_token_and_a_session_ends_when_it_is_to() {
    let console = Console::start().await;
    let pool = console.pool();
    let away = console.anybody(Method::GET, "/workflows?status=parked", &[]).await.expect(303);
    assert_eq!(away.goes_to(), "/login?back=%2Fworkflows%3Fstatus%3Dparked");
    console.anybody(Method::GET, "/login", &[]).await.expect(200).says("Entrar");
    console.anybody(Method::POST, "/login", &[("token", "enlace_wrong")]).await.expect(401).says("não é conhecido");

    let viewer = console.sign_in(Role::Viewer).await;
    viewer.get("/").await.expect(200).says("leitura").says("Nada espera por uma pessoa");
    let another = console.sign_in(Role::Viewer).await;
    another.post("/logout", &[]).await.expect(303);
    assert_eq!(another.get("/").await.expect(303).goes_to(), "/login?back=%2F");
    viewer.get("/").await.expect(200);

    let sessions: i64 = sqlx::query_scalar(SESSIONS).fetch_one(&pool).await.unwrap();
    assert_eq!(sessions, 1, "who signed out left nothing behind");
    pass(&pool, Duration::from_secs(12 * 3600 + 60)).await;
    viewer.get("/").await.expect(303);
    let after = console.sign_in(Role::Operator).await;
    let sessions: i64 = sqlx::query_scalar(SESSIONS).fetch_one(&pool).await.unwrap();
    assert_eq!(sessions, 1, "what ran out is removed when somebody signs in");
    sqlx::query("update enlace.token set revoked_at = enlace.now() where role = 'operator'")
        .execute(&pool)
        .await
        .unwrap();
    after.get("/").await.expect(303);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing_and_a_programs_token_opens_no_page() {
    let console = Console::start().await;
    let admin = console.sign_in(Role::Admin).await;
    admin.forged("/logout", &[("csrf", "guessed")]).await.expect(403).says("outra sessão");
    admin.forged("/logout", &[]).await.expect(403);
    admin.get("/").await.expect(200);

    let program = crate::api::token(&console.pool(), Role::Enqueue, "hubsoft").await;
    console.anybody(Method::POST, "/login", &[("token", &program)]).await.expect(403).says("de um programa");
    let mut last = 0;
    for _ in 0..20 {
        last = console.anybody(Method::POST, "/login", &[("token", "enlace_guess")]).await.status;
    }
    assert_eq!(last, 429, "who fails again and again has to wait");
    console.sign_in(Role::Viewer).await;
    for to in ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere"] {
        let token = crate::api::token(&console.pool(), Role::Viewer, to).await;
        let answer = console.anybody(Method::POST, "/login", &[("token", &token), ("back", to)]).await.expect(303);
        assert_eq!(answer.goes_to(), "/", "nobody is sent to another site");
    }
}

#[tokio::test]
async fn every_answer_forbids_what_a_console_does_not_need_and_speaks_the_readers_language() {
    let console = Console::start().await;
    let viewer = console.sign_in(Role::Viewer).await;
    for path in ["/", "/nowhere", "/login"] {
        let shown = viewer.get(path).await;
        let policy = shown.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert!(!shown.body.contains("style=\"") && !shown.body.contains("<script>"), "{path}");
    }
    viewer.get("/nowhere").await.expect(404).says("Não há página");
    viewer.get("/workflows?port=oito").await.expect(422).says("port: deve ser um número inteiro positivo");
    let english = viewer.with("enlace_language=en");
    english.get("/workflows?port=oito").await.expect(422).says("port: must be a positive whole number");
    viewer.with("enlace_language=en").get("/").await.expect(200).says("Nothing waits for a person").says("lang=\"en\"");
    let set =
        viewer.post("/preferences", &[("language", "en"), ("theme", "dark"), ("back", "/about")]).await.expect(303);
    let cookies: Vec<_> = set.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert!(
        cookies[0].starts_with("enlace_language=en;") && cookies[1].starts_with("enlace_theme=dark;"),
        "{cookies:?}"
    );
    assert!(cookies.iter().all(|cookie| cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly")));

    let page = viewer.get("/").await;
    let css = page.body.split("href=\"").find(|part| part.starts_with("/assets/") && part.contains(".css")).unwrap();
    let file = console.anybody(Method::GET, css.split('"').next().unwrap(), &[]).await.expect(200);
    assert!(file.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(console.anybody(Method::GET, "/assets/x/..%2f..%2fCargo.toml", &[]).await.status / 100, 4);
}
