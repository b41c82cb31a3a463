//! OZMap's own client, unmodified, drives our simulator: what the simulator claims about the platform is held against
//! the people who made it. Needs node and npm; fails, and says so, where they are missing.

use simulators::ozmap::{Options, Simulator};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;

const FILES: [&str; 3] = ["package.json", "package-lock.json", "drive.js"];

async fn run(command: &mut Command) -> Output {
    let named = format!("{:?}", command.as_std());
    match tokio::time::timeout(Duration::from_secs(120), command.kill_on_drop(true).output()).await {
        Ok(Ok(output)) if output.status.success() => output,
        Ok(Ok(output)) => panic!("{named} failed:\n{}", String::from_utf8_lossy(&output.stderr)),
        Ok(Err(error)) => panic!("{named} could not be started ({error}): this test needs node 20 and npm on the PATH"),
        Err(_) => panic!("{named} did not end within two minutes"),
    }
}

/// The client, installed as its lock file says, once for each state of that file.
async fn installed() -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ozmap_sdk");
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ozmap_sdk");
    std::fs::create_dir_all(&to).unwrap();
    let done = to.join("node_modules/installed-from");
    let lock = std::fs::read_to_string(from.join("package-lock.json")).unwrap();
    for file in FILES {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    if std::fs::read_to_string(&done).ok().as_ref() != Some(&lock) {
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to)).await;
        std::fs::write(&done, &lock).unwrap();
    }
    to
}

#[tokio::test]
async fn the_official_client_lists_attaches_moves_and_removes_against_the_simulator() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { boxes: 130, ..Options::default() };
    let simulator = Simulator::new(options.clone()).unwrap();
    let before = simulator.occupied();
    let serving = simulator.clone();
    let server = tokio::spawn(async move { serving.serve(listener).await });

    let mut drive = Command::new("node");
    drive.arg("drive.js").args([&url, &options.api_key, &options.login, &options.password]);
    // The client's logger would open a port of its own, keep the program alive for it and write to its output.
    drive.env("OZLOGGER_HTTP", "false").env("OZLOGGER_LEVEL", "quiet").current_dir(installed().await);
    let output = run(&mut drive).await;
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!((&summary["boxes"], &summary["projects"], &summary["by_login"]), (&130.into(), &3.into(), &3.into()));
    let after = simulator.occupied();
    let new: Vec<_> = after.iter().filter(|held| !before.contains(held)).collect();
    assert_eq!(serde_json::to_value(&new).unwrap(), serde_json::json!([summary["stays"]]));
    assert_eq!(after.len(), before.len() + 1, "whoever was there before still is");
    // The one of the client that has only a login: it asks first without a token, then logs in.
    let refused = simulator.calls(0).into_iter().filter(|call| call.status == "401").count();
    assert_eq!(refused, 1);
    assert!(simulator.calls(0).iter().all(|call| !call.status.starts_with('5')));
    server.abort();
}
