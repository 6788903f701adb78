//! Who may come in: unknown, removed and revoked clients, limits of clients and schedules, the pass key, append-only.

use super::{Expected, register, verdict};
use crate::support::{Client, Object, Server, administered, command, files_below, run, until};

/// A password as a client of automatic adding chooses it.
const CHOSEN: &str = "correct horse battery";

#[test]
fn an_unknown_client_is_refused_where_clients_are_not_added_automatically() {
    let server = Server::start();
    administered(&server);
    let expected = Expected::foretold(&server, "abc-inc/nobody", "backup", "client-unknown");
    for password in ["psk_something", CHOSEN] {
        let nobody = Client::with(&server, "abc-inc", "nobody", password);
        expected.is(&server, &nobody.ask("HEAD", "config", b""), 401);
        expected.is(&server, &nobody.create(), 401);
    }
}

#[test]
fn a_removed_client_stays_blocked_until_it_is_added_again() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--recursive", "--yes"])
        .fine();
    let expected = Expected::foretold(&server, "abc-inc/laptop", "backup", "client-removed");
    expected.is(&server, &laptop.ask("HEAD", "config", b""), 401);
    // Where clients are added automatically it stays out as well, and so it does with the pass key.
    server
        .ctl(["customer", "edit", "abc-inc", "--automatically-add", "yes"])
        .fine();
    let stranger = Client::with(&server, "abc-inc", "laptop", CHOSEN);
    expected.is(&server, &stranger.create(), 401);
    let expected = Expected::foretold(&server, "abc-inc/laptop", "register", "client-removed");
    expected.is(&server, &register(&server, "laptop", ""), 401);
    let again = Client::added(&server, "abc-inc", "laptop");
    again.create().is(200);
    laptop.create().is(401);
}

#[test]
fn a_revoked_client_can_neither_write_nor_read() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    laptop.post("data", &object).is(200);
    server
        .ctl(["client", "revoke", "abc-inc/laptop", "--yes"])
        .fine();
    for act in ["backup", "restore", "delete"] {
        let expected = Expected::foretold(&server, "abc-inc/laptop", act, "client-revoked");
        expected.is(&server, &laptop.ask("GET", "data/", b""), 401);
    }
    let path = format!("data/{}", object.name);
    laptop.ask("GET", &path, b"").is(401);
    laptop.post("locks", &object).is(401);
    assert!(
        laptop
            .folder()
            .join("data")
            .join(&object.name[..2])
            .join(&object.name)
            .exists()
    );
    // A new password lets it live again.
    let reset = server.json(["client", "reset-password", "abc-inc/laptop"]);
    let password = reset["password"].as_str().unwrap();
    let laptop = Client::with(&server, "abc-inc", "laptop", password);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, object.body);
}

#[test]
fn a_full_customer_takes_no_new_client_on_any_way_in() {
    let server = Server::start();
    administered(&server);
    let edit = ["--automatically-add", "yes", "--client-limit", "1"];
    server
        .ctl(["customer", "edit", "abc-inc"].iter().chain(&edit))
        .fine();
    let stranger = Client::with(&server, "abc-inc", "second", CHOSEN);
    let expected = Expected::foretold(&server, "abc-inc/second", "create", "client-limit");
    assert_eq!(
        expected.sentence,
        "ABC Inc. has no free client slot: all 1 are taken."
    );
    // Said at the first request, where restic stops at once.
    expected.is(&server, &stranger.ask("HEAD", "config", b""), 403);
    expected.is(&server, &stranger.create(), 403);
    assert_eq!(stranger.create().json()["limit"], 1);
    let expected = Expected::foretold(&server, "abc-inc/second", "register", "client-limit");
    expected.is(&server, &register(&server, "second", ""), 403);
    let refused = server.ctl(["client", "add", "abc-inc", "second"]).exits(1);
    assert!(refused.err.contains(&expected.sentence), "{}", refused.err);
    let ran = stranger.restic(["init"]);
    assert!(ran.err.contains(&expected.sentence), "{}", ran.err);
}

#[test]
fn a_client_has_no_more_schedules_than_the_server_allows() {
    let server = Server::start();
    let laptop = administered(&server);
    server
        .ctl(["server", "edit", "--schedule-limit", "1"])
        .fine();
    laptop.create().is(200);
    let second = laptop.schedule("second");
    let address = "abc-inc/laptop/second";
    let expected = Expected::foretold(&server, address, "create", "schedule-limit");
    expected.is(&server, &second.create(), 403);
    expected.is(&server, &second.ask("HEAD", "config", b""), 403);
    assert!(!second.folder().exists());
    laptop.create().is(200);
    server
        .ctl(["server", "edit", "--schedule-limit", "2"])
        .fine();
    assert!(verdict(&server, address, "create").is_null());
    second.create().is(200);
}

