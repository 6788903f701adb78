//! An edit: fields assigned, changes found, conflicts and undo (rules, section 2).

use serde::{Deserialize, Serialize};

use crate::names::nearest;
use crate::record::Record;
use crate::units::cut;

/// One field to set, by name, with its value as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The field's name as in the record's table.
    pub field: String,
    /// The value as the field's parser takes it.
    pub value: String,
}

/// What an edit did to one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// The value before.
    pub from: String,
    /// The value after.
    pub to: String,
}

/// Why an edit isn't made. Nothing of it is applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// No such field.
    #[error("a {kind} has no field {field:?}{}", meant(.nearest.as_deref()))]
    UnknownField {
        /// The kind of record.
        kind: &'static str,
        /// The field as given.
        field: String,
        /// The field that was probably meant.
        nearest: Option<String>,
    },
    /// The field's parser refused the value.
    #[error("{field}: {problem}")]
    Value {
        /// The field's name.
        field: String,
        /// What is wrong with the value and what can be written.
        problem: String,
    },
    /// One field was given twice.
    #[error("{field} is given twice; give it once")]
    Twice {
        /// The field's name.
        field: String,
    },
    /// The field has changed since, so the reverse would undo more than the edit.
    #[error("{field} has changed since: the edit set it to {set:?}, it is {now:?} now")]
    ChangedSince {
        /// The field's name.
        field: String,
        /// What the edit set.
        set: String,
        /// What it is now.
        now: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// The record with the assignments applied and its revision raised, and what changed. A record that nothing changes
/// keeps its revision.
///
/// # Errors
/// When a field is unknown, given twice, or its value isn't taken; then nothing is applied.
pub fn apply<R: Record>(
    record: &R,
    assignments: &[Assignment],
) -> Result<(R, Vec<Change>), EditError> {
    let mut after = record.clone();
    for (place, assignment) in assignments.iter().enumerate() {
        let field = R::FIELDS
            .iter()
            .find(|field| field.name == assignment.field)
            .ok_or_else(|| EditError::UnknownField {
                kind: R::KIND,
                field: cut(&assignment.field),
                nearest: nearest(&assignment.field, R::FIELDS.iter().map(|field| field.name))
                    .map(str::to_owned),
            })?;
        if assignments[..place].iter().any(|a| a.field == field.name) {
            return Err(EditError::Twice {
                field: field.name.to_owned(),
            });
        }
        (field.set)(&mut after, &assignment.value).map_err(|error| EditError::Value {
            field: field.name.to_owned(),
            problem: error.0,
        })?;
    }
    let asked = after.clone();
    after.settle().map_err(|error| EditError::Value {
        field: R::KIND.to_owned(),
        problem: error.0,
    })?;
    if let Some(lost) = asked.changes_to(&after).into_iter().find(|lost| {
        let asked_for = assignments.iter().any(|a| a.field == lost.field);
        let was_so = record
            .changes_to(&asked)
            .iter()
            .all(|c| c.field != lost.field);
        asked_for && !was_so
    }) {
        return Err(EditError::Value {
            field: lost.field,
            problem: "has no effect while activated is yes; set activated to no with it".to_owned(),
        });
    }
    let changes = record.changes_to(&after);
    if !changes.is_empty() {
        after.set_revision(record.revision() + 1);
    }
    Ok((after, changes))
}

/// The assignments that undo the changes.
///
/// # Errors
/// When a field isn't any more what the edit made it.
pub fn reverse<R: Record>(record: &R, changes: &[Change]) -> Result<Vec<Assignment>, EditError> {
    let now = |name: &str| {
        R::FIELDS
            .iter()
            .find(|field| field.name == name)
            .map(|field| (field.get)(record))
    };
    changes
        .iter()
        .map(|change| match now(&change.field) {
            Some(now) if now == change.to => Ok(Assignment {
                field: change.field.clone(),
                value: change.from.clone(),
            }),
            Some(now) => Err(EditError::ChangedSince {
                field: change.field.clone(),
                set: change.to.clone(),
                now,
            }),
            None => Err(EditError::UnknownField {
                kind: R::KIND,
                field: change.field.clone(),
                nearest: None,
            }),
        })
        .collect()
}
