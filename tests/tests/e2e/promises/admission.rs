//! Slots and debits are exact whoever races, breaks off or comes again (rules, sections 4 and 5).

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{CHOSEN, Dice, Until, answered, audited, debits, figure, ids, stranger};
use crate::support::{Client, Object, Server, administered, at_once, until};

/// A customer that adds clients automatically, with so many slots besides its first client's and as many MCALs.
fn open_house(server: &Server, slots: usize) {
    administered(server);
    let (limit, mcals) = ((1 + slots).to_string(), slots.to_string());
    let edit = ["customer", "edit", "abc-inc", "--automatically-add", "yes"];
    let edit = edit.iter().copied();
    server
        .ctl(edit.chain(["--client-limit", &limit, "--mcals", &mcals]))
        .fine();
}

/// Held against the records: these clients besides the first, each debited once, in every way that it is counted.
fn each_once(server: &Server, expected: &BTreeSet<String>) {
    let mut clients: BTreeSet<String> = ids(server).into_iter().collect();
    assert_eq!(figure(server, "clients"), clients.len() as u64);
    assert!(clients.remove("laptop"));
    assert_eq!(&clients, expected);
    let debits = debits(server);
    let once = debits.values().all(|units| units == &[1] || units == &[-1]);
    assert!(once, "{debits:?}");
    assert_eq!(&debits.into_keys().collect::<BTreeSet<_>>(), expected);
    let many = expected.len() as u64;
    assert_eq!(figure(server, "mcals_used"), many);
    assert_eq!(figure(server, "mcal_clients"), many);
}

#[test]
fn a_hundred_first_requests_of_one_unknown_client_take_one_slot_and_one_mcal() {
    const ROUNDS: usize = 5;
    let server = Server::start();
    // No slot and no MCAL is spare: what a round took twice would be missing in the last.
    open_house(&server, ROUNDS);
    let mut expected = BTreeSet::new();
    for round in 0..ROUNDS {
        let id = format!("new-{round}");
        let client = stranger(&server, &id);
        let statuses = at_once(100, |number| {
            if number % 2 == 0 {
                return answered(|| client.create()).status;
            }
            let object = Object::of(1000, number as u64);
            answered(|| client.post("data", &object)).status
        });
        for (number, status) in statuses.iter().enumerate() {
            // An object that came before its repository isn't taken, and makes no client.
            let fine = *status == 200 || (number % 2 == 1 && [401, 403, 404].contains(status));
            assert!(fine, "{number}: {status}");
        }
        expected.insert(id);
        client.post("data", &Object::of(1000, 1)).is(200);
    }
    each_once(&server, &expected);
    assert_eq!(figure(&server, "mcals_left"), 0);
    assert_eq!(audited(&server, "client enrol"), ROUNDS);
    answered(|| stranger(&server, "late").create()).is(403);
}

#[test]
fn a_hundred_first_objects_of_one_client_are_one_debit() {
    const ROUNDS: usize = 6;
    let server = Server::start();
    open_house(&server, ROUNDS);
    let mut expected = BTreeSet::new();
    for round in 0..ROUNDS {
        let id = format!("added-{round}");
        let client = Client::added(&server, "abc-inc", &id);
        client.create().is(200);
        let statuses = at_once(100, |number| {
            let kind = ["data", "index", "snapshots"][number % 3];
            client.post(kind, &Object::of(500, number as u64)).status
        });
        assert_eq!(statuses, [200; 100]);
        expected.insert(id);
    }
    each_once(&server, &expected);
    assert_eq!(figure(&server, "mcals_left"), 0);
}

/// A POST as bytes.
fn whole(client: &Client, rest: &str, body: &[u8]) -> Vec<u8> {
    let (path, login, length) = (client.path(rest), client.authorization(), body.len());
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: test\r\n{login}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn connection(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port())).unwrap()
}

/// Sends a request and is gone: after some of its bytes, at once after all, or somewhere on the answer's way.
fn lost(server: &Server, request: &[u8], dice: &mut Dice) {
    let cut = match dice.roll(4) {
        0 => dice.roll(request.len()),
        _ => request.len(),
    };
    let mut stream = connection(server);
    stream.write_all(&request[..cut]).unwrap();
    // Whatever the server is doing by then, the connection goes away under it.
    if dice.roll(3) > 0 {
        (0..dice.roll(2000)).for_each(|_| thread::yield_now());
    }
}

/// Sends a request and is gone when it has done its work, without a look at the answer.
fn unread(server: &Server, request: &[u8], id: &str) {
    let mut stream = connection(server);
    stream.write_all(request).unwrap();
    until("the client to be there", || {
        ids(server).iter().any(|there| there == id).then_some(())
    });
}

