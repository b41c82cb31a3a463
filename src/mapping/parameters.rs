//! What people give to set an integration up, checked: each mistake names its field (rule D1).

use platforms::{ElementKind, Given, PLATFORMS, ParameterSpec, guard::Guard};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use strum::IntoEnumIterator;

use crate::{Error, secrets::Secrets};

/// No name is longer, in characters.
const LONGEST_NAME: usize = 200;
/// No parameter is longer, in bytes: the longest known is a JWT of about a thousand.
const LONGEST_PARAMETER: usize = 8_000;
/// What `settings` may hold; all of them true or false, except the last.
const SETTINGS: [&str; 3] = ["keep_home", "implanted_required", MISSING_PERCENT];
/// The share of a kind that a sync may find gone without asking a person (rule S9).
const MISSING_PERCENT: &str = "missing_percent";

/// An integration's parameters, kept apart by who may see them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    /// Those that anybody may see.
    pub open: Given,
    /// The others.
    pub secret: Secrets,
}

impl Parameters {
    /// Takes `given` on top of what is there; null removes a parameter.
    pub(crate) fn merge(&mut self, platform: &str, given: &Given) -> Result<(), Error> {
        for (name, value) in given {
            let field = format!("parameters.{name}");
            let spec = spec(platform, name).ok_or_else(|| Error::invalid(&field, unknown(platform)))?;
            match value {
                Value::Null => self.remove(name),
                Value::String(text) => self.set(spec, checked(&field, text)?),
                _ => return Err(Error::invalid(field, "deve ser um texto / must be text")),
            }
        }
        Ok(())
    }

    /// Everything that the platform needs is there, and addresses are addresses. `plain_http`: the installation allows it, and
    /// with it addresses inside of networks.
    pub(crate) fn complete(&self, platform: &str, plain_http: bool) -> Result<(), Error> {
        for spec in platforms::parameters(platform).iter().filter(|spec| spec.required) {
            if !self.open.contains_key(spec.name) && self.secret.get(spec.name).is_none() {
                let (pt, en) = (spec.hint_pt, spec.hint_en);
                let message = format!("falta; {platform} precisa dele: {pt} / is missing; {platform} needs it: {en}");
                return Err(Error::invalid(format!("parameters.{}", spec.name), message));
            }
        }
        address(self.open.get("api_url").and_then(Value::as_str).unwrap_or_default(), plain_http)
    }

    /// Everything in clear, for making the account ready.
    pub(crate) fn in_clear(&self) -> Given {
        let mut given = self.open.clone();
        for name in self.secret.names() {
            if let Some(secret) = self.secret.get(name) {
                given.insert(name.to_owned(), Value::String(secret.expose_secret().to_owned()));
            }
        }
        given
    }

    fn set(&mut self, spec: &ParameterSpec, text: &str) {
        if spec.secret {
            self.secret.set(spec.name, SecretString::from(text));
        } else {
            self.open.insert(spec.name.to_owned(), Value::String(text.to_owned()));
        }
    }

    fn remove(&mut self, name: &str) {
        self.open.remove(name);
        self.secret.remove(name);
    }
}

fn spec(platform: &str, name: &str) -> Option<&'static ParameterSpec> {
    platforms::parameters(platform).iter().find(|spec| spec.name == name)
}

fn unknown(platform: &str) -> String {
    let names: Vec<&str> = platforms::parameters(platform).iter().map(|spec| spec.name).collect();
    let names = names.join(", ");
    format!(
        "não é um parâmetro de {platform}; os dele são {names} / is not a parameter of {platform}; those are {names}"
    )
}

fn checked<'a>(field: &str, text: &'a str) -> Result<&'a str, Error> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_PARAMETER || text.contains('\0') {
        let message = format!(
            "deve ter de 1 a {LONGEST_PARAMETER} bytes de texto / must be 1 to {LONGEST_PARAMETER} bytes of text"
        );
        return Err(Error::invalid(field, message));
    }
    Ok(text)
}

fn address(api_url: &str, plain_http: bool) -> Result<(), Error> {
    let says = |message: &str| Err(Error::invalid("parameters.api_url", message));
    let host = match (api_url.strip_prefix("https://"), api_url.strip_prefix("http://")) {
        (Some(host), _) => host,
        (None, Some(host)) if plain_http => host,
        _ => return says("deve começar com https:// / must begin with https://"),
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains(char::is_whitespace) {
        return says("não diz o servidor: informe o endereço completo / names no host: give the whole address");
    }
    if host.contains('@') {
        return says(
            "não pode conter usuário nem senha, que têm parâmetros próprios / must not hold a user or a password; they have parameters of their own",
        );
    }
    let inside = Guard { allow_private: plain_http }.check_text(api_url, "api_url");
    inside.map_err(|refused| Error::invalid("parameters.api_url", refused.message.replace("api_url: ", "")))
}

/// A platform that this build knows by name.
pub(crate) fn platform(name: &str) -> Result<&str, Error> {
    let known = PLATFORMS.contains(&name);
    let names = PLATFORMS.join(", ");
    known
        .then_some(name)
        .ok_or_else(|| Error::invalid("platform", format!("deve ser uma de {names} / must be one of {names}")))
}

/// A name as people give one: of an integration (`name`), of a project (`nome`).
pub(crate) fn name<'a>(field: &str, given: &'a str) -> Result<&'a str, Error> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > LONGEST_NAME || given.chars().any(char::is_control) {
        let message = format!(
            "deve ter de 1 a {LONGEST_NAME} caracteres de texto / must be 1 to {LONGEST_NAME} characters of text"
        );
        return Err(Error::invalid(field, message));
    }
    Ok(given)
}

