//! Which platforms there are, what each is set up with (rule D1), and how an account is made ready from that.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use crate::http::Timeouts;
use crate::{CallObserver, Failure, FailureKind, Platform, geogrid, geosite, ozmap};

/// The platforms' names, as integrations store them.
pub const PLATFORMS: [&str; 3] = ["ozmap", "geosite", "geogrid"];

/// An integration's parameters by name, as a person gave them; secrets in clear.
pub type Given = serde_json::Map<String, Value>;

/// What the installation allows and wants of every account.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Private and loopback addresses, and plain http (tests, the demo).
    pub allow_private: bool,
    /// Boxes that are not built yet allow no viability.
    pub implanted_required: bool,
    /// How long calls may take.
    pub timeouts: Timeouts,
}

impl Default for Options {
    fn default() -> Self {
        Self { allow_private: false, implanted_required: true, timeouts: Timeouts::default() }
    }
}

/// One parameter of a platform, for forms and for masking.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// Its key.
    pub name: &'static str,
    /// Never shown again once given.
    pub secret: bool,
    /// Must be given.
    pub required: bool,
    /// What to fill in, in Portuguese.
    pub hint_pt: &'static str,
    /// The same in English.
    pub hint_en: &'static str,
}

const fn spec(name: &'static str, secret: bool, hint_pt: &'static str, hint_en: &'static str) -> ParameterSpec {
    ParameterSpec { name, secret, required: true, hint_pt, hint_en }
}

const OZMAP: [ParameterSpec; 5] = [
    spec("api_url", false, "https://cliente.ozmap.com.br:9994", "https://customer.ozmap.com.br:9994"),
    spec("api_chave", true, "chave da API, de um usuário com o módulo API", "API key, of a user with the module API"),
    spec("usuario", false, "usuário do OZMap, usado se a chave for recusada", "OZMap user, used if the key is refused"),
    spec("senha", true, "senha desse usuário", "that user's password"),
    ParameterSpec {
        required: false,
        ..spec("nome_projeto", false, "nome exato do projeto; vazio: todos", "the project's exact name; empty: all")
    },
];

const GEOSITE: [ParameterSpec; 4] = [
    spec("api_url", false, "endereço da API do Geosite", "address of the Geosite API"),
    spec("usuario", false, "usuário do Geosite", "Geosite user"),
    spec("senha", true, "senha desse usuário", "that user's password"),
    ParameterSpec {
        required: false,
        ..spec(
            "colunas",
            false,
            "só se o teste pedir: nomes de colunas desta instalação, como cliente.codigo=COD_ERP",
            "only if the test asks: this installation's names of columns, such as cliente.codigo=COD_ERP",
        )
    },
];

const GEOGRID: [ParameterSpec; 2] = [
    spec(
        "api_url",
        false,
        "endereço do painel, começando com https://",
        "the panel's address, beginning with https://",
    ),
    spec("token", true, "token da API", "API token"),
];

/// What a platform is set up with; nothing for one that is not known.
pub fn parameters(platform: &str) -> &'static [ParameterSpec] {
    match platform {
        "ozmap" => &OZMAP,
        "geosite" => &GEOSITE,
        "geogrid" => &GEOGRID,
        _ => &[],
    }
}

/// How many calls a second an account takes by default, where its platform is known to take few; `None`: not limited.
pub fn calls_a_second(platform: &str) -> Option<f64> {
    (platform == "geogrid").then_some(geogrid::CALLS_A_SECOND)
}

/// Makes an account on this platform ready; calls nothing yet.
///
/// # Errors
/// [`FailureKind::Misconfigured`], naming what is missing, mistyped, unknown or not supported.
pub fn connect(
    platform: &str,
    given: &Given,
    options: Options,
    observer: Arc<dyn CallObserver>,
) -> Result<Arc<dyn Platform>, Failure> {
    check_names(platform, given)?;
    match platform {
        "ozmap" => Ok(Arc::new(ozmap::connect(ozmap_parameters(given)?, options, observer)?)),
        "geogrid" => Ok(Arc::new(geogrid::connect(geogrid_parameters(given)?, options, observer)?)),
        "geosite" => Ok(Arc::new(geosite::connect(geosite_parameters(given)?, options, observer)?)),
        _ => Err(unknown(platform)),
    }
}

fn ozmap_parameters(given: &Given) -> Result<ozmap::Parameters, Failure> {
    Ok(ozmap::Parameters {
        api_url: required(given, "api_url")?,
        api_chave: SecretString::from(required(given, "api_chave")?),
        usuario: required(given, "usuario")?,
        senha: SecretString::from(required(given, "senha")?),
        nome_projeto: optional(given, "nome_projeto")?,
    })
}

fn geogrid_parameters(given: &Given) -> Result<geogrid::Parameters, Failure> {
    Ok(geogrid::Parameters {
        api_url: required(given, "api_url")?,
        token: SecretString::from(required(given, "token")?),
    })
}

