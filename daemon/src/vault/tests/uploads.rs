//! Uploads: whole and verified, or not there at all.

use std::{fs, sync::Arc};

use nix::errno::Errno;

use super::{
    super::{error::at, temporary::Temporary},
    *,
};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn every_kind_of_object_is_stored_as_it_came() {
    let disk = Disk::new().await;
    for (seed, kind) in Kind::ALL.into_iter().enumerate() {
        for len in [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 7] {
            let body = body(seed as u8, len);
            let _ = disk.store(kind, &body).await.unwrap();
            let name = name_of(&body);
            let size = disk.repository.stat(kind, name).await.unwrap();
            assert_eq!(size, Some(len as u64));
            assert!(disk.read(kind, name).await.unwrap() == body);
        }
    }
    assert_eq!(disk.incoming(), 0);
}

#[tokio::test]
async fn a_body_in_crumbs_is_stored_as_it_came() {
    let disk = Disk::new().await;
    let body = body(1, 5000);
    let name = name_of(&body);
    let mut upload = disk
        .repository
        .begin_upload(Kind::Data, name, 5000)
        .await
        .unwrap();
    for crumb in body.chunks(1) {
        upload.write(Bytes::copy_from_slice(crumb)).await.unwrap();
        upload.write(Bytes::new()).await.unwrap();
    }
    assert_eq!(upload.finish().await.unwrap(), Finished::Stored);
    assert!(disk.read(Kind::Data, name).await.unwrap() == body);
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let disk = Disk::new().await;
    disk.store(Kind::Data, b"pack").await.unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(disk.inside(&data_path(name_of(b"pack")))), 0o600);
    assert_eq!(mode(disk.inside("data")), 0o700);
}

#[tokio::test]
async fn a_body_that_does_not_hash_to_its_name_leaves_nothing() {
    let disk = Disk::new().await;
    for len in [10, 3 * MIB] {
        let name = name_of(b"something else");
        let refused = disk.store_as(Kind::Data, name, &body(1, len)).await;
        assert!(matches!(refused, Err(VaultError::HashMismatch(n)) if n == name));
        assert_eq!(disk.repository.stat(Kind::Data, name).await.unwrap(), None);
        assert_eq!(disk.incoming(), 0);
    }
}

#[tokio::test]
async fn a_short_body_leaves_nothing() {
    let disk = Disk::new().await;
    let body = body(2, 2 * MIB);
    let name = name_of(&body);
    for cut in [0, 1, MIB, 2 * MIB - 1] {
        let mut upload = disk
            .repository
            .begin_upload(Kind::Data, name, body.len() as u64)
            .await
            .unwrap();
        upload
            .write(Bytes::copy_from_slice(&body[..cut]))
            .await
            .unwrap();
        let refused = upload.finish().await;
        assert!(
            matches!(refused, Err(VaultError::ShortBody { received, .. }) if received == cut as u64)
        );
        assert_eq!(disk.repository.stat(Kind::Data, name).await.unwrap(), None);
        assert_eq!(disk.incoming(), 0);
    }
}

#[tokio::test]
async fn a_long_body_leaves_nothing_and_ends_the_upload() {
    let disk = Disk::new().await;
    let name = name_of(b"abc");
    let mut upload = disk
        .repository
        .begin_upload(Kind::Data, name, 3)
        .await
        .unwrap();
    upload.set_batch(1);
    upload.write(Bytes::from_static(b"abc")).await.unwrap();
    let refused = upload.write(Bytes::from_static(b"d")).await;
    assert!(matches!(refused, Err(VaultError::LongBody { expected: 3 })));
    assert_eq!(disk.incoming(), 0);
    assert!(matches!(
        upload.finish().await,
        Err(VaultError::UploadFailed)
    ));
    assert_eq!(disk.repository.stat(Kind::Data, name).await.unwrap(), None);
}

#[test]
fn a_dropped_upload_leaves_nothing_even_with_a_write_in_flight() {
    for round in 0..20 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (disk, name) = runtime.block_on(async {
            let disk = Disk::new().await;
            let body = body(round, 3 * MIB);
            let name = name_of(&body);
            let mut upload = disk
                .repository
                .begin_upload(Kind::Data, name, body.len() as u64)
                .await
                .unwrap();
            // The second batch waits for the first, so the file is there; the second or third is in flight or waiting.
            let batches = 2 + usize::from(round % 2);
            for piece in body.chunks(MIB).take(batches) {
                upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            assert_eq!(disk.incoming(), 1);
            drop(upload);
            (disk, name)
        });
        // Waits for what blocking threads are still at.
        drop(runtime);
        assert_eq!(disk.incoming(), 0);
        assert!(!disk.inside(&data_path(name)).exists());
    }
}

