//! Schedules and their folders.

use super::*;

#[tokio::test]
async fn a_schedule_keeps_its_limit_its_case_and_a_folder_of_its_own() {
    let bench = Bench::new();
    let ask = Edit {
        target: Target::Server,
        assignments: assignments(&[("schedule_limit", "2")]),
        expect_revision: None,
        dry_run: false,
    };
    bench.store.edit(ask, who("root")).await.unwrap();
    bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await;
    let first = bench.schedule(client.id, "daily").await;
    assert_eq!(first.folder, "abc/laptop/daily");
    let again = bench.schedule(client.id, "daily").await;
    assert_eq!(again.id, first.id);
    let new = |name: &str| NewSchedule {
        client: client.id,
        name: name.parse().unwrap(),
        location: "main".into(),
    };
    let refused = bench.store.create_schedule(new("Daily")).await.unwrap_err();
    assert!(matches!(refused, Refusal::NameTaken { .. }), "{refused:?}");
    bench.schedule(client.id, "weekly").await;
    let refused = bench
        .store
        .create_schedule(new("monthly"))
        .await
        .unwrap_err();
    assert_eq!(refused, Refusal::ScheduleLimit { limit: 2 });
    let gone = address("abc/laptop/daily");
    bench
        .store
        .remove_schedule(gone, who("root"))
        .await
        .unwrap();
    let second = bench.schedule(client.id, "daily").await;
    assert_eq!(second.folder, "abc/laptop/daily-2");
}

/// A schedule that isn't ready yet.
async fn begin(bench: &Bench, client: RecordId, name: &str) -> Arc<Schedule> {
    bench.main().await;
    let ask = NewSchedule {
        client,
        name: name.parse().unwrap(),
        location: "main".into(),
    };
    bench.store.create_schedule(ask).await.unwrap()
}

async fn another(
    bench: &Bench,
    schedule: &Schedule,
    taken: &str,
) -> Result<Arc<Schedule>, Refusal> {
    let name = schedule.name.clone();
    let store = &bench.store;
    store
        .another_folder(schedule.client, name, taken.into())
        .await
}

#[tokio::test]
async fn a_schedule_whose_folder_is_taken_on_the_disk_gets_the_next_number() {
    let mut bench = Bench::new();
    let abc = bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await.id;
    let second = bench.schedule(client, "daily-2").await;
    assert_eq!(second.folder, "abc/laptop/daily-2");
    let daily = begin(&bench, client, "daily").await;
    let moved = another(&bench, &daily, "abc/laptop/daily").await.unwrap();
    assert_eq!((moved.id, moved.ready), (daily.id, false));
    assert_eq!(
        moved.folder, "abc/laptop/daily-3",
        "another schedule has daily-2"
    );
    bench.reopen().await;
    let moved = another(&bench, &daily, &moved.folder).await.unwrap();
    assert_eq!(
        moved.folder, "abc/laptop/daily-4",
        "no folder is tried twice"
    );
    assert_eq!(*begin(&bench, client, "daily").await, *moved);
    let state = bench.state(abc, "laptop").await.unwrap();
    assert_eq!(state.schedules[&daily.name], moved);
    let third = begin(&bench, client, "daily-3").await;
    assert_eq!(
        third.folder, "abc/laptop/daily-3",
        "what wasn't used is free"
    );
}

#[tokio::test]
async fn a_schedule_leaves_a_taken_folder_once_and_stays_where_it_is_when_it_is_ready() {
    let bench = Bench::new();
    bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await.id;
    let daily = begin(&bench, client, "daily").await;
    let (one, two) = tokio::join!(
        another(&bench, &daily, "abc/laptop/daily"),
        another(&bench, &daily, "abc/laptop/daily"),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.folder, "abc/laptop/daily-2");
    assert_eq!(one, two);
    let name = daily.name.clone();
    bench.store.schedule_ready(client, name).await.unwrap();
    let ready = another(&bench, &daily, &one.folder).await.unwrap();
    assert!(ready.ready);
    assert_eq!(ready.folder, one.folder);
    let gone = address("abc/laptop/daily");
    bench
        .store
        .remove_schedule(gone, who("root"))
        .await
        .unwrap();
    let refused = another(&bench, &daily, &one.folder).await.unwrap_err();
    assert_eq!(refused, Refusal::ClientUnknown);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_on_a_location_that_was_forgotten_meanwhile() {
    let bench = Bench::new();
    bench.main().await;
    bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await;
    let ask = NewSchedule {
        client: client.id,
        name: "default".parse().unwrap(),
        location: "second".into(),
    };
    let refused = bench.store.create_schedule(ask).await;
    assert_eq!(refused.unwrap_err(), Refusal::LocationUnavailable);
    assert_eq!(bench.store.books().samples(), []);
}
