//! The audit as a table for spreadsheets: everything that a filter matches, a page at a time, so that years of it cost no memory.

use futures_util::{Stream, stream};
use sqlx::PgPool;

use super::{
    Caller, Refusal,
    audit::{self, Asked, Done},
};

/// Read at a time.
const PAGE: &str = "500";
const HEAD: &str = "at,act,person,reason,workflow,bulk,before,after,id\r\n";

/// What is still to be read.
struct Rest {
    pool: PgPool,
    caller: Caller,
    asked: Asked,
    /// Read, and not given yet.
    ready: Option<String>,
    more: bool,
}

/// Lines of comma-separated values (RFC 4180), the head first, newest first. The first page is read before anything is
/// answered, so that a filter that cannot be taken is refused like anywhere else.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn acts(
    pool: &PgPool,
    caller: &Caller,
    asked: Asked,
) -> Result<impl Stream<Item = Result<String, Refusal>> + use<>, Refusal> {
    let asked = Asked { limit: Some(PAGE.to_owned()), ..asked };
    let mut rest = Rest { pool: pool.clone(), caller: caller.clone(), asked, ready: None, more: true };
    let first = rest.page().await?.unwrap_or_default();
    rest.ready = Some(format!("{HEAD}{first}"));
    Ok(stream::try_unfold(rest, |mut rest| async move {
        let next = match rest.ready.take() {
            Some(ready) => Some(ready),
            None => rest.page().await?,
        };
        Ok(next.map(|text| (text, rest)))
    }))
}

impl Rest {
    async fn page(&mut self) -> Result<Option<String>, Refusal> {
        if !self.more {
            return Ok(None);
        }
        let page = audit::list(&self.pool, &self.caller, &self.asked).await?;
        self.more = page.next.is_some();
        self.asked.after = page.next;
        Ok(Some(page.items.iter().map(line).collect()))
    }
}

fn line(done: &Done) -> String {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let json = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    let cells = [
        done.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        done.act.clone(),
        done.person.clone(),
        done.reason.clone(),
        id(done.workflow),
        id(done.bulk),
        json(&done.before),
        json(&done.after),
        done.id.to_string(),
    ];
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A value in quotes. What a spreadsheet would take for a formula is made plain text: people chose these words.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_its_words_and_is_no_formula() {
        assert_eq!(cell("a porta, \"livre\"\nagora"), "\"a porta, \"\"livre\"\"\nagora\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell(""), "\"\"");
    }
}
