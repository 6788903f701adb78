//! Operations that fail: the server goes on, the records become what they would have become, and that lasts.

use super::cut::Report;
use super::disk::Failure;
use super::script::{History, Run, start};
use super::*;

/// A few commands on a disk that was used before, with a failure among them.
async fn few(disk: &Disk, failure: Option<Failure>) -> History {
    let mut run = Run::start(disk.clone()).await;
    if let Some(failure) = failure {
        disk.fail(failure);
    }
    run.few().await;
    run.end().await
}

#[tokio::test(start_paused = true)]
async fn whichever_operation_fails_every_command_holds_wherever_power_is_cut_after() {
    let first = Disk::default();
    start(&first).store.close().await;
    let bytes = first.bytes();
    let clean = few(&Disk::with(bytes.clone()), None).await;
    let wanted = &clean.told.last().unwrap().state;
    let (mut struck, mut swapped, mut found) = (0, 0, Report::default());
    for done in [false, true] {
        for after in 0.. {
            let disk = Disk::with(bytes.clone());
            let history = few(&disk, Some(Failure { after, done })).await;
            let Some(at) = disk.failed() else {
                break;
            };
            struck += 1;
            swapped += usize::from(disk.opened().len() > 1);
            let context = format!("operation {after}, done {done}");
            assert_eq!(history.told.last().unwrap().state, *wanted, "{context}");
            let cuts = Cuts {
                at: at..at + 24,
                one_in: 8,
                again: None,
            };
            found.add(&context, cuts.of(&history));
        }
    }
    println!(
        "{struck} failures, {swapped} new handles, {} images",
        found.images
    );
    found.nothing_lost();
    assert!(struck > 100, "only {struck} operations failed");
    // All but those that come when the records are closed.
    assert!(swapped > 100, "only {swapped} handles were replaced");
}
