//! enlace.
fn main() {}
