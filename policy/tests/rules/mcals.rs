//! MCALs: who pays for a client, when a number is used up, and what a change costs.

use jiff::Timestamp;
use penstock_policy::edit::{apply, reverse};
use penstock_policy::mcal::{Account, Bank, Credit, Drawn, Mcals, Month, left};
use penstock_policy::record::{Customer, RecordId, Server};
use penstock_policy::refusal::Refusal;
use penstock_policy::throttle::Level;
use proptest::prelude::*;

use crate::arbitrary::{Case, customer};
use crate::editing::assign;
use crate::office::Office;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// Whether the client is debited, or the code and level that it is refused with.
fn backs_up(office: &mut Office, client: usize, instant: &str) -> String {
    match office.backs_up(client, at(instant)) {
        Ok(Some(charge)) => format!("debited {} for {}", charge.units(), charge.month()),
        Ok(None) => "paid".to_owned(),
        Err(Refusal::McalExhausted { level, left, .. }) => format!("{level:?} has {left}"),
        Err(refusal) => refusal.code().to_owned(),
    }
}

#[test]
fn a_client_is_debited_once_for_a_month() {
    let mut office = Office::of(1);
    assert_eq!(
        backs_up(&mut office, 0, "2026-11-01T00:00:00Z"),
        "debited 1 for 2026-11"
    );
    assert_eq!(backs_up(&mut office, 0, "2026-11-30T23:59:59Z"), "paid");
    assert_eq!(
        backs_up(&mut office, 0, "2026-12-01T00:00:00Z"),
        "debited 1 for 2026-12"
    );
}

#[test]
fn a_number_drains_across_months_until_mcals_are_added() {
    let mut office = Office::of(3);
    office.allots(Account::Customer, "4");
    for client in 0..3 {
        assert_eq!(
            backs_up(&mut office, client, "2026-11-05T00:00:00Z"),
            "debited 1 for 2026-11"
        );
    }
    assert_eq!(
        backs_up(&mut office, 0, "2026-12-05T00:00:00Z"),
        "debited 1 for 2026-12"
    );
    assert_eq!(
        backs_up(&mut office, 1, "2026-12-05T00:00:00Z"),
        "Customer has 0"
    );
    assert_eq!(backs_up(&mut office, 0, "2026-12-06T00:00:00Z"), "paid");
    office.allots(Account::Customer, "+1");
    assert_eq!(
        backs_up(&mut office, 1, "2026-12-06T00:00:00Z"),
        "debited 1 for 2026-12"
    );
    assert_eq!(
        backs_up(&mut office, 2, "2026-12-06T00:00:00Z"),
        "Customer has 0"
    );
}

#[test]
fn a_number_a_month_renews_each_month_and_what_was_left_lapses() {
    let mut office = Office::of(3);
    office.allots(Account::Customer, "2/month");
    assert_eq!(
        backs_up(&mut office, 0, "2026-10-05T00:00:00Z"),
        "debited 1 for 2026-10"
    );
    for client in 0..2 {
        assert_eq!(
            backs_up(&mut office, client, "2026-11-05T00:00:00Z"),
            "debited 1 for 2026-11"
        );
    }
    assert_eq!(
        backs_up(&mut office, 2, "2026-11-30T23:59:59Z"),
        "Customer has 0"
    );
    assert_eq!(
        backs_up(&mut office, 2, "2026-12-01T00:00:00Z"),
        "debited 1 for 2026-12"
    );
}

#[test]
fn auto_draws_on_the_parent_and_counts_nothing_of_its_own() {
    let mut office = Office::of(3);
    office.allots(Account::Reseller, "1");
    assert_eq!(
        backs_up(&mut office, 0, "2026-11-05T00:00:00Z"),
        "debited 1 for 2026-11"
    );
    assert_eq!(
        backs_up(&mut office, 1, "2026-11-05T00:00:00Z"),
        "Reseller has 0"
    );
    assert_eq!(office.case.customer.drawn.number, 0);
    office.allots(Account::Reseller, "Auto");
    office.allots(Account::Bank, "1");
    assert_eq!(
        backs_up(&mut office, 1, "2026-11-05T00:00:00Z"),
        "debited 1 for 2026-11"
    );
    assert_eq!(
        backs_up(&mut office, 2, "2026-11-05T00:00:00Z"),
        "Server has 0"
    );
    assert_eq!(office.case.reseller.drawn.number, 1);
    office.allots(Account::Bank, "unlimited");
    assert_eq!(
        backs_up(&mut office, 2, "2026-11-05T00:00:00Z"),
        "debited 1 for 2026-11"
    );
}

