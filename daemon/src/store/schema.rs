//! The tables, and how keys and values are written. Values are CBOR; what can be derived from them has no table, except
//! where a lookup needs it.

use std::ops::Bound;

use penstock_policy::record::RecordId;
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, TableHandle, Value,
    WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::trouble::Trouble;

/// A table: its values are bytes, mostly CBOR.
pub(super) type Def<K> = TableDefinition<'static, K, &'static [u8]>;

/// The layout that this program writes.
pub(super) const FORMAT: u64 = 3;

/// Counters by name: `format`, `commit`, `next-id`, `next-edit`, `next-item`, `next-entry`; and `audit-head`, the newest hash.
pub(super) const META: Def<&str> = TableDefinition::new("meta");
/// The server's record, under 0.
pub(super) const SERVER: Def<u64> = TableDefinition::new("server");
/// Resellers by number.
pub(super) const RESELLERS: Def<u64> = TableDefinition::new("resellers");
/// Customers by number.
pub(super) const CUSTOMERS: Def<u64> = TableDefinition::new("customers");
/// Clients by number.
pub(super) const CLIENTS: Def<u64> = TableDefinition::new("clients");
/// (customer, client's id) to the client's number.
pub(super) const CLIENT_IDS: Def<(u64, &str)> = TableDefinition::new("client_ids");
/// (customer, folded id) to a client's number, of ids in use and of aliases: ids that differ only by case are refused.
pub(super) const CLIENT_FOLDS: Def<(u64, &str)> = TableDefinition::new("client_folds");
/// Customer to the number of its clients; no row is none.
pub(super) const CLIENT_COUNTS: Def<u64> = TableDefinition::new("client_counts");
/// (customer, id) at which a client was reachable before it was moved, to its number.
pub(super) const ALIASES: Def<(u64, &str)> = TableDefinition::new("aliases");
/// (customer, folded id) that stay blocked after a removal, however they are written.
pub(super) const REMOVED: Def<(u64, &str)> = TableDefinition::new("removed_ids");
/// (client, name) to the schedule.
pub(super) const SCHEDULES: Def<(u64, &str)> = TableDefinition::new("schedules");
/// (location, folder) to the schedule's number, of live schedules and of those in the trash: a folder has one owner.
pub(super) const FOLDERS: Def<(&str, &str)> = TableDefinition::new("folders");
/// (schedule, sequence) to a session that ended.
pub(super) const SESSIONS: Def<(u64, u64)> = TableDefinition::new("sessions");
/// Schedule to the arrival of its newest snapshot.
pub(super) const LAST_BACKUP: Def<u64> = TableDefinition::new("last_backup");
/// Schedule to the bytes of its files, and whether something may be writing. No row: to be counted.
pub(super) const USED: Def<u64> = TableDefinition::new("used");
/// (schedule, day since 1970-01-01 in the server's zone) to the bytes it used on that day.
pub(super) const SAMPLES: Def<(u64, u64)> = TableDefinition::new("samples");
/// Number to the ledger's entry.
pub(super) const LEDGER: Def<u64> = TableDefinition::new("ledger");
/// (kind of account, its record, entry): which entries of the ledger concern an account.
pub(super) const LEDGER_OF: Def<(u8, u64, u64)> = TableDefinition::new("ledger_of");
/// Location's name to where it is and its marker's id.
pub(super) const LOCATIONS: Def<&str> = TableDefinition::new("locations");
/// Reference to the refusal's row.
pub(super) const REFUSALS: Def<&str> = TableDefinition::new("refusals");
/// Number to the audit's entry, behind its hash.
pub(super) const AUDIT: Def<u64> = TableDefinition::new("audit");
/// (kind, record, entry): which entries concern a record.
pub(super) const AUDIT_OF: Def<(u8, u64, u64)> = TableDefinition::new("audit_of");
/// Number to what was removed, with all its records.
pub(super) const TRASH: Def<u64> = TableDefinition::new("trash");

/// A value as it is stored.
pub(super) fn encode<V: Serialize>(value: &V) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|error| Trouble::Damaged {
        table: std::any::type_name::<V>().to_owned(),
        problem: error.to_string(),
    })?;
    Ok(bytes)
}

/// A value from how it is stored; all of the bytes have to belong to it.
pub(super) fn decode<V: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<V, Trouble> {
    let mut rest = bytes;
    let damaged = |problem: String| Trouble::Damaged {
        table: table.to_owned(),
        problem,
    };
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 16)
        .map_err(|error| damaged(error.to_string()))?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(damaged(format!("{} bytes too many", rest.len())))
    }
}

