//! The one binary of the product. What it can do is in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    enlace::cli::main()
}
