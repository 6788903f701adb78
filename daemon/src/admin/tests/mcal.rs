//! MCALs as administrators see them.

use penstock_policy::edit::Assignment;
use penstock_policy::mcal::{Account, Month, Reason};
use penstock_wire::reply::{FailureCode, List};
use penstock_wire::request::{McalAccount, Target};
use penstock_wire::view::{ForecastLine, LedgerLine, Statement};

use super::*;

/// The month that the house is in.
const NOW: &str = "2026-11";

fn edit(target: Target, mcals: &str) -> Request {
    Request::Edit {
        target,
        assignments: vec![Assignment {
            field: "mcals".into(),
            value: mcals.into(),
        }],
        expect_revision: None,
        dry_run: false,
    }
}

fn customer(name: &str) -> McalAccount {
    McalAccount::Customer {
        customer: name.into(),
    }
}

impl House {
    /// A customer with so many MCALs.
    pub(super) async fn with_mcals(&self, name: &str, mcals: &str) {
        self.add_customer(name).await;
        let customer = name.into();
        let target = Target::Customer { customer };
        self.control().await.edited(edit(target, mcals)).await;
    }

    /// A new client's first backup.
    pub(super) async fn backs_up(&self, customer: &str, id: &str) {
        self.add_client(customer, id).await;
        let client = self.client(customer, id).await.id;
        let month: Month = NOW.parse().unwrap();
        let charged = self.context.store.charge(client, month).await;
        charged.unwrap();
    }

    async fn statement(&self, account: McalAccount) -> Statement {
        let asked = Request::McalStatement { account };
        match self.view().await.done(asked).await {
            Answer::Statement(statement) => statement,
            other => panic!("{other:?}"),
        }
    }

    async fn ledger(
        &self,
        account: McalAccount,
        month: Option<&str>,
        page: Page,
    ) -> List<LedgerLine> {
        let month = month.map(str::to_owned);
        let asked = Request::McalHistory {
            account,
            month,
            page,
        };
        match self.view().await.done(asked).await {
            Answer::Ledger(list) => list,
            other => panic!("{other:?}"),
        }
    }

    async fn forecast(&self) -> Vec<ForecastLine> {
        let (mut lines, mut page) = (Vec::new(), first());
        loop {
            let asked = Request::McalForecast { page };
            let Answer::Forecast(list) = self.view().await.done(asked).await else {
                panic!("no forecast");
            };
            lines.extend(list.items);
            let Some(next) = list.next else {
                return lines;
            };
            page = Page { after: Some(next) };
        }
    }
}

#[tokio::test]
async fn credit_is_added_to_a_bank_with_a_number_and_the_answer_says_what_is_left() {
    let house = House::new().await;
    let add = |units| Request::McalAdd {
        units,
        note: "invoice 2041".into(),
    };
    let failure = house.control().await.failed(add(500)).await;
    assert_eq!(failure.code, FailureCode::Refused);
    assert!(failure.message.contains("server edit --mcals NUMBER"));
    let set = edit(Target::Server {}, "0");
    house.control().await.edited(set).await;
    let added = house.control().await.edited(add(500)).await;
    assert_eq!((&*added.record, added.revision), ("server", 3));
    assert_eq!(added.notes, ["the bank has 500 MCALs left now"]);
    let failure = house.control().await.failed(add(0)).await;
    assert_eq!(failure.code, FailureCode::Usage);
    let failure = house.view().await.failed(add(1)).await;
    assert_eq!(failure.code, FailureCode::NotPermitted);
    let statement = house.statement(McalAccount::Bank {}).await;
    assert_eq!((&*statement.account, &*statement.allotted), ("bank", "500"));
    assert_eq!(statement.left, Some(500));
    let ledger = house.ledger(McalAccount::Bank {}, None, first()).await;
    assert_eq!(ledger.items[0].note, "invoice 2041");
    assert_eq!(ledger.items[0].account, Account::Bank);
}

