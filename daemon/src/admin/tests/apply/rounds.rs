//! An export applied where it comes from, and on an empty server.

use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use penstock_wire::reply::Step;

use super::*;

/// A value other than the default for every field of every record; what is in no list is an error of the test.
fn value(field: &str) -> &'static str {
    match field {
        "location" => "main",
        "space" => "64GiB",
        "overcommit" | "append_only" => "yes",
        "disk_reserve" => "7",
        "mcals" => "40",
        "mcal_prices" => "desktop=1 server=3 sql=2",
        "throttle" => "8Mbit/s 08:00-18:00 weekend-exempt",
        "restore_throttle" => "unlimited",
        "time_zone" => "Europe/Berlin",
        "weekend_days" => "friday,saturday",
        "schedule_limit" => "9",
        "trash_days" => "90",
        "public_url" => "https://backup.msp.example:8000",
        "activated" => "no",
        "reason" => "invoice 2041 is unpaid",
        "until" => "2030-12-24T08:00",
        "automatically_add_clients" => "no",
        "maximum_client_limit" => "1",
        "platform" => "server",
        "plugins" => "sql",
        "address" | "notes" => "Main Street 1\n\"8010\" Graz, Österreich # not a comment",
        _ => "Grüße an alle",
    }
}

fn all<R: Record>() -> Vec<(&'static str, &'static str)> {
    let fields = R::FIELDS.iter().map(|field| field.name);
    fields.map(|field| (field, value(field))).collect()
}

/// A tree with every field of every kind of record set, a suspended customer above its limit, and a dead client.
async fn full(house: &House) {
    let mut talk = house.control().await;
    talk.edit(Target::Server {}, &all::<Server>()).await;
    let name = "North Ltd".to_owned();
    let short = Some("north".to_owned());
    let assignments = set(&all::<Reseller>());
    talk.edited(Request::ResellerAdd {
        name,
        short,
        assignments,
        dry_run: false,
    })
    .await;
    talk.edited(Request::CustomerAdd {
        name: "ABC Inc.".into(),
        short: Some("abc".into()),
        reseller: Some("north".into()),
        like: None,
        assignments: Vec::new(),
        dry_run: false,
    })
    .await;
    house.add_client("abc", "pc").await;
    house.add_client("abc", "old").await;
    house.add_client("default", "stray").await;
    for (target, fields) in [
        (
            Target::Client {
                address: at("abc/pc"),
            },
            all::<Client>(),
        ),
        (
            Target::Customer {
                customer: "abc".into(),
            },
            all::<Customer>(),
        ),
    ] {
        let reply = talk.edit(target, &fields).await;
        assert!(matches!(reply, Reply::Done(_)), "{reply:?}");
    }
    let address = at("abc/old");
    talk.edited(Request::ClientRevoke { address }).await;
}

#[tokio::test]
async fn applying_an_export_changes_nothing() {
    let house = House::with_location().await;
    full(&house).await;
    let mut talk = house.control().await;
    let records = talk.export().await;
    assert_eq!(records.len(), 8);
    let staged = talk.stage(&records).await;
    assert_eq!((staged.records, staged.secrets.len()), (8, 0));
    for (dry_run, prune) in [(true, false), (true, true), (false, true)] {
        let applied = talk.apply(dry_run, prune).await;
        assert_eq!(applied.steps.items, [], "{applied:?}");
        assert_eq!((applied.added, applied.edited, applied.removed), (0, 0, 0));
        assert_eq!(applied.notes, [""; 0]);
    }
    assert_eq!(talk.export().await, records);
}

#[tokio::test]
async fn an_export_applied_to_an_empty_server_rebuilds_the_tree() {
    let (from, to) = (House::with_location().await, House::with_location().await);
    full(&from).await;
    let records = from.view().await.export().await;
    let mut talk = to.control().await;
    let staged = talk.stage(&records).await;
    // The revoked client's password is nobody's.
    let secrets: Vec<&str> = staged.secrets.iter().map(|s| s.address.as_str()).collect();
    assert_eq!(secrets, ["abc", "abc/pc", "default/stray"]);
    let shown = talk.apply(true, false).await;
    let done = talk.apply(false, false).await;
    let verbs = |applied: &Applied| -> Vec<(String, String)> {
        let steps = applied.steps.items.iter();
        steps
            .map(|step| (step.verb.clone(), step.record.clone()))
            .collect()
    };
    assert_eq!(verbs(&shown), verbs(&done));
    assert!(shown.steps.items.iter().all(|step| step.edit.is_none()));
    assert!(done.steps.items.iter().all(|step| step.edit.is_some()));
    assert_eq!((done.added, done.edited, done.removed), (5, 1, 0));
    assert_eq!(talk.export().await, records);
}

#[tokio::test]
async fn a_plugin_that_lost_its_price_since_goes_round() {
    let (from, to) = (House::new().await, House::new().await);
    let mut talk = from.control().await;
    let exchange = client("default", "pc", &[("plugins", "exchange")]);
    talk.stage(std::slice::from_ref(&exchange)).await;
    talk.apply(false, false).await;
    let prices = [("mcal_prices", "desktop=1 server=2")];
    talk.edit(Target::Server {}, &prices).await;
    let records = talk.export().await;
    let mut other = to.control().await;
    other.stage(&records).await;
    other.apply(false, false).await;
    assert_eq!(other.export().await, records);
    let typo = client("default", "other", &[("plugins", "exchnage")]);
    other.stage(&[typo]).await;
    let failure = other
        .failed(Request::Apply {
            dry_run: false,
            prune: false,
        })
        .await;
    assert!(
        failure.message.starts_with("default/other: "),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn a_thousand_customers_with_three_clients_each_go_round() {
    let (from, to) = (House::new().await, House::new().await);
    let records: Vec<Declared> = (0..1000)
        .flat_map(|n| {
            let short = format!("customer-{n:04}");
            let clients = ["a", "b", "c"].map(|id| client(&short, id, &[("platform", "server")]));
            [customer(&short, &[("city", "Graz")])]
                .into_iter()
                .chain(clients)
        })
        .collect();
    let mut talk = from.control().await;
    assert_eq!(talk.stage(&records).await.secrets.len(), 4000);
    let applied = talk.apply(false, false).await;
    assert_eq!(applied.added, 4000);
    let mut steps: Vec<Step> = applied.steps.items;
    let mut next = applied.steps.next;
    while let Some(after) = next {
        let page = Page { after: Some(after) };
        let Answer::Steps(list) = talk.done(Request::Applied { page }).await else {
            panic!("another answer");
        };
        steps.extend(list.items);
        next = list.next;
    }
    let edits: Vec<u64> = steps.iter().filter_map(|step| step.edit).collect();
    assert_eq!(edits, (1..=4000).collect::<Vec<u64>>());
    let exported = talk.export().await;
    assert_eq!(exported.len(), 4003);
    let mut other = to.control().await;
    other.stage(&exported).await;
    assert_eq!(other.apply(false, true).await.added, 4000);
    assert_eq!(other.export().await, exported);
    other.stage(&exported).await;
    assert_eq!(other.apply(false, true).await.steps.items, []);
}
