//! The trash: listed, brought back, deleted for good; and what a crash or a missing disk left unfinished.
//!
//! An item's records change first, in one transaction that also says where its folders have to be; then the folders
//! follow. Whatever comes between, doing the second half again is always right.

use std::sync::Arc;
use std::time::Duration;

use penstock_wire::reply::{Answer, Edited, FailureCode};
use penstock_wire::request::Page;
use penstock_wire::view::Who;

use super::failure::Fault;
use super::folders::{self, Where};
use super::page::{PAGE, cursor, page};
use super::removal::{answer, later};
use super::{Admin, penstockd};
use crate::store::{Rejected, TrashState, TrashWork};

/// How long an answer waits for what is being deleted; deleting goes on after it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is in the trash, oldest first.
pub(super) async fn list(admin: &Admin, at: &Page) -> Result<Answer, Fault> {
    let after = cursor(at, |text| text.parse::<u64>().ok())?;
    let items = admin.context.store.read(|reader| reader.trash()).await?;
    let rest = items
        .into_iter()
        .filter(|item| after.is_none_or(|after| item.item > after))
        .map(|item| (item.item.to_string(), item));
    Ok(Answer::Trash(page(rest, PAGE)))
}

/// Brings an item back.
pub(super) async fn restore(admin: &Admin, who: &Who, item: u64) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let _folders = admin.folders.lock().await;
    let removal = store.trash_restore(item, who.clone()).await?;
    let numbers: Vec<_> = removal.schedules.iter().map(|s| s.id).collect();
    // Its clients are back at once; nobody may begin anything before the folders are.
    let _closed = admin.context.live.close(&numbers).ok();
    let mut notes = Vec::new();
    match folders::settle(&admin.context.locations, &removal, Where::Back).await {
        Ok(()) => store.trash_settled(removal.item).await?,
        Err(error) => notes.push(later(&error.to_string())),
    }
    Ok(answer(&removal, notes))
}

/// Deletes an item, or all, for good.
pub(super) async fn empty(
    admin: &Arc<Admin>,
    who: &Who,
    item: Option<u64>,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let items = match item {
        Some(item) => vec![item],
        None => {
            let items = store.read(|reader| reader.trash()).await?;
            items.into_iter().map(|item| item.item).collect()
        }
    };
    let mut edited = Edited {
        record: "trash".to_owned(),
        edit: None,
        revision: 0,
        changes: Vec::new(),
        dry_run: false,
        notes: Vec::new(),
    };
    for number in items {
        // Not while its folders are still on their way to the trash.
        let _folders = admin.folders.lock().await;
        let removal = match store.trash_empty(number, who.clone()).await {
            Ok(removal) => removal,
            // Restored or emptied by somebody else meanwhile.
            Err(Rejected::NotFound { .. }) if item.is_none() => continue,
            // Its disk is away: the others can go all the same.
            Err(rejected @ Rejected::Forbidden(_)) if item.is_none() => {
                edited.notes.push(rejected.to_string());
                continue;
            }
            Err(rejected) => return Err(rejected.into()),
        };
        edited.edit = Some(removal.edit);
        edited
            .notes
            .push(format!("{} is deleted for good", removal.address));
    }
    let worker = Arc::clone(admin);
    let deleting = admin
        .deleting
        .spawn(async move { finish_emptying(&worker).await });
    match tokio::time::timeout(PATIENCE, deleting).await {
        Err(_) => edited.notes.push(
            "there is much to delete: it goes on, also after a restart; see: penstockctl status"
                .to_owned(),
        ),
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(fault))) => edited.notes.push(later(&fault.into_failure().message)),
        Ok(Err(_)) => {
            return Err(Fault::new(
                FailureCode::Internal,
                "deleting failed; see penstockd's log",
            ));
        }
    }
    shorten(&mut edited.notes);
    Ok(Answer::Edited(edited))
}

/// Keeps an answer about a full trash readable, and within a reply.
fn shorten(notes: &mut Vec<String>) {
    const MOST: usize = 20;
    if notes.len() > MOST {
        let more = notes.len() - MOST;
        notes.drain(MOST / 2..MOST / 2 + more);
        notes.insert(MOST / 2, format!("and {more} more"));
    }
}

/// Finishes everything that was cut short. For the start, and each hour: a disk may have come back.
/// What can't be done yet is logged and left for the next time.
pub async fn finish_pending(admin: &Admin) {
    if let Err(fault) = finish_moving(admin).await {
        tracing::warn!(problem = %fault.into_failure().message, "the trash isn't settled yet");
    }
    if let Err(fault) = finish_emptying(admin).await {
        tracing::warn!(problem = %fault.into_failure().message, "the trash isn't emptied yet");
    }
}

/// Deletes for good what has been in the trash for long enough, then finishes what was cut short. For each hour.
pub async fn expire(admin: &Admin) {
    let store = &admin.context.store;
    match store.trash_expired(admin.now()).await {
        Err(rejected) => tracing::warn!(problem = %rejected, "the trash can't be looked at"),
        Ok(items) => {
            for item in items {
                let _folders = admin.folders.lock().await;
                match store.trash_empty(item, penstockd()).await {
                    Ok(removal) => {
                        tracing::info!(item, address = %removal.address, "the trash was kept for long enough and is deleted");
                    }
                    Err(rejected) => {
                        tracing::warn!(item, problem = %rejected, "an item of the trash can't be deleted");
                    }
                }
            }
        }
    }
    finish_pending(admin).await;
}

async fn finish_moving(admin: &Admin) -> Result<(), Fault> {
    let store = &admin.context.store;
    // Looked up with the lock held: what somebody else is doing looks just like what was cut short.
    let _folders = admin.folders.lock().await;
    let mut result = Ok(());
    for work in store.trash_pending().await? {
        let to = match work.state {
            TrashState::Moving => Where::Trash,
            TrashState::Restoring => Where::Back,
            TrashState::There | TrashState::Emptying => continue,
        };
        let numbers: Vec<_> = work.removal.schedules.iter().map(|s| s.id).collect();
        let _closed = admin.context.live.close(&numbers).ok();
        match folders::settle(&admin.context.locations, &work.removal, to).await {
            Ok(()) => store.trash_settled(work.removal.item).await?,
            Err(error) => result = Err(error.into()),
        }
    }
    result
}

async fn finish_emptying(admin: &Admin) -> Result<(), Fault> {
    let store = &admin.context.store;
    let _emptying = admin.emptying.lock().await;
    let mut result = Ok(());
    for work in store.trash_pending().await? {
        if admin.context.draining.is_cancelled() {
            break;
        }
        if !work.is_emptying() {
            continue;
        }
        match folders::settle(&admin.context.locations, &work.removal, Where::Gone).await {
            Ok(()) => store.trash_gone(work.removal.item).await?,
            Err(error) => result = Err(error.into()),
        }
    }
    result
}

impl TrashWork {
    /// Whether its folders are being deleted for good.
    pub(super) fn is_emptying(&self) -> bool {
        self.state == TrashState::Emptying
    }
}
