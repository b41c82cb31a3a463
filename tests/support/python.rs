//! Python with the packages of `tests/requirements.txt`, in a folder of its own under the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree;

/// The interpreter; installs what its list asks for, once for each state of that list, one process at a time.
pub fn interpreter() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python-tests");
    std::fs::create_dir_all(&folder).unwrap();
    let turn = File::create(folder.join("turn.lock")).unwrap();
    turn.lock().unwrap();
    let python = folder.join("bin/python");
    let (list, done) = (tree::root().join("tests/requirements.txt"), folder.join("installed-from"));
    let wanted = std::fs::read_to_string(&list).unwrap();
    if std::fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(list));
        std::fs::write(done, wanted).unwrap();
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; apt-get install python3-venv"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
