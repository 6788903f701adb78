//! Customers: listed, shown, added, moved, and their pass keys.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::levels::{Direction, Levels};
use penstock_policy::mcal::left;
use penstock_policy::record::{Activation, Customer, RecordId};
use penstock_policy::throttle::Zone;
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::{CustomerLine, CustomerView, PassKeyView, Running, Who, fields};

use super::failure::Fault;
use super::page::{PAGE, page};
use super::trends::{self, Trends};
use super::{Admin, edits, notes, snapshots};
use crate::secrets;
use crate::store::{AddCustomer, Reader, Rejected, Tree, Unavailable, UsedByDay};

/// Most running backups on a customer's screen; `top` shows all.
const MOST_RUNNING: usize = 500;

/// How many clients are read at a time.
const BATCH: usize = 1000;

/// All customers, or a reseller's, by short name.
pub(super) fn list(admin: &Admin, reseller: Option<&str>, at: &Page) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let reseller = match reseller {
        Some(name) => Some(tree.find_reseller(name)?.id),
        None => None,
    };
    let after = at.after.as_deref();
    let mut found: Vec<&Arc<Customer>> = tree
        .customers
        .values()
        .filter(|customer| reseller.is_none_or(|id| customer.reseller == id))
        .filter(|customer| after.is_none_or(|after| customer.short.as_str() > after))
        .collect();
    found.sort_by(|a, b| a.short.cmp(&b.short));
    let running = admin.context.live.running();
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for session in &running {
        *counts.entry(customer_of(&session.address)).or_default() += 1;
    }
    let now = admin.now();
    let rest = found.into_iter().filter_map(|customer| {
        let levels = tree.levels(customer.id, None)?;
        let line = line(
            admin,
            &tree,
            &levels,
            counts.get(customer.short.as_str()),
            now,
        );
        Some((customer.short.to_string(), line))
    });
    Ok(Answer::Customers(page(rest, PAGE)))
}

fn line(
    admin: &Admin,
    tree: &Tree,
    levels: &Levels<'_>,
    running: Option<&u64>,
    now: Timestamp,
) -> CustomerLine {
    let customer = levels.customer;
    CustomerLine {
        name: customer.name.to_string(),
        short_name: customer.short.to_string(),
        reseller: levels.reseller.short.to_string(),
        activated: holds(&customer.activation, levels.zone(), now),
        clients: u64::from(tree.clients(customer.id)),
        maximum_client_limit: customer.maximum_client_limit,
        throttle: customer.throttle.to_string(),
        space: customer.space.to_string(),
        used_space: admin.context.store.books().customer(customer.id).used,
        mcals: customer.mcals.to_string(),
        running: running.copied().unwrap_or(0),
    }
}

/// One customer on one screen.
pub(super) async fn view(admin: &Admin, name: &str) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let customer = tree.find_customer(name)?.clone();
    let now = admin.now();
    let levels = levels(&tree, &customer)?;
    let zone = levels.zone().clone();
    let (sums, share) = {
        let (customer, zone) = (Arc::clone(&customer), zone.clone());
        let days = trends::days(admin, &tree);
        let read = move |reader: &Reader| {
            let sums = Sums::of(reader, customer.id, &zone, now, &days)?;
            Ok((sums, reader.customer_share(&customer)?))
        };
        admin.context.store.read(read).await?
    };
    let above = [levels.reseller.space, levels.server.space];
    let full_in = if above.iter().any(|space| space.bytes().is_some()) {
        let trends = trends::trends(admin).await?;
        trends.customer_full_in(admin, &levels, &sums.used)
    } else {
        Trends::default().customer_full_in(admin, &levels, &sums.used)
    };
    let sum = admin.context.store.books().customer(customer.id);
    let month = levels.month(now);
    let running = admin.context.live.running();
    let own: Vec<Running> = running
        .into_iter()
        .filter(|session| customer_of(&session.address) == customer.short.as_str())
        .take(MOST_RUNNING)
        .collect();
    Ok(Answer::Customer(Box::new(CustomerView {
        name: customer.name.to_string(),
        short_name: customer.short.to_string(),
        reseller: levels.reseller.short.to_string(),
        default: customer.is_default(),
        revision: customer.revision,
        clients: u64::from(tree.clients(customer.id)),
        clients_barred: sums.barred,
        schedules: sums.schedules,
        last_backup: sums.last_backup,
        zone: zone.to_string(),
        new_schedules_at: levels.location().to_string(),
        used_space: sum.used,
        reserved_space: sum.reserved,
        free_space: customer
            .space
            .bytes()
            .map(|bytes| bytes.saturating_sub(sum.taken())),
        full_in,
        space_snapshot: snapshots::space(share),
        reseller_space_snapshot: snapshots::space(tree.reseller_share(levels.reseller)),
        reseller_mcals_snapshot: snapshots::mcals(&tree, levels.reseller),
        month: month.to_string(),
        mcals_used: customer.drawn.in_month(month),
        mcal_clients: snapshots::clients_in(&customer.drawn, month),
        mcals_left: left(customer.mcals.into(), &customer.drawn, month),
        backup_rate: levels.rate_at(Direction::Backup, now).into(),
        restore_rate: levels.rate_at(Direction::Restore, now).into(),
        running: own,
        fields: fields(&*customer),
    })))
}

