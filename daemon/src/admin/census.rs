//! Counting what only the records know: sessions of the last day, and clients that have gone silent.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use penstock_policy::record::Client;
use penstock_wire::view::{Day, SessionView, Silent};

use super::failure::Fault;
use super::{Admin, clients};
use crate::store::{Reader, Tree, Unavailable};

/// How far back the sums go.
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A client without a snapshot for so long is silent.
const SILENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Most silent clients that are named.
const MOST_SILENT: usize = 100;

/// How many clients are read at a time.
const BATCH: usize = 1000;

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Census {
    /// How many clients there are.
    pub(super) clients: u64,
    /// How many schedules there are.
    pub(super) schedules: u64,
    /// Sums of the sessions that ended within the last day.
    pub(super) day: Day,
    /// Silent clients, the longest silent first.
    pub(super) silent: Vec<Silent>,
    /// How many are silent, those not named included.
    pub(super) silent_count: u64,
}

/// The census, counted anew when the last one is too old.
pub(super) async fn census(admin: &Admin) -> Result<Arc<Census>, Fault> {
    let (tree, now) = (admin.context.store.tree(), admin.now());
    let count = move |reader: &Reader| count(reader, &tree, now);
    let counted = admin.census.get(&admin.context, count).await?;
    Ok(counted)
}

fn count(reader: &Reader, tree: &Tree, now: Timestamp) -> Result<Census, Unavailable> {
    let mut census = Census {
        clients: reader.client_count()?,
        schedules: reader.schedule_count()?,
        ..Census::default()
    };
    let mut silent = Vec::new();
    let mut after = None;
    loop {
        let batch = reader.clients(None, after.as_ref(), BATCH)?;
        let Some(last) = batch.last() else {
            break;
        };
        after = Some((last.customer, last.client_id.clone()));
        for client in &batch {
            let mut newest = None;
            for schedule in reader.schedules(client.id)? {
                newest = newest.max(reader.last_backup(schedule.id)?);
                // Newest first: what follows an older one is older.
                let sessions = reader.sessions(schedule.id)?;
                sessions
                    .iter()
                    .take_while(|session| session.ended >= before(now, DAY))
                    .for_each(|session| add(&mut census.day, session));
            }
            if is_silent(tree, client, newest, now) {
                silent.push((newest, clients::address(tree, client)));
            }
        }
    }
    census.silent_count = u64::try_from(silent.len()).unwrap_or(u64::MAX);
    silent.sort();
    silent.truncate(MOST_SILENT);
    census.silent = silent
        .into_iter()
        .map(|(last_backup, address)| Silent {
            address,
            last_backup,
        })
        .collect();
    Ok(census)
}

fn add(day: &mut Day, session: &SessionView) {
    match session.kind.as_str() {
        "backup" => day.backups += 1,
        "restore" => day.restores += 1,
        "unfinished" => day.unfinished += 1,
        _ => {}
    }
    day.bytes_in += session.bytes_in;
    day.bytes_out += session.bytes_out;
}

/// Whether nobody has heard of it for too long. One that may not back up isn't missed.
fn is_silent(tree: &Tree, client: &Client, newest: Option<Timestamp>, now: Timestamp) -> bool {
    let since = newest.unwrap_or(client.created);
    let levels = tree.levels(client.customer, Some(client));
    since < before(now, SILENT)
        && client.revoked.is_none()
        && levels.is_some_and(|levels| levels.activated_at(now).is_ok())
}

/// That long ago.
pub(super) fn before(now: Timestamp, ago: SignedDuration) -> Timestamp {
    now.checked_sub(ago).unwrap_or(Timestamp::MIN)
}
