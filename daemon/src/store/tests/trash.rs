//! Moving, removing, bringing back.

use jiff::SignedDuration;

use super::*;

#[tokio::test]
async fn a_moved_client_keeps_its_folder_and_its_old_path() {
    let mut bench = Bench::new();
    let from = bench.customer("From", &[]).await;
    let to = bench.customer("To", &[("maximum_client_limit", "1")]).await;
    let client = bench.client("from", "laptop").await;
    bench.schedule(client.id, "default").await;
    let mut follow = bench
        .store
        .client(from, &client_id("laptop"))
        .await
        .unwrap()
        .unwrap();
    let moved = |bench: &Bench, address_of: &str, customer: &str| {
        let store = bench.store.clone();
        let (from, to) = (address(address_of), customer.to_owned());
        async move { store.move_client(from, to, who("root")).await }
    };
    moved(&bench, "from/laptop", "to").await.unwrap();
    let seen = follow.borrow_and_update().clone();
    assert_eq!(seen.client.as_ref().unwrap().customer, to);
    for _ in 0..2 {
        for customer in [from, to] {
            let state = bench.state(customer, "laptop").await.unwrap();
            assert_eq!(state.client.as_ref().unwrap().customer, to);
            let schedule = state.schedules.values().next().unwrap();
            assert_eq!(schedule.folder, "from/laptop/default");
        }
        bench.reopen().await;
    }
    let tree = bench.store.tree();
    assert_eq!((tree.clients(from), tree.clients(to)), (0, 1));
    let refused = bench.clients("from", &["LAPTOP"]).await.unwrap_err();
    assert!(refused.to_string().contains("moved to to"), "{refused}");
    bench.client("from", "other").await;
    let refused = moved(&bench, "from/other", "to").await.unwrap_err();
    assert!(matches!(
        refused,
        Rejected::Refused(Refusal::ClientLimit { .. })
    ));
    // Home again: by its old path, which is its own once more.
    moved(&bench, "from/laptop", "from").await.unwrap();
    let resolved = bench.store.resolve(address("to/laptop")).await.unwrap();
    assert_eq!(resolved.customer.id, from);
    let tree = bench.store.tree();
    assert_eq!((tree.clients(from), tree.clients(to)), (2, 0));
}

/// Everything of a client that a restore has to bring back.
async fn snapshot(bench: &Bench, customer: RecordId) -> impl PartialEq + std::fmt::Debug + use<> {
    let tree = bench.store.tree();
    let record = tree.customers.get(&customer).cloned();
    let count = tree.clients(customer);
    let stored = bench
        .store
        .read(move |reader| {
            let mut all = Vec::new();
            for client in reader.clients(Some(customer), None, 100)? {
                for schedule in reader.schedules(client.id)? {
                    let sessions = reader.sessions(schedule.id)?;
                    let last = reader.last_backup(schedule.id)?;
                    all.push((client.clone(), schedule, sessions, last));
                }
            }
            Ok(all)
        })
        .await
        .unwrap();
    (record, count, stored)
}

/// A customer with two clients, one of them moved in, and three schedules with sessions.
async fn furnished(bench: &Bench) -> RecordId {
    bench.customer("Other", &[]).await;
    let abc = bench
        .customer("ABC", &[("throttle", "8Mbit/s always")])
        .await;
    let laptop = bench.client("abc", "laptop").await;
    let desktop = bench.client("other", "desktop").await;
    let to_abc = bench
        .store
        .move_client(address("other/desktop"), "abc".into(), who("root"));
    to_abc.await.unwrap();
    for (client, name) in [
        (&laptop, "daily"),
        (&laptop, "weekly"),
        (&desktop, "default"),
    ] {
        bench.schedule(client.id, name).await;
        for hours in 0..32 {
            let at = bench.clock.wall() + SignedDuration::from_hours(hours);
            let ended = session(at, "backup");
            let schedule: ScheduleName = name.parse().unwrap();
            let store = &bench.store;
            store
                .session_ended(client.id, schedule, ended, Some(at))
                .await
                .unwrap();
        }
    }
    abc
}

