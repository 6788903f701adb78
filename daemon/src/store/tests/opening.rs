//! Opening: one at a time, every page checked, older formats brought forward.

use ciborium::{Value, into_writer};
use redb::{Database, Key, TableDefinition, WriteTransaction};
use serde::Serialize;

use super::super::audit::{Entry, Subject};
use super::super::schema::FORMAT;
use super::*;

#[tokio::test]
async fn a_second_daemon_on_the_same_records_is_refused_with_a_sentence() {
    let bench = Bench::new();
    let options = options(bench.dir.path(), &bench.clock, &bench.events);
    let refused = Store::open(options).unwrap_err().to_string();
    assert!(
        refused.contains("in use by another penstockd (process "),
        "{refused}"
    );
    assert!(bench.store.read(Reader::client_count).await.is_ok());
}

#[tokio::test]
async fn the_writer_ends_with_the_last_handle_and_frees_the_records() {
    let mut bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let options = options(bench.dir.path(), &bench.clock, &bench.events);
    let writer = bench.writer.take().unwrap();
    let Bench { dir, store, .. } = bench;
    let twin = store.clone();
    drop(store);
    drop(twin);
    writer.join();
    let (store, _writer) = Store::open(options).unwrap();
    assert!(store.tree().customers.get(&customer).is_some());
    drop(dir);
}

#[tokio::test]
async fn what_comes_after_the_close_is_answered_as_unavailable() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    bench.store.close().await;
    bench.store.close().await;
    let late = bench.edit("abc", &[("city", "Graz")]).await;
    assert!(matches!(late, Err(Rejected::Unavailable(_))));
    let late = bench.enrol(customer, "laptop").await;
    assert_eq!(late.unwrap_err(), Refusal::StoreUnavailable);
    assert!(bench.store.client(customer, &client_id("a")).await.is_err());
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("penstock.redb.new"), b"half of it").unwrap();
    let (clock, events) = (Clock::system(), Events::new());
    let (store, _writer) = Store::open(options(dir.path(), &clock, &events)).unwrap();
    assert!(store.tree().customer("default").is_some());
}

#[tokio::test]
async fn a_flipped_bit_is_never_served() {
    let mut bench = Bench::new();
    for number in 0..20 {
        bench.customer(&format!("Customer {number}"), &[]).await;
    }
    bench.store.close().await;
    bench.writer.take().unwrap().join();
    let expected = bench.store.tree();
    let path = bench.dir.path().join("penstock.redb");
    let good = std::fs::read(&path).unwrap();
    let mut refused = 0;
    // Every place where a name is or was written, and others spread over the file: the same in every run.
    let name = b"Customer 7";
    let names = (0..good.len()).filter(|at| good[*at..].starts_with(name));
    let spread = (0..40_usize).map(|round| round * 7919 * 61 % good.len());
    for at in names.chain(spread) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let options = options(bench.dir.path(), &bench.clock, &bench.events);
        match Store::open(options) {
            Ok((store, writer)) => {
                let tree = store.tree();
                assert_eq!(tree.server, expected.server, "byte {at}");
                assert_eq!(tree.customers, expected.customers, "byte {at}");
                store.close().await;
                writer.join();
            }
            Err(error) => {
                refused += 1;
                let sentence = error.to_string();
                assert!(
                    sentence.contains("penstock.redb can't be used"),
                    "{sentence}"
                );
            }
        }
    }
    assert!(refused > 0, "no flipped bit lay in a page in use");
}

/// Fields that records have since format 3.
const LATER: [&str; 10] = [
    "location",
    "space",
    "overcommit",
    "disk_reserve",
    "mcals",
    "mcal_prices",
    "drawn",
    "platform",
    "plugins",
    "paid",
];
const LATER_IN: [&str; 4] = ["server", "resellers", "customers", "clients"];

fn write<K: Key + 'static, V: Serialize>(
    txn: &WriteTransaction,
    table: &str,
    key: K::SelfType<'_>,
    value: &V,
) {
    let mut value = Value::serialized(value).unwrap();
    if let (true, Some(fields)) = (LATER_IN.contains(&table), value.as_map_mut()) {
        fields.retain(|(name, _)| !LATER.contains(&name.as_text().unwrap()));
    }
    let table: TableDefinition<'_, K, &'static [u8]> = TableDefinition::new(table);
    let mut bytes = Vec::new();
    into_writer(&value, &mut bytes).unwrap();
    let mut table = txn.open_table(table).unwrap();
    table.insert(key, bytes.as_slice()).unwrap();
}

