//! Addresses: `api_url` as people give it, and the paths under it.

use url::Url;

use crate::{Failure, FailureKind};

/// The address of the API, of an `api_url` with or without a slash at its end. Its path is the installation's own.
pub(super) fn base(api_url: &str) -> Result<Url, Failure> {
    let mut url = Url::parse(api_url.trim()).map_err(|_| no_url())?;
    if url.cannot_be_a_base() || url.host_str().is_none_or(str::is_empty) {
        return Err(no_url());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(has_credentials());
    }
    url.set_query(None);
    url.set_fragment(None);
    let given: Vec<String> =
        url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).map(str::to_owned).collect();
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(&given);
    }
    Ok(url)
}

/// An address under the API's; what is not plain in a segment is encoded.
pub(super) fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

fn no_url() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geosite.bad_url",
        "api_url: informe o endereço completo, por exemplo https://telecom.digicade.com.br/geosite-telecom-api",
        "api_url: give the whole address, such as https://telecom.digicade.com.br/geosite-telecom-api",
    )
}

fn has_credentials() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geosite.bad_url",
        "api_url: usuário e senha não vão no endereço, e sim nos parâmetros usuario e senha",
        "api_url: user and password do not go into the address but into the parameters usuario and senha",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_url_is_taken_with_and_without_a_slash() {
        for given in [
            "https://h.br/geosite-telecom-api",
            " https://h.br//geosite-telecom-api/ ",
            "https://h.br/geosite-telecom-api?x#y",
        ] {
            let base = base(given).unwrap();
            assert_eq!(at(&base, &["cto", "list"]).as_str(), "https://h.br/geosite-telecom-api/cto/list", "{given}");
        }
        assert_eq!(at(&base("https://h.br").unwrap(), &["auth", "refresh"]).as_str(), "https://h.br/auth/refresh");
    }

    #[test]
    fn d4_an_api_url_that_is_none_is_named() {
        for given in ["", "telecom.digicade.com.br", "mailto:a@b.c", "https://u:p@h.br"] {
            let failure = base(given).unwrap_err();
            assert!(failure.message.starts_with("api_url: ") && !failure.message.contains(":p@"), "{given}");
        }
    }
}
