//! What scripts rely on: exit codes, JSON names, suggestions, completions.

use std::path::Path;

use super::{each, failure, names};
use crate::support::{Object, Server, administered, command, program, run};

fn ctl(args: &[&str]) -> crate::support::Ran {
    run(command(program("penstockctl")).args(args), "")
}

#[test]
fn every_kind_of_failure_has_its_exit_code() {
    let server = Server::start();
    administered(&server);
    server.ctl(["customer", "show", "nobody"]).exits(3);
    server.ctl(["client", "show", "abc-inc/nobody"]).exits(3);
    server.ctl(["reseller", "show", "nobody"]).exits(3);
    server
        .ctl(["schedule", "show", "abc-inc/laptop/none"])
        .exits(3);
    server.ctl(["undo", "999999"]).exits(3);
    server.ctl(["trash", "restore", "999999"]).exits(3);
    server.ctl(["explain", "[ZZZZ]"]).exits(3);
    let edit = [
        "customer",
        "edit",
        "abc-inc",
        "--notes",
        "x",
        "--expect-revision",
        "999",
    ];
    server.ctl(edit).exits(4);
    server.ctl(["customer", "add", "ABC Inc."]).exits(5);
    server
        .ctl(["customer", "remove", "default", "--yes"])
        .exits(1);
    for usage in [
        &["nonsense"][..],
        &["customer", "edit", "abc-inc"],
        &["customer", "edit", "abc-inc", "--throttle", "8"],
        &[
            "customer",
            "edit",
            "abc-inc",
            "--throttle",
            "100kbit/s always",
        ],
        &["customer", "edit", "abc-inc", "--no-such-field", "x"],
        &["customer", "remove", "abc-inc"],
        &["client", "add", "abc-inc", "bad/id"],
        &["client", "show", "abc-inc"],
        &["explain", "a/b/c/d"],
    ] {
        server.ctl(usage).exits(64);
    }
    let dry = ["customer", "edit", "abc-inc", "--dry-run", "--notes"];
    server.ctl(dry.iter().chain(&["new"])).exits(2);
    server.ctl(dry.iter().chain(&[""])).exits(0);
    // What needs attention may be this machine's own, such as a disk that is nearly full.
    let attention = server.json(["status"])["attention"].to_string();
    let severity = match attention.as_str() {
        "[]" => 0,
        some if some.contains("critical") => 2,
        _ => 1,
    };
    server.ctl(["status", "--check"]).exits(severity);
    assert!(
        ctl(&["--help"])
            .fine()
            .out
            .contains("69  the daemon can't be reached")
    );
}

#[test]
fn a_daemon_that_is_not_there_is_code_69_and_says_where_it_was_looked_for() {
    let server = Server::start();
    let nowhere = server.folder().join("nowhere.sock");
    let nowhere = nowhere.to_str().unwrap();
    let ran = ctl(&["--socket", nowhere, "status"]).exits(69);
    assert!(ran.err.contains(nowhere), "{}", ran.err);
    server.kill();
    assert!(Path::new(&server.control()).exists());
    let ran = server.ctl(["status"]).exits(69);
    assert!(ran.err.contains("nobody listens"), "{}", ran.err);
    let ran = server.ctl(["--json", "status"]).exits(69);
    assert_eq!(failure(&ran)["code"], "unavailable");
}

#[test]
fn a_mistyped_name_gets_the_nearest_one_suggested() {
    let server = Server::start();
    administered(&server);
    for (args, nearest) in [
        (["customer", "show", "abc-icn"], "abc-inc"),
        (["customer", "show", "ABC Icn."], "ABC Inc."),
        (["client", "show", "abc-inc/lapto"], "abc-inc/laptop"),
        (["reseller", "show", "defualt"], "default"),
    ] {
        let ran = server.ctl(args).exits(3);
        assert!(ran.err.contains("did you mean"), "{}", ran.err);
        assert!(ran.err.contains(nearest), "{nearest}: {}", ran.err);
        let ran = server.ctl(["--json"].iter().chain(&args)).exits(3);
        assert_eq!(failure(&ran)["code"], "not-found");
        let told = failure(&ran)["nearest"].as_str().unwrap().to_owned();
        assert!(nearest.ends_with(&told), "{told}");
    }
    let ran = server
        .ctl(["customer", "edit", "abc-inc", "--throtle", "unlimited"])
        .exits(64);
    assert!(ran.err.contains("--throttle"), "{}", ran.err);
}

