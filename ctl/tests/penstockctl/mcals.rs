//! MCALs: what is asked, tables for people, CSV and JSON.

use penstock_ctl::Exit;
use penstock_policy::mcal::{Account, Entry, Reason, StatementLine, Took};
use penstock_wire::reply::{Answer, FailureCode, Reply};
use penstock_wire::request::{McalAccount, Request};
use penstock_wire::view::{CustomerLine, Statement};

use crate::records::reseller;
use crate::screens::changed;
use crate::support::{Scene, done, edited, failed, forecast, page};

/// A customer in a list.
pub fn customer_line(short: &str) -> CustomerLine {
    CustomerLine {
        name: short.to_owned(),
        short_name: short.to_owned(),
        reseller: "north".to_owned(),
        activated: true,
        clients: 1,
        maximum_client_limit: None,
        throttle: "inherit".to_owned(),
        space: "unlimited".to_owned(),
        used_space: 0,
        mcals: "25".to_owned(),
        running: 0,
    }
}

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
    let undo = "; undo with: penstockctl undo 12\n";
    assert!(ran.output.contains(undo), "{}", ran.output);
    for args in [
        &["mcal", "add", "500"][..],
        &["mcal", "add", "500", "--note", ""],
        &["mcal", "add", "500", "--note", " "],
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
        "account,allotted,month,opening,added,used,closing,clients\r\nabc-inc,25,2026-11,24,0,2,22,2\r\n"
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
    let line = "7,2026-11-03T07:00:00Z,2026-11,customer,north,abc-inc,laptop,2,-2,first-backup,bank customer,,98,23,";
    assert_eq!(
        ran.output,
        format!(
            "number,at,month,account,reseller,customer,client,units,change,reason,took,allotted,bank,balance,note,by\r\n\
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
        // Of a statement they stand once, above its months.
        columns.retain(|column| json.get(column).is_none());
        columns.sort_unstable();
        names.sort_unstable();
        assert_eq!(columns, names, "{args:?}");
    }
    let both = ["mcal", "forecast", "--csv", "--json"];
    assert_eq!(Scene::default().run(&both, answer).exit, Exit::USAGE);
}

#[test]
fn all_statements_are_one_table_of_the_bank_resellers_and_customers() {
    let answer = |request: &Request| match request {
        Request::Resellers { .. } => done(Answer::Resellers(page(vec![reseller()], None))),
        Request::Customers { reseller: None, .. } => {
            let lines = ["abc-inc", "gone"].map(customer_line).to_vec();
            done(Answer::Customers(page(lines, None)))
        }
        Request::McalStatement { account } => {
            let account = match account {
                McalAccount::Bank {} => "bank".to_owned(),
                McalAccount::Reseller { reseller } => format!("reseller {reseller}"),
                McalAccount::Customer { customer } if customer == "gone" => {
                    return failed(FailureCode::NotFound);
                }
                McalAccount::Customer { customer } => customer.clone(),
            };
            done(Answer::Statement(Statement {
                account,
                allotted: "25".to_owned(),
                left: Some(22),
                months: vec![month("2026-10", 25, 1, 24), month("2026-11", 0, 2, 22)],
            }))
        }
        _ => panic!("{request:?}"),
    };
    let args = ["mcal", "statement", "--all", "--month", "2026-11"];
    let run = |more: &[&str]| {
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        Scene::default().run(&args, answer).output
    };
    assert_eq!(
        run(&[]),
        "ACCOUNT         ALLOTTED  MONTH    OPENING  ADDED  USED  CLOSING  CLIENTS\n\
         bank                  25  2026-11       24      0     2       22        2\n\
         reseller north        25  2026-11       24      0     2       22        2\n\
         abc-inc               25  2026-11       24      0     2       22        2\n"
    );
    assert_eq!(
        run(&["--csv"]),
        "account,allotted,month,opening,added,used,closing,clients\r\n\
         bank,25,2026-11,24,0,2,22,2\r\n\
         reseller north,25,2026-11,24,0,2,22,2\r\n\
         abc-inc,25,2026-11,24,0,2,22,2\r\n"
    );
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(json[2]["account"], "abc-inc");
    assert_eq!(json[2]["months"].as_array().unwrap().len(), 1);
    for one in [&["abc-inc"][..], &["--reseller", "north"]] {
        let args: Vec<&str> = args.iter().chain(one).copied().collect();
        assert_eq!(Scene::default().run(&args, answer).exit, Exit::USAGE);
    }
}

#[test]
fn a_forecast_can_be_of_one_account() {
    let run = |args: &[&str]| {
        let args: Vec<&str> = ["mcal", "forecast"].iter().chain(args).copied().collect();
        Scene::default().run(&args, |request| match request {
            Request::Customer { customer } => {
                assert_eq!(customer, "ABC Inc.");
                changed(|_| {})
            }
            Request::Reseller { .. } => done(Answer::Reseller(reseller())),
            other => answer(other),
        })
    };
    let ran = run(&["ABC Inc."]);
    assert_eq!(ran.output.lines().count(), 2, "{}", ran.output);
    assert!(ran.output.contains("\nabc-inc  "), "{}", ran.output);
    let ran = run(&["--reseller", "north"]);
    assert_eq!(ran.output, "none\n");
    let remark = "reseller north has no number of MCALs of its own";
    assert!(ran.errors.contains(remark), "{}", ran.errors);
    let both = run(&["abc", "--reseller", "north"]);
    assert_eq!(both.exit, Exit::USAGE);
}

#[test]
fn what_lasts_for_years_has_no_date() {
    let outlook = |short_in: &str| {
        let answer = |_: &Request| {
            let mut line = forecast("bank", "100");
            line.forecast.short_in = Some(short_in.parse().unwrap());
            done(Answer::Forecast(page(vec![line], None)))
        };
        Scene::default().run(&["mcal", "forecast"], answer).output
    };
    assert!(outlook("2028-11").ends_with("short by 3 in 2028-11\n"));
    assert!(outlook("2028-12").ends_with("enough for years\n"));
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
