//! Lists: everything that is an object, nothing that isn't, and never all at once.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink};

use super::*;

async fn list(disk: &Disk, kind: Kind) -> BTreeMap<ObjectName, u64> {
    let mut listing = disk.repository.list(kind).await.unwrap();
    let mut all = BTreeMap::new();
    while let Some(batch) = listing.next().await {
        let batch = batch.unwrap();
        assert!(!batch.is_empty());
        for (name, size) in batch {
            assert_eq!(all.insert(name, size), None, "listed twice");
        }
    }
    all
}

#[tokio::test]
async fn a_list_holds_each_object_once_with_its_size() {
    let disk = Disk::new().await;
    for kind in Kind::ALL {
        assert!(list(&disk, kind).await.is_empty());
    }
    let mut expected = BTreeMap::new();
    for size in 0..40_u8 {
        let body = body(size, size.into());
        disk.store(Kind::Data, &body).await.unwrap();
        expected.insert(name_of(&body), u64::from(size));
    }
    disk.store(Kind::Locks, b"lock").await.unwrap();
    assert_eq!(list(&disk, Kind::Data).await, expected);
    assert_eq!(
        list(&disk, Kind::Locks).await,
        BTreeMap::from([(name_of(b"lock"), 4)])
    );
    assert!(list(&disk, Kind::Keys).await.is_empty());
}

#[tokio::test]
async fn three_thousand_objects_come_in_batches() {
    let disk = Disk::new().await;
    let mut expected = BTreeMap::new();
    for number in 0..3000_u32 {
        let name = name_of(&number.to_le_bytes());
        let size = number % 3;
        fs::write(disk.inside(&data_path(name)), vec![0; size as usize]).unwrap();
        fs::write(disk.inside(&format!("index/{name}")), b"").unwrap();
        expected.insert(name, u64::from(size));
    }
    assert_eq!(list(&disk, Kind::Data).await, expected);
    assert_eq!(list(&disk, Kind::Index).await.len(), 3000);
    let first = disk.repository.list(Kind::Data).await.unwrap().next().await;
    let first = first.unwrap().unwrap().len();
    assert!((1..3000).contains(&first), "{first} at once");
    assert_eq!(disk.repository.used().await.unwrap().bytes, 3000);
}

#[tokio::test]
async fn stray_and_temporary_files_never_show() {
    let disk = Disk::new().await;
    let name = name_of(b"pack");
    disk.store(Kind::Data, b"pack").await.unwrap();
    disk.store(Kind::Keys, b"key").await.unwrap();
    fs::write(disk.inside("config"), b"config").unwrap();
    let digits = name.to_string();
    for stray in [
        format!("{}.tmp", data_path(name)),
        format!("data/{digits}"),
        format!("{}G", &data_path(name)[..70]),
        "data/00/.hidden".into(),
        "keys/readme".into(),
        format!("keys/{}", digits.to_uppercase()),
    ] {
        fs::write(disk.inside(&stray), b"stray").unwrap();
    }
    // An object in the wrong subfolder can't be fetched, so it isn't listed.
    let other = if digits.starts_with("00") { "01" } else { "00" };
    fs::write(disk.inside(&format!("data/{other}/{digits}")), b"stray").unwrap();
    fs::create_dir(disk.inside(&format!("keys/{}", name_of(b"folder")))).unwrap();
    symlink(
        "/etc/passwd",
        disk.inside(&format!("keys/{}", name_of(b"link"))),
    )
    .unwrap();
    let mut running = disk
        .repository
        .begin_upload(Kind::Data, name_of(b"half"), 4)
        .await
        .unwrap();
    running.set_batch(1);
    running.write(Bytes::from_static(b"ha")).await.unwrap();
    running.write(Bytes::from_static(b"l")).await.unwrap();

    assert_eq!(list(&disk, Kind::Data).await, BTreeMap::from([(name, 4)]));
    assert_eq!(
        list(&disk, Kind::Keys).await,
        BTreeMap::from([(name_of(b"key"), 3)])
    );
    assert_eq!(disk.repository.used().await.unwrap().bytes, 4 + 3 + 6);
    running.abort().await;
}

#[tokio::test]
async fn folders_that_an_imported_tree_lacks_hold_nothing() {
    let disk = Disk::new().await;
    fs::remove_dir_all(disk.inside("data")).unwrap();
    fs::remove_dir(disk.inside("snapshots")).unwrap();
    assert!(list(&disk, Kind::Data).await.is_empty());
    assert!(list(&disk, Kind::Snapshots).await.is_empty());
    assert_eq!(disk.repository.used().await.unwrap().bytes, 0);
}
