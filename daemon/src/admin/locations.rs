//! Backup locations: what lies on them, what is sold of them, how much room there is; made and forgotten.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use penstock_policy::names::ShortName;
use penstock_wire::reply::{Answer, FailureCode};
use penstock_wire::view::{LocationView, Who};

use super::failure::Fault;
use super::{Admin, page, trends};
use crate::store::{LocationRecord, Rejected, Tree};
use crate::vault::{Location, VaultError};

/// The longest path, in bytes, as Linux has it (PATH_MAX).
const LONGEST_PATH: usize = 4096;

/// All locations, by name.
pub(super) async fn list(admin: &Admin) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    Ok(Answer::Locations(page::whole(views(admin, &tree).await?)))
}

/// How long a disk is waited for: one that hangs is as good as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes a folder a location. One that bears a marker already, because it was forgotten or comes from another server, is
/// taken as it is.
pub(super) async fn add(
    admin: &Admin,
    who: &Who,
    name: String,
    path: String,
) -> Result<Answer, Fault> {
    let name: ShortName = name
        .parse()
        .map_err(|error| Fault::usage(format!("the location's name: {error}")))?;
    if name.as_str() == "inherit" {
        return Err(Fault::usage(
            "a location can't be called inherit, which says that the level above decides; choose another name",
        ));
    }
    let path = plain(&path)?;
    let _placing = admin.placing.lock().await;
    let known = admin.context.locations.all();
    if known.contains_key(name.as_str()) {
        return Err(Fault::new(
            FailureCode::Exists,
            format!("there is a location {name} already; choose another name"),
        ));
    }
    let real = beneath_roots(admin, &path).await?;
    let state = tokio::fs::canonicalize(&admin.context.state_dir).await;
    if state.is_ok_and(|state| state.starts_with(&real)) {
        return Err(Fault::usage(format!(
            "{} is or holds the folder of the records; choose another folder",
            path.display()
        )));
    }
    for (other, location) in known.iter() {
        let theirs = tokio::fs::canonicalize(location.path()).await;
        let theirs = theirs.unwrap_or_else(|_| location.path().to_owned());
        if theirs.starts_with(&real) || real.starts_with(&theirs) {
            return Err(Fault::new(
                FailureCode::Exists,
                format!(
                    "{} is, holds or lies in the folder of location {other}, {}; choose another folder",
                    path.display(),
                    location.path().display()
                ),
            ));
        }
    }
    // What was looked at is what is made: a link put in its way meanwhile isn't followed.
    let location = made(&real).await?;
    if let Some((other, _)) = known.iter().find(|(_, known)| known.id() == location.id()) {
        return Err(Fault::new(
            FailureCode::Exists,
            format!(
                "{} bears the marker of location {other}: it is a copy of it, or its disk mounted elsewhere; choose \
                 another folder",
                path.display()
            ),
        ));
    }
    let record = LocationRecord {
        name: name.to_string(),
        path: real.display().to_string(),
        id: location.id().to_owned(),
    };
    admin
        .context
        .store
        .add_location(record, who.clone())
        .await?;
    admin.context.locations.put(name.to_string(), location);
    shown(admin, name.as_str()).await
}

/// Forgets a location.
pub(super) async fn forget(admin: &Admin, who: &Who, name: String) -> Result<Answer, Fault> {
    let _placing = admin.placing.lock().await;
    let view = shown(admin, &name).await;
    let store = &admin.context.store;
    store.forget_location(name.clone(), who.clone()).await?;
    admin.context.locations.forget(&name);
    view
}

/// The path, if it is an absolute one without detours.
fn plain(path: &str) -> Result<PathBuf, Fault> {
    let given = Path::new(path);
    let detours = given
        .components()
        .any(|part| !matches!(part, Component::RootDir | Component::Normal(_)));
    if !given.is_absolute() || detours || path.len() > LONGEST_PATH {
        return Err(Fault::usage(format!(
            "{path:?} is no folder for a location; give an absolute path without .., such as /srv/penstock/second"
        )));
    }
    if path.chars().any(char::is_control) {
        return Err(Fault::usage(format!(
            "{path:?} holds a control character; choose a folder with a plain name"
        )));
    }
    // Without what a path may have too much: a slash at its end, or two where one does.
    Ok(given.components().collect())
}

