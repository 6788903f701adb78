//! How fast everything grows, by its daily samples.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use penstock_policy::levels::Levels;
use penstock_policy::record::{RecordId, Schedule};
use penstock_policy::space::{DayUse, LOOKED_AT, full_in};
use penstock_policy::throttle::Level;
use penstock_wire::view::FullIn;

use super::Admin;
use super::failure::Fault;
use crate::store::{Reader, Tree, Unavailable, UsedByDay, day_of};

/// How many clients are read at a time.
const BATCH: usize = 1000;

/// What was used on each of the last days by all that a level or location has now.
#[derive(Debug, Clone, Default)]
pub(super) struct Trends {
    server: UsedByDay,
    resellers: HashMap<RecordId, UsedByDay>,
    locations: HashMap<String, UsedByDay>,
}

/// The days that a trend is made of, up to today.
pub(super) fn days(admin: &Admin, tree: &Tree) -> RangeInclusive<u64> {
    let today = day_of(admin.now(), &tree.server.time_zone);
    let back = u64::try_from(LOOKED_AT).unwrap_or(u64::MAX);
    today.saturating_sub(back)..=today
}

/// The trends of all levels that a single customer's samples don't tell.
pub(super) async fn trends(admin: &Admin) -> Result<Arc<Trends>, Fault> {
    let tree = admin.context.store.tree();
    let days = days(admin, &tree);
    let count = move |reader: &Reader| count(reader, &tree, &days);
    let counted = admin.trends.get(&admin.context, count).await?;
    Ok(counted)
}

fn count(reader: &Reader, tree: &Tree, days: &RangeInclusive<u64>) -> Result<Trends, Unavailable> {
    let mut trends = Trends::default();
    each_schedule(reader, None, |customer, schedule| {
        let mut own = UsedByDay::new();
        reader.add_used(schedule.id, days.clone(), &mut own)?;
        let reseller = tree.customers.get(&customer);
        let reseller = reseller.map_or(RecordId::default(), |customer| customer.reseller);
        let location = trends.locations.get_mut(&schedule.location);
        match location {
            Some(location) => add(location, &own),
            None => {
                let location = schedule.location.clone();
                trends.locations.insert(location, own.clone());
            }
        }
        add(trends.resellers.entry(reseller).or_default(), &own);
        add(&mut trends.server, &own);
        Ok(())
    })?;
    Ok(trends)
}

/// Every schedule of a customer or of all, with its customer's number.
pub(super) fn each_schedule(
    reader: &Reader,
    customer: Option<RecordId>,
    mut visit: impl FnMut(RecordId, &Schedule) -> Result<(), Unavailable>,
) -> Result<(), Unavailable> {
    let mut after = None;
    loop {
        let batch = reader.clients(customer, after.as_ref(), BATCH)?;
        let Some(last) = batch.last() else {
            return Ok(());
        };
        after = Some((last.customer, last.client_id.clone()));
        for client in &batch {
            for schedule in &reader.schedules(client.id)? {
                visit(client.customer, schedule)?;
            }
        }
    }
}

fn add(sum: &mut UsedByDay, own: &UsedByDay) {
    for (day, used) in own {
        let total = sum.entry(*day).or_default();
        *total = total.saturating_add(*used);
    }
}

fn line(days: &UsedByDay) -> Vec<DayUse> {
    let days = days.iter();
    days.map(|(day, used)| DayUse {
        day: *day,
        used: *used,
    })
    .collect()
}

impl Trends {
    /// Days until so many bytes more lie on a location.
    pub(super) fn location_full_in(&self, location: &str, room: u64) -> Option<u64> {
        let days = self.locations.get(location).map(line).unwrap_or_default();
        full_in(&days, 0, room)
    }

    /// The limit that the customer runs into first, its own or one above it.
    pub(super) fn customer_full_in(
        &self,
        admin: &Admin,
        levels: &Levels<'_>,
        own: &UsedByDay,
    ) -> Option<FullIn> {
        let taken = admin.context.store.books().taken(levels.customer.id, None);
        let figures = levels.figures(taken);
        let none = UsedByDay::new();
        let limits = figures.into_iter().filter_map(|figure| {
            let days = match figure.level {
                Level::Client => return None,
                Level::Customer => own,
                Level::Reseller => self.resellers.get(&levels.reseller.id).unwrap_or(&none),
                Level::Server => &self.server,
            };
            let days = full_in(&line(days), figure.taken, figure.allotted.bytes()?)?;
            Some(FullIn {
                days,
                level: figure.level,
            })
        });
        // Of equals the nearest level's is named.
        limits.min_by_key(|full| full.days)
    }
}
