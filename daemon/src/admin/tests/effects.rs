//! Notes on what an edit leads to: space, MCALs, prices, locations; and edits that are refused.

use penstock_policy::edit::Assignment;
use penstock_wire::reply::{Edited, FailureCode};
use penstock_wire::request::Target;

use super::*;

fn customer(name: &str) -> Target {
    Target::Customer {
        customer: name.into(),
    }
}

fn reseller(name: &str) -> Target {
    Target::Reseller {
        reseller: name.into(),
    }
}

fn client(address: &str) -> Target {
    Target::Client {
        address: at(address),
    }
}

fn edit(target: &Target, fields: &[(&str, &str)], dry_run: bool) -> Request {
    let fields = fields.iter();
    Request::Edit {
        target: target.clone(),
        assignments: fields
            .map(|(field, value)| Assignment {
                field: (*field).into(),
                value: (*value).into(),
            })
            .collect(),
        expect_revision: None,
        dry_run,
    }
}

impl House {
    /// The notes, which a dry run has to give too.
    async fn notes(&self, target: Target, fields: &[(&str, &str)]) -> Vec<String> {
        let mut talk = self.control().await;
        let shown = talk.edited(edit(&target, fields, true)).await;
        let Edited { notes, .. } = talk.edited(edit(&target, fields, false)).await;
        assert_eq!(shown.notes, notes);
        notes
    }

    async fn barred(&self, target: Target, fields: &[(&str, &str)]) -> Failure {
        let mut talk = self.control().await;
        talk.failed(edit(&target, fields, false)).await
    }
}

#[tokio::test]
async fn space_below_what_is_used_is_told_at_every_level() {
    let house = House::new().await;
    house.add_customer("Cafe Sol").await;
    house.add_client("cafe-sol", "pc").await;
    let schedule = house.add_schedule("cafe-sol", "pc", "default").await;
    house.uses(&schedule, 100 << 20).await;
    for (target, name) in [
        (client("cafe-sol/pc"), "cafe-sol/pc"),
        (customer("cafe-sol"), "cafe-sol"),
        (reseller("default"), "reseller default"),
        (Target::Server {}, "the server"),
    ] {
        let expected = format!(
            "{name} uses 100.0 MiB, 20.0 MiB more than that: no new data is taken until it fits"
        );
        assert_eq!(
            house.notes(target.clone(), &[("space", "80MiB")]).await,
            [expected]
        );
        let none: [&str; 0] = [];
        assert_eq!(house.notes(target, &[("space", "unlimited")]).await, none);
    }
    let all = house.notes(customer("cafe-sol"), &[("space", "100MiB")]);
    assert_eq!(
        all.await,
        ["cafe-sol uses 100.0 MiB, all of that: no new data is taken"]
    );
}

#[tokio::test]
async fn what_is_left_of_mcals_is_told_when_their_number_changes() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.backs_up("abc", "pc").await;
    house.backs_up("abc", "laptop").await;
    // What was debited before there was a number isn't taken from it.
    let bank = house.notes(Target::Server {}, &[("mcals", "5")]).await;
    assert_eq!(bank, ["the bank has 5 MCALs left now"]);
    let bank = house.notes(Target::Server {}, &[("mcals", "0")]).await;
    assert_eq!(
        bank,
        ["the bank has no MCALs left now: clients that aren't paid for 2026-11 can't back up"]
    );
    let monthly = house.notes(customer("abc"), &[("mcals", "3/month")]).await;
    assert_eq!(monthly, ["abc has 1 MCAL left now for 2026-11"]);
    house.notes(customer("abc"), &[("mcals", "Auto")]).await;
    let monthly = house.notes(reseller("default"), &[("mcals", "2/month")]);
    assert_eq!(
        monthly.await,
        [
            "reseller default has no MCALs left now: its clients that aren't paid for 2026-11 can't back up"
        ]
    );
}

#[tokio::test]
async fn a_clients_dearer_plugins_are_debited_and_told_or_refused_with_whats_missing() {
    let house = House::new().await;
    house.with_mcals("abc", "6").await;
    house.backs_up("abc", "pc").await;
    let server = [("platform", "server"), ("plugins", "sql")];
    let notes = house.notes(client("abc/pc"), &server).await;
    assert_eq!(notes, ["debits 3 more MCALs for 2026-11 (4 instead of 1)"]);
    house.set(Target::Server {}, "mcals", "0").await;
    let failure = house.barred(client("abc/pc"), &[("plugins", "sql,exchange")]);
    let failure = failure.await;
    assert_eq!(
        failure.message,
        "abc/pc would cost 2 more MCALs for 2026-11; the bank has 0 left"
    );
    assert_eq!(failure.code, FailureCode::Refused);
    assert_eq!(failure.refusal.as_deref(), Some("mcal-exhausted"));
}

