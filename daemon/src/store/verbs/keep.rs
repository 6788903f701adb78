//! What is asked of every record before it is written: that what it names is there, that no sum breaks, that what it costs
//! can be paid; and what goes with it into the same transaction: the ledger's entries.

use penstock_policy::levels::Levels;
use penstock_policy::mcal::{Account, Charge, Credit, Mcals, Paid, Reason, charge, difference};
use penstock_policy::names::{ShortName, nearest};
use penstock_policy::record::{Activation, Client, Customer, Record, RecordId, Reseller, Server};
use penstock_policy::refusal::Refusal;
use penstock_policy::space::Allotment;
use penstock_policy::throttle::{Level, Zone};
use penstock_wire::view::Who;

use crate::store::command::{LocationRecord, Rejected};
use crate::store::ledger::{Allotment as Allotted, allotted, debit};
use crate::store::schema::{LOCATIONS, Look, all};
use crate::store::shares::{Sum, verify};
use crate::store::tree::not_found;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// Who writes a record, and with which words for the ledger.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub who: &'a Who,
    /// What the administrator wrote to it; mostly nothing.
    pub note: &'a str,
}

/// A record with what an edit of it has to keep to, beside what its own fields say. None before is a new one.
pub trait Kept: Record {
    /// Whether it may be written so. Only what got worse is asked: an edit of something else is never refused for what
    /// was wrong before.
    fn decide(&self, before: Option<&Self>, tx: &Tx) -> Result<Option<Charge>, Stop<Rejected>>;

    /// Writes it with its entries in the ledger.
    fn write(
        &self,
        before: Option<&Self>,
        cost: Option<Charge>,
        tx: &Tx,
        by: By<'_>,
    ) -> Result<(), Trouble>;

    /// What it has paid for; only clients pay.
    fn paid(&self) -> Option<&Paid> {
        None
    }
}

impl Kept for Server {
    fn decide(&self, before: Option<&Self>, tx: &Tx) -> Result<Option<Charge>, Stop<Rejected>> {
        let named = before.map(|before| &before.location);
        location_there(tx, named, Some(&self.location))?;
        let before = before.map(|before| (before.space, before.overcommit));
        if gives_less(before, (self.space, self.overcommit)) {
            let mut tree = tx.tree();
            tree.server = self.clone().into();
            verify(tx, &tree, &[Sum::Server], 0)?;
        }
        Ok(None)
    }

    fn write(
        &self,
        before: Option<&Self>,
        _: Option<Charge>,
        tx: &Tx,
        by: By<'_>,
    ) -> Result<(), Trouble> {
        tx.put_server(self)?;
        let entry = Allotted {
            account: Account::Bank,
            record: RecordId::default(),
            reseller: None,
            customer: None,
            from: before.map_or(Credit::Open, |before| before.mcals.into()),
            to: self.mcals.into(),
            drawn: &self.drawn,
            note: by.note,
            by: &by.who.user,
        };
        enter(tx, &entry)
    }
}

impl Kept for Reseller {
    fn decide(&self, before: Option<&Self>, tx: &Tx) -> Result<Option<Charge>, Stop<Rejected>> {
        let named = before.and_then(|before| before.location.as_ref());
        location_there(tx, named, self.location.as_ref())?;
        let active = before.map(|before| &before.activation);
        ends_later(active, &self.activation, &tx.tree().server.time_zone, tx)?;
        let mut sums = Vec::new();
        if counts_more(before.map(|before| before.space), self.space) {
            sums.push(Sum::Server);
        }
        let own = before.map(|before| (before.space, before.overcommit));
        if gives_less(own, (self.space, self.overcommit)) {
            sums.push(Sum::Space(self.id));
        }
        let most = |mcals: Mcals| match mcals {
            Mcals::Auto => u64::MAX,
            limited => limited.counted(),
        };
        if before.is_some_and(|before| most(self.mcals) < most(before.mcals)) {
            sums.push(Sum::Mcals(self.id));
        }
        let mut tree = tx.tree();
        tree.set_reseller(self.clone());
        verify(tx, &tree, &sums, 0)?;
        Ok(None)
    }

    fn write(
        &self,
        before: Option<&Self>,
        _: Option<Charge>,
        tx: &Tx,
        by: By<'_>,
    ) -> Result<(), Trouble> {
        tx.put_reseller(self)?;
        let entry = Allotted {
            account: Account::Reseller,
            record: self.id,
            reseller: Some(self.short.to_string()),
            customer: None,
            from: before.map_or(Credit::Open, |before| before.mcals.into()),
            to: self.mcals.into(),
            drawn: &self.drawn,
            note: by.note,
            by: &by.who.user,
        };
        enter(tx, &entry)
    }
}

impl Kept for Customer {
    fn decide(&self, before: Option<&Self>, tx: &Tx) -> Result<Option<Charge>, Stop<Rejected>> {
        let named = before.and_then(|before| before.location.as_ref());
        location_there(tx, named, self.location.as_ref())?;
        let mut sums = Vec::new();
        if counts_more(before.map(|before| before.space), self.space) {
            sums.push(Sum::Space(self.reseller));
        }
        if self.mcals.counted() > before.map_or(0, |before| before.mcals.counted()) {
            sums.push(Sum::Mcals(self.reseller));
        }
        let own = before.map(|before| (before.space, before.overcommit));
        if gives_less(own, (self.space, self.overcommit)) {
            sums.push(Sum::Clients(self.id));
        }
        let mut tree = tx.tree();
        let active = before.map(|before| &before.activation);
        let zone = self.time_zone.as_ref().unwrap_or(&tree.server.time_zone);
        ends_later(active, &self.activation, zone, tx)?;
        tree.set_customer(self.clone());
        verify(tx, &tree, &sums, 0)?;
        Ok(None)
    }

