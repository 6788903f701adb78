//! The backup locations: made at the first start, found again at every other.

use std::path::Path;

use crate::run::RunError;
use crate::store::{LocationRecord, Store};
use crate::vault::{Location, Locations, VaultError};

/// The first location's name.
pub const MAIN: &str = "main";

/// The locations as recorded; `main` is made when none is, which is at the very first start: one that was forgotten stays
/// so. One whose disk is away is kept, answers that it is, and is used again as soon as its marker is back.
///
/// # Errors
/// When the first location can't be made, or the records can't be read or written.
pub async fn open(store: &Store, main: &Path) -> Result<Locations, RunError> {
    let recorded = store
        .read(|reader| reader.locations())
        .await
        .map_err(|error| RunError::System(std::io::Error::other(error)))?;
    let locations = Locations::default();
    let first_start = recorded.is_empty();
    for record in recorded {
        let location = Location::recorded(Path::new(&record.path), &record.id)?;
        locations.put(record.name, location);
    }
    if first_start {
        let location = make(main).await?;
        store
            .record_location(LocationRecord {
                name: MAIN.to_owned(),
                path: main.display().to_string(),
                id: location.id().to_owned(),
            })
            .await
            .map_err(|refusal| RunError::System(std::io::Error::other(refusal.cause())))?;
        locations.put(MAIN.to_owned(), location);
    }
    for (name, location) in locations.all().iter() {
        prepare(name, location, main).await;
    }
    Ok(locations)
}

/// Adopts a folder that bears a marker already, makes any other one a location.
async fn make(path: &Path) -> Result<Location, VaultError> {
    match Location::open(path).await {
        Ok(location) => Ok(location),
        Err(VaultError::LocationUnavailable { .. }) => {
            if let Some(parent) = path.parent() {
                // Location::create makes only the last folder, in case a mount is missing; the state directory's own
                // is ours to make. What can't be made is told by what follows.
                let _ = std::fs::create_dir_all(parent);
            }
            Location::create(path, &Location::generate_id()?).await
        }
        Err(error) => Err(error),
    }
}

/// Says when a location is away, and removes what a crash left half written.
async fn prepare(name: &str, location: &Location, configured: &Path) {
    if name == MAIN && location.path() != configured {
        tracing::warn!(
            location = name,
            recorded = %location.path().display(),
            configured = %configured.display(),
            "main_location differs from the records, which hold"
        );
    }
    match location.sweep().await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(location = name, files = swept, "removed unfinished uploads"),
        Err(error) => tracing::warn!(location = name, %error, "location unavailable"),
    }
}
