//! What would happen at an address and why, and the whole cause of a refusal.

use jiff::Timestamp;
use penstock_policy::admit::Subject;
use penstock_policy::explain::{Explanation, Room, Spot, explain};
use penstock_policy::levels::Levels;
use penstock_policy::names::{Address, same_but_for_case};
use penstock_policy::record::{Client, Credential, Enrolment, RecordId, Schedule};
use penstock_policy::refusal::{Reference, Refusal};
use penstock_policy::space::{Disk, Taken};
use penstock_wire::reply::{Answer, Explained, FailureCode};

use super::failure::Fault;
use super::{Admin, clients, customers};
use crate::store::Reader;
use crate::vault::{Location, RepoFolder, VaultError};

/// Explains a customer, a client, or a schedule, also one that doesn't exist yet.
pub(super) async fn address(
    admin: &Admin,
    address: &Address,
    at: Option<Timestamp>,
    bytes: Option<u64>,
) -> Result<Answer, Fault> {
    let at = at.unwrap_or_else(|| admin.now());
    let wanted = bytes.unwrap_or(1);
    let tree = admin.context.store.tree();
    let customer = tree.find_customer(&address.customer)?;
    let levels = customers::levels(&tree, customer)?;
    let month = Some(levels.month(at));
    let subject = |levels| Subject {
        levels,
        clients: tree.clients(customer.id),
        removed: false,
        schedules: 0,
        schedule_exists: false,
        month,
    };
    let Some(id) = address.client.clone() else {
        let found = Found::new(admin, &levels, None).await;
        let explanation = of_customer(&subject(levels), &found.room(wanted), at);
        return Ok(explained(customer.short.to_string(), &levels, explanation));
    };
    let number = customer.id;
    let read = {
        let id = id.clone();
        move |reader: &Reader| {
            let Some(client) = reader.client(number, &id)? else {
                return Ok(None);
            };
            let schedules = reader.schedules(client.id)?;
            Ok(Some((client, schedules)))
        }
    };
    let store = &admin.context.store;
    let Some((client, schedules)) = store.read(read).await? else {
        let subject = Subject {
            removed: store.removed(number, &id).await?,
            ..subject(levels)
        };
        let address = Address {
            customer: customer.short.to_string(),
            ..address.clone()
        };
        let found = Found::new(admin, &levels, None).await;
        let mut explanation = explain(&subject, &found.room(wanted), at);
        if let Err(taken @ Refusal::NameTaken { .. }) = store.enrol_possible(number, &id).await {
            refuse_the_admitted(&mut explanation, &taken);
        }
        return Ok(explained(address.to_string(), &levels, explanation));
    };
    let name = address.schedule.clone().unwrap_or_default();
    // A moved client is held to what the customer says that has it now.
    let levels = tree
        .levels(client.customer, Some(&client))
        .ok_or_else(|| Fault::new(FailureCode::NotFound, format!("{address} was just removed")))?;
    let subject = Subject {
        levels,
        clients: tree.clients(client.customer),
        removed: false,
        schedules: u32::try_from(schedules.len()).unwrap_or(u32::MAX),
        schedule_exists: schedules.iter().any(|s| s.name == name && s.ready),
        month: Some(levels.month(at)),
    };
    let schedule = schedules.iter().find(|s| s.name == name && s.ready);
    let found = Found::new(admin, &levels, schedule).await;
    let mut shown = clients::address(&tree, &client);
    if let Some(schedule) = &address.schedule {
        shown = format!("{shown}/{schedule}");
    }
    let mut explanation = explain(&subject, &found.room(wanted), at);
    let names = schedules.iter().map(|schedule| schedule.name.as_str());
    if let Some(other) = same_but_for_case(name.as_str(), names) {
        let taken = Refusal::NameTaken {
            name: name.to_string(),
            by: format!("schedule {other}"),
        };
        refuse_the_admitted(&mut explanation, &taken);
    }
    Ok(explained(shown, &levels, explanation))
}

/// What is found of the space at an address.
struct Found {
    taken: Taken,
    spot: (String, Option<Disk>),
    another: (String, Option<Disk>),
    recounting: bool,
    prunes: bool,
}

