//! Edits while backups run: what is cut, what goes on, and what whoever watches sees (rules, sections 3, 7 and 8).

use serde_json::Value;

use crate::support::{Client, Object, Server, administered, files_below, tree, until};

const DEFAULT: &str = "abc-inc/laptop/default";

/// More than the kernel keeps for a client that doesn't read.
const LARGE: usize = 48 << 20;

fn half_written(server: &Server) -> usize {
    files_below(&server.location().join(".incoming")).len()
}

fn nothing_half_written(server: &Server) {
    until("nothing half-written to remain", || {
        (half_written(server) == 0).then_some(())
    });
}

/// A customer with a client and a running upload of its own, who has nothing to do with the others.
fn neighbour(server: &Server) -> Client<'_> {
    server.ctl(["customer", "add", "Neighbour"]).fine();
    let client = Client::added(server, "neighbour", "pc");
    client.create().is(200);
    client
}

#[test]
fn suspending_a_customer_cuts_its_running_uploads_and_nobody_elses() {
    let server = Server::start();
    let laptop = administered(&server);
    let pc = neighbour(&server);
    laptop.create().is(200);
    let stored = Object::of(5000, 1);
    laptop.post("data", &stored).is(200);
    let (cut, goes_on) = (Object::of(4 << 20, 2), Object::of(4 << 20, 3));
    let mut running = laptop.begin("data", &cut, 3 << 20);
    let mut untouched = pc.begin("data", &goes_on, 3 << 20);
    until("both uploads to be on the disk", || {
        (half_written(&server) == 2).then_some(())
    });
    let suspend = [
        "customer",
        "suspend",
        "abc-inc",
        "--reason",
        "invoice 2041 is unpaid",
    ];
    let told = server.json(suspend);
    assert!(told["notes"].to_string().contains(DEFAULT), "{told}");
    let answer = running.answer("POST").is(403);
    let sentence = "ABC Inc. is suspended: invoice 2041 is unpaid. Restores still work.";
    assert!(answer.reason.starts_with(sentence), "{}", answer.reason);
    assert_eq!(answer.json()["code"], "customer-inactive");

    until("the cut upload to be gone", || {
        (half_written(&server) == 1).then_some(())
    });
    laptop
        .ask("HEAD", &format!("data/{}", cut.name), b"")
        .is(404);
    let path = format!("data/{}", stored.name);
    assert_eq!(laptop.ask("GET", &path, b"").is(200).body, stored.body);
    untouched.send(&goes_on.body[3 << 20..]);
    untouched.answer("POST").is(200);
    nothing_half_written(&server);
    server.ctl(["customer", "resume", "abc-inc"]).fine();
    laptop.post("data", &cut).is(200);
}

#[test]
fn every_switch_that_is_thrown_cuts_what_runs_below_it() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let client = ["client", "edit", "abc-inc/laptop", "--activated"];
    let reseller = ["reseller", "edit", "default", "--activated"];
    let removal = ["client", "revoke", "abc-inc/laptop"];
    for (seed, off, on, code, status) in [
        (
            1,
            [&client[..], &["no"]].concat(),
            [&client[..], &["yes"]].concat(),
            "client-inactive",
            403,
        ),
        (
            2,
            [&reseller[..], &["no"]].concat(),
            [&reseller[..], &["yes"]].concat(),
            "reseller-inactive",
            403,
        ),
        (
            3,
            [&removal[..], &["--yes"]].concat(),
            vec!["status"],
            "unauthenticated",
            401,
        ),
    ] {
        let object = Object::of(2 << 20, seed);
        let mut running = laptop.begin("data", &object, 1 << 20);
        server.runs(DEFAULT);
        server.ctl(&off).fine();
        let answer = running.answer("POST").is(status);
        assert_eq!(answer.json()["code"], code);
        nothing_half_written(&server);
        assert!(files_below(&laptop.folder().join("data")).is_empty());
        server.ctl(&on).fine();
    }
}

#[test]
fn restic_prints_why_its_running_backup_was_cut_and_restores_all_the_same() {
    let server = Server::start();
    let laptop = administered(&server);
    tree(&server.folder().join("before"), &[300], 1);
    tree(&server.folder().join("during"), &[40_000], 2);
    laptop.restic(["init"]).fine();
    laptop.restic(["backup", "before"]).fine();
    server
        .ctl(["customer", "edit", "abc-inc", "--throttle", "1MiB/s always"])
        .fine();
    let restic = laptop.restic_in_background(["backup", "during"]);
    until("restic to send its data", || {
        (server.running(DEFAULT)["bytes_in"].as_u64()? > 500_000).then_some(())
    });
    server
        .ctl([
            "customer",
            "suspend",
            "abc-inc",
            "--reason",
            "invoice 2041 is unpaid",
        ])
        .fine();
    until("restic to print the reason", || {
        let printed = restic.err();
        printed
            .contains("ABC Inc. is suspended: invoice 2041 is unpaid. Restores still work.")
            .then_some(())
    });
    drop(restic);
    nothing_half_written(&server);
    let restore = ["restore", "latest", "--path"];
    let path = server.folder().join("before");
    let path = path.to_str().unwrap();
    laptop
        .restic(restore.iter().chain(&[path, "--target", "restored"]))
        .fine();
    let (before, after) = (
        server.folder().join("before"),
        server.folder().join("restored/before"),
    );
    assert_eq!(files_below(&before), files_below(&after));
}

