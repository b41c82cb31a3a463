//! An integration's address is user input: by default none leads into our own network, and a proxy of the environment's gets
//! no word of ours.

use serde_json::json;
use tokio::net::TcpListener;

use super::{ALLOWED, PLATFORMS, but, parameters, simulated, terminal};
use crate::support::{Db, Folder};

/// Listens, and tells whether anybody has come.
struct Trap(TcpListener);

impl Trap {
    async fn set() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (Self(listener), port)
    }

    /// Nobody has: all who would have come have ended by now.
    async fn is_untouched(&self) -> bool {
        let come = self.0.accept();
        tokio::select! { biased; _ = come => false, () = std::future::ready(()) => true }
    }
}

async fn create(db: &Db, folder: &Folder, platform: &str, given: &[String], allowed: bool) -> (i32, String, String) {
    let create = ["integrations", "create", "--platform", platform, "--name", "x", "--json"];
    let given: Vec<&str> = create.into_iter().chain(given.iter().map(String::as_str)).collect();
    terminal(db, folder, &given, if allowed { &[ALLOWED] } else { &[] }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_an_address_inside_is_refused_unless_the_installation_allows_it() {
    let (db, folder) = (Db::new().await, Folder::new());
    let (trap, port) = Trap::set().await;
    for platform in PLATFORMS {
        let good = simulated(platform, Vec::new()).await;
        for (host, words) in [
            (format!("http://127.0.0.1:{port}"), "must begin with https://"),
            (format!("https://127.0.0.1:{port}"), "private or local network"),
            (format!("https://[::1]:{port}"), "private or local network"),
            (format!("https://2130706433:{port}"), "private or local network"),
            ("https://169.254.169.254/latest".to_owned(), "private or local network"),
        ] {
            let given = parameters(&but(&good, json!({ "api_url": host })));
            let (code, _, err) = create(&db, &folder, platform, &given, false).await;
            assert!(
                code == 1 && err.contains("parameters.api_url: ") && err.contains(words),
                "{platform} {host}: {err}"
            );
        }
        // A name says nothing of where it leads until it is asked.
        let given = parameters(&but(&good, json!({ "api_url": format!("https://localhost:{port}") })));
        let (code, made, err) = create(&db, &folder, platform, &given, false).await;
        assert_eq!(code, 0, "{err}");
        let id = serde_json::from_str::<serde_json::Value>(&made).unwrap()["id"].to_string();
        let (code, out, _) = terminal(&db, &folder, &["integrations", "test", &id], &[]).await;
        assert!(
            code == 1 && out.contains("rede privada ou local") && out.contains("ENLACE_ALLOW_PRIVATE_UPSTREAMS"),
            "{out}"
        );
    }
    assert!(trap.is_untouched().await);
    let stored: i64 =
        sqlx::query_scalar("select count(*) from mapping.integration").fetch_one(&db.pool()).await.unwrap();
    assert_eq!(stored, 3, "what was refused was not stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_what_was_allowed_once_is_refused_where_it_no_longer_is_and_no_proxy_is_asked() {
    let (db, folder) = (Db::new().await, Folder::new());
    let (trap, port) = Trap::set().await;
    let proxy = format!("http://127.0.0.1:{port}");
    let mut proxied = vec![ALLOWED];
    proxied.extend(
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
            .map(|name| (name, proxy.as_str())),
    );
    for platform in PLATFORMS {
        let given = parameters(&simulated(platform, Vec::new()).await);
        let (code, made, err) = create(&db, &folder, platform, &given, true).await;
        assert_eq!(code, 0, "{err}");
        let id = serde_json::from_str::<serde_json::Value>(&made).unwrap()["id"].to_string();
        let test = ["integrations", "test", &id];
        let (code, out, _) = terminal(&db, &folder, &test, &proxied).await;
        assert_eq!(code, 0, "{platform}: {out}");
        let (code, out, _) = terminal(&db, &folder, &test, &[]).await;
        assert!(code == 1 && out.contains("deve começar com https://"), "{platform}: {out}");
    }
    assert!(trap.is_untouched().await, "the proxy was asked");
}
