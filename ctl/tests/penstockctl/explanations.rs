//! What `explain` asks and shows.

use penstock_ctl::Exit;
use penstock_policy::explain::{Binding, Explanation, LevelWord, McalWord, RefusalWord, Verdict};
use penstock_policy::throttle::Level;
use penstock_wire::reply::{Answer, Explained, FailureCode, Reply};
use penstock_wire::request::Request;

use crate::support::{Scene, done, failed};

fn level(level: Level, name: &str, space: &str, free: Option<u64>) -> LevelWord {
    let mcals = (level != Level::Client).then(|| "25".to_owned());
    LevelWord {
        level,
        name: name.to_owned(),
        activated: level != Level::Customer,
        throttle: "inherit".to_owned(),
        restore_throttle: "inherit".to_owned(),
        space: space.to_owned(),
        space_bytes: None,
        space_taken: 10 << 20,
        space_free: free,
        mcals_left: mcals.as_ref().map(|_| 3),
        mcals,
    }
}

fn unlimited() -> Binding {
    Binding {
        rate: "unlimited".to_owned(),
        bytes_per_second: None,
        level: None,
        until: None,
    }
}

fn explained(request: &Request) -> Reply {
    let Request::Explain { at, .. } = request else {
        panic!("{request:?}");
    };
    done(Answer::Explanation(Explained {
        address: "abc-inc/laptop".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        explanation: Explanation {
            at: at.unwrap_or_default(),
            levels: vec![
                level(Level::Client, "laptop", "unlimited", None),
                level(Level::Customer, "ABC Inc.", "22MiB", Some(12 << 20)),
            ],
            backup_rate: Binding {
                rate: "8Mbit/s".to_owned(),
                bytes_per_second: Some(1_000_000),
                level: Some(Level::Customer),
                until: Some("2026-12-24T17:00:00Z".parse().unwrap()),
            },
            restore_rate: unlimited(),
            space_binds: Some(Level::Customer),
            location: "main".to_owned(),
            mcal: McalWord {
                month: "2026-12".parse().unwrap(),
                price: 2,
                paid: false,
                binds: Some(Level::Customer),
            },
            verdicts: vec![Verdict {
                act: "backup".to_owned(),
                refusal: Some(RefusalWord {
                    code: "space-exceeded".to_owned(),
                    sentence: "ABC Inc. has used its space.".to_owned(),
                    cause: "ABC Inc. has used its space.".to_owned(),
                }),
            }],
        },
    }))
}

#[test]
fn a_time_to_explain_is_of_the_customers_zone() {
    let args = ["explain", "abc-inc/laptop", "--at", "2026-12-24T08:00"];
    let ran = Scene::default().run(&args, explained);
    assert_eq!(
        ran.output,
        "abc-inc/laptop at 2026-12-24 08:00 +01:00\n\
         LEVEL     NAME      ACTIVATED      SPACE      USED       FREE  MCALS  LEFT  THROTTLE  RESTORE THROTTLE\n\
         client    laptop    yes        unlimited  10.0 MiB  unlimited               inherit   inherit\n\
         customer  ABC Inc.  no             22MiB  10.0 MiB   12.0 MiB     25     3  inherit   inherit\n\
         EACH backup   8Mbit/s (customer, until 2026-12-24 18:00 +01:00)\n\
         EACH restore  unlimited\n\
         space         customer binds, 12.0 MiB free\n\
         location      main\n\
         MCALs         2 for 2026-12, not paid for this month yet; customer binds, 3 left\n\
         backup        refused (space-exceeded): ABC Inc. has used its space.\n"
    );
}

#[test]
fn the_bytes_to_explain_are_a_size_or_a_number() {
    for (text, expected) in [
        ("16MiB", 16 << 20),
        ("16777216", 16 << 20),
        ("0", 0),
        ("1.5 KiB", 1536),
    ] {
        let ran = Scene::default().run(&["explain", "abc", "--bytes", text], explained);
        let Request::Explain { bytes, .. } = ran.asked[0] else {
            panic!("{:?}", ran.asked);
        };
        assert_eq!(bytes, Some(expected), "{text}");
    }
    for text in ["16MB/s", "", "-5", "99999999999999999999"] {
        let flag = format!("--bytes={text}");
        let ran = Scene::default().run(&["explain", "abc", &flag], explained);
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{text}");
    }
}

#[test]
fn a_reference_takes_no_bytes() {
    let ran = Scene::default().run(&["explain", "[7F3K]", "--bytes", "1MiB"], |_| {
        failed(FailureCode::NotFound)
    });
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0));
}
