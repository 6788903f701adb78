//! Registration with the pass key, as an installer does it with curl (rules, section 4, 2).

use serde_json::Value;

use crate::support::{Client, Ran, Server, administered, command, run};

/// A password of the client's own.
const OWN: &str = "correct horse battery";

/// The pass key of a customer.
fn pass_key(server: &Server, customer: &str) -> String {
    let view = server.json(["customer", "pass-key", customer]);
    view["pass_key"].as_str().unwrap().to_owned()
}

/// Registers with curl; its answer ends with a line that has the status.
fn curl(server: &Server, client: &str, pass_key: &str, more: &[&str]) -> Ran {
    let (scheme, host) = server.origin();
    let mut curl = command("curl");
    curl.args([
        "--silent",
        "--request",
        "POST",
        "--write-out",
        "\n%{http_code}",
    ])
    .args(["--user", &format!("{client}:{pass_key}")])
    .args(more)
    .arg(format!("{scheme}://{host}/abc-inc/{client}/register"));
    run(&mut curl, "").fine()
}

/// The body and the status.
fn answer(ran: &Ran) -> (&str, u16) {
    let (body, status) = ran.out.rsplit_once('\n').unwrap();
    (body, status.parse().unwrap())
}

fn json(ran: &Ran, status: u16) -> Value {
    let (body, found) = answer(ran);
    assert_eq!(found, status, "{body}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn the_pass_key_registers_a_client_that_can_back_up_at_once() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    let told = json(&curl(&server, "desktop", &key, &[]), 201);
    assert_eq!(told["customer"], "abc-inc");
    assert_eq!(told["client"], "desktop");
    assert_eq!(told["created"], true);
    let password = told["password"].as_str().unwrap();
    assert!(password.starts_with("psk_"));
    let client = Client::with(&server, "abc-inc", "desktop", password);
    client.restic(["init"]).fine();
    let shown = server.json(["client", "show", "abc-inc/desktop"]);
    assert_eq!(shown["enrolment"], "pass-key");
    let audit = server.json(["audit", "abc-inc/desktop"]);
    assert_eq!(audit[0]["verb"], "client register");
    assert_eq!(audit[0]["who"]["user"], "127.0.0.1");
}

#[test]
fn whoever_accepts_plain_text_gets_lines_that_a_shell_takes() {
    let server = Server::start();
    administered(&server);
    let url = format!("http://127.0.0.1:{}", server.port());
    server.ctl(["server", "edit", "--public-url", &url]).fine();
    let key = pass_key(&server, "abc-inc");
    let ran = curl(
        &server,
        "desktop",
        &key,
        &["--header", "Accept: text/plain"],
    );
    let (lines, status) = answer(&ran);
    assert_eq!(status, 201);
    assert!(lines.starts_with("export RESTIC_REPOSITORY="), "{lines}");
    let script = format!("{lines}\nrestic --no-cache init && restic --no-cache snapshots");
    let mut shell = command("sh");
    shell.env("RESTIC_PASSWORD", "chosen by the client");
    run(shell.args(["-e", "-c", &script]), "").fine();
}

#[test]
fn a_client_that_brings_its_own_password_can_ask_again() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    let body = format!("{{\"password\": \"{OWN}\"}}");
    let own = |body: &str| {
        curl(
            &server,
            "desktop",
            &key,
            &["--header", "Content-Type: application/json", "--data", body],
        )
    };
    let first = json(&own(&body), 201);
    assert_eq!(first["password"], Value::Null);
    let again = json(&own(&body), 200);
    assert_eq!(again["created"], false);
    let client = Client::with(&server, "abc-inc", "desktop", OWN);
    client.create().is(200);
    // Also after it has logged in; and in plain text.
    json(&own(&body), 200);
    json(
        &curl(
            &server,
            "desktop",
            &key,
            &["--header", "Content-Type: text/plain", "--data", OWN],
        ),
        200,
    );
    let other = json(&own("{\"password\": \"another password\"}"), 403);
    assert_eq!(other["code"], "client-exists");
    client.ask("HEAD", "config", b"").is(404);
    assert_eq!(
        server
            .json(["client", "list", "abc-inc"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_lost_generated_password_is_issued_anew_until_the_first_login() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    let lost = json(&curl(&server, "desktop", &key, &[]), 201);
    let found = json(&curl(&server, "desktop", &key, &[]), 200);
    let (lost, found) = (&lost["password"], &found["password"]);
    assert_ne!(lost, found);
    let with =
        |password: &Value| Client::with(&server, "abc-inc", "desktop", password.as_str().unwrap());
    with(lost).create().is(401);
    with(found).create().is(200);
    crate::support::until("the first login to be known", || {
        let shown = server.json(["client", "show", "abc-inc/desktop"]);
        (!shown["first_login"].is_null()).then_some(())
    });
    let refused = json(&curl(&server, "desktop", &key, &[]), 403);
    assert_eq!(refused["code"], "client-exists");
    with(found).ask("HEAD", "config", b"").is(404);
}

#[test]
fn an_administrators_client_is_never_reset_by_the_pass_key() {
    let server = Server::start();
    let laptop = administered(&server);
    let key = pass_key(&server, "abc-inc");
    let refused = json(&curl(&server, "laptop", &key, &[]), 403);
    assert_eq!(refused["code"], "client-exists");
    laptop.create().is(200);
}

#[test]
fn the_pass_key_opens_nothing() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let key = pass_key(&server, "abc-inc");
    let thief = Client::with(&server, "abc-inc", "laptop", &key);
    thief.ask("GET", "data/", b"").is(401);
    thief.ask("GET", "config", b"").is(401);
    thief.create().is(401);
}

#[test]
fn a_used_up_pass_key_registers_nobody_more() {
    let server = Server::start();
    administered(&server);
    let old = pass_key(&server, "abc-inc");
    server
        .ctl(["customer", "pass-key", "abc-inc", "--rotate", "--uses", "1"])
        .fine();
    let key = pass_key(&server, "abc-inc");
    assert_ne!(old, key);
    let refused = json(&curl(&server, "desktop", &old, &[]), 401);
    assert_eq!(refused["code"], "unauthenticated");
    json(&curl(&server, "desktop", &key, &[]), 201);
    let refused = json(&curl(&server, "tablet", &key, &[]), 403);
    assert_eq!(refused["code"], "pass-key-expired");
    // What the last use made can still be asked for again.
    json(&curl(&server, "desktop", &key, &[]), 200);
}

#[test]
fn registration_keeps_to_the_maximum_client_limit() {
    let server = Server::start();
    administered(&server);
    server
        .ctl(["customer", "edit", "abc-inc", "--maximum-client-limit", "2"])
        .fine();
    let key = pass_key(&server, "abc-inc");
    json(&curl(&server, "desktop", &key, &[]), 201);
    let refused = json(&curl(&server, "tablet", &key, &[]), 403);
    assert_eq!(refused["code"], "client-limit");
    assert_eq!(refused["limit"], 2);
}

#[test]
fn the_pass_key_never_takes_over_from_an_administrators_password() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    json(&curl(&server, "desktop", &key, &[]), 201);
    let reset = server.json(["client", "reset-password", "abc-inc/desktop"]);
    let refused = json(&curl(&server, "desktop", &key, &[]), 403);
    assert_eq!(refused["code"], "client-exists");
    let password = reset["password"].as_str().unwrap();
    let client = Client::with(&server, "abc-inc", "desktop", password);
    client.create().is(200);
}

#[test]
fn a_suspended_customers_pass_key_issues_nothing_anew() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    json(&curl(&server, "desktop", &key, &[]), 201);
    server.ctl(["customer", "suspend", "abc-inc"]).fine();
    let refused = json(&curl(&server, "desktop", &key, &[]), 403);
    assert_eq!(refused["code"], "customer-inactive");
    server.ctl(["customer", "resume", "abc-inc"]).fine();
    json(&curl(&server, "desktop", &key, &[]), 200);
}

