//! Export and apply: files out of one server and into another, by `penstockctl` alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Client, Object, Server, administered};

/// A server with a suspended customer, a reseller, a customer with limits of every kind, and two clients.
fn furnished() -> Server {
    let server = Server::start();
    let _laptop = administered(&server);
    for args in [
        &["server", "edit", "--mcals", "500", "--space", "2TiB"][..],
        &["reseller", "add", "North Ltd", "--space", "1TiB"],
        &["customer", "move", "abc-inc", "north-ltd"],
        &[
            "customer", "edit", "abc-inc", "--space", "500GiB", "--mcals", "25/month",
        ],
        &[
            "customer",
            "edit",
            "abc-inc",
            "--notes",
            "Straße 1\n\"8010\" Graz",
        ],
        &[
            "customer",
            "edit",
            "abc-inc",
            "--throttle",
            "8Mbit/s 08:00-18:00 weekend-exempt",
        ],
        &[
            "customer",
            "add",
            "Late & Co",
            "--activated",
            "no",
            "--reason",
            "invoice 2041 is unpaid",
        ],
        &[
            "client",
            "add",
            "late-co",
            "pc",
            "--platform",
            "server",
            "--plugin",
            "sql",
        ],
        &["client", "add", "late-co", "old"],
        &["client", "revoke", "late-co/old", "--yes"],
    ] {
        server.ctl(args).fine();
    }
    server
}

fn exported(server: &Server, to: &str) -> PathBuf {
    let folder = server.folder().join(to);
    server.ctl(["export".as_ref(), folder.as_os_str()]).fine();
    folder
}

/// Every file of an export with its text.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found: Vec<(PathBuf, String)> = crate::support::files_below(folder)
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(folder.join(&file)).unwrap();
            (file, text)
        })
        .collect();
    found.sort();
    found
}

/// A secret out of the file that `--secrets-to` made.
fn secret(file: &Path, table: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    let (_, after) = text.split_once(&format!("[{table}]\n")).unwrap();
    let line = after.lines().next().unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn applying_an_export_changes_nothing() {
    let server = furnished();
    let folder = exported(&server, "records");
    for more in [&["--dry-run"][..], &["--dry-run", "--prune"], &["--prune"]] {
        let args = ["apply", folder.to_str().unwrap()];
        let ran = server.ctl(args.iter().chain(more)).fine();
        assert!(ran.out.contains("nothing to change"), "{}", ran.out);
    }
    let audit = server.json(["audit"]);
    exported(&server, "again");
    assert_eq!(texts(&folder), texts(&server.folder().join("again")));
    assert_eq!(server.json(["audit"]), audit);
    for (file, text) in texts(&folder) {
        assert!(!text.contains("psk_"), "a secret in {}", file.display());
    }
}

#[test]
fn an_export_applied_to_an_empty_server_rebuilds_the_tree_with_secrets_of_its_own() {
    let (from, to) = (furnished(), Server::start());
    let folder = exported(&from, "records");
    let folder = folder.to_str().unwrap();
    // Nothing is applied while nobody would have the secrets.
    let ran = to.ctl(["apply", folder]);
    assert!(ran.err.contains("--secrets-to"), "{}", ran.err);
    assert_eq!(to.json(["customer", "list"]).as_array().unwrap().len(), 1);
    let file = to.folder().join("secrets.toml");
    let secrets = file.to_str().unwrap();
    to.ctl(["apply", folder, "--secrets-to", secrets]).fine();
    let rebuilt = exported(&to, "records");
    assert_eq!(texts(&rebuilt), texts(Path::new(folder)));
    let password = secret(&file, "customer.abc-inc.client.laptop");
    let laptop = Client::with(&to, "abc-inc", "laptop", &password);
    laptop.create().is(200);
    laptop.post("data", &Object::of(1000, 1)).is(200);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("late-co.client.old"), "{text}");
}

