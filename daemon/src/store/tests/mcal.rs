//! Debits: once for each client and month, at every level that has a number, and never past what there is.

use jiff::SignedDuration;
use penstock_policy::mcal::{Account, Credit, Month, Paid, Reason, StatementLine, left};
use penstock_policy::record::Customer;
use penstock_policy::throttle::Level;
use penstock_wire::view::LedgerLine;

use super::*;

impl Bench {
    /// The month that a backup begins in now.
    pub(super) fn month(&self) -> Month {
        let server = &self.store.tree().server;
        server.month_at_least(Month::of(self.clock.wall(), &server.time_zone))
    }

    /// A client's first backup of the month that it is now.
    pub(super) async fn charge(&self, client: RecordId) -> Result<(), Refusal> {
        self.store.charge(client, self.month()).await
    }

    /// An account's entries, the oldest first.
    pub(super) async fn ledger(&self, account: Account, record: RecordId) -> Vec<LedgerLine> {
        let read = self
            .store
            .read(move |reader| reader.ledger(account, record, None, None, usize::MAX));
        let mut entries = read.await.unwrap();
        entries.reverse();
        entries
    }

    /// All debits and allotments of the bank.
    pub(super) async fn bank(&self) -> Vec<LedgerLine> {
        self.ledger(Account::Bank, RecordId::default()).await
    }

    /// An account's months until now.
    pub(super) async fn statement(&self, account: Account, record: RecordId) -> Vec<StatementLine> {
        let month = self.month();
        let read = self
            .store
            .read(move |reader| reader.statement(account, record, month));
        read.await.unwrap()
    }

    pub(super) fn record(&self, customer: RecordId) -> Arc<Customer> {
        self.store.tree().customers.get(&customer).unwrap().clone()
    }

    /// What is left of a customer's number.
    fn left(&self, customer: RecordId) -> Option<u64> {
        let customer = self.record(customer);
        left(customer.mcals.into(), &customer.drawn, self.month())
    }

    async fn paid(&self, customer: RecordId, id: &str) -> Option<Paid> {
        let state = self.state(customer, id).await.unwrap();
        state.client.as_ref().unwrap().paid.clone()
    }

    /// Steps the clock so that it shows this.
    pub(super) fn set_clock(&self, at: &str) {
        let at: Timestamp = at.parse().unwrap();
        self.clock.step(at.duration_since(self.clock.wall()));
    }

