//! `apply`: makes the records what files declare, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use penstock_wire::declared::Declared;
use penstock_wire::reply::{Applied, FailureCode, NewSecret};
use penstock_wire::request::Request;

use super::names::{self, Nameless};
use super::{Context, all_pages, expect_answer};
use crate::exit::{Exit, Problem};
use crate::files::sources::{self, Gathered};
use crate::files::{batches::batches, secrets};
use crate::render::applied::{Outcome, applied};
use crate::render::count;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  penstockctl export records
  penstockctl apply records --dry-run
  penstockctl apply records --secrets-to /root/new-secrets.toml
  printf '[customer.abc-inc]\\nspace = \"500GiB\"\\n' | penstockctl apply -

Only what the files name is changed; secrets that exist stay. A customer's table that holds
nothing but clients declares these only.")]
pub struct Apply {
    /// A file or a folder of TOML files as `export` writes them; - reads standard input
    #[arg(value_name = "FILE|DIR|-", value_hint = clap::ValueHint::AnyPath)]
    from: PathBuf,
    /// Only show what would change; exit code 2 when something would
    #[arg(long)]
    dry_run: bool,
    /// Move to the trash what isn't declared
    #[arg(long)]
    prune: bool,
    /// A file to be made for the secrets of records that are added; needed when there are any
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    secrets_to: Option<PathBuf>,
}

/// Whether a failure says for sure that nothing was applied.
fn was_refused(code: FailureCode) -> bool {
    match code {
        FailureCode::Refused
        | FailureCode::NotFound
        | FailureCode::Conflict
        | FailureCode::Exists
        | FailureCode::Usage
        | FailureCode::NotPermitted => true,
        FailureCode::Unavailable | FailureCode::Internal => false,
    }
}

impl Apply {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let Gathered { records, places } =
            sources::gather(context.terminal, &self.from, self.prune)?;
        let nameless = names::nameless(&records);
        self.apply(context, records, &nameless, &places)
            .map_err(|problem| names::placed(context, problem, &nameless, &places))
    }

    fn apply(
        &self,
        context: &mut Context,
        records: Vec<Declared>,
        nameless: &BTreeSet<Nameless>,
        places: &BTreeMap<String, String>,
    ) -> Result<Exit, Problem> {
        if records.is_empty() && self.prune {
            return Err(Problem::Usage(
                "nothing is declared, so --prune would move everything to the trash; give the files of an export"
                    .to_owned(),
            ));
        }
        let secrets = stage(context, records)?;
        // A secret is made for a mistyped name too; that is told before where to keep it.
        if !secrets.is_empty()
            && let Some(unknown) = names::unknown(context, nameless, places)
        {
            return Err(unknown);
        }
        let kept = self.keep(&secrets)?;
        let request = Request::Apply {
            dry_run: self.dry_run,
            prune: self.prune,
        };
        let answer = context.daemon.ask_patiently(&request);
        let answer = match (answer, kept) {
            (Err(Problem::Failed(failure)), Some(path)) if was_refused(failure.code) => {
                // These secrets never come to hold.
                if let Err(error) = fs::remove_file(path) {
                    let path = path.display();
                    context.terminal.remark(&format!(
                        "{path} holds secrets that never came to hold, and can't be removed: {error}"
                    ))?;
                }
                return Err(Problem::Failed(failure));
            }
            (Err(problem), Some(path)) => {
                context.terminal.remark(&format!(
                    "whether it was applied isn't known; the secrets are in {}: keep it until `apply --dry-run` says",
                    path.display()
                ))?;
                return Err(problem);
            }
            (answer, _) => answer?,
        };
        let done = expect_answer!(answer, Applied)?;
        self.show(context, done, secrets.len(), kept)
    }

    /// Writes down the new secrets; where, if there are any.
    fn keep(&self, new: &[NewSecret]) -> Result<Option<&Path>, Problem> {
        if new.is_empty() || self.dry_run {
            return Ok(None);
        }
        let Some(path) = &self.secrets_to else {
            return Err(Problem::Usage(format!(
                "nothing was applied: {} would be made for records that are new; say with --secrets-to FILE where to \
                 write what only you will have",
                count(new.len() as u64, "secret")
            )));
        };
        secrets::keep(path, new)?;
        Ok(Some(path))
    }

    fn show(
        &self,
        context: &mut Context,
        done: Applied,
        new_secrets: usize,
        kept: Option<&Path>,
    ) -> Result<Exit, Problem> {
        let mut outcome = Outcome {
            dry_run: done.dry_run,
            added: done.added,
            edited: done.edited,
            removed: done.removed,
            steps: done.steps.items,
            notes: done.notes,
            new_secrets: new_secrets as u64,
            secrets_to: kept.map(|path| path.display().to_string()),
        };
        if let Some(next) = done.steps.next {
            let more = all_pages!(context, Steps, |page| Request::Applied {
                // The first page came with the answer.
                page: if page.after.is_none() {
                    penstock_wire::request::Page {
                        after: Some(next.clone()),
                    }
                } else {
                    page
                },
            })?;
            outcome.steps.extend(more);
        }
        context
            .terminal
            .answer(context.json, &outcome, |look| applied(&outcome, look))?;
        if self.dry_run && !outcome.steps.is_empty() {
            Ok(Exit::DIFFERENCES)
        } else {
            Ok(Exit::FINE)
        }
    }
}

/// Hands the records over; what comes back are secrets that hold once they are applied.
fn stage(context: &mut Context, records: Vec<Declared>) -> Result<Vec<NewSecret>, Problem> {
    let mut secrets = Vec::new();
    for records in batches(records)? {
        let answer = context.daemon.ask_patiently(&Request::Stage { records })?;
        secrets.extend(expect_answer!(answer, Staged)?.secrets);
    }
    Ok(secrets)
}
