//! Uploads that break off, lie or come fifty times over leave exactly what was acknowledged (rules, section 6).

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::{Dice, Until};
use crate::support::{Client, Object, Server, Wire, administered, at_once, files_below, until};

const KIB: usize = 1 << 10;

/// Bytes of all files below a folder; one that is deleted meanwhile has none.
fn bytes_below(folder: &Path) -> u64 {
    let sizes = files_below(folder).into_iter();
    sizes
        .map(|file| fs::metadata(folder.join(file)).map_or(0, |found| found.len()))
        .sum()
}

/// What the customer uses, and what its uploads have reserved.
fn figures(server: &Server) -> (u64, u64) {
    let shown = server.json(["customer", "show", "abc-inc"]);
    let figure = |name: &str| shown[name].as_u64().unwrap();
    (figure("used_space"), figure("reserved_space"))
}

/// Waits until nothing is on its way, nothing half-written lies anywhere, and the figure is that of the files.
fn settles(server: &Server) {
    let incoming = server.location().join(".incoming");
    until("the figure to be that of the files", || {
        let stored = bytes_below(&server.location().join("abc-inc"));
        let equal = figures(server) == (stored, 0);
        (equal && files_below(&incoming).is_empty()).then_some(())
    });
}

/// Sets what the customer may use.
fn allot(server: &Server, bytes: usize) {
    let space = format!("{bytes}B");
    server
        .ctl(["customer", "edit", "abc-inc", "--space", &space])
        .fine();
}

/// Whether an object can be seen in any way.
fn is_visible(client: &Client, kind: &str, object: &Object) -> bool {
    let path = format!("{kind}/{}", object.name);
    let listed = client.ask("GET", &format!("{kind}/"), b"").is(200).text();
    let seen = ["HEAD", "GET"].map(|method| client.ask(method, &path, b"").status);
    let on_disk = files_below(&client.folder())
        .iter()
        .any(|file| file.ends_with(&object.name));
    if seen == [404; 2] && !listed.contains(&object.name) && !on_disk {
        return false;
    }
    assert_eq!(seen, [200; 2]);
    true
}

#[test]
fn an_object_cut_anywhere_leaves_nothing_and_gives_back_what_it_reserved() {
    const BYTES: usize = 1024 * KIB;
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(BYTES, 1);
    let mut dice = Dice(1);
    let mut cuts: Vec<usize> = (0..16).map(|part| part * 64 * KIB).collect();
    cuts.push(BYTES - 1);
    cuts.extend((0..183).map(|_| dice.roll(BYTES)));
    // There is room for one: whatever one keeps, the next can't have.
    allot(&server, BYTES);
    for (number, cut) in cuts.iter().enumerate() {
        // In turns with a goodbye after which the answer is read, and without one.
        let wire = laptop.begin("data", &object, *cut);
        if number % 4 == 0 {
            until("the upload to have reserved", || {
                (figures(&server).1 == BYTES as u64).then_some(())
            });
            drop(wire);
            until("the reservation to come back", || {
                (figures(&server) == (0, 0)).then_some(())
            });
        } else {
            wire.finish();
            let mut wire = wire;
            assert_eq!(wire.answer("POST").status, 400, "{cut}");
        }
    }
    assert!(!is_visible(&laptop, "data", &object));
    settles(&server);
    assert_eq!(figures(&server), (0, 0));
    // Many at once, which end in the middle of each other.
    allot(&server, 64 * BYTES);
    at_once(16, |lane| {
        let mut dice = Dice(100 + lane as u64);
        for _ in 0..4 {
            drop(laptop.begin("data", &object, dice.roll(BYTES)));
        }
    });
    settles(&server);
    assert!(!is_visible(&laptop, "data", &object));
    allot(&server, BYTES);
    // One that went away may still be on its way in.
    until("all of them to have gone", || {
        let status = laptop.post("data", &object).status;
        (status == 200).then_some(())
    });
    assert!(is_visible(&laptop, "data", &object));
    settles(&server);
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_or_hashes_otherwise_is_never_kept() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let login = laptop.authorization();
    let kinds = ["data", "index", "keys", "locks", "snapshots"];
    for (seed, kind) in (1..).zip(kinds) {
        for bytes in [1, 100, 64 * KIB, 300 * KIB] {
            let object = Object::of(bytes, seed);
            let path = laptop.path(&format!("{kind}/{}", object.name));
            let mut said = vec![bytes + 1, bytes + 64 * KIB, bytes - 1, bytes / 2, 0];
            said.retain(|said| *said != bytes);
            for said in said {
                let mut wire = Wire::to(server.port());
                wire.head("POST", &path, &login, Some(said));
                // Of a longer one the rest may be read as a request, which it isn't, and the connection closed.
                let _ = wire.try_send(&object.body);
                if said > bytes {
                    wire.finish();
                }
                assert_eq!(
                    wire.answer("POST").status,
                    400,
                    "{kind}: {said} for {bytes}"
                );
                drop(wire);
                assert!(
                    !is_visible(&laptop, kind, &object),
                    "{kind}: {said} for {bytes}"
                );
            }
            let mut other = object.clone();
            other.body[bytes / 2] ^= 1;
            laptop.post(kind, &other).is(400);
            assert!(!is_visible(&laptop, kind, &object));
        }
    }
    settles(&server);
    assert_eq!(figures(&server), (0, 0));
}

