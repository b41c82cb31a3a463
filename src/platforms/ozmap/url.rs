//! Addresses: `api_url` as people give it, the paths under it, and the `nextUrl` of a listing.

use url::Url;

use crate::{Failure, FailureKind};

/// Where the API is under its host.
const API: [&str; 2] = ["api", "v2"];

/// `…/api/v2`, of an `api_url` with or without that path and with or without a slash at its end.
///
/// The SDK wants it without, the articles for integrators give it with (`:9994/api/v2`): both are in use.
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
    let given: Vec<String> = segments(&url).map(str::to_owned).collect();
    let missing = match given.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [.., "api", "v2"] => &API[2..],
        [.., "api"] => &API[1..],
        _ => &API[..],
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(&given).extend(missing);
    }
    Ok(url)
}

fn no_url() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "ozmap.bad_url",
        "api_url: informe o endereço completo, por exemplo https://cliente.ozmap.com.br:9994",
        "api_url: give the whole address, such as https://customer.ozmap.com.br:9994",
    )
}

fn has_credentials() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "ozmap.bad_url",
        "api_url: usuário e senha não vão no endereço, e sim nos parâmetros usuario e senha",
        "api_url: user and password do not go into the address but into the parameters usuario and senha",
    )
}

/// An element's or a resource's address; what is not plain in a segment is encoded.
pub(super) fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    url
}

/// The address of a listing's next page. Only path and query of `next` count: calls never leave the account's own host.
///
/// `next` is relative to the host in the newest servers; a whole address, one below `/api/v2` and a bare query are
/// understood as well. `listing` is the page that it came with.
pub(super) fn next(base: &Url, listing: &Url, next: &str) -> Option<Url> {
    let joined = listing.join(next.trim()).ok()?;
    let mut own = base.clone();
    let path: Vec<&str> = segments(&joined).collect();
    let below = path.windows(2).position(|pair| pair == API).map_or(path.as_slice(), |at| &path[at + 2..]);
    // The next page of a listing is of the same resource, wherever the server believes to be mounted.
    let resource = segments(listing).last()?;
    if below.last() != Some(&resource) {
        return None;
    }
    own.path_segments_mut().ok()?.push(resource);
    own.set_query(joined.query());
    Some(own)
}

fn segments(url: &Url) -> impl Iterator<Item = &str> {
    url.path_segments().into_iter().flatten().filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_url_is_taken_in_every_form_in_use() {
        for given in [
            "https://isp.ozmap.com.br:9994",
            "https://isp.ozmap.com.br:9994/",
            " https://isp.ozmap.com.br:9994/api/v2 ",
            "https://isp.ozmap.com.br:9994/api/v2/",
            "https://isp.ozmap.com.br:9994//api/v2//",
            "https://isp.ozmap.com.br:9994/api",
            "https://isp.ozmap.com.br:9994/api/v2/?x=1#y",
        ] {
            assert_eq!(base(given).unwrap().as_str(), "https://isp.ozmap.com.br:9994/api/v2", "{given}");
        }
        assert_eq!(base("http://127.0.0.1:8000/oz").unwrap().as_str(), "http://127.0.0.1:8000/oz/api/v2");
    }

    #[test]
    fn an_api_url_that_is_none_is_named() {
        for given in ["", "isp.ozmap.com.br:9994", "isp.ozmap.com.br", "mailto:a@b.c", "https://u:p@isp.ozmap.com.br"] {
            let failure = base(given).unwrap_err();
            assert!(failure.message.starts_with("api_url: ") && !failure.message.contains(":p@"), "{given}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        let base = base("https://h").unwrap();
        let url = at(&base, &["properties", "client", "a/b ?#%"]);
        assert_eq!(url.as_str(), "https://h/api/v2/properties/client/a%2Fb%20%3F%23%25");
    }

    #[test]
    fn next_urls_stay_with_their_host_and_resource() {
        let base = base("https://h:9994/oz").unwrap();
        let listing = at(&base, &["boxes"]);
        let expected = Some("https://h:9994/oz/api/v2/boxes?start=500");
        for given in [
            "/api/v2/boxes?start=500",
            "/oz/api/v2/boxes?start=500",
            "https://inside:80/api/v2/boxes?start=500",
            "/boxes?start=500",
            "boxes?start=500",
            "?start=500",
        ] {
            assert_eq!(next(&base, &listing, given).as_ref().map(Url::as_str), expected, "{given}");
        }
        assert_eq!(next(&base, &listing, "/api/v2/users?start=500"), None);
    }
}
