//! The file to read first: what `penstockd` does from its command line to its clean end.

mod failure;
mod locations;
mod reload;
mod service;
mod tasks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::config::Config;
use crate::listen::passed::Passed;
use crate::system::log::Log;

pub use failure::RunError;

/// Threads for blocking work: disk and passwords. Each upload or read uses one only while it has something to do.
const BLOCKING_THREADS: usize = 256;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "penstockd",
    version,
    about = "A backup server for restic that holds every customer to what it was sold",
    after_help = "Exit codes: 0 a clean end, 64 a wrong command line, 70 a fault of Penstock's own, 78 a faulty \
                  configuration or state that can't be used.\nSIGHUP reads the configuration and certificates again; \
                  SIGTERM drains, a second one ends at once."
)]
struct Arguments {
    /// The configuration file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/penstock/penstock.toml"
    )]
    config: PathBuf,
    /// Only check the configuration file and say what is wrong with it.
    #[arg(long)]
    check_config: bool,
}

/// Runs `penstockd` with the process' arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nowhere to say it: the exit code does.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("penstockd: {error}");
            error.exit_code()
        }
    }
}

/// Reads the configuration, prepares the process, and serves until it is told to stop.
fn run(arguments: &Arguments) -> Result<(), RunError> {
    let config = Config::load(&arguments.config)?;
    if arguments.check_config {
        println!("{}: no faults", arguments.config.display());
        return Ok(());
    }
    // Before any thread exists: both change the process.
    let passed = Passed::take()?;
    service::raise_descriptor_limit();
    let log = Log::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(RunError::Runtime)?;
    let origin = reload::Origin {
        path: arguments.config.clone(),
        config,
        log,
    };
    runtime.block_on(service::serve(origin, passed))
}
