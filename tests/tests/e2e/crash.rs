//! A daemon that is killed: what was acknowledged is there, what was half done is not, and it starts again.

use std::collections::HashSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::support::{
    Client, Object, Server, administered, files_below, penstockd, status_of, until,
};

/// How often the daemon is killed in the middle of everything.
const ROUNDS: usize = 8;

/// What was acknowledged up to a kill.
#[derive(Default)]
struct Acknowledged {
    notes: Mutex<u64>,
    clients: Mutex<Vec<String>>,
    objects: Mutex<Vec<Object>>,
    count: AtomicUsize,
    over: AtomicBool,
}

impl Acknowledged {
    fn one_more(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }

    /// Edits the customer's notes to ever higher numbers.
    fn edit(&self, server: &Server) {
        while self.goes_on() {
            let next = *self.notes.lock().unwrap() + 1;
            let notes = next.to_string();
            let edit = server.ctl(["customer", "edit", "abc-inc", "--notes", &notes]);
            if edit.code == Some(0) {
                *self.notes.lock().unwrap() = next;
                self.one_more();
            }
        }
    }

    /// Adds clients with ever new ids.
    fn add(&self, server: &Server, round: usize) {
        for number in 0.. {
            if !self.goes_on() {
                return;
            }
            let id = format!("pc-{round}-{number}");
            if server.ctl(["client", "add", "abc-inc", &id]).code == Some(0) {
                self.clients.lock().unwrap().push(id);
                self.one_more();
            }
        }
    }

    /// Uploads ever new objects, from a KB to 2 MB.
    fn upload(&self, client: &Client, port: u16, seed: u64) {
        for number in 0.. {
            if !self.goes_on() {
                return;
            }
            let object = Object::of(1000 << ((number + seed) % 12), seed * 1_000_000 + number);
            let path = client.path(&format!("data/{}", object.name));
            let login = client.authorization();
            if status_of(port, "POST", &path, &login, &object.body)
                .is_ok_and(|status| status == 200)
            {
                self.objects.lock().unwrap().push(object);
                self.one_more();
            }
        }
    }
}

#[test]
fn whatever_was_acknowledged_outlives_a_kill_and_nothing_half_done_shows() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let done = Acknowledged::default();
    for round in 1..=ROUNDS {
        done.over.store(false, Ordering::SeqCst);
        let before = done.count.load(Ordering::SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| done.edit(&server));
            scope.spawn(|| done.add(&server, round));
            for uploader in 0..2 {
                let (done, laptop, port) = (&done, &laptop, server.port());
                let seed = (round * 10 + uploader) as u64;
                scope.spawn(move || done.upload(laptop, port, seed));
            }
            until("enough to be acknowledged", || {
                let more = done.count.load(Ordering::SeqCst) - before;
                (more >= 7 * round).then_some(())
            });
            server.kill();
            done.over.store(true, Ordering::SeqCst);
        });
        assert!(
            server.control().exists(),
            "a dead daemon's socket is left behind"
        );
        server.restart();
        holds(&server, &laptop, &done);
    }
}

fn holds(server: &Server, laptop: &Client, done: &Acknowledged) {
    let shown = server.json(["customer", "show", "abc-inc"]);
    let notes: u64 = shown["notes"].as_str().unwrap().parse().unwrap();
    let acknowledged = *done.notes.lock().unwrap();
    assert!(
        [acknowledged, acknowledged + 1].contains(&notes),
        "{notes}, but {acknowledged} was acknowledged"
    );
    *done.notes.lock().unwrap() = notes;

    let listed = server.json(["client", "list", "abc-inc"]);
    let listed: HashSet<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["client"].as_str().unwrap())
        .collect();
    for client in done.clients.lock().unwrap().iter() {
        assert!(listed.contains(client.as_str()), "{client} is lost");
    }

    assert!(files_below(&server.location().join(".incoming")).is_empty());
    let folder = laptop.folder().join("data");
    for object in done.objects.lock().unwrap().iter() {
        let file = folder.join(&object.name[..2]).join(&object.name);
        let same = fs::read(&file).is_ok_and(|stored| stored == object.body);
        assert!(same, "{} is lost", object.name);
    }
    for file in files_below(&folder) {
        let stored = Object::new(fs::read(folder.join(&file)).unwrap());
        assert!(
            file.ends_with(&stored.name),
            "{} is half-written",
            file.display()
        );
    }
    // The chain of the audit is whole, or it would be spoken of.
    let attention = server.json(["status"])["attention"].to_string();
    assert!(
        !attention.contains("behind penstockd's back"),
        "{attention}"
    );
}

#[test]
fn a_restic_backup_goes_on_after_the_daemon_was_killed() {
    let server = Server::start();
    let laptop = administered(&server);
    crate::support::tree(&server.folder().join("files"), &[3000, 2000], 1);
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", "files"]).fine();
    server.kill();
    server.restart();
    laptop.restic(["backup", "files"]).fine();
    laptop.restic(["check", "--read-data"]).fine();
    let sessions = server.json(["schedule", "history", "abc-inc/laptop/default"]);
    assert!(!sessions.as_array().unwrap().is_empty());
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_a_sentence() {
    let server = Server::start();
    administered(&server);
    for _ in 0..3 {
        let config = server.config();
        let second = penstockd(["--config", config.to_str().unwrap()]).exits(78);
        let sentence = "are in use by another penstockd";
        assert!(second.err.contains(sentence), "{}", second.err);
        assert!(
            second.err.contains(&server.pid().to_string()),
            "{}",
            second.err
        );
    }
    server.ctl(["customer", "show", "abc-inc"]).fine();
}

#[test]
fn a_file_that_is_no_socket_is_not_replaced_by_one() {
    let server = Server::start();
    server.kill();
    fs::remove_file(server.control()).unwrap();
    fs::write(server.control(), "somebody's notes").unwrap();
    let config = server.config();
    let refused = penstockd(["--config", config.to_str().unwrap()]).exits(78);
    assert!(refused.err.contains("is no socket"), "{}", refused.err);
    assert_eq!(
        fs::read_to_string(server.control()).unwrap(),
        "somebody's notes"
    );
    fs::remove_file(server.control()).unwrap();
    server.restart();
    server.ctl(["status"]).fine();
}
