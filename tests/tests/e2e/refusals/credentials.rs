//! Who nobody knows: wrong passwords and pass keys, and that their answers tell nothing about who exists.

use super::{ACCESS_DENIED, Expected, register, register_with};
use crate::support::{Answer, Client, Server, administered, basic, request};

#[test]
fn a_wrong_password_is_refused_with_the_fixed_sentence() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let expected = Expected::unforeseen("bad-credentials", ACCESS_DENIED);
    for password in ["psk_wrong", "wrong but long enough"] {
        let stranger = Client::with(&server, "abc-inc", "laptop", password);
        expected.is(&server, &stranger.ask("GET", "data/", b""), 401);
    }
    let path = laptop.path("data/");
    let nobody = request(server.port(), "GET", &path, "", b"");
    expected.is(&server, &nobody, 401);
    // The right password under another Basic user is nobody's.
    let headers = basic("desktop", &laptop.password);
    let other = request(server.port(), "GET", &path, &headers, b"");
    expected.is(&server, &other, 401);
    let challenge = other.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic "));
}

#[test]
fn a_wrong_pass_key_is_refused_with_the_same_sentence() {
    let server = Server::start();
    administered(&server);
    let expected = Expected::unforeseen("bad-pass-key", ACCESS_DENIED);
    expected.is(
        &server,
        &register_with(&server, "new", "psk_wrong", ""),
        401,
    );
    // Another customer's pass key is wrong here.
    server.ctl(["customer", "add", "Other"]).fine();
    let view = server.json(["customer", "pass-key", "other"]);
    let key = view["pass_key"].as_str().unwrap();
    expected.is(&server, &register_with(&server, "new", key, ""), 401);
    server.ctl(["client", "show", "abc-inc/new"]).exits(3);
}

#[test]
fn a_short_or_unfit_password_makes_no_client() {
    let server = Server::start();
    administered(&server);
    server
        .ctl(["customer", "edit", "abc-inc", "--automatically-add", "yes"])
        .fine();
    let too_short = Expected::unforeseen(
        "password-too-short",
        "The password is too short: choose at least 12 characters.",
    );
    let stranger = Client::with(&server, "abc-inc", "new", "elevenchars");
    too_short.is(&server, &stranger.create(), 403);
    too_short.is(&server, &register(&server, "new", "elevenchars"), 403);
    let unfit = register(&server, "new", "psk_looks-generated-but-is-not").is(403);
    assert_eq!(unfit.json()["code"], "password-unfit");
    server.ctl(["client", "show", "abc-inc/new"]).exits(3);
    // Twelve characters are enough, whatever bytes they take.
    let umlauts = "äöüäöüäöüäöü";
    Client::with(&server, "abc-inc", "new", umlauts)
        .create()
        .is(200);
    Client::with(&server, "abc-inc", "new", umlauts)
        .ask("HEAD", "config", b"")
        .is(404);
}

#[test]
fn guessing_is_slowed_for_the_guesser_and_not_for_the_office() {
    let server =
        Server::configured("[limits]\nfailures_per_client = 3\nfailures_per_source = 60\n");
    let laptop = administered(&server);
    let desktop = Client::added(&server, "abc-inc", "desktop");
    let own = "the owner's own password";
    register(&server, "tablet", own).is(201);
    let tablet = Client::with(&server, "abc-inc", "tablet", own);
    tablet.create().is(200);
    let guess = |id: &str| {
        let guesser = Client::with(&server, "abc-inc", id, "not the right one");
        guesser.ask("GET", "data/", b"")
    };
    for id in ["laptop", "tablet"] {
        guess(id).is(401);
        let answers: Vec<_> = (0..3).map(|_| guess(id)).collect();
        let slowed = answers
            .into_iter()
            .find(|answer| answer.status != 401)
            .unwrap();
        let seconds = slowed.json()["seconds"].as_u64().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(slowed.header("retry-after"), Some(&*seconds.to_string()));
        let unit = if seconds == 1 { "second" } else { "seconds" };
        let sentence = format!("Too many failed attempts: try again in {seconds} {unit}.");
        Expected::unforeseen("too-many-attempts", &sentence).is(&server, &slowed, 403);
    }
    // Whoever is right, or was found right before, is never slowed; nor is anyone else at the same address.
    laptop.create().is(200);
    tablet.create().is(200);
    desktop.create().is(200);
    guess("desktop").is(401);
    // An administrator can forgive.
    server.ctl(["client", "unblock", "abc-inc/laptop"]).fine();
    guess("laptop").is(401);
}

#[test]
fn one_source_cannot_try_client_after_client() {
    let server = Server::configured("[limits]\nfailures_per_client = 2\nfailures_per_source = 4\n");
    administered(&server);
    let guess = |number: usize| {
        let id = format!("pc{number}");
        Client::with(&server, "abc-inc", &id, "psk_x")
            .ask("HEAD", "config", b"")
            .status
    };
    let first: Vec<u16> = (0..4).map(guess).collect();
    assert_eq!(first, [401; 4]);
    assert_eq!(guess(4), 403);
}

/// An answer without its reference and the time.
fn without_reference(answer: &Answer) -> (u16, String, Vec<(String, String)>, String) {
    let reference = answer.reference();
    let blank = |text: &str| text.replace(&reference, "????");
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    (
        answer.status,
        blank(&answer.reason),
        headers.cloned().collect(),
        blank(&answer.text()),
    )
}

#[test]
fn whoever_is_not_authenticated_learns_nothing_about_who_exists() {
    let server = Server::start();
    let laptop = administered(&server);
    laptop.create().is(200);
    let revoked = Client::added(&server, "abc-inc", "revoked");
    server
        .ctl(["client", "revoke", "abc-inc/revoked", "--yes"])
        .fine();
    let removed = Client::added(&server, "abc-inc", "removed");
    server
        .ctl(["client", "remove", "abc-inc/removed", "--yes"])
        .fine();
    let wrong = |customer: &str, id: &str, password: &str| {
        let stranger = Client::with(&server, customer, id, password);
        without_reference(&stranger.ask("GET", "keys/", b""))
    };
    for password in ["psk_wrong", "wrong but long enough"] {
        let answers = [
            wrong("abc-inc", "laptop", password),
            wrong("abc-inc", "nobody", password),
            wrong("no-such-customer", "laptop", password),
            wrong("abc-inc", "revoked", password),
            wrong("abc-inc", "removed", password),
        ];
        for answer in &answers[1..] {
            assert_eq!(*answer, answers[0]);
        }
    }
    let by_pass_key = without_reference(&register_with(&server, "laptop", "psk_wrong", ""));
    let unknown = without_reference(&register_with(&server, "nobody", "psk_wrong", ""));
    assert_eq!(by_pass_key, unknown);
    let known = wrong("abc-inc", "laptop", "psk_wrong");
    assert_eq!(wrong("abc-inc", "revoked", &revoked.password), known);
    assert_eq!(wrong("abc-inc", "removed", &removed.password), known);
}
