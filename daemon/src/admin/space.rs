//! The tree of space, and what was used on each day.

use std::collections::HashMap;
use std::sync::Arc;

use penstock_policy::mcal::{Month, left};
use penstock_policy::names::Address;
use penstock_policy::record::{Client, Customer, RecordId, Reseller, Schedule};
use penstock_policy::space::{Allotment, Share};
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::{SpaceDay, SpaceLine};

use super::failure::Fault;
use super::page::{PAGE, cursor, page, whole};
use super::trends::each_schedule;
use super::{Admin, clients, snapshots};
use crate::space::{Books, Sum};
use crate::store::{Reader, Resolved, SAMPLE_DAYS, Tree, Unavailable, UsedByDay, date_of, day_of};

/// A line's place: the names from the reseller down. They sort as the tree is printed.
type Place = Vec<String>;

/// The tree of allotted, used and free space, or one branch of it.
pub(super) async fn tree(
    admin: &Admin,
    address: Option<&Address>,
    at: &Page,
) -> Result<Answer, Fault> {
    let after = cursor(at, read_place)?;
    let branch = match address {
        Some(address) => Some(admin.resolve(address).await?),
        None => None,
    };
    let store = admin.context.store.clone();
    let tree = store.tree();
    let month = snapshots::month(&tree, admin.now());
    let read = move |reader: &Reader| {
        let mut walk = Walk {
            tree: &tree,
            books: store.books(),
            reader,
            month,
            after,
            found: Vec::new(),
        };
        match &branch {
            None => walk.server()?,
            Some(branch) => walk.branch(branch)?,
        }
        Ok(walk.found)
    };
    let found = admin.context.store.read(read).await?;
    let rest = found
        .into_iter()
        .map(|(place, line)| (format!("/{}", place.join("/")), line));
    Ok(Answer::Space(page(rest, PAGE)))
}

/// Reads a cursor: no name has a slash.
fn read_place(text: &str) -> Option<Place> {
    let names = text.strip_prefix('/')?;
    if names.is_empty() {
        return Some(Place::new());
    }
    let place: Place = names.split('/').map(str::to_owned).collect();
    (place.len() <= 4).then_some(place)
}

/// A walk over the tree, from behind a place on, until there is one line more than a page holds. Of customers it reads
/// all clients for what is given to them: besides those on the page that is one customer's at most.
struct Walk<'a> {
    tree: &'a Tree,
    books: &'a Books,
    reader: &'a Reader,
    month: Month,
    after: Option<Place>,
    found: Vec<(Place, SpaceLine)>,
}

