//! The guard, tried over sockets with a resolver of the test's own: names that point inside, names that change their mind, and
//! servers that send us elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use reqwest::dns::Resolve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::guard::ForbiddenAddress;

/// Answers with the next of its lists each time; the last one stays.
#[derive(Clone)]
struct Says(Arc<(Vec<Vec<&'static str>>, AtomicUsize)>);

impl Says {
    fn each(lists: &[&[&'static str]]) -> Self {
        Self(Arc::new((lists.iter().map(|list| list.to_vec()).collect(), AtomicUsize::new(0))))
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Names for Says {
    async fn addresses(&self, _name: &str) -> io::Result<Vec<SocketAddr>> {
        let nth = self.0.1.fetch_add(1, Ordering::SeqCst).min(self.0.0.len() - 1);
        Ok(self.0.0[nth].iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect())
    }
}

struct Nobody;
impl CallObserver for Nobody {
    fn called(&self, _: Call) {}
}

fn http(names: Says, allow_private: bool) -> Http {
    Http::resolving(names, Guard { allow_private }, Timeouts::default(), Vec::new(), Arc::new(Nobody)).unwrap()
}

fn ask(url: &str) -> Ask {
    Ask { method: Method::GET, url: Url::parse(url).unwrap(), body: None, purpose: Purpose::Look }
}

async fn code(http: &Http, url: &str) -> &'static str {
    match http.send(&ask(url), HeaderMap::new()).await {
        Ok(answer) => answer.checked().map_or_else(|failure| failure.code, |_| "ok"),
        Err(failure) => failure.code,
    }
}

/// Answers every connection with this, once, and counts them.
async fn server(answer: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _whatever_it_says = socket.read(&mut request).await;
            let _gone_meanwhile = socket.write_all(answer.as_bytes()).await;
        }
    });
    (at, count)
}

const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

#[tokio::test]
async fn d1_a_name_that_answers_inside_is_refused_and_nobody_there_is_called() {
    let (inside, called) = server(EMPTY.to_owned()).await;
    let url = format!("https://mapa.provedor.example:{}/api", inside.port());
    for address in [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
    ] {
        assert_eq!(code(&http(Says::each(&[&[address]]), false), &url).await, "http.forbidden_address", "{address}");
    }
    let mixed = Says::each(&[&["8.8.8.8", "127.0.0.1"]]);
    assert_eq!(code(&http(mixed, false), &url).await, "http.forbidden_address", "one inside is enough");
    assert_eq!(called.load(Ordering::SeqCst), 0);
    let allowed = http(Says::each(&[&["127.0.0.1"]]), true);
    let url = format!("http://mapa.provedor.example:{}/api", inside.port());
    assert_eq!((code(&allowed, &url).await, called.load(Ordering::SeqCst)), ("ok", 1), "where it is allowed");
}

#[tokio::test]
async fn d1_a_name_that_changes_its_mind_is_asked_once_a_connection_and_checked_each_time() {
    // Public when it is checked, inside when it is connected to: what is checked is what is connected to.
    let (inside, called) = server(EMPTY.to_owned()).await;
    let names = Says::each(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let (client, url) = (http(names.clone(), true), format!("http://mapa.provedor.example:{}/", inside.port()));
    assert_eq!((code(&client, &url).await, names.asked()), ("ok", 1), "one look-up serves check and connection");
    assert_eq!((code(&client, &url).await, names.asked()), ("http.connection_refused", 2));
    assert_eq!(called.load(Ordering::SeqCst), 1);

    let turns = GuardedResolver(Guard { allow_private: false }, Says::each(&[&["8.8.8.8"], &["127.0.0.1"]]));
    let look = || turns.resolve("mapa.provedor.example".parse().unwrap());
    assert!(look().await.is_ok());
    let Err(refused) = look().await else { panic!("the second answer was not checked") };
    assert!(refused.downcast_ref::<ForbiddenAddress>().is_some());
}

#[tokio::test]
async fn d1_a_redirect_is_followed_nowhere() {
    let (elsewhere, called) = server(EMPTY.to_owned()).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        for target in [format!("http://{elsewhere}/"), format!("http://127.0.0.1:{}/x", elsewhere.port())] {
            let redirect =
                format!("HTTP/1.1 {status}\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let (at, _) = server(redirect).await;
            let client = http(Says::each(&[&["127.0.0.1"]]), true);
            assert_eq!(code(&client, &format!("http://{at}/")).await, "http.redirected", "{status}");
        }
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn d1_a_call_to_an_address_by_its_number_is_checked_as_well() {
    let (inside, called) = server(EMPTY.to_owned()).await;
    let client = http(Says::each(&[&["8.8.8.8"]]), false);
    assert_eq!(code(&client, &format!("https://{inside}/")).await, "http.forbidden_address");
    assert_eq!(code(&client, &format!("http://{inside}/")).await, "http.bad_scheme");
    assert_eq!(called.load(Ordering::SeqCst), 0);
}
