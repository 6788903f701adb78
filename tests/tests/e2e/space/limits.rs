//! What doesn't fit is refused before its body is read, to the byte, and leaves nothing behind.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::{MIB, allot, bytes_below, equals_the_disk, figures};
use crate::support::{
    Answer, CONTACT, Client, Object, Server, administered, at_once, files_below, until,
};

/// Held against a refusal for want of space: status, sentence and code.
#[track_caller]
fn no_room(answer: &Answer, sentence: &str) {
    assert_eq!(answer.status, 507, "{} {}", answer.reason, answer.text());
    assert!(answer.reason.starts_with(sentence), "{}", answer.reason);
    assert!(answer.reason.contains(CONTACT), "{}", answer.reason);
}

#[test]
fn of_64_uploads_at_once_exactly_those_succeed_that_fit() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    allot(&server, "10MiB");
    let over = AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut samples = 0;
            while !over.load(Ordering::SeqCst) {
                let (used, reserved) = figures(&server);
                assert!(used + reserved <= 10 << 20, "{used} + {reserved}");
                samples += 1;
            }
            samples
        });
        let answers = at_once(64, |number| {
            laptop.post("data", &Object::of(MIB, number as u64))
        });
        over.store(true, Ordering::SeqCst);
        assert!(sampler.join().unwrap() > 0);
        answers
    });
    let (stored, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(stored.len(), 10);
    for answer in refused {
        no_room(answer, "ABC Inc.");
        let body = answer.json();
        assert_eq!(body["code"], "space-exceeded");
        assert_eq!(body["level"], "customer");
        assert_eq!(body["allotted"], 10 << 20);
        assert_eq!(body["wanted"], 1 << 20);
    }
    assert_eq!(figures(&server), (10 << 20, 0));
    assert_eq!(bytes_below(&laptop.folder()), 10 << 20);
    allot(&server, "10485761B");
    laptop.post("data", &Object::new(vec![7; 2])).is(507);
    laptop.post("data", &Object::new(vec![7; 1])).is(200);
}

#[test]
fn ten_thousand_refusals_leave_no_file_and_no_descriptor() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    laptop.post("data", &Object::of(2000, 0)).is(200);
    allot(&server, "2500B");
    let descriptors = || {
        let folder = format!("/proc/{}/fd", server.pid());
        fs::read_dir(folder).unwrap().count()
    };
    laptop.post("data", &Object::of(1000, 1)).is(507);
    // Whatever is opened once and kept is open by now, and what closes has closed.
    let mut before = descriptors();
    until("as few descriptors as there will be", || {
        let now = descriptors();
        let settled = now == before;
        before = now;
        settled.then_some(())
    });
    let next = AtomicUsize::new(2);
    at_once(8, |_| {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number > 10_001 {
                return;
            }
            laptop
                .post("data", &Object::of(1000, number as u64))
                .is(507);
        }
    });
    until("every connection to be closed", || {
        (descriptors() <= before).then_some(())
    });
    let incoming = server.location().join(".incoming");
    assert!(files_below(&incoming).is_empty());
    assert_eq!(figures(&server), (2000, 0));
    equals_the_disk(&server);
}

#[test]
fn an_upload_that_comes_to_nothing_gives_back_what_it_reserved() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    allot(&server, "2MiB");
    let object = Object::of(MIB + MIB / 2, 1);
    // Two of them don't fit: each has to give back before the next gets in.
    for _ in 0..3 {
        let wire = laptop.begin("data", &object, MIB);
        until("the upload to have reserved", || {
            (figures(&server).1 == object.body.len() as u64).then_some(())
        });
        laptop.post("data", &Object::of(MIB, 2)).is(507);
        drop(wire);
        until("the upload to have given back", || {
            (figures(&server) == (0, 0)).then_some(())
        });
    }
    let path = format!("data/{}", Object::of(10, 3).name);
    for _ in 0..3 {
        laptop.ask("POST", &path, &object.body).is(400);
    }
    let wire = laptop.begin("data", &object, MIB);
    until("the upload to have reserved", || {
        (figures(&server).1 > 0).then_some(())
    });
    server.ctl(["customer", "suspend", "abc-inc"]).fine();
    until("the cut upload to have given back", || {
        (figures(&server) == (0, 0)).then_some(())
    });
    drop(wire);
    server.ctl(["customer", "resume", "abc-inc"]).fine();
    laptop.post("data", &object).is(200);
    assert_eq!(figures(&server), (object.body.len() as u64, 0));
    equals_the_disk(&server);
}

