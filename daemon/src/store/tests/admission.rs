//! Slots, ids and names.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_unknown_clients_on_five_free_slots_give_five() {
    let bench = Arc::new(Bench::new());
    let limits = [
        ("automatically_add_clients", "yes"),
        ("maximum_client_limit", "5"),
    ];
    let customer = bench.customer("ABC Inc.", &limits).await;
    let tasks: Vec<_> = (0..1000)
        .map(|number| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.enrol(customer, &format!("c{number}")).await })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Enrolled::New(_)) => new += 1,
            Err(Refusal::ClientLimit { limit: 5, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(new, 5);
    assert_eq!(bench.entries("client enrol").await, 5);
    assert_eq!(bench.store.tree().clients(customer), 5);
    let stored = bench.store.read(Reader::client_count).await.unwrap();
    assert_eq!(stored, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_requests_of_one_client_give_one() {
    let bench = Arc::new(Bench::new());
    let limits = [("automatically_add_clients", "yes")];
    let customer = bench.customer("ABC Inc.", &limits).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.enrol(customer, "laptop").await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(matches!(task.await.unwrap(), Enrolled::New(_)));
    }
    assert_eq!(new, 1);
    assert_eq!(bench.entries("client enrol").await, 1);
}

#[tokio::test]
async fn nobody_is_added_automatically_unless_customer_and_reseller_say_so() {
    let bench = Bench::new();
    let closed = bench.customer("Closed", &[]).await;
    let refused = bench.enrol(closed, "laptop").await.unwrap_err();
    assert_eq!(refused, Refusal::ClientUnknown);
    let open = [("automatically_add_clients", "yes")];
    let open = bench.customer("Open", &open).await;
    assert!(bench.enrol(open, "laptop").await.is_ok());
    let ask = Edit {
        target: Target::Reseller("default".into()),
        assignments: assignments(&[("automatically_add_clients", "no")]),
        expect_revision: None,
        dry_run: false,
    };
    bench.store.edit(ask, who("root")).await.unwrap();
    let refused = bench.enrol(open, "desktop").await.unwrap_err();
    assert_eq!(refused, Refusal::ClientUnknown);
}

#[tokio::test]
async fn an_id_that_differs_only_by_case_is_refused_by_every_way_in() {
    let bench = Bench::new();
    let open = [("automatically_add_clients", "yes")];
    let customer = bench.customer("ABC", &open).await;
    bench.client("abc", "Laptop").await;
    let refused = bench.enrol(customer, "laptop").await.unwrap_err();
    assert!(matches!(refused, Refusal::NameTaken { .. }), "{refused:?}");
    let refused = bench.clients("abc", &["LAPTOP"]).await.unwrap_err();
    assert!(matches!(refused, Rejected::Exists(_)), "{refused:?}");
    let refused = bench.clients("abc", &["new", "New"]).await.unwrap_err();
    assert!(matches!(refused, Rejected::Exists(_)), "{refused:?}");
    let other = bench.customer("Other", &[]).await;
    bench.client("other", "laptop").await;
    assert_eq!(bench.store.tree().clients(other), 1);
    let refused = bench
        .store
        .move_client(address("other/laptop"), "abc".into(), who("root"))
        .await
        .unwrap_err();
    assert!(matches!(refused, Rejected::Exists(_)), "{refused:?}");
}

#[tokio::test]
async fn a_customer_and_a_client_of_the_default_customer_never_share_a_name() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let refused = bench.clients("default", &["ABC-Inc"]).await.unwrap_err();
    assert!(matches!(refused, Rejected::Exists(_)), "{refused:?}");
    bench.client("default", "Acme").await;
    let ask = AddCustomer {
        name: "ACME".into(),
        short: Some("other".into()),
        reseller: None,
        like: None,
        assignments: Vec::new(),
        pass_key: "psk_x".into(),
        dry_run: false,
    };
    let refused = bench
        .store
        .add_customer(ask, who("root"))
        .await
        .unwrap_err();
    assert!(matches!(refused, Rejected::Exists(_)), "{refused:?}");
}

#[tokio::test]
async fn a_batch_that_does_not_fit_adds_nobody() {
    let bench = Bench::new();
    let customer = bench
        .customer("ABC", &[("maximum_client_limit", "2")])
        .await;
    let refused = bench.clients("abc", &["a", "b", "c"]).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Rejected::Refused(Refusal::ClientLimit { limit: 2, .. })
        ),
        "{refused:?}"
    );
    assert_eq!(bench.store.tree().clients(customer), 0);
    assert!(bench.state(customer, "a").await.is_none());
    bench.clients("abc", &["a", "b"]).await.unwrap();
    assert_eq!(bench.store.tree().clients(customer), 2);
}

#[tokio::test]
async fn a_removed_id_stays_blocked_until_an_administrator_adds_it() {
    let bench = Bench::new();
    let open = [("automatically_add_clients", "yes")];
    let customer = bench.customer("ABC", &open).await;
    bench.enrol(customer, "laptop").await.unwrap();
    let removed = bench
        .store
        .remove_client(address("abc/laptop"), false, who("root"))
        .await
        .unwrap();
    assert_eq!(removed.address, "abc/laptop");
    assert!(bench.state(customer, "laptop").await.is_none());
    let id = client_id("laptop");
    assert!(bench.store.removed(customer, &id).await.unwrap());
    let refused = bench.enrol(customer, "laptop").await.unwrap_err();
    assert_eq!(refused, Refusal::ClientRemoved);
    let refused = bench
        .store
        .register(register(customer, "laptop", "psk_ABC", 1))
        .await;
    assert_eq!(refused.unwrap_err(), Refusal::ClientRemoved);
    bench.client("abc", "laptop").await;
    assert!(!bench.store.removed(customer, &id).await.unwrap());
    assert!(bench.state(customer, "laptop").await.is_some());
}

#[tokio::test]
async fn an_unblocked_id_comes_in_again_by_itself() {
    let bench = Bench::new();
    let open = [("automatically_add_clients", "yes")];
    let customer = bench.customer("ABC", &open).await;
    bench.enrol(customer, "laptop").await.unwrap();
    let laptop = address("abc/laptop");
    let store = &bench.store;
    store
        .remove_client(laptop.clone(), false, who("root"))
        .await
        .unwrap();
    let edited = store
        .unblock_client(laptop.clone(), who("root"))
        .await
        .unwrap();
    assert!(edited.edit.is_some());
    bench.enrol(customer, "laptop").await.unwrap();
    let nothing = store.unblock_client(laptop, who("root")).await.unwrap();
    assert_eq!(nothing.edit, None);
}
