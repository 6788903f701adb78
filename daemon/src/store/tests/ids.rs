//! Which ids are free, blocked or in somebody's way.

use super::*;

const OPEN: [(&str, &str); 1] = [("automatically_add_clients", "yes")];

#[tokio::test]
async fn a_removed_id_is_blocked_in_every_spelling() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &OPEN).await;
    bench.enrol(customer, "laptop").await.unwrap();
    let store = &bench.store;
    let laptop = address("abc/laptop");
    store
        .remove_client(laptop, false, who("root"))
        .await
        .unwrap();
    for id in ["laptop", "LAPTOP", "Laptop"] {
        assert!(store.removed(customer, &client_id(id)).await.unwrap());
        let refused = bench.enrol(customer, id).await.unwrap_err();
        assert_eq!(refused, Refusal::ClientRemoved, "{id}");
        let ask = register(customer, id, "psk_ABC", 1);
        let refused = store.register(ask).await.unwrap_err();
        assert_eq!(refused, Refusal::ClientRemoved, "{id}");
    }
    store
        .unblock_client(address("abc/Laptop"), who("root"))
        .await
        .unwrap();
    bench.enrol(customer, "LAPTOP").await.unwrap();
}

#[tokio::test]
async fn a_removed_client_is_blocked_where_it_was_before_it_was_moved_too() {
    let bench = Bench::new();
    let from = bench.customer("From", &OPEN).await;
    let to = bench.customer("To", &OPEN).await;
    bench.enrol(from, "laptop").await.unwrap();
    let store = &bench.store;
    store
        .move_client(address("from/laptop"), "to".into(), who("root"))
        .await
        .unwrap();
    let blocked = async || {
        for (customer, id) in [(from, "laptop"), (from, "LAPTOP")] {
            let refused = bench.enrol(customer, id).await.unwrap_err();
            assert_eq!(refused, Refusal::ClientRemoved, "{customer:?} {id}");
        }
    };
    let client = store
        .remove_client(address("to/laptop"), false, who("root"))
        .await
        .unwrap();
    blocked().await;
    let refused = bench.enrol(to, "laptop").await.unwrap_err();
    assert_eq!(refused, Refusal::ClientRemoved);

    store.trash_settled(client.item).await.unwrap();
    store.trash_restore(client.item, who("root")).await.unwrap();
    let back = bench.state(from, "laptop").await.unwrap();
    assert_eq!(back.client.as_ref().unwrap().customer, to);
    assert!(!store.removed(from, &client_id("LAPTOP")).await.unwrap());

    store
        .remove_customer("to".into(), true, who("root"))
        .await
        .unwrap();
    blocked().await;
}

#[tokio::test]
async fn what_is_asked_before_hashing_is_what_the_transaction_says() {
    let bench = Bench::new();
    let limits = [OPEN[0], ("maximum_client_limit", "2")];
    let customer = bench.customer("ABC", &limits).await;
    let default = RecordId::DEFAULT_CUSTOMER;
    let store = &bench.store;
    let ask = Edit {
        target: Target::Customer("default".into()),
        assignments: assignments(&OPEN),
        expect_revision: None,
        dry_run: false,
    };
    store.edit(ask, who("root")).await.unwrap();
    bench.clients("abc", &["Laptop", "gone"]).await.unwrap();
    store
        .remove_client(address("abc/gone"), false, who("root"))
        .await
        .unwrap();
    for (customer, id, code) in [
        (customer, "Gone", "client-removed"),
        (customer, "LAPTOP", "name-taken"),
        (default, "ABC", "name-taken"),
    ] {
        let possible = store.enrol_possible(customer, &client_id(id)).await;
        assert_eq!(possible.as_ref().unwrap_err().code(), code, "{id}");
        assert_eq!(
            possible.unwrap_err(),
            bench.enrol(customer, id).await.unwrap_err()
        );
    }
    let new = client_id("new");
    assert_eq!(store.enrol_possible(customer, &new).await, Ok(()));
    bench.enrol(customer, "new").await.unwrap();
    assert_eq!(
        store.enrol_possible(customer, &new).await,
        Ok(()),
        "its own password decides"
    );
    let full = store.enrol_possible(customer, &client_id("more")).await;
    assert!(matches!(full, Err(Refusal::ClientLimit { limit: 2, .. })));
}

#[tokio::test]
async fn a_stranger_does_not_read_who_has_the_name_it_wants() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &OPEN).await;
    bench.customer("Rival", &[]).await;
    bench.client("abc", "laptop").await;
    let store = &bench.store;
    store
        .move_client(address("abc/laptop"), "rival".into(), who("root"))
        .await
        .unwrap();
    let enrolled = bench.enrol(abc, "Laptop").await.unwrap_err();
    let ask = register(abc, "Laptop", "psk_ABC", 1);
    let registered = store.register(ask).await.unwrap_err();
    for refused in [enrolled, registered] {
        assert!(refused.cause().contains("moved to rival"), "{refused:?}");
        let sentence = refused.sentence();
        assert!(!sentence.contains("rival"), "{sentence}");
        assert!(!sentence.contains("laptop"), "{sentence}");
    }
}

#[tokio::test]
async fn a_client_that_an_unknown_customers_path_created_loses_that_tag_with_a_move() {
    let bench = Bench::new();
    let acme = bench.customer("Acme", &[]).await;
    let ask = Edit {
        target: Target::Customer("default".into()),
        assignments: assignments(&OPEN),
        expect_revision: None,
        dry_run: false,
    };
    let store = &bench.store;
    store.edit(ask, who("root")).await.unwrap();
    let ask = Enrol {
        customer: RecordId::DEFAULT_CUSTOMER,
        client_id: client_id("laptop"),
        tag: Some("acmee".into()),
        credential: credential(7),
        source: "192.0.2.1".into(),
    };
    store.enrol(ask).await.unwrap();
    store
        .move_client(address("default/laptop"), "acme".into(), who("root"))
        .await
        .unwrap();
    let state = bench.state(acme, "laptop").await.unwrap();
    let client = state.client.as_ref().unwrap();
    assert_eq!((client.customer, client.tag.as_deref()), (acme, None));
    let audit = |reader: &Reader| reader.audit(AuditFilter::All, None, None, 1);
    let entry = store.read(audit).await.unwrap().remove(0);
    let changed: Vec<_> = entry.changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(changed, ["customer", "tag"]);
}
