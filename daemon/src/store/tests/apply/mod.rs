//! Declared records: all of them or none, only what is named, sums at the end.

mod pruning;

use penstock_policy::record::{Customer, Secret};
use penstock_wire::declared::Declared;

use super::*;

impl Bench {
    async fn apply(&self, records: &[Declared]) -> Result<Applied, Rejected> {
        self.applies(records, false, false).await
    }

    /// Applies records as a connection stages them.
    async fn applies(
        &self,
        records: &[Declared],
        dry_run: bool,
        prune: bool,
    ) -> Result<Applied, Rejected> {
        let mut staged = Vec::new();
        for record in records {
            let fresh = match record {
                Declared::Customer { short, .. } if self.store.tree().customer(short).is_none() => {
                    Some(Fresh::PassKey(Secret::new(format!("psk_{short}"))))
                }
                Declared::Client {
                    customer, client, ..
                } if !self.has(customer, client).await => Some(Fresh::Password(credential(9))),
                _ => None,
            };
            let record = record.clone();
            staged.push(Staged { record, fresh });
        }
        let ask = Apply {
            records: Arc::new(staged),
            dry_run,
            prune,
        };
        self.store.apply(ask, who("root")).await
    }

    async fn has(&self, customer: &str, id: &ClientId) -> bool {
        let customer = self.store.tree().customer(customer).map(|found| found.id);
        match customer {
            Some(customer) => self.state(customer, id.as_str()).await.is_some(),
            None => false,
        }
    }

    /// The sentence of a refusal, after which nothing may be changed.
    async fn refused(&self, records: &[Declared]) -> String {
        let before = self.entries_at_all().await;
        let real = self.apply(records).await.unwrap_err().to_string();
        let shown = self.applies(records, true, false).await.unwrap_err();
        assert_eq!(shown.to_string(), real, "a dry run meets the same refusal");
        assert_eq!(self.entries_at_all().await, before);
        real
    }

    async fn entries_at_all(&self) -> u64 {
        self.verify().await.unwrap()
    }
}

fn server(fields: &[(&str, &str)]) -> Declared {
    Declared::Server {
        fields: assignments(fields),
    }
}

fn reseller(short: &str, fields: &[(&str, &str)]) -> Declared {
    Declared::Reseller {
        short: short.into(),
        name: Some(format!("{short} Ltd")),
        fields: assignments(fields),
    }
}

fn customer(short: &str, reseller: Option<&str>, fields: &[(&str, &str)]) -> Declared {
    Declared::Customer {
        short: short.into(),
        name: Some(format!("{short} Inc.")),
        reseller: reseller.map(Into::into),
        fields: assignments(fields),
    }
}

fn client(customer: &str, id: &str, fields: &[(&str, &str)]) -> Declared {
    Declared::Client {
        customer: customer.into(),
        client: client_id(id),
        revoked: false,
        fields: assignments(fields),
    }
}

fn revoked(customer: &str, id: &str, revoked: bool) -> Declared {
    Declared::Client {
        customer: customer.into(),
        client: client_id(id),
        revoked,
        fields: Vec::new(),
    }
}

fn verbs(applied: &Applied) -> Vec<(&str, &str)> {
    let steps = applied.steps.iter();
    steps
        .map(|step| (step.verb.as_str(), step.record.as_str()))
        .collect()
}

#[tokio::test]
async fn a_tree_is_built_in_its_order_whatever_the_order_of_the_records() {
    let bench = Bench::new();
    let records = [
        client("abc", "pc", &[("platform", "server")]),
        customer("abc", Some("north"), &[("city", "Graz")]),
        reseller("north", &[("contact", "Nora")]),
        server(&[("contact", "help@msp.example")]),
    ];
    let applied = bench.apply(&records).await.unwrap();
    assert_eq!(
        verbs(&applied),
        [
            ("edit", "server"),
            ("reseller add", "reseller north"),
            ("customer add", "abc"),
            ("client add", "abc/pc"),
        ]
    );
    assert_eq!((applied.added, applied.edited, applied.removed), (3, 1, 0));
    let tree = bench.store.tree();
    let abc = tree.customer("abc Inc.").unwrap();
    assert_eq!((abc.city.as_str(), abc.revision), ("Graz", 1));
    assert_eq!(abc.reseller, tree.reseller("north").unwrap().id);
    assert_eq!(abc.pass_key.secret.reveal(), "psk_abc");
    let state = bench.state(abc.id, "pc").await.unwrap();
    assert_eq!(state.client.as_ref().unwrap().credential, credential(9));
    for verb in ["edit", "reseller add", "customer add", "client add"] {
        assert_eq!(bench.entries(verb).await, 1, "{verb}");
    }
    let again = bench.apply(&records).await.unwrap();
    assert!(again.steps.is_empty(), "{:?}", again.steps);
    assert_eq!(bench.entries_at_all().await, 4);
}

