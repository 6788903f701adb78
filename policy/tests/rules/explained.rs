//! What `explain` says beforehand is what happens.

use std::collections::BTreeSet;

use penstock_policy::admit::{Act, Subject, admit, register};
use penstock_policy::explain::{RefusalWord, explain};
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;
use penstock_policy::refusal::Refusal;
use penstock_policy::space::{Purpose, fit, may_use_disk};
use penstock_policy::throttle::Level;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::arbitrary::{Case, cases};
use crate::model;

/// The answer to the act that a verdict is named after.
fn answer(case: &Case, verdict: &str) -> Option<RefusalWord> {
    let subject = case.subject();
    let another = Subject {
        schedule_exists: false,
        ..subject
    };
    let (result, room) = match verdict {
        "restore" => (admit(&subject, Act::Read, case.at), reachable(case)),
        "backup" if case.schedule_exists => (
            admit(&subject, Act::Post(Kind::Data), case.at),
            taken(case, case.wanted),
        ),
        "backup" => (
            admit(&another, Act::Create, case.at),
            taken(case, case.wanted),
        ),
        // Another schedule is not the one that is being counted.
        "create" => {
            let sure = Case {
                recounting: false,
                ..case.clone()
            };
            (admit(&another, Act::Create, case.at), taken(&sure, 1))
        }
        "delete" => (
            admit(&subject, Act::Delete(Kind::Snapshots), case.at),
            reachable(case),
        ),
        "register" => (register(&subject, case.at), Ok(())),
        other => panic!("no such verdict: {other}"),
    };
    let result = result.and(room);
    result.err().as_ref().map(RefusalWord::from)
}

fn reachable(case: &Case) -> Result<(), Refusal> {
    case.disk.map(|_| ()).ok_or(Refusal::LocationUnavailable)
}

/// What the data path asks of so many bytes of data, once the act itself is admitted.
fn taken(case: &Case, wanted: u64) -> Result<(), Refusal> {
    reachable(case)?;
    if case.recounting {
        return Err(Refusal::Recounting);
    }
    let levels = case.subject().levels;
    fit(&levels.figures(case.taken), wanted, Purpose::Data)
        .map_err(|short| levels.exceeded(short))?;
    let percent = case.server.disk_reserve;
    if may_use_disk(case.disk.unwrap(), percent, wanted, Purpose::Data) {
        return Ok(());
    }
    Err(Refusal::DiskReserve {
        location: levels.location().to_string(),
        percent,
    })
}

