//! A real browser, driven by `journeys/` (playwright-core, with the distribution's Chromium). Needs node, npm and Chromium;
//! fails, and says so, where they are missing.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{process::Command, sync::OnceCell};

/// How long a journey may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const CHROMIUM: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

fn journeys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/journeys")
}

/// The driver, installed as its lock file says, once for each state of that file.
async fn installed() -> &'static Path {
    static DONE: OnceCell<PathBuf> = OnceCell::const_new();
    DONE.get_or_init(|| async {
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journeys");
        std::fs::create_dir_all(&to).unwrap();
        // Tests are processes of their own: the first installs, the others wait for it.
        let lock = std::fs::File::create(to.join("lock")).unwrap();
        lock.lock().unwrap();
        let wanted = std::fs::read_to_string(journeys().join("package-lock.json")).unwrap();
        let done = to.join("node_modules/installed-from");
        if std::fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
            for file in ["package.json", "package-lock.json"] {
                std::fs::copy(journeys().join(file), to.join(file)).unwrap();
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to);
            let output =
                npm.output().await.unwrap_or_else(|e| panic!("npm cannot be started ({e}): it is needed here"));
            assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
            std::fs::write(&done, &wanted).unwrap();
        }
        to
    })
    .await
}

/// Goes on a journey through the console at `base`; what it brings back. It fails where the page is not as expected, and also
/// where the browser's console shows an error, a request fails, or axe-core finds a violation on any page that it looked at.
pub async fn journey(name: &str, base: &str, given: Value) -> Value {
    let modules = installed().await;
    // Modules are looked for beside the script that asks for them.
    for file in std::fs::read_dir(journeys()).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|end| end == "mjs") {
            let to = modules.join(file.file_name().unwrap());
            let new = std::fs::read(&file).unwrap();
            if std::fs::read(&to).ok().as_ref() != Some(&new) {
                // Whole or not at all: another test may be reading it.
                let half = to.with_extension(format!("half-{}", std::process::id()));
                std::fs::write(&half, new).unwrap();
                std::fs::rename(half, to).unwrap();
            }
        }
    }
    let chromium = CHROMIUM.iter().find(|path| Path::new(path).exists());
    let chromium = chromium.unwrap_or_else(|| panic!("Chromium is missing: apt-get install chromium"));
    let asked = json!({ "base": base, "chromium": chromium, "pictures": pictures(), "given": given });
    let mut node = Command::new("node");
    node.arg(format!("{name}.mjs")).arg(asked.to_string()).current_dir(modules).stdin(Stdio::null()).kill_on_drop(true);
    let output =
        tokio::time::timeout(PATIENCE, node.output()).await.unwrap_or_else(|_| panic!("{name} takes too long"));
    let output = output.unwrap_or_else(|e| panic!("node cannot be started ({e}): it is needed here"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name}:\n{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap_or_default()
}

/// Where pictures of the main pages go.
pub fn pictures() -> PathBuf {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&to).unwrap();
    to
}
