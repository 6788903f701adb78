//! The ledger: every debit and allotment is in it, and what is left, the statements and the records all say the same.

use jiff::SignedDuration;
use penstock_policy::mcal::{Account, Credit, Drawn, Reason, left};
use penstock_wire::view::LedgerLine;
use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn credit_that_is_added_is_written_down_with_its_note() {
    let bench = Bench::new();
    let add = |units, note: &str| bench.store.mcal_add(units, note.into(), who("anna"));
    let Err(Rejected::Forbidden(why)) = add(500, "").await else {
        panic!("taken");
    };
    assert!(why.contains("server edit --mcals NUMBER"), "{why}");
    bench.server(&[("mcals", "100")]).await.unwrap();
    for (units, note) in [
        (0, String::new()),
        (1, "two\nlines".into()),
        (1, "x".repeat(201)),
    ] {
        let refused = add(units, &note).await;
        assert!(matches!(refused, Err(Rejected::Invalid(_))), "{refused:?}");
    }
    let refused = add(1_000_000_000, "").await;
    assert!(matches!(refused, Err(Rejected::Invalid(_))), "{refused:?}");
    let added = add(500, " invoice 2041 ").await.unwrap();
    assert_eq!((added.revision, &*added.changes[0].to), (3, "600"));
    let entries = bench.bank().await;
    assert_eq!(entries.len(), 2);
    let entry = &entries[1];
    assert_eq!((entry.units, entry.reason), (500, Reason::Allotted));
    assert_eq!((&*entry.note, &*entry.by), ("invoice 2041", "anna"));
    assert_eq!((entry.balance, entry.bank), (Some(600), Some(600)));
    assert_eq!(entry.allotted.as_deref(), Some("600"));
    assert_eq!(bench.entries("mcal add").await, 1);
    let undone = bench.store.undo(added.edit.unwrap(), false, who("root"));
    assert_eq!(undone.await.unwrap().changes[0].to, "100");
    assert_eq!(bench.bank().await.last().unwrap().units, -500);
}

#[tokio::test]
async fn every_way_to_set_a_number_is_an_entry_and_nothing_else_is() {
    let bench = Bench::new();
    bench.reseller("North", &[("mcals", "50")]).await.unwrap();
    let abc = bench.customer("ABC", &[("mcals", "20")]).await;
    let ask = AddCustomer {
        name: "DEF".into(),
        short: None,
        reseller: None,
        like: Some("abc".into()),
        assignments: Vec::new(),
        pass_key: "psk_def".into(),
        dry_run: false,
    };
    bench.store.add_customer(ask, who("root")).await.unwrap();
    let def = bench.store.tree().customer("def").unwrap().id;
    let edited = bench.edit("abc", &[("mcals", "+5")]).await.unwrap();
    bench.edit("abc", &[("city", "Graz")]).await.unwrap();
    let shown = bench.edit_of(Target::Customer("abc".into()), &[("mcals", "9")], true);
    shown.await.unwrap();
    let undone = bench.store.undo(edited.edit.unwrap(), false, who("root"));
    undone.await.unwrap();
    bench.edit("abc", &[("mcals", "3/month")]).await.unwrap();
    bench.edit("abc", &[("mcals", "Auto")]).await.unwrap();
    let entries = bench.ledger(Account::Customer, abc).await;
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.units,
                entry.allotted.as_deref().unwrap(),
                entry.balance,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (20, "20", Some(20)),
            (5, "25", Some(25)),
            (-5, "20", Some(20)),
            (-17, "3/month", Some(3)),
            (-3, "Auto", None),
        ]
    );
    assert_eq!(bench.ledger(Account::Customer, def).await.len(), 1);
    let north = bench.store.tree().reseller("north").unwrap().id;
    assert_eq!(bench.ledger(Account::Reseller, north).await.len(), 1);
    assert_eq!(bench.bank().await.len(), 0);
}