/// The path as it is without links, if it lies beneath a configured root and the folder above it is there.
async fn beneath_roots(admin: &Admin, path: &Path) -> Result<PathBuf, Fault> {
    let roots = admin.context.roots.borrow().clone();
    let outside = || {
        let shown: Vec<String> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        Fault::usage(format!(
            "{} doesn't lie beneath {}; choose a folder there, or add its root to location_roots in the configuration \
             and reload penstockd",
            path.display(),
            shown.join(" or ")
        ))
    };
    if !roots
        .iter()
        .any(|root| path != root && path.starts_with(root))
    {
        return Err(outside());
    }
    let real = match tokio::fs::canonicalize(path).await {
        Ok(real) => real,
        Err(_) => {
            let above = path.parent().unwrap_or(path);
            let real = tokio::fs::canonicalize(above).await.map_err(|error| {
                Fault::usage(format!(
                    "{} can't be used: {error}; mount its disk or make the folder first",
                    above.display()
                ))
            })?;
            path.file_name()
                .map_or(real.clone(), |name| real.join(name))
        }
    };
    for root in &roots {
        let root = tokio::fs::canonicalize(root).await;
        if root.is_ok_and(|root| real != root && real.starts_with(root)) {
            return Ok(real);
        }
    }
    Err(outside())
}

/// Takes the folder's own marker, or gives it one.
async fn made(path: &Path) -> Result<Location, Fault> {
    match Location::open(path).await {
        Ok(location) => Ok(location),
        Err(VaultError::LocationUnavailable { .. }) => {
            let made = Location::create(path, &Location::generate_id()?).await;
            made.map_err(|error| {
                Fault::new(
                    FailureCode::Unavailable,
                    format!("{} can't be made a location: {error}", path.display()),
                )
            })
        }
        Err(error) => Err(error.into()),
    }
}

async fn shown(admin: &Admin, name: &str) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let mut views = views(admin, &tree).await?.into_iter();
    match views.find(|view| view.name == name) {
        Some(view) => Ok(Answer::Location(Box::new(view))),
        None => Err(Rejected::NotFound {
            kind: "location",
            name: name.to_owned(),
            nearest: None,
        }
        .into()),
    }
}

/// Every location as it is now.
pub(super) async fn views(admin: &Admin, tree: &Tree) -> Result<Vec<LocationView>, Fault> {
    let used = admin.context.store.books().locations();
    let sold = sold(tree);
    let trends = trends::trends(admin).await?;
    let mut views = Vec::new();
    for (name, location) in admin.context.locations.all().iter() {
        let (schedules, used) = used.get(name).copied().unwrap_or_default();
        let room = tokio::time::timeout(PATIENCE, location.free()).await;
        let (room, problem) = match room {
            Ok(Ok(room)) => (Some(room), None),
            Ok(Err(error)) => (None, Some(error.to_string())),
            Err(_) => (None, Some("its disk doesn't answer".to_owned())),
        };
        let reserve = room.map(|room| room.reserve(tree.server.disk_reserve));
        let left = room.zip(reserve);
        let left = left.map(|(room, reserve)| room.free.saturating_sub(reserve));
        views.push(LocationView {
            name: name.clone(),
            path: location.path().display().to_string(),
            default: tree.server.location.as_str() == name,
            available: room.is_some(),
            problem,
            schedules,
            used,
            sold: sold.get(name.as_str()).copied().unwrap_or(0),
            free: room.map(|room| room.free),
            total: room.map(|room| room.total),
            reserve,
            full_in_days: left.and_then(|left| trends.location_full_in(name, left)),
        });
    }
    Ok(views)
}

/// The sum of what is allotted to the customers whose new schedules go to each location.
fn sold(tree: &Tree) -> HashMap<&str, u64> {
    let mut sold: HashMap<&str, u64> = HashMap::new();
    for customer in tree.customers.values() {
        if let Some(levels) = tree.levels(customer.id, None) {
            let sum = sold.entry(levels.location().as_str()).or_default();
            *sum = sum.saturating_add(customer.space.counted());
        }
    }
    sold
}
