//! `edit` of any record: by flags, or all of it in an editor.

use std::io;
use std::path::Path;

use clap::Args;
use penstock_policy::edit::Assignment;
use penstock_wire::reply::{Answer, Edited, Failure, FailureCode};
use penstock_wire::request::{Request, Target};

use super::arguments::revision;
use super::{Context, expect_answer};
use crate::editor::{self, Desk, Snapshot};
use crate::exit::{Exit, Problem};
use crate::fields::{FieldFlags, Sample};
use crate::render::edited::Reverse;

/// What is edited.
#[derive(Debug, Clone)]
pub struct Subject(pub Target);

/// What guards a change.
#[derive(Debug, Clone, Copy, Args)]
pub struct Guard {
    /// Only show what would change; exit code 2 when something would
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse, as a conflict, when the record isn't at this revision any more
    #[arg(long, value_name = "NUMBER", value_parser = revision, allow_hyphen_values = true)]
    pub expect_revision: Option<u64>,
}

/// The flags of `edit`.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Edit<R: Sample> {
    #[command(flatten)]
    guard: Guard,
    #[command(flatten)]
    fields: FieldFlags<R>,
}

impl<R: Sample> Edit<R> {
    /// Sends the fields that were given; without any, opens an editor on the whole record.
    ///
    /// # Errors
    /// When there are no fields and no terminal, and as [`crate::connection::Connection::ask`].
    pub fn act(self, context: &mut Context, subject: Subject) -> Result<Exit, Problem> {
        if !self.fields.assignments.is_empty() {
            return self.guard.send(context, &subject, self.fields.assignments);
        }
        if !(context.terminal.input_is_terminal && context.terminal.output_is_terminal) {
            return Err(Problem::Usage(
                "nothing to edit; give fields as flags (see --help), or run this on a terminal to edit the record \
                 in an editor"
                    .to_owned(),
            ));
        }
        let base = subject.snapshot(context)?;
        if let Some(expected) = self.guard.expect_revision
            && expected != base.revision
        {
            return Err(moved_on(expected, base.revision));
        }
        let mut desk = AtTerminal {
            context,
            subject: &subject,
            dry_run: self.guard.dry_run,
        };
        match editor::edit::<R>(&mut desk, base)? {
            Some(edited) => context.show_edited(&edited, Reverse::Undo),
            None => {
                context.terminal.remark("nothing was changed")?;
                Ok(Exit::FINE)
            }
        }
    }
}

/// The editor of the person at the terminal, and the daemon's record.
struct AtTerminal<'a, 'b> {
    context: &'a mut Context<'b>,
    subject: &'a Subject,
    dry_run: bool,
}

impl Desk for AtTerminal<'_, '_> {
    fn open(&mut self, file: &Path) -> io::Result<bool> {
        (self.context.terminal.edit)(file)
    }

    fn now(&mut self) -> Result<Snapshot, Problem> {
        self.subject.snapshot(self.context)
    }

    fn send(&mut self, assignments: Vec<Assignment>, revision: u64) -> Result<Edited, Problem> {
        let guard = Guard {
            dry_run: self.dry_run,
            expect_revision: Some(revision),
        };
        guard.ask(self.context, self.subject, assignments)
    }
}

impl Guard {
    /// Sends fields and shows what changed.
    ///
    /// # Errors
    /// As [`crate::connection::Connection::ask`].
    pub fn send(
        self,
        context: &mut Context,
        subject: &Subject,
        assignments: Vec<Assignment>,
    ) -> Result<Exit, Problem> {
        let edited = self.ask(context, subject, assignments)?;
        context.show_edited(&edited, Reverse::Undo)
    }

    fn ask(
        self,
        context: &mut Context,
        subject: &Subject,
        assignments: Vec<Assignment>,
    ) -> Result<Edited, Problem> {
        let request = Request::Edit {
            target: subject.0.clone(),
            assignments,
            expect_revision: self.expect_revision,
            dry_run: self.dry_run,
        };
        expect_answer!(context.daemon.ask(&request)?, Edited)
    }
}

impl Subject {
    /// The record as it is now.
    fn snapshot(&self, context: &mut Context) -> Result<Snapshot, Problem> {
        let request = match self.0.clone() {
            Target::Server {} => Request::Server {},
            Target::Reseller { reseller } => Request::Reseller { reseller },
            Target::Customer { customer } => Request::Customer { customer },
            Target::Client { address } => Request::Client { address },
        };
        let (record, revision, fields) = match context.daemon.ask(&request)? {
            Answer::Server(view) => ("server".to_owned(), view.revision, view.fields),
            Answer::Reseller(view) => {
                let record = format!("reseller {} ({})", view.name, view.short_name);
                (record, view.revision, view.fields)
            }
            Answer::Customer(view) => {
                let record = format!("customer {} ({})", view.name, view.short_name);
                (record, view.revision, view.fields)
            }
            Answer::Client(view) => {
                let record = format!("client {}", view.address);
                (record, view.revision, view.fields)
            }
            _ => return Err(Problem::Unexpected("to another question")),
        };
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect();
        Ok(Snapshot {
            record,
            revision,
            fields,
        })
    }
}

fn moved_on(expected: u64, now: u64) -> Problem {
    let mut failure = Failure::new(
        FailureCode::Conflict,
        format!("the record is at revision {now}, not {expected}; look at it, then edit it again"),
    );
    failure.revision = Some(now);
    failure.into()
}