#[tokio::test]
async fn undoing_a_number_leaves_what_was_used_of_it() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[("mcals", "2")]).await;
    let more = bench.edit("abc", &[("mcals", "+2")]).await.unwrap();
    for id in ["a", "b", "c"] {
        let client = bench.client("abc", id).await.id;
        bench.charge(client).await.unwrap();
    }
    let undone = bench.store.undo(more.edit.unwrap(), false, who("root"));
    let undone = undone.await.unwrap();
    let d = bench.client("abc", "d").await.id;
    assert_eq!(bench.charge(d).await.unwrap_err().code(), "mcal-exhausted");
    let entries = bench.ledger(Account::Customer, abc).await;
    assert_eq!(entries.last().unwrap().balance, Some(-1));
    let months = bench.statement(Account::Customer, abc).await;
    assert_eq!(months[0].closing, Some(-1));
    let again = bench.store.undo(undone.edit.unwrap(), false, who("root"));
    again.await.unwrap();
    bench.charge(d).await.unwrap();
    assert_eq!(bench.charge(d).await, Ok(()));
    let months = bench.statement(Account::Customer, abc).await;
    assert_eq!(
        (months[0].added, months[0].used, months[0].closing),
        (4, 4, Some(0))
    );
}

#[tokio::test]
async fn a_ledger_is_read_in_pages_and_by_month() {
    let bench = Bench::new();
    let abc = bench.customer("ABC", &[]).await;
    let clients = bench.clients("abc", &["a", "b", "c"]).await.unwrap();
    for month in [
        "2026-11-30T00:00:00Z",
        "2026-12-01T00:00:00Z",
        "2027-02-01T00:00:00Z",
    ] {
        bench.set_clock(month);
        for added in &clients {
            bench.charge(added.client.id).await.unwrap();
        }
    }
    let page = async |month: Option<&str>, before: Option<u64>| {
        let month = month.map(|month| month.parse().unwrap());
        let read = bench
            .store
            .read(move |reader| reader.ledger(Account::Customer, abc, month, before, 2));
        let page: Vec<u64> = read
            .await
            .unwrap()
            .iter()
            .map(|entry| entry.number)
            .collect();
        page
    };
    assert_eq!(page(None, None).await, [9, 8]);
    assert_eq!(page(None, Some(8)).await, [7, 6]);
    assert!(page(None, Some(1)).await.is_empty());
    assert_eq!(page(Some("2026-12"), None).await, [6, 5]);
    assert_eq!(page(Some("2026-12"), Some(5)).await, [4]);
    assert!(page(Some("2027-01"), None).await.is_empty());
    let months = bench.statement(Account::Customer, abc).await;
    let used: Vec<_> = months
        .iter()
        .map(|line| (line.used, line.clients))
        .collect();
    assert_eq!(used, [(3, 3), (3, 3), (0, 0), (3, 3)]);
}

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Charge(usize),
    Enrol(usize),
    Customer(usize, String),
    Reseller(usize, String),
    Bank(String),
    Add(u32),
    Undo(u64),
    Move(usize, usize),
    Give(usize, usize),
    License(usize, &'static str, &'static str),
    Days(i64),
    Zone(&'static str),
    Remove(usize),
    Restore,
}

fn mcals() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Auto".to_owned()),
        (0..9u32).prop_map(|number| number.to_string()),
        (0..5u32).prop_map(|number| format!("{number}/month")),
        (0..4u32).prop_map(|number| format!("+{number}")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let bank = prop_oneof![
        Just("unlimited".to_owned()),
        (0..20u32).prop_map(|number| number.to_string())
    ];
    let zones = ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"];
    prop_oneof![
        8 => (0..6usize).prop_map(Step::Charge),
        2 => (0..3usize).prop_map(Step::Enrol),
        3 => ((0..3usize), mcals()).prop_map(|(one, text)| Step::Customer(one, text)),
        2 => ((0..2usize), mcals()).prop_map(|(one, text)| Step::Reseller(one, text)),
        2 => bank.prop_map(Step::Bank),
        1 => (0..9u32).prop_map(Step::Add),
        2 => (1..40u64).prop_map(Step::Undo),
        1 => ((0..6usize), (0..3usize)).prop_map(|(one, to)| Step::Move(one, to)),
        1 => ((0..3usize), (0..2usize)).prop_map(|(one, to)| Step::Give(one, to)),
        2 => (
            0..6usize,
            prop::sample::select(vec!["desktop", "server"]),
            prop::sample::select(vec!["none", "sql", "sql,exchange"]),
        )
            .prop_map(|(one, platform, plugins)| Step::License(one, platform, plugins)),
        2 => (-40..40i64).prop_map(Step::Days),
        1 => prop::sample::select(zones.to_vec()).prop_map(Step::Zone),
        1 => (0..6usize).prop_map(Step::Remove),
        1 => Just(Step::Restore),
    ]
}

