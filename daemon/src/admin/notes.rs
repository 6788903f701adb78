//! What an administrator should know about an edit: warnings, and what it does to running backups.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::edit::{Assignment, Change, apply};
use penstock_policy::levels::{Direction, Levels};
use penstock_policy::names::Address;
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use penstock_policy::throttle::Span;
use penstock_wire::view::Running;

use super::Admin;
use crate::store::{Reader, Target, Tree};

/// Most backups that a note names.
const MOST_NAMED: usize = 5;

/// Notes on what changed in a record. What can't be read leads to fewer notes, not to a failed edit.
pub(super) async fn of_edit(admin: &Admin, target: &Target, changes: &[Change]) -> Vec<String> {
    if changes.is_empty() {
        return Vec::new();
    }
    let tree = admin.context.store.tree();
    let mut notes = match target {
        Target::Customer(name) => tree
            .customer(name)
            .map_or_else(Vec::new, |customer| of_customer(&tree, customer, changes)),
        Target::Reseller(_) | Target::Server | Target::Client(_) => Vec::new(),
    };
    notes.extend(of_running(admin, &tree, target, changes).await);
    notes
}

/// Warnings about a customer's new fields.
pub(super) fn of_customer(tree: &Tree, customer: &Customer, changes: &[Change]) -> Vec<String> {
    let to = |name: &str| {
        let mut changes = changes.iter();
        changes
            .find(|change| change.field == name)
            .map(|change| change.to.as_str())
    };
    let clients = tree.clients(customer.id);
    let mut notes = Vec::new();
    if to("automatically_add_clients") == Some("yes") {
        let reseller = tree.resellers.get(&customer.reseller);
        notes.push(match reseller.filter(|r| !r.automatically_add_clients) {
            Some(reseller) => format!(
                "reseller {} doesn't let customers add clients automatically, so nothing changes until it does",
                reseller.short
            ),
            None => "whoever reaches the port with an unknown client id can take a slot".to_owned(),
        });
        let limit = to("maximum_client_limit")
            .map(str::to_owned)
            .or_else(|| customer.maximum_client_limit.map(|limit| limit.to_string()));
        if limit.is_none_or(|limit| limit == "unlimited") {
            notes.push(
                "the number of clients isn't limited; limit it with --maximum-client-limit"
                    .to_owned(),
            );
        }
    }
    if let Some(limit) = to("maximum_client_limit").and_then(|limit| limit.parse::<u32>().ok())
        && clients > limit
    {
        notes.push(format!(
            "{clients} clients are in use, {} more than the limit: none is removed, and none is added until there are fewer",
            clients - limit
        ));
    }
    notes
}

/// Server, reseller, customer and client as they were or will be, in the place of those in the tree.
#[derive(Default)]
struct Changed {
    server: Option<Server>,
    reseller: Option<Reseller>,
    customer: Option<Customer>,
    client: Option<Client>,
}

impl Changed {
    /// The record with the changed fields at one side of the change.
    fn new(
        tree: &Tree,
        target: &Target,
        client: Option<&Client>,
        assignments: &[Assignment],
    ) -> Option<Self> {
        fn with<R: Record>(record: &R, assignments: &[Assignment]) -> Option<R> {
            Some(apply(record, assignments).ok()?.0)
        }
        let mut changed = Self::default();
        match target {
            Target::Server => changed.server = Some(with(&*tree.server, assignments)?),
            Target::Reseller(name) => {
                changed.reseller = Some(with(&**tree.reseller(name)?, assignments)?);
            }
            Target::Customer(name) => {
                changed.customer = Some(with(&**tree.customer(name)?, assignments)?);
            }
            Target::Client(_) => changed.client = Some(with(client?, assignments)?),
        }
        Some(changed)
    }

    fn over<'a>(&'a self, levels: Levels<'a>) -> Levels<'a> {
        let client = levels.client.map(|client| match &self.client {
            Some(changed) if changed.id == client.id => changed,
            _ => client,
        });
        Levels {
            server: self.server.as_ref().unwrap_or(levels.server),
            reseller: match &self.reseller {
                Some(changed) if changed.id == levels.reseller.id => changed,
                _ => levels.reseller,
            },
            customer: match &self.customer {
                Some(changed) if changed.id == levels.customer.id => changed,
                _ => levels.customer,
            },
            client,
        }
    }
}

