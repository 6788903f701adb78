//! Every answer of admission against the model's.

use penstock_policy::admit::{Act, admit, register};
use penstock_policy::mcal::Paid;
use penstock_policy::protocol::Kind;
use penstock_policy::refusal::{Class, Reference, Refusal};
use penstock_policy::space::{Purpose, fit};
use proptest::prelude::*;

use crate::arbitrary::{ACTS, CANARY, Case, cases};
use crate::holdings::figures_of_others;
use crate::model;

/// A sentence names no reseller or server, and none of their figures.
fn says_nothing_of_others(case: &Case, refusal: &Refusal) -> Result<(), TestCaseError> {
    let sentence = refusal.sentence().to_lowercase();
    for word in [CANARY, "reseller", "server", "bank"] {
        prop_assert!(!sentence.contains(word), "{}", sentence);
    }
    // A customer's own words may hold any figure.
    if !matches!(refusal.code(), "customer-inactive" | "client-inactive") {
        for figure in figures_of_others(case) {
            prop_assert!(
                !sentence.contains(&figure.to_lowercase()),
                "{figure}: {sentence}"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn admission_answers_as_the_rules_word_it(case in cases()) {
        for act in ACTS {
            let answer = admit(&case.subject(), act, case.at);
            let code = answer.as_ref().err().map(|refusal| refusal.code());
            prop_assert_eq!(code, model::answer(&case, act), "{:?}", act);
        }
        let answer = register(&case.subject(), case.at);
        let code = answer.as_ref().err().map(|refusal| refusal.code());
        prop_assert_eq!(code, model::registration(&case));
    }

    #[test]
    fn only_its_first_repository_or_a_registration_adds_a_client(case in cases()) {
        for act in ACTS {
            if let Ok(permit) = admit(&case.subject(), act, case.at) {
                prop_assert_eq!(permit.enrols(), case.client.is_none() && act == Act::Create);
            }
        }
        if let Ok(permit) = register(&case.subject(), case.at) {
            prop_assert!(permit.enrols() && case.client.is_none());
        }
    }

    #[test]
    fn a_sentence_shown_to_a_client_never_names_the_reseller_or_the_server(case in cases()) {
        let answers = ACTS
            .into_iter()
            .map(|act| admit(&case.subject(), act, case.at))
            .chain([register(&case.subject(), case.at)]);
        let levels = case.subject().levels;
        let short = [Purpose::Data, Purpose::Upkeep]
            .map(|purpose| fit(&levels.figures(case.taken), case.wanted, purpose));
        let exceeded = short.into_iter().filter_map(Result::err).map(|short| levels.exceeded(short));
        let nearly_full = Refusal::DiskReserve {
            location: levels.location().to_string(),
            percent: case.server.disk_reserve,
        };
        let all = answers.filter_map(Result::err).chain(exceeded).chain([nearly_full]);
        for refusal in all {
            says_nothing_of_others(&case, &refusal)?;
        }
    }

    #[test]
    fn a_refusal_is_one_line_without_control_characters(case in cases()) {
        for act in ACTS {
            if let Err(refusal) = admit(&case.subject(), act, case.at) {
                let line = refusal.line(&case.server.contact, &Reference::from_bits(7));
                prop_assert!(!line.contains(char::is_control), "{:?}", line);
                prop_assert!(refusal.sentence().ends_with('.'));
                prop_assert!(line.ends_with(" [0007]"));
                prop_assert!(line.chars().count() <= 400, "{}", line);
            }
        }
    }

    #[test]
    fn whoever_is_unknown_is_told_nothing_but_by_a_customer_that_adds_clients(case in cases()) {
        let open = case.customer.automatically_add_clients && case.reseller.automatically_add_clients;
        if case.client.is_none() && !open {
            for act in ACTS {
                let refusal = admit(&case.subject(), act, case.at).unwrap_err();
                prop_assert_eq!(refusal.class(), Class::Unauthenticated);
            }
        }
    }

    #[test]
    fn whoever_has_paid_is_never_refused_for_mcals(case in cases()) {
        let Some(month) = case.month else { return Ok(()); };
        let mut case = case;
        if let Some(client) = case.client.as_mut() {
            let paid = Paid { month, units: 1, platform: client.platform, plugins: client.plugins.clone() };
            client.paid = Some(paid);
        }
        for act in ACTS {
            match admit(&case.subject(), act, case.at) {
                Ok(permit) => prop_assert!(!permit.debits() || case.client.is_none()),
                Err(refusal) => prop_assert!(case.client.is_none() || refusal.code() != "mcal-exhausted"),
            }
        }
    }

    #[test]
    fn a_client_is_debited_with_its_first_object_and_only_when_it_has_not_paid(case in cases()) {
        for act in ACTS {
            if let Ok(permit) = admit(&case.subject(), act, case.at) {
                let expected = match (&case.client, case.month) {
                    (None, _) => act == Act::Create,
                    (Some(client), Some(month)) => {
                        matches!(act, Act::Post(Kind::Data | Kind::Index | Kind::Snapshots))
                            && client.paid.as_ref().is_none_or(|paid| paid.month < month)
                    }
                    (Some(_), None) => false,
                };
                prop_assert_eq!(permit.debits(), expected, "{:?}", act);
            }
        }
    }

    #[test]
    fn the_nearest_level_that_cannot_pay_is_named(case in cases()) {
        for act in ACTS {
            if let Err(Refusal::McalExhausted { level, needs, .. }) = admit(&case.subject(), act, case.at) {
                prop_assert_eq!(Some(level), model::cannot_pay(&case));
                prop_assert_eq!(u64::from(needs), model::price(&case));
            }
        }
    }
}
