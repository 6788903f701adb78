//! Activation: the AND of reseller, customer and client (rules, section 3).

use super::{Expected, verdict};
use crate::support::{Client, Object, Server, administered, command, run, until};

/// A client of a customer of a reseller of their own, with a repository and an object in it.
fn sold(server: &Server) -> (Client<'_>, Object) {
    administered(server);
    server.ctl(["reseller", "add", "North"]).fine();
    server
        .ctl(["customer", "add", "Zum Anker", "--reseller", "north"])
        .fine();
    let client = Client::added(server, "zum-anker", "kasse");
    client.create().is(200);
    let object = Object::of(5000, 1);
    client.post("data", &object).is(200);
    (client, object)
}

/// While suspended: no new data of any kind, no repository, no delete but of locks; everything that a restore needs.
fn holds(server: &Server, client: &Client, stored: &Object, code: &str) -> Expected {
    let expected = Expected::foretold(server, "zum-anker/kasse", "backup", code);
    let new = Object::of(3000, 2);
    for kind in ["data", "index", "snapshots", "keys"] {
        expected.is(server, &client.post(kind, &new), 403);
        assert!(!client.folder().join(kind).join(&new.name).exists());
    }
    let path = format!("data/{}", stored.name);
    let expected_delete = Expected::foretold(server, "zum-anker/kasse", "delete", code);
    expected_delete.is(server, &client.ask("DELETE", &path, b""), 403);
    let another = client.schedule("another");
    let expected_create = Expected::foretold(server, "zum-anker/kasse/another", "create", code);
    expected_create.is(server, &another.create(), 403);
    expected_create.is(server, &another.ask("HEAD", "config", b""), 403);

    assert!(verdict(server, "zum-anker/kasse", "restore").is_null());
    assert_eq!(client.ask("GET", &path, b"").is(200).body, stored.body);
    client.ask("GET", "data/", b"").is(200);
    client.post("locks", &new).is(200);
    client
        .ask("DELETE", &format!("locks/{}", new.name), b"")
        .is(200);
    expected
}

#[test]
fn a_suspended_customer_reads_why_and_restores_all_the_same() {
    let server = Server::start();
    let (client, object) = sold(&server);
    server
        .ctl([
            "customer",
            "suspend",
            "zum-anker",
            "--reason",
            "invoice 2041 is unpaid",
        ])
        .fine();
    let expected = holds(&server, &client, &object, "customer-inactive");
    assert_eq!(
        expected.sentence,
        "Zum Anker is suspended: invoice 2041 is unpaid. Restores still work."
    );
    server.ctl(["customer", "resume", "zum-anker"]).fine();
    client.post("data", &Object::of(3000, 2)).is(200);
}

#[test]
fn a_suspension_with_an_end_says_it_and_is_over_then() {
    let server = Server::start();
    let (client, object) = sold(&server);
    let end = ["customer", "suspend", "zum-anker", "--until"];
    server.ctl(end.iter().chain(&["2099-12-24"])).fine();
    let expected = holds(&server, &client, &object, "customer-inactive");
    assert_eq!(
        expected.sentence,
        "Zum Anker is suspended until 2099-12-24. Restores still work."
    );
    let explained = server.json(["explain", "zum-anker/kasse", "--at", "2099-12-25"]);
    let mut verdicts = explained["verdicts"].as_array().unwrap().iter();
    assert!(verdicts.any(|verdict| verdict["act"] == "backup" && verdict["refusal"].is_null()));
    server.ctl(end.iter().chain(&["2020-01-01"])).exits(64);
    let utc = ["customer", "edit", "zum-anker", "--time-zone", "UTC"];
    server.ctl(utc).fine();
    // As soon as the daemon takes the time that was just now the near future.
    until("a suspension with a near end", || {
        let soon = run(
            command("date").args(["--date", "+2 seconds", "--utc", "+%FT%T"]),
            "",
        );
        let ran = server.ctl(end.iter().chain(&[soon.fine().out.trim()]));
        (ran.code == Some(0)).then_some(())
    });
    until("the suspension's end", || {
        verdict(&server, "zum-anker/kasse", "backup")
            .is_null()
            .then_some(())
    });
    client.post("data", &Object::of(3000, 2)).is(200);
}

#[test]
fn a_client_that_is_not_activated_reads_its_own_reason() {
    let server = Server::start();
    let (client, object) = sold(&server);
    let edit = ["client", "edit", "zum-anker/kasse", "--activated", "no"];
    server
        .ctl(edit.iter().chain(&["--reason", "stolen; call us"]))
        .fine();
    let expected = holds(&server, &client, &object, "client-inactive");
    assert_eq!(
        expected.sentence,
        "Client kasse is suspended: stolen; call us. Restores still work."
    );
    let other = Client::added(&server, "zum-anker", "buero");
    other.create().is(200);
}

#[test]
fn a_resellers_suspension_names_nothing_of_the_reseller() {
    let server = Server::start();
    let (client, object) = sold(&server);
    let edit = ["reseller", "edit", "north", "--activated", "no"];
    server
        .ctl(edit.iter().chain(&["--reason", "owes us 10,000"]))
        .fine();
    let expected = holds(&server, &client, &object, "reseller-inactive");
    assert_eq!(
        expected.sentence,
        "Backups are suspended by your provider. Restores still work."
    );
}

#[test]
fn whoever_would_be_added_automatically_is_refused_like_the_others() {
    let server = Server::start();
    sold(&server);
    server
        .ctl([
            "customer",
            "edit",
            "zum-anker",
            "--automatically-add",
            "yes",
        ])
        .fine();
    server
        .ctl(["customer", "suspend", "zum-anker", "--reason", "moved away"])
        .fine();
    let address = "zum-anker/new";
    let expected = Expected::foretold(&server, address, "create", "customer-inactive");
    let stranger = Client::with(&server, "zum-anker", "new", "correct horse battery");
    expected.is(&server, &stranger.create(), 403);
    server.ctl(["client", "show", address]).exits(3);
}
