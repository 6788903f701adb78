//! Backup schedules: listed, shown, and their sessions.

use std::fmt;

use jiff::Timestamp;
use penstock_policy::names::{Address, ClientId, ScheduleName};
use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::{ScheduleLine, ScheduleView, SessionView};

use super::failure::Fault;
use super::page::{PAGE, cursor, page};
use super::{Admin, clients};
use crate::invite;
use crate::store::{Reader, Resolved, Unavailable};

/// Where a list of clients or schedules goes on: behind this one. Records' numbers don't change when one is moved.
pub(super) struct Place {
    pub(super) customer: RecordId,
    pub(super) client: ClientId,
    pub(super) schedule: Option<ScheduleName>,
}

impl Place {
    /// Reads what `Display` wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let customer = RecordId(parts.next()?.parse().ok()?);
        let client = parts.next()?.parse().ok()?;
        let schedule = parts.next().map(str::parse).transpose().ok()?;
        parts.next().is_none().then_some(Self {
            customer,
            client,
            schedule,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.customer.0, self.client)?;
        match &self.schedule {
            Some(schedule) => write!(f, "/{schedule}"),
            None => Ok(()),
        }
    }
}

/// A schedule as it was read.
struct Found {
    client: Client,
    schedule: Schedule,
    last_backup: Option<Timestamp>,
}

/// Schedules of a client, a customer, or all.
pub(super) async fn list(
    admin: &Admin,
    address: Option<&Address>,
    at: &Page,
) -> Result<Answer, Fault> {
    let after = cursor(at, Place::read)?;
    let (customer, client) = match address {
        Some(address) => {
            let found = admin.resolve(address).await?;
            (Some(found.customer.id), found.client)
        }
        None => (None, None),
    };
    let read = move |reader: &Reader| match client {
        Some(client) => of_client(reader, &client, after.as_ref()),
        None => beyond(reader, customer, after.as_ref()),
    };
    let found = admin.context.store.read(read).await?;
    let tree = admin.context.store.tree();
    let rest = found.into_iter().map(|found| {
        let address = clients::address(&tree, &found.client);
        let line = line(admin, &address, &found.schedule, found.last_backup);
        let place = Place {
            customer: found.client.customer,
            client: found.client.client_id,
            schedule: Some(found.schedule.name),
        };
        (place.to_string(), line)
    });
    Ok(Answer::Schedules(page(rest, PAGE)))
}

/// A client's schedules behind a place.
fn of_client(
    reader: &Reader,
    client: &Client,
    after: Option<&Place>,
) -> Result<Vec<Found>, Unavailable> {
    let after = after.and_then(|place| place.schedule.as_ref());
    let mut found = Vec::new();
    for schedule in reader.schedules(client.id)? {
        if after.is_none_or(|after| schedule.name > *after) {
            found.push(Found {
                client: client.clone(),
                last_backup: reader.last_backup(schedule.id)?,
                schedule,
            });
        }
    }
    Ok(found)
}

/// Enough for a page and one more, behind a place: the rest of its client, then the clients that follow.
fn beyond(
    reader: &Reader,
    customer: Option<RecordId>,
    after: Option<&Place>,
) -> Result<Vec<Found>, Unavailable> {
    let mut found = Vec::new();
    let mut at = None;
    if let Some(place) = after {
        let client = reader.client(place.customer, &place.client)?;
        // One that was moved meanwhile is listed where it is now.
        if let Some(client) = client.filter(|client| client.customer == place.customer) {
            found.extend(of_client(reader, &client, after)?);
        }
        at = Some((place.customer, place.client.clone()));
    }
    while found.len() <= PAGE {
        let batch = reader.clients(customer, at.as_ref(), PAGE)?;
        let Some(last) = batch.last() else {
            break;
        };
        at = Some((last.customer, last.client_id.clone()));
        for client in &batch {
            found.extend(of_client(reader, client, None)?);
            if found.len() > PAGE {
                break;
            }
        }
    }
    Ok(found)
}

/// A schedule in a list, below its client's address.
pub(super) fn line(
    admin: &Admin,
    client: &str,
    schedule: &Schedule,
    last_backup: Option<Timestamp>,
) -> ScheduleLine {
    ScheduleLine {
        address: format!("{client}/{}", schedule.name),
        schedule: schedule.name.to_string(),
        location: schedule.location.clone(),
        used_space: admin.context.store.books().schedule(schedule.id).0.used,
        created: schedule.created,
        last_backup,
        running: admin.context.live.session(schedule.id).is_some(),
    }
}

/// One schedule on one screen.
pub(super) async fn view(admin: &Admin, address: &Address) -> Result<Answer, Fault> {
    let (resolved, client, schedule) = schedule(admin, address).await?;
    let number = schedule.id;
    let read = move |reader: &Reader| Ok((reader.sessions(number)?, reader.last_backup(number)?));
    let (sessions, last_backup) = admin.context.store.read(read).await?;
    let tree = admin.context.store.tree();
    let url = &tree.server.public_url;
    let (customer, id) = (resolved.customer.short.as_str(), client.client_id.as_str());
    let location = admin.context.locations.get(&schedule.location);
    let path = location.map_or_else(
        || schedule.folder.clone(),
        |location| {
            let path = location.path().join(&schedule.folder);
            path.display().to_string()
        },
    );
    let zone = tree.levels(resolved.customer.id, None).map_or_else(
        || tree.server.time_zone.to_string(),
        |levels| levels.zone().to_string(),
    );
    let session = admin.context.live.session(schedule.id);
    let (sum, counting) = admin.context.store.books().schedule(schedule.id);
    Ok(Answer::Schedule(Box::new(ScheduleView {
        address: format!("{customer}/{id}/{}", schedule.name),
        location: schedule.location.clone(),
        path,
        used_space: sum.used,
        reserved_space: sum.reserved,
        counting,
        created: schedule.created,
        last_backup,
        restic_repository: (!url.is_empty())
            .then(|| invite::repository(url, customer, id, schedule.name.as_str())),
        zone,
        running: session.map(|session| session.running()),
        sessions,
    })))
}

/// The last sessions of a schedule, newest first.
pub(super) async fn sessions(admin: &Admin, address: &Address) -> Result<Vec<SessionView>, Fault> {
    let (_, _, schedule) = schedule(admin, address).await?;
    let read = move |reader: &Reader| reader.sessions(schedule.id);
    Ok(admin.context.store.read(read).await?)
}

/// The schedule of an address that names one.
pub(super) async fn schedule(
    admin: &Admin,
    address: &Address,
) -> Result<(Resolved, Client, Schedule), Fault> {
    let resolved = admin.resolve(address).await?;
    match (&resolved.client, &resolved.schedule) {
        (Some(client), Some(schedule)) => {
            let (client, schedule) = ((**client).clone(), (**schedule).clone());
            Ok((resolved, client, schedule))
        }
        _ => Err(Fault::usage(format!(
            "{address} is no schedule; write CUSTOMER/CLIENT/SCHEDULE"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_what_it_wrote_and_nothing_else() {
        for text in ["5/laptop", "5/ann@laptop/nightly"] {
            assert_eq!(Place::read(text).unwrap().to_string(), text);
        }
        for text in ["", "5", "abc/laptop", "5/../x", "5/a/b/c", "5/a/data"] {
            assert!(Place::read(text).is_none(), "{text}");
        }
    }
}