#[test]
fn what_follows_a_whole_object_is_no_part_of_it() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let login = laptop.authorization();
    let mut stored = 0;
    for (seed, more) in (0..).zip([1, 1000, 100 * KIB]) {
        let object = Object::of(50_000, seed);
        let path = laptop.path(&format!("data/{}", object.name));
        let mut wire = Wire::to(server.port());
        wire.head("POST", &path, &login, Some(object.body.len()));
        wire.send(&object.body);
        let _ = wire.try_send(&vec![0; more]);
        wire.answer("POST").is(200);
        stored += object.body.len() as u64;
        let got = laptop.ask("GET", &format!("data/{}", object.name), b"");
        assert!(got.is(200).body == object.body);
    }
    settles(&server);
    assert_eq!(figures(&server), (stored, 0));
}

#[test]
fn the_same_object_from_fifty_connections_is_one_file_and_counted_once() {
    const ROUNDS: u64 = 12;
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let mut stored = 0;
    for round in 0..ROUNDS {
        let kind = ["data", "index", "keys", "locks", "snapshots"][round as usize % 5];
        let object = Object::of(1 << (6 + round), round);
        let statuses = at_once(50, |_| laptop.post(kind, &object).status);
        assert_eq!(statuses, [200; 50], "{kind} in round {round}");
        stored += object.body.len() as u64;
        assert_eq!(figures(&server), (stored, 0), "{kind} in round {round}");
        let mut files = files_below(&laptop.folder());
        assert_eq!(files.len() as u64, round + 1);
        files.retain(|file| file.ends_with(&object.name));
        assert_eq!(files.len(), 1);
        assert!(fs::read(laptop.folder().join(&files[0])).unwrap() == object.body);
    }
    settles(&server);
    // And once less when fifty delete it.
    let object = Object::of(1 << 6, 0);
    let path = format!("data/{}", object.name);
    let statuses = at_once(50, |_| laptop.ask("DELETE", &path, b"").status);
    assert_eq!(statuses, [200; 50]);
    assert_eq!(figures(&server), (stored - object.body.len() as u64, 0));
    settles(&server);
}

#[test]
fn an_allotment_that_goes_up_and_down_under_uploads_is_never_passed_at_its_highest() {
    const EDITS: usize = 300;
    const HIGH: usize = 2000 * KIB;
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    allot(&server, HIGH);
    let over = AtomicBool::new(false);
    let (stored, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let folder = server.location().join("abc-inc");
    thread::scope(|scope| {
        let end = Until(&over);
        let uploading: Vec<_> = (0..4_u64)
            .map(|lane| {
                let (over, stored, refused, laptop) = (&over, &stored, &refused, &laptop);
                scope.spawn(move || {
                    let mut dice = Dice(lane);
                    let mut kept: Vec<Object> = Vec::new();
                    for number in 0.. {
                        if over.load(Ordering::SeqCst) {
                            return;
                        }
                        let bytes = 1 + dice.roll(150 * KIB);
                        let object = Object::of(bytes, lane * 1_000_000 + number);
                        match laptop.post("data", &object).status {
                            200 => {
                                stored.fetch_add(1, Ordering::SeqCst);
                                kept.push(object);
                            }
                            status => {
                                assert_eq!(status, 507);
                                refused.fetch_add(1, Ordering::SeqCst);
                                // Room for the next ones.
                                for object in kept.drain(kept.len() / 2..) {
                                    let path = format!("data/{}", object.name);
                                    laptop.ask("DELETE", &path, b"").is(200);
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        let sampling = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let (used, reserved) = figures(&server);
                assert!(used + reserved <= HIGH as u64, "{used} + {reserved}");
                let there = bytes_below(&folder);
                assert!(there <= HIGH as u64, "{there} on the disk");
            }
        });
        let mut dice = Dice(15);
        for edit in 0..EDITS {
            allot(&server, if edit % 2 == 0 { dice.roll(HIGH) } else { HIGH });
        }
        drop(end);
        sampling.join().unwrap();
        for lane in uploading {
            lane.join().unwrap();
        }
    });
    // Neither all nor nothing got in, so the allotment was at work.
    assert!(stored.into_inner() > 50 && refused.into_inner() > 0);
    settles(&server);
    let free = HIGH as u64 - figures(&server).0;
    let fits = Object::of(usize::try_from(free).unwrap(), 7_000_000);
    allot(&server, HIGH);
    laptop
        .post("data", &Object::new([&fits.body[..], &[0]].concat()))
        .is(507);
    laptop.post("data", &fits).is(200);
    assert_eq!(figures(&server), (HIGH as u64, 0));
    settles(&server);
}
