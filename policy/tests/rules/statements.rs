//! Statements against a slow account of the same events.

use jiff::{SignedDuration, Timestamp};
use penstock_policy::mcal::{
    Account, Credit, Entry, Month, Reason, StatementLine, left, statement,
};
use penstock_policy::throttle::Zone;
use proptest::prelude::*;
use proptest::sample::select;

use crate::holdings;
use crate::office::{Office, number};

/// What happens in an office.
#[derive(Debug, Clone)]
enum Event {
    /// Hours go by.
    Later(i64),
    /// A client backs up.
    Backup(usize),
    /// A client's platform or plugins change.
    Change(usize, &'static str, &'static str),
    /// A number is set or added to.
    Allot(Account, &'static str),
}

const ACCOUNTS: [Account; 3] = [Account::Bank, Account::Reseller, Account::Customer];

fn events() -> impl Strategy<Value = Vec<Event>> {
    let credit = select(vec![
        "Auto", "0", "3", "12", "40", "2/month", "9/month", "+2",
    ]);
    let event = prop_oneof![
        4 => (1..900i64).prop_map(Event::Later),
        8 => (0..5usize).prop_map(Event::Backup),
        1 => (0..5usize, select(vec![("platform", "server"), ("platform", "desktop"), ("plugins", "sql"), ("plugins", "none")]))
            .prop_map(|(client, (field, value))| Event::Change(client, field, value)),
        2 => (select(ACCOUNTS.to_vec()), credit).prop_map(|(account, text)| Event::Allot(account, text)),
    ];
    prop::collection::vec(event, 1..80)
}

fn credit(office: &Office, account: Account) -> Credit {
    match account {
        Account::Bank => office.case.server.mcals.into(),
        Account::Reseller => office.case.reseller.mcals.into(),
        Account::Customer => office.case.customer.mcals.into(),
    }
}

fn played(events: &[Event]) -> Office {
    let mut office = Office::of(5);
    for event in events {
        match event {
            Event::Later(hours) => office.case.at += SignedDuration::from_hours(*hours),
            Event::Backup(client) => {
                let _refused = office.backs_up(*client, office.case.at);
            }
            Event::Change(client, field, value) => {
                let _refused = office.changes(*client, field, value);
            }
            Event::Allot(account, text) => {
                let open = credit(&office, *account) == Credit::Open;
                match (*account, *text) {
                    (_, "+2") if open => {}
                    (Account::Bank, "Auto") => office.allots(Account::Bank, "unlimited"),
                    (Account::Bank, text) if text.ends_with("/month") => {}
                    (account, text) => office.allots(account, text),
                }
            }
        }
    }
    office
}

/// The entries that a statement of the account is made of.
fn entries(office: &Office, account: Account) -> Vec<Entry> {
    let of = |one: &&Entry| one.reason != Reason::Allotted || one.account == account;
    office.ledger.iter().filter(of).cloned().collect()
}

/// One month's line once more: everything is counted from the first entry on, and nothing is carried over.
fn line(entries: &[Entry], account: Account, month: Month) -> StatementLine {
    let mut text = "unlimited".to_owned();
    let (mut drained, mut drained_now, mut debited, mut added, mut clients) = (0, 0, 0, 0, 0);
    for entry in entries.iter().filter(|entry| entry.month <= month) {
        let now = entry.month == month;
        match &entry.allotted {
            Some(allotted) => {
                added += if now {
                    number(allotted) - number(&text)
                } else {
                    0
                };
                text.clone_from(allotted);
            }
            None => {
                // Whether the account had a number that drains when the debit was made.
                let drains = text.parse::<u32>().is_ok();
                drained += if drains { entry.units } else { 0 };
                drained_now += if drains && now { entry.units } else { 0 };
                debited += if now { entry.units } else { 0 };
                clients += u64::from(now && entry.reason == Reason::FirstBackup);
            }
        }
    }
    let (used, closing) = match text.as_str() {
        "unlimited" | "Auto" => (debited, None),
        each if each.ends_with("/month") => (debited, Some(number(each) - debited)),
        _ => (drained_now, Some(number(&text) - drained)),
    };
    assert!(
        entries
            .iter()
            .all(|one| one.account == account || one.reason != Reason::Allotted)
    );
    StatementLine {
        month,
        opening: closing.map(|closing| closing + used - added),
        added,
        used,
        closing,
        clients,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_statement_is_what_happened(events in events()) {
        let office = played(&events);
        let until = office.case.subject().levels.month(office.case.at);
        for account in ACCOUNTS {
            let entries = entries(&office, account);
            let lines = statement(account, &entries, until);
            let Some(first) = entries.first() else {
                prop_assert_eq!(lines, Vec::new());
                continue;
            };
            let months = holdings::index(first.month)..=holdings::index(until);
            let expected: Vec<StatementLine> =
                months.map(|index| line(&entries, account, holdings::month(index))).collect();
            prop_assert_eq!(&lines, &expected);

            for one in &lines {
                let sum = one.opening.map(|opening| opening + one.added - one.used);
                prop_assert_eq!(sum, one.closing);
            }
            let drawn = match account {
                Account::Bank => office.case.server.drawn,
                Account::Reseller => office.case.reseller.drawn,
                Account::Customer => office.case.customer.drawn,
            };
            let credit = credit(&office, account);
            let closing = lines.last().and_then(|one| one.closing);
            prop_assert_eq!(
                closing.map(|closing| u64::try_from(closing).unwrap_or(0)),
                left(credit, &drawn, until)
            );

            let debits = entries.iter().filter(|one| one.reason.is_debit());
            let added: i64 = lines.iter().map(|one| one.added).sum();
            prop_assert_eq!(added, number(&credit.to_string()));
            let clients: u64 = lines.iter().map(|one| one.clients).sum();
            let firsts = debits.clone().filter(|one| one.reason == Reason::FirstBackup).count();
            prop_assert_eq!(clients, u64::try_from(firsts).unwrap());
            let in_month = debits.filter(|one| one.month == until).map(|one| one.units).sum::<i64>();
            prop_assert_eq!(i64::try_from(drawn.in_month(until)).unwrap(), in_month);
        }
    }

    #[test]
    fn what_a_month_closes_with_the_next_one_opens_with_unless_it_renews(events in events()) {
        let office = played(&events);
        let until = office.case.subject().levels.month(office.case.at);
        for account in ACCOUNTS {
            let entries = entries(&office, account);
            for pair in statement(account, &entries, until).windows(2) {
                let allotted = entries.iter().rfind(|one| one.allotted.is_some() && one.month <= pair[1].month);
                let Some(text) = allotted.and_then(|one| one.allotted.clone()) else { continue; };
                let edited = entries.iter().any(|one| one.allotted.is_some() && one.month == pair[1].month);
                if edited {
                    continue;
                }
                match text.strip_suffix("/month") {
                    Some(each) => prop_assert_eq!(pair[1].opening, each.parse().ok()),
                    None => prop_assert_eq!(pair[1].opening, pair[0].closing),
                }
            }
        }
    }

    #[test]
    fn credit_is_never_taken_below_zero(events in events()) {
        let office = played(&events);
        let mut seen = std::collections::BTreeSet::new();
        for entry in office.ledger.iter().filter(|one| one.reason == Reason::FirstBackup) {
            prop_assert!(seen.insert((entry.month, entry.client.clone())), "debited twice");
        }
        // Only an allotment set below what was drawn makes it less than zero, never a debit.
        for account in ACCOUNTS {
            let entries = entries(&office, account);
            for (place, entry) in entries.iter().enumerate() {
                if entry.reason.is_debit() && entry.units > 0 {
                    let so_far = line(&entries[..=place], account, entry.month);
                    prop_assert!(so_far.closing.is_none_or(|closing| closing >= 0), "{so_far:?}");
                }
            }
        }
    }
}

#[test]
fn a_statement_reads_as_an_administrator_counts() {
    let mut office = Office::of(3);
    let day = |text: &str| text.parse::<Timestamp>().unwrap();
    office.case.at = day("2026-10-02T00:00:00Z");
    office.allots(Account::Customer, "5");
    for client in 0..3 {
        office
            .backs_up(client, day("2026-10-05T00:00:00Z"))
            .unwrap();
    }
    office.backs_up(0, day("2026-11-05T00:00:00Z")).unwrap();
    office.allots(Account::Customer, "+10");
    office.backs_up(1, day("2026-11-06T00:00:00Z")).unwrap();
    office.changes(1, "platform", "server").unwrap();
    let until = Month::of(day("2026-12-31T23:59:59Z"), &Zone::utc());
    let lines = statement(Account::Customer, &office.ledger, until);
    let shown: Vec<String> = lines
        .iter()
        .map(|one| {
            let (opening, closing) = (one.opening.unwrap(), one.closing.unwrap());
            format!(
                "{} {opening} +{} -{} {closing} {}",
                one.month, one.added, one.used, one.clients
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "2026-10 0 +5 -3 2 3",
            "2026-11 2 +10 -3 9 2",
            "2026-12 9 +0 -0 9 0"
        ]
    );
}
