//! `watch`, `status` and `top`.

use jiff::SignedDuration;
use penstock_policy::edit::Assignment;
use penstock_policy::refusal::Refusal;
use penstock_wire::reply::FailureCode;
use penstock_wire::request::Target;
use penstock_wire::view::{Event, SessionView, Severity, Status};

use super::*;
use crate::live::Cause;

async fn event(talk: &mut Talk) -> Event {
    match talk.read().await.unwrap() {
        Reply::Event(event) => *event,
        other => panic!("{other:?}"),
    }
}

async fn status(house: &House) -> Status {
    match house.view().await.done(Request::Status {}).await {
        Answer::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

fn suspend(customer: &str) -> Request {
    Request::Edit {
        target: Target::Customer {
            customer: customer.into(),
        },
        assignments: vec![Assignment {
            field: "activated".into(),
            value: "no".into(),
        }],
        expect_revision: None,
        dry_run: false,
    }
}

/// A watcher that certainly listens: it has seen an event.
async fn watching(house: &House, address: Option<&str>) -> Talk {
    let mut watch = house.view().await;
    let address = address.map(at);
    watch.send(&Request::Watch { address }).await;
    let listening = tokio::spawn(async move {
        event(&mut watch).await;
        watch
    });
    while !listening.is_finished() {
        tell(house, "now");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    listening.await.unwrap()
}

fn tell(house: &House, text: &str) {
    house.context.events.send(Event {
        at: Timestamp::UNIX_EPOCH,
        event: "edited".into(),
        address: "abc-inc".into(),
        text: text.into(),
    });
}

#[tokio::test]
async fn a_watcher_sees_an_edit_and_only_what_it_asked_for() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_customer("Other").await;
    let mut watch = watching(&house, Some("ABC Inc.")).await;
    let mut talk = house.control().await;
    talk.edited(suspend("other")).await;
    talk.edited(suspend("abc-inc")).await;
    let seen = loop {
        let event = event(&mut watch).await;
        if event.text != "now" {
            break event;
        }
    };
    assert_eq!(
        (seen.event.as_str(), seen.address.as_str()),
        ("edited", "abc-inc")
    );
    assert!(seen.text.contains("activated"), "{}", seen.text);
}

#[tokio::test]
async fn a_watcher_of_nobody_is_told_so() {
    let house = House::new().await;
    let address = Some(at("nobody"));
    let failure = house.view().await.failed(Request::Watch { address }).await;
    assert_eq!(failure.code, FailureCode::NotFound);
}

#[tokio::test]
async fn a_watcher_that_fell_behind_learns_what_it_missed() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut watch = watching(&house, None).await;
    // Far more than the hub and the socket hold together.
    for _ in 0..5000 {
        tell(&house, &"x".repeat(1000));
    }
    loop {
        let event = event(&mut watch).await;
        if event.event == "missed" {
            assert!(event.text.ends_with("faster than they were read"));
            return;
        }
    }
}

#[tokio::test]
async fn a_watcher_that_reads_nothing_is_cut_and_gives_its_place_to_another() {
    let house = House::with(Limits {
        connections: 1,
        timeout: Duration::from_secs(1),
    })
    .await;
    let add = customer_add("ABC Inc.");
    house.control().await.edited(add).await;
    let _watch = watching(&house, None).await;
    loop {
        tell(&house, &"x".repeat(10_000));
        let mut next = house.raw(Socket::View).await;
        let hello = frame::encode(&Hello { version: VERSION }, MAX_REQUEST).unwrap();
        if next.0.write_all(&hello).await.is_ok() && next.bytes().await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn status_sums_up_the_day_and_names_the_silent() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    for id in ["fine", "old", "never", "dead"] {
        house.add_client("abc-inc", id).await;
    }
    house.context.clock.step(SignedDuration::from_hours(8 * 24));
    let now = house.context.clock.wall();
    for (id, ago) in [("fine", 2), ("old", 7 * 24 + 1)] {
        let schedule = house.add_schedule("abc-inc", id, "default").await;
        let ended = now - SignedDuration::from_hours(ago);
        let session = SessionView {
            kind: "backup".into(),
            started: ended,
            ended,
            bytes_in: 1000,
            bytes_out: 10,
            mean_rate: 0,
            limit: "unlimited".into(),
            held_by: Default::default(),
        };
        let name = schedule.name.clone();
        let kept = house
            .context
            .store
            .session_ended(schedule.client, name, session, Some(ended));
        kept.await.unwrap();
    }
    let revoke = Request::ClientRevoke {
        address: at("abc-inc/dead"),
    };
    house.control().await.edited(revoke).await;
    let status = status(&house).await;
    assert_eq!(
        (status.customers, status.clients, status.schedules),
        (2, 4, 2)
    );
    assert_eq!(
        (status.last_day.backups, status.last_day.bytes_in),
        (1, 1000)
    );
    let silent: Vec<&str> = status.silent.iter().map(|s| s.address.as_str()).collect();
    assert_eq!(silent, ["abc-inc/never", "abc-inc/old"]);
    assert!(
        status
            .attention
            .iter()
            .any(|a| a.text.starts_with("2 clients have made no backup"))
    );
}

#[tokio::test]
async fn what_rules_refused_needs_attention_and_what_guessers_try_does_not() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "one").await;
    let full = Request::Edit {
        target: Target::Customer {
            customer: "abc-inc".into(),
        },
        assignments: vec![Assignment {
            field: "maximum_client_limit".into(),
            value: "1".into(),
        }],
        expect_revision: None,
        dry_run: false,
    };
    house.control().await.edited(full).await;
    let limit = Refusal::ClientLimit {
        customer: "ABC Inc.".into(),
        limit: 3,
    };
    for (client, refusal) in [
        ("a", &limit),
        ("b", &limit),
        ("c", &Refusal::BadCredentials),
    ] {
        let cause = Cause {
            typed: ("abc-inc".into(), client.into()),
            customer: "abc-inc".into(),
            client: client.into(),
            source: "192.0.2.1".into(),
        };
        let _ = house.context.refusals.note(refusal, cause);
    }
    let before = status(&house).await;
    assert_eq!(before.last_day.refusals, 3);
    let texts: Vec<&str> = before.attention.iter().map(|a| a.text.as_str()).collect();
    assert!(
        texts.iter().any(|t| t
            .starts_with("2 clients of abc-inc were refused within the last day (client-limit)")),
        "{texts:?}"
    );
    assert!(
        !texts.iter().any(|t| t.contains("bad-credentials")),
        "{texts:?}"
    );
    house.context.clock.step(SignedDuration::from_hours(25));
    let after = status(&house).await;
    assert_eq!(after.last_day.refusals, 0);
    assert!(
        !after
            .attention
            .iter()
            .any(|a| a.text.contains("client-limit"))
    );
}

