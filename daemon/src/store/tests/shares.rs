//! No level gives more than it has, and what a record names is there.

use super::*;

fn reseller(name: &str) -> Target {
    Target::Reseller(name.into())
}

fn customer(name: &str) -> Target {
    Target::Customer(name.into())
}

fn client(name: &str) -> Target {
    Target::Client(address(name))
}

/// What refused it.
fn why(edited: Result<Edited, Rejected>) -> String {
    match edited.unwrap_err() {
        Rejected::Forbidden(why) => why,
        other => panic!("{other:?}"),
    }
}

/// North has 10 GiB, its customer ABC 6 GiB, and ABC's client pc 4 GiB, the server 20 GiB.
async fn tree() -> Bench {
    let bench = Bench::new();
    bench.server(&[("space", "20GiB")]).await.unwrap();
    let own = [("space", "10GiB")];
    bench.reseller("North", &own).await.unwrap();
    bench.customer("ABC", &[("space", "6GiB")]).await;
    let store = &bench.store;
    let moved = store.move_customer("abc".into(), "north".into(), who("root"));
    moved.await.unwrap();
    bench.client("abc", "pc").await;
    let own = [("space", "4GiB")];
    let edited = bench.edit_of(client("abc/pc"), &own, false).await;
    edited.unwrap();
    bench
}

#[tokio::test]
async fn at_every_step_more_than_there_is_is_refused_with_the_snapshot() {
    let bench = tree().await;
    let cases = [
        (
            client("abc/pc"),
            "7GiB",
            "customer abc has 6GiB allotted, and 7GiB would be allotted below it, 1GiB too much",
        ),
        (
            customer("abc"),
            "11GiB",
            "reseller north has 10GiB allotted, and 11GiB would be allotted below it, 1GiB too much",
        ),
        (
            customer("abc"),
            "3GiB",
            "customer abc has 3GiB allotted, and 4GiB would be allotted below it, 1GiB too much",
        ),
        (
            reseller("north"),
            "21GiB",
            "the server has 20GiB allotted, and 21GiB would be allotted below it, 1GiB too much",
        ),
        (
            reseller("north"),
            "5GiB",
            "reseller north has 5GiB allotted, and 6GiB would be allotted below it, 1GiB too much",
        ),
        (
            Target::Server,
            "9GiB",
            "the server has 9GiB allotted, and 10GiB would be allotted below it, 1GiB too much",
        ),
    ];
    let before = bench.store.tree();
    for (target, space, told) in cases {
        for dry_run in [true, false] {
            let fields = [("space", space)];
            let edited = bench.edit_of(target.clone(), &fields, dry_run);
            let why = why(edited.await);
            assert!(why.starts_with(told), "{why}");
            assert!(why.contains("overcommit"), "{why}");
        }
    }
    let after = bench.store.tree();
    assert_eq!(after.server, before.server);
    assert_eq!(after.customer("abc"), before.customer("abc"));
    assert_eq!(after.reseller("north"), before.reseller("north"));
}

#[tokio::test]
async fn what_fits_exactly_is_taken_and_unlimited_counts_nothing() {
    let bench = tree().await;
    for (target, space) in [
        (client("abc/pc"), "6GiB"),
        (customer("abc"), "10GiB"),
        (reseller("north"), "20GiB"),
        (client("abc/pc"), "unlimited"),
        (customer("abc"), "unlimited"),
        (reseller("north"), "0B"),
        (Target::Server, "0B"),
    ] {
        let edited = bench.edit_of(target, &[("space", space)], false).await;
        edited.unwrap();
    }
}

#[tokio::test]
async fn overcommit_lets_a_level_give_more_and_cannot_be_switched_off_while_it_does() {
    let bench = tree().await;
    let both = [("overcommit", "yes"), ("space", "1GiB")];
    bench.edit("abc", &both).await.unwrap();
    let edited = bench.edit_of(client("abc/pc"), &[("space", "9GiB")], false);
    edited.await.unwrap();
    let why = why(bench.edit("abc", &[("overcommit", "no")]).await);
    assert!(
        why.contains("1GiB allotted, and 9GiB would be allotted"),
        "{why}"
    );
    let wide = [("overcommit", "no"), ("space", "9GiB")];
    bench.edit("abc", &wide).await.unwrap();
}

