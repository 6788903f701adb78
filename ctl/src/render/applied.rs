//! What applying files did, or would do.

use penstock_wire::reply::Step;
use serde::Serialize;

use super::table::Table;
use super::{Look, count, escape, shown};

/// Everything that `apply` found and did.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Whether it was only shown.
    pub dry_run: bool,
    /// How many records were added.
    pub added: u64,
    /// How many were edited or moved.
    pub edited: u64,
    /// How many were moved to the trash.
    pub removed: u64,
    /// All changes, in the order in which they were made.
    pub steps: Vec<Step>,
    /// Which running backups it slows, cuts or frees, and other things to know.
    pub notes: Vec<String>,
    /// How many secrets were made, or would be.
    pub new_secrets: u64,
    /// The file that has them.
    pub secrets_to: Option<String>,
}

/// Each step with its fields before and after, the sums, then what to know.
pub fn applied(outcome: &Outcome, look: Look) -> String {
    let mut text = String::new();
    if outcome.steps.is_empty() {
        text.push_str("nothing to change\n");
    } else {
        text.push_str(&steps(&outcome.steps).render(look));
        text.push_str(&sums(outcome));
        text.push_str(&edits(&outcome.steps));
    }
    for note in &outcome.notes {
        text.push_str(&format!("note: {}\n", escape(note)));
    }
    text
}

fn steps(steps: &[Step]) -> Table {
    let mut table = Table::new(&["WHAT", "RECORD", "FIELD", "~BEFORE", "~AFTER"]);
    for step in steps {
        let mut changes = step
            .changes
            .iter()
            .map(|change| [change.field.clone(), shown(&change.from), shown(&change.to)]);
        let blank = || [String::new(), String::new(), String::new()];
        let head = [step.verb.clone(), step.record.clone()];
        table.row(head.into_iter().chain(changes.next().unwrap_or_else(blank)));
        for change in changes {
            let head = [String::new(), String::new()];
            table.row(head.into_iter().chain(change));
        }
    }
    table
}

/// `edits 35 to 39; ...`: one transaction makes them, so none of another is among them.
fn edits(steps: &[Step]) -> String {
    let numbers = || steps.iter().filter_map(|step| step.edit);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return String::new();
    };
    let edits = match first == last {
        true => format!("edit {first}"),
        false => format!("edits {first} to {last}"),
    };
    let undone = steps.iter().filter(|step| step.verb == "edit").count();
    match undone {
        0 => format!("{edits}: penstockctl audit\n"),
        _ if undone < steps.len() => {
            format!("{edits}; each that changed fields is undone with: penstockctl undo N\n")
        }
        _ if first == last => format!("{edits}; undo with: penstockctl undo {first}\n"),
        _ => format!("{edits}; each is undone with: penstockctl undo N\n"),
    }
}

fn sums(outcome: &Outcome) -> String {
    let mut text = format!(
        "{} added, {} edited, {} moved to the trash",
        count(outcome.added, "record"),
        outcome.edited,
        outcome.removed
    );
    if outcome.dry_run {
        text.push_str("; nothing was changed, this was a dry run");
    }
    text.push('\n');
    match (&outcome.secrets_to, outcome.new_secrets) {
        (_, 0) => {}
        (Some(file), new) => text.push_str(&format!(
            "{} written to {}\n",
            count(new, "new secret"),
            escape(file)
        )),
        (None, new) => text.push_str(&format!(
            "{} would be made; apply with --secrets-to FILE\n",
            count(new, "secret")
        )),
    }
    text
}