#[tokio::test]
async fn a_plugin_that_loses_its_price_names_how_many_clients_have_it() {
    let house = House::new().await;
    house.add_customer("abc").await;
    for id in ["a", "b", "c"] {
        house.add_client("abc", id).await;
    }
    house.set(client("abc/a"), "plugins", "sql").await;
    house.set(client("abc/b"), "plugins", "mysql,sql").await;
    let prices = [("mcal_prices", "desktop=1 server=2 exchange=2 mailbox=1")];
    let notes = house.notes(Target::Server {}, &prices).await;
    assert_eq!(
        notes,
        [
            "1 client has plugin mysql and pays nothing for it from now on",
            "2 clients have plugin sql and pay nothing for it from now on",
        ]
    );
}

#[tokio::test]
async fn another_location_leaves_schedules_where_they_are_and_is_told_if_it_cant_be_used() {
    let house = House::new().await;
    let second = LocationRecord {
        name: "second".into(),
        path: "/nowhere/second".into(),
        id: "2".into(),
    };
    house.context.store.record_location(second).await.unwrap();
    let away = Location::recorded(&house.dir.path().join("away"), "2").unwrap();
    house.context.locations.put("second".into(), away);
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    for schedule in ["a", "b"] {
        house.add_schedule("abc", "pc", schedule).await;
    }
    for target in [
        client("abc/pc"),
        customer("abc"),
        reseller("default"),
        Target::Server {},
    ] {
        // Whoever is nearer says another one otherwise.
        let notes = house.notes(target.clone(), &[("location", "second")]).await;
        assert_eq!(
            notes[0],
            "its 2 schedules stay where they are; new ones go to second"
        );
        assert!(
            notes[1].starts_with("location second can't be used: "),
            "{notes:?}"
        );
    }
    house.set(customer("abc"), "space", "7PiB").await;
    let notes = house.notes(customer("abc"), &[("location", "main")]).await;
    assert!(
        notes[1].ends_with("less than the 7.0 PiB that are sold on it"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn a_suspension_cannot_end_in_the_past_but_one_that_ended_can_be_kept() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    let suspended = |until| [("activated", "no"), ("until", until)];
    for target in [client("abc/pc"), customer("abc"), reseller("default")] {
        let failure = house.barred(target.clone(), &suspended("2020-01-01")).await;
        assert_eq!(failure.code, FailureCode::Usage);
        assert_eq!(
            failure.message,
            "until: 2020-01-01 is past; give a time to come, or none"
        );
        house.notes(target, &suspended("2026-11-25")).await;
    }
    let day = jiff::SignedDuration::from_hours(48);
    house.context.clock.step(day);
    house.set(customer("abc"), "city", "Graz").await;
    let failure = house.barred(customer("abc"), &[("until", "2026-11-26T09:00")]);
    assert!(failure.await.message.contains("is past"));
}

#[tokio::test]
async fn the_end_of_a_suspension_is_in_the_customers_zone() {
    let house = House::new().await;
    house.add_customer("abc").await;
    // It is 10:00 UTC, which is 23:00 in Auckland.
    house
        .set(customer("abc"), "time_zone", "Pacific/Auckland")
        .await;
    let until = |time| [("activated", "no"), ("until", time)];
    let failure = house
        .barred(customer("abc"), &until("2026-11-24T22:59"))
        .await;
    assert!(failure.message.contains("is past"));
    house
        .notes(customer("abc"), &until("2026-11-24T23:30"))
        .await;
}

#[tokio::test]
async fn undoing_twice_says_which_edit_undid_it() {
    let house = House::new().await;
    house.add_customer("abc").await;
    let mut talk = house.control().await;
    let edited = talk.edited(edit(&customer("abc"), &[("city", "Graz")], false));
    let edit = edited.await.edit.unwrap();
    let undo = || Request::Undo {
        edit,
        dry_run: false,
    };
    let undone = talk.edited(undo()).await.edit.unwrap();
    let failure = talk.failed(undo()).await;
    assert_eq!(failure.code, FailureCode::Conflict);
    assert_eq!(
        failure.message,
        format!("edit {edit} was undone by edit {undone} already")
    );
}

#[tokio::test]
async fn a_customer_that_exists_already_is_named() {
    let house = House::new().await;
    house.add_customer("Like Me").await;
    let failure = house.control().await.failed(customer_add("like me")).await;
    assert_eq!(failure.code, FailureCode::Exists);
    assert_eq!(failure.message, "customer Like Me (like-me) exists already");
}
