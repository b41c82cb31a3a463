//! Asking Postgres for turns: one task a gate, for as long as somebody waits there or more is held than is used.

use std::{sync::Arc, time::Duration};

use super::{
    Closed, Link, Refused, Upstreams,
    gate::{Asking, Gate},
};
use crate::{Error, clock, db::within};

/// The shortest and the longest time between two questions while nothing is granted. Postgres forgets who has not asked for a
/// second.
const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(400);

#[derive(sqlx::FromRow)]
struct Turn {
    verdict: String,
    lane: Option<i16>,
    calls: Option<i32>,
    seconds: Option<f64>,
    held: Option<i32>,
    crowded: Option<bool>,
}

/// Asks for turns until nobody waits any more.
pub(super) async fn ask_for(all: Arc<Upstreams>, gate: Arc<Gate>) {
    let mut rest = SOON;
    while let Some(asking) = gate.asking() {
        let waits = asking.waiting.iter().any(|n| *n > 0);
        if !waits && !asking.gives_back {
            // Calls are under way: their places are given back when they end.
            gate.changed.notified().await;
            continue;
        }
        let Some(link) = all.link() else { return gate.send_away(&Refused::Busy) };
        let pause = match ask(&link, &gate, &asking).await {
            Ok(turn) => take(&all, &gate, &link, turn).await,
            Err(error) => {
                tracing::debug!(%error, upstream = gate.id, "could not ask for a turn");
                if !link.lease.alive() {
                    gate.send_away(&Refused::LeaseLost);
                }
                Some(LATE)
            }
        };
        // Nothing was granted, and nobody can say when it will be: less and less often.
        rest = if pause.is_some() { SOON } else { (rest * 2).min(LATE) };
        match pause {
            Some(Duration::ZERO) => {}
            Some(pause) => until_changed(&gate, pause.min(LATE)).await,
            None => until_changed(&gate, rest).await,
        }
    }
}

async fn until_changed(gate: &Gate, pause: Duration) {
    tokio::select! {
        () = gate.changed.notified() => {}
        () = clock::sleep(pause) => {}
    }
}

async fn ask(link: &Link, gate: &Gate, asking: &Asking) -> Result<Turn, Error> {
    let turn = sqlx::query_as(include_str!("sql/turn.sql"))
        .bind(&gate.id)
        .bind(link.lease.worker)
        .bind(asking.waiting)
        .bind(asking.busy)
        .fetch_one(&link.pool);
    Ok(within(link.lease.patience(), turn).await?)
}

/// Does what was answered; how long until it may be asked again, if that is known.
async fn take(all: &Arc<Upstreams>, gate: &Arc<Gate>, link: &Link, turn: Turn) -> Option<Duration> {
    let seconds = turn.seconds.map(|s| Duration::from_secs_f64(s.max(0.0)));
    gate.granted(turn.held.unwrap_or(0), turn.crowded.unwrap_or(false));
    match turn.verdict.as_str() {
        "free" => {
            gate.granted(0, false);
            link.refresh(all).await;
            while gate.let_in(all, None, false) {}
            Some(Duration::ZERO)
        }
        "probe" => {
            let probed = gate.is_probed();
            gate.let_in(all, None, true);
            refuse(gate, link, &turn, probed).await
        }
        "probed" => refuse(gate, link, &turn, gate.is_probed()).await,
        "closed" => {
            link.refresh(all).await;
            refuse(gate, link, &turn, gate.why_closed(seconds)).await
        }
        "go" => {
            let lane = turn.lane.and_then(|lane| usize::try_from(lane).ok());
            for nth in 0..turn.calls.unwrap_or(0) {
                if let (Some(gap), true) = (seconds, nth > 0) {
                    clock::sleep(gap).await;
                }
                gate.let_in(all, lane, false);
            }
            Some(Duration::ZERO)
        }
        // Until its turn comes, or until a place is free.
        _ => seconds,
    }
}

/// Nobody is let in. Calls that are under way keep their places until they end; more are not held, or whoever comes when it is
/// open again would find them taken.
async fn refuse(gate: &Gate, link: &Link, turn: &Turn, closed: Closed) -> Option<Duration> {
    gate.send_away(&Refused::Closed(closed));
    let held = sqlx::query(include_str!("sql/share_keep.sql")).bind(&gate.id).bind(link.lease.worker).bind(turn.held);
    match within(link.lease.patience(), held.execute(&link.pool)).await {
        Ok(_) => Some(Duration::ZERO),
        Err(error) => {
            tracing::debug!(%error, upstream = gate.id, "could not give places back");
            gate.granted(turn.held.unwrap_or(0).saturating_add(1), false); // asked again
            Some(LATE)
        }
    }
}
