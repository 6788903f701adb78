//! MCALs: what is asked, tables for people, CSV and JSON.

use penstock_ctl::Exit;
use penstock_policy::mcal::{Account, Entry, Reason, StatementLine, Took};
use penstock_wire::reply::{Answer, Reply};
use penstock_wire::request::{McalAccount, Request};
use penstock_wire::view::Statement;

use crate::support::{Scene, done, edited, forecast, page};

fn month(month: &str, added: i64, used: i64, closing: i64) -> StatementLine {
    StatementLine {
        month: month.parse().unwrap(),
        opening: Some(closing + used - added),
        added,
        used,
        closing: Some(closing),
        clients: 2,
    }
}

fn entry(note: &str) -> Entry {
    Entry {
        number: 7,
        at: "2026-11-03T07:00:00Z".parse().unwrap(),
        month: "2026-11".parse().unwrap(),
        account: Account::Customer,
        reseller: Some("north".to_owned()),
        customer: Some("abc-inc".to_owned()),
        client: Some("laptop".to_owned()),
        units: 2,
        reason: Reason::FirstBackup,
        took: Took {
            customer: true,
            reseller: false,
            bank: true,
        },
        allotted: None,
        bank: Some(98),
        balance: Some(23),
        note: note.to_owned(),
        by: "penstockd".to_owned(),
    }
}

fn answer(request: &Request) -> Reply {
    match request {
        Request::McalAdd { .. } => edited(false),
        Request::McalStatement { .. } => done(Answer::Statement(Statement {
            account: "abc-inc".to_owned(),
            allotted: "25".to_owned(),
            left: Some(22),
            months: vec![month("2026-10", 25, 1, 24), month("2026-11", 0, 2, 22)],
        })),
        Request::McalHistory { .. } => {
            let notes = ["=HYPERLINK(\"http://x\",\"y\")", "paid, \"late\"\nat last"];
            let entries = notes.into_iter().map(entry).collect();
            done(Answer::Ledger(page(entries, None)))
        }
        Request::McalForecast { .. } => {
            let lines = vec![forecast("bank", "100"), forecast("abc-inc", "25/month")];
            done(Answer::Forecast(page(lines, None)))
        }
        _ => panic!("{request:?}"),
    }
}

#[test]
fn credit_is_added_with_a_note() {
    let ran = Scene::default().run(&["mcal", "add", "500", "--note", "invoice 2041"], answer);
    let note = "invoice 2041".to_owned();
    assert_eq!(ran.asked, [Request::McalAdd { units: 500, note }]);
    for args in [
        &["mcal", "add", "500"][..],
        &["mcal", "add", "0", "--note", "x"],
    ] {
        assert_eq!(Scene::default().run(args, answer).exit, Exit::USAGE);
    }
}

#[test]
fn an_account_is_the_bank_a_customer_or_a_reseller() {
    let customer = || McalAccount::Customer {
        customer: "abc".to_owned(),
    };
    let reseller = || McalAccount::Reseller {
        reseller: "north".to_owned(),
    };
    for (args, account) in [
        (&[][..], McalAccount::Bank {}),
        (&["abc"], customer()),
        (&["--customer", "abc"], customer()),
        (&["--reseller", "north"], reseller()),
    ] {
        let line: Vec<&str> = ["mcal", "statement"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let ran = Scene::default().run(&line, answer);
        assert_eq!(ran.asked, [Request::McalStatement { account }]);
    }
    let both = ["mcal", "history", "abc", "--reseller", "north"];
    assert_eq!(Scene::default().run(&both, answer).exit, Exit::USAGE);
}

#[test]
fn a_statement_is_a_table_of_months_and_can_be_of_one() {
    let ran = Scene::default().run(&["mcal", "statement", "abc-inc"], answer);
    assert_eq!(
        ran.output,
        "abc-inc: 25 allotted, 22 left\n\
         MONTH    OPENING  ADDED  USED  CLOSING  CLIENTS\n\
         2026-10        0     25     1       24        2\n\
         2026-11       24      0     2       22        2\n"
    );
    let args = [
        "mcal",
        "statement",
        "abc-inc",
        "--month",
        "2026-11",
        "--csv",
    ];
    assert_eq!(
        Scene::default().run(&args, answer).output,
        "month,opening,added,used,closing,clients\r\n2026-11,24,0,2,22,2\r\n"
    );
    let args = ["mcal", "statement", "--month", "november"];
    assert_eq!(Scene::default().run(&args, answer).exit, Exit::USAGE);
}

#[test]
fn the_ledger_shows_who_and_why_and_asks_for_one_month() {
    let args = ["mcal", "history", "abc-inc", "--month", "2026-11"];
    let ran = Scene::default().run(&args, answer);
    let Request::McalHistory { month, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    assert_eq!(month.as_deref(), Some("2026-11"));
    let line = ran.output.lines().nth(1).unwrap();
    for part in [
        "2026-11-03 08:00 +01:00",
        "abc-inc/laptop",
        "first-backup",
        "-2",
        "23",
        "98",
        "penstockd",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn csv_is_quoted_and_never_a_formula() {
    let ran = Scene::default().run(&["mcal", "history", "--csv"], answer);
    let line = "7,2026-11-03T07:00:00Z,2026-11,customer,north,abc-inc,laptop,2,first-backup,bank customer,,98,23,";
    assert_eq!(
        ran.output,
        format!(
            "number,at,month,account,reseller,customer,client,units,reason,took,allotted,bank,balance,note,by\r\n\
             {line}\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",penstockd\r\n\
             {line}\"paid, \"\"late\"\"\nat last\",penstockd\r\n"
        )
    );
}

#[test]
fn csv_columns_are_named_as_in_json() {
    for args in [
        &["mcal", "statement"][..],
        &["mcal", "history"],
        &["mcal", "forecast"],
    ] {
        let run = |flag: &str| {
            let line: Vec<&str> = args.iter().copied().chain([flag]).collect();
            Scene::default().run(&line, answer).output
        };
        let json: serde_json::Value = serde_json::from_str(&run("--json")).unwrap();
        let line = json.get(0).unwrap_or_else(|| &json["months"][0]);
        let mut names: Vec<&str> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let csv = run("--csv");
        let mut columns: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        columns.sort_unstable();
        names.sort_unstable();
        assert_eq!(columns, names, "{args:?}");
    }
    let both = ["mcal", "forecast", "--csv", "--json"];
    assert_eq!(Scene::default().run(&both, answer).exit, Exit::USAGE);
}

#[test]
fn a_forecast_says_by_how_much_and_when_it_is_short() {
    let ran = Scene::default().run(&["mcal", "forecast"], answer);
    let line = ran.output.lines().nth(2).unwrap();
    assert!(
        line.starts_with("abc-inc  25/month  2026-11") && line.ends_with("short by 3 in 2027-01"),
        "{line}"
    );
}