#[test]
fn a_pass_key_creates_only_and_ends_with_its_uses_and_its_time() {
    let server = Server::start();
    administered(&server);
    let expected = Expected::foretold(&server, "abc-inc/laptop", "register", "client-exists");
    expected.is(&server, &register(&server, "laptop", ""), 403);

    let rotate = ["customer", "pass-key", "abc-inc", "--rotate"];
    server.ctl(rotate.iter().chain(&["--uses", "1"])).fine();
    assert!(verdict(&server, "abc-inc/second", "register").is_null());
    register(&server, "second", "").is(201);
    let expected = Expected::foretold(&server, "abc-inc/third", "register", "pass-key-expired");
    expected.is(&server, &register(&server, "third", ""), 403);

    // A key that ends at once: as soon as the daemon takes the time that was just now the near future.
    until("a pass key with a near end", || {
        let soon = run(
            command("date").args(["--date", "+2 seconds", "--utc", "+%FT%TZ"]),
            "",
        );
        let ran = server.ctl(rotate.iter().chain(&["--until", soon.fine().out.trim()]));
        (ran.code == Some(0)).then_some(())
    });
    until("the pass key's end", || {
        (!verdict(&server, "abc-inc/third", "register").is_null()).then_some(())
    });
    let expected = Expected::foretold(&server, "abc-inc/third", "register", "pass-key-expired");
    expected.is(&server, &register(&server, "third", ""), 403);
}

#[test]
fn append_only_lets_nothing_but_locks_be_deleted() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 2);
    for kind in ["data", "index", "keys", "snapshots", "locks"] {
        laptop.post(kind, &object).is(200);
    }
    let admitted = verdict(&server, "abc-inc/laptop", "delete");
    assert!(admitted.is_null(), "{admitted}");
    server
        .ctl(["customer", "edit", "abc-inc", "--append-only", "yes"])
        .fine();
    let expected = Expected::foretold(&server, "abc-inc/laptop", "delete", "append-only");
    let before = files_below(&laptop.folder());
    for kind in ["data", "index", "keys", "snapshots"] {
        let path = format!("{kind}/{}", object.name);
        expected.is(&server, &laptop.ask("DELETE", &path, b""), 403);
    }
    assert_eq!(files_below(&laptop.folder()), before);
    // A retry of what was stored is no overwrite, and what isn't there can be deleted by anyone.
    laptop.post("data", &object).is(200);
    let missing = format!("data/{}", Object::of(10, 3).name);
    laptop.ask("DELETE", &missing, b"").is(200);
    let lock = format!("locks/{}", object.name);
    laptop.ask("DELETE", &lock, b"").is(200);
    assert!(verdict(&server, "abc-inc/laptop", "backup").is_null());
    laptop.post("data", &Object::of(1000, 4)).is(200);
}

/// A server whose customers add clients automatically, and who would be confused with whom.
fn confusable(server: &Server) -> [(Client<'_>, &'static str); 2] {
    administered(server);
    for customer in ["abc-inc", "default"] {
        server
            .ctl(["customer", "edit", customer, "--automatically-add", "yes"])
            .fine();
    }
    [
        // Ids that differ only by case are one.
        (
            Client::with(server, "abc-inc", "LAPTOP", CHOSEN),
            "LAPTOP can't be used as a name: choose another one.",
        ),
        // No client of the Default Customer bears a customer's name.
        (
            Client::with(server, "default", "abc-inc", CHOSEN),
            "abc-inc can't be used as a name: choose another one.",
        ),
    ]
}

#[test]
fn a_name_that_would_be_confused_with_another_is_taken() {
    let server = Server::start();
    for (client, sentence) in confusable(&server) {
        let expected = Expected::unforeseen("name-taken", sentence);
        expected.is(&server, &client.create(), 403);
        let key = server.json(["customer", "pass-key", &client.customer]);
        let key = key["pass_key"].as_str().unwrap();
        let registers = Client::with(&server, &client.customer, &client.id, key);
        let answer = registers.ask("POST", "register", b"");
        expected.is(&server, &answer, 403);
    }
    let laptop = Client::added(&server, "abc-inc", "other");
    laptop.schedule("nightly").create().is(200);
    let refused = laptop.schedule("Nightly").create().is(403);
    assert_eq!(refused.json()["code"], "name-taken");
}

#[test]
fn a_name_that_is_taken_is_foretold() {
    let server = Server::start();
    for (client, sentence) in confusable(&server) {
        let address = format!("{}/{}", client.customer, client.id);
        for act in ["create", "register"] {
            let expected = Expected::foretold(&server, &address, act, "name-taken");
            assert_eq!(expected.sentence, sentence);
        }
        // Said at the first request, where restic stops at once.
        let expected = Expected::unforeseen("name-taken", sentence);
        expected.is(&server, &client.ask("HEAD", "config", b""), 403);
    }
}
