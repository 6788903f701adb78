//! Judges the throttle end to end: a real `penstockd`, real restic, and bytes paid as the daemon itself counts them.
//!
//! It prints what was measured beside each goal, and ends with 0 whatever that was; 1 only if it couldn't measure.

mod edits;
mod rates;
mod shares;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use penstock_benches::daemon::Daemon;
use penstock_benches::restic::Restic;
use penstock_benches::table::Verdict;
use penstock_benches::{Trouble, machine};
use penstock_policy::levels::Direction;

use stage::Stage;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "throttle-live",
    about = "Measures how well penstockd holds restic to its rate",
    after_help = "Build what is measured first: cargo build --release -p penstock-daemon -p penstock-ctl\n\
                  Files go to a folder in TMPDIR and are removed at the end."
)]
struct Arguments {
    /// How long each rate is measured.
    #[arg(long, value_name = "SECONDS", default_value_t = 12, value_parser = clap::value_parser!(u64).range(11..=600))]
    seconds: u64,
    /// The daemon to measure; none is the one beside this program.
    #[arg(long, value_name = "PATH")]
    penstockd: Option<PathBuf>,
}

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("throttle-live: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Trouble> {
    let restic = Restic::version()?;
    let daemon = Daemon::start(&arguments.penstockd.clone().unwrap_or_else(Daemon::beside))?;
    println!("{}", machine::describe());
    println!("penstockd {}; {restic}", daemon.admin()?.version);
    let stage = Stage::set(daemon, arguments.seconds)?;
    println!(
        "top, asked a hundred times a second, costs {:.3} processor seconds a second; that is taken off below",
        stage.looking
    );

    let mut verdicts = Vec::new();
    heading("one restic backup on 5 connections");
    verdicts.extend(rates::measure(&stage, Direction::Backup)?);
    heading("one restic restore on 5 connections");
    verdicts.extend(rates::measure(&stage, Direction::Restore)?);
    heading("five raw connections of one backup");
    verdicts.extend(shares::measure(&stage)?);
    heading("edits while a restic backup runs");
    verdicts.extend(edits::measure(&stage)?);

    heading("verdicts");
    for verdict in &verdicts {
        println!("  {verdict}");
    }
    let log = stage.daemon.log();
    if !log.is_empty() {
        println!("\npenstockd warned:\n{log}");
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n{text} (load {})", machine::load());
}

/// A verdict on something that is best at 0.
fn verdict(what: impl Into<String>, measured: f64, goal: f64, unit: &'static str) -> Verdict {
    Verdict {
        what: what.into(),
        measured,
        goal,
        unit,
    }
}
