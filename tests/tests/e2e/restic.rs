//! Real restic against the real daemon: every command of a repository's life, over HTTP and over TLS.

use std::fs;
use std::path::Path;

use crate::support::{
    Certificate, Client, Object, Server, administered, at_once, files_below, restic, run, tree,
};

/// Files of so many KiB: several packs, small ones, and an empty one.
const FILES: [usize; 6] = [3000, 2500, 700, 64, 1, 0];

#[track_caller]
fn assert_same_files(one: &Path, other: &Path) {
    let names = files_below(one);
    assert!(!names.is_empty());
    assert_eq!(names, files_below(other));
    for name in names {
        let same = fs::read(one.join(&name)).unwrap() == fs::read(other.join(&name)).unwrap();
        assert!(same, "{} differs", name.display());
    }
}

/// Everything that restic does with a repository, with its own options before each command.
fn live_a_whole_life(client: &Client, folder: &Path, options: &[&str]) {
    let restic = |args: &[&str]| client.restic(options.iter().chain(args)).fine();
    let files = folder.join("files");
    tree(&files, &FILES, 1);
    restic(&["init"]);
    restic(&["backup", "files"]);
    fs::write(files.join("more"), b"a second backup has this too").unwrap();
    fs::remove_file(files.join("a0")).unwrap();
    restic(&["backup", "files"]);
    let listed = restic(&["snapshots", "--json"]);
    let snapshots: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(snapshots.as_array().unwrap().len(), 2);
    restic(&["check", "--read-data"]);
    let used = |folder: &Path| -> u64 {
        let sizes = files_below(folder).into_iter();
        sizes
            .map(|file| fs::metadata(folder.join(file)).unwrap().len())
            .sum()
    };
    let before = used(&client.folder().join("data"));
    restic(&["forget", "--keep-last", "1", "--prune"]);
    let after = used(&client.folder().join("data"));
    assert!(after < before, "prune gave nothing back: {before} {after}");
    restic(&["check", "--read-data"]);
    restic(&["restore", "latest", "--target", "restored"]);
    assert_same_files(&files, &folder.join("restored/files"));
    assert!(files_below(&client.folder().join("locks")).is_empty());
}

#[test]
fn a_repository_lives_its_whole_life_over_http() {
    let server = Server::start();
    let client = administered(&server);
    live_a_whole_life(&client, server.folder(), &[]);
    let sessions = server.json(["schedule", "history", "abc-inc/laptop/default"]);
    let kinds: Vec<&str> = sessions
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["kind"].as_str().unwrap())
        .collect();
    for kind in ["backup", "restore", "prune"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn a_repository_lives_its_whole_life_over_tls() {
    let server = Server::prepared(Certificate::CONFIG, |folder| {
        Certificate::made_in(folder);
    });
    let client = administered(&server);
    let options = ["--cacert", "certificate.pem"];
    live_a_whole_life(&client, server.folder(), &options);
}

#[test]
fn what_penstockd_wrote_opens_on_the_spot() {
    let server = Server::start();
    let client = administered(&server);
    let files = server.folder().join("files");
    tree(&files, &FILES, 2);
    client.restic(["init"]).fine();
    client.restic(["backup", "files"]).fine();
    let local = |args: &[&str]| {
        let mut restic = restic(client.folder().to_str().unwrap());
        run(restic.current_dir(server.folder()).args(args), "").fine()
    };
    local(&["check", "--read-data"]);
    local(&["restore", "latest", "--target", "restored"]);
    assert_same_files(&files, &server.folder().join("restored/files"));
    // And the other way round: what restic wrote on the spot is served.
    tree(&files, &[300], 3);
    local(&["backup", "files"]);
    client.restic(["check", "--read-data"]).fine();
    client
        .restic(["restore", "latest", "--target", "again"])
        .fine();
    assert_same_files(&files, &server.folder().join("again/files"));
}

#[test]
fn two_clients_back_up_at_once_and_see_only_their_own() {
    let server = Server::start();
    let laptop = administered(&server);
    let desktop = Client::added(&server, "abc-inc", "desktop");
    let clients = [(&laptop, "one"), (&desktop, "two")];
    for (seed, (client, folder)) in (10..).zip(clients) {
        tree(&server.folder().join(folder), &FILES, seed);
        client.restic(["init"]).fine();
    }
    at_once(2, |number| {
        let (client, folder) = clients[number];
        client.restic(["backup", folder]).fine();
    });
    for (client, folder) in clients {
        let target = format!("restored-{folder}");
        client
            .restic(["restore", "latest", "--target", &target])
            .fine();
        let restored = server.folder().join(target).join(folder);
        assert_same_files(&server.folder().join(folder), &restored);
        client.restic(["check", "--read-data"]).fine();
    }
    let trespasser = Client::with(&server, "abc-inc", "desktop", &laptop.password);
    trespasser.ask("GET", "config", b"").is(401);
}

#[test]
fn a_client_has_several_schedules_each_a_repository() {
    let server = Server::start();
    let client = administered(&server);
    let nightly = client.schedule("nightly");
    tree(&server.folder().join("files"), &[200], 4);
    for schedule in [&client, &nightly] {
        schedule.restic(["init"]).fine();
        schedule.restic(["backup", "files"]).fine();
    }
    let listed = server.json(["schedule", "list", "abc-inc/laptop"]);
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|schedule| schedule["schedule"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["default", "nightly"]);
    // The default schedule goes by its name as well.
    let named = client
        .schedule("default")
        .ask("HEAD", "config", b"")
        .is(200);
    assert_eq!(
        named.header("content-length"),
        client.ask("HEAD", "config", b"").header("content-length")
    );
}

#[test]
fn a_customers_full_name_opens_the_same_repository() {
    let server = Server::start();
    let client = administered(&server);
    client.restic(["init"]).fine();
    let by_full_name = Client::with(&server, "ABC%20Inc.", "laptop", &client.password);
    by_full_name.restic(["snapshots"]).fine();
    tree(&server.folder().join("files"), &[10], 5);
    by_full_name.restic(["backup", "files"]).fine();
    let listed = client.restic(["snapshots", "--json"]).fine();
    assert!(listed.out.contains("\"files\"") || listed.out.contains("/files"));
}

#[test]
fn an_object_that_exists_is_answered_again_as_if_it_were_new() {
    let server = Server::start();
    let client = administered(&server);
    client.create().is(200);
    let object = Object::of(100_000, 6);
    for _ in 0..3 {
        client.post("data", &object).is(200);
    }
    client.create().is(200);
    assert_eq!(files_below(&client.folder().join("data")).len(), 1);
    client
        .ask("DELETE", &format!("data/{}", object.name), b"")
        .is(200);
    client
        .ask("DELETE", &format!("data/{}", object.name), b"")
        .is(200);
    client
        .ask("HEAD", &format!("data/{}", object.name), b"")
        .is(404);
    client.post("data", &object).is(200);
    let got = client
        .ask("GET", &format!("data/{}", object.name), b"")
        .is(200);
    assert_eq!(got.body, object.body);
}

#[test]
fn a_wrong_password_ends_restic_with_the_fixed_sentence() {
    let server = Server::start();
    let client = administered(&server);
    client.restic(["init"]).fine();
    let stranger = Client::with(&server, "abc-inc", "laptop", "psk_wrong");
    // Where no repository can be seen, restic stops at its first request.
    let ran = stranger.restic(["init"]);
    assert_ne!(ran.code, Some(0));
    assert!(
        ran.err.contains("Access denied: check the customer"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains(crate::support::CONTACT), "{}", ran.err);
}
