//! MCALs on the wire: debited with a month's first object, exact under any crowd, refused with until when (rules, section 5).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Client, Object, Server, administered, at_once, files_below};

/// Clients of "ABC Inc." with their repositories, added in lists.
fn crowd(server: &Server, count: usize) -> Vec<Client<'_>> {
    let ids: Vec<String> = (0..count).map(|number| format!("pc-{number}")).collect();
    let mut clients = Vec::new();
    for ids in ids.chunks(50) {
        let mut add = vec!["client", "add", "abc-inc"];
        add.extend(ids.iter().map(String::as_str));
        let added = server.json(add);
        for new in added.as_array().unwrap() {
            let id = new["address"].as_str().unwrap().rsplit_once('/').unwrap().1;
            let password = new["password"].as_str().unwrap();
            clients.push(Client::with(server, "abc-inc", id, password));
        }
    }
    let made = at_once(clients.len(), |number| clients[number].create().status);
    assert!(made.iter().all(|status| *status == 200), "{made:?}");
    clients
}

fn debits(history: &Value) -> Vec<&Value> {
    let entries = history.as_array().unwrap().iter();
    entries
        .filter(|entry| entry["reason"] != "allotted")
        .collect()
}

#[test]
fn two_hundred_first_objects_at_once_on_seven_mcals_are_seven_backups() {
    let server = Server::start();
    administered(&server);
    let clients = crowd(&server, 200);
    server
        .ctl(["customer", "edit", "abc-inc", "--mcals", "7"])
        .fine();
    let object = Object::of(1000, 1);
    let answers = at_once(clients.len(), |number| {
        clients[number].post("data", &object)
    });
    let paid: Vec<&str> = clients
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.status == 200)
        .map(|(client, _)| client.id.as_str())
        .collect();
    assert_eq!(paid.len(), 7);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 403);
        let problem = answer.json();
        assert_eq!(problem["code"], "mcal-exhausted");
        assert!(
            answer.reason.contains("has used its 7 MCALs")
                && answer.reason.contains("when MCALs are added"),
            "{}",
            answer.reason
        );
    }
    let history = server.json(["mcal", "history", "abc-inc"]);
    let debits = debits(&history);
    let mut debited: Vec<&str> = debits
        .iter()
        .map(|entry| entry["client"].as_str().unwrap())
        .collect();
    debited.sort_unstable();
    let mut expected = paid.clone();
    expected.sort_unstable();
    assert_eq!(debited, expected);
    // Newest first.
    let balances: Vec<i64> = debits
        .iter()
        .map(|entry| entry["balance"].as_i64().unwrap())
        .collect();
    assert_eq!(balances, [0, 1, 2, 3, 4, 5, 6]);
    let statement = server.json(["mcal", "statement", "abc-inc"]);
    assert_eq!(
        (&statement["left"], &statement["allotted"]),
        (&json!(0), &json!("7"))
    );
    let months = statement["months"].as_array().unwrap();
    let sum = |field: &str| {
        months
            .iter()
            .map(|month| month[field].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!((sum("added"), sum("used"), sum("clients")), (7, 7, 7));
    assert_eq!(months.last().unwrap()["closing"], 0);
    for client in &clients {
        let files = files_below(&client.folder().join("data")).len();
        assert_eq!(files, usize::from(paid.contains(&client.id.as_str())));
    }
    assert!(files_below(&server.location().join(".incoming")).is_empty());
    // Who is paid for goes on, and who isn't can still read and lock.
    for client in &clients {
        let status = client.post("data", &Object::of(1000, 2)).status;
        let expected = if paid.contains(&client.id.as_str()) {
            200
        } else {
            403
        };
        assert_eq!(status, expected, "{}", client.id);
    }
    let other = clients
        .iter()
        .find(|client| !paid.contains(&client.id.as_str()));
    let other = other.unwrap();
    other.ask("GET", "data/", b"").is(200);
    other.post("locks", &Object::of(100, 3)).is(200);
    let more = ["customer", "edit", "abc-inc", "--mcals", "+1"];
    server.ctl(more).fine();
    other.post("data", &object).is(200);
}

#[test]
fn a_number_a_month_says_from_when_it_renews_and_explain_foretells_it() {
    let server = Server::start();
    let laptop = administered(&server);
    let clients = crowd(&server, 2);
    server
        .ctl(["customer", "edit", "abc-inc", "--mcals", "1/month"])
        .fine();
    laptop.create().is(200);
    laptop.post("index", &Object::of(500, 1)).is(200);
    let told = server.json(["explain", "abc-inc/pc-0"]).to_string();
    assert!(told.contains("mcal-exhausted"), "{told}");
    let refused = clients[0].post("data", &Object::of(500, 2)).is(403);
    let history = server.json(["mcal", "history", "abc-inc"]);
    let month = history[0]["month"].as_str().unwrap();
    let (year, month) = month.split_once('-').unwrap();
    let months = year.parse::<u32>().unwrap() * 12 + month.parse::<u32>().unwrap();
    let renews = format!("from {:04}-{:02}-01", months / 12, months % 12 + 1);
    assert!(refused.reason.contains(&renews), "{}", refused.reason);
    let shown = server.json(["explain", &refused.reference()]);
    assert_eq!(shown["code"], "mcal-exhausted");
}

#[test]
fn the_bank_is_added_to_with_a_note_and_holds_for_everybody() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    server
        .ctl(["mcal", "add", "5", "--note", "too early"])
        .exits(1);
    server.ctl(["server", "edit", "--mcals", "0"]).fine();
    let refused = laptop.post("snapshots", &Object::of(100, 1)).is(403);
    assert!(
        refused
            .reason
            .starts_with("No MCAL is left for this client in "),
        "a client reads nothing of the bank: {}",
        refused.reason
    );
    let note = ["mcal", "add", "5", "--note", "invoice 2041"];
    let added = server.ctl(note).fine();
    assert!(added.out.contains("5 MCALs left"), "{}", added.out);
    laptop.post("snapshots", &Object::of(100, 1)).is(200);
    let bank = server.json(["mcal", "history"]);
    let notes: Vec<&str> = bank
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["note"].as_str().unwrap())
        .collect();
    assert_eq!(notes, ["", "invoice 2041", ""]);
    assert_eq!(server.json(["mcal", "statement"])["left"], 4);
    let outlook = server.json(["mcal", "forecast"]);
    assert_eq!(outlook[0]["account"], "bank");
    assert_eq!(
        (&outlook[0]["need"], &outlook[0]["left"]),
        (&json!(1), &json!(4))
    );
    let audit = server.json(["audit"]).to_string();
    assert!(audit.contains("mcal add"), "{audit}");
}

