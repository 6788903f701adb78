//! Customers, resellers and the server's record: added, shown, edited, moved, and taken back.

use super::{each, failure, names};
use crate::support::{Server, administered};

#[test]
fn with_an_empty_state_the_defaults_are_there_and_work_at_once() {
    let server = Server::start();
    assert_eq!(
        each(&server.json(["customer", "list"]), "short_name"),
        ["default"]
    );
    assert_eq!(
        each(&server.json(["reseller", "list"]), "short_name"),
        ["default"]
    );
    let added = server.json(["client", "add", "default", "pc"]);
    let password = added["password"].as_str().unwrap();
    let pc = crate::support::Client::with(&server, "default", "pc", password);
    pc.create().is(200);
    // A path whose first segment is no customer's is the Default Customer's.
    let login = pc.authorization();
    let short = crate::support::request(server.port(), "GET", "/pc/data/", &login, b"");
    short.is(200);
    server
        .ctl(["customer", "remove", "default", "--recursive", "--yes"])
        .exits(1);
    server
        .ctl(["reseller", "remove", "default", "--yes"])
        .exits(1);
}

#[test]
fn a_customer_goes_by_either_name_and_no_other_may_look_like_it() {
    let server = Server::start();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    server
        .ctl(["customer", "add", "Müller & Söhne", "--short", "mueller"])
        .fine();
    for (name, short) in [("ABC Inc.", "abc-inc"), ("Müller & Söhne", "mueller")] {
        for given in [name, short] {
            let shown = server.json(["customer", "show", given]);
            assert_eq!(
                (shown["name"].as_str(), shown["short_name"].as_str()),
                (Some(name), Some(short))
            );
        }
    }
    for taken in [
        &["abc inc."][..],
        &["ABC INC."],
        &["Another", "--short", "abc-inc"],
        // The same letters, composed of others.
        &["Mu\u{308}ller & So\u{308}hne"],
    ] {
        server.ctl(["customer", "add"].iter().chain(taken)).exits(5);
    }
}

#[test]
fn a_customer_like_another_gets_its_settings_but_not_its_pass_key_or_address() {
    let server = Server::start();
    let fields = [
        "--throttle",
        "8Mbit/s always",
        "--client-limit",
        "7",
        "--email",
        "a@abc.example",
    ];
    server
        .ctl(["customer", "add", "ABC Inc."].iter().chain(&fields))
        .fine();
    server.ctl(["customer", "suspend", "abc-inc"]).fine();
    server
        .ctl([
            "customer",
            "add",
            "Second",
            "--like",
            "abc-inc",
            "--client-limit",
            "9",
        ])
        .fine();
    let second = server.json(["customer", "show", "second"]);
    assert_eq!(second["throttle"], "8Mbit/s always");
    assert_eq!(second["maximum_client_limit"], 9);
    assert_eq!(
        (&second["email"], &second["activated"]),
        (&"".into(), &true.into())
    );
    let key = |customer: &str| server.json(["customer", "pass-key", customer])["pass_key"].clone();
    assert_ne!(key("abc-inc"), key("second"));
}

#[test]
fn an_edit_shows_before_and_after_and_changes_only_what_it_names() {
    let server = Server::start();
    administered(&server);
    server
        .ctl([
            "customer", "edit", "abc-inc", "--city", "Wien", "--notes", "a\nb",
        ])
        .fine();
    let before = server.json(["customer", "show", "abc-inc"]);
    let edit = [
        "customer",
        "edit",
        "abc-inc",
        "--throttle",
        "8Mbit/s 08:00-18:00",
    ];
    let told = server.ctl(edit.iter().chain(&["--dry-run"])).exits(2);
    assert!(
        told.out.contains("inherit") && told.out.contains("8Mbit/s 08:00-18:00"),
        "{}",
        told.out
    );
    assert_eq!(server.json(["customer", "show", "abc-inc"]), before);
    let edited = server.json(edit);
    names(
        &edited,
        &["record", "edit", "revision", "changes", "dry_run", "notes"],
    );
    assert_eq!(edited["record"], "abc-inc");
    let change = serde_json::json!([{ "field": "throttle", "from": "inherit", "to": "8Mbit/s 08:00-18:00" }]);
    assert_eq!(edited["changes"], change);
    let after = server.json(["customer", "show", "abc-inc"]);
    assert_eq!(after["revision"], before["revision"].as_u64().unwrap() + 1);
    assert_eq!(
        (&after["city"], &after["notes"]),
        (&"Wien".into(), &"a\nb".into())
    );
    let again = server.json(edit);
    assert_eq!(
        (&again["edit"], &again["revision"]),
        (&serde_json::Value::Null, &after["revision"])
    );
    let stale = before["revision"].to_string();
    let stale = [
        "--json",
        "customer",
        "edit",
        "abc-inc",
        "--city",
        "Graz",
        "--expect-revision",
        &stale,
    ];
    let conflict = failure(&server.ctl(stale).exits(4));
    assert_eq!(conflict["differences"], change);
}