/// What a customer's clients add up to.
#[derive(Default)]
struct Sums {
    barred: u64,
    schedules: u64,
    last_backup: Option<Timestamp>,
    used: UsedByDay,
}

impl Sums {
    fn of(
        reader: &Reader,
        customer: RecordId,
        zone: &Zone,
        now: Timestamp,
        days: &RangeInclusive<u64>,
    ) -> Result<Self, Unavailable> {
        let mut sums = Self::default();
        let mut after = None;
        loop {
            let batch = reader.clients(Some(customer), after.as_ref(), BATCH)?;
            let Some(last) = batch.last() else {
                return Ok(sums);
            };
            after = Some((customer, last.client_id.clone()));
            for client in &batch {
                let barred = client.revoked.is_some() || !holds(&client.activation, zone, now);
                sums.barred += u64::from(barred);
                for schedule in reader.schedules(client.id)? {
                    sums.schedules += 1;
                    reader.add_used(schedule.id, days.clone(), &mut sums.used)?;
                    sums.last_backup = sums.last_backup.max(reader.last_backup(schedule.id)?);
                }
            }
        }
    }
}

/// Adds a customer.
pub(super) async fn add(admin: &Admin, who: &Who, ask: AddCustomer) -> Result<Answer, Fault> {
    let dry_run = ask.dry_run;
    let added = admin.context.store.add_customer(ask, who.clone()).await?;
    let tree = admin.context.store.tree();
    let notes = match tree.customer(&added.record) {
        Some(customer) => notes::of_customer(&tree, customer, &added.changes),
        None => Vec::new(),
    };
    Ok(edits::answer(added, dry_run, notes))
}

/// Gives a customer to another reseller.
pub(super) async fn move_to(
    admin: &Admin,
    who: &Who,
    customer: String,
    reseller: String,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let moved = store.move_customer(customer, reseller, who.clone()).await?;
    Ok(edits::answer(moved, false, Vec::new()))
}

/// The pass key, for whoever asks at the control socket.
pub(super) fn pass_key(admin: &Admin, name: &str) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    Ok(shown_key(tree.find_customer(name)?))
}

/// A new pass key.
pub(super) async fn rotate_pass_key(
    admin: &Admin,
    who: &Who,
    customer: String,
    until: Option<Timestamp>,
    uses: Option<u32>,
) -> Result<Answer, Fault> {
    if uses == Some(0) {
        return Err(Fault::usage(
            "a pass key for no registrations is of no use; give at least 1, or none for any number",
        ));
    }
    if until.is_some_and(|until| until <= admin.now()) {
        return Err(Fault::usage(
            "the pass key's end has passed already; give a later one",
        ));
    }
    let secret = secrets::generate()?;
    let store = &admin.context.store;
    let rotated = store
        .rotate_pass_key(customer, secret, until, uses, who.clone())
        .await?;
    Ok(shown_key(&rotated))
}

fn shown_key(customer: &Customer) -> Answer {
    Answer::PassKey(PassKeyView {
        customer: customer.short.to_string(),
        pass_key: customer.pass_key.secret.clone(),
        until: customer.pass_key.until,
        uses_left: customer.pass_key.uses_left,
    })
}

/// The levels of a customer that the tree has.
pub(super) fn levels<'a>(tree: &'a Tree, customer: &Customer) -> Result<Levels<'a>, Fault> {
    tree.levels(customer.id, None).ok_or_else(|| {
        Rejected::NotFound {
            kind: "customer",
            name: customer.short.to_string(),
            nearest: None,
        }
        .into()
    })
}

/// Whether a record is activated by itself now.
pub(super) fn holds(activation: &Activation, zone: &Zone, now: Timestamp) -> bool {
    activation.holds_at(zone, now)
}

/// The customer's part of an address.
pub(super) fn customer_of(address: &str) -> &str {
    address.split('/').next().unwrap_or_default()
}
