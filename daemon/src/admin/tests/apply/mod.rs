//! Export and apply over the sockets: secrets, what is refused, what runs, what is pruned.

mod random;
mod rounds;

use penstock_policy::edit::Assignment;
use penstock_wire::declared::Declared;
use penstock_wire::reply::{Applied, FailureCode, Staged};
use penstock_wire::request::Target;

use super::*;
use crate::store::LocationRecord;

impl House {
    /// A location that records may name.
    async fn with_location() -> Self {
        let house = Self::new().await;
        let location = LocationRecord {
            name: "main".into(),
            path: house.folder("").display().to_string(),
            id: "1".into(),
        };
        let store = &house.context.store;
        store.record_location(location).await.unwrap();
        house
    }
}

impl Talk {
    async fn export(&mut self) -> Vec<Declared> {
        let (mut records, mut page) = (Vec::new(), first());
        loop {
            let Answer::Export(list) = self.done(Request::Export { page }).await else {
                panic!("another answer");
            };
            records.extend(list.items);
            if list.next.is_none() {
                return records;
            }
            page = Page { after: list.next };
        }
    }

    /// Stages them in requests that fit; what the last said, with all secrets.
    async fn stage(&mut self, records: &[Declared]) -> Staged {
        let mut all = Staged {
            records: 0,
            secrets: Vec::new(),
        };
        for part in records.chunks(40) {
            let records = part.to_vec();
            let Answer::Staged(staged) = self.done(Request::Stage { records }).await else {
                panic!("another answer");
            };
            all.records = staged.records;
            all.secrets.extend(staged.secrets);
        }
        all
    }

    async fn apply(&mut self, dry_run: bool, prune: bool) -> Applied {
        match self.done(Request::Apply { dry_run, prune }).await {
            Answer::Applied(applied) => applied,
            other => panic!("{other:?}"),
        }
    }

    async fn edit(&mut self, target: Target, fields: &[(&str, &str)]) -> Reply {
        self.ask(Request::Edit {
            target,
            assignments: set(fields),
            expect_revision: None,
            dry_run: false,
        })
        .await
    }
}

fn set(fields: &[(&str, &str)]) -> Vec<Assignment> {
    let fields = fields.iter();
    fields
        .map(|(field, value)| Assignment {
            field: (*field).into(),
            value: (*value).into(),
        })
        .collect()
}

fn customer(short: &str, fields: &[(&str, &str)]) -> Declared {
    Declared::Customer {
        short: short.into(),
        name: Some(format!("{short} Inc.")),
        reseller: None,
        fields: set(fields),
    }
}

fn client(customer: &str, id: &str, fields: &[(&str, &str)]) -> Declared {
    Declared::Client {
        customer: customer.into(),
        client: id.parse().unwrap(),
        revoked: false,
        fields: set(fields),
    }
}

#[tokio::test]
async fn a_staged_secret_is_the_one_that_holds_afterwards() {
    let house = House::new().await;
    let mut talk = house.control().await;
    let records = [customer("abc", &[]), client("abc", "pc", &[])];
    let staged = talk.stage(&records).await;
    talk.apply(true, false).await;
    assert!(house.context.store.tree().customer("abc").is_none());
    talk.apply(false, false).await;
    let secret = |address: &str| {
        let mut secrets = staged.secrets.iter();
        let found = secrets.find(|secret| secret.address == address);
        found.unwrap().secret.reveal().to_owned()
    };
    let sealed = secrets::seal(&secret("abc/pc"));
    assert_eq!(house.client("abc", "pc").await.credential, sealed);
    let tree = house.context.store.tree();
    let pass_key = &tree.customer("abc").unwrap().pass_key.secret;
    assert_eq!(pass_key.reveal(), secret("abc"));
    // Nothing is staged any more, and those that exist keep what they have.
    let failure = talk.failed(Request::Apply {
        dry_run: false,
        prune: false,
    });
    assert_eq!(failure.await.code, FailureCode::Usage);
    assert_eq!(talk.stage(&records).await.secrets, []);
    assert_eq!(talk.apply(false, false).await.steps.items, []);
    assert_eq!(house.client("abc", "pc").await.credential, sealed);
}

