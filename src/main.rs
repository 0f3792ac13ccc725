//! The `slowburn` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    slowburn::cli::main()
}
