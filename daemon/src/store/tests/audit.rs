//! The chain of audit entries.

use redb::{Database, ReadableTable, TableDefinition};

use super::*;

const AUDIT: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("audit");

/// Ten entries, then one of them changed behind the store's back.
async fn tampered(number: u64, tamper: impl Fn(&mut Vec<u8>) -> bool) -> Result<u64, BrokenAt> {
    let mut bench = Bench::new();
    bench.customer("ABC", &[]).await;
    for number in 1..10 {
        bench
            .edit("abc", &[("phone", &number.to_string())])
            .await
            .unwrap();
    }
    assert_eq!(bench.verify().await, Ok(10));
    bench.store.close().await;
    bench.writer.take().unwrap().join();
    let database = Database::open(bench.dir.path().join("penstock.redb")).unwrap();
    let txn = database.begin_write().unwrap();
    {
        let mut table = txn.open_table(AUDIT).unwrap();
        let mut bytes = table.get(number).unwrap().unwrap().value().to_vec();
        if tamper(&mut bytes) {
            table.insert(number, bytes.as_slice()).unwrap();
        } else {
            table.remove(number).unwrap();
        }
    }
    txn.commit().unwrap();
    drop(database);
    let options = options(bench.dir.path(), &bench.clock, &bench.events);
    let (store, writer) = Store::open(options).unwrap();
    bench.store = store;
    bench.writer = Some(writer);
    bench.verify().await
}

#[tokio::test]
async fn a_changed_byte_is_found_wherever_it_is() {
    for place in [0, 31, 32, 40, 60, 100] {
        let broken = tampered(4, |bytes| {
            bytes[place] ^= 1;
            true
        });
        assert_eq!(broken.await.unwrap_err().edit, 4, "byte {place}");
    }
}

#[tokio::test]
async fn an_entry_rewritten_with_its_hash_breaks_the_next() {
    let broken = tampered(4, |bytes| {
        let (_, mut entry) = super::super::audit::Entry::read(bytes).unwrap();
        entry.who.user = "somebody else".into();
        *bytes = entry.seal().unwrap().1;
        true
    });
    assert_eq!(broken.await.unwrap_err().edit, 5);
}

#[tokio::test]
async fn a_missing_entry_is_found_also_when_it_was_the_newest() {
    assert_eq!(tampered(4, |_| false).await.unwrap_err().edit, 5);
    assert_eq!(tampered(10, |_| false).await.unwrap_err().edit, 10);
}

#[tokio::test]
async fn no_secret_reaches_the_audit_or_the_events() {
    let bench = Bench::new();
    let mut events = bench.events.subscribe();
    bench.customer("ABC", &[]).await;
    bench.client("abc", "laptop").await;
    let store = &bench.store;
    let secret = "psk_canary".to_owned();
    store
        .rotate_pass_key("abc".into(), secret, None, Some(3), who("root"))
        .await
        .unwrap();
    let argon2id = "$argon2id$canary".to_owned();
    let chosen = Credential::Chosen { argon2id };
    store
        .reset_password(address("abc/laptop"), chosen, who("root"))
        .await
        .unwrap();
    let entries = store
        .read(|reader| reader.audit(AuditFilter::All, None, None, 100))
        .await
        .unwrap();
    assert_eq!(entries.len(), 4);
    assert!(!format!("{entries:?}").contains("canary"));
    for entry in entries.iter().rev() {
        let event = events.recv().await.unwrap();
        assert_eq!(
            (&event.event[..], &event.address),
            ("edited", &entry.record)
        );
        assert!(!event.text.contains("canary"));
    }
}

#[tokio::test]
async fn a_customers_history_has_its_clients_and_nobody_elses() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[]).await;
    bench.customer("Other", &[]).await;
    let client = bench.client("abc", "laptop").await;
    bench.client("other", "laptop").await;
    let store = &bench.store;
    store
        .revoke_client(address("abc/laptop"), who("root"))
        .await
        .unwrap();
    let read = |filter, before| store.read(move |reader| reader.audit(filter, before, None, 2));
    let page = read(AuditFilter::Customer(abc), None).await.unwrap();
    let verbs: Vec<_> = page.iter().map(|entry| entry.verb.as_str()).collect();
    assert_eq!(verbs, ["client revoke", "client add"]);
    let next = read(AuditFilter::Customer(abc), Some(page[1].edit))
        .await
        .unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].verb, "customer add");
    let own = read(AuditFilter::Client(client.id), None).await.unwrap();
    assert_eq!(own.len(), 2);
}
