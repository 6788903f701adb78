//! `penstockctl` for the tests to start: the shipped program's own main.

fn main() -> std::process::ExitCode {
    penstock_ctl::run(std::env::args_os())
}