/// A file as format 1 had it: no tables of folded ids, folders, last backups, refusals and the audit by record.
fn write_format_1(path: &std::path::Path) {
    let at: Timestamp = "2025-06-01T10:00:00Z".parse().unwrap();
    let database = Database::create(path).unwrap();
    let txn = database.begin_write().unwrap();
    for (name, value) in [
        ("format", 1_u64),
        ("commit", 9),
        ("next-id", 10),
        ("next-edit", 2),
        ("next-item", 1),
    ] {
        write::<&str, _>(&txn, "meta", name, &value);
    }
    let pass_key = penstock_policy::record::PassKey {
        secret: penstock_policy::record::Secret::new("psk_old".into()),
        until: None,
        uses_left: None,
    };
    let reseller = penstock_policy::record::Reseller::new(
        RecordId(1),
        "Default Reseller".parse().unwrap(),
        "default".parse().unwrap(),
    );
    let customer = penstock_policy::record::Customer::new(
        RecordId(2),
        RecordId(1),
        "Default Customer".parse().unwrap(),
        "default".parse().unwrap(),
        pass_key,
    );
    let enrolment = penstock_policy::record::Enrolment::Administrator;
    let client = Client::new(
        RecordId(5),
        RecordId(2),
        client_id("Laptop"),
        credential(1),
        at,
        enrolment,
    );
    let schedule = Schedule {
        id: RecordId(6),
        client: RecordId(5),
        name: "default".parse().unwrap(),
        location: "main".into(),
        folder: "default/Laptop/default".into(),
        ready: true,
        created: at,
    };
    write::<u64, _>(
        &txn,
        "server",
        0,
        &penstock_policy::record::Server::default(),
    );
    write::<u64, _>(&txn, "resellers", 1, &reseller);
    write::<u64, _>(&txn, "customers", 2, &customer);
    write::<u64, _>(&txn, "clients", 5, &client);
    write::<(u64, &str), _>(&txn, "client_ids", (2, "Laptop"), &5_u64);
    write::<u64, _>(&txn, "client_counts", 2, &1_u32);
    write::<(u64, &str), _>(&txn, "removed_ids", (2, "Gone"), &at);
    write::<(u64, &str), _>(&txn, "schedules", (5, "default"), &schedule);
    let later = at + jiff::SignedDuration::from_hours(24);
    write::<(u64, u64), _>(&txn, "sessions", (6, 1), &session(at, "backup"));
    write::<(u64, u64), _>(&txn, "sessions", (6, 2), &session(later, "backup"));
    let restored = later + jiff::SignedDuration::from_hours(1);
    write::<(u64, u64), _>(&txn, "sessions", (6, 3), &session(restored, "restore"));
    let entry = Entry {
        edit: 1,
        at,
        who: who("root"),
        verb: "client add".into(),
        record: "default/Laptop".into(),
        subjects: vec![Subject::Client(RecordId(5)), Subject::Customer(RecordId(2))],
        revision: None,
        changes: Vec::new(),
        previous: [0; 32],
    };
    let (hash, bytes) = entry.seal().unwrap();
    let audit: TableDefinition<'_, u64, &'static [u8]> = TableDefinition::new("audit");
    txn.open_table(audit)
        .unwrap()
        .insert(1, bytes.as_slice())
        .unwrap();
    write::<&str, _>(&txn, "meta", "audit-head", &hash);
    txn.commit().unwrap();
}

#[tokio::test]
async fn records_of_format_1_are_brought_forward() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("penstock.redb");
    write_format_1(&path);
    let (clock, events) = (Clock::system(), Events::new());
    let (store, writer) = Store::open(options(dir.path(), &clock, &events)).unwrap();
    let mut bench = Bench {
        dir,
        clock,
        events,
        store,
        writer: Some(writer),
    };
    for _ in 0..2 {
        let last = bench.store.read(|reader| reader.last_backup(RecordId(6)));
        let expected: Timestamp = "2025-06-02T10:00:00Z".parse().unwrap();
        assert_eq!(last.await.unwrap(), Some(expected));
        let filter = AuditFilter::Client(RecordId(5));
        let history = bench
            .store
            .read(move |reader| reader.audit(filter, None, None, 9));
        assert_eq!(history.await.unwrap().len(), 1);
        let refused = bench.clients("default", &["laptop"]).await.unwrap_err();
        assert!(matches!(refused, Rejected::Exists(_)));
        assert!(bench.store.read(Reader::refusals).await.unwrap().is_empty());
        let gone = client_id("gone");
        let removed = bench.store.removed(RecordId(2), &gone).await;
        assert!(removed.unwrap(), "in every spelling");
        bench.reopen().await;
    }
    let gone = address("default/laptop/default");
    let refused = bench.store.remove_schedule(gone, who("root")).await;
    assert!(
        matches!(refused, Err(Rejected::NotFound { .. })),
        "ids are compared exactly"
    );
    let gone = address("default/Laptop/default");
    bench
        .store
        .remove_schedule(gone, who("root"))
        .await
        .unwrap();
    let again = bench.schedule(RecordId(5), "default").await;
    assert_eq!(again.folder, "default/Laptop/default-2");
    assert_eq!(bench.verify().await, Ok(2));
    bench.charge(RecordId(5)).await.unwrap();
    assert_eq!(bench.bank().await.len(), 1);
}

#[tokio::test]
async fn records_of_a_newer_format_are_left_alone() {
    let mut bench = Bench::new();
    bench.store.close().await;
    bench.writer.take().unwrap().join();
    let path = bench.dir.path().join("penstock.redb");
    let database = Database::open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    write::<&str, _>(&txn, "meta", "format", &(FORMAT + 1));
    txn.commit().unwrap();
    drop(database);
    let options = options(bench.dir.path(), &bench.clock, &bench.events);
    let refused = Store::open(options).unwrap_err().to_string();
    let told = format!(
        "have format {}, and this penstockd knows formats up to {FORMAT}",
        FORMAT + 1
    );
    assert!(refused.contains(&told), "{refused}");
}