#[test]
fn a_client_whose_first_answer_was_lost_asks_again_and_pays_once() {
    const ROUNDS: usize = 100;
    let server = Server::start();
    open_house(&server, ROUNDS);
    // One of eight is added automatically; the others have as many uses of the key as they need.
    let automatic = (0..ROUNDS).step_by(8).len();
    let uses = (ROUNDS - automatic).to_string();
    let rotate = [
        "customer", "pass-key", "abc-inc", "--rotate", "--uses", &uses,
    ];
    let key = server.json(rotate);
    let key = key["pass_key"].as_str().unwrap();
    let own = format!("{{\"password\": \"{CHOSEN}\"}}");
    let mut dice = Dice(3);
    let mut expected = BTreeSet::new();
    for round in 0..ROUNDS {
        let id = format!("pc-{round}");
        let mut client = stranger(&server, &id);
        let registers = Client::with(&server, "abc-inc", &id, key);
        let first = match round % 8 {
            0 => whole(&client, "?create=true", b""),
            4 => whole(&registers, "register", own.as_bytes()),
            _ => whole(&registers, "register", b""),
        };
        for _ in 0..=dice.roll(3) {
            lost(&server, &first, &mut dice);
        }
        if round % 5 == 0 {
            unread(&server, &first, &id);
        }
        match round % 8 {
            0 => {}
            4 => {
                let again = answered(|| registers.ask("POST", "register", own.as_bytes()));
                assert!([200, 201].contains(&again.status), "{again:?}");
            }
            // A generated password is made anew until somebody logs in with it: what was sent before may be done now.
            _ => until("a password that holds", || {
                let again = registers.ask("POST", "register", b"");
                assert!([200, 201].contains(&again.status), "{again:?}");
                let told = again.json();
                client = Client::with(&server, "abc-inc", &id, told["password"].as_str().unwrap());
                (client.create().status == 200).then_some(())
            }),
        }
        answered(|| client.create()).is(200);
        let object = Object::of(500, round as u64);
        let first = whole(&client, &format!("data/{}", object.name), &object.body);
        for _ in 0..=dice.roll(3) {
            lost(&server, &first, &mut dice);
        }
        client.post("data", &object).is(200);
        expected.insert(id);
    }
    each_once(&server, &expected);
    assert_eq!(figure(&server, "mcals_left"), 0);
    assert_eq!(figure(&server, "used_space"), 500 * ROUNDS as u64);
    assert_eq!(audited(&server, "client enrol"), automatic);
    let late = Client::with(&server, "abc-inc", "late", key);
    assert_eq!(late.ask("POST", "register", b"").status, 403);
}

#[test]
fn clients_that_come_and_go_never_pass_the_limit_and_a_freed_slot_is_usable_at_once() {
    const LIMIT: usize = 5;
    const REMOVALS: usize = 60;
    let server = Server::start();
    administered(&server);
    let edit = ["customer", "edit", "abc-inc", "--client-limit", "5"];
    server.ctl(edit).fine();
    let key = server.json(["customer", "pass-key", "abc-inc"]);
    let key = key["pass_key"].as_str().unwrap();
    let registers =
        |id: &str| Client::with(&server, "abc-inc", id, key).ask("POST", "register", b"");
    let over = AtomicBool::new(false);
    let (mut readded, mut removed) = (0, 0);
    let registered: usize = thread::scope(|scope| {
        let end = Until(&over);
        let waiting: Vec<_> = (0..6)
            .map(|lane| {
                let (over, registers) = (&over, &registers);
                scope.spawn(move || {
                    let mut made = 0;
                    while !over.load(Ordering::SeqCst) {
                        match registers(&format!("pc-{lane}-{made}")).status {
                            201 => made += 1,
                            status => assert_eq!(status, 403),
                        }
                    }
                    made
                })
            })
            .collect();
        let watching = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let shown = server.json(["customer", "show", "abc-inc"]);
                assert!(
                    shown["clients"].as_u64().unwrap() <= LIMIT as u64,
                    "{shown}"
                );
                assert!(ids(&server).len() <= LIMIT);
            }
        });
        let mut dice = Dice(4);
        let mut gone: Vec<String> = Vec::new();
        while removed < REMOVALS {
            let there = ids(&server);
            if there.is_empty() {
                continue;
            }
            let leaves = &there[dice.roll(there.len())];
            let address = format!("abc-inc/{leaves}");
            server
                .ctl(["client", "remove", &address, "--recursive", "--yes"])
                .fine();
            removed += 1;
            gone.push(leaves.clone());
            // Perhaps one that was here before gets the slot, perhaps somebody who waits.
            let returns = gone[dice.roll(gone.len())].clone();
            let added = server.ctl(["client", "add", "abc-inc", &returns]);
            if added.code == Some(0) {
                readded += 1;
                gone.retain(|id| *id != returns);
            } else {
                assert_eq!(added.code, Some(1), "{}", added.err);
            }
        }
        drop(end);
        watching.join().unwrap();
        waiting.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    let there = ids(&server);
    assert_eq!(there.len(), 1 + registered + readded - removed);
    assert_eq!(figure(&server, "clients"), there.len() as u64);
    // Somebody waited all the time, so that all slots are taken; or the last removal came when it was over.
    for number in there.len()..LIMIT {
        registers(&format!("fill-{number}")).is(201);
    }
    for round in 0..10 {
        registers(&format!("next-{round}")).is(403);
        let leaves = ids(&server).remove(0);
        let address = format!("abc-inc/{leaves}");
        server
            .ctl(["client", "remove", &address, "--recursive", "--yes"])
            .fine();
        registers(&format!("next-{round}")).is(201);
        assert_eq!(ids(&server).len(), LIMIT);
    }
}