#[tokio::test]
async fn what_is_over_already_refuses_no_edit_of_something_else() {
    let bench = tree().await;
    // Written past the rules, as records of an older version or another rule would have it.
    let over = |tx: &Tx| -> Result<(), Stop<Rejected>> {
        let tree = tx.tree();
        let mut customer = penstock_policy::record::Customer::clone(tree.find_customer("abc")?);
        customer.space = "1GiB".parse().unwrap();
        let mut north = penstock_policy::record::Reseller::clone(tree.find_reseller("north")?);
        north.space = "0B".parse().unwrap();
        tx.put_customer(&customer)?;
        Ok(tx.put_reseller(&north)?)
    };
    bench.store.decide(over).await.unwrap();
    let moved = [
        ("city", "Graz"),
        ("mcals", "5"),
        ("throttle", "8Mbit/s always"),
    ];
    bench.edit("abc", &moved).await.unwrap();
    let better = [("space", "3GiB")];
    let edited = bench.edit_of(client("abc/pc"), &better, false).await;
    edited.unwrap();
    let smaller = bench.edit("abc", &[("space", "512MiB")]).await;
    assert!(why(smaller).starts_with("customer abc has 512MiB"));
    let named = bench.edit_of(reseller("north"), &[("contact", "n@msp.example")], false);
    named.await.unwrap();
    let wider = bench.edit_of(reseller("north"), &[("space", "512MiB")], false);
    wider.await.unwrap();
}

#[tokio::test]
async fn whoever_is_added_moved_in_or_brought_back_has_to_fit_too() {
    let bench = tree().await;
    let root = || who("root");
    let too_much = bench.reseller("South", &[("space", "11GiB")]).await;
    assert!(why(too_much).starts_with("the server has 20GiB allotted, and 21GiB"));
    let small = [("space", "1GiB"), ("mcals", "3")];
    bench.reseller("South", &small).await.unwrap();
    let store = &bench.store;
    let moved = store.move_customer("abc".into(), "south".into(), root());
    assert!(why(moved.await).starts_with("reseller south has 1GiB"));

    let ask = |dry_run| AddCustomer {
        name: "DEF".into(),
        short: None,
        reseller: Some("north".into()),
        like: Some("abc".into()),
        assignments: Vec::new(),
        pass_key: "psk_def".into(),
        dry_run,
    };
    for dry_run in [true, false] {
        let why = why(store.add_customer(ask(dry_run), root()).await);
        assert!(why.starts_with("reseller north has 10GiB allotted, and 12GiB"));
    }

    let many = |space: &str| AddClients {
        customer: "abc".into(),
        clients: ["a", "b"].map(|id| (client_id(id), credential(1))).into(),
        if_missing: false,
        assignments: assignments(&[("space", space)]),
    };
    let added = store.add_clients(many("2GiB"), root()).await;
    let Err(Rejected::Forbidden(why_not)) = added else {
        panic!("{added:?}");
    };
    assert!(why_not.contains("8GiB would be allotted"), "{why_not}");
    store.add_clients(many("1GiB"), root()).await.unwrap();

    bench.customer("Tiny", &[("space", "3GiB")]).await;
    let moved = store.move_client(address("abc/pc"), "tiny".into(), root());
    assert!(why(moved.await).starts_with("customer tiny has 3GiB allotted, and 4GiB"));

    let removed = store.remove_client(address("abc/pc"), true, root()).await;
    let item = removed.unwrap().item;
    store.trash_settled(item).await.unwrap();
    bench.edit("abc", &[("space", "2GiB")]).await.unwrap();
    let back = store.trash_restore(item, root()).await;
    let Err(Rejected::Forbidden(why_not)) = back else {
        panic!("{back:?}");
    };
    assert!(why_not.starts_with("customer abc has 2GiB"), "{why_not}");
    bench.edit("abc", &[("space", "6GiB")]).await.unwrap();
    store.trash_restore(item, root()).await.unwrap();

    let removed = store.remove_customer("abc".into(), true, root()).await;
    let item = removed.unwrap().item;
    store.trash_settled(item).await.unwrap();
    let smaller = bench.edit_of(reseller("north"), &[("space", "5GiB")], false);
    smaller.await.unwrap();
    let back = store.trash_restore(item, root()).await;
    assert!(matches!(back, Err(Rejected::Forbidden(_))), "{back:?}");
    assert!(store.tree().customer("abc").is_none());
    let wider = bench.edit_of(reseller("north"), &[("space", "6GiB")], false);
    wider.await.unwrap();
    store.trash_restore(item, root()).await.unwrap();
    assert_eq!(
        store
            .tree()
            .clients(store.tree().customer("abc").unwrap().id),
        3
    );
}

