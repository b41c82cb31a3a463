//! Personal data, masked for those who may not see it (rule P1).

use serde_json::Value;

/// Keys whose values tell who somebody is, in HubSoft's words and in ours.
const PERSONAL: [&str; 9] = [
    "nome_razaosocial",
    "cpf_cnpj",
    "telefone_primario",
    "email_principal",
    "document",
    "observacao",
    "customer",
    "customer_name",
    "endereco",
];

/// Hides every value that tells who somebody is, however deep it lies.
pub fn people(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                if PERSONAL.contains(&key.as_str()) { hide(inner) } else { people(inner) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(people),
        _ => {}
    }
}

/// Hides what was searched for: it may be somebody's name.
pub fn search(filter: &mut Value) {
    filter.get_mut("q").into_iter().for_each(hide);
}

/// Only the first letter stays: enough to tell two apart on a screen.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.chars().take(1).chain("•••".chars()).collect(),
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
}
