//! Which addresses an integration may name: its URL is user input, and must not become a way into our own network.
//!
//! https and public addresses only, unless the configuration allows private ones (tests, the demo, an on-premises
//! platform). The host is checked as written, and every address that its name resolves to is checked at each connect,
//! so that a name which later points elsewhere is refused as well.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{Failure, FailureKind};

/// The rule itself.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Everything is allowed, plain http too.
    pub allow_private: bool,
}

impl Guard {
    /// Checks scheme and host as written; `parameter` is what the person has to change (`api_url`).
    pub fn check(self, url: &Url, parameter: &str) -> Result<(), Failure> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            other => return Err(bad_scheme(parameter, other)),
        }
        let forbidden = match url.host() {
            Some(Host::Ipv4(v4)) => !self.allows(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => !self.allows(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => false,
            None => true,
        };
        if forbidden { Err(forbidden_address(parameter)) } else { Ok(()) }
    }

    /// The same, of an address as a person gives it; one that is no URL is for others to refuse.
    ///
    /// # Errors
    /// As [`Guard::check`].
    pub fn check_text(self, url: &str, parameter: &str) -> Result<(), Failure> {
        Url::parse(url.trim()).map_or(Ok(()), |url| self.check(&url, parameter))
    }

    /// Whether we may connect to this address.
    pub fn allows(self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }
}

fn bad_scheme(parameter: &str, scheme: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "http.bad_scheme",
        &format!("{parameter}: o endereço deve começar com https:// (começa com {scheme}:)"),
        &format!("{parameter}: the address must begin with https:// (it begins with {scheme}:)"),
    )
}

/// What is said where an address is not allowed, by its literal or by its name.
pub(crate) fn forbidden_address(parameter: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "http.forbidden_address",
        &format!(
            "{parameter}: o endereço leva a uma rede privada ou local, o que esta instalação não permite: informe um público, ou permita com ENLACE_ALLOW_PRIVATE_UPSTREAMS=true"
        ),
        &format!(
            "{parameter}: the address leads to a private or local network, which this installation does not allow: give a public one, or allow it by ENLACE_ALLOW_PRIVATE_UPSTREAMS=true"
        ),
    )
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b); // carrier-grade NAT, RFC 6598
    let protocol = (a, b, c) == (192, 0, 0); // RFC 6890
    let benchmark = a == 198 && (b == 18 || b == 19); // RFC 2544
    let reserved = a == 0 || a >= 224; // "this network"; multicast, class E, broadcast
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_documentation()
        || shared
        || protocol
        || benchmark
        || reserved)
}

/// Global unicast only (2000::/3), and none of the forms that carry an IPv4 address into a private network.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(embedded(high, low)), // NAT64, RFC 6052
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),               // 6to4
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => false,                             // Teredo; documentation
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// Where names are looked up.
#[async_trait]
pub(crate) trait Names: Clone + Send + Sync + 'static {
    /// The addresses of this name.
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The system's own resolver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        // Port 0: the caller puts its own.
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// A resolver with every answer checked. One private answer among public ones refuses the name. What it answers is what is
/// connected to: nobody looks the name up a second time, so that it cannot point elsewhere in between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedResolver<N>(pub(crate) Guard, pub(crate) N);

impl<N: Names> Resolve for GuardedResolver<N> {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, names) = (self.0, self.1.clone());
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await.map_err(LookupFailed)?;
            if addresses.iter().any(|a| !guard.allows(a.ip())) {
                return Err(ForbiddenAddress.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Found in an error's chain: the name could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("the name could not be resolved")]
pub(crate) struct LookupFailed(#[source] std::io::Error);

/// Found in an error's chain: the name resolves to an address that the guard refuses.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not allowed")]
pub(crate) struct ForbiddenAddress;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allow_private: bool) -> Result<(), &'static str> {
        Guard { allow_private }.check(&Url::parse(url).unwrap(), "api_url").map_err(|f| {
            assert!(f.message.contains("api_url") && f.kind == FailureKind::Misconfigured);
            f.code
        })
    }

    #[test]
    fn private_and_special_addresses_are_refused() {
        let refused = [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.0.10",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "240.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b:1::1]",
            "[2002:a00:1::]",
            "[2001:0:1::1]",
            "[2001:db8::1]",
            "[::127.0.0.1]",
        ];
        for host in refused {
            assert_eq!(check(&format!("https://{host}:9994"), false), Err("http.forbidden_address"), "{host}");
            assert_eq!(check(&format!("https://{host}:9994"), true), Ok(()), "{host}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for host in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "[2606:4700::1]", "[::ffff:8.8.8.8]", "isp.ozmap.com.br"] {
            assert_eq!(check(&format!("https://{host}/api/v2"), false), Ok(()), "{host}");
        }
    }

    #[test]
    fn plain_http_only_where_private_addresses_are_allowed() {
        assert_eq!(check("http://isp.ozmap.com.br", false), Err("http.bad_scheme"));
        assert_eq!(check("http://isp.ozmap.com.br", true), Ok(()));
        assert_eq!(check("ftp://isp.ozmap.com.br", true), Err("http.bad_scheme"));
    }

    #[tokio::test]
    async fn a_name_that_leads_to_loopback_is_refused_at_connect() {
        let ask =
            |allow_private| GuardedResolver(Guard { allow_private }, SystemNames).resolve("localhost".parse().unwrap());
        let Err(refused) = ask(false).await else { panic!("localhost was allowed") };
        assert!(refused.downcast_ref::<ForbiddenAddress>().is_some());
        assert!(ask(true).await.is_ok());
    }
}
