//! Single rules of admission by name.

use penstock_policy::admit::{Act, admit, free_slot, register};
use penstock_policy::mcal::Mcals;
use penstock_policy::protocol::Kind;
use penstock_policy::record::PasswordError;
use penstock_policy::refusal::{Class, Refusal};

use crate::arbitrary::{ACTS, Case, suspended};

fn code(case: &Case, act: Act) -> &'static str {
    admit(&case.subject(), act, case.at).map_or_else(|refusal| refusal.code(), |_| "admitted")
}

fn registration(case: &Case) -> &'static str {
    register(&case.subject(), case.at).map_or_else(|refusal| refusal.code(), |_| "admitted")
}

/// What goes on whatever was suspended.
const ALWAYS: [Act; 3] = [Act::Read, Act::Post(Kind::Locks), Act::Delete(Kind::Locks)];

#[test]
fn an_activated_client_may_do_everything() {
    for act in ACTS {
        assert_eq!(code(&Case::plain(), act), "admitted", "{act:?}");
    }
}

#[test]
fn a_suspended_customer_can_still_restore_and_lock() {
    let mut case = Case::plain();
    case.customer.activation = suspended("invoice 2041 is unpaid", None);
    for act in ACTS {
        let expected = if ALWAYS.contains(&act) {
            "admitted"
        } else {
            "customer-inactive"
        };
        assert_eq!(code(&case, act), expected, "{act:?}");
    }
}

#[test]
fn a_suspended_client_and_a_clients_suspended_reseller_can_still_restore_and_lock() {
    let mut client = Case::plain();
    client.client.as_mut().unwrap().activation = suspended("", None);
    let mut reseller = Case::plain();
    reseller.reseller.activation = suspended("", None);
    for (case, inactive) in [(client, "client-inactive"), (reseller, "reseller-inactive")] {
        for act in ACTS {
            let expected = if ALWAYS.contains(&act) {
                "admitted"
            } else {
                inactive
            };
            assert_eq!(code(&case, act), expected, "{act:?}");
        }
    }
}

#[test]
fn where_no_repository_exists_a_suspension_is_told_at_the_first_read() {
    let mut case = Case::plain();
    case.schedule_exists = false;
    case.customer.activation = suspended("", None);
    assert_eq!(code(&case, Act::Read), "customer-inactive");
}

#[test]
fn lowering_the_limit_evicts_nobody() {
    let mut case = Case::plain();
    case.clients = 5;
    case.customer.maximum_client_limit = Some(2);
    for act in ACTS {
        assert_eq!(code(&case, act), "admitted", "{act:?}");
    }
    case.schedule_exists = false;
    assert_eq!(code(&case, Act::Create), "admitted");
    let newcomer = Case {
        clients: 5,
        customer: case.customer,
        ..Case::unknown()
    };
    assert_eq!(registration(&newcomer), "client-limit");
}

#[test]
fn every_way_in_checks_the_limit() {
    let mut case = Case::unknown();
    case.customer.maximum_client_limit = Some(3);
    case.clients = 2;
    assert_eq!(code(&case, Act::Create), "admitted");
    assert_eq!(registration(&case), "admitted");
    assert_eq!(free_slot(&case.subject()), Ok(()));
    case.clients = 3;
    assert_eq!(code(&case, Act::Create), "client-limit");
    assert_eq!(registration(&case), "client-limit");
    assert_eq!(
        free_slot(&case.subject()),
        Err(Refusal::ClientLimit {
            customer: "ABC Inc.".into(),
            limit: 3
        })
    );
}

#[test]
fn a_thousand_unknown_clients_on_five_free_slots_give_five_clients() {
    let mut case = Case::unknown();
    case.customer.maximum_client_limit = Some(8);
    case.clients = 3;
    let mut added = 0;
    for _ in 0..1_000 {
        if admit(&case.subject(), Act::Create, case.at).is_ok_and(|permit| permit.enrols()) {
            case.clients += 1;
            added += 1;
        }
    }
    assert_eq!(added, 5);
}

