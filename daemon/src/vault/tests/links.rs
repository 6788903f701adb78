//! Symbolic links, wherever they are planted, lead nowhere.

use std::{fs, os::unix::fs::symlink};

use super::*;

fn foreign<T>(answer: Result<T, VaultError>) -> bool {
    matches!(answer, Err(VaultError::Foreign(_)))
}

/// A folder outside the location with one file of that name in it, and what must still be there afterwards.
fn outside(disk: &Disk, name: ObjectName) -> PathBuf {
    let outside = disk.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(name.to_string()), b"secret").unwrap();
    outside
}

fn assert_untouched(outside: &Path, name: ObjectName) {
    assert_eq!(entries(outside), 1);
    assert_eq!(fs::read(outside.join(name.to_string())).unwrap(), b"secret");
}

#[tokio::test]
async fn a_link_in_a_schedules_place_is_refused() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let outside = outside(&disk, name);
    for (planted, folder) in [
        ("abc-inc/laptop/evil", "abc-inc/laptop/evil"),
        ("abc-inc/evil", "abc-inc/evil/default"),
        ("evil", "evil/laptop/default"),
    ] {
        symlink(&outside, disk.at(planted)).unwrap();
        let folder = RepoFolder::parse(folder).unwrap();
        assert!(foreign(disk.location.repository(&folder).await));
        assert!(foreign(disk.location.create_repository(&folder).await));
        assert!(foreign(disk.location.trash(&folder, "old").await));
    }
    assert_untouched(&outside, name);
    assert_eq!(entries(&disk.at(".trash")), 0);
}

#[tokio::test]
async fn a_link_in_the_place_of_an_objects_folder_is_refused() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let outside = outside(&disk, name);
    let first = &name.to_string()[..2];
    for (kind, planted) in [
        (Kind::Data, format!("data/{first}")),
        (Kind::Keys, "keys".into()),
    ] {
        fs::remove_dir(disk.inside(&planted)).unwrap();
        symlink(&outside, disk.inside(&planted)).unwrap();
        assert!(foreign(disk.repository.stat(kind, name).await));
        assert!(foreign(disk.repository.open(kind, name).await));
        assert!(foreign(disk.repository.delete(kind, name).await));
        assert!(foreign(disk.store(kind, b"pack").await));
        let mut listed = disk.repository.list(kind).await;
        if let Ok(listing) = &mut listed {
            listed = Err(listing.next().await.unwrap().unwrap_err());
        }
        assert!(foreign(listed));
        assert!(foreign(disk.repository.used().await));
    }
    assert_untouched(&outside, name);
}

#[tokio::test]
async fn a_link_in_an_objects_place_is_refused() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let outside = outside(&disk, name);
    symlink(
        outside.join(name.to_string()),
        disk.inside(&data_path(name)),
    )
    .unwrap();
    let repository = &disk.repository;
    assert!(foreign(repository.stat(Kind::Data, name).await));
    assert!(foreign(repository.open(Kind::Data, name).await));
    assert!(foreign(repository.delete(Kind::Data, name).await));
    assert!(foreign(disk.store(Kind::Data, b"pack").await));
    assert!(
        repository
            .list(Kind::Data)
            .await
            .unwrap()
            .next()
            .await
            .is_none()
    );

    symlink(outside.join(name.to_string()), disk.inside("config")).unwrap();
    assert!(foreign(repository.stat_config().await));
    assert!(foreign(repository.open_config().await));
    assert!(foreign(repository.begin_config(4).await));
    assert_untouched(&outside, name);
}

#[tokio::test]
async fn a_link_to_nowhere_is_not_written_through() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let target = disk.folder.path().join("not-there");
    symlink(&target, disk.inside(&data_path(name))).unwrap();
    assert!(foreign(disk.store(Kind::Data, b"pack").await));
    symlink(&target, disk.inside("config")).unwrap();
    assert!(foreign(disk.repository.begin_config(4).await));
    assert!(!target.exists());
}

#[tokio::test]
async fn a_link_planted_while_an_upload_runs_is_not_overwritten_or_followed() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let outside = outside(&disk, name);
    let mut upload = disk
        .repository
        .begin_upload(Kind::Data, name, 4)
        .await
        .unwrap();
    upload.write(Bytes::from_static(b"pack")).await.unwrap();
    symlink(
        outside.join(name.to_string()),
        disk.inside(&data_path(name)),
    )
    .unwrap();
    assert!(foreign(upload.finish().await));
    assert_eq!(disk.incoming(), 0);
    assert_untouched(&outside, name);
}

#[tokio::test]
async fn a_link_in_the_place_of_the_locations_own_folders_is_refused() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    let outside = outside(&disk, name);
    fs::remove_dir(disk.at(".incoming")).unwrap();
    fs::remove_dir(disk.at(".trash")).unwrap();
    symlink(&outside, disk.at(".incoming")).unwrap();
    symlink(&outside, disk.at(".trash")).unwrap();
    assert!(foreign(disk.store(Kind::Data, b"pack").await));
    assert!(foreign(disk.repository.begin_config(4).await));
    assert!(foreign(disk.location.sweep().await));
    assert!(foreign(disk.location.trash(&schedule(), "old").await));
    assert!(foreign(
        disk.location.restore_from_trash("old", &schedule()).await
    ));
    assert!(foreign(disk.location.empty_trash(&name.to_string()).await));
    assert!(foreign(disk.location.list_trash().await));
    assert_untouched(&outside, name);
    assert!(disk.inside("data").exists());
}

#[tokio::test]
async fn a_linked_marker_makes_no_location() {
    let disk = Disk::new().await;
    let marker = disk.folder.path().join("marker");
    fs::rename(disk.at(".penstock-location"), &marker).unwrap();
    symlink(marker, disk.at(".penstock-location")).unwrap();
    let away = disk.location.check().await;
    assert!(matches!(away, Err(VaultError::LocationUnavailable { .. })));
}

#[tokio::test]
async fn a_pipe_or_folder_in_an_objects_place_is_refused_without_waiting() {
    let disk = Disk::new().await;
    let (pipe, folder) = (name_of(b"pipe"), name_of(b"folder"));
    let mode = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&disk.inside(&data_path(pipe)), mode).unwrap();
    fs::create_dir(disk.inside(&data_path(folder))).unwrap();
    for name in [pipe, folder] {
        assert!(foreign(disk.repository.open(Kind::Data, name).await));
        assert!(foreign(disk.repository.stat(Kind::Data, name).await));
        assert!(foreign(disk.repository.delete(Kind::Data, name).await));
    }
}