#[tokio::test]
async fn only_the_named_fields_change_and_secrets_stay() {
    let bench = Bench::new();
    let id = bench
        .customer("abc", &[("city", "Graz"), ("phone", "1")])
        .await;
    bench.client("abc", "pc").await;
    let before = bench.store.tree().customers[&id].clone();
    let abc = Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: None,
        fields: assignments(&[("city", "Wien")]),
    };
    let applied = bench.apply(&[abc, client("abc", "pc", &[])]).await.unwrap();
    assert_eq!(verbs(&applied), [("edit", "abc")]);
    let after = Customer {
        city: "Wien".into(),
        revision: 2,
        ..Customer::clone(&before)
    };
    assert_eq!(*bench.store.tree().customers[&id], after);
    let state = bench.state(id, "pc").await.unwrap();
    assert_eq!(state.client.as_ref().unwrap().credential, credential(1));
}

#[tokio::test]
async fn one_record_that_is_refused_refuses_all_and_is_named() {
    let bench = Bench::new();
    bench.customer("abc", &[]).await;
    let good = customer("new", None, &[]);
    for (bad, expected) in [
        (client("abc", "pc", &[("space", "much")]), "abc/pc: space"),
        (
            client("abc", "pc", &[("plugins", "unheard-of")]),
            "abc/pc: ",
        ),
        (
            client("xyz", "pc", &[]),
            "xyz/pc: there is no customer \"xyz\"",
        ),
        (
            customer("def", Some("nobody"), &[]),
            "def: there is no reseller \"nobody\"",
        ),
        (
            customer("def", None, &[("citty", "Graz")]),
            "did you mean \"city\"",
        ),
        (customer("a", None, &[("space", "much")]), "a: space: "),
        (
            reseller("north", &[("location", "nowhere")]),
            "reseller north: there is no location",
        ),
        (server(&[("trash_days", "0")]), "server: trash_days"),
        (
            client("abc", "pc", &[("space", "+1GiB")]),
            "abc/pc: space: \"+1GiB\" adds",
        ),
    ] {
        let text = bench.refused(&[good.clone(), bad]).await;
        assert!(text.contains(expected), "{text}");
        assert!(bench.store.tree().customer("new").is_none());
    }
}

#[tokio::test]
async fn a_name_is_for_good() {
    let bench = Bench::new();
    bench
        .apply(&[reseller("north", &[]), customer("abc", None, &[])])
        .await
        .unwrap();
    let renamed = Declared::Customer {
        short: "abc".into(),
        name: Some("Other Inc.".into()),
        reseller: None,
        fields: Vec::new(),
    };
    let text = bench.refused(&[renamed]).await;
    assert!(text.starts_with("abc: "), "{text}");
    assert!(
        text.contains("abc Inc.") && text.contains("Other Inc."),
        "{text}"
    );
    let renamed = Declared::Reseller {
        short: "north".into(),
        name: Some("South Ltd".into()),
        fields: Vec::new(),
    };
    let text = bench.refused(&[renamed]).await;
    assert!(
        text.contains("north Ltd") && text.contains("South Ltd"),
        "{text}"
    );
    let unnamed = Declared::Customer {
        short: "def".into(),
        name: None,
        reseller: None,
        fields: Vec::new(),
    };
    let text = bench.refused(&[unnamed]).await;
    assert!(text.contains("give its full name"), "{text}");
    let by_name = client("abc Inc.", "pc", &[]);
    let text = bench.refused(&[by_name]).await;
    assert!(text.contains("write \"abc\""), "{text}");
}

#[tokio::test]
async fn parent_and_child_are_raised_and_lowered_together() {
    let bench = Bench::new();
    let with = |north: &str, abc: &str, pc: &str| {
        vec![
            client("abc", "pc", &[("space", pc)]),
            customer("abc", Some("north"), &[("space", abc), ("mcals", "5")]),
            reseller("north", &[("space", north), ("mcals", "5")]),
        ]
    };
    bench.apply(&with("10GiB", "10GiB", "10GiB")).await.unwrap();
    bench.apply(&with("20GiB", "20GiB", "20GiB")).await.unwrap();
    let text = bench.refused(&with("20GiB", "30GiB", "20GiB")).await;
    assert!(text.contains("reseller north has 20GiB"), "{text}");
    let text = bench.refused(&with("20GiB", "10GiB", "20GiB")).await;
    assert!(text.contains("customer abc has 10GiB"), "{text}");
    bench.apply(&with("5GiB", "5GiB", "5GiB")).await.unwrap();
    let more = [
        customer("abc", None, &[("mcals", "6")]),
        reseller("north", &[("mcals", "6")]),
    ];
    let text = bench.refused(&more[..1]).await;
    assert!(text.contains("reseller north has 5 MCALs"), "{text}");
    bench.apply(&more).await.unwrap();
}

#[tokio::test]
async fn sums_are_held_at_once_again_after_an_apply_that_was_refused() {
    let bench = Bench::new();
    let small = reseller("north", &[("space", "1GiB")]);
    bench
        .apply(&[small, customer("abc", Some("north"), &[])])
        .await
        .unwrap();
    bench.refused(&[client("nobody", "pc", &[])]).await;
    let error = bench.edit("abc", &[("space", "2GiB")]).await.unwrap_err();
    assert!(error.to_string().contains("reseller north"), "{error}");
}