#[test]
fn a_dry_run_exits_2_with_differences_and_changes_nothing() {
    let server = furnished();
    let before = exported(&server, "before");
    let edit = "[customer.abc-inc]\nspace = \"600GiB\"\ncity = \"Graz\"\n";
    let ran = server.ctl_with_input(["apply", "-", "--dry-run"], edit);
    let ran = ran.exits(2);
    assert!(ran.out.contains("600GiB"), "{}", ran.out);
    assert_eq!(texts(&before), texts(&exported(&server, "after")));
    server.ctl_with_input(["apply", "-"], edit).fine();
    server
        .ctl_with_input(["apply", "-", "--dry-run"], edit)
        .fine();
    let shown = server.json(["customer", "show", "abc-inc"]);
    assert_eq!(shown["city"], "Graz");
    assert_eq!(shown["notes"], "Straße 1\n\"8010\" Graz");
}

#[test]
fn what_is_refused_names_the_record_and_nothing_is_applied() {
    let server = furnished();
    let before = exported(&server, "before");
    let text = "[customer.abc-inc]\nspace = \"2TiB\"\n\n[customer.late-co]\ncity = \"Graz\"\n";
    let ran = server.ctl_with_input(["apply", "-"], text).exits(1);
    assert!(ran.err.contains("north-ltd"), "{}", ran.err);
    assert_eq!(texts(&before), texts(&exported(&server, "after")));
    // With its reseller in the same file it fits.
    let text = format!("{text}\n[reseller.north-ltd]\nspace = \"2TiB\"\n");
    server.ctl_with_input(["apply", "-"], &text).fine();
}

#[test]
fn what_is_pruned_comes_back_from_the_trash_with_its_data() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    laptop.post("data", &object).is(200);
    let folder = exported(&server, "records");
    let file = folder.join("customers/abc-inc.toml");
    fs::remove_file(&file).unwrap();
    let folder = folder.to_str().unwrap();
    server.ctl(["apply", folder, "--dry-run"]).fine();
    let prune = ["apply", folder, "--prune", "--dry-run"];
    for prune in [&prune[..], &prune[..3]] {
        let ran = server.ctl(prune).exits(4);
        assert!(ran.err.contains("abc-inc/laptop/default"), "{}", ran.err);
    }
    // After a restart nothing runs any more.
    server.kill();
    server.restart();
    server.ctl(prune).exits(2);
    server.ctl(&prune[..3]).fine();
    assert!(!laptop.folder().exists());
    let trash = server.json(["trash", "list"]);
    assert_eq!(trash[0]["address"], "abc-inc");
    let item = trash[0]["item"].to_string();
    server.ctl(["trash", "restore", &item]).fine();
    let got = laptop.ask("GET", &format!("data/{}", object.name), b"");
    got.is(200);
}

#[test]
fn a_thousand_customers_go_round() {
    let (from, to) = (Server::start(), Server::start());
    let mut text = String::new();
    for n in 0..1000 {
        writeln!(
            text,
            "[customer.c{n:04}]\nname = \"Customer {n:04}\"\nspace = \"5GiB\""
        )
        .unwrap();
        for client in ["a", "b", "c"] {
            writeln!(
                text,
                "[customer.c{n:04}.client.{client}]\nplatform = \"server\""
            )
            .unwrap();
        }
    }
    let records = from.folder().join("records.toml");
    fs::write(&records, text).unwrap();
    let goes = |server: &Server, records: &Path| {
        let secrets = server.folder().join("secrets.toml");
        let (records, secrets) = (records.to_str().unwrap(), secrets.to_str().unwrap());
        let apply = ["apply", records, "--secrets-to", secrets];
        server.ctl(apply).fine();
        let again = ["apply", records, "--dry-run", "--prune"];
        server.ctl(again).fine();
    };
    goes(&from, &records);
    goes(&to, &exported(&from, "records"));
    assert_eq!(
        texts(&exported(&from, "last")),
        texts(&exported(&to, "last"))
    );
}
