//! The folders of what is removed, restored or deleted: moved after the records, and again if that was cut short.

use std::sync::Arc;

use penstock_policy::record::Schedule;

use crate::store::Removal;
use crate::vault::{Location, Locations, RepoFolder, VaultError, trash_name};

/// Where a removal's folders are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// In the trash of their location.
    Trash,
    /// Where their schedules say.
    Back,
    /// Nowhere.
    Gone,
}

/// Moves or deletes all folders of a removal; those that are there already are no error.
///
/// # Errors
/// With the first that couldn't be, after all were tried.
pub(super) async fn settle(
    locations: &Locations,
    removal: &Removal,
    to: Where,
) -> Result<(), VaultError> {
    let mut result = Ok(());
    for schedule in &removal.schedules {
        if let Err(error) = one(locations, removal.item, schedule, to).await {
            tracing::warn!(
                item = removal.item, folder = %schedule.folder, %error,
                "a folder of the trash isn't where it belongs yet"
            );
            if result.is_ok() {
                result = Err(error);
            }
        }
    }
    result
}

async fn one(
    locations: &Locations,
    item: u64,
    schedule: &Arc<Schedule>,
    to: Where,
) -> Result<(), VaultError> {
    let location = location(locations, schedule)?;
    let folder = RepoFolder::parse(&schedule.folder)?;
    let name = trash_name(item, schedule.id.0);
    match to {
        Where::Trash => match location.trash(&folder, &name).await {
            // It was moved before, or never made.
            Err(VaultError::FolderGone(_)) => Ok(()),
            moved => moved,
        },
        Where::Back => match location.restore_from_trash(&name, &folder).await {
            Err(VaultError::NotInTrash(_)) => Ok(()),
            moved => moved,
        },
        Where::Gone => location.empty_trash(&name).await,
    }
}

fn location(locations: &Locations, schedule: &Schedule) -> Result<Location, VaultError> {
    locations
        .get(&schedule.location)
        .ok_or_else(|| VaultError::LocationUnavailable {
            path: schedule.location.clone().into(),
            why: "it isn't known here".to_owned(),
        })
}
