//! Edits, conflicts, undo.

use super::*;

#[tokio::test]
async fn the_first_start_has_the_default_reseller_and_customer() {
    let bench = Bench::new();
    let tree = bench.store.tree();
    let customer = tree.customer("Default Customer").unwrap();
    assert_eq!(customer.id, RecordId::DEFAULT_CUSTOMER);
    assert_eq!(customer.pass_key.secret.reveal(), "psk_default");
    let reseller = tree.reseller("default").unwrap();
    assert_eq!(reseller.id, RecordId::DEFAULT_RESELLER);
    let store = &bench.store;
    let refused = store
        .remove_customer("default".into(), true, who("root"))
        .await;
    assert!(matches!(refused, Err(Rejected::Forbidden(_))));
    let refused = store.remove_reseller("default".into(), who("root")).await;
    assert!(matches!(refused, Err(Rejected::Forbidden(_))));
}

#[tokio::test]
async fn acknowledged_edits_survive_a_restart() {
    let mut bench = Bench::new();
    let customer = bench.customer("ABC Inc.", &[("city", "Graz")]).await;
    bench.client("abc-inc", "laptop").await;
    for number in 0..50 {
        let phone = number.to_string();
        bench.edit("abc-inc", &[("phone", &phone)]).await.unwrap();
    }
    let before = bench.store.tree();
    bench.reopen().await;
    let after = bench.store.tree();
    assert_eq!(
        after.customers.get(&customer),
        before.customers.get(&customer)
    );
    assert_eq!(after.customer("abc inc.").unwrap().phone, "49");
    assert_eq!(after.clients(customer), 1);
    assert!(bench.state(customer, "laptop").await.is_some());
    assert_eq!(bench.verify().await, Ok(52));
    // Numbers go on where they were: nothing is used twice.
    let other = bench.customer("Other", &[]).await;
    assert!(other > customer);
}

