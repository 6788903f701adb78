//! The stop: what runs is finished within its grace, nothing new begins, and it is over when it is told twice.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;

use crate::support::{Object, Server, Wire, administered, files_below, until};

const DEFAULT: &str = "abc-inc/laptop/default";

/// Waits until the port takes no connection any more.
fn closed(server: &Server) {
    until("the port to be closed", || {
        let connected = TcpStream::connect(("127.0.0.1", server.port()));
        let refused = connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        refused.then_some(())
    });
}

#[test]
fn a_stop_lets_running_uploads_finish_and_begins_nothing_new() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(3 << 20, 1);
    let mut idle = Wire::to(server.port());
    idle.head("GET", &laptop.path("data/"), &laptop.authorization(), None);
    idle.answer("GET").is(200);
    let mut running = laptop.begin("data", &object, 1 << 20);
    server.runs(DEFAULT);
    server.signal(Signal::SIGTERM);
    closed(&server);
    assert_eq!(idle.rest(), 0);
    drop(idle);
    running.send(&object.body[1 << 20..]);
    let answer = running.answer("POST").is(200);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(running.rest(), 0);
    drop(running);
    assert_eq!(server.ends().code(), Some(0));
    assert!(server.log().contains("stopped"));
    assert!(!server.control().exists() && !server.view().exists());

    server.restart();
    let got = laptop
        .ask("GET", &format!("data/{}", object.name), b"")
        .is(200);
    assert!(got.body == object.body);
    let sessions = server.json(["schedule", "history", DEFAULT]);
    assert_eq!(sessions[0]["bytes_in"], object.body.len());
}

#[test]
fn what_has_not_finished_at_the_end_of_its_grace_is_cut() {
    let server = Server::configured("[limits]\ndrain_timeout = \"1s\"\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(3 << 20, 1);
    let mut running = laptop.begin("data", &object, 2 << 20);
    server.runs(DEFAULT);
    server.signal(Signal::SIGTERM);
    running.rest();
    assert_eq!(server.ends().code(), Some(0));
    server.logs("cut off");
    assert!(files_below(&server.location().join(".incoming")).is_empty());
    server.restart();
    laptop
        .ask("HEAD", &format!("data/{}", object.name), b"")
        .is(404);
    laptop.post("data", &object).is(200);
}

#[test]
fn a_second_sigterm_ends_it_at_once() {
    let server = Server::configured("[limits]\ndrain_timeout = \"1h\"\n");
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(3 << 20, 1);
    let _running = laptop.begin("data", &object, 2 << 20);
    server.runs(DEFAULT);
    server.signal(Signal::SIGTERM);
    closed(&server);
    server.signal(Signal::SIGTERM);
    let end = server.ends();
    assert!(
        end.code() == Some(143) || end.signal() == Some(15),
        "{end:?}"
    );
    server.restart();
    assert!(files_below(&server.location().join(".incoming")).is_empty());
    laptop.post("data", &object).is(200);
}