#[test]
fn an_unknown_client_is_refused_by_default() {
    let mut case = Case::unknown();
    case.customer.automatically_add_clients = false;
    for act in ACTS {
        assert_eq!(code(&case, act), "client-unknown");
    }
}

#[test]
fn a_reseller_can_block_automatic_adding() {
    let mut case = Case::unknown();
    assert_eq!(code(&case, Act::Create), "admitted");
    case.reseller.automatically_add_clients = false;
    assert_eq!(code(&case, Act::Create), "client-unknown");
    // A pass key is the customer's own way in.
    assert_eq!(registration(&case), "admitted");
}

#[test]
fn a_pass_key_registers_whether_or_not_clients_are_added_automatically() {
    let mut case = Case::unknown();
    for automatically in [true, false] {
        case.customer.automatically_add_clients = automatically;
        assert_eq!(registration(&case), "admitted");
    }
}

#[test]
fn a_pass_key_never_resets_an_existing_client() {
    let mut case = Case::plain();
    assert_eq!(registration(&case), "client-exists");
    case.client.as_mut().unwrap().revoked = Some(case.at);
    assert_eq!(registration(&case), "client-exists");
}

#[test]
fn a_pass_key_ends_at_its_instant_and_with_its_last_use() {
    let mut case = Case::unknown();
    case.customer.pass_key.until = Some(case.at + jiff::SignedDuration::from_nanos(1));
    case.customer.pass_key.uses_left = Some(1);
    assert_eq!(registration(&case), "admitted");
    case.customer.pass_key.uses_left = Some(0);
    assert_eq!(registration(&case), "pass-key-expired");
    case.customer.pass_key.uses_left = None;
    case.customer.pass_key.until = Some(case.at);
    assert_eq!(registration(&case), "pass-key-expired");
}

#[test]
fn a_removed_client_stays_out_by_every_way_in() {
    let mut case = Case::unknown();
    case.removed = true;
    assert_eq!(code(&case, Act::Create), "client-removed");
    assert_eq!(registration(&case), "client-removed");
}

#[test]
fn a_revoked_client_cannot_even_read() {
    let mut case = Case::plain();
    case.client.as_mut().unwrap().revoked = Some(case.at);
    for act in ACTS {
        let refusal = admit(&case.subject(), act, case.at).unwrap_err();
        assert_eq!(refusal, Refusal::ClientRevoked, "{act:?}");
        assert_eq!(refusal.class(), Class::Unauthenticated);
    }
}

#[test]
fn locks_can_be_deleted_in_append_only() {
    let mut case = Case::plain();
    case.server.append_only = true;
    for kind in Kind::ALL {
        let expected = if kind == Kind::Locks {
            "admitted"
        } else {
            "append-only"
        };
        assert_eq!(code(&case, Act::Delete(kind)), expected, "{kind}");
        assert_eq!(code(&case, Act::Post(kind)), "admitted", "{kind}");
    }
}

#[test]
fn a_customers_own_word_on_append_only_stands_above_the_servers() {
    let mut case = Case::plain();
    for (server, own, expected) in [
        (true, None, "append-only"),
        (true, Some(false), "admitted"),
        (false, None, "admitted"),
        (false, Some(true), "append-only"),
    ] {
        case.server.append_only = server;
        case.customer.append_only = own;
        assert_eq!(code(&case, Act::Delete(Kind::Data)), expected);
    }
}

#[test]
fn a_client_with_all_its_schedules_makes_no_more_but_goes_on_with_those_it_has() {
    let mut case = Case::plain();
    case.schedules = 32;
    for act in ACTS {
        assert_eq!(code(&case, act), "admitted", "{act:?}");
    }
    case.schedule_exists = false;
    assert_eq!(code(&case, Act::Read), "schedule-limit");
    assert_eq!(code(&case, Act::Create), "schedule-limit");
}

