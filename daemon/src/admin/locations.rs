//! Backup locations: what lies on them, what is sold of them, how much room there is.

use std::collections::HashMap;

use penstock_wire::reply::Answer;
use penstock_wire::view::{LocationView, Who};

use super::Admin;
use super::failure::Fault;
use super::page;
use crate::store::Tree;

/// All locations, by name.
pub(super) async fn list(admin: &Admin) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    Ok(Answer::Locations(page::whole(views(admin, &tree).await)))
}

/// Makes a folder a location.
pub(super) async fn add(_: &Admin, _: &Who, _: String, _: String) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// Forgets a location.
pub(super) async fn forget(_: &Admin, _: &Who, _: String) -> Result<Answer, Fault> {
    Err(Fault::usage("this isn't served yet"))
}

/// Every location as it is now.
pub(super) async fn views(admin: &Admin, tree: &Tree) -> Vec<LocationView> {
    let used = admin.context.store.books().locations();
    let sold = sold(tree);
    let mut views = Vec::new();
    for (name, location) in admin.context.locations.all().iter() {
        let (schedules, used) = used.get(name).copied().unwrap_or_default();
        let (room, problem) = match location.free().await {
            Ok(room) => (Some(room), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let percent = u64::from(tree.server.disk_reserve);
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
            reserve: room.map(|room| room.total / 100 * percent),
            full_in_days: None,
        });
    }
    views
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
