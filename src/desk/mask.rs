//! Personal data, masked for those who may not see it (rule P1).

use mapping::documents;
use platforms::people as texts;
use serde_json::Value;

use super::Caller;

/// Keys whose values tell who somebody is, in HubSoft's words and in ours.
const PERSONAL: [&str; 12] = [
    "nome_razaosocial",
    "cpf_cnpj",
    "telefone_primario",
    "email_principal",
    "document",
    "observacao",
    "customer",
    "customer_name",
    "endereco",
    "documento",
    "telefone",
    "email",
];
/// Keys under which one side of a difference speaks: there a name is a customer's.
const SIDES: [&str; 2] = ["ours", "theirs"];
/// What a customer's name is called there.
const NAMES: [&str; 2] = ["name", "nome"];

/// Hides every value that tells who somebody is, however deep it lies: by its key, or because it is a document.
pub fn people(value: &mut Value) {
    hide_people(value, false);
}

fn hide_people(value: &mut Value, of_a_side: bool) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                let key = key.as_str();
                let personal = PERSONAL.contains(&key) || (of_a_side && NAMES.contains(&key));
                if personal { hide(inner) } else { hide_people(inner, of_a_side || SIDES.contains(&key)) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_people(item, of_a_side)),
        // Whatever its key: on platforms a customer's code may be his document.
        Value::String(text) if documents::valid(text).is_some() => hide(value),
        _ => {}
    }
}

/// Whether it tells who somebody is.
pub fn tells(value: &Value) -> bool {
    let mut masked = value.clone();
    people(&mut masked);
    masked != *value
}

/// Hides documents, phone numbers and addresses in words that somebody wrote.
pub fn words(text: &mut String) {
    *text = texts::without_numbers(text);
}

/// Hides somebody's name, document or description from a caller who may not see people.
pub fn person(caller: &Caller, text: &mut String) {
    if !caller.sees_people() {
        *text = first_letter(text);
    }
}

/// Hides what was searched for: it may be somebody's name.
pub fn search(filter: &mut Value) {
    filter.get_mut("q").into_iter().for_each(hide);
}

/// Only the first letter stays: enough to tell two apart on a screen.
fn first_letter(text: &str) -> String {
    text.chars().take(1).chain("•••".chars()).collect()
}

fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = first_letter(text),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Number(_) => *value = Value::String("•••".to_owned()),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn p1_who_somebody_is_is_hidden_however_deep_it_lies() {
        let mut value = json!({ "id_cliente_servico": 7, "theirs": [{ "customer": { "name": "Ana Souza", "code": 12 } }],
            "cpf_cnpj": "529.982.247-25", "projeto": { "nome": "Centro" } });
        people(&mut value);
        assert_eq!(
            value,
            json!({ "id_cliente_servico": 7, "theirs": [{ "customer": { "name": "A•••", "code": "•••" } }],
            "cpf_cnpj": "5•••", "projeto": { "nome": "Centro" } })
        );
    }

    #[test]
    fn p1_a_side_of_a_difference_names_nobody_and_a_code_that_is_a_document_is_one() {
        let mut value = json!({ "ours": { "id_cliente_servico": 7 }, "name": "OZMap",
            "theirs": { "external_id": "p1", "name": "Ana Souza", "code": "529.982.247-25" } });
        assert!(tells(&value));
        people(&mut value);
        assert_eq!(
            value,
            json!({ "ours": { "id_cliente_servico": 7 }, "name": "OZMap",
            "theirs": { "external_id": "p1", "name": "A•••", "code": "5•••" } })
        );
        assert!(!tells(&json!({ "id_porta_atendimento": 52998224725_i64, "name": "Centro", "code": "4411" })));
    }
}
