//! Where in its files `apply` found what the daemon refuses, and which record was probably meant.

use std::collections::{BTreeMap, BTreeSet};

use penstock_policy::names::nearest;
use penstock_wire::declared::Declared;
use penstock_wire::reply::{Failure, FailureCode};
use penstock_wire::request::Request;

use super::{Context, all_pages};
use crate::exit::Problem;

/// A record that has to exist already, since the files don't give the full name that a new one needs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nameless {
    /// The customer of that short name.
    Customer(String),
    /// The reseller.
    Reseller(String),
}

/// Those of the records, and of the customers whose clients they are, that can't be added.
pub fn nameless(records: &[Declared]) -> BTreeSet<Nameless> {
    let mut nameless = BTreeSet::new();
    let mut named = BTreeSet::new();
    for record in records {
        match record {
            Declared::Reseller { short, name, .. } if name.is_none() => {
                nameless.insert(Nameless::Reseller(short.clone()));
            }
            Declared::Customer { short, name, .. } if name.is_some() => {
                named.insert(Nameless::Customer(short.clone()));
            }
            Declared::Customer { short, .. }
            | Declared::Client {
                customer: short, ..
            } => {
                nameless.insert(Nameless::Customer(short.clone()));
            }
            Declared::Server { .. } | Declared::Reseller { .. } => {}
        }
    }
    nameless.retain(|record| !named.contains(record));
    nameless
}

/// The daemon's refusal with the file and line that it is about, as far as they can be told.
pub fn placed(
    context: &mut Context,
    problem: Problem,
    nameless: &BTreeSet<Nameless>,
    places: &BTreeMap<String, String>,
) -> Problem {
    let Problem::Failed(mut failure) = problem else {
        return problem;
    };
    if failure.code == FailureCode::Usage
        && let Some(unknown) = unknown(context, nameless, places)
    {
        return unknown;
    }
    let place = failure
        .message
        .split_once(": ")
        .and_then(|(record, _)| places.get(record));
    if let Some(place) = place {
        failure.message = format!("{place}: {}", failure.message);
    }
    Problem::Failed(failure)
}

/// That the first of them doesn't exist. To be asked only when there is a sign of it, a refusal or a secret for a record
/// that is new; none as well when the daemon can't be asked, whose own sentence has to do then.
pub fn unknown(
    context: &mut Context,
    nameless: &BTreeSet<Nameless>,
    places: &BTreeMap<String, String>,
) -> Option<Problem> {
    if nameless.is_empty() {
        return None;
    }
    let resellers = all_pages!(context, Resellers, |page| Request::Resellers { page }).ok()?;
    let customers = all_pages!(context, Customers, |page| Request::Customers {
        reseller: None,
        page,
    })
    .ok()?;
    let resellers: Vec<(&str, &str)> = resellers
        .iter()
        .map(|view| (&*view.short_name, &*view.name))
        .collect();
    let customers: Vec<(&str, &str)> = customers
        .iter()
        .map(|line| (&*line.short_name, &*line.name))
        .collect();
    for record in nameless {
        let (kind, short, address, known) = match record {
            Nameless::Customer(short) => ("customer", short, short.clone(), &customers),
            Nameless::Reseller(short) => {
                ("reseller", short, format!("reseller {short}"), &resellers)
            }
        };
        // By its full name it is known too; that a file has to use the other one is the daemon's to say.
        let is_it = |(own, full): &(&str, &str)| {
            own == short || full.to_lowercase() == short.to_lowercase()
        };
        if known.iter().any(is_it) {
            continue;
        }
        let place = places.get(&address)?;
        let nearest = nearest(short, known.iter().map(|(own, _)| *own)).map(str::to_owned);
        let meant = nearest
            .as_ref()
            .map_or_else(String::new, |meant| format!(", or did you mean {meant:?}?"));
        let mut failure = Failure::new(
            FailureCode::Usage,
            format!(
                "{place}: there is no {kind} {short:?}; give its full name if it is new{meant}"
            ),
        );
        failure.nearest = nearest;
        return Some(failure.into());
    }
    None
}
