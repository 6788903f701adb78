//! What the records hold, to be told apart from any other state, and whether they agree with themselves.

use std::collections::BTreeMap;

use penstock_policy::mcal::{Account, Drawn, Took};
use penstock_policy::record::RecordId;
use redb::{Key, ReadTransaction};
use sha2::{Digest, Sha256};

use crate::store::reader::Reader;
use crate::store::schema::{
    ALIASES, AUDIT, AUDIT_OF, CLIENT_COUNTS, CLIENT_FOLDS, CLIENT_IDS, CLIENTS, CUSTOMERS, Def,
    FOLDERS, LAST_BACKUP, LEDGER, LEDGER_OF, LOCATIONS, Look, META, REFUSALS, REMOVED, RESELLERS,
    SAMPLES, SCHEDULES, SERVER, SESSIONS, TRASH, USED, all, go_on,
};
use crate::store::tree::Tree;
use crate::store::trouble::Trouble;
use crate::store::tx::Counters;

/// All of the records: the counters, and a digest of every row of every table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub counters: Counters,
    pub digest: [u8; 32],
}

impl State {
    pub fn of(look: &ReadTransaction) -> Result<Self, Trouble> {
        let mut digest = Sha256::new();
        for table in [META, LOCATIONS, REFUSALS] {
            rows(look, table, &mut digest)?;
        }
        for table in [
            SERVER,
            RESELLERS,
            CUSTOMERS,
            CLIENTS,
            CLIENT_COUNTS,
            LAST_BACKUP,
            USED,
            LEDGER,
            AUDIT,
            TRASH,
        ] {
            rows(look, table, &mut digest)?;
        }
        for table in [CLIENT_IDS, CLIENT_FOLDS, ALIASES, REMOVED, SCHEDULES] {
            rows(look, table, &mut digest)?;
        }
        rows(look, FOLDERS, &mut digest)?;
        for table in [SESSIONS, SAMPLES] {
            rows(look, table, &mut digest)?;
        }
        for table in [AUDIT_OF, LEDGER_OF] {
            rows(look, table, &mut digest)?;
        }
        Ok(Self {
            counters: Counters::read(look)?,
            digest: digest.finalize().into(),
        })
    }
}

fn rows<K: Key + 'static>(
    look: &ReadTransaction,
    table: Def<K>,
    digest: &mut Sha256,
) -> Result<(), Trouble> {
    let mut count = 0u64;
    look.walk(table, all(), false, &mut |key, bytes| {
        count += 1;
        let key = K::as_bytes(&key);
        for part in [key.as_ref(), bytes] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Ok(go_on(true))
    })?;
    digest.update(count.to_le_bytes());
    Ok(())
}

/// What doesn't agree: the audit, the ledger and the counters, drawn sums and debits, counts and rows.
pub(super) fn disagreement(reader: &Reader) -> Option<String> {
    let look = reader.look();
    let counters = Counters::read(look).unwrap();
    let tree = Tree::load(look).unwrap();
    match reader.verify_audit() {
        Err(broken) => return Some(broken.to_string()),
        Ok(count) if count + 1 != counters.next_edit => {
            return Some(format!("{count} audit entries, {counters:?}"));
        }
        Ok(_) => {}
    }
    let mut counts: BTreeMap<RecordId, u32> = BTreeMap::new();
    let visit = &mut |(customer, _): (u64, &str), _: &[u8]| {
        *counts.entry(RecordId(customer)).or_default() += 1;
        Ok(go_on(true))
    };
    look.walk(CLIENT_IDS, all(), false, visit).unwrap();
    let told: BTreeMap<RecordId, u32> =
        tree.client_counts.iter().map(|(id, n)| (*id, *n)).collect();
    let clients: u32 = counts.values().sum();
    if counts != told || u64::from(clients) != reader.client_count().unwrap() {
        return Some(format!("clients are {counts:?}, counted {told:?}"));
    }
    let mut entries = 0;
    let visit = &mut |_: u64, _: &[u8]| {
        entries += 1;
        Ok(go_on(true))
    };
    look.walk(LEDGER, all(), false, visit).unwrap();
    if entries + 1 != counters.next_entry {
        return Some(format!("{entries} ledger entries, {counters:?}"));
    }
    let (bank, none) = (|took: Took| took.bank, RecordId::default());
    let mut wrong = differs(reader, Account::Bank, none, &tree.server.drawn, bank);
    for reseller in tree.resellers.values() {
        let took = |took: Took| took.reseller;
        let found = differs(
            reader,
            Account::Reseller,
            reseller.id,
            &reseller.drawn,
            took,
        );
        wrong = wrong.or(found);
    }
    for customer in tree.customers.values() {
        let took = |took: Took| took.customer;
        let found = differs(
            reader,
            Account::Customer,
            customer.id,
            &customer.drawn,
            took,
        );
        wrong = wrong.or(found);
    }
    wrong
}

fn differs(
    reader: &Reader,
    account: Account,
    record: RecordId,
    drawn: &Drawn,
    took: impl Fn(Took) -> bool,
) -> Option<String> {
    let entries = reader
        .ledger(account, record, None, None, usize::MAX)
        .unwrap();
    let debits = entries.iter().filter(|entry| entry.reason.is_debit());
    let taken: i64 = debits
        .filter(|entry| took(entry.took))
        .map(|entry| entry.units)
        .sum();
    (u64::try_from(taken).ok() != Some(drawn.number))
        .then(|| format!("{account:?} {record:?}: {taken} in the ledger, {drawn:?}"))
}