    async fn edit_client(
        &self,
        address_: &str,
        fields: &[(&str, &str)],
    ) -> Result<Edited, Rejected> {
        self.edit_of(Target::Client(address(address_)), fields, false)
            .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_first_backups_at_once_on_seven_mcals_are_seven_debits() {
    let bench = Arc::new(Bench::new());
    let abc = bench.customer("ABC Inc.", &[("mcals", "7")]).await;
    let ids: Vec<String> = (0..200).map(|number| format!("c{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let added = bench.clients("abc-inc", &ids).await.unwrap();
    let tasks: Vec<_> = added
        .iter()
        .map(|added| {
            let (bench, id) = (bench.clone(), added.client.id);
            tokio::spawn(async move { bench.charge(id).await })
        })
        .collect();
    let mut paid = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => paid += 1,
            Err(refusal) => {
                let expected = Refusal::McalExhausted {
                    level: Level::Customer,
                    customer: "ABC Inc.".into(),
                    month: bench.month(),
                    credit: Credit::Number(7),
                    left: 0,
                    needs: 1,
                };
                assert_eq!(refusal, expected);
            }
        }
    }
    assert_eq!(paid, 7);
    assert_eq!(bench.left(abc), Some(0));
    let drawn = bench.record(abc).drawn;
    assert_eq!((drawn.number, drawn.units, drawn.clients), (7, 7, 7));
    let entries = bench.ledger(Account::Customer, abc).await;
    let debits: Vec<_> = entries.iter().filter(|e| e.reason.is_debit()).collect();
    let balances: Vec<_> = debits.iter().map(|entry| entry.balance.unwrap()).collect();
    assert_eq!(balances, [6, 5, 4, 3, 2, 1, 0]);
    let months = bench.statement(Account::Customer, abc).await;
    let only = StatementLine {
        month: bench.month(),
        opening: Some(0),
        added: 7,
        used: 7,
        closing: Some(0),
        clients: 7,
    };
    assert_eq!(months, [only]);
    // Whoever is paid for goes on until the month's end.
    for added in &added {
        let charged = bench.charge(added.client.id).await;
        let state = bench.paid(abc, added.client.client_id.as_str()).await;
        assert_eq!(charged.is_ok(), state.is_some());
    }
    assert_eq!(bench.ledger(Account::Customer, abc).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_debited_once_a_month_however_often_it_begins() {
    let bench = Arc::new(Bench::new());
    let abc = bench.customer("ABC", &[]).await;
    let pc = bench.client("abc", "pc").await.id;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.charge(pc).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let entries = bench.bank().await;
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.reason, entry.units), (Reason::FirstBackup, 1));
    assert_eq!(entry.customer.as_deref(), Some("abc"));
    assert_eq!(entry.client.as_deref(), Some("pc"));
    assert_eq!((entry.balance, entry.bank), (None, None));
    assert_eq!(bench.record(abc).drawn.clients, 1);
}

#[tokio::test]
async fn every_level_with_a_number_pays_and_the_nearest_that_cannot_refuses() {
    let bench = Bench::new();
    bench.server(&[("mcals", "3")]).await.unwrap();
    bench.reseller("North", &[("mcals", "2")]).await.unwrap();
    let abc = bench.customer("ABC", &[]).await;
    let def = bench.customer("DEF", &[]).await;
    let moved = bench
        .store
        .move_customer("abc".into(), "north".into(), who("root"));
    moved.await.unwrap();
    bench.edit("abc", &[("mcals", "1")]).await.unwrap();
    let mut clients = Vec::new();
    for id in ["a", "b", "c"] {
        clients.push(bench.client("abc", id).await.id);
    }
    let other = bench.client("def", "d").await.id;
    let level = |refused: Result<(), Refusal>| match refused {
        Err(Refusal::McalExhausted { level, .. }) => level,
        other => panic!("{other:?}"),
    };
    bench.charge(clients[0]).await.unwrap();
    assert_eq!(level(bench.charge(clients[1]).await), Level::Customer);
    bench.edit("abc", &[("mcals", "Auto")]).await.unwrap();
    bench.charge(clients[1]).await.unwrap();
    assert_eq!(level(bench.charge(clients[2]).await), Level::Reseller);
    bench.charge(other).await.unwrap();
    assert_eq!(bench.left(def), None);
    let reseller = Target::Reseller("north".into());
    let edited = bench.edit_of(reseller, &[("mcals", "+1")], false).await;
    edited.unwrap();
    assert_eq!(level(bench.charge(clients[2]).await), Level::Server);
    let root = who("root");
    let added = bench.store.mcal_add(1, "invoice 2041".into(), root).await;
    assert_eq!(added.unwrap().changes[0].to, "4");
    bench.charge(clients[2]).await.unwrap();
    let debits = bench.bank().await;
    let took: Vec<_> = debits
        .iter()
        .filter(|entry| entry.reason.is_debit())
        .map(|entry| (entry.took.customer, entry.took.reseller, entry.took.bank))
        .collect();
    let of_bank = (false, true, true);
    assert_eq!(
        took,
        [(true, true, true), of_bank, (false, false, true), of_bank]
    );
    assert_eq!(bench.record(abc).drawn.number, 1);
    assert_eq!(bench.record(abc).drawn.units, 3);
}

#[tokio::test]
async fn a_number_drains_and_a_monthly_one_renews() {
    let bench = Bench::new();
    let number = bench.customer("Number", &[("mcals", "3")]).await;
    let monthly = bench.customer("Monthly", &[("mcals", "2/month")]).await;
    let a = bench.clients("number", &["a", "b"]).await.unwrap();
    let b = bench.clients("monthly", &["a", "b", "c"]).await.unwrap();
    for added in a.iter().chain(&b[..2]) {
        bench.charge(added.client.id).await.unwrap();
    }
    let refused = bench.charge(b[2].client.id).await.unwrap_err();
    assert!(
        refused.sentence().contains("2026-12"),
        "{}",
        refused.sentence()
    );
    bench.set_clock("2026-12-03T09:00:00Z");
    for added in a[..1].iter().chain(&b[1..]) {
        bench.charge(added.client.id).await.unwrap();
    }
    let refused = bench.charge(a[1].client.id).await.unwrap_err();
    assert_eq!(refused.code(), "mcal-exhausted");
    assert_eq!(
        (bench.left(number), bench.left(monthly)),
        (Some(0), Some(0))
    );
    bench.set_clock("2027-01-01T00:00:00Z");
    assert_eq!(
        (bench.left(number), bench.left(monthly)),
        (Some(0), Some(2))
    );
    let months = bench.statement(Account::Customer, monthly).await;
    let shown: Vec<_> = months
        .iter()
        .map(|line| {
            (
                line.month.to_string(),
                line.opening,
                line.used,
                line.closing,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("2026-11".into(), Some(0), 2, Some(0)),
            ("2026-12".into(), Some(2), 2, Some(0)),
            ("2027-01".into(), Some(2), 0, Some(2)),
        ]
    );
    let months = bench.statement(Account::Customer, number).await;
    let closing: Vec<_> = months.iter().map(|line| line.closing).collect();
    assert_eq!(closing, [Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn the_month_changes_at_the_servers_midnight_and_never_goes_back() {
    let bench = Bench::new();
    let adds = [("automatically_add_clients", "yes")];
    let abc = bench.customer("ABC", &adds).await;
    bench
        .server(&[("time_zone", "Europe/Berlin")])
        .await
        .unwrap();
    // Summer time ends on 25 October and begins on 28 March.
    for (id, at, month) in [
        ("a", "2026-10-31T22:59:59Z", "2026-10"),
        ("b", "2026-10-31T23:00:00Z", "2026-11"),
        ("c", "2027-03-31T21:59:59Z", "2027-03"),
        ("d", "2027-03-31T22:00:00Z", "2027-04"),
        ("stepped-back", "2026-10-31T12:00:00Z", "2027-04"),
    ] {
        bench.set_clock(at);
        bench.enrol(abc, id).await.unwrap();
        let paid = bench.paid(abc, id).await.unwrap();
        assert_eq!(paid.month.to_string(), month, "{id}");
    }
    bench.server(&[("time_zone", "UTC")]).await.unwrap();
    bench.set_clock("2027-04-30T12:00:00Z");
    let east = [("time_zone", "Pacific/Kiritimati")];
    bench.server(&east).await.unwrap();
    bench.enrol(abc, "east").await.unwrap();
    bench
        .server(&[("time_zone", "Pacific/Niue")])
        .await
        .unwrap();
    bench.enrol(abc, "west").await.unwrap();
    for id in ["east", "west"] {
        let paid = bench.paid(abc, id).await.unwrap();
        assert_eq!(paid.month.to_string(), "2027-05", "{id}");
    }
    let entries = bench.bank().await;
    assert!(entries.is_sorted_by_key(|entry| entry.month));
    assert!(entries.iter().map(|e| e.number).eq(1..=7));
    assert!(entries.iter().all(|e| e.reason == Reason::ClientAdded));
}

#[tokio::test]
async fn a_backup_that_began_before_a_debit_of_the_next_month_pays_for_that_one() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[]).await;
    let early = bench.client("abc", "early").await.id;
    let late = bench.client("abc", "late").await.id;
    let november = bench.month();
    bench.charge(early).await.unwrap();
    bench.set_clock("2026-12-01T00:00:00Z");
    // One was debited when its backup began, the other only now.
    bench.charge(late).await.unwrap();
    bench.store.charge(early, november).await.unwrap();
    bench.store.charge(late, november).await.unwrap();
    assert_eq!(bench.bank().await.len(), 2);
    let third = bench.client("abc", "third").await.id;
    bench.store.charge(third, november).await.unwrap();
    assert_eq!(
        bench.paid(abc, "third").await.unwrap().month,
        november.next()
    );
}

#[tokio::test]
async fn a_dearer_platform_or_plugin_is_debited_by_the_difference_or_refused() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[("mcals", "4")]).await;
    let pc = bench.client("abc", "pc").await.id;
    let free = bench.edit_client("abc/pc", &[("platform", "server")]).await;
    free.unwrap();
    assert_eq!(bench.left(abc), Some(4), "it hasn't backed up yet");
    bench.charge(pc).await.unwrap();
    assert_eq!(bench.left(abc), Some(2));
    let dearer = bench.edit_client("abc/pc", &[("plugins", "mysql")]).await;
    dearer.unwrap();
    let entries = bench.ledger(Account::Customer, abc).await;
    let last = entries.last().unwrap();
    assert_eq!((last.reason, last.units), (Reason::ClientChanged, 1));
    assert_eq!(last.balance, Some(1));
    for dry_run in [true, false] {
        let target = Target::Client(address("abc/pc"));
        let refused = bench.edit_of(target, &[("plugins", "sql,exchange")], dry_run);
        let Err(Rejected::Worded { text, no }) = refused.await else {
            panic!("taken");
        };
        assert_eq!(
            text,
            "abc/pc would cost 3 more MCALs for 2026-11; customer abc has 1 left"
        );
        let Rejected::Refused(refusal) = *no else {
            panic!("{no:?}");
        };
        assert_eq!(refusal.code(), "mcal-exhausted");
    }
    let client = bench
        .state(abc, "pc")
        .await
        .unwrap()
        .client
        .clone()
        .unwrap();
    assert_eq!(
        (client.plugins.to_string(), client.revision),
        ("mysql".into(), 3)
    );
    for fields in [
        [("platform", "desktop"), ("plugins", "none")],
        [("platform", "desktop"), ("plugins", "sql")],
        [("platform", "server"), ("plugins", "mysql")],
    ] {
        bench.edit_client("abc/pc", &fields).await.unwrap();
        assert_eq!(
            bench.left(abc),
            Some(1),
            "nothing is refunded or paid twice"
        );
    }
    bench
        .server(&[("mcal_prices", "server=900 mysql=1")])
        .await
        .unwrap();
    bench
        .edit_client("abc/pc", &[("space", "1GiB")])
        .await
        .unwrap();
    bench.charge(pc).await.unwrap();
    assert_eq!(
        bench.left(abc),
        Some(1),
        "a price list debits nobody by itself"
    );
    assert_eq!(bench.ledger(Account::Customer, abc).await.len(), 3);
    let months = bench.statement(Account::Customer, abc).await;
    assert_eq!((months[0].used, months[0].clients), (3, 1));
}

#[tokio::test]
async fn what_is_paid_goes_with_a_client_but_not_to_a_new_one_of_its_name() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[("mcals", "5")]).await;
    let def = bench.customer("DEF", &[("mcals", "5")]).await;
    let pc = bench.client("abc", "pc").await.id;
    bench.charge(pc).await.unwrap();
    let (store, root) = (&bench.store, || who("root"));
    let moved = store.move_client(address("abc/pc"), "def".into(), root());
    moved.await.unwrap();
    bench.charge(pc).await.unwrap();
    assert_eq!((bench.left(abc), bench.left(def)), (Some(4), Some(5)));
    let removed = store.remove_client(address("def/pc"), true, root()).await;
    let item = removed.unwrap().item;
    store.trash_settled(item).await.unwrap();
    assert_eq!(bench.charge(pc).await, Err(Refusal::ClientRemoved));
    store.trash_restore(item, root()).await.unwrap();
    bench.charge(pc).await.unwrap();
    assert_eq!(bench.left(def), Some(5));
    let removed = store.remove_client(address("def/pc"), true, root()).await;
    store.trash_settled(removed.unwrap().item).await.unwrap();
    let again = bench.client("def", "pc").await.id;
    bench.charge(again).await.unwrap();
    assert_eq!(bench.left(def), Some(4));
    let removed = store.remove_customer("def".into(), true, root()).await;
    let item = removed.unwrap().item;
    store.trash_settled(item).await.unwrap();
    store.trash_restore(item, root()).await.unwrap();
    bench.charge(again).await.unwrap();
    assert_eq!(bench.left(def), Some(4));
    assert_eq!(bench.ledger(Account::Customer, def).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_added_only_while_there_is_an_mcal_for_them() {
    let bench = Arc::new(Bench::new());
    let fields = [("automatically_add_clients", "yes"), ("mcals", "5/month")];
    let abc = bench.customer("ABC", &fields).await;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let bench = bench.clone();
            tokio::spawn(async move { bench.enrol(abc, &format!("c{number}")).await })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => added += 1,
            Err(refusal) => assert_eq!(refusal.code(), "mcal-exhausted"),
        }
    }
    assert_eq!(added, 5);
    assert_eq!(bench.store.tree().clients(abc), 5);
    assert_eq!(bench.left(abc), Some(0));
    bench.clock.step(SignedDuration::from_hours(24 * 10));
    bench.enrol(abc, "december").await.unwrap();
}
