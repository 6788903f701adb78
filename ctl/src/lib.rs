//! `penstockctl`: the administrator edits and watches customers over a Unix socket.
//!
//! A command line is parsed (`commands`), one connection is opened (`connection`), the command asks and the answer
//! is shown (`render`), for people or as JSON. What goes wrong is a `exit::Problem`: a sentence and an exit code.

mod commands;
mod confirm;
mod connection;
mod editor;
mod exit;
mod fields;
mod files;
mod literal;
mod moment;
mod render;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub use exit::Exit;
pub use terminal::{Editor, Terminal};

/// Runs one command line, program name first, at the process's own terminal.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run_at(&mut Terminal::of_process(), args).0)
}

/// Runs one command line, program name first, at a given terminal.
pub fn run_at(terminal: &mut Terminal, args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match commands::Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            let json = args.iter().any(|arg| arg == "--json");
            return terminal.answer_usage(&error, json);
        }
    };
    let json = cli.json;
    cli.act(terminal)
        .unwrap_or_else(|problem| terminal.complain(&problem, json))
}
