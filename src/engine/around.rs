//! What a worker does beside its work: reads what people asked, takes over from the dead, and mends what waits for nobody.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, claim::Claiming, clock, db, hands::Shop, lease, tally::ENGINE};

/// Looks around after which a worker whose transactions are serialisable looks for who waits for nobody.
const MENDS: u32 = 5;

/// Until the lease is lost.
pub(crate) async fn look<C: Send>(pool: PgPool, shop: Arc<Shop<C>>, claiming: Claiming) {
    for turn in 0_u32.. {
        if !shop.lease.alive() {
            return;
        }
        let mends = claiming == Claiming::Guarded && turn % MENDS == 0;
        if let Err(error) = db::within(shop.lease.patience(), once(&pool, &shop, claiming, mends)).await {
            tracing::debug!(%error, "could not look around");
        }
        clock::sleep(Duration::from_secs(1)).await;
    }
}

/// Lets whoever waits for nobody go on; how many did.
async fn mend(pool: &PgPool) -> Result<u64, Error> {
    let mended = db::transaction(pool, |conn| {
        Box::pin(async move { Ok(sqlx::query(include_str!("sql/keys_mend.sql")).execute(conn).await?.rows_affected()) })
    });
    mended.await
}

/// Asks first whether anybody is dead: looking for the work of nobody reads the whole of `run`, with all that is dead in it (G14).
async fn once<C: Send>(pool: &PgPool, shop: &Shop<C>, claiming: Claiming, mends: bool) -> Result<(), Error> {
    let around: Vec<(bool, Option<Uuid>, Option<serde_json::Value>)> =
        sqlx::query_as(include_str!("sql/around.sql")).bind(shop.lease.worker).fetch_all(pool).await?;
    let anybody_dead = around.iter().any(|(dead, ..)| *dead);
    shop.note_asked(around.into_iter().filter_map(|(_, id, asked)| Some((id?, asked?))));
    let freed = if anybody_dead { lease::reap(pool, claiming).await? } else { 0 };
    if freed > 0 {
        ENGINE.taken_over.increment(freed);
        tracing::warn!(freed, "a dead worker's workflows were taken over");
    }
    let mended = if anybody_dead || mends { mend(pool).await? } else { 0 };
    if mended > 0 {
        tracing::warn!(mended, "workflows waited for nobody, and go on");
    }
    if freed + mended > 0 {
        shop.nudge.notify_one();
    }
    Ok(())
}