const CUSTOMERS: [&str; 3] = ["a", "b", "c"];
const RESELLERS: [&str; 2] = ["default", "north"];

/// Three customers of two resellers, six clients, and what was done to them.
struct World {
    bench: Bench,
    customers: Vec<RecordId>,
    clients: Vec<RecordId>,
    trash: Vec<u64>,
    enrolled: usize,
}

impl World {
    async fn new() -> Self {
        let bench = Bench::new();
        bench.reseller("North", &[]).await.unwrap();
        let (mut customers, mut clients) = (Vec::new(), Vec::new());
        for (number, name) in CUSTOMERS.into_iter().enumerate() {
            let adds = [("automatically_add_clients", "yes")];
            customers.push(bench.customer(name, &adds).await);
            for client in [2 * number, 2 * number + 1] {
                let client = bench.client(name, &format!("c{client}")).await;
                clients.push(client.id);
            }
        }
        Self {
            bench,
            customers,
            clients,
            trash: Vec::new(),
            enrolled: 0,
        }
    }

    /// Where a client is now.
    async fn address(&self, client: usize) -> Option<Address> {
        for (customer, name) in self.customers.iter().zip(CUSTOMERS) {
            let state = self.bench.state(*customer, &format!("c{client}")).await;
            let here = state
                .and_then(|state| state.client.clone())
                .is_some_and(|client| client.customer == *customer);
            if here {
                return Some(address(&format!("{name}/c{client}")));
            }
        }
        None
    }

    /// Does it; what a rule refuses changes nothing, which [`World::check`] sees.
    async fn run(&mut self, step: Step) {
        let (store, root) = (self.bench.store.clone(), who("root"));
        let refusable = |done: Result<(), Rejected>| {
            assert!(!matches!(done, Err(Rejected::Unavailable(_))), "{done:?}");
        };
        match step {
            Step::Charge(client) => drop(self.bench.charge(self.clients[client]).await),
            Step::Enrol(customer) => {
                self.enrolled += 1;
                let id = format!("e{}", self.enrolled);
                drop(self.bench.enrol(self.customers[customer], &id).await);
            }
            Step::Customer(customer, text) => {
                let fields = [("mcals", text.as_str())];
                let edited = self.bench.edit(CUSTOMERS[customer], &fields);
                refusable(edited.await.map(drop));
            }
            Step::Reseller(reseller, text) => {
                let target = Target::Reseller(RESELLERS[reseller].into());
                let fields = [("mcals", text.as_str())];
                let edited = self.bench.edit_of(target, &fields, false);
                refusable(edited.await.map(drop));
            }
            Step::Bank(text) => {
                refusable(self.bench.server(&[("mcals", &text)]).await.map(drop));
            }
            Step::Add(units) => {
                refusable(store.mcal_add(units, "more".into(), root).await.map(drop));
            }
            Step::Undo(edit) => refusable(store.undo(edit, false, root).await.map(drop)),
            Step::Move(client, to) => {
                if let Some(from) = self.address(client).await {
                    let moved = store.move_client(from, CUSTOMERS[to].into(), root);
                    refusable(moved.await.map(drop));
                }
            }
            Step::Give(customer, to) => {
                let (customer, to) = (CUSTOMERS[customer].into(), RESELLERS[to].into());
                refusable(store.move_customer(customer, to, root).await.map(drop));
            }
            Step::License(client, platform, plugins) => {
                if let Some(address) = self.address(client).await {
                    let fields = [("platform", platform), ("plugins", plugins)];
                    let target = Target::Client(address);
                    refusable(self.bench.edit_of(target, &fields, false).await.map(drop));
                }
            }
            Step::Days(days) => self.bench.clock.step(SignedDuration::from_hours(24 * days)),
            Step::Zone(zone) => {
                self.bench.server(&[("time_zone", zone)]).await.unwrap();
            }
            Step::Remove(client) => {
                if let Some(address) = self.address(client).await {
                    let removed = store.remove_client(address, true, root).await.unwrap();
                    store.trash_settled(removed.item).await.unwrap();
                    self.trash.push(removed.item);
                }
            }
            Step::Restore => {
                if let Some(item) = self.trash.pop() {
                    refusable(store.trash_restore(item, root).await.map(drop));
                    refusable(store.trash_settled(item).await);
                }
            }
        }
    }