/// Makes every table, so that readers find them all.
pub(super) fn make_tables(txn: &WriteTransaction) -> Result<(), Trouble> {
    txn.open_table(META)?;
    for table in [
        SERVER,
        RESELLERS,
        CUSTOMERS,
        CLIENTS,
        CLIENT_COUNTS,
        LAST_BACKUP,
        AUDIT,
        TRASH,
        USED,
        LEDGER,
    ] {
        txn.open_table(table)?;
    }
    for table in [CLIENT_IDS, CLIENT_FOLDS, ALIASES, REMOVED, SCHEDULES] {
        txn.open_table(table)?;
    }
    txn.open_table(FOLDERS)?;
    for table in [SESSIONS, SAMPLES] {
        txn.open_table(table)?;
    }
    txn.open_table(LOCATIONS)?;
    txn.open_table(REFUSALS)?;
    for table in [AUDIT_OF, LEDGER_OF] {
        txn.open_table(table)?;
    }
    Ok(())
}

/// What a walk over a table does next.
pub(super) type Next = std::ops::ControlFlow<()>;

/// What a walk does with each row.
pub(super) type Visit<'v, K> =
    dyn FnMut(<K as Value>::SelfType<'_>, &[u8]) -> Result<Next, Trouble> + 'v;

/// Which rows.
pub(super) type Span<T> = (Bound<T>, Bound<T>);

/// Reading, alike in a snapshot and in the writer's transaction.
pub(super) trait Look {
    /// The bytes under a key.
    fn bytes<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, Trouble>;

    /// Visits the rows of a range, in order or backwards.
    fn walk<'a, K: Key + 'static>(
        &self,
        table: Def<K>,
        range: Span<K::SelfType<'a>>,
        backwards: bool,
        visit: &mut Visit<'_, K>,
    ) -> Result<(), Trouble>;

    /// The value under a key.
    fn get<V: DeserializeOwned, K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<V>, Trouble> {
        self.bytes(table, key)?
            .map(|bytes| decode(table.name(), &bytes))
            .transpose()
    }

    /// All values of a range, at most `limit`.
    fn values<'a, V: DeserializeOwned, K: Key + 'static>(
        &self,
        table: Def<K>,
        range: Span<K::SelfType<'a>>,
        limit: usize,
    ) -> Result<Vec<V>, Trouble> {
        let mut values = Vec::new();
        if limit == 0 {
            return Ok(values);
        }
        self.walk(table, range, false, &mut |_, bytes| {
            values.push(decode(table.name(), bytes)?);
            Ok(go_on(values.len() < limit))
        })?;
        Ok(values)
    }
}

/// Whether a walk goes on.
pub(super) fn go_on(more: bool) -> Next {
    if more {
        Next::Continue(())
    } else {
        Next::Break(())
    }
}

/// The range of all rows.
pub(super) const fn all<T>() -> Span<T> {
    (Bound::Unbounded, Bound::Unbounded)
}

/// The range of the rows whose key begins with a record's number.
pub(super) fn of<'a>(id: RecordId) -> Span<(u64, &'a str)> {
    (Bound::Included((id.0, "")), Bound::Excluded((id.0 + 1, "")))
}

fn bytes_in<K: Key + 'static>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'_>,
) -> Result<Option<Vec<u8>>, Trouble> {
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

fn walk_in<'a, K: Key + 'static>(
    table: &impl ReadableTable<K, &'static [u8]>,
    range: Span<K::SelfType<'a>>,
    backwards: bool,
    visit: &mut Visit<'_, K>,
) -> Result<(), Trouble> {
    let mut rows = table.range::<K::SelfType<'a>>(range)?;
    while let Some(row) = if backwards {
        rows.next_back()
    } else {
        rows.next()
    } {
        let (key, value) = row?;
        if visit(key.value(), value.value())?.is_break() {
            break;
        }
    }
    Ok(())
}

impl Look for ReadTransaction {
    fn bytes<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let table: ReadOnlyTable<K, &'static [u8]> = self.open_table(table)?;
        bytes_in(&table, key)
    }

    fn walk<'a, K: Key + 'static>(
        &self,
        table: Def<K>,
        range: Span<K::SelfType<'a>>,
        backwards: bool,
        visit: &mut Visit<'_, K>,
    ) -> Result<(), Trouble> {
        walk_in(&self.open_table(table)?, range, backwards, visit)
    }
}

impl Look for WriteTransaction {
    fn bytes<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        bytes_in(&self.open_table(table)?, key)
    }

    fn walk<'a, K: Key + 'static>(
        &self,
        table: Def<K>,
        range: Span<K::SelfType<'a>>,
        backwards: bool,
        visit: &mut Visit<'_, K>,
    ) -> Result<(), Trouble> {
        walk_in(&self.open_table(table)?, range, backwards, visit)
    }
}

/// Writes a value.
pub(super) fn put<V: Serialize, K: Key + 'static>(
    txn: &WriteTransaction,
    table: Def<K>,
    key: K::SelfType<'_>,
    value: &V,
) -> Result<(), Trouble> {
    let bytes = encode(value)?;
    txn.open_table(table)?.insert(key, bytes.as_slice())?;
    Ok(())
}

/// Deletes a row.
pub(super) fn delete<K: Key + 'static>(
    txn: &WriteTransaction,
    table: Def<K>,
    key: K::SelfType<'_>,
) -> Result<(), Trouble> {
    txn.open_table(table)?.remove(key)?;
    Ok(())
}
