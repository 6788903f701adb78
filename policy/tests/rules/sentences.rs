//! What refusals say: word for word, in one line, and each with a code that is known.

use std::collections::BTreeSet;

use penstock_policy::mcal::Credit;
use penstock_policy::refusal::{Class, Reference, Refusal};
use penstock_policy::throttle::Level;

/// The longest name that a customer can have, two bytes a letter.
fn long() -> String {
    "Ä".repeat(100)
}

fn exhausted(level: Level, credit: Credit, left: u64, needs: u32) -> Refusal {
    Refusal::McalExhausted {
        level,
        customer: "ABC Inc.".to_owned(),
        month: "2026-11".parse().unwrap(),
        credit,
        left,
        needs,
    }
}

fn exceeded(level: Level, name: &str) -> Refusal {
    Refusal::SpaceExceeded {
        level,
        name: name.to_owned(),
        allotted: 10 << 30,
        taken: (10 << 30) - 5,
        wanted: 4 << 20,
    }
}

/// One of each, with the longest words that its fields can have. The match names every variant: a new one doesn't compile
/// until it stands here too.
fn every() -> Vec<Refusal> {
    let all = vec![
        Refusal::BadCredentials,
        Refusal::BadPassKey,
        Refusal::PassKeyExpired,
        Refusal::ClientUnknown,
        Refusal::ClientRemoved,
        Refusal::ClientRevoked,
        Refusal::ClientLimit {
            customer: long(),
            limit: 1_000_000,
        },
        Refusal::ClientInactive {
            client: "c".repeat(64),
            reason: "unpaid.".to_owned(),
            until: None,
        },
        Refusal::CustomerInactive {
            customer: long(),
            reason: "unpaid".to_owned(),
            until: Some("2026-12-24T08:00".parse().unwrap()),
        },
        Refusal::ResellerInactive,
        Refusal::AppendOnly,
        Refusal::ConfigExists,
        Refusal::ScheduleLimit { limit: 1024 },
        Refusal::ClientExists {
            client: "c".repeat(64),
        },
        Refusal::NameTaken {
            name: "c".repeat(64),
            by: format!("customer {}", long()),
        },
        Refusal::PasswordTooShort,
        Refusal::PasswordUnfit {
            problem: "it is too long".to_owned(),
        },
        Refusal::TooManyAttempts { seconds: 86_400 },
        Refusal::McalExhausted {
            level: Level::Customer,
            customer: long(),
            month: "2026-11".parse().unwrap(),
            credit: Credit::Monthly(1_000_000_000),
            left: 16_999,
            needs: 17_000,
        },
        Refusal::SpaceExceeded {
            level: Level::Customer,
            name: long(),
            allotted: (1 << 50) - 1,
            taken: (1 << 50) - 1,
            wanted: (1 << 50) - 1,
        },
        Refusal::DiskReserve {
            location: "l".repeat(40),
            percent: 50,
        },
        Refusal::Recounting,
        Refusal::AuthenticationBusy,
        Refusal::Busy,
        Refusal::LocationUnavailable,
        Refusal::DiskFull,
        Refusal::StoreUnavailable,
        Refusal::Draining,
    ];
    for refusal in &all {
        match refusal {
            Refusal::BadCredentials
            | Refusal::BadPassKey
            | Refusal::PassKeyExpired
            | Refusal::ClientUnknown
            | Refusal::ClientRemoved
            | Refusal::ClientRevoked
            | Refusal::ClientLimit { .. }
            | Refusal::ClientInactive { .. }
            | Refusal::CustomerInactive { .. }
            | Refusal::ResellerInactive
            | Refusal::AppendOnly
            | Refusal::ConfigExists
            | Refusal::ScheduleLimit { .. }
            | Refusal::ClientExists { .. }
            | Refusal::NameTaken { .. }
            | Refusal::PasswordTooShort
            | Refusal::PasswordUnfit { .. }
            | Refusal::TooManyAttempts { .. }
            | Refusal::McalExhausted { .. }
            | Refusal::SpaceExceeded { .. }
            | Refusal::DiskReserve { .. }
            | Refusal::Recounting
            | Refusal::AuthenticationBusy
            | Refusal::Busy
            | Refusal::LocationUnavailable
            | Refusal::DiskFull
            | Refusal::StoreUnavailable
            | Refusal::Draining => {}
        }
    }
    all
}

