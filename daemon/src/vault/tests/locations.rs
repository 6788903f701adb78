//! Locations: the marker decides, and a missing disk is never mistaken for an empty one.

use std::fs;

use super::*;

#[tokio::test]
async fn a_location_is_opened_by_its_marker() {
    let disk = Disk::new().await;
    let opened = Location::open(disk.location.path()).await.unwrap();
    assert_eq!(opened.id(), "first");
    opened.repository(&schedule()).await.unwrap();
    let space = opened.free().await.unwrap();
    assert!(space.free > 0 && space.free <= space.total);
    let id = Location::generate_id().unwrap();
    assert!(id.len() == 32 && id != Location::generate_id().unwrap());
}

#[tokio::test]
async fn creating_it_again_changes_nothing_and_another_id_is_refused() {
    let disk = Disk::new().await;
    let path = disk.location.path();
    disk.store(Kind::Data, b"pack").await.unwrap();
    Location::create(path, "first").await.unwrap();
    let refused = Location::create(path, "second").await;
    assert!(matches!(refused, Err(VaultError::LocationTaken { found, .. }) if found == "first"));
    assert!(disk.read(Kind::Data, name_of(b"pack")).await.is_some());
    assert_eq!(fs::read(disk.at(".penstock-location")).unwrap(), b"first\n");
    assert_eq!(disk.incoming(), 0);
}

#[tokio::test]
async fn only_the_last_folder_of_a_locations_path_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/main");
    let refused = Location::create(&path, "first").await;
    assert!(matches!(refused, Err(VaultError::Io { .. })));
    assert_eq!(entries(folder.path()), 0);
    for bad in ["", "two words", "line\nbreak", &"x".repeat(129)] {
        let refused = Location::create(folder.path(), bad).await;
        assert!(matches!(refused, Err(VaultError::BadName { .. })));
    }
}

/// Everything that looks a location up must say that it is away.
async fn assert_away(disk: &Disk) {
    let (location, name) = (&disk.location, name_of(b"pack"));
    let answers = [
        location.check().await.err(),
        location.sweep().await.err(),
        location.free().await.err(),
        location.repository(&schedule()).await.err(),
        location.create_repository(&schedule()).await.err(),
        location.trash(&schedule(), "old").await.err(),
        location.restore_from_trash("old", &schedule()).await.err(),
        location.empty_trash("old").await.err(),
        location.list_trash().await.err(),
        disk.repository
            .begin_upload(Kind::Data, name, 4)
            .await
            .err(),
        disk.repository.begin_config(4).await.err(),
    ];
    for (index, answer) in answers.into_iter().enumerate() {
        let away = matches!(answer, Some(VaultError::LocationUnavailable { .. }));
        assert!(away, "{index}: {answer:?}");
    }
}

#[tokio::test]
async fn without_its_disk_a_location_is_unavailable_and_nothing_is_created() {
    let disk = Disk::new().await;
    let path = disk.location.path();
    let mounted = disk.folder.path().join("elsewhere");
    fs::rename(path, &mounted).unwrap();
    assert_away(&disk).await;
    assert!(!path.exists());

    // What a mount point is without its disk.
    fs::create_dir(path).unwrap();
    assert_away(&disk).await;
    assert!(matches!(
        Location::open(path).await,
        Err(VaultError::LocationUnavailable { .. })
    ));
    assert_eq!(entries(path), 0);

    fs::remove_dir(path).unwrap();
    fs::rename(mounted, path).unwrap();
    disk.location.check().await.unwrap();
    assert_eq!(
        disk.store(Kind::Data, b"pack").await.unwrap(),
        Finished::Stored
    );
}

#[tokio::test]
async fn another_locations_disk_in_its_place_is_not_used() {
    let disk = Disk::new().await;
    let path = disk.location.path();
    fs::rename(path, disk.folder.path().join("elsewhere")).unwrap();
    Location::create(path, "second").await.unwrap();
    let before = entries(path);
    assert_away(&disk).await;
    assert_eq!(entries(path), before);
}

