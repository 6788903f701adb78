//! Power cut during the first start: the next one makes the records or completes them.

use super::cut::Left;
use super::script::{Dice, start};
use super::state::State;
use super::*;

async fn state(bench: &Bench) -> State {
    let read = bench.store.read(|reader| Ok(State::of(reader.look())?));
    read.await.unwrap()
}

/// What the next start finds in a folder with this file; then an edit works.
async fn next_start(name: &str, image: &[u8]) -> State {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), image).unwrap();
    let clock = Clock::driven("2026-11-25T12:00:00Z".parse().unwrap());
    let events = Events::new();
    let options = options(dir.path(), &clock, &events);
    let (store, writer) = Store::open(options).unwrap();
    let mut bench = Bench {
        dir,
        clock,
        events,
        store,
        writer: Some(writer),
    };
    let found = state(&bench).await;
    bench.server(&[("trash_days", "7")]).await.unwrap();
    bench.store.close().await;
    bench.writer.take().unwrap().join();
    found
}

#[tokio::test]
async fn a_first_start_that_was_cut_anywhere_is_made_anew_or_completed() {
    let disk = Disk::default();
    let bench = start(&disk);
    let first = state(&bench).await;
    bench.store.close().await;
    let (ops, opened) = (disk.ops(), disk.opened());
    // Made under the other name, and opened again once it has its own.
    let &[0, renamed] = opened.as_slice() else {
        panic!("opened after {opened:?} operations");
    };
    let (mut left, mut dice, mut images) = (Left::new(Vec::new()), Dice::new(0xf1257), 0);
    for at in 0..=ops.len() {
        let mut names = vec!["penstock.redb.new"];
        if at == renamed {
            // The whole file is synced before it is renamed.
            left.settle();
            names.push("penstock.redb");
        } else if at > renamed {
            names = vec!["penstock.redb"];
        }
        let mut found = vec![
            left.durable.clone(),
            left.kept(|| true),
            left.kept(|| dice.roll(2) == 0),
            left.torn(&mut dice),
        ];
        found.dedup();
        for name in names {
            for image in &found {
                images += 1;
                let context = format!("{name}, operation {at} of {}", ops.len());
                assert_eq!(next_start(name, image).await, first, "{context}");
            }
        }
        if let Some(op) = ops.get(at) {
            left.then(op);
        }
    }
    println!("{images} images of {} ops", ops.len());
    assert!(images > 60, "only {images} images");
}
