//! Edits of records and their reverse.

use penstock_policy::edit::Assignment;
use penstock_wire::reply::{Answer, Edited};
use penstock_wire::request::Target;
use penstock_wire::view::Who;

use super::failure::Fault;
use super::{Admin, notes};
use crate::store;

/// Edits one record's fields.
pub(super) async fn edit(
    admin: &Admin,
    who: &Who,
    target: Target,
    assignments: Vec<Assignment>,
    expect_revision: Option<u64>,
    dry_run: bool,
) -> Result<Answer, Fault> {
    let target = match target {
        Target::Server {} => store::Target::Server,
        Target::Reseller { reseller } => store::Target::Reseller(reseller),
        Target::Customer { customer } => store::Target::Customer(customer),
        Target::Client { address } => store::Target::Client(address),
    };
    let ask = store::Edit {
        target: target.clone(),
        assignments,
        expect_revision,
        dry_run,
    };
    let edited = admin.context.store.edit(ask, who.clone()).await?;
    let mut notes = edited.notes.clone();
    notes.extend(notes::of_edit(admin, &target, &edited.changes).await);
    Ok(answer(edited, dry_run, notes))
}

/// Applies an edit's reverse as a new edit.
pub(super) async fn undo(
    admin: &Admin,
    who: &Who,
    edit: u64,
    dry_run: bool,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let undone = store.undo(edit, dry_run, who.clone()).await?;
    let mut notes = undone.notes.clone();
    if let Some(target) = target_of(&undone.record) {
        notes.extend(notes::of_edit(admin, &target, &undone.changes).await);
    }
    Ok(answer(undone, dry_run, notes))
}

/// Which record the store means by what it prints.
pub(super) fn target_of(record: &str) -> Option<store::Target> {
    if record == "server" {
        return Some(store::Target::Server);
    }
    if let Some(reseller) = record.strip_prefix("reseller ") {
        return Some(store::Target::Reseller(reseller.to_owned()));
    }
    let address: penstock_policy::names::Address = record.parse().ok()?;
    Some(match address.client {
        None => store::Target::Customer(address.customer),
        Some(_) => store::Target::Client(address),
    })
}

/// The answer to whatever changed one record.
pub(super) fn answer(edited: store::Edited, dry_run: bool, notes: Vec<String>) -> Answer {
    Answer::Edited(Edited {
        record: edited.record,
        edit: edited.edit,
        revision: edited.revision,
        changes: edited.changes,
        dry_run,
        notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_record_leads_back_to_itself() {
        assert!(matches!(target_of("server"), Some(store::Target::Server)));
        assert!(
            matches!(target_of("reseller north"), Some(store::Target::Reseller(name)) if name == "north")
        );
        assert!(matches!(target_of("abc"), Some(store::Target::Customer(name)) if name == "abc"));
        assert!(
            matches!(target_of("abc/pc"), Some(store::Target::Client(a)) if a.to_string() == "abc/pc")
        );
    }
}