#[test]
fn the_first_failure_in_the_rules_order_is_the_answer() {
    let mut case = Case::unknown();
    case.removed = true;
    case.customer.automatically_add_clients = false;
    case.customer.maximum_client_limit = Some(0);
    case.reseller.activation = suspended("", None);
    case.customer.activation = suspended("", None);
    assert_eq!(code(&case, Act::Create), "client-removed");
    case.removed = false;
    assert_eq!(code(&case, Act::Create), "client-unknown");
    case.customer.automatically_add_clients = true;
    assert_eq!(code(&case, Act::Create), "client-limit");
    case.customer.maximum_client_limit = None;
    assert_eq!(code(&case, Act::Create), "reseller-inactive");
    case.reseller.activation.activated = true;
    assert_eq!(code(&case, Act::Create), "customer-inactive");
    case.customer.activation.activated = true;
    case.customer.mcals = Mcals::Number(0);
    assert_eq!(code(&case, Act::Create), "mcal-exhausted");
    case.customer.mcals = Mcals::Auto;
    assert_eq!(code(&case, Act::Create), "admitted");
}

#[test]
fn a_client_with_all_its_schedules_is_told_so_before_its_mcals() {
    let mut case = Case::plain();
    (case.schedules, case.schedule_exists) = (32, false);
    case.customer.mcals = Mcals::Number(0);
    assert_eq!(code(&case, Act::Create), "schedule-limit");
    case.schedules = 31;
    assert_eq!(code(&case, Act::Create), "mcal-exhausted");
    assert_eq!(code(&case, Act::Read), "mcal-exhausted");
}

#[test]
fn without_mcals_only_what_backs_up_is_refused() {
    let mut case = Case::plain();
    case.customer.mcals = Mcals::Number(0);
    for act in ACTS {
        let backs_up = matches!(act, Act::Post(kind) if kind.pays());
        let expected = if backs_up {
            "mcal-exhausted"
        } else {
            "admitted"
        };
        assert_eq!(code(&case, act), expected, "{act:?}");
    }
    // What goes on was let in when it began.
    case.month = None;
    for act in ACTS {
        assert_eq!(code(&case, act), "admitted", "{act:?}");
    }
}

#[test]
fn a_registered_client_is_debited_when_it_backs_up_and_an_added_one_at_once() {
    let mut case = Case::unknown();
    let permit = admit(&case.subject(), Act::Create, case.at).unwrap();
    assert!(permit.enrols() && permit.debits());
    case.customer.mcals = Mcals::Number(0);
    assert_eq!(code(&case, Act::Create), "mcal-exhausted");
    let permit = register(&case.subject(), case.at).unwrap();
    assert!(permit.enrols() && !permit.debits());
}

#[test]
fn a_suspended_append_only_customer_is_told_of_the_suspension() {
    let mut case = Case::plain();
    case.customer.append_only = Some(true);
    case.customer.activation = suspended("", None);
    assert_eq!(code(&case, Act::Delete(Kind::Data)), "customer-inactive");
}

#[test]
fn the_client_reads_its_customers_reason_and_never_the_resellers() {
    let mut case = Case::plain();
    case.customer.activation = suspended("invoice 2041 is unpaid.", Some("2026-12-24"));
    let post = |case: &Case| {
        admit(&case.subject(), Act::Post(Kind::Data), case.at)
            .unwrap_err()
            .sentence()
    };
    assert_eq!(
        post(&case),
        "ABC Inc. is suspended until 2026-12-24: invoice 2041 is unpaid. Restores still work."
    );
    case.reseller.activation = suspended("they owe us 12,000", None);
    assert_eq!(
        post(&case),
        "Backups are suspended by your provider. Restores still work."
    );
}

#[test]
fn a_password_that_is_too_short_has_its_own_code() {
    assert_eq!(
        Refusal::from(PasswordError::TooShort).code(),
        "password-too-short"
    );
    for other in [
        PasswordError::TooLong,
        PasswordError::Control,
        PasswordError::Prefix,
    ] {
        assert_eq!(Refusal::from(other).code(), "password-unfit");
    }
}