impl Walk<'_> {
    fn enough(&self) -> bool {
        self.found.len() > PAGE
    }

    /// Whether a line is still to be shown.
    fn wants(&self, place: &Place) -> bool {
        self.after.as_ref().is_none_or(|after| place > after)
    }

    /// Whether anything at or below a place is still to be shown.
    fn wants_below(&self, place: &Place) -> bool {
        self.wants(place)
            || self
                .after
                .as_ref()
                .is_some_and(|after| after.starts_with(place))
    }

    fn server(&mut self) -> Result<(), Unavailable> {
        let server = &self.tree.server;
        if self.wants(&Place::new()) {
            let line = SpaceLine {
                sold: self.tree.server_share().sold(),
                mcals: Some(server.mcals.to_string()),
                mcals_used: Some(server.drawn.in_month(self.month)),
                mcals_left: left(server.mcals.into(), &server.drawn, self.month),
                ..line("server", "server", server.space, self.books.server())
            };
            self.found.push((Place::new(), line));
        }
        let mut customers: HashMap<RecordId, Vec<&Arc<Customer>>> = HashMap::new();
        for customer in self.tree.customers.values() {
            customers
                .entry(customer.reseller)
                .or_default()
                .push(customer);
        }
        let mut resellers: Vec<&Arc<Reseller>> = self.tree.resellers.values().collect();
        resellers.sort_by(|a, b| a.short.cmp(&b.short));
        for reseller in resellers {
            let own = customers.remove(&reseller.id).unwrap_or_default();
            if self.enough() {
                break;
            }
            self.reseller(reseller, own)?;
        }
        Ok(())
    }

    fn reseller(
        &mut self,
        reseller: &Reseller,
        mut customers: Vec<&Arc<Customer>>,
    ) -> Result<(), Unavailable> {
        let place = vec![reseller.short.to_string()];
        if !self.wants_below(&place) {
            return Ok(());
        }
        if self.wants(&place) {
            let given = customers.iter().map(|customer| customer.space.counted());
            let share = Share {
                allotted: reseller.space,
                given: given.fold(0, u64::saturating_add),
            };
            let address = format!("reseller {}", reseller.short);
            let sum = self.books.reseller(reseller.id);
            let line = SpaceLine {
                sold: share.sold(),
                mcals: Some(reseller.mcals.to_string()),
                mcals_used: Some(reseller.drawn.in_month(self.month)),
                mcals_left: left(reseller.mcals.into(), &reseller.drawn, self.month),
                ..line("reseller", &address, reseller.space, sum)
            };
            self.found.push((place.clone(), line));
        }
        customers.sort_by(|a, b| a.short.cmp(&b.short));
        for customer in customers {
            if self.enough() {
                break;
            }
            self.customer(&place, customer)?;
        }
        Ok(())
    }

    fn customer(&mut self, above: &Place, customer: &Customer) -> Result<(), Unavailable> {
        let place = below(above, customer.short.as_str());
        if !self.wants_below(&place) {
            return Ok(());
        }
        if self.wants(&place) {
            let sum = self.books.customer(customer.id);
            let line = SpaceLine {
                sold: self.reader.customer_share(customer)?.sold(),
                mcals: Some(customer.mcals.to_string()),
                mcals_used: Some(customer.drawn.in_month(self.month)),
                mcals_left: left(customer.mcals.into(), &customer.drawn, self.month),
                ..line("customer", customer.short.as_str(), customer.space, sum)
            };
            self.found.push((place.clone(), line));
        }
        let mut after = None;
        if let Some(begun) = self
            .after
            .as_ref()
            .filter(|after| after.starts_with(&place))
            && let Some(Ok(id)) = begun.get(2).map(|id| id.parse())
        {
            let client = self.reader.client(customer.id, &id)?;
            // One that was moved meanwhile is shown where it is now.
            if let Some(client) = client.filter(|client| client.customer == customer.id) {
                self.client(&place, &client)?;
            }
            after = Some((customer.id, id));
        }
        while !self.enough() {
            let batch = self
                .reader
                .clients(Some(customer.id), after.as_ref(), PAGE)?;
            let Some(last) = batch.last() else {
                break;
            };
            after = Some((last.customer, last.client_id.clone()));
            for client in &batch {
                if self.enough() {
                    break;
                }
                self.client(&place, client)?;
            }
        }
        Ok(())
    }

    fn client(&mut self, above: &Place, client: &Client) -> Result<(), Unavailable> {
        let place = below(above, client.client_id.as_str());
        let address = clients::address(self.tree, client);
        if self.wants(&place) {
            let sum = self.books.client(client.id);
            let line = line("client", &address, client.space, sum);
            self.found.push((place.clone(), line));
        }
        for schedule in &self.reader.schedules(client.id)? {
            self.schedule(&place, &address, schedule);
        }
        Ok(())
    }

    fn schedule(&mut self, above: &Place, client: &str, schedule: &Schedule) {
        let place = below(above, schedule.name.as_str());
        if self.wants(&place) {
            let (sum, counting) = self.books.schedule(schedule.id);
            let address = format!("{client}/{}", schedule.name);
            let line = SpaceLine {
                counting,
                ..line("schedule", &address, Allotment::Unlimited, sum)
            };
            self.found.push((place, line));
        }
    }

    fn branch(&mut self, branch: &Resolved) -> Result<(), Unavailable> {
        let customer = &branch.customer;
        let reseller = self.tree.resellers.get(&customer.reseller);
        let reseller = vec![reseller.map_or_else(String::new, |it| it.short.to_string())];
        let Some(client) = &branch.client else {
            return self.customer(&reseller, customer);
        };
        let place = below(&reseller, customer.short.as_str());
        let Some(schedule) = &branch.schedule else {
            return self.client(&place, client);
        };
        let place = below(&place, client.client_id.as_str());
        let address = clients::address(self.tree, client);
        self.schedule(&place, &address, schedule);
        Ok(())
    }
}

fn below(above: &Place, name: &str) -> Place {
    let mut place = above.clone();
    place.push(name.to_owned());
    place
}

fn line(kind: &str, address: &str, allotted: Allotment, sum: Sum) -> SpaceLine {
    SpaceLine {
        kind: kind.to_owned(),
        address: address.to_owned(),
        allotted: allotted.bytes(),
        used: sum.used,
        reserved: sum.reserved,
        free: allotted
            .bytes()
            .map(|bytes| bytes.saturating_sub(sum.taken())),
        sold: None,
        mcals: None,
        mcals_used: None,
        mcals_left: None,
        counting: false,
    }
}

/// What was used on each day, by what is there now; today's figure is the one of this moment.
pub(super) async fn history(admin: &Admin, address: &Address, days: u32) -> Result<Answer, Fault> {
    let days = u64::from(days);
    if !(1..=SAMPLE_DAYS).contains(&days) {
        return Err(Fault::usage(format!(
            "{days} days can't be shown; give 1 to {SAMPLE_DAYS}"
        )));
    }
    let found = admin.resolve(address).await?;
    let store = &admin.context.store;
    let books = store.books();
    let now = match (&found.client, &found.schedule) {
        (_, Some(schedule)) => books.schedule(schedule.id).0,
        (Some(client), None) => books.client(client.id),
        (None, None) => books.customer(found.customer.id),
    };
    let today = day_of(admin.now(), &store.tree().server.time_zone);
    let before = today.saturating_sub(days - 1)..=today.saturating_sub(1);
    let read = move |reader: &Reader| {
        let mut sum = UsedByDay::new();
        match (&found.client, &found.schedule) {
            (_, Some(schedule)) => reader.add_used(schedule.id, before, &mut sum)?,
            (Some(client), None) => {
                for schedule in reader.schedules(client.id)? {
                    reader.add_used(schedule.id, before.clone(), &mut sum)?;
                }
            }
            (None, None) => each_schedule(reader, Some(found.customer.id), |_, schedule| {
                reader.add_used(schedule.id, before.clone(), &mut sum)
            })?,
        }
        Ok(sum)
    };
    let mut used = store.read(read).await?;
    used.insert(today, now.used);
    let days = used.into_iter().map(|(day, used)| SpaceDay {
        day: date_of(day),
        used,
    });
    Ok(Answer::SpaceHistory(whole(days.collect())))
}
