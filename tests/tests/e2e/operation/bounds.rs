//! Bounds on whoever connects: heads that don't come, bodies that stall, connections that do nothing, too many of them.

use crate::support::{Object, Server, Wire, administered, files_below, until};

#[test]
fn whoever_sends_no_head_is_closed() {
    let server = Server::configured("[limits]\nheader_timeout = \"3s\"\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let mut silent = Wire::to(server.port());
    let mut slow = Wire::to(server.port());
    slow.send(b"GET /abc-inc/laptop/config HTTP/1.1\r\nHost: te");
    let mut stranger = Wire::to(server.port());
    stranger.head("GET", "/abc-inc/laptop/config", "", None);
    stranger.answer("GET").is(401);
    for wire in [&mut silent, &mut slow, &mut stranger] {
        wire.rest();
    }
    // Whoever is known may be silent for longer.
    let mut known = Wire::to(server.port());
    for path in ["data/", "index/"] {
        known.head("GET", &laptop.path(path), &laptop.authorization(), None);
        known.answer("GET").is(200);
        let mut silent = Wire::to(server.port());
        silent.rest();
    }
}

#[test]
fn whoever_is_known_is_closed_when_it_has_been_idle_for_too_long() {
    let server = Server::configured("[limits]\nidle_timeout = \"3s\"\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let mut idle = Wire::to(server.port());
    idle.head("GET", &laptop.path("data/"), &laptop.authorization(), None);
    idle.answer("GET").is(200);
    assert_eq!(idle.rest(), 0);
}

#[test]
fn a_body_that_stalls_is_given_up_and_leaves_nothing() {
    let server = Server::configured("[limits]\nstalled_body_timeout = \"1s\"\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(3 << 20, 1);
    let mut stalled = laptop.begin("data", &object, 2 << 20);
    stalled.answer("POST").is(408);
    until("nothing half-written to remain", || {
        files_below(&server.location().join(".incoming"))
            .is_empty()
            .then_some(())
    });
    laptop
        .ask("HEAD", &format!("data/{}", object.name), b"")
        .is(404);
}

#[test]
fn a_body_that_our_throttle_holds_back_does_not_stall() {
    let server = Server::configured("[limits]\nstalled_body_timeout = \"2s\"\n");
    let laptop = administered(&server);
    let throttle = "256kbit/s always single-connection";
    server
        .ctl(["customer", "edit", "abc-inc", "--throttle", throttle])
        .fine();
    laptop.create().is(200);
    // Far more than what that rate lets through before a body would count as stalled.
    laptop.post("data", &Object::of(160_000, 1)).is(200);
}

#[test]
fn one_source_has_no_more_connections_than_it_may_have() {
    let server = Server::configured("[limits]\nconnections_per_source = 3\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let ask = |wire: &mut Wire| {
        wire.head("GET", &laptop.path("data/"), &laptop.authorization(), None);
        wire.answer("GET").status
    };
    // The connection of the request before may still be closing.
    let mut taken = Vec::new();
    until("three connections", || {
        let mut wire = Wire::to(server.port());
        if ask(&mut wire) == 200 {
            taken.push(wire);
        }
        (taken.len() == 3).then_some(())
    });
    let mut fourth = Wire::to(server.port());
    let answer = fourth.answer("GET").is(503);
    assert_eq!(answer.reason, "The server is busy: try again soon.");
    fourth.rest();
    taken.pop();
    until("a free place", || {
        let mut wire = Wire::to(server.port());
        (ask(&mut wire) == 200).then_some(())
    });
    for wire in &mut taken {
        assert_eq!(ask(wire), 200);
    }
}