#[test]
fn switching_automatic_adding_on_warns() {
    let server = Server::start();
    administered(&server);
    let edited = server.json(["customer", "edit", "abc-inc", "--automatically-add", "yes"]);
    let notes = edited["notes"].to_string();
    assert!(notes.contains("whoever reaches the port"), "{notes}");
}

#[test]
fn an_edit_is_undone_by_its_reverse_unless_somebody_went_on_from_it() {
    let server = Server::start();
    administered(&server);
    let edit = |city: &str| {
        let edited = server.json(["customer", "edit", "abc-inc", "--city", city]);
        edited["edit"].to_string()
    };
    let city = || server.json(["customer", "show", "abc-inc"])["city"].clone();
    let first = edit("Wien");
    server.ctl(["undo", &first, "--dry-run"]).exits(2);
    assert_eq!(city(), "Wien");
    let undone = server.json(["undo", &first]);
    assert_eq!(city(), "");
    server.ctl(["undo", &undone["edit"].to_string()]).fine();
    assert_eq!(city(), "Wien");
    edit("Graz");
    let refused = server.ctl(["undo", &first]).exits(4);
    assert!(refused.err.contains("Graz"), "{}", refused.err);
    assert_eq!(city(), "Graz");
}

#[test]
fn the_audit_tells_who_changed_what_and_no_secret() {
    let server = Server::start();
    administered(&server);
    server.ctl(["customer", "add", "Other"]).fine();
    server
        .ctl(["customer", "edit", "abc-inc", "--city", "Wien"])
        .fine();
    server
        .ctl(["customer", "pass-key", "abc-inc", "--rotate"])
        .fine();
    server
        .ctl(["client", "reset-password", "abc-inc/laptop"])
        .fine();
    let audit = server.json(["audit", "abc-inc"]);
    let verbs = each(&audit, "verb");
    assert_eq!(
        verbs.first().map(String::as_str),
        Some("client reset-password")
    );
    assert_eq!(verbs.last().map(String::as_str), Some("customer add"));
    let entries = audit.as_array().unwrap();
    let edit = entries
        .iter()
        .find(|entry| entry["verb"] == "edit")
        .unwrap();
    assert_eq!(edit["changes"][0]["to"], "Wien");
    let who = &edit["who"];
    assert_eq!(who["uid"], nix::unistd::getuid().as_raw());
    assert_eq!(who["gid"], nix::unistd::getgid().as_raw());
    assert!(who["pid"].as_i64().unwrap() > 1);
    assert!(!audit.to_string().contains("psk_"), "{audit}");
    assert!(
        each(&audit, "record")
            .iter()
            .all(|record| record.starts_with("abc-inc"))
    );
    assert_eq!(server.json(["customer", "history", "abc-inc"]), audit);
    assert!(!server.log().contains("psk_"));
}

#[test]
fn a_reseller_carries_its_customers_and_is_removed_only_without_any() {
    let server = Server::start();
    server
        .ctl(["reseller", "add", "North Ltd.", "--short", "north"])
        .fine();
    server
        .ctl(["customer", "add", "ABC Inc.", "--reseller", "North Ltd."])
        .fine();
    assert_eq!(server.json(["reseller", "show", "north"])["customers"], 1);
    server
        .ctl([
            "reseller",
            "edit",
            "north",
            "--contact",
            "desk@north.example",
        ])
        .fine();
    assert_eq!(
        server.json(["reseller", "show", "north"])["contact"],
        "desk@north.example"
    );
    assert_eq!(
        each(
            &server.json(["customer", "list", "--reseller", "north"]),
            "short_name"
        ),
        ["abc-inc"]
    );
    server
        .ctl(["reseller", "remove", "north", "--yes"])
        .exits(1);
    server
        .ctl(["customer", "move", "abc-inc", "default"])
        .fine();
    assert_eq!(
        server.json(["customer", "show", "abc-inc"])["reseller"],
        "default"
    );
    server.ctl(["reseller", "remove", "north", "--yes"]).fine();
    server.ctl(["reseller", "show", "north"]).exits(3);
}

#[test]
fn a_reseller_that_adds_nobody_automatically_blocks_it_below() {
    let server = Server::start();
    administered(&server);
    server
        .ctl(["customer", "edit", "abc-inc", "--automatically-add", "yes"])
        .fine();
    let stranger = crate::support::Client::with(&server, "abc-inc", "new", "correct horse battery");
    stranger.ask("HEAD", "config", b"").is(404);
    server
        .ctl(["reseller", "edit", "default", "--automatically-add", "no"])
        .fine();
    stranger.ask("HEAD", "config", b"").is(401);
    stranger.create().is(401);
}