/// What the change does to backups that run now.
async fn of_running(
    admin: &Admin,
    tree: &Tree,
    target: &Target,
    changes: &[Change],
) -> Vec<String> {
    let running = admin.context.live.running();
    if running.is_empty() {
        return Vec::new();
    }
    let clients = clients_of(admin, tree, &running).await;
    let edited = match target {
        Target::Client(address) => admin.resolve(address).await.ok().and_then(|r| r.client),
        _ => None,
    };
    let side = |value: fn(&Change) -> &str| {
        let assignments: Vec<Assignment> = changes
            .iter()
            .map(|change| Assignment {
                field: change.field.clone(),
                value: value(change).to_owned(),
            })
            .collect();
        Changed::new(tree, target, edited.as_deref(), &assignments)
    };
    let (Some(before), Some(after)) = (side(|change| &change.from), side(|change| &change.to))
    else {
        return Vec::new();
    };
    let now = admin.now();
    let mut effects: [Vec<String>; 3] = Default::default();
    for session in &running {
        let Some(client) = clients.get(&session.address) else {
            continue;
        };
        let Some(levels) = tree.levels(client.customer, Some(client)) else {
            continue;
        };
        let (before, after) = (before.over(levels), after.over(levels));
        if let Some((effect, text)) = effect(session, &before, &after, now) {
            effects[effect as usize].push(text);
        }
    }
    let words = ["cuts", "slows", "quickens"];
    words
        .iter()
        .zip(effects)
        .filter(|(_, named)| !named.is_empty())
        .map(|(word, named)| told(word, &named))
        .collect()
}

#[derive(Clone, Copy)]
enum Effect {
    Cuts,
    Slows,
    Quickens,
}

fn effect(
    session: &Running,
    before: &Levels<'_>,
    after: &Levels<'_>,
    now: Timestamp,
) -> Option<(Effect, String)> {
    let restores = session.kind == "restore";
    if !restores && before.activated_at(now).is_ok() && after.activated_at(now).is_err() {
        return Some((Effect::Cuts, session.address.clone()));
    }
    let direction = if restores {
        Direction::Restore
    } else {
        Direction::Backup
    };
    let (before, after) = (
        before.rate_at(direction, now),
        after.rate_at(direction, now),
    );
    let speed = |span: &Span| span.rate.map_or(u64::MAX, |rate| rate.bytes_per_second());
    let shown = |span: &Span| {
        span.rate
            .map_or_else(|| "unlimited".to_owned(), |rate| rate.to_string())
    };
    let effect = match speed(&after).cmp(&speed(&before)) {
        std::cmp::Ordering::Less => Effect::Slows,
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => Effect::Quickens,
    };
    let text = format!(
        "{} ({} to {})",
        session.address,
        shown(&before),
        shown(&after)
    );
    Some((effect, text))
}

fn told(word: &str, named: &[String]) -> String {
    let shown = named[..named.len().min(MOST_NAMED)].join(", ");
    let backups = match named.len() {
        1 => "a running backup".to_owned(),
        count => format!("{count} running backups"),
    };
    match named.len().saturating_sub(MOST_NAMED) {
        0 => format!("{word} {backups}: {shown}"),
        more => format!("{word} {backups}: {shown} and {more} more"),
    }
}

/// The records of the clients whose backups run, by the running backup's address.
async fn clients_of(
    admin: &Admin,
    tree: &Tree,
    running: &[Running],
) -> HashMap<String, Arc<Client>> {
    let wanted: Vec<_> = running
        .iter()
        .filter_map(|session| {
            let address: Address = session.address.parse().ok()?;
            let customer = tree.customer(&address.customer)?.id;
            Some((session.address.clone(), customer, address.client?))
        })
        .collect();
    let read = move |reader: &Reader| {
        let mut found = HashMap::new();
        for (address, customer, id) in wanted {
            if let Some(client) = reader.client(customer, &id)? {
                found.insert(address, Arc::new(client));
            }
        }
        Ok(found)
    };
    admin.context.store.read(read).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_a_few_and_counts_the_rest() {
        let named: Vec<String> = (0..7).map(|n| format!("abc/pc{n}/default")).collect();
        assert_eq!(
            told("cuts", &named[..1]),
            "cuts a running backup: abc/pc0/default"
        );
        assert!(told("slows", &named).starts_with("slows 7 running backups: abc/pc0/default, "));
        assert!(told("slows", &named).ends_with("abc/pc4/default and 2 more"));
    }
}
