//! Lists: everything once, whatever page it is on.

use std::collections::BTreeSet;

use penstock_policy::refusal::Refusal;
use penstock_wire::reply::List;

use super::*;
use crate::live::Cause;

/// All items of a list, and how many pages they took.
async fn pages<T>(
    talk: &mut Talk,
    ask: impl Fn(Page) -> Request,
    pick: impl Fn(Answer) -> Option<List<T>>,
) -> (Vec<T>, usize) {
    let (mut items, mut page, mut count) = (Vec::new(), first(), 0);
    loop {
        let list = pick(talk.done(ask(page)).await).unwrap();
        items.extend(list.items);
        count += 1;
        if list.next.is_none() {
            return (items, count);
        }
        page = Page { after: list.next };
    }
}

macro_rules! pick {
    ($kind:ident) => {
        |answer| match answer {
            Answer::$kind(list) => Some(list),
            _ => None,
        }
    };
}

#[tokio::test]
async fn every_client_and_schedule_is_listed_once_over_all_customers() {
    let house = House::new().await;
    let mut talk = house.control().await;
    let mut expected = BTreeSet::new();
    for customer in ["one", "two", "three"] {
        talk.edited(customer_add(customer)).await;
        for hundred in 0..2 {
            let ids = (0..75).map(|n| format!("pc{}", hundred * 100 + n));
            let ids: Vec<String> = ids.collect();
            expected.extend(ids.iter().map(|id| format!("{customer}/{id}")));
            let mut add = client_add(customer, "pc");
            if let Request::ClientAdd { ids: into, .. } = &mut add {
                *into = ids.iter().map(|id| id.parse().unwrap()).collect();
            }
            talk.done(add).await;
        }
    }
    let clients = |page| Request::Clients {
        customer: None,
        page,
    };
    let (lines, count) = pages(&mut talk, clients, pick!(Clients)).await;
    assert_eq!((lines.len(), count), (450, 3));
    let seen: BTreeSet<String> = lines.into_iter().map(|line| line.address).collect();
    assert_eq!(seen, expected);

    let two = |page| Request::Clients {
        customer: Some("two".into()),
        page,
    };
    assert_eq!(pages(&mut talk, two, pick!(Clients)).await.0.len(), 150);

    let mut expected = BTreeSet::new();
    for client in 0..75 {
        for name in ["a", "b", "default"] {
            let id = format!("pc{client}");
            let ask = NewSchedule {
                client: house.client("two", &id).await.id,
                name: name.parse().unwrap(),
                location: "main".into(),
            };
            house.context.store.create_schedule(ask).await.unwrap();
            expected.insert(format!("two/{id}/{name}"));
        }
    }
    for address in [None, Some(at("two"))] {
        let schedules = |page| Request::Schedules {
            address: address.clone(),
            page,
        };
        let (lines, count) = pages(&mut talk, schedules, pick!(Schedules)).await;
        assert_eq!((lines.len(), count), (225, 2));
        let seen: BTreeSet<String> = lines.into_iter().map(|line| line.address).collect();
        assert_eq!(seen, expected);
    }
    let one = |page| Request::Schedules {
        address: Some(at("two/pc7")),
        page,
    };
    assert_eq!(pages(&mut talk, one, pick!(Schedules)).await.0.len(), 3);
}

#[tokio::test]
async fn every_customer_and_audit_entry_is_listed_once_in_order() {
    let house = House::new().await;
    let mut talk = house.control().await;
    for number in 0..250 {
        talk.edited(customer_add(&format!("Customer {number}")))
            .await;
    }
    let customers = |page| Request::Customers {
        reseller: None,
        page,
    };
    let (lines, count) = pages(&mut talk, customers, pick!(Customers)).await;
    assert_eq!((lines.len(), count), (251, 2));
    assert!(lines.is_sorted_by(|a, b| a.short_name < b.short_name));
    let audit = |page| Request::Audit {
        address: None,
        since: None,
        page,
    };
    let (entries, _) = pages(&mut talk, audit, pick!(Audit)).await;
    assert_eq!(entries.len(), 250);
    assert!(entries.is_sorted_by(|a, b| a.edit > b.edit));
    assert_eq!(
        entries[0].who.uid,
        Some(nix::unistd::Uid::current().as_raw())
    );
}

#[tokio::test]
async fn refusals_are_listed_once_newest_first_and_by_address() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    for number in 0..300 {
        let customer = if number % 3 == 0 { "abc-inc" } else { "typo" };
        let cause = Cause {
            typed: (customer.into(), format!("pc{number}")),
            customer: customer.into(),
            client: format!("pc{number}"),
            source: "192.0.2.1".into(),
        };
        let _ = house.context.refusals.note(&Refusal::ClientUnknown, cause);
    }
    let mut talk = house.view().await;
    let of = |address: Option<&str>| {
        let address = address.map(at);
        move |page| Request::Refused {
            address: address.clone(),
            since: None,
            page,
        }
    };
    let (rows, count) = pages(&mut talk, of(None), pick!(Refused)).await;
    let references: BTreeSet<&str> = rows.iter().map(|row| row.reference.as_str()).collect();
    assert_eq!((rows.len(), references.len(), count), (300, 300, 2));
    assert!(rows.is_sorted_by(|a, b| a.last >= b.last));
    for (address, expected) in [
        ("ABC Inc.", 100),
        ("abc-inc/pc3", 1),
        ("typo", 200),
        ("nobody", 0),
    ] {
        let (rows, _) = pages(&mut talk, of(Some(address)), pick!(Refused)).await;
        assert_eq!(rows.len(), expected, "{address}");
    }
}

#[tokio::test]
async fn a_page_that_never_was_is_a_mistake_of_the_request() {
    let house = House::new().await;
    let page = Page {
        after: Some("nonsense".into()),
    };
    let mut talk = house.view().await;
    let failure = talk.failed(Request::Trash { page }).await;
    assert_eq!(failure.code, penstock_wire::reply::FailureCode::Usage);
}
