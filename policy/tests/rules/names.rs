//! Names: what is taken is safe in a path and has one form.

use std::path::{Component, Path};

use penstock_policy::names::{
    Address, ClientId, FullName, RESERVED, ScheduleName, ShortName, fold, nearest,
};
use proptest::prelude::*;

/// Whether a path made of it is one plain folder, on disk and in a URL, and no other spelling of it.
fn is_one_plain_segment(name: &str) -> bool {
    let components: Vec<Component<'_>> = Path::new(name).components().collect();
    components == [Component::Normal(name.as_ref())]
        && !name.starts_with('.')
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/\\%?#&:;*|<>\"'`$~!".contains(&b))
}

/// Texts near enough to names that many are taken.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._@/-]{0,66}",
        "\\PC{0,20}",
        "(?s).{0,20}",
        "[.]{0,3}[/\\\\]?[a-z]{0,3}",
        proptest::sample::select(&RESERVED[..]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_name_that_becomes_a_folder_is_one_plain_segment(text in texts()) {
        let taken = [
            text.parse::<ClientId>().map(String::from),
            text.parse::<ScheduleName>().map(String::from),
            text.parse::<ShortName>().map(String::from),
        ];
        for name in taken.into_iter().flatten() {
            prop_assert_eq!(&name, &text);
            prop_assert!(is_one_plain_segment(&name), "{}", name);
            prop_assert!(!RESERVED.contains(&name.as_str()));
        }
    }

    #[test]
    fn a_full_name_has_one_form(text in texts()) {
        if let Ok(name) = text.parse::<FullName>() {
            prop_assert_eq!(name.as_str().parse::<FullName>(), Ok(name.clone()));
            prop_assert!(!name.as_str().contains(|c: char| c.is_control() || c == '/'));
            prop_assert!(!fold(name.as_str()).is_empty());
            let address = name.as_str().parse::<Address>().unwrap();
            prop_assert_eq!(address.customer, name.to_string());
        }
    }

    #[test]
    fn folding_what_is_folded_changes_nothing(text in "(?s).{0,30}") {
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
    }

    #[test]
    fn ascii_case_and_blanks_never_make_two_names_of_one(text in "[a-zA-Z. ]{1,20}") {
        prop_assert_eq!(fold(&text.to_ascii_uppercase()), fold(&text.to_ascii_lowercase()));
        prop_assert_eq!(fold(&format!("  {} ", text.replace(' ', " \u{a0}"))), fold(&text));
    }

    #[test]
    fn a_name_is_nearest_to_itself(text in "[a-z-]{1,12}", others in prop::collection::vec("[a-z-]{1,12}", 0..5)) {
        let all = others.iter().map(String::as_str).chain([text.as_str()]);
        prop_assert_eq!(nearest(&text, all), Some(text.as_str()));
    }

    #[test]
    fn a_refused_name_or_address_is_quoted_in_a_short_line(text in prop_oneof![texts(), "[a-z/\u{1b}]{3000}"]) {
        let errors = [
            text.parse::<ClientId>().err(),
            text.parse::<ShortName>().err(),
            text.parse::<FullName>().err(),
            text.parse::<Address>().err(),
        ];
        for error in errors.into_iter().flatten() {
            let line = error.to_string();
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
            prop_assert!(line.chars().count() <= 1_000, "{}", line.len());
        }
    }
}
