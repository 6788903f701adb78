//! Edits by flags, suspensions, and verbs that destroy.

use penstock_ctl::Exit;
use penstock_policy::edit::Change;
use penstock_wire::reply::{Answer, Failure, FailureCode, Reply};
use penstock_wire::request::{Request, Target};

use crate::support::{Scene, done, edited, location};

#[test]
fn an_edit_sends_the_given_fields_and_prints_before_and_after() {
    let args = [
        "customer",
        "edit",
        "ABC Inc.",
        "--throttle",
        "16MiB/s",
        "--expect-revision",
        "7",
    ];
    let ran = Scene::default().run(&args, |_| edited(false));
    assert_eq!(ran.exit, Exit::FINE);
    let Request::Edit {
        target,
        assignments,
        expect_revision,
        dry_run,
    } = &ran.asked[0]
    else {
        panic!("{:?}", ran.asked);
    };
    let customer = "ABC Inc.".to_owned();
    assert_eq!(*target, Target::Customer { customer });
    assert_eq!(assignments.len(), 1);
    assert_eq!(assignments[0].value, "16MiB/s");
    assert_eq!((*expect_revision, *dry_run), (Some(7), false));
    assert_eq!(
        ran.output,
        "FIELD     BEFORE         AFTER\n\
         throttle  4MiB/s always  16MiB/s always\n\
         abc-inc: revision 8, edit 12; undo with: penstockctl undo 12\n\
         note: 1 running backup follows at once\n"
    );
}

#[test]
fn a_dry_run_with_differences_exits_with_two() {
    for args in [
        &[
            "customer",
            "edit",
            "abc",
            "--throttle",
            "unlimited",
            "--dry-run",
        ][..],
        &["customer", "suspend", "abc", "--dry-run"],
        &["customer", "add", "ABC Inc.", "--dry-run"],
        &["undo", "12", "--dry-run"],
    ] {
        let ran = Scene::default().run(args, |_| edited(true));
        assert_eq!(ran.exit, Exit::DIFFERENCES, "{args:?}");
    }
}

#[test]
fn a_conflict_prints_what_the_other_changed() {
    let args = [
        "customer",
        "edit",
        "abc",
        "--city",
        "Bonn",
        "--expect-revision",
        "7",
    ];
    let ran = Scene::default().run(&args, |_| {
        let mut failure = Failure::new(FailureCode::Conflict, "the record has changed");
        failure.revision = Some(8);
        failure.differences = vec![Change {
            field: "city".to_owned(),
            from: String::new(),
            to: "Köln".to_owned(),
        }];
        Reply::Failed(failure)
    });
    assert_eq!(ran.exit, Exit::CONFLICT);
    assert!(ran.errors.contains("revision 8 now"), "{}", ran.errors);
    assert!(
        ran.errors.contains("city   (empty)  Köln"),
        "{}",
        ran.errors
    );
}

#[test]
fn a_bad_value_is_refused_before_the_daemon_is_asked() {
    for args in [
        &["customer", "edit", "abc", "--throttle", "8"][..],
        &["customer", "suspend", "abc", "--until", "soon"],
        &["server", "edit", "--schedule-limit", "0"],
        &["client", "show", "abc"],
        &["schedule", "show", "abc/laptop"],
        &["customer", "edit", "abc"],
    ] {
        let ran = Scene::default().run(args, |_| edited(false));
        assert_eq!(ran.exit, Exit::USAGE, "{args:?}");
        assert!(ran.asked.is_empty(), "{args:?}");
    }
}

#[test]
fn suspending_is_an_edit_with_words_for_the_client() {
    let args = [
        "customer",
        "suspend",
        "abc",
        "--reason",
        "unpaid",
        "--until",
        "2026-12-24",
    ];
    let ran = Scene::default().run(&args, |_| edited(false));
    let Request::Edit { assignments, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    let set: Vec<_> = assignments
        .iter()
        .map(|a| (a.field.as_str(), a.value.as_str()))
        .collect();
    assert_eq!(
        set,
        [
            ("activated", "no"),
            ("reason", "unpaid"),
            ("until", "2026-12-24")
        ]
    );
}

#[test]
fn destructive_verbs_need_yes_or_the_typed_name() {
    for (args, name) in [
        (&["customer", "remove", "abc"][..], "abc"),
        (&["reseller", "remove", "r"], "r"),
        (&["client", "remove", "abc/laptop"], "abc/laptop"),
        (&["client", "revoke", "abc/laptop"], "abc/laptop"),
        (
            &["schedule", "remove", "abc/laptop/default"],
            "abc/laptop/default",
        ),
        (&["location", "forget", "second"], "second"),
        (&["trash", "empty"], "everything"),
        (&["trash", "empty", "7"], "7"),
    ] {
        let ran = Scene::default().run(args, |_| edited(false));
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{args:?}");
        assert!(ran.errors.contains("--yes"), "{}", ran.errors);
        let done = |request: &Request| match request {
            Request::LocationForget { .. } => {
                done(Answer::Location(Box::new(location("second", true))))
            }
            _ => edited(false),
        };
        let with_yes: Vec<&str> = args.iter().copied().chain(["--yes"]).collect();
        let ran = Scene::default().run(&with_yes, done);
        assert_eq!((ran.exit, ran.asked.len()), (Exit::FINE, 1), "{args:?}");
        let typed = format!("{name}\n");
        for (input, exit, asked) in [(typed.as_str(), Exit::FINE, 1), ("y\n", Exit::REFUSED, 0)] {
            let person = Scene {
                input,
                person: true,
                ..Scene::default()
            };
            let ran = person.run(args, done);
            assert_eq!(
                (ran.exit, ran.asked.len()),
                (exit, asked),
                "{args:?} {input}"
            );
        }
    }
}
