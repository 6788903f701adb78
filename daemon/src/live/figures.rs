//! Keeps what is used: each second while it changes, and counted again where a crash left it unsure.

use std::collections::BTreeSet;
use std::time::Duration;

use penstock_policy::record::RecordId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::space::Count;
use crate::store::{Lying, Store};
use crate::vault::{Holding, Locations, RepoFolder, VaultError, trash_name};

/// How often changed figures are kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// How long after a count that couldn't be made it is tried again, the first time and at most.
const TRY_AGAIN: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(60);

/// How long what isn't counted yet holds up others below the same allotments. After that its figure as it was last kept, a
/// second before the interruption, stands for it, and only it waits.
const HOLD_UP: Duration = Duration::from_secs(60);

/// How long a count waits for a lock that is being written.
const SLOW: Duration = Duration::from_secs(5);

/// Why a schedule isn't counted yet.
#[derive(Debug, thiserror::Error)]
enum Uncounted {
    /// Its location isn't known here.
    #[error("location {0} is not known here")]
    Unknown(String),
    /// Locks are being written to it, slowly.
    #[error("locks are being written to it")]
    Busy,
    /// Its files can't be looked at.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Keeps figures until the token falls; once more after that is up to the stop, when the last request is over.
pub async fn keep_figures(store: Store, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(KEEP_EVERY) => keep(&store).await,
        }
    }
}

/// Keeps the figures that changed.
pub async fn keep(store: &Store) {
    if let Err(refusal) = store.keep_used().await {
        tracing::warn!(
            refusal = refusal.code(),
            "what is used could not be kept; it is tried again"
        );
    }
}

/// Counts what was being written to when the server ended without a stop, one schedule after the other, and then waits
/// for the token.
pub async fn recount(store: Store, locations: Locations, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        () = count_all(&store, &locations) => {}
    }
    stop.cancelled().await;
}

async fn count_all(store: &Store, locations: &Locations) {
    let uncounted = uncounted(store).await;
    if uncounted.is_empty() {
        return;
    }
    tracing::info!(
        schedules = uncounted.len(),
        "counting what an interruption left unsure"
    );
    let names: BTreeSet<String> = uncounted
        .into_iter()
        .map(|lying| lying.schedule.location)
        .collect();
    // A disk that is away or hangs holds up its own schedules only.
    let mut counting = JoinSet::new();
    for name in names {
        counting.spawn(count_on(store.clone(), locations.clone(), name));
    }
    let everything = counting.join_all();
    tokio::pin!(everything);
    if tokio::time::timeout(HOLD_UP, &mut everything)
        .await
        .is_err()
    {
        for schedule in store.books().uncounted() {
            store.books().away(schedule, true);
        }
        everything.await;
    }
    tracing::info!("everything is counted");
}

/// Counts what lies on one location, until nothing is left.
async fn count_on(store: Store, locations: Locations, name: String) {
    let mut again = TRY_AGAIN;
    let mut first = true;
    loop {
        let mut left = uncounted(&store).await;
        left.retain(|lying| lying.schedule.location == name);
        if left.is_empty() {
            return;
        }
        while !left.is_empty() {
            // What somebody waits for comes first.
            let awaited = store.books().awaited();
            let next = left
                .iter()
                .position(|lying| awaited.contains(&lying.schedule.id));
            let lying = left.swap_remove(next.unwrap_or(0));
            let counted = count(&store, &locations, &lying).await;
            let id = lying.schedule.id;
            match counted {
                Ok(()) => {}
                // Somebody who is slow may not hold up others.
                Err(Uncounted::Busy) => store.books().away(id, true),
                Err(error) => {
                    store.books().away(id, true);
                    if first {
                        let folder = &lying.schedule.folder;
                        tracing::warn!(%folder, %error, "not counted yet");
                    }
                }
            }
        }
        first = false;
        tokio::time::sleep(again).await;
        again = (again * 2).min(LONGEST);
    }
}

/// What has to be counted, once the records can be read.
async fn uncounted(store: &Store) -> Vec<Lying> {
    loop {
        match store.uncounted().await {
            Ok(uncounted) => return uncounted,
            Err(error) => tracing::warn!(%error, "the records can't be read for a count"),
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// Counts one schedule: all but locks while locks come and go, those in the end while nobody writes.
async fn count(store: &Store, locations: &Locations, lying: &Lying) -> Result<(), Uncounted> {
    let schedule = &lying.schedule;
    let location = locations
        .get(&schedule.location)
        .ok_or_else(|| Uncounted::Unknown(schedule.location.clone()))?;
    let folder = RepoFolder::parse(&schedule.folder)?;
    // Twice, because it may be moved to the trash or back just then.
    for _ in 0..2 {
        if let Some(item) = lying.trash {
            let name = trash_name(item, schedule.id.0);
            if let Some(holding) = location.used_in_trash(&name, &folder).await? {
                return finish(store, lying, holding).await;
            }
        }
        match location.repository(&folder).await {
            Err(VaultError::FolderGone(_)) if lying.trash.is_some() || !schedule.ready => {}
            repository => {
                let repository = repository?;
                let beside = repository.used_beside_locks().await?;
                let count = last(store, schedule.id).await?;
                let locks = repository.used_by_locks().await?;
                let bytes = beside.bytes + locks;
                return keep_count(store, count, Holding { bytes, ..beside }).await;
            }
        }
    }
    // Never made, or emptied from the trash already.
    finish(store, lying, Holding { bytes: 0, data: 0 }).await
}

/// Waits until nobody writes to it; whoever is too slow is waited for another time.
async fn last(store: &Store, schedule: RecordId) -> Result<Option<Count>, Uncounted> {
    let count = tokio::time::timeout(SLOW, store.count_last(schedule)).await;
    count.map_err(|_| Uncounted::Busy)
}

async fn finish(store: &Store, lying: &Lying, holding: Holding) -> Result<(), Uncounted> {
    let count = last(store, lying.schedule.id).await?;
    keep_count(store, count, holding).await
}

/// Sets the figure; without a count it isn't wanted any more.
async fn keep_count(
    store: &Store,
    count: Option<Count>,
    holding: Holding,
) -> Result<(), Uncounted> {
    if let Some(count) = count {
        count.counted(holding.bytes, holding.data);
        keep(store).await;
    }
    Ok(())
}
