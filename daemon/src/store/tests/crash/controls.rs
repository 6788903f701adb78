//! The harness itself: what isn't durable has to be found.

use penstock_policy::record::Server;
use redb::{Durability, ReadableDatabase};

use super::script::{History, Told, run};
use super::state::State;
use super::*;
use crate::store::open::Place;
use crate::store::schema::{SERVER, put};

#[tokio::test]
async fn a_disk_that_lies_about_a_sync_is_found_to_lose_what_was_acknowledged() {
    let history = run(Disk::lying(3), 30).await;
    let report = Cuts::everywhere(10).of(&history);
    assert!(!report.lost.is_empty(), "should report loss");
}

/// Commits without the store, some of which last.
fn commits(durability: Durability) -> History {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Disk::default());
    let (clock, events) = (
        Clock::driven("2026-11-25T12:00:00Z".parse().unwrap()),
        Events::new(),
    );
    let place = Place::new(dir.path(), disk.storage());
    place.create(&options(dir.path(), &clock, &events)).unwrap();
    let database = place.open().unwrap();
    let mut told = Vec::new();
    for days in 0..20 {
        let server = Server {
            trash_days: days,
            ..Server::default()
        };
        let mut txn = database.begin_write().unwrap();
        // The first one lasts, so that there is something to go back to.
        if days > 0 {
            txn.set_durability(durability).unwrap();
        }
        put(&txn, SERVER, 0, &server).unwrap();
        txn.commit().unwrap();
        let state = State::of(&database.begin_read().unwrap()).unwrap();
        told.push(Told {
            at: disk.count(),
            state,
        });
    }
    History {
        before: Vec::new(),
        ops: disk.ops(),
        told,
    }
}

#[test]
fn commits_that_are_not_durable_are_found_to_be_lost() {
    let report = Cuts::everywhere(1).of(&commits(Durability::None));
    assert!(!report.lost.is_empty(), "should report loss");
    Cuts::everywhere(1)
        .of(&commits(Durability::Immediate))
        .nothing_lost();
}
