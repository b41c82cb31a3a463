//! Setting integrations up on all three platforms (rules D1–D5), over HTTP and from the terminal, against platforms that answer.

mod inside;
mod steps;
mod wrong;

use serde_json::{Value, json};
use simulators::faults::Fault;
use simulators::{geogrid, geosite, ozmap};
use tokio::net::TcpListener;

use crate::support::{Db, Folder, Process};

/// Their names, as integrations have them.
pub const PLATFORMS: [&str; 3] = ["ozmap", "geosite", "geogrid"];

/// The simulators' key for credentials, in the form of `ENLACE_SECRET_KEY`.
pub const SECRET_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// A simulated platform with these faults: the parameters that open it.
pub async fn simulated(platform: &str, faults: Vec<Fault>) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    match platform {
        "ozmap" => {
            let options = ozmap::Options { boxes: 10, faults, ..Default::default() };
            let given = json!({ "api_url": host, "api_chave": options.api_key, "usuario": options.login, "senha": options.password });
            let simulator = ozmap::Simulator::new(options).unwrap();
            tokio::spawn(async move { simulator.serve(listener).await });
            given
        }
        "geosite" => {
            let options = geosite::Options { boxes: 10, faults, ..Default::default() };
            let url = format!("{host}{}", geosite::BASE);
            let given = json!({ "api_url": url, "usuario": options.username, "senha": options.password });
            let simulator = geosite::Simulator::new(options).unwrap();
            tokio::spawn(async move { simulator.serve(listener).await });
            given
        }
        _ => {
            let options = geogrid::Options { boxes: 10, faults, calls_a_second: None, ..Default::default() };
            let given = json!({ "api_url": format!("{host}/isp"), "token": options.api_key });
            let simulator = geogrid::Simulator::new(options).unwrap();
            tokio::spawn(async move { simulator.serve(listener).await });
            given
        }
    }
}

/// The same parameters, but for these.
pub fn but(given: &Value, changes: Value) -> Value {
    let mut given = given.clone();
    given.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    given
}

/// A command at a terminal: its exit code, what it printed, and what it complained of.
pub async fn terminal(
    db: &Db,
    folder: &Folder,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (i32, String, String) {
    let url = db.url();
    let own = [("DATABASE_URL", url.as_str()), ("ENLACE_SECRET_KEY", SECRET_KEY)];
    let output = Process::output(folder.path(), arguments, &[&own, variables].concat()).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Allows what runs on loopback.
pub const ALLOWED: (&str, &str) = ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true");

/// `--param name=value` of each.
pub fn parameters(given: &Value) -> Vec<String> {
    let pairs = given.as_object().unwrap().iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap()));
    pairs.flat_map(|pair| ["--param".to_owned(), pair]).collect()
}

/// Both languages of a message.
#[track_caller]
pub fn in_both_languages(message: &str) -> (&str, &str) {
    let (portuguese, english) = message.split_once(" / ").unwrap_or_else(|| panic!("in one language only: {message}"));
    assert!(portuguese.len() > 10 && english.len() > 5, "{message}");
    (portuguese, english)
}
