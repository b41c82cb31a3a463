//! The one binary of the product. What it can do is in `cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A worker's processor time is for a good part the allocator's: each step is read from JSON and written to it. Without huge pages, of
/// which each thread would keep some for itself (`no_thp`): an idle process has 30 MB instead of 40.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    enlace::cli::main()
}
