//! Any records, written and read back.

use penstock_policy::edit::Assignment;
use penstock_policy::record::{Client, Customer, Reseller, Server};
use penstock_wire::declared::Declared;
use penstock_wire::frame::{MAX_REQUEST, encode};
use penstock_wire::request::Request;
use proptest::prelude::*;

use super::batches::batches;
use super::{order, read, write};
use crate::fields::Sample;

/// Values that policy takes, chosen by number; each as policy writes it.
fn fields<R: Sample>(chosen: &[(usize, usize)], text: &str) -> Vec<Assignment> {
    let values = [
        "yes",
        "no",
        "inherit",
        "unlimited",
        "none",
        "Auto",
        "7",
        "25/month",
        "500GiB",
        "8Mbit/s 08:00-18:00 weekend-exempt",
        "Europe/Berlin",
        "friday,saturday",
        "2026-12-24T08:00",
        "main",
        "sql,exchange",
        "server",
        "https://backup.msp.example:8000",
        "desktop=1 server=3 sql=2",
        "+49 228 1",
        text,
    ];
    let mut set: Vec<(usize, Assignment)> = Vec::new();
    for (field, value) in chosen {
        let place = field % R::FIELDS.len();
        let field = &R::FIELDS[place];
        let mut sample = R::sample().unwrap();
        // The first value from there on that the field takes.
        let taken = (0..values.len()).find(|step| {
            let value = values[(value + step) % values.len()];
            (field.set)(&mut sample, value).is_ok()
        });
        if taken.is_some() && set.iter().all(|(other, _)| *other != place) {
            let assignment = Assignment {
                field: field.name.to_owned(),
                value: (field.get)(&sample),
            };
            set.push((place, assignment));
        }
    }
    set.sort_by_key(|(place, _)| *place);
    set.into_iter().map(|(_, assignment)| assignment).collect()
}

fn chosen() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0usize..100, 0usize..100), 0..12)
}

fn text() -> impl Strategy<Value = String> {
    "(\\PC{0,20}\n){0,3}\\PC{0,20}"
}

prop_compose! {
    fn record()(
        kind in 0..4,
        short in "[a-z0-9-]{0,20}x",
        id in "[a-zA-Z0-9][a-zA-Z0-9._@-]{0,20}7",
        name in "[^/\\p{C}]{0,20}x",
        revoked: bool,
        reseller in proptest::option::of("[a-z0-9-]{0,20}x"),
        chosen in chosen(),
        text in text(),
    ) -> Declared {
        let named = name.parse::<penstock_policy::names::FullName>();
        let name = named.ok().map(String::from).or(Some("ABC Inc.".to_owned()));
        match kind {
            0 => Declared::Server { fields: fields::<Server>(&chosen, &text) },
            1 => Declared::Reseller { short, name, fields: fields::<Reseller>(&chosen, &text) },
            2 => Declared::Customer { short, name, reseller, fields: fields::<Customer>(&chosen, &text) },
            _ => Declared::Client {
                customer: short,
                client: id.parse().unwrap(),
                revoked,
                fields: fields::<Client>(&chosen, &text),
            },
        }
    }
}

proptest! {
    #[test]
    fn records_are_read_back_as_they_were_written(records in proptest::collection::vec(record(), 0..20)) {
        let mut records = records;
        records.sort_by(|a, b| order(a).cmp(&order(b)));
        records.dedup_by(|a, b| order(a) == order(b));
        let text = write::one(&records);
        let read: Vec<Declared> = read::parse("file", &text)
            .unwrap_or_else(|problem| panic!("{problem}\n{text}"))
            .into_iter()
            .map(|found| found.record)
            .collect();
        let mut sorted: Vec<&Declared> = read.iter().collect();
        sorted.sort_by_key(|record| order(record));
        prop_assert_eq!(sorted, records.iter().collect::<Vec<_>>());
        let files = write::several(&records).unwrap();
        let apart: usize = files.values().map(|text| read::parse("file", text).unwrap().len()).sum();
        prop_assert_eq!(apart, records.len());
    }

    #[test]
    fn every_batch_is_a_request_that_fits(lengths in proptest::collection::vec(0usize..30_000, 0..40)) {
        let records: Vec<Declared> = lengths
            .iter()
            .enumerate()
            .map(|(number, length)| Declared::Customer {
                short: format!("c{number}"),
                name: None,
                reseller: None,
                fields: vec![Assignment {
                    field: "notes".to_owned(),
                    value: "x".repeat(*length),
                }],
            })
            .collect();
        let batches = batches(records.clone()).unwrap();
        for records in &batches {
            let request = Request::Stage { records: records.clone() };
            prop_assert!(encode(&request, MAX_REQUEST).is_ok());
        }
        prop_assert_eq!(batches.concat(), records);
    }

    #[test]
    fn any_text_is_records_or_a_sentence(text in "(\\[(server|customer\\.a)\\]\n|[a-z_]{1,9} = [0-9a-z\"\\[]{0,9}\n|\\PC{0,9}\n){0,8}") {
        if let Err(problem) = read::parse("file", &text) {
            prop_assert!(problem.to_string().starts_with("file:"));
        }
    }
}

#[test]
fn more_than_a_thousand_small_records_are_more_than_one_request() {
    let records = vec![Declared::Server { fields: vec![] }; 2001];
    let lengths: Vec<usize> = batches(records).unwrap().iter().map(Vec::len).collect();
    assert_eq!(lengths, [1000, 1000, 1]);
}
