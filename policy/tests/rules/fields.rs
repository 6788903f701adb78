//! The tables of fields: what each takes, refuses and suggests.

use std::fmt::Debug;

use penstock_policy::edit::{EditError, apply};
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use proptest::prelude::*;

use crate::arbitrary::{client, customer, reseller};
use crate::editing::assign;

/// A field of free text: its record, its name, the most characters, and whether lines may break.
const TEXTS: [(&str, &str, usize, bool); 11] = [
    ("customer", "email", 200, false),
    ("customer", "address", 500, true),
    ("customer", "city", 200, false),
    ("customer", "phone", 200, false),
    ("customer", "fax", 200, false),
    ("customer", "notes", 4000, true),
    ("customer", "reason", 200, false),
    ("client", "reason", 200, false),
    ("reseller", "reason", 200, false),
    ("reseller", "contact", 200, false),
    ("server", "contact", 80, false),
];

/// What the field of that kind of record makes of the value.
fn set(kind: &str, field: &str, value: &str) -> Result<String, String> {
    fn one<R: Record>(mut record: R, field: &str, value: &str) -> Result<String, String> {
        let field = R::FIELDS.iter().find(|one| one.name == field).unwrap();
        (field.set)(&mut record, value).map_err(|error| error.to_string())?;
        Ok((field.get)(&record))
    }
    match kind {
        "customer" => one(customer(), field, value),
        "client" => one(client(), field, value),
        "reseller" => one(reseller(), field, value),
        _ => one(Server::default(), field, value),
    }
}

#[test]
fn a_text_is_kept_up_to_its_limit_in_characters_and_refused_beyond() {
    for (kind, field, limit, _) in TEXTS {
        let fits = "ü".repeat(limit);
        assert_eq!(set(kind, field, &fits), Ok(fits.clone()), "{kind} {field}");
        let error = set(kind, field, &format!("{fits}x")).unwrap_err();
        assert_eq!(
            error,
            format!(
                "the text has {} characters; at most {limit} are kept",
                limit + 1
            )
        );
    }
}

#[test]
fn a_text_holds_no_control_characters_and_only_some_hold_line_breaks() {
    for (kind, field, _, breaks) in TEXTS {
        for bad in ["a\u{1b}[31mb", "a\0b", "a\rb", "a\tb", "a\u{9b}b"] {
            let error = set(kind, field, bad).unwrap_err();
            assert!(
                error.contains("control character"),
                "{kind} {field}: {error}"
            );
            assert!(!error.contains(char::is_control), "{error:?}");
        }
        assert_eq!(set(kind, field, "a\nb").is_ok(), breaks, "{kind} {field}");
        assert_eq!(set(kind, field, "  a  "), Ok("a".into()), "{kind} {field}");
    }
}

#[test]
fn a_number_is_taken_within_its_bounds() {
    for (kind, field, least, most) in [
        ("server", "schedule_limit", 1, 1024),
        ("server", "trash_days", 1, 3650),
        ("server", "disk_reserve", 0, 50),
        ("customer", "maximum_client_limit", 0, 1_000_000),
    ] {
        for number in [least, most] {
            let text = i64::to_string(&number);
            assert_eq!(set(kind, field, &text), Ok(text.clone()), "{field}");
        }
        for number in [least - 1, most + 1, i64::MAX] {
            let error = set(kind, field, &number.to_string()).unwrap_err();
            assert!(error.contains(&number.to_string()), "{error}");
        }
    }
}

#[test]
fn a_public_url_is_an_address_of_a_server_that_can_be_pasted_into_a_shell() {
    for (value, kept) in [
        (
            "https://backup.msp.example:8000",
            "https://backup.msp.example:8000",
        ),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("", ""),
    ] {
        assert_eq!(set("server", "public_url", value), Ok(kept.into()));
    }
    for bad in [
        "backup.msp.example",
        "ftp://a",
        "https://",
        "https:///a",
        "https://user@a",
        "https://a b",
        "https://a$(id)",
        "https://a`id`",
        "https://a'",
        "https://a\"",
    ] {
        assert!(set("server", "public_url", bad).is_err(), "{bad}");
    }
}

