//! What an act on many is asked for with, and how it is shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{Caller, acts::Verb, filter::Asked, kinds, mask, workflows::Summary};

/// An act on many.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActOnMany, example = json!({ "action": "retry", "filter": { "status": "parked", "kind": "bind" }, "reason": "OZMap consertado", "preview": true }))]
pub struct Start {
    /// What to do to each.
    pub action: Verb,
    /// Which: the parameters of the list of workflows, at least one.
    pub filter: Which,
    /// Why: 1 to 200 characters, for the audit.
    pub reason: String,
    /// `resolve` alone: `done` or `not_done`.
    pub outcome: Option<String>,
    /// Only say what it would do.
    #[serde(default)]
    pub preview: bool,
    /// Workflows a second, 1 to 1000; else 20.
    #[schema(example = 20)]
    pub pace: Option<i32>,
}

/// Which workflows, as the list of workflows takes it. What has ended is left alone, for nothing can be done to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    /// Kinds, separated by commas.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Statuses, separated by commas: `queued`, `running`, `waiting`, `paused`, `parked`; left out: all of these.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What is waited for, separated by commas: `rejected`, `outcome_unknown`, …, `upstream`, `key`, `time`.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `id_integracao`, as text or as a number.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// `id_porta_atendimento`, as text or as a number.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// `id_cliente_servico`, as text or as a number.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// `id_cliente`, as text or as a number.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// A number, or words of `requested_by`, of `dedup_id` or of a customer's name.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Started at this time or later.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Started before this time.
    #[serde(deserialize_with = "Which::text", skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Which {
    /// Whoever writes JSON writes numbers as numbers.
    pub(in crate::desk) fn text<'de, D: Deserializer<'de>>(given: D) -> Result<Option<String>, D::Error> {
        match Value::deserialize(given)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            Value::Number(number) => Ok(Some(number.to_string())),
            _ => Err(serde::de::Error::custom("must be text or a number")),
        }
    }

    /// As a list takes it. Only what has not ended is meant, also because looking through all that ever was would take long.
    pub fn asked(&self, after: Option<String>, limit: Option<u32>) -> Asked {
        let which = self.clone();
        Asked {
            kind: which.kind,
            status: which.status.or_else(|| Some(kinds::UNFINISHED.join(","))),
            reason: which.reason,
            integration: which.integration,
            port: which.port,
            service: which.service,
            customer: which.customer,
            q: which.q,
            since: which.since,
            until: which.until,
            after,
            limit: limit.map(|limit| limit.to_string()),
        }
    }
}

/// What an act on many would do now. Nothing is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Preview {
    /// How many match.
    pub matching: i64,
    /// How many can take the act now; the others would be left alone.
    pub possible: i64,
    /// The same by status.
    pub by_status: Vec<OfStatus>,
    /// Some of those that match, newest first.
    pub sample: Vec<Summary>,
    /// Which of these can take the act now.
    pub taking: Vec<Uuid>,
}

/// Of one status.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfStatus {
    /// Which.
    #[schema(example = "parked")]
    pub status: String,
    /// How many match.
    pub matching: i64,
    /// How many can take the act.
    pub possible: i64,
}

/// An act on many, and how far it is.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Bulk {
    /// Its id.
    pub id: Uuid,
    /// What is done to each.
    #[schema(example = "retry")]
    pub action: String,
    /// What the action takes besides a reason.
    #[schema(value_type = Object)]
    pub argument: Value,
    /// Which workflows.
    #[schema(value_type = Object)]
    pub filter: Value,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// Workflows a second, at most.
    pub pace: i32,
    /// How many matched when it was asked for.
    pub total: i64,
    /// Done, or asked of the workers that hold them.
    pub done: i64,
    /// Left alone: it made no sense for them any more.
    pub skipped: i64,
    /// Could not be done.
    pub failed: i64,
    /// `running`, `paused`, `done` or `cancelled`.
    #[schema(example = "running")]
    pub status: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was done, or called off.
    pub ended_at: Option<DateTime<Utc>>,
    /// What is enqueued from here on has been looked at.
    #[serde(skip)]
    pub(super) cursor: i64,
}

impl Bulk {
    /// How many have been looked at.
    pub fn seen(&self) -> i64 {
        self.done + self.skipped + self.failed
    }

    /// As this caller may see it: what was searched for may be somebody's name (P1).
    pub fn seen_by(mut self, caller: &Caller) -> Self {
        if !caller.sees_people() {
            mask::search(&mut self.filter);
        }
        self
    }
}