#[tokio::test]
async fn an_edit_on_an_old_revision_is_shown_what_the_other_changed() {
    let bench = Bench::new();
    bench.customer("ABC", &[("city", "Graz")]).await;
    let edit = |fields: &[(&str, &str)]| Edit {
        target: Target::Customer("abc".into()),
        assignments: assignments(fields),
        expect_revision: Some(1),
        dry_run: false,
    };
    let store = &bench.store;
    let (one, two) = tokio::join!(
        store.edit(edit(&[("city", "Wien"), ("fax", "1")]), who("anna")),
        store.edit(edit(&[("city", "Linz")]), who("ben")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    let won = won.unwrap();
    assert_eq!(won.revision, 2);
    match lost.unwrap_err() {
        Rejected::Conflict {
            record,
            expected: 1,
            revision: 2,
            differences,
        } => {
            assert_eq!(record, "abc");
            assert_eq!(differences, won.changes);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn differences_are_from_the_oldest_value_to_the_newest() {
    let bench = Bench::new();
    bench
        .customer("ABC", &[("city", "Graz"), ("fax", "1")])
        .await;
    for city in ["Linz", "Wien"] {
        bench
            .edit("abc", &[("city", city), ("fax", city)])
            .await
            .unwrap();
    }
    bench.edit("abc", &[("fax", "1")]).await.unwrap();
    let ask = Edit {
        target: Target::Customer("abc".into()),
        assignments: assignments(&[("phone", "1")]),
        expect_revision: Some(1),
        dry_run: false,
    };
    let Err(Rejected::Conflict { differences, .. }) = bench.store.edit(ask, who("root")).await
    else {
        panic!("not a conflict");
    };
    assert_eq!(
        differences.len(),
        1,
        "the fax is what it was: {differences:?}"
    );
    assert_eq!(
        (&*differences[0].from, &*differences[0].to),
        ("Graz", "Wien")
    );
}

#[tokio::test]
async fn what_changes_nothing_or_is_only_shown_leaves_no_trace() {
    let bench = Bench::new();
    bench.customer("ABC", &[("city", "Graz")]).await;
    let nothing = bench.edit("abc", &[("city", "Graz")]).await.unwrap();
    assert_eq!((nothing.edit, nothing.revision), (None, 1));
    let ask = Edit {
        target: Target::Customer("abc".into()),
        assignments: assignments(&[("city", "Wien")]),
        expect_revision: None,
        dry_run: true,
    };
    let shown = bench.store.edit(ask, who("root")).await.unwrap();
    assert_eq!((shown.edit, shown.changes.len()), (None, 1));
    assert_eq!(bench.store.tree().customer("abc").unwrap().city, "Graz");
    assert_eq!(bench.entries("edit").await, 0);
}

#[tokio::test]
async fn undo_reverses_an_edit_and_can_be_undone() {
    let bench = Bench::new();
    bench.customer("ABC", &[("city", "Graz")]).await;
    let off = [("activated", "no"), ("reason", "unpaid"), ("city", "Wien")];
    let edited = bench.edit("abc", &off).await.unwrap();
    let store = &bench.store;
    let undone = store
        .undo(edited.edit.unwrap(), false, who("root"))
        .await
        .unwrap();
    assert_eq!(undone.revision, 3);
    let customer = store.tree().customer("abc").unwrap().clone();
    assert!(customer.activation.activated);
    assert_eq!(customer.city, "Graz");
    store
        .undo(undone.edit.unwrap(), false, who("root"))
        .await
        .unwrap();
    let customer = store.tree().customer("abc").unwrap().clone();
    assert_eq!(customer.activation.reason, "unpaid");
}

#[tokio::test]
async fn undo_is_refused_when_a_field_has_changed_since() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    let edited = bench.edit("abc", &[("city", "Wien")]).await.unwrap();
    bench.edit("abc", &[("city", "Linz")]).await.unwrap();
    let undone = bench
        .store
        .undo(edited.edit.unwrap(), false, who("root"))
        .await;
    match undone.unwrap_err() {
        Rejected::Conflict {
            expected: 2,
            revision: 3,
            differences,
            ..
        } => assert_eq!(differences[0].to, "Linz"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_edit_of_fields_is_undone_by_the_command_that_the_refusal_names() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    let refused = bench.store.undo(1, false, who("root")).await.unwrap_err();
    assert!(
        refused.to_string().contains("`customer remove`"),
        "{refused}"
    );
    let missing = bench.store.undo(99, false, who("root")).await.unwrap_err();
    assert!(matches!(missing, Rejected::NotFound { .. }));
}

#[tokio::test]
async fn a_mistyped_name_gets_the_nearest() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    bench.client("abc-inc", "laptop").await;
    let missing = bench.edit("abc-icn", &[]).await.unwrap_err();
    assert!(matches!(missing, Rejected::NotFound { nearest: Some(near), .. } if near == "abc-inc"));
    let missing = bench
        .store
        .resolve(address("abc-inc/latpop"))
        .await
        .unwrap_err();
    assert!(
        matches!(missing, Rejected::NotFound { nearest: Some(near), .. } if near == "abc-inc/laptop")
    );
}

#[tokio::test]
async fn a_customer_made_like_another_takes_over_its_rules_and_nothing_of_its_own() {
    let bench = Bench::new();
    let fields = [
        ("city", "Graz"),
        ("throttle", "8Mbit/s always"),
        ("maximum_client_limit", "7"),
        ("activated", "no"),
    ];
    bench.customer("ABC", &fields).await;
    let ask = AddCustomer {
        name: "New".into(),
        short: None,
        reseller: None,
        like: Some("abc".into()),
        assignments: assignments(&[("maximum_client_limit", "9")]),
        pass_key: "psk_new".into(),
        dry_run: false,
    };
    bench.store.add_customer(ask, who("root")).await.unwrap();
    let tree = bench.store.tree();
    let (old, new) = (tree.customer("abc").unwrap(), tree.customer("new").unwrap());
    assert_eq!(new.throttle, old.throttle);
    assert_eq!(new.maximum_client_limit, Some(9));
    assert_eq!((new.city.as_str(), new.activation.activated), ("", true));
    assert_eq!(new.pass_key.secret.reveal(), "psk_new");
    assert_eq!(new.revision, 1);
}

#[tokio::test]
async fn a_name_that_folds_to_a_customers_is_refused() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    for (name, short) in [("abc  inc.", "x"), ("X", "abc-inc"), ("ABC-Inc", "x")] {
        let ask = AddCustomer {
            name: name.into(),
            short: Some(short.into()),
            reseller: None,
            like: None,
            assignments: Vec::new(),
            pass_key: "psk_x".into(),
            dry_run: false,
        };
        let refused = bench.store.add_customer(ask, who("root")).await;
        assert!(
            matches!(refused, Err(Rejected::Exists(_))),
            "{name} {short}"
        );
    }
}

#[tokio::test]
async fn a_reseller_goes_when_its_last_customer_has_moved() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    let ask = AddReseller {
        name: "North".into(),
        short: None,
        assignments: Vec::new(),
        dry_run: false,
    };
    let store = &bench.store;
    store.add_reseller(ask, who("root")).await.unwrap();
    let moved = |to: &str| store.move_customer("abc".into(), to.into(), who("root"));
    assert!(moved("north").await.unwrap().edit.is_some());
    assert!(moved("north").await.unwrap().edit.is_none());
    let refused = store.remove_reseller("north".into(), who("root")).await;
    assert!(matches!(refused, Err(Rejected::Forbidden(_))));
    moved("default").await.unwrap();
    store
        .remove_reseller("north".into(), who("root"))
        .await
        .unwrap();
    assert!(store.tree().reseller("north").is_none());
}
