//! The statements that write a group of records, in the order in which they are sent.

use std::sync::Arc;

use serde_json::Value;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::{PutBack, Record, Then};
use crate::{
    Error,
    upstream::{self, Close},
    workflow::End,
};

/// Appends the attempts of a group.
pub(super) async fn append_steps<C>(
    conn: &mut PgConnection,
    worker: Uuid,
    group: &[Arc<Record<C>>],
) -> Result<(), Error> {
    let statement = concat!(include_str!("../sql/record_steps.sql"), include_str!("../sql/record_alone.sql"));
    let written = attempts(statement, worker, group).execute(conn).await?;
    if written.rows_affected() == 0 { Err(Error::LeaseLost) } else { Ok(()) }
}

/// A statement that begins with record_steps.sql, and its attempts: of those that were seen.
fn attempts<C>(
    statement: &'static str,
    worker: Uuid,
    group: &[Arc<Record<C>>],
) -> Query<'static, Postgres, PgArguments> {
    let seen: Vec<&Record<C>> = group.iter().filter(|r| !r.unseen).map(|r| &**r).collect();
    let group = seen.as_slice();
    let calls = group.iter().map(|r| (!r.calls.is_empty()).then(|| serde_json::json!(r.calls)));
    sqlx::query(statement)
        .bind(worker)
        .bind(column(group, |r| r.id))
        .bind(column(group, |r| r.n))
        .bind(column(group, |r| r.attempt))
        .bind(column(group, |r| r.state.as_str()))
        .bind(column(group, |r| Into::<&'static str>::into(r.outcome)))
        .bind(column(group, |r| r.next.as_ref().map(|(at, _)| at.as_str())))
        .bind(column(group, |r| r.next.as_ref().and_then(|(_, data)| data.as_ref())))
        .bind(column(group, |r| r.error.as_ref()))
        .bind(calls.collect::<Vec<_>>())
        .bind(column(group, |r| r.began_at))
        .bind(column(group, |r| r.ended_at))
        .bind(column(group, |r| r.afloat))
}

/// One column of a group.
fn column<'g, C, T>(group: &[&'g Record<C>], of: impl Fn(&'g Record<C>) -> T) -> Vec<T> {
    group.iter().map(|r| of(r)).collect()
}

/// Gives back what is to be given back.
pub(super) async fn put_back<C>(conn: &mut PgConnection, worker: Uuid, group: &[Arc<Record<C>>]) -> Result<(), Error> {
    let back: Vec<(&Record<C>, &PutBack)> = group
        .iter()
        .filter_map(|r| match &r.then {
            Then::PutBack(b) => Some((&**r, b)),
            _ => None,
        })
        .collect();
    if back.is_empty() {
        return Ok(());
    }
    let closes: Vec<Close> = back.iter().filter_map(|(_, b)| b.close.clone()).collect();
    if !closes.is_empty() {
        upstream::close(conn, &closes, "enlace").await?;
    }
    let waits_for: Vec<&str> = back.iter().filter_map(|(_, b)| b.upstream.as_deref()).collect();
    if !waits_for.is_empty() {
        upstream::make_known(conn, &waits_for).await?;
    }
    let status = |b: &PutBack| if b.parked.is_some() { "parked" } else { "waiting" };
    let written = sqlx::query(include_str!("../sql/record_puts_back.sql"))
        .bind(worker)
        .bind(back.iter().map(|(r, _)| r.id).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| status(b)).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.after.map(|a| a.as_secs_f64())).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.failures).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.failed_state.as_deref()).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.moves).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.upstream.as_deref()).collect::<Vec<_>>())
        .bind(back.iter().map(|(r, _)| r.error.as_ref()).collect::<Vec<_>>())
        .bind(back.iter().map(|(_, b)| b.parked.map(Into::<&'static str>::into)).collect::<Vec<_>>())
        .bind(back.iter().map(|(r, _)| r.since).collect::<Vec<_>>())
        .execute(&mut *conn)
        .await?;
    if written.rows_affected() < back.len() as u64 {
        return Err(Error::LeaseLost);
    }
    Ok(())
}

/// A workflow that has ended.
pub(super) struct Ended<'g, C> {
    record: &'g Record<C>,
    end: End,
    state: &'g str,
    result: Option<&'g Value>,
}

impl<'g, C> Ended<'g, C> {
    /// `None`: it has not ended.
    pub(super) fn of(record: &'g Record<C>) -> Option<Self> {
        match &record.then {
            Then::End { end, state, result } => Some(Self { record, end: *end, state, result: result.as_ref() }),
            _ => None,
        }
    }
}

/// Appends the attempts of a group, and moves what has ended to what is finished.
pub(super) async fn end<C>(
    conn: &mut PgConnection,
    worker: Uuid,
    group: &[Arc<Record<C>>],
    ends: &[Ended<'_, C>],
) -> Result<(), Error> {
    let statement = concat!(include_str!("../sql/record_steps.sql"), include_str!("../sql/record_ends.sql"));
    let written = attempts(statement, worker, group)
        .bind(ends.iter().map(|e| e.record.id).collect::<Vec<_>>())
        .bind(ends.iter().map(|e| Into::<&'static str>::into(e.end)).collect::<Vec<_>>())
        .bind(ends.iter().map(|e| e.state).collect::<Vec<_>>())
        .bind(ends.iter().map(|e| e.result).collect::<Vec<_>>())
        .bind(ends.iter().map(|e| e.record.error.as_ref()).collect::<Vec<_>>())
        .execute(&mut *conn)
        .await?;
    if written.rows_affected() == 0 {
        return Err(Error::LeaseLost);
    }
    let keys = ends.iter().flat_map(|e| e.record.keys.iter().map(|k| (k.as_str(), e.record.position)));
    release_keys(conn, &keys.collect::<Vec<_>>()).await
}

/// Takes keys away and tells whoever was behind them.
pub(crate) async fn release_keys(conn: &mut PgConnection, keys: &[(&str, i64)]) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = keys.iter().map(|(k, _)| *k).collect();
    let positions: Vec<i64> = keys.iter().map(|(_, p)| *p).collect();
    sqlx::query(include_str!("../sql/keys_leave.sql")).bind(&names).bind(&positions).execute(&mut *conn).await?;
    sqlx::query(include_str!("../sql/keys_promote.sql")).bind(&names).bind(&positions).execute(conn).await?;
    Ok(())
}