impl Found {
    /// Of a schedule, or of one that would be made there.
    async fn new(admin: &Admin, levels: &Levels<'_>, schedule: Option<&Schedule>) -> Self {
        let books = admin.context.store.books();
        let client = levels.client.map(|client| client.id);
        let another = spot(admin, levels.location().as_str(), None).await;
        let own = match schedule {
            Some(schedule) => spot(admin, &schedule.location, Some(schedule)).await,
            None => another.clone(),
        };
        Self {
            taken: books.taken(levels.customer.id, client),
            spot: own,
            another,
            recounting: schedule.is_some_and(|schedule| books.schedule(schedule.id).1),
            prunes: schedule.is_some_and(|schedule| admin.context.live.prunes(schedule.id)),
        }
    }

    fn room(&self, wanted: u64) -> Room<'_> {
        fn spot((location, disk): &(String, Option<Disk>)) -> Spot<'_> {
            Spot {
                location,
                disk: *disk,
            }
        }
        Room {
            taken: self.taken,
            wanted,
            spot: spot(&self.spot),
            another: spot(&self.another),
            recounting: self.recounting,
            prunes: self.prunes,
        }
    }
}

/// A location and its disk, as far as it is there.
async fn spot(
    admin: &Admin,
    location: &str,
    schedule: Option<&Schedule>,
) -> (String, Option<Disk>) {
    let found = match admin.context.locations.get(location) {
        Some(location) => disk(&location, schedule).await.ok(),
        None => None,
    };
    (location.to_owned(), found)
}

/// The disk of a location; a schedule whose recorded folder is gone from it has none.
async fn disk(location: &Location, schedule: Option<&Schedule>) -> Result<Disk, VaultError> {
    let disk = location.free().await?;
    if let Some(schedule) = schedule {
        location
            .repository(&RepoFolder::parse(&schedule.folder)?)
            .await?;
    }
    Ok(disk)
}

/// A name that stands in the way is found last: whatever else refuses comes first.
fn refuse_the_admitted(explanation: &mut Explanation, refusal: &Refusal) {
    for verdict in &mut explanation.verdicts {
        verdict.refusal.get_or_insert_with(|| refusal.into());
    }
}

/// A customer alone is asked about for its clients' sake: backups, restores and deletes are those of a client that
/// says nothing of its own, creating and registering those of one that isn't known yet.
fn of_customer(unknown: &Subject<'_>, room: &Room<'_>, at: Timestamp) -> Explanation {
    let mut explanation = explain(unknown, room, at);
    let Ok(id) = "client".parse() else {
        return explanation;
    };
    let credential = Credential::Generated { sha256: [0; 32] };
    let customer = unknown.levels.customer.id;
    let (number, how) = (RecordId(0), Enrolment::Administrator);
    let client = Client::new(number, customer, id, credential, at, how);
    let known = Subject {
        levels: Levels {
            client: Some(&client),
            ..unknown.levels
        },
        schedule_exists: true,
        ..*unknown
    };
    for verdict in explain(&known, room, at).verdicts {
        if matches!(verdict.act.as_str(), "backup" | "restore" | "delete") {
            let mut verdicts = explanation.verdicts.iter_mut();
            if let Some(other) = verdicts.find(|other| other.act == verdict.act) {
                *other = verdict;
            }
        }
    }
    explanation
}

fn explained(address: String, levels: &Levels<'_>, explanation: Explanation) -> Answer {
    Answer::Explanation(Explained {
        address,
        time_zone: levels.zone().to_string(),
        explanation,
    })
}

/// The row of the table of refusals.
pub(super) fn reference(admin: &Admin, reference: &Reference) -> Result<Answer, Fault> {
    match admin.context.refusals.row(reference) {
        Some(row) => Ok(Answer::Reference(row)),
        None => Err(Fault::new(
            FailureCode::NotFound,
            format!(
                "there is no refusal [{}] in the table; list what is with: penstockctl refused",
                reference.as_str()
            ),
        )),
    }
}
