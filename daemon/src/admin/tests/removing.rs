//! Removing, bringing back and deleting: records and folders together, also when the second half was cut short.

use penstock_policy::edit::Assignment;
use penstock_wire::reply::FailureCode;
use penstock_wire::request::Target;
use penstock_wire::view::TrashItem;

use super::super::penstockd;
use super::*;

async fn house() -> House {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    house.add_schedule("abc-inc", "pc", "default").await;
    assert!(house.folder("abc-inc/pc/default/data").is_dir());
    house
}

async fn trash_items(talk: &mut Talk) -> Vec<TrashItem> {
    match talk.done(Request::Trash { page: first() }).await {
        Answer::Trash(list) => list.items,
        other => panic!("{other:?}"),
    }
}

fn remove(recursive: bool) -> Request {
    Request::ClientRemove {
        address: at("abc-inc/pc"),
        recursive,
    }
}

fn trashed(house: &House) -> usize {
    std::fs::read_dir(house.folder(".trash")).unwrap().count()
}

#[tokio::test]
async fn what_is_removed_comes_back_with_its_folders() {
    let house = house().await;
    let mut talk = house.control().await;
    assert_eq!(talk.failed(remove(false)).await.code, FailureCode::Refused);
    talk.edited(remove(true)).await;
    assert!(!house.folder("abc-inc").exists());
    let items = trash_items(&mut talk).await;
    assert_eq!(
        (items[0].kind.as_str(), items[0].address.as_str()),
        ("client", "abc-inc/pc")
    );
    let item = items[0].item;
    talk.edited(Request::TrashRestore { item }).await;
    assert!(house.folder("abc-inc/pc/default/data").is_dir());
    assert!(trash_items(&mut talk).await.is_empty());
    let address = at("abc-inc/pc/default");
    assert!(
        matches!(talk.done(Request::Schedule { address }).await, Answer::Schedule(s) if s.used_space == 0)
    );
}

#[tokio::test]
async fn a_customer_goes_with_everything_below_and_is_deleted_for_good_on_command() {
    let house = house().await;
    let mut talk = house.control().await;
    let customer = "abc-inc".to_owned();
    talk.edited(Request::CustomerRemove {
        customer,
        recursive: true,
    })
    .await;
    assert_eq!(trashed(&house), 1);
    let edited = talk.edited(Request::TrashEmpty { item: None }).await;
    assert_eq!(edited.notes, ["abc-inc is deleted for good"]);
    assert_eq!(trashed(&house), 0);
    assert!(trash_items(&mut talk).await.is_empty());
}

#[tokio::test]
async fn nothing_is_removed_while_a_backup_of_it_runs() {
    let house = house().await;
    let schedule = house.client("abc-inc", "pc").await.id;
    let read = house.context.store.read(move |r| r.schedules(schedule));
    let schedule = Arc::new(read.await.unwrap().remove(0));
    let running = house.run("abc-inc", "pc", &schedule).await;
    let mut talk = house.control().await;
    let address = at("abc-inc/pc/default");
    for request in [
        remove(true),
        Request::ScheduleRemove { address },
        Request::CustomerRemove {
            customer: "abc-inc".into(),
            recursive: true,
        },
    ] {
        let failure = talk.failed(request).await;
        assert_eq!(failure.code, FailureCode::Conflict);
        assert!(
            failure.message.contains("abc-inc/pc/default"),
            "{}",
            failure.message
        );
    }
    drop(running);
    house.context.live.finish().await;
    talk.edited(remove(true)).await;
}

#[tokio::test]
async fn what_a_crash_left_half_done_is_finished_at_the_next_start() {
    let house = house().await;
    let store = &house.context.store;
    let address = at("abc-inc/pc");
    let removal = store
        .remove_client(address, true, penstockd())
        .await
        .unwrap();
    assert!(house.folder("abc-inc/pc/default").exists());
    trash::finish_pending(&house.admin).await;
    assert!(!house.folder("abc-inc").exists());
    assert!(store.trash_pending().await.unwrap().is_empty());

    store
        .trash_restore(removal.item, penstockd())
        .await
        .unwrap();
    trash::finish_pending(&house.admin).await;
    assert!(house.folder("abc-inc/pc/default").exists());

    let mut talk = house.control().await;
    talk.edited(remove(true)).await;
    let item = trash_items(&mut talk).await[0].item;
    store.trash_empty(item, penstockd()).await.unwrap();
    assert_eq!(trashed(&house), 1);
    trash::finish_pending(&house.admin).await;
    assert_eq!(trashed(&house), 0);
    assert!(store.trash_pending().await.unwrap().is_empty());
}

#[tokio::test]
async fn records_change_while_the_disk_is_away_and_the_folders_follow_when_it_is_back() {
    let house = house().await;
    let (here, away) = (house.folder(""), house.dir.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    let mut talk = house.control().await;
    let notes = talk.edited(remove(true)).await.notes;
    assert!(notes[1].contains("couldn't follow yet"), "{notes:?}");
    let Answer::Status(status) = talk.done(Request::Status {}).await else {
        panic!("no status");
    };
    assert!(
        status.attention[0]
            .text
            .starts_with("location main can't be used")
    );
    std::fs::rename(&away, &here).unwrap();
    trash::finish_pending(&house.admin).await;
    assert_eq!(trashed(&house), 1);
    assert!(!house.folder("abc-inc").exists());
}

#[tokio::test]
async fn the_trash_is_emptied_after_as_many_days_as_the_server_keeps_it() {
    let house = house().await;
    let mut talk = house.control().await;
    talk.edited(Request::Edit {
        target: Target::Server {},
        assignments: vec![Assignment {
            field: "trash_days".into(),
            value: "2".into(),
        }],
        expect_revision: None,
        dry_run: false,
    })
    .await;
    talk.edited(remove(true)).await;
    house
        .context
        .clock
        .step(jiff::SignedDuration::from_hours(47));
    trash::expire(&house.admin).await;
    assert_eq!(trash_items(&mut talk).await.len(), 1);
    house
        .context
        .clock
        .step(jiff::SignedDuration::from_hours(2));
    trash::expire(&house.admin).await;
    assert!(trash_items(&mut talk).await.is_empty());
    assert_eq!(trashed(&house), 0);
}
