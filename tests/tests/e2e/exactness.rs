//! Exact under any crowd: slots, clients, objects and revisions (rules, section 4).

use std::collections::HashSet;
use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::support::{Client, Object, Server, administered, at_once, files_below, until};

/// A password as a client of automatic adding chooses it.
const CHOSEN: &str = "correct horse battery";

/// A server whose customer adds clients automatically.
fn open_house(server: &Server, limit: &str) {
    administered(server);
    let edit = ["customer", "edit", "abc-inc", "--automatically-add", "yes"];
    server
        .ctl(edit.iter().chain(&["--client-limit", limit]))
        .fine();
}

/// Entries of the audit with that verb.
fn audited(server: &Server, verb: &str) -> usize {
    let audit = server.json(["audit", "abc-inc"]);
    let entries = audit.as_array().unwrap().iter();
    entries.filter(|entry| entry["verb"] == verb).count()
}

fn clients(server: &Server) -> HashSet<String> {
    let listed = server.json(["client", "list", "abc-inc"]);
    let lines = listed.as_array().unwrap().iter();
    lines
        .map(|line| line["client"].as_str().unwrap().to_owned())
        .collect()
}

/// A thousand connections are more than a process may have open by default.
fn many_descriptors() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

#[test]
fn a_thousand_unknown_clients_at_once_take_exactly_the_five_free_slots() {
    many_descriptors();
    let server = Server::start();
    // One of six is taken by the client that is there already.
    open_house(&server, "6");
    let statuses = at_once(1000, |number| {
        let id = format!("pc-{number}");
        Client::with(&server, "abc-inc", &id, CHOSEN)
            .create()
            .status
    });
    let winners: HashSet<String> = statuses
        .iter()
        .enumerate()
        .filter(|(_, status)| **status == 200)
        .map(|(number, _)| format!("pc-{number}"))
        .collect();
    assert_eq!(clients(&server).len(), 6);
    assert_eq!(audited(&server, "client enrol"), 5);
    // Whoever comes while too many passwords wait is told to come again; everybody else that there is no slot.
    let refused = statuses
        .iter()
        .filter(|status| [403, 503].contains(*status));
    assert_eq!((winners.len(), refused.count()), (5, 995));
    let mut expected = winners.clone();
    expected.insert("laptop".to_owned());
    assert_eq!(clients(&server), expected);
    let folders: HashSet<String> = fs::read_dir(server.location().join("abc-inc"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, winners);
    for winner in &winners {
        let winner = Client::with(&server, "abc-inc", winner, CHOSEN);
        winner.post("data", &Object::of(100, 1)).is(200);
    }
    Client::with(&server, "abc-inc", "late", CHOSEN)
        .create()
        .is(403);
}

#[test]
fn a_hundred_first_requests_of_one_client_make_one_client() {
    let server = Server::start();
    open_house(&server, "unlimited");
    let client = Client::with(&server, "abc-inc", "new", CHOSEN);
    let statuses = at_once(100, |_| {
        // Told to come again, it does.
        until("an answer that isn't busy", || {
            let status = client.create().status;
            (status != 503).then_some(status)
        })
    });
    assert_eq!(clients(&server).len(), 2);
    assert_eq!(audited(&server, "client enrol"), 1);
    assert_eq!(statuses, [200; 100]);
    let schedules = server.json(["schedule", "list", "abc-inc/new"]);
    assert_eq!(schedules.as_array().unwrap().len(), 1);
}

#[test]
fn of_many_passwords_for_one_new_client_exactly_one_is_bound() {
    let server = Server::start();
    open_house(&server, "unlimited");
    let with = |number: usize| {
        let password = format!("{CHOSEN} number {number}");
        Client::with(&server, "abc-inc", "new", &password)
    };
    let statuses = at_once(20, |number| with(number).create().status);
    let winners: Vec<usize> = (0..20).filter(|number| statuses[*number] == 200).collect();
    assert_eq!(winners.len(), 1, "{statuses:?}");
    assert_eq!(audited(&server, "client enrol"), 1);
    with(winners[0]).ask("GET", "data/", b"").is(200);
}

#[test]
fn racing_registrations_never_use_a_pass_key_too_often() {
    let server = Server::start();
    administered(&server);
    let rotate = ["customer", "pass-key", "abc-inc", "--rotate", "--uses", "3"];
    let key = server.json(rotate)["pass_key"].as_str().unwrap().to_owned();
    let statuses = at_once(40, |number| {
        let client = Client::with(&server, "abc-inc", &format!("pc-{number}"), &key);
        client.ask("POST", "register", b"").status
    });
    let made = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 403).count();
    assert_eq!((made, refused), (3, 37), "{statuses:?}");
    assert_eq!(clients(&server).len(), 4);
}

#[test]
fn sixty_four_uploads_of_one_object_leave_one_file() {
    let server = Server::start();
    let client = administered(&server);
    client.create().is(200);
    let object = Object::of(300_000, 1);
    let statuses = at_once(64, |_| client.post("data", &object).status);
    assert_eq!(statuses, [200; 64]);
    let files = files_below(&client.folder().join("data"));
    assert_eq!(files.len(), 1);
    let stored = fs::read(client.folder().join("data").join(&files[0])).unwrap();
    assert!(stored == object.body);
    assert!(files_below(&server.location().join(".incoming")).is_empty());
}

#[test]
fn of_two_administrators_on_one_revision_one_wins_and_the_other_sees_the_difference() {
    let server = Server::start();
    administered(&server);
    for round in 0..5 {
        let shown = server.json(["customer", "show", "abc-inc"]);
        let revision = shown["revision"].to_string();
        let edits = at_once(2, |who| {
            let notes = format!("round {round} by {who}");
            let edit = ["--json", "customer", "edit", "abc-inc", "--notes", &notes];
            server.ctl(edit.iter().chain(&["--expect-revision", &revision]))
        });
        let codes: Vec<_> = edits.iter().map(|edit| edit.code.unwrap()).collect();
        assert!(
            [[0, 4], [4, 0]].iter().any(|fine| codes == fine),
            "{codes:?}"
        );
        let winner = usize::from(codes[0] != 0);
        let notes = format!("round {round} by {winner}");
        let loser: serde_json::Value = serde_json::from_str(&edits[1 - winner].err).unwrap();
        let conflict = &loser["error"];
        assert_eq!(conflict["code"], "conflict");
        let differences = conflict["differences"].as_array().unwrap();
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0]["field"], "notes");
        assert_eq!(differences[0]["to"], notes);
        let shown = server.json(["customer", "show", "abc-inc"]);
        assert_eq!(shown["notes"], notes);
        assert_eq!(shown["revision"], conflict["revision"]);
    }
}