#[tokio::test]
async fn an_aborted_upload_is_gone_when_abort_returns() {
    let disk = Disk::new().await;
    let body = body(3, 2 * MIB);
    let name = name_of(&body);
    let mut upload = disk
        .repository
        .begin_upload(Kind::Data, name, body.len() as u64)
        .await
        .unwrap();
    for piece in body.chunks(MIB) {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    upload.abort().await;
    assert_eq!(disk.incoming(), 0);
    assert_eq!(disk.repository.stat(Kind::Data, name).await.unwrap(), None);
}

#[tokio::test]
async fn two_uploads_of_one_name_both_succeed_and_one_file_stands() {
    let disk = Disk::new().await;
    let body = body(4, MIB + 1);
    let (name, len) = (name_of(&body), body.len() as u64);
    let mut first = disk
        .repository
        .begin_upload(Kind::Data, name, len)
        .await
        .unwrap();
    let mut second = disk
        .repository
        .begin_upload(Kind::Data, name, len)
        .await
        .unwrap();
    let mut third = disk
        .repository
        .begin_upload(Kind::Data, name, len)
        .await
        .unwrap();
    for upload in [&mut first, &mut second, &mut third] {
        assert!(upload.needs_space());
        upload.write(Bytes::from(body.clone())).await.unwrap();
    }
    assert_eq!(first.finish().await.unwrap(), Finished::Stored);
    third.abort().await;
    assert_eq!(second.finish().await.unwrap(), Finished::AlreadyThere);
    assert!(disk.read(Kind::Data, name).await.unwrap() == body);
    assert_eq!(disk.incoming(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_uploads_of_one_name_at_once_store_it_once() {
    let disk = Arc::new(Disk::new().await);
    let body = Arc::new(body(5, 300_000));
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (disk, body) = (disk.clone(), body.clone());
        uploads.spawn(async move { disk.store(Kind::Data, &body).await.unwrap() });
    }
    let ends = uploads.join_all().await;
    let stored = ends.iter().filter(|end| **end == Finished::Stored).count();
    assert_eq!(stored, 1);
    assert_eq!(disk.incoming(), 0);
}

#[tokio::test]
async fn what_is_there_is_hashed_again_but_not_written() {
    let disk = Disk::new().await;
    let body = body(6, 2 * MIB);
    let (name, len) = (name_of(&body), body.len() as u64);
    assert_eq!(
        disk.store(Kind::Data, &body).await.unwrap(),
        Finished::Stored
    );
    let mut again = disk
        .repository
        .begin_upload(Kind::Data, name, len)
        .await
        .unwrap();
    assert!(!again.needs_space());
    for piece in body.chunks(MIB) {
        again.write(Bytes::copy_from_slice(piece)).await.unwrap();
        assert_eq!(disk.incoming(), 0);
    }
    assert_eq!(again.finish().await.unwrap(), Finished::AlreadyThere);

    let mut wrong = body.clone();
    wrong[MIB] ^= 1;
    let refused = disk.store_as(Kind::Data, name, &wrong).await;
    assert!(matches!(refused, Err(VaultError::HashMismatch(_))));
    assert!(disk.read(Kind::Data, name).await.unwrap() == body);
}

#[tokio::test]
async fn what_was_deleted_while_it_was_only_hashed_is_asked_for_again() {
    let disk = Disk::new().await;
    disk.store(Kind::Locks, b"lock").await.unwrap();
    let name = name_of(b"lock");
    let mut again = disk
        .repository
        .begin_upload(Kind::Locks, name, 4)
        .await
        .unwrap();
    again.write(Bytes::from_static(b"lock")).await.unwrap();
    let freed = disk.repository.delete(Kind::Locks, name).await.unwrap();
    assert_eq!(freed, Some(4));
    assert!(matches!(again.finish().await, Err(VaultError::Vanished(_))));
    assert_eq!(
        disk.store(Kind::Locks, b"lock").await.unwrap(),
        Finished::Stored
    );
}

#[tokio::test]
async fn a_damaged_object_is_neither_confirmed_nor_overwritten() {
    let disk = Disk::new().await;
    let path = disk.inside(&data_path(name_of(b"whole")));
    fs::write(&path, b"who").unwrap();
    let refused = disk.store(Kind::Data, b"whole").await;
    assert!(matches!(refused, Err(VaultError::Damaged(_))));
    assert_eq!(fs::read(&path).unwrap(), b"who");
    assert_eq!(disk.incoming(), 0);
    let freed = disk.repository.delete(Kind::Data, name_of(b"whole"));
    assert_eq!(freed.await.unwrap(), Some(3));
    assert_eq!(
        disk.store(Kind::Data, b"whole").await.unwrap(),
        Finished::Stored
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_configs_at_once_exactly_one_is_created() {
    let disk = Arc::new(Disk::new().await);
    let start = Arc::new(tokio::sync::Barrier::new(16));
    let mut creators = tokio::task::JoinSet::new();
    for creator in 0..16_u8 {
        let (disk, start) = (disk.clone(), start.clone());
        creators.spawn(async move {
            let mut upload = disk.repository.begin_config(100).await.unwrap();
            upload.write(Bytes::from(vec![creator; 100])).await.unwrap();
            start.wait().await;
            (creator, upload.finish().await)
        });
    }
    let mut winners = Vec::new();
    for (creator, end) in creators.join_all().await {
        match end {
            Ok(Finished::Stored) => winners.push(creator),
            Err(VaultError::ConfigExists) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(
        fs::read(disk.inside("config")).unwrap(),
        vec![winners[0]; 100]
    );
    assert_eq!(disk.incoming(), 0);
    let late = disk.repository.begin_config(100).await;
    assert!(matches!(late, Err(VaultError::ConfigExists)));
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_deleting_it_again_is_no_error() {
    let disk = Disk::new().await;
    for kind in Kind::ALL {
        disk.store(kind, b"object").await.unwrap();
        let name = name_of(b"object");
        let freed = disk.repository.delete(kind, name).await.unwrap();
        assert_eq!(freed, Some(6));
        assert_eq!(disk.repository.stat(kind, name).await.unwrap(), None);
        let again = disk.repository.delete(kind, name).await.unwrap();
        assert_eq!(again, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_delete_an_object_at_once_exactly_one_learns_its_size() {
    let disk = Arc::new(Disk::new().await);
    for _ in 0..20 {
        disk.store(Kind::Data, b"object").await.unwrap();
        let start = Arc::new(tokio::sync::Barrier::new(16));
        let mut deleters = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (disk, start) = (disk.clone(), start.clone());
            deleters.spawn(async move {
                start.wait().await;
                let name = name_of(b"object");
                disk.repository.delete(Kind::Data, name).await.unwrap()
            });
        }
        let freed: Vec<u64> = deleters.join_all().await.into_iter().flatten().collect();
        assert_eq!(freed, [6]);
    }
}

#[tokio::test]
async fn a_folder_that_an_imported_tree_lacks_is_made() {
    let disk = Disk::new().await;
    fs::remove_dir_all(disk.inside("data")).unwrap();
    fs::remove_dir(disk.inside("locks")).unwrap();
    let (repository, name) = (&disk.repository, name_of(b"object"));
    for kind in [Kind::Data, Kind::Locks] {
        assert_eq!(repository.delete(kind, name).await.unwrap(), None);
        assert_eq!(repository.stat(kind, name).await.unwrap(), None);
        assert_eq!(disk.store(kind, b"object").await.unwrap(), Finished::Stored);
    }
}

#[tokio::test]
async fn a_file_system_without_exclusive_renames_is_served_by_links() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        Arc::new(std::os::fd::OwnedFd::from(
            fs::File::open(folder.path()).unwrap(),
        ))
    };
    let mut file = Temporary::create(open()).unwrap();
    file.write(&[Bytes::from_static(b"whole")]).unwrap();
    assert!(file.link(open(), "object").unwrap());
    assert!(!file.link(open(), "object").unwrap(), "it never overwrites");
    file.discard();
    assert_eq!(entries(folder.path()), 1);
    assert_eq!(fs::read(folder.path().join("object")).unwrap(), b"whole");
}

#[test]
fn a_full_disk_and_a_full_quota_mean_the_same() {
    for full in [Errno::ENOSPC, Errno::EDQUOT] {
        assert!(matches!(at("write", "x")(full), VaultError::DiskFull));
    }
    let broken: VaultError = at("write", "a/b")(Errno::EIO);
    assert_eq!(
        broken.to_string(),
        "cannot write a/b: Input/output error (os error 5)"
    );
}
