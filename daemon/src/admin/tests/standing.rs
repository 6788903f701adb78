//! Refusals of the last day: those that are solved alarm nobody, the others name what mends them.

use jiff::SignedDuration;
use penstock_policy::mcal::{Credit, Month};
use penstock_policy::refusal::Refusal;
use penstock_policy::throttle::Level;
use penstock_wire::request::Target;
use penstock_wire::view::Attention;

use super::*;
use crate::live::{Cause, Doing};

fn target(name: &str) -> Target {
    Target::Customer {
        customer: name.into(),
    }
}

fn exhausted() -> Refusal {
    Refusal::McalExhausted {
        level: Level::Server,
        customer: "abc".into(),
        month: "2026-11".parse::<Month>().unwrap(),
        credit: Credit::Number(0),
        left: 0,
        needs: 1,
    }
}

fn full() -> Refusal {
    Refusal::SpaceExceeded {
        level: Level::Customer,
        name: "abc".into(),
        allotted: 1,
        taken: 1,
        wanted: 7,
    }
}

fn suspended() -> Refusal {
    Refusal::CustomerInactive {
        customer: "abc".into(),
        reason: String::new(),
        until: None,
    }
}

impl House {
    fn refuses(&self, client: &str, refusal: &Refusal) {
        let cause = Cause {
            typed: ("abc".into(), client.into()),
            customer: "abc".into(),
            client: client.into(),
            source: "192.0.2.1".into(),
        };
        let _ = self.context.refusals.note(refusal, cause);
    }

    /// What status says of refusals.
    async fn alarms(&self) -> Vec<Attention> {
        let all = self.status().await.attention.into_iter();
        all.filter(|attention| attention.text.contains("refused within the last day"))
            .collect()
    }

    async fn remedy(&self) -> String {
        let alarms = self.alarms().await;
        assert_eq!(alarms.len(), 1, "{alarms:#?}");
        alarms[0].remedy.clone()
    }
}

#[tokio::test]
async fn what_was_refused_alarms_until_what_refused_it_holds_no_longer() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    let schedule = house.add_schedule("abc", "pc", "default").await;
    house.uses(&schedule, 100).await;
    for (refusal, field, (bad, good), on) in [
        (suspended(), "activated", ("no", "yes"), target("abc")),
        // Where a pack doesn't fit, backups fail, however much else is free.
        (full(), "space", ("15MiB", "17MiB"), target("abc")),
        (exhausted(), "mcals", ("0", "1"), Target::Server {}),
    ] {
        house.set(on.clone(), field, bad).await;
        house.refuses("pc", &refusal);
        let alarms = house.alarms().await;
        assert_eq!(alarms.len(), 1, "{alarms:#?}");
        assert!(alarms[0].text.contains(refusal.code()), "{alarms:#?}");
        house.set(on, field, good).await;
        let alarms = house.alarms().await;
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}

#[tokio::test]
async fn a_refusal_of_a_location_alarms_until_it_is_back() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    house.add_schedule("abc", "pc", "default").await;
    house.refuses("pc", &Refusal::LocationUnavailable);
    assert!(house.alarms().await.is_empty());
    let (here, away) = (house.folder(""), house.dir.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    assert_eq!(house.alarms().await.len(), 1);
    std::fs::rename(&away, &here).unwrap();
    assert!(house.alarms().await.is_empty());
}

#[tokio::test]
async fn a_backup_after_the_refusal_solves_it_and_one_before_does_not() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    let schedule = house.add_schedule("abc", "pc", "default").await;
    house.set(target("abc"), "activated", "no").await;
    let (store, clock) = (&house.context.store, &house.context.clock);
    store.last_backup(schedule.id, clock.wall()).await.unwrap();
    clock.step(SignedDuration::from_mins(1));
    house.refuses("pc", &suspended());
    assert_eq!(house.alarms().await.len(), 1);
    clock.step(SignedDuration::from_mins(1));
    store.last_backup(schedule.id, clock.wall()).await.unwrap();
    assert!(house.alarms().await.is_empty());
}

#[tokio::test]
async fn whoever_is_gone_needs_nothing() {
    let house = House::new().await;
    for (gone, request) in [
        (
            "client",
            Request::ClientRemove {
                address: at("abc/pc"),
                recursive: true,
            },
        ),
        (
            "customer",
            Request::CustomerRemove {
                customer: "abc".into(),
                recursive: true,
            },
        ),
    ] {
        if gone == "client" {
            house.add_customer("abc").await;
            house.add_client("abc", "pc").await;
            house.set(target("abc"), "activated", "no").await;
        } else {
            house.add_client("abc", "laptop").await;
            house.refuses("laptop", &suspended());
        }
        house.refuses("pc", &suspended());
        let before = house.alarms().await.len();
        house.control().await.done(request).await;
        assert_eq!((before, house.alarms().await.len()), (1, 0), "{gone}");
    }
}

#[tokio::test]
async fn the_remedy_is_at_the_level_that_cannot() {
    let house = House::new().await;
    house.add_customer("abc").await;
    for id in ["pc", "laptop"] {
        house.add_client("abc", id).await;
        house.refuses(id, &exhausted());
    }
    house.set(Target::Server {}, "mcals", "1").await;
    house
        .set(
            Target::Client {
                address: at("abc/pc"),
            },
            "platform",
            "server",
        )
        .await;
    house.refuses("pc", &exhausted());
    // The laptop could be paid now.
    assert_eq!(house.remedy().await, "penstockctl mcal add 1 --note TEXT");
    house.set(Target::Server {}, "mcals", "0").await;
    assert_eq!(house.remedy().await, "penstockctl mcal add 3 --note TEXT");
    let reseller = Target::Reseller {
        reseller: "default".into(),
    };
    house.set(reseller.clone(), "mcals", "1").await;
    house.set(target("abc"), "mcals", "0").await;
    assert_eq!(
        house.remedy().await,
        "penstockctl customer edit abc --mcals +3"
    );
    house.set(target("abc"), "mcals", "Auto").await;
    house.set(reseller, "mcals", "0").await;
    assert_eq!(
        house.remedy().await,
        "penstockctl reseller edit default --mcals +3"
    );
}

#[tokio::test]
async fn different_causes_are_different_lines() {
    let house = House::new().await;
    house.add_customer("abc").await;
    for id in ["pc", "laptop"] {
        house.add_client("abc", id).await;
        let schedule = house.add_schedule("abc", id, "default").await;
        house.uses(&schedule, 100).await;
        house.refuses(id, &full());
    }
    let client = Target::Client {
        address: at("abc/pc"),
    };
    house.set(client, "space", "50B").await;
    assert_eq!(
        house.remedy().await,
        "penstockctl client edit abc/pc --space +SIZE; penstockctl space abc shows where it is"
    );
    house.set(target("abc"), "overcommit", "yes").await;
    house.set(target("abc"), "space", "60B").await;
    let alarms = house.alarms().await;
    let texts: Vec<&str> = alarms.iter().map(|a| a.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("Client pc has used")));
    assert!(texts.iter().any(|text| text.contains("abc has used")));
}

#[tokio::test]
async fn a_snapshots_arrival_shows_while_its_session_goes_on() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    let schedule = house.add_schedule("abc", "pc", "default").await;
    assert_eq!(house.customer("abc").await.last_backup, None);
    let request = house.run("abc", "pc", &schedule).await;
    request.session().did(Doing::Snapshot);
    drop(request);
    let shown = async {
        while house.customer("abc").await.last_backup.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), shown)
        .await
        .unwrap();
    assert!(house.context.live.session(schedule.id).is_some());
}
