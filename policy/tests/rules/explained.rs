//! What `explain` says beforehand is what happens.

use penstock_policy::admit::{Act, Subject, admit, register};
use penstock_policy::explain::{RefusalWord, explain};
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;
use proptest::prelude::*;

use crate::arbitrary::{Case, cases};

/// The answer to the act that a verdict is named after.
fn answer(case: &Case, verdict: &str) -> Option<RefusalWord> {
    let subject = case.subject();
    let another = Subject {
        schedule_exists: false,
        ..subject
    };
    let result = match verdict {
        "restore" => admit(&subject, Act::Read, case.at),
        "backup" if case.schedule_exists => admit(&subject, Act::Post(Kind::Data), case.at),
        "backup" | "create" => admit(&another, Act::Create, case.at),
        "delete" => admit(&subject, Act::Delete(Kind::Snapshots), case.at),
        "register" => register(&subject, case.at),
        other => panic!("no such verdict: {other}"),
    };
    result.err().as_ref().map(RefusalWord::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn explain_says_what_admit_says(case in cases()) {
        let explanation = explain(&case.subject(), case.at);
        let acts: Vec<&str> = explanation.verdicts.iter().map(|verdict| verdict.act.as_str()).collect();
        prop_assert_eq!(acts, ["backup", "restore", "delete", "create", "register"]);
        for verdict in &explanation.verdicts {
            prop_assert_eq!(&verdict.refusal, &answer(&case, &verdict.act), "{}", verdict.act);
        }
    }

    #[test]
    fn explain_shows_every_level_and_the_one_that_stands_in_the_way(case in cases()) {
        let explanation = explain(&case.subject(), case.at);
        prop_assert_eq!(explanation.levels.len(), if case.client.is_some() { 4 } else { 3 });
        let all = explanation.levels.iter().all(|word| word.activated);
        prop_assert_eq!(all, case.subject().levels.activated_at(case.at).is_ok());
    }

    #[test]
    fn explain_shows_the_rate_that_the_throttle_holds(case in cases()) {
        let explanation = explain(&case.subject(), case.at);
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
    let verdicts = explain(&case.subject(), case.at).verdicts;
    let refusal = verdicts[0].refusal.as_ref().unwrap();
    assert_eq!(refusal.code, "client-unknown");
    assert!(refusal.cause.contains("does not add clients automatically"));
    assert!(refusal.sentence.starts_with("Access denied"));
}
