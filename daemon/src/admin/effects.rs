//! What an edit leads to beside running backups: space that is overdrawn, MCALs that are left, where schedules go.

use std::collections::HashMap;

use penstock_policy::edit::Change;
use penstock_policy::mcal::{Credit, Drawn, Mcals, Plugin, Plugins, left};
use penstock_policy::record::{Client, RecordId};
use penstock_policy::space::Allotment;
use penstock_policy::units::human;

use super::notes::World;
use super::{Admin, clients, locations, snapshots};
use crate::store::{Reader, Target, Tree, Unavailable};

/// How many clients are read at a time.
const BATCH: usize = 1000;

/// The record that was edited, as it is afterwards.
struct Edited<'a> {
    /// As a sentence begins with it.
    name: String,
    space: Allotment,
    taken: u64,
    /// Clients have none.
    account: Option<(Credit, Drawn)>,
    scope: Scope,
    world: &'a World,
}

/// Whose schedules a record's location is for.
#[derive(Clone)]
enum Scope {
    Server,
    Reseller(RecordId),
    Customer(RecordId),
    Client(Box<Client>),
}

/// Notes on one record that changed. What can't be read leads to fewer notes.
pub(super) async fn of(
    admin: &Admin,
    after: &World,
    target: &Target,
    changes: &[Change],
) -> Vec<String> {
    let of_interest = ["space", "mcals", "location", "mcal_prices"];
    let interests = |change: &Change| of_interest.contains(&change.field.as_str());
    if !changes.iter().any(interests) {
        return Vec::new();
    }
    let Some(edited) = Edited::find(admin, after, target).await else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    for change in changes {
        match change.field.as_str() {
            "space" => notes.extend(edited.overdrawn()),
            "mcals" => notes.extend(edited.left(admin)),
            "location" => notes.extend(edited.place(admin).await),
            "mcal_prices" => notes.extend(unpriced(admin, after, change).await),
            _ => {}
        }
    }
    notes
}

/// How many MCALs are taken from a number that is lowered: in a file nobody sees what it was.
pub(super) fn taken(after: &World, target: &Target, changes: &[Change]) -> Option<String> {
    let change = changes.iter().find(|change| change.field == "mcals")?;
    let read = |text: &str| text.parse::<Mcals>().ok();
    let (count, each) = match (read(&change.from)?, read(&change.to)?) {
        (Mcals::Number(from), Mcals::Number(to)) => (from.checked_sub(to)?, ""),
        (Mcals::Monthly(from), Mcals::Monthly(to)) => (from.checked_sub(to)?, " a month"),
        _ => return None,
    };
    let whose = match target {
        Target::Server => "the bank".to_owned(),
        Target::Reseller(name) => format!("reseller {}", after.tree.reseller(name)?.short),
        Target::Customer(name) => format!("customer {}", after.tree.customer(name)?.short),
        Target::Client(_) => return None,
    };
    (count > 0).then(|| format!("takes {}{each} from {whose}", mcals(u64::from(count))))
}

fn mcals(count: u64) -> String {
    format!("{count} MCAL{}", if count == 1 { "" } else { "s" })
}

impl<'a> Edited<'a> {
    async fn find(admin: &Admin, world: &'a World, target: &Target) -> Option<Self> {
        let (tree, books) = (&world.tree, admin.context.store.books());
        Some(match target {
            Target::Server => Self {
                name: "the server".to_owned(),
                space: tree.server.space,
                taken: books.server().taken(),
                account: Some((tree.server.mcals.into(), tree.server.drawn)),
                scope: Scope::Server,
                world,
            },
            Target::Reseller(name) => {
                let reseller = tree.reseller(name)?;
                Self {
                    name: format!("reseller {}", reseller.short),
                    space: reseller.space,
                    taken: books.reseller(reseller.id).taken(),
                    account: Some((reseller.mcals.into(), reseller.drawn)),
                    scope: Scope::Reseller(reseller.id),
                    world,
                }
            }
            Target::Customer(name) => {
                let customer = tree.customer(name)?;
                Self {
                    name: customer.short.to_string(),
                    space: customer.space,
                    taken: books.customer(customer.id).taken(),
                    account: Some((customer.mcals.into(), customer.drawn)),
                    scope: Scope::Customer(customer.id),
                    world,
                }
            }
            Target::Client(address) => {
                let published = admin.resolve(address).await.ok()?.client?;
                let client = world.clients.get(&published.id).unwrap_or(&published);
                Self {
                    name: clients::address(tree, client),
                    space: client.space,
                    taken: books.client(client.id).taken(),
                    account: None,
                    scope: Scope::Client(Box::new(client.clone())),
                    world,
                }
            }
        })
    }

    /// That no more than there is fits in its space.
    fn overdrawn(&self) -> Option<String> {
        let allotted = self.space.bytes()?;
        let (name, taken) = (&self.name, self.taken);
        let over = taken.checked_sub(allotted)?;
        let uses = human(taken);
        Some(match over {
            0 if taken == 0 => format!("{name} has no space: no new data is taken"),
            0 => format!("{name} uses {uses}, all of that: no new data is taken"),
            more => format!(
                "{name} uses {uses}, {} more than that: no new data is taken until it fits",
                human(more)
            ),
        })
    }

