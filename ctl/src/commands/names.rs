//! Where in its files `apply` found what the daemon refuses, and which record was probably meant.

use std::collections::BTreeMap;

use penstock_policy::names::nearest;
use penstock_wire::declared::Declared;
use penstock_wire::reply::{Failure, FailureCode};
use penstock_wire::request::Request;

use super::{Context, all_pages};
use crate::exit::Problem;

/// A record that has to exist already, since the files don't give the full name that a new one needs.
#[derive(Debug)]
pub struct Nameless {
    kind: &'static str,
    short: String,
}

/// Those of the records that can't be added.
pub fn nameless(records: &[Declared]) -> Vec<Nameless> {
    let nameless = |record: &Declared| {
        let (kind, short) = match record {
            Declared::Reseller {
                short, name: None, ..
            } => ("reseller", short),
            Declared::Customer {
                short, name: None, ..
            } => ("customer", short),
            _ => return None,
        };
        Some(Nameless {
            kind,
            short: short.clone(),
        })
    };
    records.iter().filter_map(nameless).collect()
}

/// The daemon's refusal with the file and line that it is about, as far as they can be told.
pub fn placed(
    context: &mut Context,
    problem: Problem,
    nameless: &[Nameless],
    places: &BTreeMap<String, String>,
) -> Problem {
    let Problem::Failed(mut failure) = problem else {
        return problem;
    };
    if failure.code == FailureCode::Usage
        && let Some(sentence) = unknown(context, nameless, places)
    {
        return Failure {
            message: sentence.message,
            nearest: sentence.nearest,
            ..*failure
        }
        .into();
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

struct Sentence {
    message: String,
    nearest: Option<String>,
}

/// The first that doesn't exist. Asked only after a refusal, which was most probably for this; when the daemon can't be
/// asked, its own sentence has to do.
fn unknown(
    context: &mut Context,
    nameless: &[Nameless],
    places: &BTreeMap<String, String>,
) -> Option<Sentence> {
    if nameless.is_empty() {
        return None;
    }
    let resellers = all_pages!(context, Resellers, |page| Request::Resellers { page }).ok()?;
    let customers = all_pages!(context, Customers, |page| Request::Customers {
        reseller: None,
        page,
    })
    .ok()?;
    let resellers: Vec<&str> = resellers.iter().map(|view| &*view.short_name).collect();
    let customers: Vec<&str> = customers.iter().map(|line| &*line.short_name).collect();
    for Nameless { kind, short } in nameless {
        let known = match *kind {
            "reseller" => &resellers,
            _ => &customers,
        };
        if known.contains(&short.as_str()) {
            continue;
        }
        let record = match *kind {
            "reseller" => format!("reseller {short}"),
            _ => short.clone(),
        };
        let place = places.get(&record)?;
        let nearest = nearest(short, known.iter().copied()).map(str::to_owned);
        let meant = nearest
            .as_ref()
            .map_or_else(String::new, |meant| format!(", or did you mean {meant:?}?"));
        let message = format!(
            "{place}: there is no {kind} {short:?}; give its full name if it is new{meant}"
        );
        return Some(Sentence { message, nearest });
    }
    None
}