/// What `explain` says of a registration at an address: the refusal's code and cause; none when it would be admitted.
fn foretold(server: &Server, address: &str) -> Option<(String, String)> {
    let explained = server.json(["explain", address]);
    let mut verdicts = explained["verdicts"].as_array().unwrap().iter();
    let verdict = verdicts.find(|verdict| verdict["act"] == "register");
    let refusal = &verdict.unwrap()["refusal"];
    let text = |field: &str| refusal[field].as_str().unwrap().to_owned();
    refusal.is_object().then(|| (text("code"), text("cause")))
}

#[test]
fn a_limit_lowered_below_the_clients_there_are_evicts_nobody_and_lets_nobody_in() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    server
        .ctl(["customer", "edit", "abc-inc", "--client-limit", "10"])
        .fine();
    let mut eight = vec![laptop];
    for number in 1..8 {
        let client = Client::added(&server, "abc-inc", &format!("pc-{number}"));
        client.create().is(200);
        eight.push(client);
    }
    let lowered = ["customer", "edit", "abc-inc", "--client-limit", "5"];
    server.ctl(lowered).fine();
    for (seed, client) in (0..).zip(&eight) {
        client.post("data", &Object::of(1000, seed)).is(200);
        client.schedule("second").create().is(200);
    }
    assert_eq!(figure(&server, "clients"), 8);
    let (code, cause) = foretold(&server, "abc-inc/ninth").unwrap();
    assert_eq!(code, "client-limit");
    assert!(
        cause.contains("no free client slot") && cause.contains('5'),
        "{cause}"
    );
    // Three leave before there is room for none, and one more before there is room for one.
    for (number, client) in eight.iter().enumerate().take(4) {
        server.ctl(["client", "add", "abc-inc", "ninth"]).exits(1);
        // Its backup may be taken to run still, and a running one is not removed.
        let address = format!("abc-inc/{}", client.id);
        server.ctl(["client", "revoke", &address, "--yes"]).fine();
        assert_eq!(figure(&server, "clients"), 8 - number as u64);
        let remove = ["client", "remove", &address, "--recursive", "--yes"];
        server.ctl(remove).fine();
    }
    assert_eq!(foretold(&server, "abc-inc/ninth"), None);
    server.ctl(["client", "add", "abc-inc", "ninth"]).fine();
    server.ctl(["client", "add", "abc-inc", "tenth"]).exits(1);
}

#[test]
fn a_new_client_gets_in_exactly_where_fewer_are_there_than_the_limit_says_now() {
    const MOST: usize = 4;
    let server = Server::start();
    server.ctl(["customer", "add", "ABC Inc."]).fine();
    let key = server.json(["customer", "pass-key", "abc-inc"]);
    let key = key["pass_key"].as_str().unwrap();
    let limit = |limit: usize| {
        let limit = limit.to_string();
        server
            .ctl(["customer", "edit", "abc-inc", "--client-limit", &limit])
            .fine();
    };
    let mut next = 0;
    for used in 0..=MOST {
        for old in 0..=MOST {
            for new in 0..=MOST {
                limit(old);
                limit(new);
                next += 1;
                let id = format!("pc-{next}");
                let address = format!("abc-inc/{id}");
                let told = foretold(&server, &address).map(|(code, _)| code);
                let status = Client::with(&server, "abc-inc", &id, key)
                    .ask("POST", "register", b"")
                    .status;
                let (expected, count) = if used < new {
                    ((None, 201), used + 1)
                } else {
                    ((Some("client-limit"), 403), used)
                };
                assert_eq!((told.as_deref(), status), expected, "{used} {old} {new}");
                assert_eq!(ids(&server).len(), count, "{used} {old} {new}");
                if count > used {
                    server.ctl(["client", "remove", &address, "--yes"]).fine();
                }
            }
        }
        limit(MOST + 1);
        let stays = format!("stays-{used}");
        server.ctl(["client", "add", "abc-inc", &stays]).fine();
    }
}