    async fn check(&self) {
        let tree = self.bench.store.tree();
        let all = self.bench.bank().await;
        let of_bank = |entry: &LedgerLine| entry.took.bank;
        let server = &tree.server;
        self.agree(
            Account::Bank,
            RecordId::default(),
            server.mcals.into(),
            &server.drawn,
            of_bank,
        )
        .await;
        for reseller in tree.resellers.values() {
            let (credit, drawn) = (reseller.mcals.into(), &reseller.drawn);
            self.agree(Account::Reseller, reseller.id, credit, drawn, |entry| {
                entry.took.reseller
            })
            .await;
            let given = tree.mcals_given(reseller.id);
            let open = credit == Credit::Open;
            assert!(
                open || given <= credit.counted(),
                "{} {given}",
                reseller.short
            );
        }
        for customer in tree.customers.values() {
            let (credit, drawn) = (customer.mcals.into(), &customer.drawn);
            self.agree(Account::Customer, customer.id, credit, drawn, |entry| {
                entry.took.customer
            })
            .await;
        }
        let mut once = std::collections::BTreeSet::new();
        for entry in all.iter().filter(|entry| entry.reason.is_debit()) {
            assert!(entry.bank.is_none_or(|bank| bank >= 0), "{entry:?}");
            assert!(entry.balance.is_none_or(|own| own >= 0), "{entry:?}");
            if entry.reason != Reason::ClientChanged {
                assert!(
                    once.insert((entry.client.clone(), entry.month)),
                    "{entry:?}"
                );
            }
        }
    }

    /// Record, entries and statement of one account say the same.
    async fn agree(
        &self,
        account: Account,
        record: RecordId,
        credit: Credit,
        drawn: &Drawn,
        took: impl Fn(&LedgerLine) -> bool,
    ) {
        let month = self.bench.month();
        let entries = self.bench.ledger(account, record).await;
        let months = self.bench.statement(account, record).await;
        let context = format!("{account:?} {record:?} {credit:?} {drawn:?} {months:?}");
        assert!(entries.is_sorted_by_key(|entry| (entry.month, entry.number)));
        let debits = || entries.iter().filter(|entry| entry.reason.is_debit());
        let taken: i64 = debits().filter(|e| took(e)).map(|entry| entry.units).sum();
        assert_eq!(u64::try_from(taken).unwrap(), drawn.number, "{context}");
        let now: i64 = debits().filter(|e| e.month == month).map(|e| e.units).sum();
        assert_eq!(
            u64::try_from(now).unwrap(),
            drawn.in_month(month),
            "{context}"
        );
        let allotted: i64 = entries
            .iter()
            .filter(|entry| !entry.reason.is_debit())
            .map(|entry| entry.units)
            .sum();
        assert_eq!(
            u64::try_from(allotted).unwrap(),
            credit.counted(),
            "{context}"
        );
        let Some(last) = months.last() else {
            assert!(entries.is_empty());
            return;
        };
        assert_eq!(last.month, month, "{context}");
        let left = left(credit, drawn, month);
        let closing = last.closing.map(|closing| closing.max(0).unsigned_abs());
        assert_eq!(closing, left, "{context}");
        for line in &months {
            let sum = line.opening.map(|opening| opening + line.added - line.used);
            assert_eq!(sum, line.closing, "{context}");
        }
        if let Credit::Number(number) = credit {
            assert_eq!(last.closing, Some(i64::from(number) - taken), "{context}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_records_ledger_and_statements_agree(steps in prop::collection::vec(step(), 20..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.run(step).await;
            }
            world.check().await;
            world.bench.reopen().await;
            world.check().await;
        });
    }
}
