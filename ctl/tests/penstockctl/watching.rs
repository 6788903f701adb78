//! What only looks: status, explanations, events, lists; and that every verb is there.

use penstock_ctl::Exit;
use penstock_wire::frame::{MAX_REPLY, encode};
use penstock_wire::reply::{Answer, FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::{Attention, ClientLine, Event, Severity};

use crate::support::{Scene, attention, done, edited, failed, page, status};

#[test]
fn status_check_says_by_its_exit_code_how_bad_it_is() {
    let check = |attention: Vec<Attention>| {
        Scene::default().run(&["status", "--check"], move |_| status(attention.clone()))
    };
    let fine = check(vec![]);
    assert_eq!(fine.exit, Exit::FINE);
    assert_eq!(
        fine.output,
        "OK; 1 backup running, 0 in 24 h, 0 clients silent\n"
    );
    assert_eq!(
        check(vec![attention(Severity::Warning)]).exit,
        Exit::WARNING
    );
    let both = vec![attention(Severity::Critical), attention(Severity::Warning)];
    let critical = check(both);
    assert_eq!(critical.exit, Exit::CRITICAL);
    assert!(
        critical
            .output
            .starts_with("CRITICAL: location main isn't mounted (and 1 more);")
    );
    let without =
        Scene::default().run(&["status"], |_| status(vec![attention(Severity::Critical)]));
    assert_eq!(without.exit, Exit::FINE);
    assert!(
        without.output.contains("up since 2026-12-24 08:00 +01:00"),
        "{}",
        without.output
    );
}

#[test]
fn a_reference_is_explained_unless_a_customer_bears_that_name() {
    let ran = Scene::default().run(&["explain", "7F3K"], |_| failed(FailureCode::NotFound));
    assert!(matches!(ran.asked[0], Request::Explain { .. }));
    assert!(matches!(ran.asked[1], Request::ExplainReference { .. }));
    let ran = Scene::default().run(&["explain", "[7F3K]"], |_| failed(FailureCode::NotFound));
    assert!(matches!(ran.asked[0], Request::ExplainReference { .. }));
    let ran = Scene::default().run(&["explain", "abc/laptop"], |_| {
        failed(FailureCode::NotFound)
    });
    assert_eq!(ran.asked.len(), 1);
}

#[test]
fn events_are_printed_until_the_daemon_ends_them() {
    let event = |_: &Request| {
        let event = Event {
            at: "2026-12-24T07:00:00Z".parse().unwrap(),
            event: "refused".to_owned(),
            address: "abc-inc/laptop".to_owned(),
            text: "bad\u{1b}[31m".to_owned(),
        };
        let mut two = encode(&Reply::Event(Box::new(event)), MAX_REPLY).unwrap();
        two.extend(two.clone());
        two.extend(encode(&failed(FailureCode::Unavailable), MAX_REPLY).unwrap());
        two
    };
    let ran = Scene::default().run_raw(&["watch"], event);
    assert_eq!(ran.exit, Exit::UNAVAILABLE);
    let line = "2026-12-24 08:00:00 +01:00  refused       abc-inc/laptop  bad\\u{1b}[31m\n";
    assert_eq!(ran.output, line.repeat(2));
    let ran = Scene::default().run_raw(&["watch", "--json"], event);
    for line in ran.output.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["event"], "refused");
    }
    assert_eq!(ran.output.lines().count(), 2);
}

#[test]
fn times_of_a_list_are_in_the_servers_zone() {
    let ran = Scene::default().run(&["client", "list"], |_| {
        let line = ClientLine {
            address: "abc-inc/laptop".to_owned(),
            client: "laptop".to_owned(),
            activated: true,
            revoked: false,
            enrolment: "administrator".to_owned(),
            schedules: 1,
            used_space: 3 << 30,
            platform: "server".to_owned(),
            paid: true,
            last_backup: Some("2026-07-01T10:00:00Z".parse().unwrap()),
            running: true,
        };
        done(Answer::Clients(page(vec![line], None)))
    });
    assert!(
        ran.output.contains("2026-07-01 12:00 +02:00"),
        "{}",
        ran.output
    );
}

#[test]
fn since_is_reckoned_from_now() {
    let ran = Scene::default().run(&["refused", "--since", "24h"], |_| {
        done(Answer::Refused(page(vec![], None)))
    });
    let Request::Refused { since, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    assert_eq!(since.unwrap().to_string(), "1969-12-31T00:00:00Z");
    assert_eq!(ran.output, "none\n");
}

#[test]
fn every_documented_verb_exists() {
    let verbs = [
        "status --check",
        "top --once",
        "watch abc",
        "refused abc --since 7d",
        "explain abc/laptop --at 2026-12-24T08:00",
        "customer list",
        "customer show x",
        "customer add x --short abc --like y",
        "customer edit x --city y",
        "customer suspend x",
        "customer resume x",
        "customer move x r",
        "customer remove x --yes",
        "customer pass-key x --rotate --until 2026-12-24 --uses 5",
        "customer history x",
        "reseller list",
        "reseller show r",
        "reseller add r",
        "reseller edit r --contact c",
        "reseller remove r --yes",
        "client list x",
        "client show x/c",
        "client add x c",
        "client edit x/c --throttle inherit",
        "client move x/c y",
        "client revoke x/c --yes",
        "client unblock x/c",
        "client remove x/c --yes",
        "client reset-password x/c",
        "schedule list x/c",
        "schedule show x/c/s",
        "schedule history x/c/s",
        "schedule remove x/c/s --yes",
        "server show",
        "server edit --trash-days 7",
        "space abc/laptop",
        "location list",
        "location add second /srv/second",
        "location forget second --yes",
        "mcal add 500 --note invoice",
        "mcal statement abc --month 2026-11 --csv",
        "mcal statement --reseller r",
        "mcal history --customer abc",
        "mcal forecast --csv",
        "export",
        "customer edit x --space +200GiB --mcals +5 --location second --overcommit yes",
        "client edit x/c --platform server --plugin sql",
        "reseller edit r --mcals 25/month",
        "server edit --mcals unlimited --disk-reserve 5",
        "schedule history x/c/s --space --days 400",
        "customer history x --days 400",
        "trash list",
        "trash restore 7",
        "trash empty --yes",
        "audit x --since 24h",
        "undo 12 --dry-run",
    ];
    for verb in verbs {
        let args: Vec<&str> = verb.split(' ').collect();
        let ran = Scene::default().run(&args, |_| failed(FailureCode::Exists));
        // What is only about the server is answered by the support's daemon itself.
        let expected = if verb == "server show" {
            Exit::FINE
        } else {
            Exit::EXISTS
        };
        assert_eq!(ran.exit, expected, "{verb}: {}", ran.errors);
    }
    for shell in ["bash", "zsh", "fish"] {
        let ran = Scene::default().run(&["completions", shell], |_| edited(false));
        assert!(ran.output.contains("penstockctl"), "{shell}");
    }
}
