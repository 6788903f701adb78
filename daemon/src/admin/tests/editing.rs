//! Edits: seen at once, undone, refused when somebody else was quicker.

use penstock_policy::edit::Assignment;
use penstock_wire::reply::FailureCode;
use penstock_wire::request::Target;
use penstock_wire::view::{CustomerView, Value};

use super::*;

fn edit(assignments: &[(&str, &str)], expect_revision: Option<u64>, dry_run: bool) -> Request {
    let assignments = assignments.iter();
    Request::Edit {
        target: Target::Customer {
            customer: "ABC Inc.".into(),
        },
        assignments: assignments
            .map(|(field, value)| Assignment {
                field: (*field).into(),
                value: (*value).into(),
            })
            .collect(),
        expect_revision,
        dry_run,
    }
}

async fn shown(talk: &mut Talk) -> CustomerView {
    let customer = "abc-inc".into();
    match talk.done(Request::Customer { customer }).await {
        Answer::Customer(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn text(view: &CustomerView, field: &str) -> String {
    view.fields[field].to_string()
}

#[tokio::test]
async fn an_edit_is_seen_by_whoever_looks_next() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let edited = talk
        .edited(edit(&[("throttle", "8Mbit/s always")], None, false))
        .await;
    assert_eq!((edited.record.as_str(), edited.revision), ("abc-inc", 2));
    let view = shown(&mut house.view().await).await;
    assert_eq!(view.revision, 2);
    assert_eq!(view.backup_rate.bytes_per_second, Some(1_000_000));
    assert_eq!(view.fields["automatically_add_clients"], Value::Yes(false));
}

#[tokio::test]
async fn of_two_administrators_on_one_revision_one_wins_and_the_other_sees_what_changed() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let (mut one, mut two) = (house.control().await, house.control().await);
    let revision = shown(&mut one).await.revision;
    one.edited(edit(
        &[("phone", "1"), ("city", "Graz")],
        Some(revision),
        false,
    ))
    .await;
    let failure = two
        .failed(edit(&[("phone", "2")], Some(revision), false))
        .await;
    assert_eq!(failure.code, FailureCode::Conflict);
    assert_eq!(failure.revision, Some(revision + 1));
    let fields: Vec<&str> = failure
        .differences
        .iter()
        .map(|d| d.field.as_str())
        .collect();
    assert_eq!(fields, ["city", "phone"]);
    assert_eq!(text(&shown(&mut two).await, "phone"), "1");
}

#[tokio::test]
async fn a_dry_run_shows_everything_and_changes_nothing() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let before = shown(&mut talk).await;
    let edited = talk.edited(edit(&[("city", "Graz")], None, true)).await;
    assert!(edited.dry_run && edited.edit.is_none());
    assert_eq!(edited.changes.len(), 1);
    assert_eq!(shown(&mut talk).await, before);
}

#[tokio::test]
async fn an_edit_is_undone_unless_its_field_changed_since() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let first = talk
        .edited(edit(&[("city", "Graz")], None, false))
        .await
        .edit
        .unwrap();
    let second = talk
        .edited(edit(&[("city", "Wien")], None, false))
        .await
        .edit
        .unwrap();
    let undo = |edit| Request::Undo {
        edit,
        dry_run: false,
    };
    assert_eq!(talk.failed(undo(first)).await.code, FailureCode::Conflict);
    talk.edited(undo(second)).await;
    assert_eq!(text(&shown(&mut talk).await, "city"), "Graz");
}

#[tokio::test]
async fn a_wrong_value_and_a_mistyped_name_say_what_was_probably_meant() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let failure = talk
        .failed(edit(&[("throttel", "unlimited")], None, false))
        .await;
    assert_eq!(failure.code, FailureCode::Usage);
    assert!(failure.message.contains("throttle"), "{}", failure.message);
    let customer = "abc-icn".into();
    let failure = talk.failed(Request::Customer { customer }).await;
    assert_eq!(failure.code, FailureCode::NotFound);
    assert_eq!(failure.nearest.as_deref(), Some("abc-inc"));
}

#[tokio::test]
async fn switching_automatic_adding_on_warns_and_so_does_a_limit_below_use() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "one").await;
    house.add_client("abc-inc", "two").await;
    let mut talk = house.control().await;
    let open = [("automatically_add_clients", "yes")];
    for dry_run in [true, false] {
        let notes = talk.edited(edit(&open, None, dry_run)).await.notes;
        assert!(notes[0].contains("whoever reaches the port"), "{notes:?}");
        assert!(notes[1].contains("isn't limited"), "{notes:?}");
    }
    let limit = [("maximum_client_limit", "1")];
    let notes = talk.edited(edit(&limit, None, false)).await.notes;
    assert!(
        notes[0].starts_with("2 clients are in use, 1 more"),
        "{notes:?}"
    );
}

#[tokio::test]
async fn an_edit_tells_which_running_backups_it_slows_quickens_and_cuts() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let schedule = house.add_schedule("abc-inc", "pc", "default").await;
    let _running = house.run("abc-inc", "pc", &schedule).await;
    let mut talk = house.control().await;
    for (assignment, expected) in [
        (
            ("throttle", "16MiB/s"),
            "slows a running backup: abc-inc/pc/default (unlimited to 16MiB/s)",
        ),
        (
            ("throttle", "32MiB/s"),
            "quickens a running backup: abc-inc/pc/default (16MiB/s to 32MiB/s)",
        ),
        (
            ("activated", "no"),
            "cuts a running backup: abc-inc/pc/default",
        ),
    ] {
        for dry_run in [true, false] {
            let notes = talk.edited(edit(&[assignment], None, dry_run)).await.notes;
            assert_eq!(notes, [expected], "dry run: {dry_run}");
        }
    }
}