#[tokio::test]
async fn a_customer_moves_to_the_declared_reseller_and_stays_without_one() {
    let bench = Bench::new();
    bench.customer("abc", &[]).await;
    let short = || Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: None,
        fields: Vec::new(),
    };
    let moved = Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: Some("north".into()),
        fields: assignments(&[("city", "Graz")]),
    };
    let applied = bench.apply(&[moved, reseller("north", &[])]).await.unwrap();
    assert_eq!(
        verbs(&applied)[1..],
        [("edit", "abc"), ("customer move", "abc")]
    );
    assert_eq!((applied.added, applied.edited), (1, 1));
    assert!(bench.apply(&[short()]).await.unwrap().steps.is_empty());
    let tree = bench.store.tree();
    let north = tree.reseller("north").unwrap().id;
    assert_eq!(tree.customer("abc").unwrap().reseller, north);
}

#[tokio::test]
async fn revoking_is_declared_and_its_reverse_is_only_noted() {
    let bench = Bench::new();
    let id = bench.customer("abc", &[]).await;
    bench.client("abc", "pc").await;
    let both = [revoked("abc", "pc", true), revoked("abc", "new", true)];
    let applied = bench.apply(&both).await.unwrap();
    assert_eq!(
        verbs(&applied),
        [
            ("client revoke", "abc/pc"),
            ("client add", "abc/new"),
            ("client revoke", "abc/new"),
        ]
    );
    for id_text in ["pc", "new"] {
        let state = bench.state(id, id_text).await.unwrap();
        assert!(state.client.as_ref().unwrap().revoked.is_some());
    }
    assert!(bench.apply(&both).await.unwrap().steps.is_empty());
    let applied = bench.apply(&[revoked("abc", "pc", false)]).await.unwrap();
    assert!(applied.steps.is_empty());
    assert!(
        applied.notes[0].contains("reset-password abc/pc"),
        "{:?}",
        applied.notes
    );
}

#[tokio::test]
async fn a_removed_client_that_is_declared_is_added_again() {
    let bench = Bench::new();
    let id = bench.customer("abc", &[]).await;
    bench.client("abc", "pc").await;
    let removal = bench
        .store
        .remove_client(address("abc/pc"), true, who("root"));
    removal.await.unwrap();
    assert!(bench.store.removed(id, &client_id("pc")).await.unwrap());
    bench.apply(&[client("abc", "pc", &[])]).await.unwrap();
    assert!(!bench.store.removed(id, &client_id("pc")).await.unwrap());
}

#[tokio::test]
async fn a_record_that_went_after_it_was_staged_gets_no_secret_out_of_nowhere() {
    let bench = Bench::new();
    let staged = |record| Staged {
        record,
        fresh: None,
    };
    bench.customer("abc", &[]).await;
    for (record, name) in [
        (customer("gone", None, &[]), "gone: "),
        (client("abc", "gone", &[]), "abc/gone: "),
    ] {
        let ask = Apply {
            records: Arc::new(vec![staged(record)]),
            dry_run: false,
            prune: false,
        };
        let error = bench.store.apply(ask, who("root")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(name) && text.contains("since it was staged"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn clients_need_slots_but_a_limit_evicts_nobody() {
    let bench = Bench::new();
    let one = customer("abc", None, &[("maximum_client_limit", "1")]);
    let clients = [client("abc", "a", &[]), client("abc", "b", &[])];
    // As an export of a customer above its limit says.
    let both = [one.clone(), clients[0].clone(), clients[1].clone()];
    bench.apply(&both).await.unwrap();
    let third = client("abc", "c", &[]);
    let text = bench.refused(&[one, third.clone()]).await;
    assert!(text.contains("abc Inc."), "{text}");
    let three = customer("abc", None, &[("maximum_client_limit", "3")]);
    bench.apply(&[three, third]).await.unwrap();
    // What is pruned makes room.
    let abc = customer("abc", None, &[]);
    let others = ["d", "e", "f"].map(|id| client("abc", id, &[]));
    let records: Vec<Declared> = others.into_iter().chain([abc]).collect();
    let applied = bench.applies(&records, false, true).await.unwrap();
    assert_eq!((applied.added, applied.removed), (3, 3));
}

#[tokio::test]
async fn a_declared_number_is_an_entry_of_the_ledger() {
    let bench = Bench::new();
    let id = bench.customer("abc", &[]).await;
    let abc = |mcals| Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: None,
        fields: assignments(&[("mcals", mcals)]),
    };
    bench.apply(&[abc("25")]).await.unwrap();
    bench.applies(&[abc("30")], true, false).await.unwrap();
    bench.apply(&[abc("25")]).await.unwrap();
    let account = penstock_policy::mcal::Account::Customer;
    let read = move |reader: &Reader| reader.ledger(account, id, None, None, 10);
    let entries = bench.store.read(read).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].units, entries[0].balance), (25, Some(25)));
}