    fn write(
        &self,
        before: Option<&Self>,
        _: Option<Charge>,
        tx: &Tx,
        by: By<'_>,
    ) -> Result<(), Trouble> {
        tx.put_customer(self)?;
        let tree = tx.tree();
        let reseller = tree.resellers.get(&self.reseller);
        let entry = Allotted {
            account: Account::Customer,
            record: self.id,
            reseller: reseller.map(|reseller| reseller.short.to_string()),
            customer: Some(self.short.to_string()),
            from: before.map_or(Credit::Open, |before| before.mcals.into()),
            to: self.mcals.into(),
            drawn: &self.drawn,
            note: by.note,
            by: &by.who.user,
        };
        enter(tx, &entry)
    }
}

impl Kept for Client {
    fn decide(&self, before: Option<&Self>, tx: &Tx) -> Result<Option<Charge>, Stop<Rejected>> {
        let named = before.and_then(|before| before.location.as_ref());
        location_there(tx, named, self.location.as_ref())?;
        let tree = tx.tree();
        if before.is_none_or(|before| before.plugins != self.plugins) {
            let known = tree.server.mcal_prices.know(&self.plugins);
            known.map_err(|error| Rejected::Invalid(error.to_string()))?;
        }
        let own = before.map(|before| before.space);
        if counts_more(own, self.space) {
            let had = own.map_or(0, Allotment::counted);
            let more = i128::from(self.space.counted()) - i128::from(had);
            verify(tx, &tree, &[Sum::Clients(self.customer)], more)?;
        }
        let Some(levels) = tree.levels(self.customer, Some(self)) else {
            return Ok(None);
        };
        let active = before.map(|before| &before.activation);
        ends_later(active, &self.activation, levels.zone(), tx)?;
        let month = levels.month(tx.at());
        let units = difference(&levels.server.mcal_prices, self, month);
        let changed = before.is_some_and(|before| {
            before.platform != self.platform || before.plugins != self.plugins
        });
        if units == 0 || !changed {
            return Ok(None);
        }
        let charge = charge(&levels, units, month).map_err(|no| unpaid(&levels, no))?;
        Ok(Some(charge))
    }

    fn write(
        &self,
        _: Option<&Self>,
        cost: Option<Charge>,
        tx: &Tx,
        _: By<'_>,
    ) -> Result<(), Trouble> {
        match cost {
            Some(charge) => debit(tx, self.clone(), charge, Reason::ClientChanged).map(drop),
            None => tx.put_client(self),
        }
    }

    fn paid(&self) -> Option<&Paid> {
        self.paid.as_ref()
    }
}

/// Whether a sum above it grows.
fn counts_more(before: Option<Allotment>, after: Allotment) -> bool {
    after.counted() > before.map_or(0, Allotment::counted)
}

/// Whether there is less to give to those below: the allotment was lowered, or overcommitting it switched off.
fn gives_less(before: Option<(Allotment, bool)>, (after, overcommit): (Allotment, bool)) -> bool {
    let most = |space: Allotment| space.bytes().unwrap_or(u64::MAX);
    before.is_some_and(|(space, might)| most(after) < most(space) || (might && !overcommit))
}

/// Whether a location that is newly named is recorded.
fn location_there(
    tx: &Tx,
    before: Option<&ShortName>,
    after: Option<&ShortName>,
) -> Result<(), Stop<Rejected>> {
    let Some(name) = after.filter(|_| before != after) else {
        return Ok(());
    };
    if tx.bytes(LOCATIONS, name.as_str())?.is_some() {
        return Ok(());
    }
    let known: Vec<LocationRecord> = tx.values(LOCATIONS, all(), usize::MAX)?;
    let meant = nearest(name.as_str(), known.iter().map(|known| known.name.as_str()));
    let no = not_found("location", name.as_str(), meant);
    if meant.is_some() {
        return Err(no.into());
    }
    let text = format!("{no}; add it first: penstockctl location add {name} PATH");
    Err(no.worded(text).into())
}

/// What a client's edit would cost and nobody can pay, for an administrator: its own sentence is about a backup.
fn unpaid(levels: &Levels<'_>, no: Refusal) -> Rejected {
    let (
        Refusal::McalExhausted {
            level,
            month,
            left,
            needs,
            ..
        },
        Some(client),
    ) = (&no, levels.client)
    else {
        return no.into();
    };
    let customer = &levels.customer.short;
    let whose = match level {
        Level::Client | Level::Customer => format!("customer {customer}"),
        Level::Reseller => format!("reseller {}", levels.reseller.short),
        Level::Server => "the bank".to_owned(),
    };
    let mcals = if *needs == 1 { "MCAL" } else { "MCALs" };
    let text = format!(
        "{customer}/{} would cost {needs} more {mcals} for {month}; {whose} has {left} left",
        client.client_id
    );
    Rejected::from(no).worded(text)
}

/// Whether the end of a suspension that an edit sets is still to come. Of a new record nothing is asked: what was exported
/// is added again as it is.
fn ends_later(
    before: Option<&Activation>,
    after: &Activation,
    zone: &Zone,
    tx: &Tx,
) -> Result<(), Rejected> {
    let newly = before.filter(|before| before.until != after.until);
    match newly.and(after.until) {
        Some(until) if after.holds_at(zone, tx.at()) => Err(Rejected::Invalid(format!(
            "until: {until} is past; give a time to come, or none"
        ))),
        _ => Ok(()),
    }
}

/// The ledger's entry of a number that changed.
fn enter(tx: &Tx, entry: &Allotted<'_>) -> Result<(), Trouble> {
    if entry.from == entry.to {
        return Ok(());
    }
    allotted(tx, entry)
}
