//! HEAD and GET: exact lengths, ranges, and nothing from outside the repository.

use std::fs;
use std::os::unix::fs::symlink;

use super::with_repository;
use crate::support::{Object, Server, administered};

#[test]
fn head_tells_the_exact_length_or_that_there_is_nothing() {
    let server = Server::start();
    let laptop = with_repository(&server);
    laptop.ask("HEAD", "config", b"").is(404);
    laptop.ask("GET", "config", b"").is(404);
    laptop.ask("POST", "config", b"twelve bytes").is(200);
    let head = laptop.ask("HEAD", "config", b"").is(200);
    assert_eq!(head.header("content-length"), Some("12"));
    for size in [0, 1, 65_537] {
        let object = Object::of(size, 1 + size as u64);
        let path = format!("data/{}", object.name);
        laptop.ask("HEAD", &path, b"").is(404);
        laptop.ask("GET", &path, b"").is(404);
        laptop.post("data", &object).is(200);
        let head = laptop.ask("HEAD", &path, b"").is(200);
        assert_eq!(head.header("content-length"), Some(&*size.to_string()));
        assert_eq!(head.header("transfer-encoding"), None);
        let got = laptop.ask("GET", &path, b"").is(200);
        assert_eq!(got.header("content-length"), Some(&*size.to_string()));
        assert!(got.body == object.body);
    }
}

#[test]
fn a_range_is_answered_exactly_and_never_in_chunks() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let object = Object::of(300_000, 1);
    laptop.post("data", &object).is(200);
    let path = format!("data/{}", object.name);
    let ask = |range: &str| laptop.ask_with("GET", &path, &format!("Range: {range}\r\n"), b"");
    for (range, from, to) in [
        ("bytes=0-", 0, 300_000),
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=65536-262143", 65_536, 262_144),
        ("bytes=299999-", 299_999, 300_000),
        ("bytes=299990-999999999", 299_990, 300_000),
        ("bytes=-10", 299_990, 300_000),
    ] {
        let answer = ask(range).is(206);
        assert_eq!(answer.header("transfer-encoding"), None, "{range}");
        assert_eq!(
            answer.header("content-length"),
            Some(&*(to - from).to_string()),
            "{range}"
        );
        let content = format!("bytes {from}-{}/300000", to - 1);
        assert_eq!(answer.header("content-range"), Some(&*content), "{range}");
        assert!(answer.body == object.body[from..to], "{range}");
    }
    for range in [
        "bytes=300000-",
        "bytes=300000-300001",
        "bytes=99999999999999999999-",
        "bytes=-0",
    ] {
        let answer = ask(range).is(416);
        assert_eq!(
            answer.header("content-range"),
            Some("bytes */300000"),
            "{range}"
        );
    }
    for range in ["bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"] {
        assert!(ask(range).is(200).body == object.body, "{range}");
    }
}

#[test]
fn a_link_in_a_repository_is_never_followed() {
    let server = Server::start();
    let laptop = with_repository(&server);
    let secret = server.folder().join("secret");
    fs::write(&secret, "the daemon's own").unwrap();
    let name = Object::of(10, 1).name;
    let data = laptop.folder().join("data").join(&name[..2]).join(&name);
    symlink(&secret, &data).unwrap();
    symlink(&secret, laptop.folder().join("locks").join(&name)).unwrap();
    symlink(&secret, laptop.folder().join("config")).unwrap();
    for path in [
        format!("data/{name}"),
        format!("locks/{name}"),
        "config".to_owned(),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = laptop.ask(method, &path, b"");
            assert!(answer.status >= 400, "{method} {path}: {answer:?}");
            assert!(!answer.text().contains("own"));
        }
    }
    assert_eq!(laptop.ask("GET", "locks/", b"").is(200).text(), "[]");
    laptop.ask("POST", "config", b"overwritten?");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "the daemon's own");

    // A folder in another's place leads nowhere either.
    let elsewhere = server.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::remove_dir_all(laptop.folder().join("snapshots")).unwrap();
    symlink(&elsewhere, laptop.folder().join("snapshots")).unwrap();
    let answer = laptop.post("snapshots", &Object::of(100, 2));
    assert!(answer.status >= 500, "{answer:?}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn a_new_client_is_never_handed_what_lies_in_its_folder_already() {
    let server = Server::start();
    let newcomer = administered(&server);
    // What an older repository of the same names left behind, when the records know nothing of it.
    let left = newcomer.folder();
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("config"), "another's").unwrap();
    newcomer.create().is(200);
    newcomer.ask("HEAD", "config", b"").is(404);
    newcomer.ask("POST", "config", b"its own").is(200);
    assert_eq!(newcomer.ask("GET", "config", b"").is(200).text(), "its own");
    assert_eq!(
        fs::read_to_string(left.join("config")).unwrap(),
        "another's"
    );
}