#[test]
fn revoking_a_client_ends_its_running_reads_and_refuses_new_ones() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(LARGE, 1);
    laptop.post("data", &object).is(200);
    let path = format!("data/{}", object.name);
    let mut reading = crate::support::Wire::to(server.port());
    reading.head("GET", &laptop.path(&path), &laptop.authorization(), None);
    let head = reading.answer_head().is(200);
    assert_eq!(head.header("content-length"), Some(&*LARGE.to_string()));
    reading.read(100_000);
    server
        .ctl(["client", "revoke", "abc-inc/laptop", "--yes"])
        .fine();
    let came = reading.rest();
    assert!(came < LARGE - 100_000, "the whole object came");
    laptop.ask("GET", &path, b"").is(401);
    laptop.ask("HEAD", "config", b"").is(401);
    // The data stays.
    assert_eq!(files_below(&laptop.folder().join("data")).len(), 1);
}

#[test]
fn suspension_leaves_running_reads_alone() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(LARGE, 1);
    laptop.post("data", &object).is(200);
    let path = laptop.path(&format!("data/{}", object.name));
    let mut reading = crate::support::Wire::to(server.port());
    reading.head("GET", &path, &laptop.authorization(), None);
    reading.answer_head().is(200);
    server.ctl(["customer", "suspend", "abc-inc"]).fine();
    let came = reading.read(LARGE);
    assert!(came == object.body);
}

#[test]
fn an_edited_throttle_holds_for_a_backup_that_runs() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let throttle = |block: &str| {
        let edit = ["customer", "edit", "abc-inc", "--throttle", block];
        server.json(edit)
    };
    let limit = |rate: Value, level: &str| {
        until(&format!("a limit of {rate} from the {level}"), || {
            let limit = &server.running(DEFAULT)["limit"];
            (limit["bytes_per_second"] == rate && limit["level"] == level).then_some(())
        });
    };
    throttle("1MiB/s always");
    let object = Object::of(64 << 20, 1);
    let upload = || laptop.post("data", &object);
    std::thread::scope(|scope| {
        let upload = scope.spawn(upload);
        limit((1 << 20).into(), "customer");
        until("the throttle to hold it back", || {
            let held = &server.running(DEFAULT)["held_by"]["throttle"];
            (held.as_u64()? > 50).then_some(())
        });
        let told = throttle("2MiB/s always");
        assert!(told["notes"].to_string().contains("quickens"), "{told}");
        limit((2 << 20).into(), "customer");
        // The nearest level wins whole, also when it is slower.
        let client = ["client", "edit", "abc-inc/laptop", "--throttle"];
        server.ctl(client.iter().chain(&["1MiB/s always"])).fine();
        limit((1 << 20).into(), "client");
        server.ctl(client.iter().chain(&["unlimited"])).fine();
        upload.join().unwrap().is(200);
    });
    let sessions = server.json(["schedule", "show", DEFAULT]);
    assert_eq!(sessions["running"]["bytes_in"], object.body.len());
}

#[test]
fn whoever_watches_sees_a_backup_from_its_start_to_its_end() {
    let server = Server::start();
    let laptop = administered(&server);
    let pc = neighbour(&server);
    laptop.create().is(200);
    let watch = server.ctl_in_background(["--json", "watch", "abc-inc"]);
    let events = || -> Vec<Value> {
        let lines = watch.out();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let sees = |event: &str, address: &str| {
        until(&format!("{event} of {address}"), || {
            let mut events = events().into_iter();
            events.find(|seen| seen["event"] == event && seen["address"] == address)
        })
    };
    let mut number = 0;
    until("the watch to begin", || {
        number += 1;
        let notes = number.to_string();
        server
            .ctl(["customer", "edit", "abc-inc", "--notes", &notes])
            .fine();
        (!events().is_empty()).then_some(())
    });
    sees("edited", "abc-inc");

    let lock = Object::of(100, 1);
    laptop.post("locks", &lock).is(200);
    sees("started", DEFAULT);
    server
        .ctl(["customer", "edit", "abc-inc", "--throttle", "1MiB/s always"])
        .fine();
    let changed = sees("rate-changed", DEFAULT);
    assert!(
        changed["text"].as_str().unwrap().contains("1MiB/s"),
        "{changed}"
    );
    server
        .ctl(["customer", "suspend", "abc-inc", "--reason", "unpaid"])
        .fine();
    laptop.post("data", &Object::of(1000, 2)).is(403);
    let refused = sees("refused", "abc-inc/laptop");
    assert!(
        refused["text"].as_str().unwrap().contains("unpaid"),
        "{refused}"
    );
    laptop
        .ask("DELETE", &format!("locks/{}", lock.name), b"")
        .is(200);
    sees("finished", DEFAULT);

    pc.post("data", &Object::of(1000, 3)).is(200);
    server
        .ctl(["customer", "edit", "abc-inc", "--notes", "the last"])
        .fine();
    until("the last edit", || {
        let events = events();
        let edits = events.iter().filter(|event| event["event"] == "edited");
        (edits
            .filter(|event| event["text"].to_string().contains("the last"))
            .count()
            > 0)
        .then_some(())
    });
    let others = events()
        .into_iter()
        .filter(|event| !event["address"].as_str().unwrap().starts_with("abc-inc"));
    assert_eq!(others.count(), 0);
}