#[tokio::test]
async fn what_comes_back_from_the_trash_is_exactly_what_was_removed() {
    let mut bench = Bench::new();
    let abc = furnished(&bench).await;
    let before = snapshot(&bench, abc).await;
    let store = bench.store.clone();
    let refused = store
        .remove_customer("abc".into(), false, who("root"))
        .await;
    assert!(matches!(refused, Err(Rejected::Forbidden(_))));
    let customer = store
        .remove_customer("abc".into(), true, who("root"))
        .await
        .unwrap();
    assert_eq!(customer.schedules.len(), 3);
    assert!(store.tree().customer("abc").is_none());
    let other = store.tree().customer("other").unwrap().id;
    assert!(bench.state(other, "desktop").await.is_none());
    assert!(bench.state(abc, "laptop").await.is_none());
    let early = store.trash_restore(customer.item, who("root")).await;
    assert!(
        matches!(early, Err(Rejected::Forbidden(_))),
        "its folders are on the way"
    );
    store.trash_settled(customer.item).await.unwrap();
    drop(store);

    bench.reopen().await;
    let store = bench.store.clone();
    let listed = store.read(Reader::trash).await.unwrap();
    assert_eq!(
        (listed[0].kind.as_str(), listed[0].schedules),
        ("customer", 3)
    );
    store
        .trash_restore(customer.item, who("root"))
        .await
        .unwrap();
    assert_eq!(snapshot(&bench, abc).await, before);
    assert!(
        bench.state(other, "desktop").await.is_some(),
        "its old path is back"
    );
    let pending = store.trash_pending().await.unwrap();
    assert_eq!(pending[0].state, TrashState::Restoring);
    store.trash_settled(customer.item).await.unwrap();
    assert!(store.trash_pending().await.unwrap().is_empty());
    assert!(store.read(Reader::trash).await.unwrap().is_empty());

    for removed in ["abc/laptop", "abc/desktop"] {
        let client = store
            .remove_client(address(removed), true, who("root"))
            .await
            .unwrap();
        store.trash_settled(client.item).await.unwrap();
        store.trash_restore(client.item, who("root")).await.unwrap();
        assert_eq!(snapshot(&bench, abc).await, before);
        let id = address(removed).client.unwrap();
        assert!(!store.removed(abc, &id).await.unwrap());
    }
    let removed = address("abc/laptop/daily");
    let schedule = store.remove_schedule(removed, who("root")).await.unwrap();
    store.trash_settled(schedule.item).await.unwrap();
    assert_ne!(snapshot(&bench, abc).await, before);
    store
        .trash_restore(schedule.item, who("root"))
        .await
        .unwrap();
    assert_eq!(snapshot(&bench, abc).await, before);
}

#[tokio::test]
async fn thirty_sessions_are_kept_and_the_newest_backup_counts() {
    let bench = Bench::new();
    let abc = furnished(&bench).await;
    let state = bench.state(abc, "laptop").await.unwrap();
    let schedule = state.schedules.values().next().unwrap().id;
    let old: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    bench.store.last_backup(schedule, old).await.unwrap();
    let (sessions, last) = bench
        .store
        .read(move |reader| Ok((reader.sessions(schedule)?, reader.last_backup(schedule)?)))
        .await
        .unwrap();
    assert_eq!(sessions.len(), 30);
    assert!(sessions[0].started > sessions[29].started);
    assert_eq!(last, Some(sessions[0].started));
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_is_not_taken_back() {
    let bench = Bench::new();
    let abc = furnished(&bench).await;
    let store = &bench.store;
    let client = store
        .remove_client(address("abc/laptop"), true, who("root"))
        .await
        .unwrap();
    store.trash_settled(client.item).await.unwrap();
    bench.client("abc", "Laptop").await;
    let refused = store.trash_restore(client.item, who("root")).await;
    assert!(matches!(refused, Err(Rejected::Exists(_))));
    assert!(bench.state(abc, "laptop").await.is_none());

    let customer = store
        .remove_customer("abc".into(), true, who("root"))
        .await
        .unwrap();
    store.trash_settled(customer.item).await.unwrap();
    bench.customer("Abc", &[]).await;
    let refused = store.trash_restore(customer.item, who("root")).await;
    assert!(matches!(refused, Err(Rejected::Exists(_))));
    let orphan = store.trash_restore(client.item, who("root")).await;
    assert!(matches!(orphan, Err(Rejected::Forbidden(_))));
}

#[tokio::test]
async fn the_trash_expires_and_frees_its_folders_when_they_are_deleted() {
    let bench = Bench::new();
    let abc = furnished(&bench).await;
    let store = &bench.store;
    let laptop = bench.state(abc, "laptop").await.unwrap();
    let laptop = laptop.client.clone().unwrap().id;
    let daily = address("abc/laptop/daily");
    let removed = store.remove_schedule(daily, who("root")).await.unwrap();
    let pending = store.trash_pending().await.unwrap();
    assert_eq!(pending[0].state, TrashState::Moving);
    let after = |days: i64| bench.clock.wall() + SignedDuration::from_hours(24 * days);
    assert!(
        store.trash_expired(after(31)).await.unwrap().is_empty(),
        "still moving"
    );
    store.trash_settled(removed.item).await.unwrap();
    assert!(store.trash_expired(after(29)).await.unwrap().is_empty());
    assert_eq!(
        store.trash_expired(after(31)).await.unwrap(),
        [removed.item]
    );
    assert!(
        store.trash_gone(removed.item).await.is_err(),
        "nobody emptied it"
    );
    store
        .trash_empty(removed.item, who("penstockd"))
        .await
        .unwrap();
    assert!(
        store
            .trash_restore(removed.item, who("root"))
            .await
            .is_err()
    );
    store.trash_gone(removed.item).await.unwrap();
    let again = bench.schedule(laptop, "daily").await;
    assert_eq!(again.folder, "abc/laptop/daily");
    let missing = store.trash_gone(removed.item).await.unwrap_err();
    assert!(matches!(missing, Rejected::NotFound { .. }));
}
