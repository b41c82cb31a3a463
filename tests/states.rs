//! The states' page says what the tables say.

use std::{fs, path::Path};

use crate::support::doubles;

#[test]
fn states_md_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows/STATES.md");
    let current = enlace::states::markdown(&doubles::operations(&doubles::World::default()));
    if std::env::var_os("ENLACE_BLESS").is_some() {
        fs::write(&file, &current).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == current,
        "workflows/STATES.md is not what the tables say; write it anew with\n\
         ENLACE_BLESS=1 cargo test -p enlace --test enlace states::"
    );
}

#[test]
fn each_operation_has_a_file_of_its_name() {
    for kind in doubles::operations(&doubles::World::default()).iter() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows").join(format!("{}.rs", kind.name()));
        assert!(file.is_file(), "{} is linked from STATES.md", file.display());
    }
}
