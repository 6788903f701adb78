//! What is published is what is stored.

use redb::Key;

use super::super::cache::ABSENT;
use super::super::schema::{Def, Look, Span, Visit};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_never_served_as_it_was_before_an_answered_edit() {
    let bench = Arc::new(Bench::new());
    let customer = bench.customer("ABC", &[]).await;
    for round in 0..40 {
        let id = format!("c{round}");
        bench.client("abc", &id).await;
        // Readers that race with the edits to be the first to publish the client.
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (bench, id) = (bench.clone(), id.clone());
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let _ = bench.state(customer, &id).await;
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for revision in 2..6 {
            let ask = Edit {
                target: Target::Client(address(&format!("abc/{id}"))),
                assignments: assignments(&[(
                    "activated",
                    if revision % 2 == 0 { "no" } else { "yes" },
                )]),
                expect_revision: None,
                dry_run: false,
            };
            bench.store.edit(ask, who("root")).await.unwrap();
            let state = bench.state(customer, &id).await.unwrap();
            assert_eq!(state.client.as_ref().unwrap().revision, revision);
        }
        for reader in readers {
            reader.await.unwrap();
        }
        let gone = address(&format!("abc/{id}"));
        bench
            .store
            .remove_client(gone, false, who("root"))
            .await
            .unwrap();
        assert!(bench.state(customer, &id).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_never_missing_once_its_coming_was_answered() {
    let bench = Arc::new(Bench::new());
    let open = [("automatically_add_clients", "yes")];
    let customer = bench.customer("ABC", &open).await;
    for round in 0..40 {
        let id = format!("c{round}");
        // Guessers that race with the client to be the first to learn that it isn't there.
        let guessers: Vec<_> = (0..4)
            .map(|_| {
                let (bench, id) = (bench.clone(), id.clone());
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let _ = bench.state(customer, &id).await;
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        bench.enrol(customer, &id).await.unwrap();
        assert!(bench.state(customer, &id).await.is_some(), "{id}");
        for guesser in guessers {
            guesser.await.unwrap();
        }
        let gone = address(&format!("abc/{id}"));
        let store = &bench.store;
        store.remove_client(gone, false, who("root")).await.unwrap();
        assert!(store.removed(customer, &client_id(&id)).await.unwrap());
    }
}

#[tokio::test]
async fn an_id_that_leads_to_nobody_is_read_once_and_again_when_that_changes() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[]).await;
    let other = bench.customer("Other", &[]).await;
    let store = &bench.store;
    let ids = ["laptop", "Laptop", "LAPTOP"].map(client_id);
    // What all spellings lead to: asked of the store, then of what it keeps, which must say the same.
    let answers = async |customer: RecordId| {
        let mut answers = Vec::new();
        for id in &ids {
            let asked = store.find(customer, id).await.unwrap();
            let kept = store.cache.get(customer, id).unwrap();
            let asked = (asked.state.is_some(), asked.removed);
            assert_eq!((kept.state.is_some(), kept.removed), asked, "{id}");
            answers.push(asked);
        }
        answers
    };
    let (nobody, blocked, there) = ((false, false), (false, true), (true, false));
    assert_eq!(answers(abc).await, [nobody; 3]);
    assert_eq!(answers(other).await, [nobody; 3]);
    bench.client("abc", "laptop").await;
    assert_eq!(answers(abc).await, [there, nobody, nobody]);
    let root = || who("root");
    let at = |text: &str| address(text);
    let moved = store.move_client(at("abc/laptop"), "other".into(), root());
    moved.await.unwrap();
    assert_eq!(answers(other).await, [there, nobody, nobody]);
    let removed = store.remove_client(at("other/laptop"), false, root());
    let removed = removed.await.unwrap();
    assert_eq!(answers(abc).await, [blocked; 3]);
    assert_eq!(answers(other).await, [blocked; 3]);
    let unblocked = store.unblock_client(at("abc/LAPTOP"), root());
    unblocked.await.unwrap();
    assert_eq!(answers(abc).await, [nobody; 3]);
    store.trash_settled(removed.item).await.unwrap();
    store.trash_restore(removed.item, root()).await.unwrap();
    assert_eq!(answers(abc).await, [there, nobody, nobody]);
    assert_eq!(answers(other).await, [there, nobody, nobody]);
}

/// Records in which nothing is.
struct Nothing;

impl Look for Nothing {
    fn bytes<K: Key + 'static>(
        &self,
        _: Def<K>,
        _: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(None)
    }

    fn walk<'a, K: Key + 'static>(
        &self,
        _: Def<K>,
        _: Span<K::SelfType<'a>>,
        _: bool,
        _: &mut Visit<'_, K>,
    ) -> Result<(), Trouble> {
        Ok(())
    }
}

#[tokio::test]
async fn guesses_fill_no_more_than_their_own_room() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    bench.client("abc", "laptop").await;
    bench.state(customer, "laptop").await.unwrap();
    let cache = &bench.store.cache;
    for number in 0..ABSENT * 2 + 1 {
        let id = client_id(&format!("guess{number}"));
        cache.load(customer, &id, || Ok(Nothing)).unwrap();
        assert!(cache.get(customer, &id).is_some());
        assert!(cache.nobodies() <= ABSENT, "{number}");
    }
    assert_eq!(cache.nobodies(), 1);
    let laptop = cache.get(customer, &client_id("laptop")).unwrap();
    assert!(laptop.state.is_some());
}

#[tokio::test]
async fn whoever_follows_a_client_sees_it_revoked_and_removed() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    bench.client("abc", "laptop").await;
    let id = client_id("laptop");
    let mut follow = bench.store.client(customer, &id).await.unwrap().unwrap();
    follow.mark_unchanged();
    let laptop = address("abc/laptop");
    let store = &bench.store;
    store
        .revoke_client(laptop.clone(), who("root"))
        .await
        .unwrap();
    assert!(follow.has_changed().unwrap());
    let state = follow.borrow_and_update().clone();
    assert!(state.client.as_ref().unwrap().revoked.is_some());
    store
        .reset_password(laptop.clone(), credential(9), who("root"))
        .await
        .unwrap();
    let state = follow.borrow_and_update().clone();
    assert_eq!(state.client.as_ref().unwrap().revoked, None);
    store
        .remove_client(laptop, false, who("root"))
        .await
        .unwrap();
    assert!(follow.borrow_and_update().client.is_none());
}

