//! The trash: a removed folder is out of the way, whole, until it is restored or emptied.

use std::{fs, os::unix::fs::symlink};

use super::*;
use crate::vault::trash_name;

async fn names(disk: &Disk) -> Vec<(String, bool)> {
    let trashed = disk.location.list_trash().await.unwrap();
    trashed.into_iter().map(|t| (t.name, t.emptying)).collect()
}

#[tokio::test]
async fn what_is_trashed_comes_back_whole() {
    let disk = Disk::new().await;
    disk.store(Kind::Data, b"pack").await.unwrap();
    disk.location.trash(&schedule(), "7-default").await.unwrap();
    assert!(!disk.at("abc-inc").exists(), "empty parents go too");
    assert_eq!(names(&disk).await, [("7-default".to_owned(), false)]);
    let gone = disk.location.repository(&schedule()).await;
    assert!(matches!(gone, Err(VaultError::FolderGone(_))));

    disk.location
        .restore_from_trash("7-default", &schedule())
        .await
        .unwrap();
    assert!(names(&disk).await.is_empty());
    let back = disk.location.repository(&schedule()).await.unwrap();
    let size = back.stat(Kind::Data, name_of(b"pack")).await.unwrap();
    assert_eq!(size, Some(4));
}

#[tokio::test]
async fn a_parent_with_something_else_in_it_stays() {
    let disk = Disk::new().await;
    let other = RepoFolder::parse("abc-inc/laptop/nightly").unwrap();
    disk.location.create_repository(&other).await.unwrap();
    disk.location.trash(&schedule(), "old").await.unwrap();
    disk.location.repository(&other).await.unwrap();
}

#[tokio::test]
async fn a_whole_customer_goes_and_comes_back() {
    let disk = Disk::new().await;
    let customer = RepoFolder::parse("abc-inc").unwrap();
    disk.location.trash(&customer, "abc").await.unwrap();
    disk.location
        .restore_from_trash("abc", &customer)
        .await
        .unwrap();
    disk.location.repository(&schedule()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_overwritten_on_the_way_in_or_out() {
    let disk = Disk::new().await;
    disk.store(Kind::Data, b"old").await.unwrap();
    disk.location.trash(&schedule(), "x").await.unwrap();
    disk.location.create_repository(&schedule()).await.unwrap();
    let taken = disk.location.trash(&schedule(), "x").await;
    assert!(matches!(taken, Err(VaultError::Exists(_))));
    let taken = disk.location.restore_from_trash("x", &schedule()).await;
    assert!(matches!(taken, Err(VaultError::Exists(_))));
    let kept = format!(".trash/x/{}", data_path(name_of(b"old")));
    assert_eq!(fs::read(disk.at(&kept)).unwrap(), b"old");
    assert!(disk.inside("data").exists());
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let disk = Disk::new().await;
    let none = RepoFolder::parse("abc-inc/none/default").unwrap();
    let gone = disk.location.trash(&none, "x").await;
    assert!(matches!(gone, Err(VaultError::FolderGone(folder)) if folder == none));
    let gone = disk.location.restore_from_trash("x", &none).await;
    assert!(matches!(gone, Err(VaultError::NotInTrash(name)) if name == "x"));
    disk.location.empty_trash("x").await.unwrap();
    for bad in ["", ".x", "a/b", "..", &"x".repeat(201)] {
        for refused in [
            disk.location.trash(&schedule(), bad).await,
            disk.location.restore_from_trash(bad, &none).await,
            disk.location.empty_trash(bad).await,
        ] {
            assert!(
                matches!(refused, Err(VaultError::BadName { .. })),
                "{bad:?}"
            );
        }
    }
}

#[tokio::test]
async fn emptying_removes_one_entry_and_follows_no_link() {
    let disk = Disk::new().await;
    let outside = disk.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), b"kept").unwrap();
    symlink(&outside, disk.inside("data/00/folder")).unwrap();
    symlink(outside.join("file"), disk.inside("keys/file")).unwrap();
    disk.store(Kind::Data, b"pack").await.unwrap();
    disk.location.trash(&schedule(), "old").await.unwrap();
    disk.location.create_repository(&schedule()).await.unwrap();
    disk.location.trash(&schedule(), "older").await.unwrap();

    disk.location.empty_trash("old").await.unwrap();
    assert_eq!(names(&disk).await, [("older".to_owned(), false)]);
    assert_eq!(entries(&disk.at(".trash")), 1);
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"kept");
}

#[tokio::test]
async fn emptying_cut_short_can_only_be_finished() {
    let disk = Disk::new().await;
    disk.location.trash(&schedule(), "old").await.unwrap();
    // As a crash leaves it: set aside, part of it gone.
    fs::rename(disk.at(".trash/old"), disk.at(".trash/.emptying-old")).unwrap();
    fs::remove_dir(disk.at(".trash/.emptying-old/keys")).unwrap();
    assert_eq!(names(&disk).await, [("old".to_owned(), true)]);
    let refused = disk.location.restore_from_trash("old", &schedule()).await;
    assert!(matches!(refused, Err(VaultError::NotInTrash(_))));

    // The same name can be in the trash again meanwhile; both go.
    disk.location.create_repository(&schedule()).await.unwrap();
    disk.location.trash(&schedule(), "old").await.unwrap();
    disk.location.empty_trash("old").await.unwrap();
    assert_eq!(entries(&disk.at(".trash")), 0);
}

#[tokio::test]
async fn a_tree_too_deep_to_be_ours_is_refused_rather_than_followed_down() {
    let disk = Disk::new().await;
    fs::create_dir_all(disk.at(&format!(".trash/deep/{}", ["d"; 100].join("/")))).unwrap();
    let refused = disk.location.empty_trash("deep").await;
    assert!(matches!(refused, Err(VaultError::Io { .. })));
}

#[tokio::test]
async fn what_lies_in_the_trash_can_be_counted_there() {
    let disk = Disk::new().await;
    disk.store(Kind::Data, b"data").await.unwrap();
    disk.store(Kind::Locks, b"lock it").await.unwrap();
    assert_eq!(disk.repository.used_beside_locks().await.unwrap().bytes, 4);
    assert_eq!(disk.repository.used_by_locks().await.unwrap(), 7);
    let name = trash_name(3, 5);
    let folder = schedule();
    let counted = disk.location.used_in_trash(&name, &folder).await;
    assert_eq!(counted.unwrap(), None);
    disk.location.trash(&folder, &name).await.unwrap();
    let counted = disk.location.used_in_trash(&name, &folder).await;
    assert_eq!(counted.unwrap().map(|held| held.bytes), Some(11));
    // Still opened, as by a request that goes on.
    assert_eq!(disk.repository.used().await.unwrap().bytes, 11);
}

#[test]
fn nothing_is_trashed_while_folders_are_made() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let disk = runtime.block_on(Disk::new());
    std::thread::scope(|both| {
        let making = disk.location.growing();
        let trashing = both.spawn(|| runtime.block_on(disk.location.trash(&schedule(), "old")));
        // Else the folder above could go between its opening and the making of one in it.
        for _ in 0..50_000 {
            assert!(disk.inside("data").exists());
        }
        drop(making);
        trashing.join().unwrap().unwrap();
        assert!(!disk.at("abc-inc").exists());
    });
}
