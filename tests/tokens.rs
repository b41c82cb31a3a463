//! API tokens: shown once, known by their hash alone, and worthless once taken back.

use enlace::tokens::{self, PREFIX, Role};
use secrecy::ExposeSecret;

use crate::support::{Db, Folder, Process};

#[tokio::test]
async fn a_token_opens_until_it_is_taken_back() {
    let db = Db::new().await;
    let (made, secret) = tokens::create(&db.pool(), Role::Operator, "night shift").await.unwrap();
    let found = tokens::verify(&db.pool(), secret.expose_secret()).await.unwrap().unwrap();
    assert_eq!((found.id, found.role, found.name.as_str()), (made.id, Role::Operator, "night shift"));
    let revoked = tokens::revoke(&db.pool(), made.id).await.unwrap().unwrap();
    assert_eq!(tokens::verify(&db.pool(), secret.expose_secret()).await.unwrap(), None);
    assert_eq!(tokens::revoke(&db.pool(), made.id).await.unwrap(), Some(revoked));
    assert_eq!(tokens::revoke(&db.pool(), uuid::Uuid::nil()).await.unwrap(), None);
}

#[tokio::test]
async fn no_other_words_open() {
    let db = Db::new().await;
    let (_, secret) = tokens::create(&db.pool(), Role::Admin, "me").await.unwrap();
    let near = format!("{}x", secret.expose_secret());
    for words in ["", PREFIX, "me", near.as_str(), secret.expose_secret().trim_start_matches(PREFIX)] {
        assert_eq!(tokens::verify(&db.pool(), words).await.unwrap(), None, "{words}");
    }
}

#[tokio::test]
async fn the_secret_is_not_in_the_database() {
    let db = Db::new().await;
    let (_, secret) = tokens::create(&db.pool(), Role::Viewer, "me").await.unwrap();
    let stored: String = sqlx::query_scalar("select t::text from enlace.token t").fetch_one(&db.pool()).await.unwrap();
    assert!(!stored.contains(secret.expose_secret().trim_start_matches(PREFIX)));
}

#[tokio::test]
async fn the_last_use_is_shown_and_the_newest_token_first() {
    let db = Db::new().await;
    let (old, secret) = tokens::create(&db.pool(), Role::Enqueue, "old").await.unwrap();
    let (new, _) = tokens::create(&db.pool(), Role::Enqueue, "new").await.unwrap();
    tokens::verify(&db.pool(), secret.expose_secret()).await.unwrap();
    let listed = tokens::list(&db.pool()).await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [new.id, old.id]);
    assert!(listed[0].last_used_at.is_none() && listed[1].last_used_at.is_some());
}

#[tokio::test]
async fn the_command_prints_the_token_once_alone_on_its_line() {
    let (db, folder) = (Db::new().await, Folder::new());
    let url = db.url();
    let enlace = async |arguments: &[&str]| Process::output(folder.path(), arguments, &[("DATABASE_URL", &url)]).await;
    let output = enlace(&["tokens", "create", "--role", "admin", "--name", "me"]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let token = said.strip_suffix('\n').unwrap();
    assert!(token.starts_with(PREFIX) && !token.contains(char::is_whitespace), "{said}");
    assert_eq!(tokens::verify(&db.pool(), token).await.unwrap().unwrap().role, Role::Admin);
    let listed = String::from_utf8(enlace(&["tokens", "list"]).await.stdout).unwrap();
    assert!(listed.contains("admin") && !listed.contains(token), "{listed}");
}
