//! Clients: added with passwords that are shown once, moved with their old paths, and never lost by a reset.

use std::fs;

use super::{each, failure, names};
use crate::support::{Client, Object, Server, administered, command, run};

#[test]
fn an_added_client_gets_a_password_that_is_shown_once() {
    let server = Server::start();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    let one = server.json(["client", "add", "abc-inc", "one"]);
    names(
        &one,
        &[
            "address", "customer", "client", "created", "password", "env",
        ],
    );
    let several = server.json(["client", "add", "abc-inc", "two", "three"]);
    assert_eq!(each(&several, "client"), ["two", "three"]);
    let passwords = each(&several, "password");
    assert_ne!(passwords[0], passwords[1]);
    let listed = server.json(["client", "list", "abc-inc"]);
    assert_eq!(each(&listed, "client"), ["one", "three", "two"]);
    let shown = server.json(["client", "show", "abc-inc/one"]);
    assert!(!shown.to_string().contains("psk_"));
    server.ctl(["client", "add", "abc-inc", "one"]).exits(5);
    // All or none.
    server
        .ctl(["client", "add", "abc-inc", "four", "one"])
        .exits(5);
    server.ctl(["client", "show", "abc-inc/four"]).exits(3);
    server.ctl(["client", "add", "abc-inc", "ONE"]).exits(5);
    let left = server.json(["client", "add", "abc-inc/one", "--if-missing"]);
    assert_eq!(
        (&left["created"], &left["password"]),
        (&false.into(), &serde_json::Value::Null)
    );
    let one = Client::with(&server, "abc-inc", "one", one["password"].as_str().unwrap());
    one.create().is(200);
}

#[test]
fn a_chosen_password_comes_on_standard_input() {
    let server = Server::start();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    let add = [
        "--json",
        "client",
        "add",
        "abc-inc",
        "pc",
        "--password-stdin",
    ];
    server.ctl_with_input(add, "too short\n").exits(64);
    let added = server.ctl_with_input(add, "correct horse battery\n").fine();
    assert!(!added.out.contains("horse"), "{}", added.out);
    Client::with(&server, "abc-inc", "pc", "correct horse battery")
        .create()
        .is(200);
    assert_eq!(
        server.json(["client", "show", "abc-inc/pc"])["password"],
        "chosen"
    );
}

#[test]
fn ready_made_lines_need_the_servers_address_and_then_work() {
    let server = Server::start();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    let refused = server
        .ctl(["client", "add", "abc-inc", "pc", "--env"])
        .exits(64);
    assert!(refused.err.contains("--public-url"), "{}", refused.err);
    server.ctl(["client", "show", "abc-inc/pc"]).exits(3);
    let url = format!("http://127.0.0.1:{}", server.port());
    server.ctl(["server", "edit", "--public-url", &url]).fine();
    let lines = server
        .ctl(["client", "add", "abc-inc", "pc", "--env"])
        .fine()
        .out;
    let mut shell = command("sh");
    shell.env("RESTIC_PASSWORD", "chosen by the client");
    let script = format!("{lines}\nrestic --no-cache init");
    run(shell.args(["-e", "-c", &script]), "").fine();
    let shown = server.json(["schedule", "show", "abc-inc/pc/default"]);
    let repository = shown["restic_repository"].as_str().unwrap();
    assert!(
        repository.contains("/abc-inc/pc/") && !repository.contains("psk_"),
        "{repository}"
    );
}

#[test]
fn a_moved_client_keeps_its_folder_and_its_old_path() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let object = Object::of(1000, 1);
    laptop.post("data", &object).is(200);
    server
        .ctl(["customer", "add", "Other", "--client-limit", "1"])
        .fine();
    server
        .ctl(["client", "move", "abc-inc/laptop", "other"])
        .fine();
    let moved = Client::with(&server, "other", "laptop", &laptop.password);
    let path = format!("data/{}", object.name);
    for place in [&laptop, &moved] {
        assert!(place.ask("GET", &path, b"").is(200).body == object.body);
    }
    laptop.post("data", &Object::of(1000, 2)).is(200);
    assert_eq!(
        moved
            .ask("GET", "data/", b"")
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        fs::read_dir(server.location().join("abc-inc"))
            .unwrap()
            .count(),
        1
    );
    assert!(!server.location().join("other").exists());
    assert_eq!(
        server.json(["client", "list", "abc-inc"]),
        serde_json::json!([])
    );
    server
        .ctl(["customer", "suspend", "other", "--reason", "unpaid"])
        .fine();
    let refused = laptop.post("data", &Object::of(1000, 3)).is(403);
    assert!(
        refused.reason.starts_with("Other is suspended: unpaid."),
        "{}",
        refused.reason
    );
    // The customer that gets it must have a slot.
    server.ctl(["client", "add", "abc-inc", "second"]).fine();
    let full = server
        .ctl(["--json", "client", "move", "abc-inc/second", "other"])
        .exits(1);
    assert_eq!(failure(&full)["refusal"], "client-limit");
}

#[test]
fn a_new_password_kills_the_old_one() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let reset = server.json(["client", "reset-password", "abc-inc/laptop"]);
    laptop.ask("GET", "data/", b"").is(401);
    let renewed = Client::with(
        &server,
        "abc-inc",
        "laptop",
        reset["password"].as_str().unwrap(),
    );
    renewed.ask("GET", "data/", b"").is(200);
    // A chosen one that was remembered as right is dead at once as well.
    let reset = [
        "client",
        "reset-password",
        "abc-inc/laptop",
        "--password-stdin",
    ];
    server
        .ctl_with_input(reset, "correct horse battery\n")
        .fine();
    let chosen = Client::with(&server, "abc-inc", "laptop", "correct horse battery");
    chosen.ask("GET", "data/", b"").is(200);
    server
        .ctl_with_input(reset, "another horse battery\n")
        .fine();
    chosen.ask("GET", "data/", b"").is(401);
    renewed.ask("GET", "data/", b"").is(401);
}

#[test]
fn a_mistyped_customer_in_a_path_shares_no_repository_with_another_mistake() {
    let server = Server::start();
    administered(&server);
    server
        .ctl(["customer", "edit", "default", "--automatically-add", "yes"])
        .fine();
    let typo =
        |tag: &str| Client::with(&server, tag, "pc", "correct horse battery").schedule("daily");
    typo("acb-inc").create().is(200);
    typo("acb-inc").ask("GET", "data/", b"").is(200);
    typo("abc-icn").ask("GET", "data/", b"").is(401);
    typo("abc-icn").create().is(401);
    assert_eq!(
        server.json(["client", "show", "default/pc"])["tag"],
        "acb-inc"
    );
    // Nor may a client be called like a customer.
    let impostor =
        Client::with(&server, "tag", "abc-inc", "correct horse battery").schedule("daily");
    let refused = impostor.create().is(403);
    assert_eq!(refused.json()["code"], "name-taken");
    server.ctl(["client", "add", "default", "abc-inc"]).exits(5);
}