#[test]
fn a_registration_says_what_kind_of_client_it_is() {
    let server = Server::start();
    administered(&server);
    let key = server.json(["customer", "pass-key", "abc-inc"]);
    let key = key["pass_key"].as_str().unwrap();
    let register = |id: &str, body: &Value| {
        let client = Client::with(&server, "abc-inc", id, key);
        client.ask("POST", "register", body.to_string().as_bytes())
    };
    let cases = [
        ("plain", json!({}), 1),
        (
            "text",
            json!({"platform": "server", "plugins": "sql, mysql"}),
            5,
        ),
        ("list", json!({"plugins": ["exchange"]}), 3),
        (
            "own",
            json!({"password": "correct horse battery", "platform": "Server"}),
            2,
        ),
    ];
    let mut prices = BTreeMap::new();
    for (id, body, price) in &cases {
        let told = register(id, body).is(201).json();
        let generated = told["password"].is_string();
        assert_eq!(generated, body.get("password").is_none(), "{told}");
        let shown = server.json(["client", "show", &format!("abc-inc/{id}")]);
        prices.insert(*price, told["platform"].clone());
        assert_eq!(shown["mcal_price"], *price, "{shown}");
    }
    assert_eq!(prices[&5], "server");
    assert_eq!(prices[&3], "desktop");
    for (body, told) in [
        (
            json!({"platform": "laptop"}),
            "`laptop` is no platform: use desktop or server",
        ),
        (
            json!({"plugins": "oracle"}),
            "there is no plugin oracle; there is exchange, mailbox, mysql, sql",
        ),
        (json!({"plugins": ["s ql"]}), "is no plugin's name"),
        (json!({"platforms": "server"}), "unknown field"),
    ] {
        let refused = register("unfit", &body).is(400);
        assert!(refused.text().contains(told), "{}", refused.text());
    }
    let listed = server.json(["client", "list", "abc-inc"]);
    assert_eq!(listed.as_array().unwrap().len(), 1 + cases.len());
}