#[tokio::test]
async fn a_client_that_came_while_it_was_staged_keeps_its_password_and_that_is_told() {
    let house = House::new().await;
    house.add_customer("abc").await;
    let mut talk = house.control().await;
    talk.stage(&[client("abc", "pc", &[])]).await;
    house.add_client("abc", "pc").await;
    let before = house.client("abc", "pc").await.credential;
    let applied = talk.apply(false, false).await;
    assert!(applied.notes[0].contains("abc/pc came into being meanwhile"));
    assert_eq!(house.client("abc", "pc").await.credential, before);
}

#[tokio::test]
async fn a_record_is_declared_once_and_only_by_whoever_may_change_it() {
    let house = House::new().await;
    let mut talk = house.control().await;
    let records = vec![customer("abc", &[]), client("abc", "pc", &[])];
    talk.stage(&records).await;
    for (records, name) in [
        (vec![records[1].clone()], "abc/pc"),
        (
            vec![customer("def", &[]), customer("def", &[])],
            "customer def",
        ),
    ] {
        let failure = talk.failed(Request::Stage { records }).await;
        assert_eq!(failure.code, FailureCode::Usage);
        assert!(failure.message.starts_with(name), "{}", failure.message);
    }
    let many = (0..1001).map(|n| Declared::Reseller {
        short: n.to_string(),
        name: None,
        fields: Vec::new(),
    });
    let records = many.collect();
    let failure = talk.failed(Request::Stage { records }).await;
    assert_eq!(failure.code, FailureCode::Usage);
    assert_eq!(talk.apply(true, false).await.added, 2);
    let mut view = house.view().await;
    for request in [
        Request::Stage {
            records: Vec::new(),
        },
        Request::Apply {
            dry_run: true,
            prune: false,
        },
        Request::Applied { page: first() },
    ] {
        let failure = view.failed(request).await;
        assert_eq!(failure.code, FailureCode::NotPermitted);
    }
}

#[tokio::test]
async fn what_is_applied_tells_which_running_backups_it_slows_quickens_frees_and_cuts() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "pc").await;
    let schedule = house.add_schedule("abc", "pc", "default").await;
    let _running = house.run("abc", "pc", &schedule).await;
    let mut talk = house.control().await;
    let field = |name: &str, value: &str| Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: None,
        fields: set(&[(name, value)]),
    };
    let dead = Declared::Client {
        customer: "abc".into(),
        client: "pc".parse().unwrap(),
        revoked: true,
        fields: Vec::new(),
    };
    let address = "abc/pc/default";
    for (record, expected) in [
        (
            field("throttle", "16MiB/s"),
            "slows a running backup: abc/pc/default (unlimited to 16MiB/s)",
        ),
        (
            client("abc", "pc", &[("throttle", "32MiB/s")]),
            "quickens a running backup: abc/pc/default (16MiB/s to 32MiB/s)",
        ),
        (
            client("abc", "pc", &[("throttle", "unlimited")]),
            "frees a running backup: abc/pc/default (32MiB/s to unlimited)",
        ),
        (
            field("space", "0B"),
            "stops, after what is on its way, a running backup: abc/pc/default",
        ),
        (field("space", "1GiB"), ""),
        (dead, "cuts a running backup: abc/pc/default"),
    ] {
        talk.stage(&[record]).await;
        for dry_run in [true, false] {
            let mut notes = talk.apply(dry_run, false).await.notes;
            notes.retain(|note| note.contains(address));
            let expected: Vec<&str> = [expected].into_iter().filter(|e| !e.is_empty()).collect();
            assert_eq!(notes, expected, "dry run: {dry_run}");
        }
    }
}

