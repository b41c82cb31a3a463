//! *Test* (rule D4): whatever is wrong is caused here in earnest, on each platform, and is told in plain words that name what a
//! person has to change, in Portuguese and in English, over HTTP and at the terminal alike.

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use tokio::net::TcpListener;

use super::{ALLOWED, PLATFORMS, but, in_both_languages, simulated, terminal};
use crate::api::Api;
use crate::ozmap_adapter::canned::{Canned, Reply};
use crate::support::Folder;

/// Something that is wrong: what it is called, what it is set up with, and what *test* is to say.
#[derive(Clone)]
struct Wrong {
    about: &'static str,
    given: Value,
    code: &'static str,
    /// Each is in the message: what to change, in both languages.
    words: Vec<&'static str>,
}

fn status(status: u16) -> Vec<Fault> {
    vec![Fault::always(Effect::Status { status, body: None, retry_after_seconds: None })]
}

/// An address of this platform at another host.
fn elsewhere(platform: &str, host: &str) -> Value {
    let path = if platform == "geosite" { simulators::geosite::BASE } else { "" };
    json!({ "api_url": format!("{host}{path}") })
}

/// A port that nobody listens on.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// What can be wrong with a way to any platform.
async fn ways(platform: &'static str) -> Vec<Wrong> {
    let good = simulated(platform, Vec::new()).await;
    let hangs = Canned::serving(|_| Reply::Hang).await;
    let page = Canned::serving(|_| Reply::Status(200, "<html>nginx</html>".into())).await;
    let moved = Canned::serving(|_| Reply::With(302, "location: https://novo.example/\r\n", String::new())).await;
    let wrong = |about, host: &str, code, words: &[&'static str]| Wrong {
        about,
        given: but(&good, elsewhere(platform, host)),
        code,
        words: words.to_vec(),
    };
    let plain = good["api_url"].as_str().unwrap();
    vec![
        wrong(
            "host not found",
            "http://mapa.nao-existe.invalid",
            "http.no_such_host",
            &["api_url", "confira o nome", "check its name"],
        ),
        wrong("refused", &nobody().await, "http.connection_refused", &["api_url", "confira a porta", "check the port"]),
        Wrong {
            about: "TLS",
            given: but(&good, json!({ "api_url": plain.replace("http://", "https://") })),
            code: "http.tls",
            words: vec!["TLS", "certificado inválido", "invalid certificate"],
        },
        wrong("timeout", &hangs.url, "http.timeout", &["confira se ela está no ar", "check that it is up"]),
        wrong(
            "wrong path",
            &page.url,
            "http.not_the_api",
            &["api_url", "confira porta e caminho", "check port and path"],
        ),
        wrong(
            "moved",
            &moved.url,
            "http.redirected",
            &["novo.example", "informe o endereço final", "give the final one"],
        ),
    ]
}

/// What can be wrong with what is presented there.
async fn credentials(platform: &'static str) -> Vec<Wrong> {
    let good = simulated(platform, Vec::new()).await;
    let wrong = match platform {
        "ozmap" => json!({ "api_chave": "errada", "senha": "errada" }),
        "geosite" => json!({ "senha": "errada" }),
        _ => json!({ "token": "errado" }),
    };
    let (code, words) = match platform {
        "ozmap" => ("ozmap.unauthorised", vec!["api_chave", "usuario", "senha", "confira", "check"]),
        "geosite" => ("geosite.unauthorised", vec!["usuario", "senha", "confira", "check"]),
        _ => ("geogrid.unauthorised", vec!["token", "gere outro", "make another one"]),
    };
    // Geosite logs in first, and takes that for valid credentials.
    let forbidden = match platform {
        "geosite" => status(403).into_iter().map(|fault| fault.contains("/desc")).collect(),
        _ => status(403),
    };
    vec![
        Wrong { about: "401", given: but(&good, wrong), code, words },
        Wrong {
            about: "403",
            given: simulated(platform, forbidden).await,
            code: "http.forbidden",
            words: vec!["não tem permissão", "peça-a a quem a administra", "ask whoever administers it"],
        },
    ]
}

/// What can be wrong on one of them alone.
async fn own(platform: &'static str) -> Vec<Wrong> {
    let good = simulated(platform, Vec::new()).await;
    match platform {
        "ozmap" => vec![Wrong {
            about: "no such project",
            given: but(&good, json!({ "nome_projeto": "Projeto Que Não Há" })),
            code: "ozmap.no_such_project",
            words: vec!["nome_projeto", "«Projeto Que Não Há»", "há: «", "there are: «"],
        }],
        "geosite" => vec![Wrong {
            about: "column missing",
            given: but(&good, json!({ "colunas": "cliente.codigo=COD_QUE_NAO_HA" })),
            code: "geosite.missing_column",
            words: vec![
                "colunas",
                "COD_QUE_NAO_HA",
                "há: «",
                "there are: «",
                "cliente.codigo=NOME",
                "cliente.codigo=NAME",
            ],
        }],
        _ => Vec::new(),
    }
}

/// Creates the integration, tests it over HTTP and at the terminal, and compares.
async fn tried(api: &Api, folder: &Folder, platform: &str, wrong: &Wrong) {
    let about = format!("{platform}, {}", wrong.about);
    let body = json!({ "platform": platform, "name": about, "parameters": wrong.given });
    let id = api.post("/integrations", body).await.expect(201).body["id"].to_string();
    let told = api.post(&format!("/integrations/{id}/test"), json!({})).await.expect(200).body;
    assert_eq!((&told["ok"], &told["details"]["code"]), (&json!(false), &json!(wrong.code)), "{about}: {told}");
    let message = told["message"].as_str().unwrap();
    in_both_languages(message);
    for words in &wrong.words {
        assert!(message.contains(words), "{about}: {words} is not in {message}");
    }
    for secret in ["api_chave", "senha", "token"].iter().filter_map(|name| wrong.given[name].as_str()) {
        assert!(!told.to_string().contains(secret), "{about}: {message}");
    }
    // At the terminal nobody cuts the platform's time short.
    if wrong.about == "timeout" && platform != "geogrid" {
        return;
    }
    let (code, out, err) = terminal(&api.db, folder, &["integrations", "test", &id], &[ALLOWED]).await;
    assert_eq!((code, out.trim_end(), err.as_str()), (1, message, ""), "{about}");
}

async fn all_tried(platform: &'static str) {
    let (api, folder) = (Api::on_platforms().await, Folder::new());
    let cases = [ways(platform).await, credentials(platform).await, own(platform).await].concat();
    assert!(cases.len() >= 8);
    futures_util::future::join_all(cases.iter().map(|wrong| tried(&api, &folder, platform, wrong))).await;
    let body = json!({ "platform": platform, "name": "boa", "parameters": simulated(platform, Vec::new()).await });
    let id = api.post("/integrations", body).await.expect(201).body["id"].to_string();
    let told = api.post(&format!("/integrations/{id}/test"), json!({})).await.expect(200).body;
    assert_eq!(told["ok"], true, "{told}");
    let (code, out, _) = terminal(&api.db, &folder, &["integrations", "test", &id], &[ALLOWED]).await;
    assert_eq!((code, out.trim_end()), (0, told["message"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_whatever_is_wrong_with_ozmap_is_told_in_plain_words() {
    all_tried(PLATFORMS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_whatever_is_wrong_with_geosite_is_told_in_plain_words() {
    all_tried(PLATFORMS[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_whatever_is_wrong_with_geogrid_is_told_in_plain_words() {
    all_tried(PLATFORMS[2]).await;
}
