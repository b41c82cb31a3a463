//! Addresses: `api_url` as people give it, and the paths under it.

use url::Url;

use crate::{Failure, FailureKind};

/// `…/api/v3`, of an `api_url` with or without that path: people copy the panel's address out of their browser, which has the
/// account's name in it and often a fragment behind it.
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
    let mut path: Vec<String> =
        url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).map(str::to_owned).collect();
    if path.last().is_some_and(|last| last.ends_with(".php") || last.ends_with(".html")) {
        path.pop();
    }
    let missing = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [.., "api", "v3"] => &["api", "v3"][2..],
        [.., "api"] => &["v3"][..],
        _ => &["api", "v3"][..],
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(&path).extend(missing);
    }
    Ok(url)
}

/// A resource's address; what is not plain in a segment is encoded.
pub(super) fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    url
}

fn no_url() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geogrid.bad_url",
        "api_url: informe o endereço completo do painel, por exemplo https://zeus.geogridmaps.com.br/provedor",
        "api_url: give the panel's whole address, such as https://zeus.geogridmaps.com.br/isp",
    )
}

fn has_credentials() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geogrid.bad_url",
        "api_url: usuário e senha não vão no endereço; o acesso é pelo parâmetro token",
        "api_url: user and password do not go into the address; access is by the parameter token",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_api_url_is_taken_in_every_form_in_use() {
        for given in [
            "https://zeus.geogridmaps.com.br/isp",
            " https://zeus.geogridmaps.com.br/isp/ ",
            "https://zeus.geogridmaps.com.br/isp/#/mapa",
            "https://zeus.geogridmaps.com.br/isp/index.php?x=1",
            "https://zeus.geogridmaps.com.br/isp/api",
            "https://zeus.geogridmaps.com.br/isp/api/v3/",
        ] {
            assert_eq!(base(given).unwrap().as_str(), "https://zeus.geogridmaps.com.br/isp/api/v3", "{given}");
        }
        let own = "https://api.geogridmaps.com.br/api/v3";
        assert_eq!(base(own).unwrap().as_str(), own);
        assert_eq!(base("https://mapas.isp.com.br").unwrap().as_str(), "https://mapas.isp.com.br/api/v3");
    }

    #[test]
    fn d1_an_api_url_that_is_none_is_named() {
        for given in ["", "zeus.geogridmaps.com.br/isp", "mailto:a@b.c", "https://u:p@zeus.geogridmaps.com.br"] {
            let failure = base(given).unwrap_err();
            assert!(failure.message.starts_with("api_url: ") && !failure.message.contains(":p@"), "{given}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        let url = at(&base("https://h").unwrap(), &["clientes", "integrado", "a/b ?"]);
        assert_eq!(url.as_str(), "https://h/api/v3/clientes/integrado/a%2Fb%20%3F");
    }
}