/// Every code there is, by the class of its answer.
const CODES: [(Class, &[&str]); 4] = [
    (
        Class::Unauthenticated,
        &[
            "bad-credentials",
            "bad-pass-key",
            "client-removed",
            "client-revoked",
            "client-unknown",
        ],
    ),
    (
        Class::Forbidden,
        &[
            "append-only",
            "client-exists",
            "client-inactive",
            "client-limit",
            "config-exists",
            "customer-inactive",
            "mcal-exhausted",
            "name-taken",
            "pass-key-expired",
            "password-too-short",
            "password-unfit",
            "reseller-inactive",
            "schedule-limit",
            "too-many-attempts",
        ],
    ),
    (
        Class::NoSpace,
        &["disk-full", "disk-reserve", "space-exceeded"],
    ),
    (
        Class::Unavailable,
        &[
            "authentication-busy",
            "busy",
            "draining",
            "location-unavailable",
            "recounting",
            "store-unavailable",
        ],
    ),
];

#[test]
fn every_refusal_has_a_code_that_is_known_and_its_own() {
    let all = every();
    for (class, codes) in CODES {
        let of = all.iter().filter(|one| one.class() == class);
        let found: BTreeSet<&str> = of.map(Refusal::code).collect();
        assert_eq!(found, codes.iter().copied().collect(), "{class:?}");
    }
    for refusal in &all {
        let code = refusal.code();
        assert_eq!(Refusal::known_code(code), Some(code));
        let alike = all.iter().filter(|one| one.code() == code);
        assert_eq!(alike.count(), 1, "{code}");
    }
    for unknown in ["", "space", "Space-Exceeded", "space-exceeded "] {
        assert_eq!(Refusal::known_code(unknown), None);
    }
    let guesses = Refusal::GUESSES.map(Refusal::known_code);
    assert_eq!(guesses, Refusal::GUESSES.map(Some));
}

#[test]
fn every_sentence_is_one_short_line_with_one_full_stop_at_its_end() {
    let contact = "support@msp.example";
    for refusal in every() {
        for text in [refusal.sentence(), refusal.cause()] {
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.ends_with('.') && !text.contains(".."), "{text}");
            assert!(!text.contains("  ") && text.trim() == text, "{text}");
            assert!(
                text.starts_with(char::is_uppercase) || text.starts_with('c'),
                "{text}"
            );
            assert!(text.chars().count() <= 270, "{} {text}", text.len());
        }
        let line = refusal.line(contact, &Reference::from_bits(0));
        assert!(line.len() <= 500, "{line}");
        assert!(line.ends_with("support@msp.example [0000]"), "{line}");
    }
}

#[test]
fn the_longest_name_and_contact_still_fit_a_reason_phrase() {
    for refusal in every() {
        let line = refusal.line(&"c".repeat(80), &Reference::from_bits(0));
        assert!(line.len() <= 500, "{} {line}", line.len());
    }
}

#[test]
fn a_sentence_of_ordinary_names_has_at_most_200_characters() {
    for credit in [Credit::Number(1000), Credit::Monthly(1000)] {
        for left in [0, 1] {
            for level in [Level::Customer, Level::Reseller, Level::Server] {
                let sentence = exhausted(level, credit, left, 2).sentence();
                assert!(sentence.len() <= 200, "{} {sentence}", sentence.len());
            }
        }
    }
    for level in [Level::Client, Level::Customer, Level::Server] {
        assert!(exceeded(level, "ABC Inc.").sentence().len() <= 200);
    }
}