#[test]
fn json_has_the_names_that_the_contract_promises() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    laptop.post("locks", &Object::of(10, 1)).is(200);
    laptop.post("data", &Object::of(1000, 2)).is(200);
    let status = server.json(["status"]);
    names(
        &status,
        &[
            "version",
            "started",
            "draining",
            "customers",
            "clients",
            "schedules",
            "running",
            "rate",
            "last_day",
            "silent",
            "attention",
            "zone",
        ],
    );
    assert_eq!(
        (&status["customers"], &status["clients"]),
        (&2.into(), &1.into())
    );
    assert_eq!(status["running"], 1);
    names(
        &server.json(["customer", "show", "abc-inc"]),
        &[
            "name",
            "short_name",
            "reseller",
            "default",
            "revision",
            "clients",
            "clients_barred",
            "schedules",
            "last_backup",
            "zone",
            "backup_rate",
            "restore_rate",
            "running",
            "email",
            "address",
            "city",
            "phone",
            "fax",
            "notes",
            "automatically_add_clients",
            "activated",
            "reason",
            "until",
            "maximum_client_limit",
            "throttle",
            "restore_throttle",
            "time_zone",
            "weekend_days",
            "append_only",
        ],
    );
    names(
        &server.json(["customer", "list"])[0],
        &[
            "name",
            "short_name",
            "reseller",
            "activated",
            "clients",
            "maximum_client_limit",
            "throttle",
            "running",
        ],
    );
    names(
        &server.json(["client", "show", "abc-inc/laptop"]),
        &[
            "address",
            "customer",
            "client",
            "revision",
            "created",
            "enrolment",
            "password",
            "revoked",
            "first_login",
            "backup_rate",
            "zone",
            "schedules",
            "activated",
            "reason",
            "until",
            "throttle",
            "restore_throttle",
        ],
    );
    names(
        &server.json(["schedule", "show", "abc-inc/laptop/default"]),
        &[
            "address",
            "location",
            "path",
            "used_space",
            "created",
            "last_backup",
            "running",
            "sessions",
        ],
    );
    let running = server.running("abc-inc/laptop/default");
    names(
        &running,
        &[
            "address",
            "kind",
            "started",
            "requests",
            "rate",
            "limit",
            "bytes_in",
            "bytes_out",
            "held_by",
        ],
    );
    names(
        &running["limit"],
        &["rate", "bytes_per_second", "level", "until"],
    );
    names(&running["held_by"], &["throttle", "client", "disk"]);
    names(
        &server.json(["server", "show"]),
        &[
            "revision",
            "throttle",
            "time_zone",
            "append_only",
            "schedule_limit",
            "trash_days",
            "public_url",
            "contact",
        ],
    );
    names(
        &server.json(["audit"])[0],
        &["edit", "at", "who", "verb", "record", "changes"],
    );
    let explained = server.json(["explain", "abc-inc/laptop"]);
    names(
        &explained,
        &[
            "address",
            "time_zone",
            "at",
            "levels",
            "backup_rate",
            "restore_rate",
            "verdicts",
        ],
    );
    assert_eq!(
        each(&explained["levels"], "level"),
        ["client", "customer", "reseller", "server"]
    );
    let acts = each(&explained["verdicts"], "act");
    assert_eq!(acts, ["backup", "restore", "delete", "create", "register"]);
}

#[test]
fn explain_says_which_level_binds_and_until_when() {
    let server = Server::start();
    administered(&server);
    server
        .ctl([
            "server",
            "edit",
            "--time-zone",
            "Europe/Berlin",
            "--throttle",
            "100MiB/s always",
        ])
        .fine();
    server
        .ctl([
            "customer",
            "edit",
            "abc-inc",
            "--throttle",
            "8Mbit/s 08:00-18:00 weekend-exempt",
        ])
        .fine();
    // A Thursday, the Friday evening after it, and the Saturday.
    for (at, rate, until) in [
        (
            "2026-12-24T12:00",
            Some(1_000_000),
            Some("2026-12-24T17:00:00Z"),
        ),
        ("2026-12-25T18:00", None, Some("2026-12-28T07:00:00Z")),
        ("2026-12-26T12:00", None, Some("2026-12-28T07:00:00Z")),
    ] {
        let explained = server.json(["explain", "abc-inc/laptop", "--at", at]);
        let binding = &explained["backup_rate"];
        assert_eq!(
            binding["bytes_per_second"].as_u64(),
            rate,
            "{at}: {binding}"
        );
        assert_eq!(binding["level"], "customer");
        assert_eq!(binding["until"].as_str(), until, "{at}");
    }
    let explained = server.json(["explain", "default"]);
    assert_eq!(explained["backup_rate"]["level"], "server");
}

#[test]
fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let script = ctl(&["completions", shell]).fine().out;
        assert!(
            script.contains("penstockctl") && script.contains("pass-key"),
            "{shell}"
        );
    }
}
