//! Every answer of admission against the model's.

use penstock_policy::admit::{Act, admit, register};
use penstock_policy::refusal::{Class, Reference};
use proptest::prelude::*;

use crate::arbitrary::{ACTS, CANARY, cases};
use crate::model;

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
        for refusal in answers.filter_map(Result::err) {
            let sentence = refusal.sentence().to_lowercase();
            for word in [CANARY, "reseller", "server"] {
                prop_assert!(!sentence.contains(word), "{}", sentence);
            }
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
}
