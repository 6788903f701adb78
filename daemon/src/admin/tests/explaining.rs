//! `explain`: the same codes and sentences as on the data path, before anything happens.

use penstock_policy::edit::Assignment;
use penstock_policy::refusal::{Reference, Refusal};
use penstock_wire::reply::{Explained, FailureCode};
use penstock_wire::request::Target;

use super::*;
use crate::live::Cause;

async fn explain(house: &House, address: &str, at_time: Option<Timestamp>) -> Explained {
    let ask = Request::Explain {
        address: at(address),
        at: at_time,
        bytes: None,
    };
    match house.view().await.done(ask).await {
        Answer::Explanation(explained) => explained,
        other => panic!("{other:?}"),
    }
}

fn code(explained: &Explained, act: &str) -> Option<String> {
    let mut verdicts = explained.explanation.verdicts.iter();
    let verdict = verdicts.find(|v| v.act == act).unwrap();
    verdict.refusal.as_ref().map(|refusal| refusal.code.clone())
}

async fn set(house: &House, assignments: &[(&str, &str)]) {
    let assignments = assignments.iter().map(|(field, value)| Assignment {
        field: (*field).into(),
        value: (*value).into(),
    });
    let edit = Request::Edit {
        target: Target::Customer {
            customer: "abc-inc".into(),
        },
        assignments: assignments.collect(),
        expect_revision: None,
        dry_run: false,
    };
    house.control().await.edited(edit).await;
}

#[tokio::test]
async fn a_known_client_an_unknown_one_and_a_removed_one_are_told_apart() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    house.add_client("abc-inc", "gone").await;
    let address = at("abc-inc/gone");
    let remove = Request::ClientRemove {
        address,
        recursive: false,
    };
    house.control().await.edited(remove).await;
    for (address, expected) in [
        ("ABC Inc./pc", None),
        ("abc-inc/pc/nightly", None),
        ("abc-inc/other", Some("client-unknown")),
        ("abc-inc/gone", Some("client-removed")),
    ] {
        let explained = explain(&house, address, None).await;
        assert_eq!(code(&explained, "backup").as_deref(), expected, "{address}");
        assert_eq!(explained.address, address.replace("ABC Inc.", "abc-inc"));
    }
}

#[tokio::test]
async fn a_customer_alone_speaks_for_its_clients() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let explained = explain(&house, "abc-inc", None).await;
    assert_eq!(code(&explained, "backup"), None);
    assert_eq!(
        code(&explained, "create").as_deref(),
        Some("client-unknown")
    );
    set(&house, &[("activated", "no"), ("until", "2026-12-01")]).await;
    let explained = explain(&house, "abc-inc", None).await;
    assert_eq!(
        code(&explained, "backup").as_deref(),
        Some("customer-inactive")
    );
    assert_eq!(code(&explained, "restore"), None);
    let later = "2026-12-02T00:00:00Z".parse().ok();
    let explained = explain(&house, "abc-inc", later).await;
    assert_eq!(code(&explained, "backup"), None);
}

#[tokio::test]
async fn a_moved_client_is_held_to_its_new_customer_under_its_old_address() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_customer("Other").await;
    house.add_client("abc-inc", "pc").await;
    let address = at("abc-inc/pc");
    let customer = "other".to_owned();
    house
        .control()
        .await
        .edited(Request::ClientMove { address, customer })
        .await;
    set(&house, &[("activated", "no")]).await;
    let explained = explain(&house, "abc-inc/pc", None).await;
    assert_eq!(explained.address, "other/pc");
    assert_eq!(code(&explained, "backup"), None);
}

#[tokio::test]
async fn a_reference_leads_to_the_whole_cause() {
    let house = House::new().await;
    let cause = Cause {
        typed: ("abc".into(), "pc".into()),
        customer: "abc".into(),
        client: "pc".into(),
        source: "192.0.2.1".into(),
    };
    let reference = house.context.refusals.note(&Refusal::ClientRevoked, cause);
    let mut talk = house.view().await;
    let answer = talk.done(Request::ExplainReference { reference }).await;
    assert!(matches!(answer, Answer::Reference(row) if row.code == "client-revoked"));
    let unknown = Reference::parse("ZZZZ").unwrap();
    let ask = Request::ExplainReference { reference: unknown };
    assert_eq!(talk.failed(ask).await.code, FailureCode::NotFound);
}