#[tokio::test]
async fn customers_numbers_never_sum_up_to_more_than_their_resellers() {
    let bench = Bench::new();
    bench.reseller("North", &[("mcals", "10")]).await.unwrap();
    bench.reseller("South", &[("mcals", "2")]).await.unwrap();
    for name in ["A", "B"] {
        bench.customer(name, &[]).await;
        let moved = bench
            .store
            .move_customer(name.into(), "north".into(), who("root"));
        moved.await.unwrap();
    }
    bench.edit("a", &[("mcals", "7")]).await.unwrap();
    let too_many = bench.edit("b", &[("mcals", "4/month")]).await;
    assert_eq!(
        why(too_many),
        "reseller north has 10 MCALs allotted, and 11 would be allotted to its customers, 1 too many; raise its MCALs or \
         give fewer"
    );
    bench.edit("b", &[("mcals", "3/month")]).await.unwrap();
    let too_many = bench.edit("a", &[("mcals", "+1")]).await;
    assert!(why(too_many).contains("11 would be allotted"));
    for dry_run in [true, false] {
        let lower = bench.edit_of(reseller("north"), &[("mcals", "9")], dry_run);
        assert!(why(lower.await).starts_with("reseller north has 9 MCALs"));
    }
    let moved = bench
        .store
        .move_customer("b".into(), "south".into(), who("root"));
    assert!(why(moved.await).starts_with("reseller south has 2 MCALs"));
    let open = bench.edit_of(reseller("south"), &[("mcals", "Auto")], false);
    open.await.unwrap();
    let moved = bench
        .store
        .move_customer("b".into(), "south".into(), who("root"));
    moved.await.unwrap();
    let closed = bench.edit_of(reseller("south"), &[("mcals", "2")], false);
    assert!(why(closed.await).contains("3 would be allotted"));
}

#[tokio::test]
async fn a_location_that_is_not_recorded_cannot_be_named() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    bench.client("abc", "pc").await;
    let record = LocationRecord {
        name: "vault2".into(),
        path: "/srv/penstock/vault2".into(),
        id: "1".into(),
    };
    bench.store.record_location(record).await.unwrap();
    let targets = [
        Target::Server,
        reseller("default"),
        customer("abc"),
        client("abc/pc"),
    ];
    for target in targets {
        for dry_run in [true, false] {
            let edited = bench.edit_of(target.clone(), &[("location", "vault3")], dry_run);
            match edited.await {
                Err(Rejected::NotFound {
                    kind: "location",
                    nearest: Some(nearest),
                    ..
                }) => assert_eq!(nearest, "vault2"),
                other => panic!("{other:?}"),
            }
        }
        let edited = bench.edit_of(target, &[("location", "vault2")], false);
        edited.await.unwrap();
    }
    let ask = AddReseller {
        name: "North".into(),
        short: None,
        assignments: assignments(&[("location", "elsewhere")]),
        dry_run: true,
    };
    let added = bench.store.add_reseller(ask, who("root")).await;
    let Err(Rejected::Worded { text, no }) = added else {
        panic!("{added:?}");
    };
    assert_eq!(
        text,
        "there is no location \"elsewhere\"; add it first: penstockctl location add elsewhere PATH"
    );
    assert!(matches!(*no, Rejected::NotFound { nearest: None, .. }));
}

#[tokio::test]
async fn a_plugin_without_a_price_cannot_be_given_but_may_lose_its_price_later() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    bench.client("abc", "pc").await;
    for dry_run in [true, false] {
        let edited = bench.edit_of(client("abc/pc"), &[("plugins", "sql,oracle")], dry_run);
        let Err(Rejected::Invalid(why)) = edited.await else {
            panic!("taken");
        };
        assert!(why.contains("no plugin oracle"), "{why}");
        assert!(why.contains("exchange, mailbox, mysql, sql"), "{why}");
    }
    let ask = AddClients {
        customer: "abc".into(),
        clients: vec![(client_id("db"), credential(1))],
        if_missing: false,
        assignments: assignments(&[("plugins", "oracle")]),
    };
    let added = bench.store.add_clients(ask, who("root")).await;
    assert!(matches!(added, Err(Rejected::Invalid(_))), "{added:?}");
    let edited = bench.edit_of(client("abc/pc"), &[("plugins", "sql")], false);
    edited.await.unwrap();
    let prices = [("mcal_prices", "desktop=1 server=2")];
    bench.server(&prices).await.unwrap();
    let edited = bench.edit_of(client("abc/pc"), &[("platform", "server")], false);
    edited.await.unwrap();
}
