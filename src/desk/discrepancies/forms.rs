//! What is given and shown of differences.

use chrono::{DateTime, Utc};
use mapping::discrepancies::{
    self as stored, KINDS, NOT_ON_PLATFORM, OTHER_OCCUPANT, RESERVED_PORT, Settlement, TAKEN_BY_EQUIPMENT, TWO_PORTS,
};
use mapping::documents;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::desk::{Caller, Refusal, check, kinds, mask, workflows::Explanation};

/// How a difference is settled.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::EnumString, strum::Display, strum::VariantNames, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Settle {
    /// The platform follows HubSoft: the work for that is started.
    Send,
    /// HubSoft follows the platform: its port is changed.
    Take,
    /// Neither, while both sides say the same.
    Ignore,
}

impl From<Settle> for Settlement {
    fn from(how: Settle) -> Self {
        match how {
            Settle::Send => Self::Send,
            Settle::Take => Self::Take,
            Settle::Ignore => Self::Ignore,
        }
    }
}

/// What a list of differences is narrowed down by, as text.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `open` (where it is left out), `settled` or `all`.
    #[param(example = "open")]
    pub status: Option<String>,
    /// `id_integracao`.
    #[param(example = "3")]
    pub integration: Option<String>,
    /// `id_projeto`.
    #[param(example = "9")]
    pub project: Option<String>,
    /// `id_porta_atendimento`.
    #[param(example = "812")]
    pub port: Option<String>,
    /// `id_caixa_optica`.
    #[serde(rename = "box")]
    #[param(rename = "box", example = "91")]
    pub of_box: Option<String>,
    /// Kinds, separated by commas: `other_occupant`, `two_ports`, `reserved_port`, `not_on_platform`, `taken_by_equipment`.
    #[param(example = "not_on_platform")]
    pub kind: Option<String>,
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

impl Asked {
    pub(super) fn which(&self) -> Result<stored::Which, Refusal> {
        let number = |name, text: &Option<String>| text.as_deref().map(|t| check::number(name, t)).transpose();
        let kinds = self.kind.as_deref().map(|text| kinds::some_of("kind", text, &KINDS)).transpose()?;
        Ok(stored::Which {
            integration: number("integration", &self.integration)?,
            project: number("project", &self.project)?,
            port: number("port", &self.port)?,
            of_box: number("box", &self.of_box)?,
            kinds: kinds.map(|kinds| kinds.into_iter().map(str::to_owned).collect()),
        })
    }

    pub(super) fn status(&self) -> Result<&'static str, Refusal> {
        let known = ["open", "settled", "all"];
        let given = self.status.as_deref().unwrap_or("open");
        let found = known.into_iter().find(|one| *one == given);
        found.ok_or_else(|| Refusal::invalid("status", format!("must be one of {}", known.join(", "))))
    }
}

/// Where HubSoft and the platform differ.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Discrepancy {
    /// Its number.
    pub id: i64,
    /// The port.
    #[schema(example = 812)]
    pub id_porta_atendimento: i64,
    /// The name of the port's box.
    #[schema(example = "CTO-091")]
    pub caixa: String,
    /// The port's number as people read it, from 1.
    #[schema(example = 3)]
    pub numero_porta: i32,
    /// The project that the port is of.
    pub id_projeto: i64,
    /// The integration of that project.
    pub id_integracao: Option<i64>,
    /// `other_occupant`, `two_ports`, `reserved_port`, `not_on_platform`, `taken_by_equipment`.
    #[schema(example = "not_on_platform")]
    pub kind: String,
    /// The same in a sentence.
    pub explanation: Explanation,
    /// What HubSoft says.
    #[schema(value_type = Object, example = json!({ "id_cliente_servico": 4411 }))]
    pub ours: Value,
    /// What the platform says. Who its customer is is masked for all but the role `admin`.
    #[schema(value_type = Object, example = json!({ "external_id": null, "code": null, "customer_name": null, "id_cliente_servico": null }))]
    pub theirs: Value,
    /// When it was first seen.
    pub since: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// By whom: a person; `sync`, where a later one found both sides agreeing; `enlace`, where the platform has followed since.
    pub settled_by: Option<String>,
    /// How, where a person did it: `send`, `take` or `ignore`.
    pub settlement: Option<String>,
    /// What may be done about it.
    #[schema(example = json!(["send", "take", "ignore"]))]
    pub possible: Vec<String>,
}

impl Discrepancy {
    /// As this caller may see it.
    pub(super) fn of(one: stored::Discrepancy, caller: &Caller) -> Self {
        let possible = super::possible(&one).into_iter().map(str::to_owned).collect();
        let explanation = explained(&one);
        let mut theirs = theirs(&one.theirs, one.theirs_service);
        if !caller.sees_people() {
            mask::people(&mut theirs);
        }
        Self {
            id: one.id,
            id_porta_atendimento: one.port,
            caixa: one.box_name,
            numero_porta: one.number,
            id_projeto: one.project,
            id_integracao: one.integration,
            kind: one.kind,
            explanation,
            ours: one.ours,
            theirs,
            since: one.since,
            settled_at: one.settled_at,
            settled_by: one.settled_by,
            settlement: one.settlement,
            possible,
        }
    }
}

/// One that was settled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Settled {
    /// As it stands now.
    #[serde(flatten)]
    pub discrepancy: Discrepancy,
    /// Workflows that make the platform follow.
    pub workflows: Vec<Uuid>,
}

