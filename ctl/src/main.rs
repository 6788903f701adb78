//! The `penstockctl` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    penstock_ctl::run(std::env::args_os())
}
