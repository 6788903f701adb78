//! Edits of fields, and their reverse.

use penstock_policy::edit::{Assignment, Change, EditError, apply, reverse};
use penstock_policy::mcal::Bank;
use penstock_policy::names::is_hidden;
use penstock_policy::record::{Client, Record};
use penstock_wire::view::Who;

use super::keep::{By, Kept};
use super::{client_address, client_subjects, find_client};
use crate::store::audit::{self, Note, Subject};
use crate::store::command::{Edit, Edited, Rejected, Target};
use crate::store::schema::{CLIENTS, Look};
use crate::store::tree::not_found;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// What is to be done to a record, whichever it is.
struct Act<'a> {
    verb: &'a str,
    assignments: Vec<Assignment>,
    expect_revision: Option<u64>,
    dry_run: bool,
    who: &'a Who,
    /// Words for the ledger.
    note: &'a str,
}

/// Most characters of a note in the ledger.
const NOTE: usize = 200;

/// Edits one record.
pub fn edit(tx: &Tx, ask: &Edit, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let act = Act {
        verb: "edit",
        assignments: ask.assignments.clone(),
        expect_revision: ask.expect_revision,
        dry_run: ask.dry_run,
        who,
        note: "",
    };
    let tree = tx.tree();
    let subject = match &ask.target {
        Target::Server => Subject::Server,
        Target::Reseller(name) => Subject::Reseller(tree.find_reseller(name)?.id),
        Target::Customer(name) => Subject::Customer(tree.find_customer(name)?.id),
        Target::Client(address) => Subject::Client(find_client(tx, address)?.1.id),
    };
    edit_subject(tx, subject, "the record", |_| Ok(act))
}

/// Adds to the bank's credit: an edit of the server's MCALs, with words for the ledger.
pub fn mcal_add(tx: &Tx, units: u32, note: &str, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let note = note.trim();
    let unfit = |c: char| c.is_control() || is_hidden(c);
    if note.chars().count() > NOTE || note.contains(unfit) {
        return Err(Rejected::Invalid(format!(
            "a note is one line of at most {NOTE} characters, without control characters"
        ))
        .into());
    }
    if units == 0 {
        return Err(Rejected::Invalid("0 MCALs add nothing; give at least 1".to_owned()).into());
    }
    if tx.tree().server.mcals == Bank::Unlimited {
        return Err(Rejected::Forbidden(
            "the bank is unlimited, so nothing can be added; set a number first: penstockctl server edit --mcals NUMBER"
                .to_owned(),
        )
        .into());
    }
    let act = Act {
        verb: "mcal add",
        assignments: vec![Assignment {
            field: "mcals".to_owned(),
            value: format!("+{units}"),
        }],
        expect_revision: None,
        dry_run: false,
        who,
        note,
    };
    edit_subject(tx, Subject::Server, "the record", |_| Ok(act))
}

/// Applies an edit's reverse as a new edit.
pub fn undo(tx: &Tx, number: u64, dry_run: bool, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let entry =
        audit::entry(tx, number)?.ok_or_else(|| not_found("edit", &number.to_string(), None))?;
    if !matches!(entry.verb.as_str(), "edit" | "undo" | "mcal add") {
        return Err(Rejected::Forbidden(format!(
            "edit {number} ({}) can't be undone by itself; {}",
            entry.verb,
            opposite(&entry.verb)
        ))
        .into());
    }
    let subject = entry.subjects.first().copied().unwrap_or(Subject::Server);
    let act = |record: &dyn Reversible| {
        Ok(Act {
            verb: "undo",
            assignments: record.reversed(&entry.changes)?,
            expect_revision: None,
            dry_run,
            who,
            note: "",
        })
    };
    edit_subject(tx, subject, &entry.record, act).map_err(|stop| match stop {
        // The edit's own revision says since when the others came.
        Stop::Decided(Rejected::Conflict {
            record, revision, ..
        }) => match changed_since(tx, subject, &entry) {
            Ok((differences, undone)) => {
                let no = Rejected::Conflict {
                    record,
                    expected: entry.revision.unwrap_or(0),
                    revision,
                    differences,
                };
                Stop::Decided(match undone {
                    Some(by) => no.worded(format!("edit {number} was undone by edit {by} already")),
                    None => no,
                })
            }
            Err(trouble) => Stop::Trouble(trouble),
        },
        other => other,
    })
}

/// What was done to the record since an edit, and the edit that undid it, if one did.
fn changed_since(
    tx: &Tx,
    subject: Subject,
    entry: &audit::Entry,
) -> Result<(Vec<Change>, Option<u64>), Trouble> {
    let back = |change: &Change| Change {
        field: change.field.clone(),
        from: change.to.clone(),
        to: change.from.clone(),
    };
    let reverse: Vec<Change> = entry.changes.iter().map(back).collect();
    let mut undone = None;
    audit::walk_back(tx, subject, u64::MAX, &mut |later| {
        if later.edit <= entry.edit {
            return false;
        }
        if later.verb == "undo"
            && later.subjects.first() == Some(&subject)
            && later.changes == reverse
        {
            undone = Some(later.edit);
        }
        true
    })?;
    let differences = audit::differences(tx, subject, entry.revision.unwrap_or(0))?;
    Ok((differences, undone))
}