#[tokio::test]
async fn nothing_is_pruned_while_a_backup_of_it_runs_and_then_it_goes_with_its_folders() {
    let house = House::new().await;
    house.add_customer("abc").await;
    house.add_client("abc", "kept").await;
    house.add_client("abc", "gone").await;
    let schedule = house.add_schedule("abc", "gone", "default").await;
    house.add_schedule("abc", "kept", "default").await;
    let mut talk = house.control().await;
    let abc = Declared::Customer {
        short: "abc".into(),
        name: None,
        reseller: None,
        fields: set(&[("city", "Graz")]),
    };
    talk.stage(&[abc, client("abc", "kept", &[])]).await;
    let running = house.run("abc", "gone", &schedule).await;
    for dry_run in [true, false] {
        let prune = true;
        let failure = talk.failed(Request::Apply { dry_run, prune }).await;
        assert_eq!(failure.code, FailureCode::Conflict);
        assert!(
            failure.message.contains("abc/gone/default"),
            "{}",
            failure.message
        );
    }
    assert!(
        house
            .context
            .store
            .tree()
            .customer("abc")
            .unwrap()
            .city
            .is_empty()
    );
    drop(running);
    house.context.live.finish().await;
    assert_eq!(talk.apply(true, true).await.removed, 1);
    assert!(house.folder("abc/gone/default").is_dir());
    let applied = talk.apply(false, true).await;
    assert_eq!((applied.edited, applied.removed), (1, 1));
    assert!(
        applied.notes[0].contains("trash list"),
        "{:?}",
        applied.notes
    );
    assert!(!house.folder("abc/gone").exists());
    assert!(house.folder("abc/kept/default").is_dir());
    let Answer::Trash(trash) = talk.done(Request::Trash { page: first() }).await else {
        panic!("another answer");
    };
    let item = trash.items[0].item;
    talk.edited(Request::TrashRestore { item }).await;
    assert!(house.folder("abc/gone/default").is_dir());
}

#[tokio::test]
async fn what_is_wrong_with_a_record_is_told_once_with_its_name_and_kept_in_kind() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let nameless = Declared::Customer {
        short: "abc-icn".into(),
        name: None,
        reseller: None,
        fields: Vec::new(),
    };
    let placed = |fields: &[(&str, &str)]| Declared::Customer {
        short: "abc-inc".into(),
        name: None,
        reseller: None,
        fields: set(fields),
    };
    for (record, message, code) in [
        (
            client("abc-inc", "pc", &[("plugins", "sqll")]),
            "abc-inc/pc: the price table has no plugin sqll: it has exchange, mailbox, mysql, sql; add it with: \
             server edit --mcal-prices",
            FailureCode::Usage,
        ),
        (
            placed(&[("location", "second")]),
            "abc-inc: there is no location \"second\"; add it first: penstockctl location add second PATH",
            FailureCode::NotFound,
        ),
        (
            client("abc-icn", "pc", &[]),
            "abc-icn/pc: there is no customer \"abc-icn\"; did you mean \"abc-inc\"?",
            FailureCode::NotFound,
        ),
        (
            nameless,
            "there is no customer \"abc-icn\" yet; did you mean \"abc-inc\"? If it is new, give its full name, so \
             that it can be added",
            FailureCode::Usage,
        ),
    ] {
        let mut talk = house.control().await;
        talk.stage(&[record]).await;
        let apply = Request::Apply {
            dry_run: true,
            prune: false,
        };
        let failure = talk.failed(apply).await;
        assert_eq!((failure.message.as_str(), failure.code), (message, code));
    }
}

#[tokio::test]
async fn what_applying_takes_and_overdraws_is_told_in_dry_runs_too() {
    let house = House::new().await;
    house.with_mcals("abc", "6").await;
    house.backs_up("abc", "pc").await;
    house.set(Target::Server {}, "mcals", "500").await;
    let schedule = house.add_schedule("abc", "pc", "default").await;
    house.uses(&schedule, 100 << 20).await;
    let records = [
        Declared::Server {
            fields: set(&[("mcals", "400")]),
        },
        Declared::Customer {
            short: "abc".into(),
            name: None,
            reseller: None,
            fields: set(&[("mcals", "5"), ("space", "80MiB")]),
        },
        client("abc", "pc", &[("platform", "server"), ("plugins", "sql")]),
    ];
    let mut talk = house.control().await;
    talk.stage(&records).await;
    for dry_run in [true, false] {
        let mut notes = talk.apply(dry_run, false).await.notes;
        notes.sort();
        assert_eq!(
            notes,
            [
                "abc has 1 MCAL left now",
                "abc uses 100.0 MiB, 20.0 MiB more than that: no new data is taken until it fits",
                "abc/pc: debits 3 more MCALs for 2026-11 (4 instead of 1)",
                "takes 1 MCAL from customer abc",
                "takes 100 MCALs from the bank",
                "the bank has 397 MCALs left now",
            ]
        );
    }
}
