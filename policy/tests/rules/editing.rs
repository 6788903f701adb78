//! Editing: assignments, what they change, and how they are undone, over every field of every record.

use std::fmt::Debug;

use jiff::Timestamp;
use penstock_policy::edit::{Assignment, Change, EditError, apply, reverse};
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::arbitrary::{
    client, clients, customer, customers, instants, reseller, resellers, servers, suspended,
};

pub fn assign(field: &str, value: &str) -> Assignment {
    Assignment {
        field: field.to_owned(),
        value: value.to_owned(),
    }
}

/// Two records of one kind that differ in any fields, and in nothing that isn't a field.
fn two<R: Record + Debug, S: Strategy<Value = R>>(
    records: fn(Timestamp) -> S,
    keep: fn(&R, &mut R),
) -> impl Strategy<Value = (R, R)> {
    instants()
        .prop_flat_map(move |at| (records(at), records(at)))
        .prop_map(move |(before, mut after)| {
            keep(&before, &mut after);
            (before, after)
        })
}

/// A few words that some field takes, and some that none does.
fn values() -> impl Strategy<Value = String> {
    let known = select(vec![
        "yes",
        "no",
        "inherit",
        "unlimited",
        "none",
        "0",
        "5",
        "1024",
        "3651",
        "Europe/Berlin",
        "friday",
        "8Mbit/s 08:00-18:00",
        "1kbit/s",
        "2026-12-24",
        "2026-12-24T08:00",
        "https://backup.msp.example",
        "two\nlines",
        "\u{1b}[31m",
        "words",
        "500GiB",
        "+200GiB",
        "Auto",
        "25/month",
        "+5",
        "server",
        "sql,mysql",
        "desktop=2 sql=3",
        "fast",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\\PC{0,30}"]
}

fn edits() -> impl Strategy<Value = Vec<(Index, String)>> {
    prop::collection::vec((any::<Index>(), values()), 0..6)
}

/// The fields that such an edit names, each once.
fn assignments<R: Record>(edits: &[(Index, String)]) -> Vec<Assignment> {
    let mut all: Vec<Assignment> = Vec::new();
    for (index, value) in edits {
        let name = index.get(R::FIELDS).name;
        if all.iter().all(|one| one.field != name) {
            all.push(assign(name, value));
        }
    }
    all
}

fn with_revision<R: Record>(record: &R, revision: u64) -> R {
    let mut record = record.clone();
    record.set_revision(revision);
    record
}

fn setting_what_is_there_changes_nothing<R: Record + Debug + PartialEq>(
    record: &R,
) -> Result<(), TestCaseError> {
    let mut all = Vec::new();
    for field in R::FIELDS {
        let value = (field.get)(record);
        let mut after = record.clone();
        let result = (field.set)(&mut after, &value);
        prop_assert!(result.is_ok(), "{} {:?}: {:?}", field.name, value, result);
        prop_assert_eq!(&after, record, "{}", field.name);
        all.push(assign(field.name, &value));
    }
    prop_assert_eq!(apply(record, &all), Ok((record.clone(), Vec::new())));
    Ok(())
}

fn changes_are_exactly_what_differs<R: Record + Debug + PartialEq>(
    before: &R,
    after: &R,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(before.changes_to(before), Vec::new());
    let changes = before.changes_to(after);
    for field in R::FIELDS {
        let named: Vec<&Change> = changes
            .iter()
            .filter(|one| one.field == field.name)
            .collect();
        let (from, to) = ((field.get)(before), (field.get)(after));
        if from == to {
            prop_assert!(named.is_empty(), "{} is listed and equal", field.name);
        } else {
            let field = field.name.to_owned();
            prop_assert_eq!(named, [&Change { field, from, to }]);
        }
    }
    // Nothing that differs is missing: with the listed values alone one becomes the other.
    let listed: Vec<Assignment> = changes
        .iter()
        .map(|one| assign(&one.field, &one.to))
        .collect();
    let (made, made_changes) = apply(before, &listed).unwrap();
    prop_assert_eq!(with_revision(&made, after.revision()), after.clone());
    prop_assert_eq!(made_changes, changes);
    Ok(())
}

fn an_edit_counts_once_and_can_be_undone_and_made_again<R: Record + Debug + PartialEq>(
    before: &R,
    assignments: &[Assignment],
) -> Result<(), TestCaseError> {
    let Ok((after, changes)) = apply(before, assignments) else {
        return Ok(());
    };
    let raised = u64::from(!changes.is_empty());
    prop_assert_eq!(after.revision(), before.revision() + raised);
    prop_assert_eq!(&changes, &before.changes_to(&after));
    prop_assert_eq!(changes.is_empty(), after == *before);

    let (undone, back) = apply(&after, &reverse(&after, &changes).unwrap()).unwrap();
    prop_assert_eq!(undone.revision(), after.revision() + raised);
    prop_assert_eq!(with_revision(&undone, before.revision()), before.clone());

    let (again, same) = apply(&undone, &reverse(&undone, &back).unwrap()).unwrap();
    prop_assert_eq!(with_revision(&again, after.revision()), after);
    prop_assert_eq!(same, changes);
    Ok(())
}

/// The three properties for one kind of record.
macro_rules! properties {
    ($($kind:ident: $record:ty = $records:expr, $keep:expr;)*) => {$(
        mod $kind {
            use super::*;

            proptest! {
                #[test]
                fn setting_what_is_there_changes_nothing((record, _) in two($records, $keep)) {
                    super::setting_what_is_there_changes_nothing(&record)?;
                }

                #[test]
                fn changes_are_exactly_what_differs((before, after) in two($records, $keep)) {
                    super::changes_are_exactly_what_differs(&before, &after)?;
                }

                #[test]
                fn an_edit_counts_once_and_can_be_undone_and_made_again(
                    (before, _) in two($records, $keep),
                    edits in edits(),
                ) {
                    let assignments = assignments::<$record>(&edits);
                    super::an_edit_counts_once_and_can_be_undone_and_made_again(&before, &assignments)?;
                }
            }
        }
    )*};
}

properties! {
    server: Server = |_| servers(), |_, _| ();
    a_reseller: Reseller = resellers, |_, _| ();
    a_customer: Customer = customers, |before, after| after.pass_key = before.pass_key.clone();
    a_client: Client = clients, |before, after| after.revoked = before.revoked;
}

#[test]
fn a_failing_assignment_applies_nothing() {
    let before = customer();
    let edit = [
        assign("city", "Ulm"),
        assign("throttle", "8"),
        assign("fax", "1"),
    ];
    let error = apply(&before, &edit).unwrap_err();
    assert_eq!(
        error.to_string(),
        "throttle: a rate needs a unit, such as 8Mbit/s or 1MiB/s"
    );
    assert_eq!(before, customer());
}

#[test]
fn a_field_given_twice_is_refused() {
    let edit = [assign("city", "Ulm"), assign("city", "Ulm")];
    let twice = EditError::Twice {
        field: "city".into(),
    };
    assert_eq!(apply(&customer(), &edit), Err(twice));
}

#[test]
fn activating_clears_the_reason_and_the_end() {
    let mut before = customer();
    before.activation = suspended("invoice 2041 is unpaid", Some("2026-12-24"));
    let (after, changes) = apply(&before, &[assign("activated", "yes")]).unwrap();
    assert_eq!(after.activation, customer().activation);
    let fields: Vec<&str> = changes.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["activated", "reason", "until"]);
    assert_eq!(after.revision, before.revision + 1);
}

#[test]
fn a_new_reason_or_end_without_a_suspension_is_refused() {
    for edit in [
        [assign("reason", "found"), assign("activated", "yes")],
        [assign("activated", "yes"), assign("until", "2027-01-01")],
    ] {
        let mut before = client();
        before.activation = suspended("lost", None);
        let refused = apply(&before, &edit).unwrap_err().to_string();
        assert!(
            refused.contains("has no effect while activated is yes"),
            "{refused}"
        );
    }
    let mut before = reseller();
    before.activation = suspended("lost", None);
    let edit = [assign("reason", "lost"), assign("activated", "yes")];
    let (after, _) = apply(&before, &edit).unwrap();
    assert_eq!(after.activation.reason, "");
}

#[test]
fn an_edit_that_was_edited_over_cannot_be_undone() {
    let (first, changes) =
        apply(&customer(), &[assign("city", "Ulm"), assign("fax", "1")]).unwrap();
    let (second, _) = apply(&first, &[assign("city", "Bonn")]).unwrap();
    let changed = EditError::ChangedSince {
        field: "city".into(),
        set: "Ulm".into(),
        now: "Bonn".into(),
    };
    assert_eq!(reverse(&second, &changes), Err(changed));
}

#[test]
fn an_edit_of_other_fields_does_not_stand_in_the_way_of_undo() {
    let (first, changes) = apply(&customer(), &[assign("city", "Ulm")]).unwrap();
    let (second, _) = apply(&first, &[assign("fax", "1")]).unwrap();
    let (undone, _) = apply(&second, &reverse(&second, &changes).unwrap()).unwrap();
    assert_eq!((undone.city.as_str(), undone.fax.as_str()), ("", "1"));
    assert_eq!(undone.revision, 4);
}