#[test]
fn a_revoked_clients_own_password_is_not_answered_again() {
    let server = Server::start();
    administered(&server);
    let key = pass_key(&server, "abc-inc");
    json(&curl(&server, "desktop", &key, &["--data", OWN]), 201);
    json(&curl(&server, "desktop", &key, &["--data", OWN]), 200);
    let revoke = ["client", "revoke", "abc-inc/desktop", "--yes"];
    server.ctl(revoke).fine();
    let refused = json(&curl(&server, "desktop", &key, &["--data", OWN]), 403);
    assert_eq!(refused["code"], "client-exists");
}

#[test]
fn a_client_of_a_mistyped_customer_is_at_home_once_it_is_moved() {
    let server = Server::start();
    administered(&server);
    let open = [
        "customer",
        "edit",
        "default",
        "--automatically-add-clients",
        "yes",
    ];
    server.ctl(open).fine();
    // The Default Customer keeps the tag that the path named.
    let stranger = Client::with(&server, "newco", "host1", OWN).schedule("d");
    stranger.create().is(200);
    Client::with(&server, "newca", "host1", OWN)
        .schedule("d")
        .ask("HEAD", "config", b"")
        .is(401);
    server.ctl(["customer", "add", "NewCo"]).fine();
    server
        .ctl(["client", "move", "default/host1", "newco"])
        .fine();
    stranger
        .post("keys", &crate::support::Object::of(100, 1))
        .is(200);
}

#[test]
fn a_removed_id_stays_blocked_however_it_is_written() {
    let server = Server::start();
    let laptop = administered(&server);
    let open = [
        "customer",
        "edit",
        "abc-inc",
        "--automatically-add-clients",
        "yes",
    ];
    server.ctl(open).fine();
    laptop.ask("HEAD", "config", b"").is(404);
    let remove = ["client", "remove", "abc-inc/laptop", "--yes"];
    server.ctl(remove).fine();
    for id in ["laptop", "LAPTOP"] {
        let comer = Client::with(&server, "abc-inc", id, OWN);
        comer.create().is(401);
        let row = &server.json(["refused", "abc-inc"])[0];
        assert_eq!(row["code"], "client-removed", "{id}");
    }
}
