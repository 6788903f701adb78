//! A customer at 100 % with real restic: no backup, and everything else.

use std::fs;

use nix::sys::signal::Signal;

use super::{allot, bytes_below, equals_the_disk, figures};
use crate::support::{Client, Server, administered, tree, until};

/// Files of so many KiB, all in few packs, so that a prune has to repack.
const FILES: [usize; 8] = [300, 310, 320, 330, 340, 350, 360, 370];

/// Two snapshots, the second without half of the files; then exactly nothing is left.
fn fill(server: &Server, laptop: &Client) {
    let files = server.folder().join("files");
    tree(&files, &FILES, 1);
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", "files"]).fine();
    for gone in ["a0", "a4", "below/b1", "below/b5"] {
        fs::remove_file(files.join(gone)).unwrap();
    }
    laptop.restic(["backup", "files"]).fine();
    let (used, _) = figures(server);
    assert_eq!(used, bytes_below(&laptop.folder()));
    allot(server, &format!("{used}B"));
}

fn refuses_a_backup(server: &Server, laptop: &Client) {
    let more = server.folder().join("more");
    tree(&more, &[2000], 9);
    // This restic tries a refusal again for a minute; it is told at once.
    let mut backup = laptop.restic_in_background(["backup", "more"]);
    until("the backup to be refused", || {
        let rows = server.json(["refused"]);
        let mut rows = rows.as_array().unwrap().iter();
        rows.any(|row| row["code"] == "space-exceeded")
            .then_some(())
    });
    until("restic to print the sentence", || {
        backup.err().contains("ABC Inc.").then_some(())
    });
    backup.signal(Signal::SIGINT);
    assert!(!backup.ends().success());
}

#[test]
fn a_full_customer_can_restore_lock_forget_and_prune() {
    let server = Server::start();
    let laptop = administered(&server);
    fill(&server, &laptop);
    refuses_a_backup(&server, &laptop);
    laptop.restic(["unlock", "--remove-all"]).fine();
    laptop
        .restic(["restore", "latest", "--target", "restored"])
        .fine();
    let (before, _) = figures(&server);
    let pruned = laptop.restic(["forget", "--keep-last", "1", "--prune"]);
    assert!(pruned.fine().out.contains("repack"));
    let (after, _) = figures(&server);
    assert!(after < before, "{after} {before}");
    laptop.restic(["check", "--read-data"]).fine();
    equals_the_disk(&server);
    laptop.restic(["backup", "files"]).fine();
}

#[test]
fn a_full_customer_can_prune_after_it_forgot_on_its_own() {
    let server = Server::start();
    let laptop = administered(&server);
    fill(&server, &laptop);
    laptop.restic(["forget", "--keep-last", "1"]).fine();
    let (before, _) = figures(&server);
    allot(&server, &format!("{before}B"));
    assert!(laptop.restic(["prune"]).fine().out.contains("repack"));
    let (after, _) = figures(&server);
    assert!(after < before, "{after} {before}");
    laptop.restic(["check", "--read-data"]).fine();
    equals_the_disk(&server);
}

#[test]
fn an_allotment_lowered_far_below_what_is_used_leaves_restores_and_prunes_alone() {
    let server = Server::start();
    let laptop = administered(&server);
    let files = server.folder().join("files");
    // More than the least reserve, so that it alone would bar every lock.
    tree(&files, &[40_000, 40_000], 1);
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", "files"]).fine();
    fs::remove_file(files.join("a0")).unwrap();
    laptop.restic(["backup", "files"]).fine();
    allot(&server, "1MiB");
    let (before, _) = figures(&server);
    assert_eq!(before, bytes_below(&laptop.folder()), "nothing is deleted");
    refuses_a_backup(&server, &laptop);
    laptop.restic(["unlock", "--remove-all"]).fine();
    laptop
        .restic(["restore", "latest", "--target", "restored"])
        .fine();
    laptop
        .restic([
            "forget",
            "--keep-last",
            "1",
            "--prune",
            "--max-repack-size",
            "0",
        ])
        .fine();
    let (after, _) = figures(&server);
    assert!(after < before, "{after} {before}");
    assert_eq!(after, bytes_below(&laptop.folder()));
}