#[tokio::test]
async fn a_repository_whose_folder_is_gone_is_not_an_empty_one() {
    let disk = Disk::new().await;
    fs::remove_dir_all(disk.at("abc-inc/laptop")).unwrap();
    let opened = disk.location.repository(&schedule()).await;
    assert!(matches!(opened, Err(VaultError::FolderGone(gone)) if gone == schedule()));
    let upload = disk.store(Kind::Data, b"pack").await;
    assert!(matches!(upload, Err(VaultError::FolderGone(_))));
    assert!(!disk.at("abc-inc/laptop").exists());
}

#[tokio::test]
async fn a_repository_half_made_by_a_crash_is_completed() {
    let disk = Disk::new().await;
    for first in 1..=u8::MAX {
        fs::remove_dir(disk.inside(&format!("data/{first:02x}"))).unwrap();
    }
    for kind in ["index", "keys", "locks", "snapshots"] {
        fs::remove_dir(disk.inside(kind)).unwrap();
    }
    assert_eq!(entries(&disk.inside("data")), 1);

    disk.location.create_repository(&schedule()).await.unwrap();
    assert_eq!(entries(&disk.inside("data")), 256);
    assert_eq!(entries(&disk.inside("")), 5);
}

#[tokio::test]
async fn a_folder_that_holds_something_is_not_made_anothers_repository() {
    let disk = Disk::new().await;
    for kind in ["index", "keys", "locks", "snapshots"] {
        fs::remove_dir(disk.inside(kind)).unwrap();
    }
    let pack = data_path(name_of(b"pack"));
    let lock = format!("locks/{}", name_of(b"lock"));
    for held in [&*pack, &*lock, "config", "keys", "data/stray", "notes.txt"] {
        let held = disk.inside(held);
        fs::create_dir_all(held.parent().unwrap()).unwrap();
        fs::write(&held, b"another's").unwrap();
        let before = entries(&disk.inside(""));
        let refused = disk.location.create_repository(&schedule()).await;
        assert!(
            matches!(refused, Err(VaultError::FolderTaken(folder)) if folder == schedule()),
            "{held:?}"
        );
        assert_eq!(entries(&disk.inside("")), before, "nothing is made");
        assert_eq!(fs::read(&held).unwrap(), b"another's");
        fs::remove_file(held).unwrap();
    }
    disk.location.create_repository(&schedule()).await.unwrap();
}

#[tokio::test]
async fn a_sweep_removes_leftovers_and_nothing_else() {
    let disk = Disk::new().await;
    disk.store(Kind::Data, b"pack").await.unwrap();
    for left in 0..3 {
        fs::write(disk.at(&format!(".incoming/{left:032x}.part")), b"half").unwrap();
    }
    fs::write(disk.at(".incoming/notes.txt"), b"somebody's").unwrap();
    assert_eq!(disk.location.sweep().await.unwrap(), 3);
    assert_eq!(disk.location.sweep().await.unwrap(), 0);
    assert!(disk.at(".incoming/notes.txt").exists());
    assert!(disk.read(Kind::Data, name_of(b"pack")).await.is_some());
}

#[tokio::test]
async fn a_location_that_was_away_at_the_start_is_swept_once_when_it_is_back() {
    let disk = Disk::new().await;
    let (path, away) = (disk.location.path(), disk.folder.path().join("away"));
    let left = format!("{:032x}.part", 1);
    fs::write(disk.at(".incoming").join(&left), b"half").unwrap();
    // As the next process knows it.
    let location = Location::recorded(path, "first").unwrap();
    fs::rename(path, &away).unwrap();
    assert!(location.sweep().await.is_err());
    assert!(away.join(".incoming").join(&left).exists());
    fs::rename(&away, path).unwrap();
    location.repository(&schedule()).await.unwrap();
    assert_eq!(disk.incoming(), 0);
    // From then on there may be uploads of its own.
    fs::write(disk.at(".incoming").join(&left), b"half").unwrap();
    location.check().await.unwrap();
    assert_eq!(disk.incoming(), 1);
}