#[test]
fn what_is_there_already_needs_no_space() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(MIB, 1);
    laptop.post("data", &object).is(200);
    allot(&server, "1MiB");
    laptop.post("data", &object).is(200);
    laptop.post("data", &Object::of(1, 2)).is(507);
    let mut wrong = object.body.clone();
    wrong[5] ^= 1;
    let path = format!("data/{}", object.name);
    laptop.ask("POST", &path, &wrong).is(400);
    assert_eq!(figures(&server), (MIB as u64, 0));
}

#[test]
fn a_full_customer_still_locks_and_a_delete_gives_back_at_once() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let (kept, gone) = (Object::of(MIB, 1), Object::of(MIB, 2));
    laptop.post("data", &kept).is(200);
    laptop.post("data", &gone).is(200);
    allot(&server, "2MiB");
    for kind in ["locks", "keys", "index", "snapshots"] {
        laptop.post(kind, &Object::of(500, 3)).is(200);
    }
    laptop.post("data", &Object::of(1, 4)).is(507);
    let answers = at_once(8, |_| {
        laptop.ask("DELETE", &format!("data/{}", gone.name), b"")
    });
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(figures(&server), (MIB as u64 + 4 * 500, 0));
    laptop.post("data", &Object::of(MIB - 2000, 5)).is(200);
    laptop.post("data", &Object::of(1, 4)).is(507);
    equals_the_disk(&server);
}

#[test]
fn lowering_below_what_is_used_deletes_nothing() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(MIB, 1);
    laptop.post("data", &object).is(200);
    allot(&server, "1KiB");
    let path = format!("data/{}", object.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, object.body);
    let refused = laptop.post("data", &Object::of(1, 2));
    no_room(&refused, "ABC Inc.");
    assert_eq!(figures(&server), (MIB as u64, 0));
    allot(&server, "1048577B");
    laptop.post("data", &Object::of(1, 2)).is(200);
}

#[test]
fn a_reseller_and_the_server_refuse_without_naming_their_figures() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(MIB + 7, 1);
    let levels: [(&str, &[&str]); 2] = [
        ("reseller", &["reseller", "edit", "default"]),
        ("server", &["server", "edit"]),
    ];
    for (level, edit) in levels {
        server.ctl(edit.iter().chain(&["--space", "1MiB"])).fine();
        let refused = laptop.post("data", &object);
        no_room(&refused, "Your provider has no room for");
        let body = refused.json();
        assert_eq!(body["code"], "space-exceeded");
        assert_eq!(body["level"], level);
        for figure in ["allotted", "used", "wanted"] {
            assert_eq!(body[figure], serde_json::Value::Null);
        }
        let explained = server.json(["explain", &format!("[{}]", refused.reference())]);
        let cause = explained["cause"].as_str().unwrap();
        assert!(cause.contains("1.0 MiB"), "{cause}");
        server
            .ctl(edit.iter().chain(&["--space", "unlimited"]))
            .fine();
    }
    laptop.post("data", &object).is(200);
}

#[test]
fn a_client_has_an_allotment_of_its_own() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let other = Client::added(&server, "abc-inc", "pc");
    other.create().is(200);
    server
        .ctl(["client", "edit", "abc-inc/laptop", "--space", "1MiB"])
        .fine();
    let refused = laptop.post("data", &Object::of(MIB + 1, 1));
    no_room(&refused, "Client laptop");
    assert_eq!(refused.json()["level"], "client");
    other.post("data", &Object::of(MIB + 1, 1)).is(200);
    laptop.post("data", &Object::of(MIB, 2)).is(200);
}

#[test]
fn where_no_repository_exists_a_full_customer_is_told_at_the_first_question() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    laptop.post("data", &Object::of(MIB, 1)).is(200);
    allot(&server, "1MiB");
    let another = laptop.schedule("another");
    no_room(&another.ask("HEAD", "config", b""), "ABC Inc.");
    no_room(&another.create(), "ABC Inc.");
    laptop.ask("HEAD", "config", b"").is(404);
    assert!(!another.folder().exists());

    server
        .ctl([
            "customer",
            "edit",
            "abc-inc",
            "--automatically-add-clients",
            "yes",
        ])
        .fine();
    let stranger = Client::with(&server, "abc-inc", "stranger", "a long password");
    no_room(&stranger.ask("HEAD", "config", b""), "ABC Inc.");
    no_room(&stranger.create(), "ABC Inc.");
    assert_eq!(
        server
            .json(["client", "list", "abc-inc"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    allot(&server, "1048577B");
    another.ask("HEAD", "config", b"").is(404);
    another.create().is(200);
}
