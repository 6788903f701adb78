//! What is used survives a stop and a crash, and says which of the two it was.

use super::*;

/// Opens the records as they are on the disk now, as after a crash.
fn crashed(bench: &Bench) -> (TempDir, Store, Writer) {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(bench.dir.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let options = options(copy.path(), &bench.clock, &bench.events);
    let (store, writer) = Store::open(options).unwrap();
    (copy, store, writer)
}

async fn laptop(bench: &Bench) -> Arc<Schedule> {
    bench.customer("ABC Inc.", &[]).await;
    let client = bench.client("abc-inc", "laptop").await;
    bench.schedule(client.id, "default").await
}

async fn upload(bench: &Bench, schedule: &Schedule, bytes: u64) {
    let mut work = bench.store.work(schedule.id, false).await.unwrap();
    work.reserve(bytes, |_| Ok(())).unwrap();
    work.stored();
}

#[tokio::test]
async fn a_new_schedule_uses_nothing_and_is_not_counted() {
    let mut bench = Bench::new();
    let schedule = laptop(&bench).await;
    bench.reopen().await;
    let (sum, counting) = bench.store.books().schedule(schedule.id);
    assert_eq!((sum.used, counting), (0, false));
}

#[tokio::test]
async fn an_orderly_close_leaves_nothing_to_be_counted() {
    let mut bench = Bench::new();
    let schedule = laptop(&bench).await;
    upload(&bench, &schedule, 700).await;
    bench.store.keep_used().await.unwrap();
    bench.reopen().await;
    let (sum, counting) = bench.store.books().schedule(schedule.id);
    assert_eq!((sum.used, counting), (700, false));
    assert_eq!(bench.store.books().server().used, 700);
    assert!(bench.store.uncounted().await.unwrap().is_empty());
}

#[tokio::test]
async fn after_a_crash_between_the_mark_and_the_keeping_it_is_counted() {
    let bench = Bench::new();
    let schedule = laptop(&bench).await;
    upload(&bench, &schedule, 700).await;
    let (_folder, store, _writer) = crashed(&bench);
    let uncounted = store.uncounted().await.unwrap();
    assert_eq!(uncounted.len(), 1);
    assert_eq!(uncounted[0].schedule.id, schedule.id);
    assert_eq!(uncounted[0].trash, None);
    let refused = store.work(schedule.id, false).await.unwrap_err();
    assert_eq!(refused, Refusal::Recounting);
    let count = store.count_last(schedule.id).await.unwrap();
    count.counted(700, 700);
    store.work(schedule.id, false).await.unwrap();
}

#[tokio::test]
async fn what_is_being_written_while_figures_are_kept_is_counted_after_a_crash() {
    let bench = Bench::new();
    let schedule = laptop(&bench).await;
    let work = bench.store.work(schedule.id, false).await.unwrap();
    bench.store.keep_used().await.unwrap();
    let (_folder, store, _writer) = crashed(&bench);
    assert_eq!(store.books().uncounted(), [schedule.id]);
    drop(work);
}

#[tokio::test]
async fn whoever_works_after_figures_were_kept_marks_them_again() {
    let bench = Bench::new();
    let schedule = laptop(&bench).await;
    upload(&bench, &schedule, 700).await;
    bench.store.keep_used().await.unwrap();
    let (_folder, store, _writer) = crashed(&bench);
    assert!(store.books().uncounted().is_empty());
    upload(&bench, &schedule, 50).await;
    let (_folder, store, _writer) = crashed(&bench);
    assert_eq!(store.books().uncounted(), [schedule.id]);
}

#[tokio::test]
async fn who_goes_away_while_marking_leaves_nothing_to_be_counted() {
    let mut bench = Bench::new();
    let schedule = laptop(&bench).await;
    for _ in 0..20 {
        let marking = bench.store.work(schedule.id, false);
        tokio::select! {
            biased;
            _ = marking => panic!("a commit takes longer than a look"),
            () = tokio::task::yield_now() => {}
        }
        bench.store.keep_used().await.unwrap();
    }
    // The last mark was queued before this.
    bench.store.keep_used().await.unwrap();
    bench.reopen().await;
    assert!(bench.store.books().uncounted().is_empty());
}

#[tokio::test]
async fn what_lies_in_the_trash_is_found_there_to_be_counted() {
    let bench = Bench::new();
    let schedule = laptop(&bench).await;
    upload(&bench, &schedule, 700).await;
    let removed = bench
        .store
        .remove_client(address("abc-inc/laptop"), true, who("root"))
        .await
        .unwrap();
    assert_eq!(bench.store.books().trash(), 700);
    let (_folder, store, _writer) = crashed(&bench);
    let uncounted = store.uncounted().await.unwrap();
    assert_eq!(uncounted[0].trash, Some(removed.item));
}

#[tokio::test(start_paused = true)]
async fn what_is_being_brought_back_from_the_trash_is_its_clients_again_after_a_restart() {
    let mut bench = Bench::new();
    bench.customer("ABC", &[]).await;
    let client = bench.client("abc", "laptop").await;
    let schedule = bench.schedule(client.id, "default").await;
    let mut work = bench.store.work(schedule.id, false).await.unwrap();
    work.reserve(700, |_| Ok(())).unwrap();
    work.stored();
    let address: Address = "abc/laptop/default".parse().unwrap();
    let removed = bench
        .store
        .remove_schedule(address, who("root"))
        .await
        .unwrap();
    bench.store.trash_settled(removed.item).await.unwrap();
    let books = bench.store.books();
    assert_eq!((books.client(client.id).used, books.trash()), (0, 700));
    // Its folders are not back yet.
    bench
        .store
        .trash_restore(removed.item, who("root"))
        .await
        .unwrap();
    bench.store.keep_used().await.unwrap();
    bench.reopen().await;
    let books = bench.store.books();
    assert_eq!((books.client(client.id).used, books.trash()), (700, 0));
    bench.store.trash_settled(removed.item).await.unwrap();
    let books = bench.store.books();
    assert_eq!(
        (books.server().used, books.client(client.id).used),
        (700, 700)
    );
}
