//! G7: the upstream as a thing, tried by real HTTP calls of several workers at once; and G13: none takes all hands.

mod arithmetic;
mod budget;
mod closing;
mod isolation;
mod lanes;

use std::time::Duration;

use sqlx::PgPool;

/// The upstream of these tests.
const ONE: &str = "u:1";
/// Longer than any call here.
const SOON: Duration = Duration::from_secs(30);

async fn limit(pool: &PgPool, upstream: &str, rate: Option<f64>, concurrency: Option<i32>) {
    let limits = engine::upstream::Limits { rate, concurrency };
    engine::upstream::limit(&mut pool.acquire().await.unwrap(), upstream, limits).await.unwrap();
}

/// Open, slowed or closed; for how many seconds still, and why.
async fn stands(pool: &PgPool, upstream: &str) -> (String, Option<f64>, Option<String>) {
    sqlx::query_as(
        "select enlace.upstream_state(u, enlace.now()), extract(epoch from u.closed_until - enlace.now())::float8, u.reason
         from enlace.upstream u where u.id = $1",
    )
    .bind(upstream)
    .fetch_optional(pool)
    .await
    .unwrap()
    .unwrap_or_else(|| ("open".to_owned(), None, None))
}

/// Waits until it stands so.
async fn comes_to(pool: &PgPool, upstream: &str, wanted: &str) {
    for _ in 0..3000 {
        if stands(pool, upstream).await.0 == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{upstream} is not {wanted} but {:?}", stands(pool, upstream).await);
}

/// How many workflows wait for it.
async fn waiting(pool: &PgPool, upstream: &str) -> i64 {
    sqlx::query_scalar("select count(*) from enlace.run where upstream = $1 and status = 'waiting' and worker is null")
        .bind(upstream)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// What it is told who waits for it.
async fn words(pool: &PgPool, upstream: &str) -> (String, String) {
    sqlx::query_as("select w ->> 'pt', w ->> 'en' from enlace.upstream_words($1, enlace.now()) w")
        .bind(upstream)
        .fetch_one(pool)
        .await
        .unwrap()
}
