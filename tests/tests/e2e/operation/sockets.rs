//! The admin sockets and what a service manager hands over.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};

use nix::sys::signal::Signal;
use penstock_wire::reply::{FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::{Hello, Role, VERSION, Welcome, frame};

use crate::support::{
    Background, PATIENCE, Server, administered, command, program, request, until,
};

#[test]
fn the_view_socket_shows_everything_but_secrets_and_changes_nothing() {
    let server = Server::start();
    administered(&server);
    for args in [
        &["status"][..],
        &["top", "--once"],
        &["refused"],
        &["explain", "abc-inc"],
        &["customer", "list"],
        &["client", "list"],
        &["schedule", "list"],
        &["reseller", "list"],
        &["server", "show"],
        &["trash", "list"],
        &["audit"],
    ] {
        server.ctl_view(args).fine();
    }
    let key = server.json(["customer", "pass-key", "abc-inc"]);
    let key = key["pass_key"].as_str().unwrap();
    for args in [&["customer", "show", "abc-inc"][..], &["audit"]] {
        let shown = server.ctl_view(["--json"].iter().chain(args)).fine();
        assert!(!shown.out.contains(key) && !shown.out.contains("psk_"));
    }
    for args in [
        &["customer", "pass-key", "abc-inc"][..],
        &["customer", "pass-key", "abc-inc", "--rotate"],
        &["customer", "edit", "abc-inc", "--notes", "x"],
        &["customer", "add", "New"],
        &["client", "add", "abc-inc", "new"],
        &["client", "reset-password", "abc-inc/laptop"],
        &["server", "edit", "--contact", "x"],
        &["undo", "1"],
        &["trash", "empty", "--yes"],
    ] {
        server.ctl_view(args).exits(77);
    }
}

#[test]
fn the_daemon_itself_refuses_whoever_asks_the_view_socket_for_more() {
    let server = Server::start();
    administered(&server);
    let mut stream = UnixStream::connect(server.view()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    frame::write(&mut stream, &Hello { version: VERSION }, frame::MAX_REQUEST).unwrap();
    let welcome: Welcome = frame::read(&mut stream, frame::MAX_REPLY).unwrap();
    assert_eq!(welcome.role, Role::View);
    let customer = "abc-inc".to_owned();
    frame::write(
        &mut stream,
        &Request::PassKey { customer },
        frame::MAX_REQUEST,
    )
    .unwrap();
    let reply: Reply = frame::read(&mut stream, frame::MAX_REPLY).unwrap();
    let Reply::Failed(failure) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(failure.code, FailureCode::NotPermitted);
}

#[test]
fn the_admin_sockets_are_for_their_owner_and_group_only() {
    let server = Server::start();
    for socket in [server.control(), server.view()] {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&socket), 0o660);
        assert_eq!(mode(socket.parent().unwrap()), 0o750);
    }
    let state = server.folder().join("state");
    assert_eq!(state.metadata().unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn passed_listeners_take_the_place_of_the_configured_port() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("penstock.toml");
    std::fs::write(
        &config,
        "state_dir = \"state\"\nlisten = [\"127.0.0.1:1\"]\n",
    )
    .unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    let start = || {
        let mut shell = command("sh");
        shell
            .args([
                "-c",
                "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"",
            ])
            .arg(program("penstockd"))
            .arg("--config")
            .arg(&config);
        Background::reading(OwnedFd::from(port.try_clone().unwrap()), &mut shell)
    };
    for _ in 0..2 {
        let mut daemon = start();
        // Asked before it listens: the connection waits in the passed queue.
        let answer = request(address.port(), "GET", "/abc-inc/laptop/config", "", b"");
        answer.is(401);
        daemon.signal(Signal::SIGTERM);
        assert_eq!(daemon.ends().code(), Some(0));
    }
}

#[test]
fn the_service_manager_is_told_of_start_reload_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    let mut told = String::new();
    let mut hears = |words: &str| {
        until(words, || {
            let mut message = [0; 4096];
            while let Ok(length) = manager.recv(&mut message) {
                told.push_str(&String::from_utf8_lossy(&message[..length]));
                told.push('\n');
            }
            // What came after it may be what is waited for next.
            let end = told.find(words)? + words.len();
            told.drain(..end);
            Some(())
        });
    };
    let shell = format!("NOTIFY_SOCKET='{}' exec \"$0\" \"$@\"", path.display());
    let server = Server::wrapped(&["sh", "-c", &shell], "");
    hears("READY=1");
    server.signal(Signal::SIGHUP);
    hears("RELOADING=1");
    hears("READY=1");
    server.signal(Signal::SIGTERM);
    hears("STOPPING=1");
    assert_eq!(server.ends().code(), Some(0));
}
