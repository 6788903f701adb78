//! The `penstockd` binary.

fn main() -> std::process::ExitCode {
    penstock_daemon::run::main()
}