/// The platform's side under names that tell what is personal (rule P1): its code may be somebody's document.
pub(super) fn theirs(said: &Value, service: Option<i64>) -> Value {
    let Value::Object(said) = said else { return said.clone() };
    let mut shown = serde_json::Map::new();
    for (key, value) in said {
        let document = key == "code" && value.as_str().is_some_and(|code| documents::valid(code).is_some());
        let key = match key.as_str() {
            "name" => "customer_name",
            "code" if document => "document",
            other => other,
        };
        shown.insert(key.to_owned(), value.clone());
    }
    shown.insert("id_cliente_servico".to_owned(), json!(service));
    Value::Object(shown)
}

/// What differs, in a sentence, without anybody's name.
fn explained(one: &stored::Discrepancy) -> Explanation {
    let number = |key: &str| one.ours.get(key).and_then(Value::as_i64);
    let service = |id: Option<i64>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
    let (occupant, theirs) = (number("id_cliente_servico"), one.theirs_service);
    let whom = |of: &str, unknown: &str| theirs.map_or_else(|| unknown.to_owned(), |id| format!("{of} {id}"));
    let (pt, en) = match (one.kind.as_str(), occupant) {
        (OTHER_OCCUPANT, Some(ours)) => (
            format!("o HubSoft tem o serviço {ours} na porta, e a plataforma {}", whom("o serviço", "outro cliente")),
            format!("HubSoft has service {ours} on the port, and the platform {}", whom("service", "another customer")),
        ),
        (OTHER_OCCUPANT, None) => (
            format!("a porta está livre no HubSoft, e a plataforma mostra {}", whom("o serviço", "um cliente")),
            format!("the port is free in HubSoft, and the platform shows {}", whom("service", "a customer")),
        ),
        (TWO_PORTS, _) => {
            let (who, sits) = (service(number("service").or(theirs)), service(number("service_sits_on")));
            (
                format!("o serviço {who} está na porta {sits} no HubSoft, e a plataforma o mostra nesta"),
                format!("service {who} sits on port {sits} in HubSoft, and the platform shows it on this one"),
            )
        }
        (RESERVED_PORT, _) => {
            let who = service(number("service").or(theirs));
            (
                format!("uma pessoa reservou a porta no HubSoft, e a plataforma mostra nela o serviço {who}"),
                format!("a person has reserved the port in HubSoft, and the platform shows service {who} on it"),
            )
        }
        (NOT_ON_PLATFORM, ours) => {
            let ours = service(ours);
            (
                format!("o HubSoft tem o serviço {ours} na porta, e a plataforma não mostra nenhum cliente nela"),
                format!("HubSoft has service {ours} on the port, and the platform shows no customer on it"),
            )
        }
        (TAKEN_BY_EQUIPMENT, _) => (
            "a porta está livre no HubSoft, e a plataforma mostra um equipamento nela".to_owned(),
            "the port is free in HubSoft, and the platform shows equipment on it".to_owned(),
        ),
        (other, _) => (format!("divergência ({other})"), format!("a difference ({other})")),
    };
    Explanation { pt, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: &str, ours: Value, theirs: Value, service: Option<i64>) -> stored::Discrepancy {
        stored::Discrepancy {
            id: 1,
            port: 812,
            integration: Some(3),
            project: 9,
            box_name: "CTO-091".to_owned(),
            number: 3,
            kind: kind.to_owned(),
            ours,
            theirs,
            theirs_service: service,
            since: DateTime::UNIX_EPOCH,
            settled_at: None,
            settled_by: None,
            settlement: None,
        }
    }

    #[test]
    fn p1_names_and_documents_are_masked_and_stand_in_no_sentence() {
        let theirs = json!({ "external_id": "p", "code": "529.982.247-25", "name": "Ana Souza" });
        let seen = |role| {
            let caller = Caller { name: "x".to_owned(), role, token: None, in_full: true };
            let ours = json!({ "id_cliente_servico": 7 });
            serde_json::to_value(Discrepancy::of(one(OTHER_OCCUPANT, ours, theirs.clone(), None), &caller)).unwrap()
        };
        let (operator, admin) = (seen(crate::tokens::Role::Operator), seen(crate::tokens::Role::Admin));
        assert_eq!(operator["theirs"]["customer_name"], "A•••");
        assert_eq!(operator["theirs"]["document"], "5•••");
        assert!(!operator.to_string().contains("Souza") && !operator.to_string().contains("247-25"));
        assert_eq!(admin["theirs"]["customer_name"], "Ana Souza");
        assert!(!admin["explanation"].to_string().contains("Souza"));
    }

    #[test]
    fn s6_each_kind_is_told_in_both_languages_and_says_what_may_be_done() {
        let all = ["send", "take", "ignore"];
        for (kind, ours, theirs, service, told, may) in [
            (OTHER_OCCUPANT, json!({ "id_cliente_servico": 7 }), json!({ "code": "A" }), None, "7", &all[..]),
            (OTHER_OCCUPANT, json!({ "id_cliente_servico": null }), json!({ "code": "A" }), None, "livre", &all[1..]),
            (TWO_PORTS, json!({ "service": 7, "service_sits_on": 9 }), json!({ "code": "7" }), Some(7), "9", &all[..]),
            (RESERVED_PORT, json!({ "service": 7 }), json!({ "code": "7" }), Some(7), "7", &all[..]),
            (NOT_ON_PLATFORM, json!({ "id_cliente_servico": 7 }), json!({ "code": null }), None, "7", &all[..]),
            (
                TAKEN_BY_EQUIPMENT,
                json!({ "id_cliente_servico": null }),
                json!({ "equipment": true }),
                None,
                "equip",
                &all[1..],
            ),
        ] {
            let one = one(kind, ours, theirs, service);
            let words = explained(&one);
            assert!(words.pt.contains(told) && !words.en.contains('?') && words.pt != words.en, "{words:?}");
            assert_eq!(super::super::possible(&one), may, "{kind}");
        }
    }
}