#[test]
fn a_customers_number_used_up_stops_it_whatever_the_server_has() {
    let mut office = Office::of(1);
    office.allots(Account::Bank, "1000");
    office.allots(Account::Customer, "0");
    assert_eq!(
        backs_up(&mut office, 0, "2026-11-05T00:00:00Z"),
        "Customer has 0"
    );
    assert_eq!(
        office.case.server.drawn,
        Drawn {
            month: Some(month("2026-06")),
            ..Drawn::default()
        }
    );
}

#[test]
fn every_level_with_a_number_is_debited_at_once() {
    let mut office = Office::of(1);
    for account in [Account::Bank, Account::Reseller, Account::Customer] {
        office.allots(account, "5");
    }
    office.clients[0].platform = "server".parse().unwrap();
    backs_up(&mut office, 0, "2026-11-05T00:00:00Z");
    let Case {
        server,
        reseller,
        customer,
        ..
    } = &office.case;
    for (credit, drawn) in [
        (Credit::from(server.mcals), server.drawn),
        (Credit::from(reseller.mcals), reseller.drawn),
        (Credit::from(customer.mcals), customer.drawn),
    ] {
        assert_eq!(left(credit, &drawn, month("2026-11")), Some(3));
    }
}

#[test]
fn a_change_costs_the_difference_and_gives_nothing_back() {
    let mut office = Office::of(1);
    backs_up(&mut office, 0, "2026-11-05T00:00:00Z");
    let mut debited = vec![1];
    for (field, value) in [
        ("platform", "server"),
        ("plugins", "sql"),
        ("plugins", "sql,exchange"),
        ("plugins", "none"),
        ("platform", "desktop"),
        ("plugins", "exchange"),
        ("platform", "server"),
        ("plugins", "exchange,sql"),
        ("plugins", "exchange,sql,mysql"),
    ] {
        debited.push(office.changes(0, field, value).unwrap());
    }
    assert_eq!(debited, [1, 1, 2, 2, 0, 0, 0, 0, 0, 1]);
    assert_eq!(office.clients[0].paid.as_ref().unwrap().units, 7);
    assert_eq!(
        backs_up(&mut office, 0, "2026-12-01T00:00:00Z"),
        "debited 7 for 2026-12"
    );
}

#[test]
fn a_change_before_the_first_backup_of_a_month_costs_nothing_yet() {
    let mut office = Office::of(1);
    assert_eq!(office.changes(0, "platform", "server"), Ok(0));
    assert_eq!(
        backs_up(&mut office, 0, "2026-11-05T00:00:00Z"),
        "debited 2 for 2026-11"
    );
}

#[test]
fn new_prices_hold_for_the_next_debit_and_not_for_what_is_paid() {
    let mut office = Office::of(1);
    backs_up(&mut office, 0, "2026-11-05T00:00:00Z");
    office.case.server.mcal_prices = "desktop=5 server=6".parse().unwrap();
    assert_eq!(office.changes(0, "platform", "desktop"), Ok(0));
    assert_eq!(backs_up(&mut office, 0, "2026-11-06T00:00:00Z"), "paid");
    assert_eq!(
        backs_up(&mut office, 0, "2026-12-06T00:00:00Z"),
        "debited 5 for 2026-12"
    );
}

#[test]
fn a_change_that_cannot_be_paid_is_refused_and_changes_nothing() {
    let mut office = Office::of(1);
    office.allots(Account::Customer, "2");
    backs_up(&mut office, 0, "2026-11-05T00:00:00Z");
    let refused = office.changes(0, "plugins", "sql").unwrap_err();
    assert_eq!(refused.code(), "mcal-exhausted");
    assert_eq!(office.clients[0].plugins.to_string(), "none");
}

#[test]
fn what_costs_nothing_is_never_refused() {
    let mut office = Office::of(1);
    office.case.server.mcal_prices = "desktop=0".parse().unwrap();
    office.allots(Account::Customer, "0");
    assert_eq!(
        backs_up(&mut office, 0, "2026-11-05T00:00:00Z"),
        "debited 0 for 2026-11"
    );
}

#[test]
fn a_backup_that_began_last_month_is_paid_by_last_months_debit() {
    let mut case = Case::plain();
    let office = &mut Office::of(2);
    office.allots(Account::Customer, "2");
    backs_up(office, 0, "2026-11-30T23:00:00Z");
    backs_up(office, 1, "2026-12-01T00:00:00Z");
    case.customer = office.case.customer.clone();
    case.server = office.case.server.clone();
    case.client = Some(office.clients[0].clone());
    for (began, expected) in [("2026-11", None), ("2026-12", Some(Level::Customer))] {
        case.month = Some(month(began));
        assert_eq!(crate::model::cannot_pay(&case), expected);
        let act = penstock_policy::admit::Act::Post(penstock_policy::protocol::Kind::Data);
        let answer = penstock_policy::admit::admit(&case.subject(), act, case.at);
        assert_eq!(answer.is_ok(), expected.is_none(), "{began}");
    }
}

