//! What a declaration has to keep to, and how its refusals name it.

use penstock_policy::edit::Assignment;
use penstock_policy::names::nearest;
use penstock_policy::record::Customer;
use penstock_policy::refusal::Refusal;

use super::Named;
use crate::store::command::Rejected;
use crate::store::tree::Tree;
use crate::store::trouble::Stop;

/// Whether the clients had slots when they were added, or have them now. Lowering the limit evicts nobody: clients first
/// and the lower limit then can be had with single commands too, so one file can say both, and an export of a customer
/// above its limit can be applied to an empty server.
pub(super) fn slots(before: &Tree, customer: &Customer, clients: u32) -> Result<(), Refusal> {
    let old = before.customers.get(&customer.id);
    let old = old.and_then(|old| old.maximum_client_limit);
    match old.zip(customer.maximum_client_limit) {
        Some((old, new)) if clients > old.max(new) => Err(Refusal::ClientLimit {
            customer: customer.name.to_string(),
            limit: old.max(new),
        }),
        _ => Ok(()),
    }
}

/// That a name was declared which the record doesn't have: it can't be changed.
pub(super) fn same_names(named: &Named<'_>, own: &str, full: &str) -> Result<(), Rejected> {
    if named.short != own {
        return Err(Rejected::Invalid(format!(
            "{:?} is declared by another name than its short one; write {own:?}",
            named.short
        )));
    }
    match named.name.filter(|name| *name != full) {
        Some(name) => Err(Rejected::Forbidden(format!(
            "its name is {full:?} and can't be changed to {name:?}; names are for good"
        ))),
        None => Ok(()),
    }
}

/// The full name that a new record needs; without one, those that there are show what was probably meant.
pub(super) fn new_name<'a>(
    kind: &str,
    named: &Named<'_>,
    known: impl Iterator<Item = &'a str>,
) -> Result<String, Rejected> {
    named.name.map(str::to_owned).ok_or_else(|| {
        let meant = nearest(named.short, known).map_or_else(String::new, |meant| {
            format!("; did you mean {meant:?}? If it is new")
        });
        let then = if meant.is_empty() { ";" } else { "," };
        Rejected::Invalid(format!(
            "there is no {kind} {:?} yet{meant}{then} give its full name, so that it can be added",
            named.short
        ))
    })
}

/// That nothing is added to what is there: what is declared has to mean the same each time that it is applied.
pub(super) fn plain(fields: &[Assignment]) -> Result<(), Rejected> {
    let adds = |field: &&Assignment| {
        matches!(field.field.as_str(), "space" | "mcals") && field.value.trim().starts_with('+')
    };
    match fields.iter().find(adds) {
        Some(Assignment { field, value }) => Err(Rejected::Invalid(format!(
            "{field}: {value:?} adds to what is there; declare what is to hold"
        ))),
        None => Ok(()),
    }
}

/// That a record was there when it was staged, and isn't any more.
pub(super) fn stale() -> Rejected {
    Rejected::Forbidden(
        "it was removed since it was staged, so it has no secret; apply once more".to_owned(),
    )
}

/// A refusal with the record in front, unless its sentence names it.
pub(super) fn naming(record: &str, stop: Stop<Rejected>) -> Stop<Rejected> {
    let named = |text: String| {
        let names =
            text.contains(&format!("{record:?}")) || text.starts_with(&format!("{record}: "));
        match names {
            true => text,
            false => format!("{record}: {text}"),
        }
    };
    match stop {
        Stop::Decided(Rejected::Invalid(text)) => Stop::Decided(Rejected::Invalid(named(text))),
        Stop::Decided(Rejected::Forbidden(text)) => Stop::Decided(Rejected::Forbidden(named(text))),
        Stop::Decided(Rejected::Exists(text)) => Stop::Decided(Rejected::Exists(named(text))),
        Stop::Decided(no @ Rejected::NotFound { .. }) => {
            let text = named(no.to_string());
            Stop::Decided(no.worded(text))
        }
        Stop::Decided(Rejected::Worded { text, no }) if is_missing(&no) => {
            Stop::Decided(no.worded(named(text)))
        }
        other => other,
    }
}

/// Whether it says that something isn't there; what else is worded names its record itself.
fn is_missing(no: &Rejected) -> bool {
    matches!(no, Rejected::NotFound { .. })
}
