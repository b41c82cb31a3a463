//! The files of this project, for tests that read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is made here and belongs to nobody's work: builds, databases, packages, history.
const NOT_OURS: &[&str] = &["target", "data", "node_modules", ".git", ".cache", ".cargo"];

/// Every file with one of these endings (all files where none is given), by its path from the project's folder, in order.
pub fn files(endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    gather(root(), endings, &mut found);
    found.sort();
    found
}

fn gather(folder: &Path, endings: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                gather(&path, endings, found);
            }
        } else if endings.is_empty() || endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
        }
    }
}

/// A file's text; nothing of one that is not text.
pub fn read(file: &str) -> String {
    String::from_utf8(fs::read(root().join(file)).unwrap()).unwrap_or_default()
}