/// The code of a verdict by the rules' own words.
fn by_the_model(case: &Case, verdict: &str) -> Option<&'static str> {
    let another = Case {
        schedule_exists: false,
        ..case.clone()
    };
    let unreachable = || case.disk.is_none().then_some("location-unavailable");
    match verdict {
        "restore" => model::answer(case, Act::Read).or_else(unreachable),
        "delete" => model::answer(case, Act::Delete(Kind::Snapshots)).or_else(unreachable),
        "register" => model::registration(case),
        "create" => {
            let sure = Case {
                recounting: false,
                ..case.clone()
            };
            model::answer(&another, Act::Create).or_else(|| model::room(&sure, 1, false))
        }
        _ => {
            let answer = if case.schedule_exists {
                model::answer(case, Act::Post(Kind::Data))
            } else {
                model::answer(&another, Act::Create)
            };
            answer.or_else(|| model::room(case, case.wanted, false))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn explain_says_what_admit_says(case in cases()) {
        let explanation = explain(&case.subject(), &case.room(), case.at);
        let acts: Vec<&str> = explanation.verdicts.iter().map(|verdict| verdict.act.as_str()).collect();
        prop_assert_eq!(acts, ["backup", "restore", "delete", "create", "register"]);
        for verdict in &explanation.verdicts {
            prop_assert_eq!(&verdict.refusal, &answer(&case, &verdict.act), "{}", verdict.act);
            let code = verdict.refusal.as_ref().map(|refusal| refusal.code.as_str());
            prop_assert_eq!(code, by_the_model(&case, &verdict.act), "{}", verdict.act);
        }
    }

    #[test]
    fn explain_shows_every_level_and_the_one_that_stands_in_the_way(case in cases()) {
        let explanation = explain(&case.subject(), &case.room(), case.at);
        prop_assert_eq!(explanation.levels.len(), if case.client.is_some() { 4 } else { 3 });
        let all = explanation.levels.iter().all(|word| word.activated);
        prop_assert_eq!(all, case.subject().levels.activated_at(case.at).is_ok());
    }

    #[test]
    fn explain_shows_what_is_left_at_every_level_and_which_binds(case in cases()) {
        let explanation = explain(&case.subject(), &case.room(), case.at);
        let month = explanation.mcal.month;
        let (mut space, mut mcals) = (Vec::new(), Vec::new());
        for word in &explanation.levels {
            let (allotted, taken, credit) = match word.level {
                Level::Client => (case.client.as_ref().unwrap().space, case.taken.client, None),
                Level::Customer => (
                    case.customer.space,
                    case.taken.customer,
                    Some((case.customer.mcals.to_string(), case.customer.drawn)),
                ),
                Level::Reseller => (
                    case.reseller.space,
                    case.taken.reseller,
                    Some((case.reseller.mcals.to_string(), case.reseller.drawn)),
                ),
                Level::Server => (
                    case.server.space,
                    case.taken.server,
                    Some((case.server.mcals.to_string(), case.server.drawn)),
                ),
            };
            prop_assert_eq!(&word.space, &allotted.to_string());
            prop_assert_eq!(word.space_bytes, allotted.bytes());
            prop_assert_eq!(word.space_taken, taken);
            let free = allotted.bytes().map(|bytes| bytes - taken.min(bytes));
            prop_assert_eq!(word.space_free, free);
            prop_assert_eq!(&word.mcals, &credit.as_ref().map(|(text, _)| text.clone()));
            let left = credit.and_then(|(text, drawn)| model::left(&text, &drawn, month));
            prop_assert_eq!(word.mcals_left, left);
            space.extend(free.map(|free| (free, word.level)));
            mcals.extend(left.map(|left| (left, word.level)));
        }
        for (all, binds) in [(space, explanation.space_binds), (mcals, explanation.mcal.binds)] {
            let least = all.iter().map(|(left, _)| *left).min();
            let nearest = all.iter().find(|(left, _)| Some(*left) == least);
            prop_assert_eq!(binds, nearest.map(|(_, level)| *level));
        }
        prop_assert_eq!(u64::from(explanation.mcal.price), model::price(&case));
        let newest = case.server.drawn.month;
        prop_assert!(newest.is_none_or(|newest| month >= newest));
        if let Ok(permit) = admit(&case.subject(), Act::Post(Kind::Data), case.at)
            && case.client.is_some()
            && case.month.is_some()
        {
            prop_assert_eq!(explanation.mcal.paid, !permit.debits());
        }
    }

    #[test]
    fn explain_shows_the_rate_that_the_throttle_holds(case in cases()) {
        let explanation = explain(&case.subject(), &case.room(), case.at);
        for (direction, binding) in [
            (Direction::Backup, explanation.backup_rate),
            (Direction::Restore, explanation.restore_rate),
        ] {
            let span = case.subject().levels.rate_at(direction, case.at);
            prop_assert_eq!(binding.bytes_per_second, span.rate.map(|rate| rate.bytes_per_second()));
            prop_assert_eq!(binding.level, span.level);
            prop_assert_eq!(binding.until, span.until);
        }
    }
}

#[test]
fn explain_of_a_wrong_client_says_the_true_cause_and_the_words_it_will_read() {
    let mut case = Case::unknown();
    case.customer.automatically_add_clients = false;
    let verdicts = explain(&case.subject(), &case.room(), case.at).verdicts;
    let refusal = verdicts[0].refusal.as_ref().unwrap();
    assert_eq!(refusal.code, "client-unknown");
    assert!(refusal.cause.contains("does not add clients automatically"));
    assert!(refusal.sentence.starts_with("Access denied"));
}

#[test]
fn the_cases_of_these_tests_reach_every_refusal_that_can_be_foretold() {
    let mut runner = TestRunner::deterministic();
    let mut codes = BTreeSet::new();
    let mut exhausted = BTreeSet::new();
    for _ in 0..3_000 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        for verdict in explain(&case.subject(), &case.room(), case.at).verdicts {
            codes.extend(verdict.refusal.map(|refusal| refusal.code));
        }
        exhausted.extend(model::cannot_pay(&case).map(|level| format!("{level:?}")));
    }
    let expected = [
        "append-only",
        "client-exists",
        "client-inactive",
        "client-limit",
        "client-removed",
        "client-revoked",
        "client-unknown",
        "customer-inactive",
        "disk-reserve",
        "location-unavailable",
        "mcal-exhausted",
        "pass-key-expired",
        "recounting",
        "reseller-inactive",
        "schedule-limit",
        "space-exceeded",
    ];
    assert_eq!(Vec::from_iter(codes), expected);
    assert_eq!(
        Vec::from_iter(exhausted),
        ["Customer", "Reseller", "Server"]
    );
}