#[tokio::test]
async fn a_broken_audit_and_an_ending_certificate_need_attention() {
    let mut house = House::new().await;
    let end = house.context.clock.wall() + SignedDuration::from_hours(48);
    let mut context = house.context.clone();
    context.certificate_end = Arc::new(move || Some(end));
    context.audit = Some(crate::store::BrokenAt {
        edit: 7,
        problem: "it was changed".into(),
    });
    house.admin = Admin::new(context);
    let Answer::Status(status) = super::super::status::status(&house.admin).await.unwrap() else {
        panic!("no status");
    };
    assert_eq!(status.attention[0].severity, Severity::Critical);
    assert!(status.attention[0].text.contains("broken at entry 7"));
    assert!(
        status
            .attention
            .iter()
            .any(|a| a.text == "the certificate ends on 2026-11-26")
    );
}

#[tokio::test]
async fn top_shows_what_runs_with_its_limit() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let schedule = house.add_schedule("abc-inc", "pc", "default").await;
    let _running = house.run("abc-inc", "pc", &schedule).await;
    let Answer::Top(list) = house.view().await.done(Request::Top {}).await else {
        panic!("no top");
    };
    assert_eq!(list.items[0].address, "abc-inc/pc/default");
    assert_eq!(list.items[0].limit.rate, "unlimited");
    assert_eq!(status(&house).await.running, 1);
}