/// Chosen elements, each once, in their own order.
pub(crate) fn elements(given: &[String]) -> Result<Vec<&'static str>, Error> {
    let known: Vec<&'static str> = ElementKind::iter().map(Into::into).collect();
    match given.iter().find(|name| !known.contains(&name.as_str())) {
        Some(_) => {
            let names = known.join(", ");
            Err(Error::invalid("elements", format!("devem ser alguns de {names} / must be some of {names}")))
        }
        None => Ok(known.into_iter().filter(|kind| given.iter().any(|name| name == kind)).collect()),
    }
}

/// Takes `given` on top of `settings`; null goes back to the default.
pub(crate) fn merge_settings(settings: &mut Given, given: &Given) -> Result<(), Error> {
    for (name, value) in given {
        let field = format!("settings.{name}");
        match value {
            _ if !SETTINGS.contains(&name.as_str()) => {
                let names = SETTINGS.join(", ");
                let message = format!("não é conhecida; são conhecidas {names} / is not known; known are {names}");
                return Err(Error::invalid(field, message));
            }
            Value::Null => settings.remove(name),
            _ if name == MISSING_PERCENT => {
                let percent = value.as_u64().filter(|percent| (1..=100).contains(percent));
                let percent = percent.ok_or_else(|| Error::invalid(field, "must be a whole number from 1 to 100"))?;
                settings.insert(name.clone(), percent.into())
            }
            Value::Bool(_) => settings.insert(name.clone(), value.clone()),
            _ => return Err(Error::invalid(field, "deve ser true ou false / must be true or false")),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> Given {
        value.as_object().cloned().unwrap_or_default()
    }

    fn fault(result: Result<(), Error>) -> String {
        match result {
            Err(Error::Invalid { field, .. }) => field,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn d1_each_platform_needs_its_parameters() {
        let geogrid = given(json!({ "api_url": "https://painel.example", "token": "t0k3n" }));
        let mut parameters = Parameters::default();
        assert_eq!(fault(parameters.complete("geogrid", false)), "parameters.api_url");
        parameters.merge("geogrid", &geogrid).unwrap();
        parameters.complete("geogrid", false).unwrap();
        assert_eq!(fault(parameters.complete("ozmap", false)), "parameters.api_chave");
        assert_eq!(fault(parameters.merge("geogrid", &given(json!({ "senha": "x" })))), "parameters.senha");
        assert_eq!(fault(parameters.merge("geogrid", &given(json!({ "token": 7 })))), "parameters.token");
        assert_eq!(fault(parameters.merge("geogrid", &given(json!({ "token": " " })))), "parameters.token");
    }

    #[test]
    fn d1_secrets_are_kept_apart() {
        let mut parameters = Parameters::default();
        parameters.merge("geogrid", &given(json!({ "api_url": "https://painel.example", "token": "t0k3n" }))).unwrap();
        assert_eq!(Value::Object(parameters.open.clone()), json!({ "api_url": "https://painel.example" }));
        assert!(!format!("{parameters:?}").contains("t0k3n"));
        assert_eq!(parameters.in_clear()["token"], "t0k3n");
    }

    #[test]
    fn d1_addresses_are_https_without_credentials() {
        for (url, plain_http, right) in [
            ("https://a.example:9994/api/v2", false, true),
            ("http://127.0.0.1:9001", false, false),
            ("http://127.0.0.1:9001", true, true),
            ("ftp://a.example", true, false),
            ("https://", false, false),
            ("https://user:word@a.example", false, false),
            ("https://a.example/@b", false, true),
            ("https://127.0.0.1:9001", false, false),
            ("https://[fd00::1]/api", false, false),
            ("https://10.1.2.3", true, true),
        ] {
            assert_eq!(address(url, plain_http).is_ok(), right, "{url}");
        }
    }

    #[test]
    fn d3_elements_are_some_of_those_known() {
        let of = |names: &[&str]| elements(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["pole", "box", "box"]).unwrap(), ["box", "pole"]);
        assert!(of(&["boxes"]).is_err());
        assert!(of(&[]).unwrap().is_empty());
    }

    #[test]
    fn settings_are_known_and_true_or_false() {
        let mut settings = given(json!({ "keep_home": true }));
        merge_settings(&mut settings, &given(json!({ "keep_home": null, "implanted_required": false }))).unwrap();
        assert_eq!(Value::Object(settings.clone()), json!({ "implanted_required": false }));
        assert_eq!(fault(merge_settings(&mut settings, &given(json!({ "keephome": true })))), "settings.keephome");
        assert_eq!(fault(merge_settings(&mut settings, &given(json!({ "keep_home": "yes" })))), "settings.keep_home");
        for wrong in [json!(0), json!(101), json!(true), json!("10"), json!(9.5)] {
            let given = given(json!({ "missing_percent": wrong }));
            assert_eq!(fault(merge_settings(&mut settings, &given)), "settings.missing_percent");
        }
        merge_settings(&mut settings, &given(json!({ "missing_percent": 25 }))).unwrap();
        assert_eq!(settings["missing_percent"], 25);
    }
}