/// The command that does the opposite of a verb.
fn opposite(verb: &str) -> &'static str {
    match verb {
        "reseller add" => "`reseller remove` does the opposite",
        "reseller remove" => "`reseller add` adds it again",
        "customer add" => "`customer remove` does the opposite",
        "customer move" => "`customer move` moves it back",
        "customer pass-key" => "a new pass key can be made with `customer pass-key`",
        "customer remove" | "client remove" | "schedule remove" => "`trash restore` brings it back",
        "client add" | "client enrol" | "client register" => "`client remove` does the opposite",
        "client move" => "`client move` moves it back",
        "client revoke" => "`client reset-password` lets it in again",
        "client unblock" => "an id is blocked again when its client is removed",
        "client reset-password" => "`client reset-password` gives another password",
        "location add" => "`location forget` does the opposite",
        "location forget" => "`location add` with its folder adds it again",
        "trash restore" => {
            "`customer remove`, `client remove` and `schedule remove` do the opposite"
        }
        _ => "what was deleted for good can't be brought back",
    }
}

/// A record whose edits can be reversed, whichever it is.
trait Reversible {
    fn reversed(
        &self,
        changes: &[penstock_policy::edit::Change],
    ) -> Result<Vec<Assignment>, EditError>;
}

impl<R: Record> Reversible for R {
    fn reversed(
        &self,
        changes: &[penstock_policy::edit::Change],
    ) -> Result<Vec<Assignment>, EditError> {
        reverse(self, changes)
    }
}

fn edit_subject<'a>(
    tx: &Tx,
    subject: Subject,
    was: &str,
    act: impl FnOnce(&dyn Reversible) -> Result<Act<'a>, EditError>,
) -> Result<Edited, Stop<Rejected>> {
    let tree = tx.tree();
    let gone = |kind| not_found(kind, was, None);
    match subject {
        Subject::Server => {
            let named = Named::new("server".to_owned(), vec![subject]);
            edit_record(tx, &*tree.server, named, act)
        }
        Subject::Reseller(id) => {
            let reseller = tree.resellers.get(&id).ok_or_else(|| gone("reseller"))?;
            let named = Named::new(format!("reseller {}", reseller.short), vec![subject]);
            edit_record(tx, &**reseller, named, act)
        }
        Subject::Customer(id) => {
            let customer = tree.customers.get(&id).ok_or_else(|| gone("customer"))?;
            let named = Named::new(customer.short.to_string(), vec![subject]);
            edit_record(tx, &**customer, named, act)
        }
        Subject::Client(id) => {
            let client: Client = tx.get(CLIENTS, id.0)?.ok_or_else(|| gone("client"))?;
            let customer = tree.customers.get(&client.customer);
            let customer = customer.ok_or_else(|| gone("client"))?;
            let address = client_address(customer, &client.client_id);
            let named = Named::new(address, client_subjects(&client));
            edit_record(tx, &client, named, act)
        }
    }
}

/// A record as people address it, and where its entries show.
struct Named {
    record: String,
    subjects: Vec<Subject>,
}

impl Named {
    fn new(record: String, subjects: Vec<Subject>) -> Self {
        Self { record, subjects }
    }
}

fn edit_record<'a, R: Kept>(
    tx: &Tx,
    record: &R,
    named: Named,
    act: impl FnOnce(&dyn Reversible) -> Result<Act<'a>, EditError>,
) -> Result<Edited, Stop<Rejected>> {
    let revision = record.revision();
    let act = act(record).map_err(|error| match error {
        EditError::ChangedSince { .. } => Rejected::Conflict {
            record: named.record.clone(),
            expected: 0,
            revision,
            differences: Vec::new(),
        },
        other => Rejected::Invalid(other.to_string()),
    })?;
    if let Some(expected) = act.expect_revision.filter(|expected| *expected != revision) {
        let differences = match named.subjects.first() {
            Some(subject) => audit::differences(tx, *subject, expected)?,
            None => Vec::new(),
        };
        return Err(Rejected::Conflict {
            record: named.record,
            expected,
            revision,
            differences,
        }
        .into());
    }
    let (after, changes) =
        apply(record, &act.assignments).map_err(|error| Rejected::Invalid(error.to_string()))?;
    let mut edited = Edited {
        record: named.record,
        edit: None,
        revision: after.revision(),
        changes,
        notes: Vec::new(),
    };
    if edited.changes.is_empty() {
        return Ok(edited);
    }
    let cost = after.decide(Some(record), tx)?;
    edited.notes.extend(cost.map(|cost| {
        let (units, month) = (cost.units(), cost.month());
        let paid = record.paid().map_or(0, |paid| paid.units);
        let mcals = if units == 1 { "MCAL" } else { "MCALs" };
        format!(
            "debits {units} more {mcals} for {month} ({} instead of {paid})",
            paid + units
        )
    }));
    if act.dry_run {
        return Ok(edited);
    }
    let by = By {
        who: act.who,
        note: act.note,
    };
    after.write(Some(record), cost, tx, by)?;
    let note = Note {
        who: act.who,
        verb: act.verb,
        record: &edited.record,
        subjects: named.subjects,
        revision: Some(edited.revision),
        changes: edited.changes.clone(),
    };
    edited.edit = Some(note.write(tx)?);
    Ok(edited)
}