#[test]
fn a_debit_for_an_older_month_counts_in_the_newest() {
    let mut drawn = Drawn::default();
    drawn.take(month("2026-10"), 2, true, true);
    drawn.take(month("2026-11"), 3, true, false);
    drawn.take(month("2026-10"), 4, false, true);
    let expected = Drawn {
        number: 6,
        month: Some(month("2026-11")),
        units: 7,
        clients: 1,
        before: 2,
    };
    assert_eq!(drawn, expected);
    // A month without debits lies between.
    drawn.reach(month("2027-01"));
    assert_eq!((drawn.before, drawn.units, drawn.number), (0, 0, 6));
}

#[test]
fn two_hundred_first_backups_on_seven_mcals_give_seven_debits() {
    let mut office = Office::of(200);
    office.allots(Account::Reseller, "7");
    let debits =
        (0..200).filter(|client| office.backs_up(*client, at("2026-11-05T00:00:00Z")).is_ok());
    assert_eq!(debits.count(), 7);
}

#[test]
fn mcals_are_added_to_and_taken_back() {
    let edit = |record: &Customer, text: &str| apply(record, &[assign("mcals", text)]);
    let refused = edit(&customer(), "+5").unwrap_err().to_string();
    assert_eq!(
        refused,
        "mcals: it is Auto, so nothing can be added; set a number first, such as 25"
    );
    for (first, more, sum) in [
        ("25", "+5", "30"),
        ("25/month", "+5", "30/month"),
        ("0", "+0", "0"),
    ] {
        let (some, _) = edit(&customer(), first).unwrap();
        let (added, changes) = edit(&some, more).unwrap();
        assert_eq!(added.mcals.to_string(), sum);
        for change in &changes {
            assert_eq!((change.from.as_str(), change.to.as_str()), (first, sum));
        }
        let (back, _) = apply(&added, &reverse(&added, &changes).unwrap()).unwrap();
        assert_eq!(back.mcals, some.mcals);
    }
    for wrong in [
        "",
        "-1",
        "+",
        "+-1",
        "+5/month",
        "5/day",
        "5.5",
        "1000000001",
        "25 / month",
        "unlimited",
    ] {
        let error = edit(&customer(), wrong).unwrap_err().to_string();
        assert!(
            error.contains("is no number of MCALs: write"),
            "{wrong}: {error}"
        );
    }
    let (most, _) = edit(&customer(), "1000000000").unwrap();
    assert!(
        edit(&most, "+1")
            .unwrap_err()
            .to_string()
            .ends_with("at most 1000000000 MCALs")
    );
}

#[test]
fn the_default_customers_mcals_are_always_auto() {
    let mut default = customer();
    default.id = RecordId::DEFAULT_CUSTOMER;
    for text in ["5", "5/month", "0"] {
        let error = apply(&default, &[assign("mcals", text)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "mcals: the Default Customer's MCALs are always Auto"
        );
    }
    assert!(apply(&default, &[assign("mcals", "auto")]).is_ok());
}

#[test]
fn the_bank_is_a_number_or_unlimited_and_an_unlimited_one_takes_nothing() {
    let edit = |record: &Server, text: &str| apply(record, &[assign("mcals", text)]);
    let error = edit(&Server::default(), "+500").unwrap_err().to_string();
    assert_eq!(
        error,
        "mcals: it is unlimited, so nothing can be added; set a number first, such as 25"
    );
    let (some, _) = edit(&Server::default(), "500").unwrap();
    let (more, changes) = edit(&some, "+500").unwrap();
    assert_eq!(
        (more.mcals, changes[0].to.as_str()),
        (Bank::Number(1000), "1000")
    );
    let error = edit(&some, "5/month").unwrap_err().to_string();
    assert!(error.contains("are for resellers and customers"), "{error}");
    assert!(edit(&some, "Auto").is_err());
}

proptest! {
    #[test]
    fn every_allotment_of_mcals_is_shown_so_that_it_reads_back(number in 0..=1_000_000_000u32) {
        for mcals in [Mcals::Auto, Mcals::Number(number), Mcals::Monthly(number)] {
            prop_assert_eq!(mcals.to_string().parse(), Ok(mcals));
        }
        for bank in [Bank::Unlimited, Bank::Number(number)] {
            prop_assert_eq!(bank.to_string().parse(), Ok(bank));
        }
    }
}