fn geosite_parameters(given: &Given) -> Result<geosite::Parameters, Failure> {
    Ok(geosite::Parameters {
        api_url: required(given, "api_url")?,
        usuario: required(given, "usuario")?,
        senha: SecretString::from(required(given, "senha")?),
        colunas: optional(given, "colunas")?,
        validity: geosite::Validity::default(),
    })
}

fn unknown(platform: &str) -> Failure {
    let known = PLATFORMS.join(", ");
    wrong(
        "platforms.unknown",
        &format!("não há plataforma «{platform}»; há: {known}"),
        &format!("there is no platform «{platform}»; there are: {known}"),
    )
}

fn check_names(platform: &str, given: &Given) -> Result<(), Failure> {
    if !PLATFORMS.contains(&platform) {
        return Err(unknown(platform));
    }
    let names: Vec<&str> = parameters(platform).iter().map(|p| p.name).collect();
    match given.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(wrong(
            "platforms.unknown_parameter",
            &format!("{key}: a plataforma {platform} não tem este parâmetro; tem: {}", names.join(", ")),
            &format!("{key}: the platform {platform} has no such parameter; it has: {}", names.join(", ")),
        )),
        None => Ok(()),
    }
}

fn required(given: &Given, name: &str) -> Result<String, Failure> {
    optional(given, name)?.ok_or_else(|| {
        wrong(
            "platforms.missing_parameter",
            &format!("{name}: falta este parâmetro"),
            &format!("{name}: this parameter is missing"),
        )
    })
}

/// Blank is missing. The value is never told: it may be a secret.
fn optional(given: &Given, name: &str) -> Result<Option<String>, Failure> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|t| !t.trim().is_empty())),
        Some(_) => Err(wrong(
            "platforms.mistyped_parameter",
            &format!("{name}: este parâmetro deve ser um texto"),
            &format!("{name}: this parameter must be text"),
        )),
    }
}

fn wrong(code: &'static str, portuguese: &str, english: &str) -> Failure {
    Failure::new(FailureKind::Misconfigured, code, portuguese, english)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Call;

    struct Nobody;
    impl CallObserver for Nobody {
        fn called(&self, _: Call) {}
    }

    fn refused(platform: &str, given: Value) -> (&'static str, String) {
        let given = given.as_object().unwrap();
        match connect(platform, given, Options::default(), Arc::new(Nobody)) {
            Ok(_) => ("", String::new()),
            Err(f) => (f.code, f.message),
        }
    }

    fn whole() -> Value {
        json!({"api_url": "https://isp.ozmap.com.br:9994", "api_chave": "k3y", "usuario": "u", "senha": "s3nha"})
    }

    #[test]
    fn d1_what_is_wrong_with_a_parameter_is_said_by_its_name() {
        assert_eq!(refused("ozmap", whole()).0, "");
        for name in ["api_url", "api_chave", "usuario", "senha"] {
            let mut given = whole();
            given[name] = json!("  ");
            let (code, message) = refused("ozmap", given.clone());
            assert!(code == "platforms.missing_parameter" && message.starts_with(name), "{message}");
            given[name] = json!(17);
            let (code, message) = refused("ozmap", given);
            assert!(code == "platforms.mistyped_parameter" && message.starts_with(name) && !message.contains("17"));
        }
        let mut given = whole();
        given["chave"] = json!("x");
        assert_eq!(refused("ozmap", given).0, "platforms.unknown_parameter");
    }

    #[test]
    fn platforms_that_are_not_there_are_said_so() {
        assert_eq!(refused("mapas", json!({})).0, "platforms.unknown");
        assert!(PLATFORMS.iter().all(|p| !parameters(p).is_empty()) && parameters("mapas").is_empty());
    }

    #[test]
    fn d1_geogrid_is_set_up_with_an_address_and_a_token() {
        let whole = json!({"api_url": "https://zeus.geogridmaps.com.br/isp", "token": "t0k3n"});
        assert_eq!(refused("geogrid", whole.clone()).0, "");
        for name in ["api_url", "token"] {
            let mut given = whole.clone();
            given[name] = json!(" ");
            assert_eq!(refused("geogrid", given).0, "platforms.missing_parameter");
        }
        let plain = json!({"api_url": "http://zeus.geogridmaps.com.br/isp", "token": "t0k3n"});
        assert_eq!(refused("geogrid", plain).0, "http.bad_scheme");
        assert_eq!((calls_a_second("geogrid"), calls_a_second("ozmap")), (Some(1.0), None));
    }

    #[test]
    fn private_addresses_are_refused_by_default() {
        let mut given = whole();
        given["api_url"] = json!("https://192.168.0.3:9994");
        let (code, message) = refused("ozmap", given.clone());
        assert!(code == "http.forbidden_address" && message.starts_with("api_url"));
        given["api_url"] = json!("http://isp.ozmap.com.br");
        assert_eq!(refused("ozmap", given).0, "http.bad_scheme");
    }
}
