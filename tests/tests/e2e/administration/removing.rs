//! Removing: nothing that runs or isn't empty by mistake, all of it back from the trash, and gone only on command.

use std::fs;

use super::{each, failure, names};
use crate::support::{Client, Object, Server, administered, files_below};

/// A client with an object in its repository.
fn with_data(server: &Server) -> (Client<'_>, Object) {
    let laptop = administered(server);
    laptop.create().is(200);
    let object = Object::of(5000, 1);
    laptop.post("data", &object).is(200);
    (laptop, object)
}

/// Ends the session, so that nothing of it runs.
fn end_session(server: &Server, client: &Client) {
    let lock = Object::of(10, 99);
    client.post("locks", &lock).is(200);
    client
        .ask("DELETE", &format!("locks/{}", lock.name), b"")
        .is(200);
    crate::support::until("the session to end", || {
        server
            .json(["top", "--once"])
            .as_array()
            .unwrap()
            .is_empty()
            .then_some(())
    });
}

#[test]
fn what_runs_or_is_not_empty_is_not_removed() {
    let server = Server::start();
    let (laptop, object) = with_data(&server);
    for args in [
        &["client", "remove", "abc-inc/laptop", "--recursive", "--yes"][..],
        &["customer", "remove", "abc-inc", "--recursive", "--yes"],
        &["schedule", "remove", "abc-inc/laptop/default", "--yes"],
    ] {
        let ran = server.ctl(["--json"].iter().chain(args)).exits(4);
        assert!(
            failure(&ran)["message"]
                .as_str()
                .unwrap()
                .contains("abc-inc/laptop/default")
        );
    }
    end_session(&server, &laptop);
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--yes"])
        .exits(1);
    server
        .ctl(["customer", "remove", "abc-inc", "--yes"])
        .exits(1);
    // Without a terminal nobody can be asked.
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--recursive"])
        .exits(64);
    let path = format!("data/{}", object.name);
    assert!(laptop.ask("GET", &path, b"").is(200).body == object.body);
}

#[test]
fn a_removed_client_comes_back_whole_from_the_trash() {
    let server = Server::start();
    let (laptop, object) = with_data(&server);
    end_session(&server, &laptop);
    let before = files_below(&laptop.folder());
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--recursive", "--yes"])
        .fine();
    laptop.ask("GET", "data/", b"").is(401);
    assert!(!laptop.folder().exists());
    let trash = server.json(["trash", "list"]);
    names(
        &trash[0],
        &["item", "kind", "address", "schedules", "removed", "expires"],
    );
    assert_eq!(
        (&trash[0]["kind"], &trash[0]["address"]),
        (&"client".into(), &"abc-inc/laptop".into())
    );
    server
        .ctl(["trash", "restore", &trash[0]["item"].to_string()])
        .fine();
    assert_eq!(files_below(&laptop.folder()), before);
    let path = format!("data/{}", object.name);
    assert!(laptop.ask("GET", &path, b"").is(200).body == object.body);
    assert_eq!(server.json(["trash", "list"]), serde_json::json!([]));
    laptop.post("data", &Object::of(100, 2)).is(200);
}

#[test]
fn a_removed_customer_comes_back_with_all_its_clients() {
    let server = Server::start();
    let (laptop, object) = with_data(&server);
    let desktop = Client::added(&server, "abc-inc", "desktop");
    desktop.create().is(200);
    end_session(&server, &laptop);
    server
        .ctl(["customer", "remove", "abc-inc", "--recursive", "--yes"])
        .fine();
    server.ctl(["customer", "show", "abc-inc"]).exits(3);
    laptop.ask("GET", "data/", b"").is(401);
    let trash = server.json(["trash", "list"]);
    assert_eq!(trash[0]["schedules"], 2);
    server
        .ctl(["trash", "restore", &trash[0]["item"].to_string()])
        .fine();
    assert_eq!(
        each(&server.json(["client", "list", "abc-inc"]), "client"),
        ["desktop", "laptop"]
    );
    let path = format!("data/{}", object.name);
    assert!(laptop.ask("GET", &path, b"").is(200).body == object.body);
    desktop.ask("GET", "data/", b"").is(200);
}

#[test]
fn the_trash_is_emptied_on_command_and_then_it_is_gone() {
    let server = Server::start();
    let (laptop, _) = with_data(&server);
    end_session(&server, &laptop);
    server
        .ctl(["schedule", "remove", "abc-inc/laptop/default", "--yes"])
        .fine();
    laptop.ask("HEAD", "config", b"").is(404);
    let trashed = files_below(&server.location().join(".trash"));
    assert!(!trashed.is_empty());
    server.ctl(["trash", "empty"]).exits(64);
    server.ctl(["trash", "empty", "--yes"]).fine();
    assert_eq!(server.json(["trash", "list"]), serde_json::json!([]));
    assert_eq!(
        fs::read_dir(server.location().join(".trash"))
            .unwrap()
            .count(),
        0
    );
    // Its place is free again.
    laptop.create().is(200);
    assert_eq!(laptop.ask("GET", "data/", b"").is(200).text(), "[]");
}

#[test]
fn the_trash_outlives_a_restart() {
    let server = Server::start();
    let (laptop, object) = with_data(&server);
    end_session(&server, &laptop);
    server
        .ctl(["client", "remove", "abc-inc/laptop", "--recursive", "--yes"])
        .fine();
    server.kill();
    server.restart();
    laptop.ask("GET", "data/", b"").is(401);
    let trash = server.json(["trash", "list"]);
    server
        .ctl(["trash", "restore", &trash[0]["item"].to_string()])
        .fine();
    let path = format!("data/{}", object.name);
    assert!(laptop.ask("GET", &path, b"").is(200).body == object.body);
}
