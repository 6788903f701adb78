//! What an administrator should know about an edit: warnings, and what it does to running backups.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::edit::{Assignment, Change, apply};
use penstock_policy::levels::{Direction, Levels};
use penstock_policy::names::Address;
use penstock_policy::record::{Client, Customer, Record, RecordId};
use penstock_policy::space::{PACK, Purpose, Taken, fit};
use penstock_policy::units::Rate;
use penstock_wire::view::Running;

use super::{Admin, effects};
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
        World::with(&tree, target, edited.as_deref(), &assignments)
    };
    let (before, after) = (side(|change| &change.from), side(|change| &change.to));
    if let Some(after) = &after {
        notes.extend(effects::of(admin, after, target, changes).await);
    }
    if let (Some(before), Some(after)) = (before, after) {
        notes.extend(of_running(admin, &before, &after).await);
    }
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

/// The records at one moment: all but the clients, and those clients that aren't as they are now.
pub(super) struct World {
    pub(super) tree: Tree,
    pub(super) clients: HashMap<RecordId, Client>,
}

impl World {
    /// The records now, with one of them at one side of a change.
    fn with(
        tree: &Tree,
        target: &Target,
        client: Option<&Client>,
        assignments: &[Assignment],
    ) -> Option<Self> {
        fn changed<R: Record>(record: &R, assignments: &[Assignment]) -> Option<R> {
            Some(apply(record, assignments).ok()?.0)
        }
        let mut world = Self {
            tree: tree.clone(),
            clients: HashMap::new(),
        };
        match target {
            Target::Server => world.tree.server = Arc::new(changed(&*tree.server, assignments)?),
            Target::Reseller(name) => {
                let reseller = changed(&**tree.reseller(name)?, assignments)?;
                let resellers = &mut world.tree.resellers;
                resellers.insert_mut(reseller.id, Arc::new(reseller));
            }
            Target::Customer(name) => {
                let customer = changed(&**tree.customer(name)?, assignments)?;
                let customers = &mut world.tree.customers;
                customers.insert_mut(customer.id, Arc::new(customer));
            }
            Target::Client(_) => {
                let client = changed(client?, assignments)?;
                world.clients.insert(client.id, client);
            }
        }
        Some(world)
    }

    pub(super) fn levels<'a>(&'a self, client: &'a Client) -> Option<Levels<'a>> {
        let client = self.clients.get(&client.id).unwrap_or(client);
        self.tree.levels(client.customer, Some(client))
    }
}

/// What it does to backups that run now when one world becomes the other.
pub(super) async fn of_running(admin: &Admin, before: &World, after: &World) -> Vec<String> {
    let running = admin.context.live.running();
    if running.is_empty() {
        return Vec::new();
    }
    let published = admin.context.store.tree();
    let clients = clients_of(admin, &published, &running).await;
    let now = admin.now();
    let mut effects: [Vec<String>; 5] = Default::default();
    for session in &running {
        let Some(client) = clients.get(&session.address) else {
            continue;
        };
        let (Some(before), Some(after)) = (before.levels(client), after.levels(client)) else {
            continue;
        };
        let taken = |levels: &Levels<'_>| taken(admin, &published, levels);
        let fitted = restores(session) || fits(&before, taken(&before));
        let fit = restores(session) || fits(&after, taken(&after));
        if goes_on(session, &before, now) && !goes_on(session, &after, now) {
            effects[Effect::Cuts as usize].push(session.address.clone());
        } else if fitted && !fit {
            effects[Effect::Stops as usize].push(session.address.clone());
        } else if let Some((effect, text)) = speed(session, &before, &after, now) {
            effects[effect as usize].push(text);
        }
    }
    let words = [
        "cuts",
        "stops, after what is on its way,",
        "slows",
        "quickens",
        "frees",
    ];
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
    /// What is on its way is taken, and nothing after it.
    Stops,
    Slows,
    Quickens,
    Frees,
}

/// What becomes of its rate.
fn speed(
    session: &Running,
    before: &Levels<'_>,
    after: &Levels<'_>,
    now: Timestamp,
) -> Option<(Effect, String)> {
    let direction = if restores(session) {
        Direction::Restore
    } else {
        Direction::Backup
    };
    let (before, after) = (
        before.rate_at(direction, now).rate,
        after.rate_at(direction, now).rate,
    );
    let effect = match (before, after) {
        (Some(_), None) => Effect::Frees,
        (None, Some(_)) => Effect::Slows,
        (Some(before), Some(after)) => {
            match after.bytes_per_second().cmp(&before.bytes_per_second()) {
                Ordering::Less => Effect::Slows,
                Ordering::Equal => return None,
                Ordering::Greater => Effect::Quickens,
            }
        }
        (None, None) => return None,
    };
    let shown = |rate: Option<Rate>| rate.map_or_else(|| "unlimited".to_owned(), |r| r.to_string());
    let text = format!(
        "{} ({} to {})",
        session.address,
        shown(before),
        shown(after)
    );
    Some((effect, text))
}

/// Whether it can go on: a restore as long as the client lives, a backup while it is let in.
fn goes_on(session: &Running, levels: &Levels<'_>, now: Timestamp) -> bool {
    let lives = levels.client.is_none_or(|client| client.revoked.is_none());
    lives && (restores(session) || levels.activated_at(now).is_ok())
}

fn fits(levels: &Levels<'_>, taken: Taken) -> bool {
    fit(&levels.figures(taken), PACK, Purpose::Data).is_ok()
}

fn restores(session: &Running) -> bool {
    session.kind == "restore"
}

/// What is taken at these levels. The books know each customer below the reseller that is published.
fn taken(admin: &Admin, published: &Tree, levels: &Levels<'_>) -> Taken {
    let books = admin.context.store.books();
    let customer = levels.customer.id;
    let mut taken = books.taken(customer, levels.client.map(|client| client.id));
    let own = published.customers.get(&customer);
    if own.is_none_or(|own| own.reseller != levels.reseller.id) {
        let others = books.reseller(levels.reseller.id).taken();
        taken.reseller = others.saturating_add(taken.customer);
    }
    taken
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
