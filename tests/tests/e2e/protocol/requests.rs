//! Paths, methods and heads: what isn't ours is 404, what can be read two ways is refused.

use super::with_repository;
use crate::support::{Object, Server, Wire, files_below, request};

#[test]
fn what_is_no_path_of_a_repository_is_not_found() {
    let server = Server::start();
    let laptop = with_repository(&server);
    std::fs::write(server.location().join("abc-inc/secret"), "not for clients").unwrap();
    let name = Object::of(10, 1).name;
    let upper = name.to_uppercase();
    let before = files_below(&server.location());
    for path in [
        "/",
        "//",
        "/abc-inc",
        "/abc-inc/laptop",
        "/abc-inc//laptop/",
        "/abc-inc/laptop/default/more/",
        "/abc-inc/laptop/../secret",
        "/abc-inc/laptop/%2e%2e/secret",
        "/abc-inc/laptop/..%2f..%2fsecret",
        "/abc-inc/laptop/data/..%2fconfig",
        "/abc-inc/laptop/data/../config",
        "/abc-inc/laptop/%00/",
        "/abc-inc/laptop/%ff/",
        "/abc-inc/laptop/a%zz/",
        "/abc-inc/laptop/config/",
        "/abc-inc/laptop/data/short",
        &format!("/abc-inc/laptop/data/{upper}"),
        &format!("/abc-inc/laptop/data/{name}0"),
        &format!("/abc-inc/laptop/data/{}", &name[1..]),
        &format!("/abc-inc/laptop/data/{}/{name}", &name[..2]),
        &format!("/abc-inc/laptop/data/{name}/"),
        &format!("/abc-inc/laptop/.trash/{name}"),
        &format!("/abc-inc/laptop/nonsense/{name}"),
        &format!("/data/{name}"),
    ] {
        for method in ["GET", "HEAD", "POST", "DELETE", "PUT"] {
            let headers = laptop.authorization();
            let answer = request(server.port(), method, path, &headers, b"");
            // A path of other names may be another client's, which nobody may know.
            let fine = [401, 404, 405].contains(&answer.status);
            assert!(fine, "{method} {path}: {answer:?}");
            assert!(!answer.text().contains("not for clients"));
        }
    }
    assert_eq!(files_below(&server.location()), before);
}

#[test]
fn a_wrong_method_is_told_which_ones_are_right() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = format!("data/{}", Object::of(10, 1).name);
    for (path, right) in [
        (object.as_str(), "GET, HEAD, POST, DELETE"),
        ("config", "GET, HEAD, POST"),
        ("data/", "GET, HEAD"),
        ("", "POST"),
    ] {
        for method in ["PUT", "PATCH", "OPTIONS", "DELETE", "GET", "HEAD"] {
            if right.contains(method) {
                continue;
            }
            let answer = laptop.ask(method, path, b"").is(405);
            assert_eq!(answer.header("allow"), Some(right), "{method} {path}");
        }
    }
    let answer = laptop.ask("POST", "data/", b"");
    assert_eq!(answer.is(405).header("allow"), Some("GET, HEAD"));
    let answer = laptop.ask("GET", "register", b"");
    assert_eq!(answer.is(405).header("allow"), Some("POST"));
}

#[test]
fn a_repository_is_made_only_when_that_is_asked_for() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let another = laptop.schedule("another");
    another.ask("HEAD", "config", b"").is(404);
    another.ask("GET", "data/", b"").is(404);
    for path in ["", "?create=false", "?create", "?creates=true"] {
        another.ask("POST", path, b"").is(400);
    }
    another.post("keys", &Object::of(10, 1)).is(404);
    assert!(!another.folder().exists());
    another.ask("POST", "?x=y&create=true", b"").is(200);
    another.create().is(200);
    for kind in ["data", "index", "keys", "locks", "snapshots"] {
        assert!(another.folder().join(kind).is_dir());
    }
    assert_eq!(
        std::fs::read_dir(another.folder().join("data"))
            .unwrap()
            .count(),
        256
    );
}

#[test]
fn a_head_that_two_readers_could_read_two_ways_is_refused() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = Object::of(10, 1);
    let path = laptop.path(&format!("data/{}", object.name));
    let login = laptop.authorization();
    let answer = |head: &str| {
        let mut wire = Wire::to(server.port());
        wire.send(head.as_bytes());
        wire.send(&object.body);
        wire.answer("POST")
    };
    let post = format!("POST {path} HTTP/1.1\r\n{login}");
    for lines in [
        "Content-Length: 10\r\n",
        "Host: a\r\nHost: b\r\nContent-Length: 10\r\n",
        "Host: a\r\nContent-Length: 10\r\nContent-Length: 11\r\n",
        "Host: a\r\nContent-Length: +10\r\n",
        "Host: a\r\nContent-Length: 10, 10\r\n",
    ] {
        let answer = answer(&format!("{post}{lines}\r\n"));
        assert_eq!(answer.status, 400, "{lines:?}");
    }
    for lines in [
        "Host: a\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\n",
        "Host: a\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let answer = answer(&format!("{post}{lines}\r\n"));
        assert_eq!(answer.status, 411, "{lines:?}");
    }
    laptop
        .ask("HEAD", &format!("data/{}", object.name), b"")
        .is(404);
}

#[test]
fn one_connection_serves_one_request_after_the_other() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let mut wire = Wire::to(server.port());
    let login = laptop.authorization();
    for seed in 0..5 {
        let object = Object::of(70_000, seed);
        let path = laptop.path(&format!("data/{}", object.name));
        wire.head("POST", &path, &login, Some(object.body.len()));
        wire.send(&object.body);
        wire.answer("POST").is(200);
        wire.head("HEAD", &path, &login, None);
        let head = wire.answer("HEAD").is(200);
        assert_eq!(head.header("content-length"), Some("70000"));
        wire.head("GET", &path, &login, None);
        assert!(wire.answer("GET").is(200).body == object.body);
        wire.head("GET", &laptop.path("index/"), &login, None);
        assert_eq!(wire.answer("GET").is(200).text(), "[]");
    }
}

#[test]
fn no_answer_says_what_was_sent_to_log_in() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let token = laptop.authorization();
    let token = token.trim().rsplit(' ').next().unwrap().to_owned();
    for (method, path) in [
        ("GET", "config"),
        ("GET", "data/"),
        ("PUT", "config"),
        ("POST", ""),
    ] {
        let answer = format!("{:?}", laptop.ask(method, path, b""));
        assert!(!answer.contains(&token) && !answer.contains(&laptop.password));
    }
    assert!(!server.log().contains(&laptop.password));
}
