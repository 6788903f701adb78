//! Edits by flags, suspensions, and verbs that destroy.

use penstock_ctl::Exit;
use penstock_policy::edit::Change;
use penstock_wire::reply::{Answer, Failure, FailureCode, Reply};
use penstock_wire::request::{Request, Target};
use penstock_wire::view::Value;

use crate::screens::changed;
use crate::support::{Scene, edited};

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
        let ran = Scene::default().run(args, |request| match request {
            Request::Customer { .. } => changed(|_| {}),
            _ => edited(true),
        });
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
fn suspending_again_changes_what_was_given_and_nothing_else() {
    let sent = |until: &'static str, args: &[&str]| {
        let args: Vec<&str> = ["customer", "suspend", "abc"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let ran = Scene::default().run(&args, |request| match request {
            Request::Customer { .. } => changed(|view| {
                view.fields
                    .insert("activated".to_owned(), Value::Yes(false));
                let until = Value::Text(until.to_owned());
                view.fields.insert("until".to_owned(), until);
            }),
            _ => edited(false),
        });
        let Some(Request::Edit { assignments, .. }) = ran.asked.last() else {
            panic!("{:?}", ran.asked);
        };
        let set = assignments
            .iter()
            .map(|a| format!("{}={}", a.field, a.value));
        set.collect::<Vec<_>>().join(" ")
    };
    for until in ["none", "2026-12-24T08:00"] {
        assert_eq!(sent(until, &[]), "activated=no");
        let unpaid = ["--reason", "unpaid"];
        assert_eq!(sent(until, &unpaid), "activated=no reason=unpaid");
    }
    // One whose end has come is over: the new one would end with it.
    let over = "1969-12-24";
    assert_eq!(sent(over, &[]), "activated=no reason= until=none");
    let until = ["--until", "2026-12-24"];
    assert_eq!(sent(over, &until), "activated=no until=2026-12-24");
}

#[test]
fn a_moved_client_is_told_by_its_new_address() {
    let ran = Scene::default().run(&["client", "move", "abc/laptop", "XYZ Ltd."], |_| {
        let Reply::Done(mut answer) = edited(false) else {
            panic!("no edit");
        };
        if let Answer::Edited(edited) = answer.as_mut() {
            edited.changes = vec![Change {
                field: "customer".to_owned(),
                from: "abc".to_owned(),
                to: "xyz".to_owned(),
            }];
        }
        Reply::Done(answer)
    });
    let note = "note: its address is xyz/laptop now\n";
    assert!(ran.output.contains(note), "{}", ran.output);
}

#[test]
fn what_changed_is_shown_whole_and_an_instant_to_the_second() {
    let prices = "desktop=1 server=2 exchange=2 mailbox=1 sql=2 oracle=3 vmware=4 hyperv=4";
    let ran = Scene::default().run(&["client", "revoke", "abc/laptop", "--yes"], |_| {
        let Reply::Done(mut answer) = edited(false) else {
            panic!("no edit");
        };
        if let Answer::Edited(edited) = answer.as_mut() {
            edited.changes[0].from = prices.to_owned();
            edited.changes[0].to = "2026-11-25T10:00:00.123456789Z".to_owned();
        }
        Reply::Done(answer)
    });
    for price in prices.split(' ') {
        assert!(ran.output.contains(price), "{price}: {}", ran.output);
    }
    let line = ran.output.lines().nth(1).unwrap();
    assert!(line.ends_with("2026-11-25 10:00:00 +00:00"), "{line}");
}

#[test]
fn a_number_that_isnt_one_gets_a_sentence_of_ours() {
    let units = "units is a whole number from 1 to 1000000000";
    for (line, sentence) in [
        ("mcal add 1.5 --note x", units),
        ("mcal add 99999999999999999999 --note x", units),
        ("mcal add -5 --note x", units),
        ("mcal add --note x -5", units),
        (
            "trash restore zwerg",
            "give the item's number, as `trash list` shows it",
        ),
        (
            "trash empty -1",
            "give the item's number, as `trash list` shows it",
        ),
        ("undo foo", "give the edit's number, as `audit` shows it"),
        (
            "customer edit x --city y --expect-revision x",
            "give the record's revision",
        ),
        (
            "customer pass-key x --rotate --uses x",
            "uses is a whole number",
        ),
        (
            "customer history x --days 0",
            "days is a whole number from 1 to 400",
        ),
        (
            "customer history x --days -1",
            "days is a whole number from 1 to 400",
        ),
        (
            "customer edit x --client-limit -1",
            "neither a number from 0",
        ),
        ("customer edit x --throttle -8Mbit/s", "--throttle"),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = Scene::default().run(&args, |_| edited(false));
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{line}");
        assert!(ran.errors.contains(sentence), "{line}: {}", ran.errors);
        assert!(
            !ran.errors.contains("unexpected argument"),
            "{}",
            ran.errors
        );
    }
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
        (&["trash", "empty"], "everything"),
        (&["trash", "empty", "7"], "7"),
    ] {
        let ran = Scene::default().run(args, |_| edited(false));
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{args:?}");
        assert!(ran.errors.contains("--yes"), "{}", ran.errors);
        let done = |_: &Request| edited(false);
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
