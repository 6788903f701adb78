//! The terminal: what a command reads, writes and asks of the person before it. Tests put their own in its place.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use penstock_wire::reply::{Failure, FailureCode};
use serde::Serialize;

use crate::exit::{Exit, Problem};
use crate::render::{self, Look};

/// Longest line that is read from a person or a pipe, in bytes.
const LONGEST_LINE: u64 = 4096;

/// Opens a file in the person's editor; false when the editor ended with an error.
pub type Editor = Box<dyn FnMut(&Path) -> io::Result<bool>>;

/// Everything between a command and whoever typed it.
pub struct Terminal {
    /// Where passwords and confirmations are read from.
    pub input: Box<dyn BufRead>,
    /// Where answers go.
    pub output: Box<dyn Write>,
    /// Where sentences about problems, and questions, go.
    pub errors: Box<dyn Write>,
    /// Whether a person types the input.
    pub input_is_terminal: bool,
    /// Whether a person reads the output.
    pub output_is_terminal: bool,
    /// Whether the output may be coloured.
    pub colour: bool,
    /// The time now, for `--since 24h`.
    pub now: fn() -> Timestamp,
    /// The person's editor.
    pub edit: Editor,
}

impl Terminal {
    /// The process's own.
    #[must_use]
    pub fn of_process() -> Self {
        let output_is_terminal = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            input: Box::new(io::stdin().lock()),
            output: Box::new(io::stdout()),
            errors: Box::new(io::stderr()),
            input_is_terminal: io::stdin().is_terminal(),
            output_is_terminal,
            colour: output_is_terminal && !plain,
            now,
            edit: Box::new(edit),
        }
    }

    /// How answers for people look.
    pub(crate) fn look(&self) -> Look {
        Look {
            colour: self.colour,
        }
    }

    /// Shows an answer: the value itself as JSON, or the text made for people.
    pub(crate) fn answer<T: Serialize + ?Sized>(
        &mut self,
        json: bool,
        value: &T,
        text: impl FnOnce(Look) -> String,
    ) -> Result<(), Problem> {
        let text = if json {
            render::json(value)?
        } else {
            text(self.look())
        };
        self.print(&text)
    }

    /// Writes text that ends its own lines.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Problem> {
        self.output.write_all(text.as_bytes())?;
        Ok(self.output.flush()?)
    }

    /// Says a line beside the answer.
    pub(crate) fn remark(&mut self, line: &str) -> Result<(), Problem> {
        writeln!(self.errors, "penstockctl: {}", render::escape(line))?;
        Ok(())
    }

    /// Asks for a line; what comes back has no line break.
    pub(crate) fn ask(&mut self, question: &str) -> Result<String, Problem> {
        write!(self.errors, "{}", render::escape(question))?;
        self.errors.flush()?;
        self.line()
    }

    /// One line of input without its line break; empty at the end.
    pub(crate) fn line(&mut self) -> Result<String, Problem> {
        let mut line = String::new();
        let mut bounded = (&mut self.input).take(LONGEST_LINE);
        bounded.read_line(&mut line)?;
        let line = line.strip_suffix('\n').unwrap_or(&line);
        Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }

    /// Says what went wrong and gives the exit code.
    pub(crate) fn complain(&mut self, problem: &Problem, json: bool) -> Exit {
        if problem.is_broken_pipe() {
            return Exit::FINE;
        }
        let text = if json {
            render::failure_json(&problem.failure())
        } else {
            render::problem(problem, self.look())
        };
        // Nobody is left to be told when even this fails; the exit code still says it.
        let _ = self.errors.write_all(text.as_bytes());
        problem.exit()
    }

    /// What clap says: help and version are answers, the rest is a usage error.
    pub(crate) fn answer_usage(&mut self, error: &clap::Error, json: bool) -> Exit {
        if !error.use_stderr() {
            let text = if self.colour {
                error.render().ansi().to_string()
            } else {
                error.render().to_string()
            };
            return match self.print(&text) {
                Ok(()) => Exit::FINE,
                Err(problem) => self.complain(&problem, json),
            };
        }
        let text = error.render().to_string();
        let text = if json {
            let message = text.trim().trim_start_matches("error: ").to_owned();
            render::failure_json(&Failure::new(FailureCode::Usage, message))
        } else {
            format!("penstockctl: {}", text.trim_start_matches("error: "))
        };
        let _ = self.errors.write_all(text.as_bytes());
        Exit::USAGE
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line's one look at the clock; everything else takes it from the terminal"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// `$VISUAL`, `$EDITOR`, else the system's `editor`, else `vi`. A shell runs it, because people put options there.
fn edit(file: &Path) -> io::Result<bool> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|editor| !editor.trim().is_empty())
        .unwrap_or_else(|| {
            let system = Path::new("/usr/bin/editor");
            if system.exists() { "editor" } else { "vi" }.to_owned()
        });
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file)
        .status()?;
    Ok(status.success())
}
