//! The command line: one file for each noun, holding what can be typed and what is done.

mod apply;
mod arguments;
mod audit;
mod client;
mod completions;
mod customer;
mod edit;
mod explain;
mod export;
mod location;
mod mcal;
mod names;
mod new_client;
mod reseller;
mod schedule;
mod server;
mod space;
mod status;
mod top;
mod trash;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use penstock_wire::reply::{Answer, Edited};
use penstock_wire::request::Request;

use crate::connection::Connection;
use crate::exit::{Exit, HELP, Problem};
use crate::render::edited::{self, Reverse};
use crate::terminal::Terminal;

/// The variable that names the daemon's socket.
const SOCKET: &str = "PENSTOCK_SOCKET";

/// Edits and watches the customers of a running penstockd
#[derive(Debug, Parser)]
#[command(name = "penstockctl", version, after_help = HELP)]
pub struct Cli {
    /// The daemon's control or view socket; PENSTOCK_SOCKET names it too
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Print JSON with stable names, and problems as JSON on standard error
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what is going on and what needs attention
    Status(status::Status),
    /// Show each running backup with its rate, its limit and what holds it back
    Top(top::Top),
    /// Print events as they happen
    Watch(watch::Watch),
    /// List what was refused, newest first
    Refused(audit::Refused),
    /// Show what would happen at an address and why, or the cause of a refusal
    Explain(explain::Explain),
    /// List, show and edit customers
    #[command(subcommand)]
    Customer(customer::Verb),
    /// List, show and edit resellers
    #[command(subcommand)]
    Reseller(reseller::Verb),
    /// List, show, add and edit clients
    #[command(subcommand)]
    Client(client::Verb),
    /// List, show and remove backup schedules
    #[command(subcommand)]
    Schedule(schedule::Verb),
    /// Show and edit what holds for the whole server
    #[command(subcommand)]
    Server(server::Verb),
    /// Show what is allotted, used, free and sold, as a tree
    Space(space::Space),
    /// List, add and forget backup locations
    #[command(subcommand)]
    Location(location::Verb),
    /// Add credit, show statements, the ledger and the outlook
    #[command(subcommand)]
    Mcal(mcal::Verb),
    /// List, restore and delete what was removed
    #[command(subcommand)]
    Trash(trash::Verb),
    /// List who changed what, newest first
    Audit(audit::Audit),
    /// Apply an edit's reverse as a new edit
    Undo(audit::Undo),
    /// Print all records as TOML, or write them into a folder
    Export(export::Export),
    /// Make the records what files declare, in one transaction
    Apply(apply::Apply),
    /// Print a shell's completions
    Completions(completions::Completions),
}

/// What a command acts with.
pub struct Context<'a> {
    daemon: Connection,
    terminal: &'a mut Terminal,
    json: bool,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// With whatever kept it from being done.
    pub fn act(self, terminal: &mut Terminal) -> Result<Exit, Problem> {
        if let Verb::Completions(completions) = &self.verb {
            return completions.act(terminal);
        }
        let context = &mut Context {
            daemon: Connection::open(socket(self.socket, std::env::var_os(SOCKET)).as_deref())?,
            terminal,
            json: self.json,
        };
        match self.verb {
            Verb::Status(status) => status.act(context),
            Verb::Top(top) => top.act(context),
            Verb::Watch(watch) => watch.act(context),
            Verb::Refused(refused) => refused.act(context),
            Verb::Explain(explain) => explain.act(context),
            Verb::Customer(verb) => verb.act(context),
            Verb::Reseller(verb) => verb.act(context),
            Verb::Client(verb) => verb.act(context),
            Verb::Schedule(verb) => verb.act(context),
            Verb::Server(verb) => verb.act(context),
            Verb::Space(space) => space.act(context),
            Verb::Location(verb) => verb.act(context),
            Verb::Mcal(verb) => verb.act(context),
            Verb::Trash(verb) => verb.act(context),
            Verb::Audit(audit) => audit.act(context),
            Verb::Undo(undo) => undo.act(context),
            Verb::Export(export) => export.act(context),
            Verb::Apply(apply) => apply.act(context),
            Verb::Completions(completions) => completions.act(context.terminal),
        }
    }
}

/// The socket that was named, by the flag or by the environment, where an empty name is none. Read here and not by
/// clap, which would show the flag as required in usage lines while the variable is set.
fn socket(flag: Option<PathBuf>, variable: Option<OsString>) -> Option<PathBuf> {
    let variable = variable.filter(|name| !name.is_empty());
    flag.or(variable.map(PathBuf::from))
}

/// Takes the answer that the request's documentation promises.
macro_rules! expect_answer {
    ($answer:expr, $variant:ident) => {
        match $answer {
            ::penstock_wire::reply::Answer::$variant(value) => Ok(value),
            _ => Err($crate::exit::Problem::Unexpected("to another question")),
        }
    };
}
use expect_answer;

/// Asks for all pages of a list.
macro_rules! all_pages {
    ($context:expr, $variant:ident, $request:expr) => {
        $context.daemon.pages($request, |answer| match answer {
            ::penstock_wire::reply::Answer::$variant(list) => Some(list),
            _ => None,
        })
    };
}
use all_pages;

impl Context<'_> {
    /// Sends a change of one record and shows what it did.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    fn change(&mut self, request: &Request, reverse: Reverse) -> Result<Exit, Problem> {
        let answer = self.daemon.ask(request)?;
        let Answer::Edited(edited) = answer else {
            return Err(Problem::Unexpected("to another question"));
        };
        self.show_edited(&edited, reverse)
    }

    /// Shows what a change did; a dry run that found something says so by its exit code.
    fn show_edited(&mut self, edited: &Edited, reverse: Reverse) -> Result<Exit, Problem> {
        self.terminal.answer(self.json, edited, |look| {
            edited::edited(edited, reverse, look)
        })?;
        if edited.dry_run && !edited.changes.is_empty() {
            Ok(Exit::DIFFERENCES)
        } else {
            Ok(Exit::FINE)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_free_of_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_empty_variable_names_no_socket_and_the_flag_comes_first() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(socket(None, Some("".into())), None);
        assert_eq!(socket(None, Some("/a".into())), path("/a"));
        assert_eq!(socket(path("/b"), Some("/a".into())), path("/b"));
    }
}