#[tokio::test]
async fn statement_and_history_of_an_account_agree() {
    let house = House::new().await;
    house.with_mcals("ABC Inc.", "5").await;
    for id in ["a", "b"] {
        house.backs_up("abc-inc", id).await;
    }
    let statement = house.statement(customer("ABC Inc.")).await;
    assert_eq!((&*statement.account, statement.left), ("abc-inc", Some(3)));
    let month = statement.months[0];
    assert_eq!(month.month.to_string(), NOW);
    assert_eq!((month.added, month.used, month.closing), (5, 2, Some(3)));
    let list = house.ledger(customer("abc-inc"), Some(NOW), first()).await;
    let reasons: Vec<Reason> = list.items.iter().map(|entry| entry.reason).collect();
    assert_eq!(
        reasons,
        [Reason::FirstBackup, Reason::FirstBackup, Reason::Allotted]
    );
    let other = house.ledger(customer("abc-inc"), Some("2026-10"), first());
    assert!(other.await.items.is_empty());
    let reseller = McalAccount::Reseller {
        reseller: "default".into(),
    };
    let statement = house.statement(reseller).await;
    assert_eq!(statement.account, "reseller default");
    assert_eq!((&*statement.allotted, statement.left), ("Auto", None));
    assert_eq!(
        (statement.months[0].used, statement.months[0].closing),
        (2, None)
    );
}

#[tokio::test]
async fn what_is_no_account_month_or_page_is_refused() {
    let house = House::new().await;
    let asked = |account, month: Option<&str>, after: Option<&str>| Request::McalHistory {
        account,
        month: month.map(str::to_owned),
        page: Page {
            after: after.map(str::to_owned),
        },
    };
    let cases = [
        (asked(customer("nobody"), None, None), FailureCode::NotFound),
        (
            asked(McalAccount::Bank {}, Some("11/2026"), None),
            FailureCode::Usage,
        ),
        (
            asked(McalAccount::Bank {}, None, Some("x")),
            FailureCode::Usage,
        ),
    ];
    for (asked, code) in cases {
        let failure = house.control().await.failed(asked).await;
        assert_eq!(failure.code, code, "{}", failure.message);
    }
}

#[tokio::test]
async fn the_forecast_has_the_bank_and_every_account_with_a_number() {
    let house = House::new().await;
    house.add_customer("Auto").await;
    house.with_mcals("Zeta", "3").await;
    house.with_mcals("Beta", "1/month").await;
    house.backs_up("zeta", "a").await;
    house.backs_up("zeta", "b").await;
    house.backs_up("auto", "a").await;
    let reseller = "default".into();
    let target = Target::Reseller { reseller };
    house.control().await.edited(edit(target, "9")).await;
    let lines = house.forecast().await;
    let accounts: Vec<&str> = lines.iter().map(|line| &*line.account).collect();
    assert_eq!(accounts, ["bank", "reseller default", "beta", "zeta"]);
    assert_eq!((lines[0].forecast.need, lines[0].forecast.left), (3, None));
    let zeta = &lines[3].forecast;
    assert_eq!((zeta.clients, zeta.need, zeta.left), (2, 2, Some(1)));
    assert_eq!(
        zeta.short_in.map(|month| month.to_string()),
        Some("2026-12".into())
    );
    assert_eq!(zeta.short_by, 1);
}

#[tokio::test]
async fn a_long_forecast_and_ledger_come_in_pages() {
    let house = House::new().await;
    let store = &house.context.store;
    for number in 0..205 {
        let ask = crate::store::AddCustomer {
            name: format!("Customer {number:03}"),
            short: None,
            reseller: None,
            like: None,
            assignments: vec![Assignment {
                field: "mcals".into(),
                value: "1".into(),
            }],
            pass_key: format!("psk_{number}"),
            dry_run: false,
        };
        let who = penstock_wire::view::Who {
            uid: None,
            gid: None,
            pid: None,
            user: "root".into(),
        };
        store.add_customer(ask, who).await.unwrap();
    }
    let lines = house.forecast().await;
    assert_eq!(lines.len(), 206);
    assert_eq!(lines[205].account, "customer-204");
    house.add_customer("Many").await;
    for number in 0..3 {
        house.backs_up("many", &format!("c{number}")).await;
    }
    let target = Target::Server {};
    house
        .control()
        .await
        .edited(edit(target.clone(), "0"))
        .await;
    for _ in 0..200 {
        let add = Request::McalAdd {
            units: 1,
            note: String::new(),
        };
        house.control().await.edited(add).await;
    }
    let one = house.ledger(McalAccount::Bank {}, None, first()).await;
    let next = Page {
        after: Some(one.next.unwrap()),
    };
    let two = house.ledger(McalAccount::Bank {}, None, next).await;
    assert_eq!((one.items.len(), two.items.len()), (200, 4));
    assert_eq!(two.next, None);
    let numbers: Vec<u64> = one
        .items
        .iter()
        .chain(&two.items)
        .map(|e| e.number)
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a > b));
}