#[test]
fn whoever_is_out_of_mcals_reads_from_when_its_clients_can_back_up_again() {
    use Level::{Customer, Reseller, Server};
    for (level, credit, left, needs, expected) in [
        (
            Customer,
            Credit::Monthly(25),
            0,
            1,
            "ABC Inc. has used its 25 MCALs of 2026-11: a client that is not paid for 2026-11 can back up again from \
             2026-12-01. Restores still work.",
        ),
        (
            Customer,
            Credit::Number(25),
            0,
            1,
            "ABC Inc. has used its 25 MCALs: a client that is not paid for 2026-11 can back up again when MCALs are \
             added. Restores still work.",
        ),
        (
            Customer,
            Credit::Number(1),
            0,
            1,
            "ABC Inc. has used its 1 MCAL: a client that is not paid for 2026-11 can back up again when MCALs are \
             added. Restores still work.",
        ),
        (
            Customer,
            Credit::Monthly(25),
            1,
            4,
            "ABC Inc. has 1 left of its 25 MCALs of 2026-11, and this client needs 4: it can back up again from \
             2026-12-01. Restores still work.",
        ),
        // A new month brings too few of them.
        (
            Customer,
            Credit::Monthly(3),
            3,
            4,
            "ABC Inc. has 3 left of its 3 MCALs of 2026-11, and this client needs 4: it can back up again when MCALs \
             are added. Restores still work.",
        ),
        (
            Customer,
            Credit::Monthly(0),
            0,
            1,
            "ABC Inc. has no MCALs: this client can back up again when MCALs are added. Restores still work.",
        ),
        (
            Reseller,
            Credit::Monthly(31_337),
            1,
            2,
            "No MCAL is left for this client in 2026-11: it can back up again from 2026-12-01. Restores still work.",
        ),
        (
            Reseller,
            Credit::Monthly(1),
            1,
            2,
            "No MCAL is left for this client in 2026-11: it can back up again when MCALs are added. Restores still \
             work.",
        ),
        (
            Server,
            Credit::Number(42_424),
            0,
            1,
            "No MCAL is left for this client in 2026-11: it can back up again when MCALs are added. Restores still \
             work.",
        ),
    ] {
        assert_eq!(exhausted(level, credit, left, needs).sentence(), expected);
    }
}

#[test]
fn an_administrator_reads_whose_mcals_are_used_up() {
    assert_eq!(
        exhausted(Level::Reseller, Credit::Monthly(31_337), 1, 2).cause(),
        "The reseller has 1 left of its 31337 MCALs of 2026-11, and this client needs 2: it can back up again from \
         2026-12-01. Restores still work."
    );
    assert_eq!(
        exhausted(Level::Server, Credit::Number(42_424), 0, 1).cause(),
        "The bank has used its 42424 MCALs: a client that is not paid for 2026-11 can back up again when MCALs are \
         added. Restores still work."
    );
}

#[test]
fn whoever_is_full_reads_its_own_figures_and_nobody_elses() {
    for (level, name, sentence, cause) in [
        (
            Level::Client,
            "laptop",
            "Client laptop has used 10.0 GiB of 10.0 GiB: 4.0 MiB more don't fit. Restores and deletes still work.",
            None,
        ),
        (
            Level::Customer,
            "ABC Inc.",
            "ABC Inc. has used 10.0 GiB of 10.0 GiB: 4.0 MiB more don't fit. Restores and deletes still work.",
            None,
        ),
        (
            Level::Reseller,
            "Acme",
            "Your provider has no room for 4.0 MiB more. Restores and deletes still work.",
            Some(
                "Reseller Acme has used 10.0 GiB of 10.0 GiB: 4.0 MiB more don't fit. Restores and deletes still work.",
            ),
        ),
        (
            Level::Server,
            "",
            "Your provider has no room for 4.0 MiB more. Restores and deletes still work.",
            Some(
                "The server has used 10.0 GiB of 10.0 GiB: 4.0 MiB more don't fit. Restores and deletes still work.",
            ),
        ),
    ] {
        let refusal = exceeded(level, name);
        assert_eq!(refusal.sentence(), sentence);
        assert_eq!(refusal.cause(), cause.unwrap_or(sentence));
    }
}

#[test]
fn a_nearly_full_disk_is_named_to_administrators_alone() {
    let refusal = Refusal::DiskReserve {
        location: "fast".to_owned(),
        percent: 5,
    };
    assert_eq!(
        refusal.sentence(),
        "The backup disk is nearly full and takes no new data. Restores and deletes still work."
    );
    assert_eq!(
        refusal.cause(),
        "Less than 5 % of location fast would stay free: it takes no new data."
    );
    assert_eq!(
        Refusal::Recounting.sentence(),
        "The repository's space is being counted after an interruption: try again soon."
    );
    assert_eq!(
        Refusal::LocationUnavailable.sentence(),
        "The backup location is not available at the moment: try again later."
    );
}
