//! Keeps what is used: each second while it changes, and counted again where a crash left it unsure.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::{Lying, Store};
use crate::vault::{Locations, RepoFolder, VaultError, trash_name};

/// How often changed figures are kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// How long after a count that couldn't be made it is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// Why a schedule isn't counted yet.
#[derive(Debug, thiserror::Error)]
enum Uncounted {
    /// Its location isn't known here.
    #[error("location {0} is not known here")]
    Unknown(String),
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
    let mut first = true;
    loop {
        match store.uncounted().await {
            Ok(uncounted) if uncounted.is_empty() => return,
            Ok(uncounted) => {
                if first {
                    tracing::info!(
                        schedules = uncounted.len(),
                        "counting what an interruption left unsure"
                    );
                }
                let mut left = uncounted;
                while !left.is_empty() {
                    // What somebody waits for comes first.
                    let awaited = store.books().awaited();
                    let first_of = |id| left.iter().position(|lying| lying.schedule.id == id);
                    let lying = left.swap_remove(awaited.and_then(first_of).unwrap_or(0));
                    if let Err(error) = count(store, locations, &lying).await
                        && first
                    {
                        let folder = &lying.schedule.folder;
                        tracing::warn!(%folder, %error, "not counted yet");
                    }
                }
                first = false;
                if store.books().uncounted().is_empty() {
                    tracing::info!("everything is counted");
                    return;
                }
            }
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
    if let Some(item) = lying.trash {
        let name = trash_name(item, schedule.id.0);
        if let Some(bytes) = location.used_in_trash(&name, &folder).await? {
            finish(store, lying, bytes).await;
            return Ok(());
        }
    }
    let repository = match location.repository(&folder).await {
        // Never made, or emptied from the trash already.
        Err(VaultError::FolderGone(_)) if lying.trash.is_some() || !schedule.ready => {
            finish(store, lying, 0).await;
            return Ok(());
        }
        repository => repository?,
    };
    let beside = repository.used_beside_locks().await?;
    if let Some(count) = store.count_last(schedule.id).await {
        let locks = repository.used_by_locks().await?;
        count.counted(beside + locks);
        keep(store).await;
    }
    Ok(())
}

async fn finish(store: &Store, lying: &Lying, bytes: u64) {
    if let Some(count) = store.count_last(lying.schedule.id).await {
        count.counted(bytes);
        keep(store).await;
    }
}