#[test]
fn what_a_client_is_licensed_for_is_read_in_one_form() {
    for (kind, field, value, kept) in [
        ("client", "platform", "Server", "server"),
        ("client", "plugins", " SQL, exchange ", "exchange,sql"),
        ("client", "plugins", "sql,sql", "sql"),
        ("client", "plugins", "", "none"),
        (
            "server",
            "mcal_prices",
            "sql=2, server=3",
            "desktop=1 server=3 sql=2",
        ),
        ("server", "location", "fast", "fast"),
        ("customer", "location", "inherit", "inherit"),
        ("customer", "overcommit", "on", "yes"),
        ("reseller", "mcals", "AUTO", "Auto"),
        ("server", "mcals", "Unlimited", "unlimited"),
    ] {
        assert_eq!(set(kind, field, value), Ok(kept.into()), "{kind} {field}");
    }
    for (kind, field, value, words) in [
        ("client", "platform", "laptop", "use desktop or server"),
        ("client", "plugins", "s ql", "no plugin's name"),
        ("server", "mcal_prices", "sql", "name=number"),
        ("server", "mcal_prices", "sql=1001", "0 to 1000"),
        ("server", "mcal_prices", "sql=1 sql=2", "two prices"),
        ("server", "location", "inherit me", "can't contain ' '"),
        ("customer", "location", "Fast Disk", "or write inherit"),
        ("customer", "space", "500", "a size needs a unit"),
    ] {
        let error = set(kind, field, value).unwrap_err();
        assert!(error.contains(words), "{field} {value}: {error}");
    }
}

fn names_are_plain_and_unique<R: Record>() {
    for (place, field) in R::FIELDS.iter().enumerate() {
        let plain = field
            .name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(plain && !field.name.is_empty(), "{}", field.name);
        assert!(
            !field.label.is_empty() && !field.help.is_empty(),
            "{}",
            field.name
        );
        for earlier in &R::FIELDS[..place] {
            assert_ne!(earlier.name, field.name);
            assert_ne!(earlier.label, field.label);
        }
    }
}

fn a_mistyped_field_gets_the_nearest_one<R: Record + Debug + PartialEq>(record: &R) {
    for field in R::FIELDS {
        for cut in 0..field.name.len() {
            let mut typed = field.name.to_owned();
            typed.remove(cut);
            let expected = EditError::UnknownField {
                kind: R::KIND,
                field: typed.clone(),
                nearest: Some(field.name.to_owned()),
            };
            assert_eq!(apply(record, &[assign(&typed, "yes")]), Err(expected));
        }
    }
    let error = apply(record, &[assign("colour_of_the_sky", "blue")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("a {} has no field \"colour_of_the_sky\"", R::KIND)
    );
}

#[test]
fn a_fields_name_is_plain_and_its_own() {
    names_are_plain_and_unique::<Server>();
    names_are_plain_and_unique::<Reseller>();
    names_are_plain_and_unique::<Customer>();
    names_are_plain_and_unique::<Client>();
}

#[test]
fn an_unknown_field_gets_the_nearest_one_suggested() {
    a_mistyped_field_gets_the_nearest_one(&Server::default());
    a_mistyped_field_gets_the_nearest_one(&reseller());
    a_mistyped_field_gets_the_nearest_one(&customer());
    a_mistyped_field_gets_the_nearest_one(&client());
}

fn taken_in_one_form_or_refused_in_a_line<R: Record + Debug + PartialEq>(
    record: &R,
    value: &str,
) -> Result<(), TestCaseError> {
    for field in R::FIELDS {
        let mut once = record.clone();
        match (field.set)(&mut once, value) {
            Ok(()) => {
                let mut twice = once.clone();
                let kept = (field.get)(&once);
                prop_assert_eq!((field.set)(&mut twice, &kept), Ok(()));
                prop_assert_eq!(&twice, &once, "{} = {:?}", field.name, value);
                prop_assert_eq!((field.get)(&twice), kept);
            }
            Err(error) => {
                let error = error.to_string();
                prop_assert!(!error.contains(char::is_control), "{:?}", error);
                prop_assert!(
                    error.chars().count() <= 700,
                    "{}: {}",
                    field.name,
                    error.len()
                );
            }
        }
    }
    let unknown = apply(record, &[assign(&format!("?{value}"), "")]).unwrap_err();
    prop_assert!(unknown.to_string().chars().count() <= 700);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_taken_in_one_form_or_refused_in_a_short_line(
        value in prop_oneof![
            "\\PC{0,60}",
            "(?s).{0,40}",
            "[0-9a-z:/. -]{0,30}",
            "[+-]?[0-9]{4,6}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-5][0-9])?(Z|[+-]02:00)?",
            "https?://[a-z.:/]{0,20}",
            "[a-z\u{1b}]{3000}",
        ],
    ) {
        taken_in_one_form_or_refused_in_a_line(&Server::default(), &value)?;
        taken_in_one_form_or_refused_in_a_line(&reseller(), &value)?;
        taken_in_one_form_or_refused_in_a_line(&customer(), &value)?;
        taken_in_one_form_or_refused_in_a_line(&client(), &value)?;
    }
}
