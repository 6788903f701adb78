//! Names from outside: what is one, and that nothing else gets through.

use proptest::prelude::*;

use super::{Kind, ObjectName, RepoFolder, VaultError};

#[test]
fn kinds_are_restics_words_and_no_others() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(kind));
    }
    for other in ["", "config", "Data", "data/", "lock", "..", "data\0"] {
        assert_eq!(Kind::parse(other), None, "{other:?}");
    }
}

#[test]
fn an_object_name_is_exactly_64_lower_case_hex_digits() {
    let good = "0123456789abcdef".repeat(4);
    assert_eq!(ObjectName::parse(&good).unwrap().to_string(), good);
    let bad = [
        good[1..].to_owned(),
        good.clone() + "0",
        good.to_uppercase(),
        good.replace('f', "g"),
        good.replace("01", "/."),
        good.replace("01", "0\n"),
        "ä".repeat(32),
        String::new(),
    ];
    for bad in bad {
        assert_eq!(ObjectName::parse(&bad), None, "{bad:?}");
    }
}

#[test]
fn a_folder_that_could_lead_elsewhere_is_refused() {
    let long = "x".repeat(256);
    let deep = ["a"; 9].join("/");
    for bad in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/./b",
        ".incoming",
        ".trash/x",
        "a\0b",
        "a\nb",
        "a/.b",
        &long,
        &deep,
    ] {
        let refused = RepoFolder::parse(bad);
        assert!(
            matches!(refused, Err(VaultError::BadName { .. })),
            "{bad:?}"
        );
    }
    assert!(RepoFolder::new(["a/b"]).is_err(), "a segment is no path");
    assert!(RepoFolder::new([""; 0]).is_err());
    assert!(RepoFolder::parse(&long[1..]).is_ok());
}

#[test]
fn a_folder_knows_the_one_above() {
    let folder = RepoFolder::new(["abc-inc", "laptop", "default"]).unwrap();
    assert_eq!(folder.to_string(), "abc-inc/laptop/default");
    let customer = folder.parent().and_then(|client| client.parent()).unwrap();
    assert_eq!(customer.as_str(), "abc-inc");
    assert_eq!(customer.parent(), None);
}

proptest! {
    #[test]
    fn every_hash_is_read_back_from_its_name(hash: [u8; 32]) {
        let name = ObjectName::from(hash);
        prop_assert_eq!(ObjectName::parse(&name.to_string()), Some(name));
        prop_assert_eq!(name.as_bytes(), &hash);
    }

    #[test]
    fn what_is_taken_as_an_object_name_is_written_the_same(text in "[0-9a-fA-Fg/.]{62,66}") {
        if let Some(name) = ObjectName::parse(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_is_taken_as_a_folder_stays_beneath_its_location(text in r"[a./\x00\\~ ]{0,12}") {
        if let Ok(folder) = RepoFolder::parse(&text) {
            prop_assert_eq!(folder.as_str(), &text);
            let path = std::path::Path::new(folder.as_str());
            let plain = |part| matches!(part, std::path::Component::Normal(_));
            prop_assert!(path.components().all(plain));
            prop_assert_eq!(path.components().count(), folder.segments().count());
        }
    }
}
