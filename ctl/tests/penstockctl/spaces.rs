//! Space and locations: the tree, days, what `status` says, and amounts with a sign.

use penstock_ctl::Exit;
use penstock_wire::reply::{Answer, FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::{SpaceDay, SpaceLine};

use crate::support::{Scene, done, edited, failed, location, page, status};

fn line(kind: &str, address: &str, allotted: Option<u64>) -> SpaceLine {
    let limited = allotted.is_some();
    SpaceLine {
        kind: kind.to_owned(),
        address: address.to_owned(),
        allotted,
        used: 120 << 30,
        reserved: 0,
        free: allotted.map(|allotted| allotted - (120 << 30)),
        sold: limited.then_some(50),
        mcals: limited.then(|| "25".to_owned()),
        mcals_used: limited.then_some(3),
        mcals_left: limited.then_some(22),
        counting: false,
    }
}

fn tree() -> Vec<SpaceLine> {
    vec![
        line("server", "server", Some(2 << 40)),
        line("reseller", "reseller north", Some(1 << 40)),
        line("customer", "abc-inc", Some(500 << 30)),
        line("client", "abc-inc/laptop", None),
        line("schedule", "abc-inc/laptop/default", None),
    ]
}

#[test]
fn the_tree_is_indented_from_the_server_down_to_schedules() {
    let ran = Scene::default().run(&["space"], |_| done(Answer::Space(page(tree(), None))));
    assert_eq!(
        ran.output,
        "RECORD             ALLOTTED       USED       FREE  SOLD  MCALS  THIS MONTH  LEFT\n\
         server              2.0 TiB  120.0 GiB    1.9 TiB  50 %     25           3    22\n  \
           reseller north    1.0 TiB  120.0 GiB  904.0 GiB  50 %     25           3    22\n    \
             abc-inc       500.0 GiB  120.0 GiB  380.0 GiB  50 %     25           3    22\n      \
               laptop      unlimited  120.0 GiB  unlimited\n        \
                 default              120.0 GiB\n"
    );
}

#[test]
fn what_is_reserved_or_being_counted_is_shown_where_there_is_some() {
    let ran = Scene::default().run(&["space", "abc-inc/laptop"], |_| {
        let mut lines = tree().split_off(3);
        lines[0].reserved = 16 << 20;
        lines[1].counting = true;
        done(Answer::Space(page(lines, None)))
    });
    let Request::Space { address, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    assert_eq!(address.as_ref().unwrap().to_string(), "abc-inc/laptop");
    let lines: Vec<&str> = ran.output.lines().collect();
    assert!(lines[0].contains("RESERVED") && lines[0].ends_with("STATE"));
    assert!(lines[1].starts_with("abc-inc/laptop  ") && lines[1].contains("16.0 MiB"));
    assert!(lines[2].starts_with("  default  ") && lines[2].ends_with("counting"));
}

#[test]
fn the_tree_as_json_is_a_list_of_lines() {
    let ran = Scene::default().run(&["space", "--json"], |request| {
        let Request::Space { page: wanted, .. } = request else {
            panic!("{request:?}");
        };
        let mut lines = tree();
        let rest = lines.split_off(2);
        done(Answer::Space(match wanted.after {
            None => page(lines, Some("2")),
            Some(_) => page(rest, None),
        }))
    });
    let lines: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(lines.as_array().unwrap().len(), 5);
    assert_eq!(lines[2]["allotted"], 500u64 << 30);
    assert_eq!(lines[4]["allotted"], serde_json::Value::Null);
}

#[test]
fn locations_show_what_is_sold_and_when_they_are_full() {
    let ran = Scene::default().run(&["location", "list"], |request| {
        assert_eq!(*request, Request::Locations {});
        let locations = vec![location("main", true), location("second", false)];
        done(Answer::Locations(page(locations, None)))
    });
    let lines: Vec<&str> = ran.output.lines().collect();
    assert!(lines[1].starts_with("main (default)  /srv/main "));
    assert!(lines[1].ends_with("full in about 19 days"), "{}", lines[1]);
    let full = Scene::default().run(&["location", "list"], |_| {
        let mut full = location("main", true);
        full.free = Some(0);
        done(Answer::Locations(page(vec![full], None)))
    });
    assert!(full.output.ends_with("  full\n"), "{}", full.output);
    assert!(
        lines[2].ends_with("not available: its marker is missing"),
        "{}",
        lines[2]
    );
}

#[test]
fn a_location_is_added_by_its_whole_path_only() {
    let answer = |_: &Request| done(Answer::Location(Box::new(location("second", true))));
    let ran = Scene::default().run(&["location", "add", "second", "/srv/second"], answer);
    let (name, path) = ("second".to_owned(), "/srv/second".to_owned());
    assert_eq!(ran.asked, [Request::LocationAdd { name, path }]);
    assert_eq!(ran.output, "location second at /srv/second is added\n");
    for args in [["second", "srv/second"], ["Second!", "/srv/second"]] {
        let ran = Scene::default().run(&["location", "add", args[0], args[1]], answer);
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{args:?}");
    }
}

#[test]
fn a_history_shows_days_then_what_it_showed_before() {
    let answer = |request: &Request| match request {
        Request::SpaceHistory { days, .. } => {
            let day = |day: &str, used| SpaceDay {
                day: day.parse().unwrap(),
                used,
            };
            assert!(*days == 30 || *days == 400);
            let days = vec![
                day("2026-11-23", 3 << 30),
                day("2026-11-24", 5 << 30),
                day("2026-11-25", 4 << 30),
            ];
            done(Answer::SpaceHistory(page(days, None)))
        }
        Request::Audit { .. } => done(Answer::Audit(page(vec![], None))),
        Request::ScheduleHistory { .. } => done(Answer::Sessions(page(vec![], None))),
        _ => panic!("{request:?}"),
    };
    let table = "DAY         USED SPACE    CHANGE\n\
                 2026-11-23     3.0 GiB\n\
                 2026-11-24     5.0 GiB  +2.0 GiB\n\
                 2026-11-25     4.0 GiB  -1.0 GiB\n";
    for noun in [["customer", "abc-inc"], ["schedule", "abc-inc/laptop/s"]] {
        let run = |more: &[&str]| {
            let args: Vec<&str> = [noun[0], "history", noun[1]]
                .into_iter()
                .chain(more.iter().copied())
                .collect();
            Scene::default().run(&args, answer)
        };
        let none = match noun[0] {
            "schedule" => "no session has ended yet",
            _ => "none",
        };
        assert_eq!(run(&[]).output, format!("{table}\n{none}\n"));
        assert_eq!(run(&["--space"]).output, table);
        let json = run(&["--json"]);
        assert_eq!((json.output.as_str(), json.asked.len()), ("[]\n", 1));
        let days = run(&["--space", "--json", "--days", "400"]).output;
        let days: serde_json::Value = serde_json::from_str(&days).unwrap();
        assert_eq!(days[1]["used"], 5u64 << 30);
        assert_eq!(run(&["--days", "401"]).exit, Exit::USAGE);
    }
}

#[test]
fn status_says_what_is_used_sold_and_free_and_how_long_it_lasts() {
    let ran = Scene::default().run(&["status"], |_| status(vec![]));
    for line in [
        "space      600.0 GiB used, 1.0 GiB of it in the trash; allotted 2TiB, 1.0 TiB given to resellers, 1.0 TiB left to give",
        "MCALs      bank 100, 88 left; 12 used by 10 clients in 2026-11; short by 3 in 2027-01",
        "  main: 599.0 GiB used, 1.0 TiB sold, 300.0 GiB free; full in about 19 days",
        "  second: 599.0 GiB used, 1.0 TiB sold, unknown free; not available: its marker is missing",
    ] {
        assert!(ran.output.lines().any(|l| l == line), "{}", ran.output);
    }
}

#[test]
fn an_amount_with_a_plus_is_sent_as_it_was_typed() {
    let args = [
        "customer", "edit", "abc", "--space", "+200GiB", "--mcals", "+5",
    ];
    let ran = Scene::default().run(&args, |_| edited(false));
    let Request::Edit { assignments, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    let values: Vec<&str> = assignments.iter().map(|a| a.value.as_str()).collect();
    assert_eq!(values, ["+200GiB", "+5"]);
    let args = ["client", "edit", "abc/laptop", "--space", "-1GiB"];
    let ran = Scene::default().run(&args, |_| -> Reply { failed(FailureCode::Internal) });
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0));
    assert!(ran.errors.contains("is not a size"), "{}", ran.errors);
}

#[test]
fn nobody_is_asked_whether_to_forget_a_location_that_there_isnt() {
    let person = |input| Scene {
        input,
        person: true,
        ..Scene::default()
    };
    let answer = |request: &Request| match request {
        Request::Locations {} => done(Answer::Locations(page(
            vec![location("second", true)],
            None,
        ))),
        Request::LocationForget { .. } => {
            done(Answer::Location(Box::new(location("second", true))))
        }
        _ => panic!("{request:?}"),
    };
    let ran = person("").run(&["location", "forget", "secnd"], answer);
    assert_eq!((ran.exit, ran.asked.len()), (Exit::NOT_FOUND, 1));
    assert_eq!(
        ran.errors,
        "penstockctl: there is no location \"secnd\"; did you mean \"second\"?\n"
    );
    for (scene, exit, asked) in [
        (person("second\n"), Exit::FINE, 2),
        (person("y\n"), Exit::REFUSED, 1),
        (Scene::default(), Exit::USAGE, 1),
    ] {
        let ran = scene.run(&["location", "forget", "second"], answer);
        assert_eq!((ran.exit, ran.asked.len()), (exit, asked), "{}", ran.errors);
    }
    let ran = Scene::default().run(&["location", "forget", "second", "--yes"], answer);
    assert_eq!((ran.exit, ran.asked.len()), (Exit::FINE, 1));
}
