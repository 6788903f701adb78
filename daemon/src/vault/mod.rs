//! The only room that touches repository files: backup locations, the repositories in them, and the objects in those.
//!
//! It knows neither HTTP nor who may do what. It promises that
//! - what it acknowledges survives a power cut (the file and its name are synced first), and what it does not leaves nothing behind;
//! - no object is ever overwritten, nor visible before it is whole and hashes to its name;
//! - nothing outside a location is touched: every path is resolved by `openat2` beneath a folder that was opened with its
//!   location's marker in sight, and symbolic links are refused wherever they are planted.
//!
//! On disk a repository is what restic itself lays out, so `restic -r FOLDER` works on the spot:
//!
//! ```text
//! <location>/.penstock-location                 the marker: this location's id
//! <location>/.incoming/<random>.part            uploads that are not whole yet
//! <location>/.trash/<name>/                     removed folders
//! <location>/<customer>/<client>/<schedule>/    one repository: config data/00..ff index keys locks snapshots
//! ```

mod beneath;
mod error;
mod folder;
mod layout;
mod list;
mod location;
mod locations;
mod names;
mod read;
mod remove;
mod repository;
mod sink;
mod temporary;
mod trash;
mod upload;

#[cfg(test)]
mod tests;

pub use error::VaultError;
pub use folder::RepoFolder;
pub use list::Listing;
pub use location::Location;
pub use locations::Locations;
pub use names::ObjectName;
use penstock_policy::protocol::Kind;
pub use read::{Chunks, Reader};
pub use repository::{Holding, Repository};
pub use trash::{Trashed, trash_name};
pub use upload::{Finished, Upload};