#[tokio::test]
async fn a_schedule_is_published_when_it_is_made_and_when_it_is_ready() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await;
    assert!(
        bench
            .state(customer, "laptop")
            .await
            .unwrap()
            .schedules
            .is_empty()
    );
    bench.main().await;
    let name: ScheduleName = "default".parse().unwrap();
    let ask = NewSchedule {
        client: client.id,
        name: name.clone(),
        location: "main".into(),
    };
    bench.store.create_schedule(ask).await.unwrap();
    let state = bench.state(customer, "laptop").await.unwrap();
    assert!(!state.schedules[&name].ready);
    bench
        .store
        .schedule_ready(client.id, name.clone())
        .await
        .unwrap();
    let state = bench.state(customer, "laptop").await.unwrap();
    assert!(state.schedules[&name].ready);
}

#[tokio::test]
async fn the_tree_is_published_before_the_edit_is_answered() {
    let bench = Bench::new();
    let mut follow = bench.store.follow();
    bench.customer("ABC", &[]).await;
    for city in ["Graz", "Wien", "Linz"] {
        bench.edit("abc", &[("city", city)]).await.unwrap();
        let seen = follow.borrow_and_update().clone();
        assert_eq!(seen.customer("abc").unwrap().city, city);
    }
}

#[tokio::test]
async fn saved_refusals_are_there_after_a_restart() {
    let mut bench = Bench::new();
    let at = bench.clock.wall();
    let row = |reference: &str, count| penstock_wire::view::RefusalView {
        reference: reference.into(),
        code: "client-limit".into(),
        customer: "abc".into(),
        client: "laptop".into(),
        source: "192.0.2.1".into(),
        first: at,
        last: at,
        count,
        sentence: "no".into(),
        cause: "no".into(),
    };
    let rows = vec![row("7F3K", 1), row("7F3M", 1)];
    bench.store.save_refusals(rows, Vec::new()).await.unwrap();
    let (rows, gone) = (vec![row("7F3K", 2)], vec!["7F3M".to_owned()]);
    bench.store.save_refusals(rows, gone).await.unwrap();
    bench.reopen().await;
    let rows = bench.store.read(Reader::refusals).await.unwrap();
    assert_eq!(rows, [row("7F3K", 2)]);
}

#[tokio::test]
async fn a_list_of_clients_goes_on_where_the_page_ended() {
    let bench = Bench::new();
    for customer in ["A", "B"] {
        bench.customer(customer, &[]).await;
        bench
            .clients(customer, &["one", "three", "two"])
            .await
            .unwrap();
    }
    let mut seen: Vec<String> = Vec::new();
    let mut after = None;
    loop {
        let from = after.clone();
        let read = move |reader: &Reader| reader.clients(None, from.as_ref(), 4);
        let page = bench.store.read(read).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.customer, last.client_id.clone()));
        seen.extend(page.iter().map(|client| client.client_id.to_string()));
    }
    assert_eq!(seen, ["one", "three", "two", "one", "three", "two"]);
}