    /// What is left of its MCALs.
    fn left(&self, admin: &Admin) -> Option<String> {
        let (credit, drawn) = self.account.as_ref()?;
        let month = snapshots::month(&self.world.tree, admin.now());
        let (whose, clients) = match self.scope {
            Scope::Server => ("the bank", "clients"),
            _ => (self.name.as_str(), "its clients"),
        };
        let monthly = match credit {
            Credit::Monthly(_) => format!(" for {month}"),
            Credit::Open | Credit::Number(_) => String::new(),
        };
        Some(match left(*credit, drawn, month)? {
            0 => format!(
                "{whose} has no MCALs left now: {clients} that aren't paid for {month} can't back up"
            ),
            count => format!("{whose} has {} left now{monthly}", mcals(count)),
        })
    }

    /// Where its schedules lie, and whether new ones can go where it says.
    async fn place(&self, admin: &Admin) -> Vec<String> {
        let tree = &self.world.tree;
        let location = match &self.scope {
            Scope::Server => Some(&tree.server.location),
            Scope::Reseller(id) => tree.resellers.get(id).map(|reseller| {
                let own = reseller.location.as_ref();
                own.unwrap_or(&tree.server.location)
            }),
            Scope::Customer(id) => tree.levels(*id, None).map(|levels| levels.location()),
            Scope::Client(client) => tree
                .levels(client.customer, Some(client))
                .map(|levels| levels.location()),
        };
        let Some(location) = location.map(ToString::to_string) else {
            return Vec::new();
        };
        let (scope, published) = (self.scope.clone(), tree.clone());
        let read = move |reader: &Reader| schedules(reader, &published, &scope);
        let schedules = admin.context.store.read(read).await.unwrap_or_default();
        let mut notes = Vec::new();
        match schedules {
            0 => {}
            1 => notes.push(format!(
                "its 1 schedule stays where it is; new ones go to {location}"
            )),
            many => notes.push(format!(
                "its {many} schedules stay where they are; new ones go to {location}"
            )),
        }
        let views = locations::views(admin, tree).await.unwrap_or_default();
        let Some(view) = views.into_iter().find(|view| view.name == location) else {
            return notes;
        };
        let Some(free) = view.free else {
            let problem = view.problem.as_deref().unwrap_or("it doesn't answer");
            notes.push(format!(
                "location {location} can't be used: {problem}; no schedule can be made there until it can"
            ));
            return notes;
        };
        if free < view.sold.saturating_sub(view.used) {
            notes.push(format!(
                "location {location} has {} free and {} used, less than the {} that are sold on it",
                human(free),
                human(view.used),
                human(view.sold)
            ));
        }
        notes
    }
}

/// How many schedules there are of it.
fn schedules(reader: &Reader, tree: &Tree, scope: &Scope) -> Result<u64, Unavailable> {
    let count = |client: &Client| {
        let schedules = reader.schedules(client.id)?;
        Ok(u64::try_from(schedules.len()).unwrap_or(u64::MAX))
    };
    match scope {
        Scope::Server => reader.schedule_count(),
        Scope::Client(client) => count(client),
        Scope::Customer(customer) => sum(reader, Some(*customer), count),
        Scope::Reseller(reseller) => {
            let mut all = 0;
            for customer in tree.customers.values() {
                if customer.reseller == *reseller {
                    all += sum(reader, Some(customer.id), count)?;
                }
            }
            Ok(all)
        }
    }
}

/// Adds something up over all clients, or over a customer's.
fn sum(
    reader: &Reader,
    customer: Option<RecordId>,
    count: impl Fn(&Client) -> Result<u64, Unavailable>,
) -> Result<u64, Unavailable> {
    let (mut all, mut after) = (0, None);
    loop {
        let batch = reader.clients(customer, after.as_ref(), BATCH)?;
        let Some(last) = batch.last() else {
            return Ok(all);
        };
        after = Some((last.customer, last.client_id.clone()));
        for client in &batch {
            all += count(client)?;
        }
    }
}

/// How many clients have plugins that have no price any more.
async fn unpriced(admin: &Admin, after: &World, change: &Change) -> Vec<String> {
    let dropped: Vec<String> = names(&change.from)
        .filter(|name| names(&change.to).all(|kept| kept != *name))
        .map(str::to_owned)
        .collect();
    let changed: HashMap<RecordId, Plugins> = after
        .clients
        .iter()
        .map(|(id, client)| (*id, client.plugins.clone()))
        .collect();
    let wanted = dropped.clone();
    let read = move |reader: &Reader| {
        let count = |name: &String| {
            sum(reader, None, |client| {
                let plugins = changed.get(&client.id).unwrap_or(&client.plugins);
                Ok(u64::from(has(plugins, name)))
            })
        };
        wanted.iter().map(count).collect::<Result<Vec<u64>, _>>()
    };
    let counts = admin.context.store.read(read).await.unwrap_or_default();
    let counted = dropped.iter().zip(counts);
    let told = counted.filter(|(_, clients)| *clients > 0);
    told.map(|(name, clients)| match clients {
        1 => format!("1 client has plugin {name} and pays nothing for it from now on"),
        many => format!("{many} clients have plugin {name} and pay nothing for it from now on"),
    })
    .collect()
}

fn has(plugins: &Plugins, name: &str) -> bool {
    plugins.iter().map(Plugin::as_str).any(|own| own == name)
}

/// The names in a table of prices.
fn names(prices: &str) -> impl Iterator<Item = &str> {
    let parts = prices.split(' ');
    parts.filter_map(|part| Some(part.split_once('=')?.0))
}
