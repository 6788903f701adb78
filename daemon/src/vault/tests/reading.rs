//! Reading: exactly the range that was asked for.

use std::{fs, io, ops::Range};

use proptest::prelude::*;

use super::{super::Reader, *};

const PIECE: usize = 256 * 1024;

async fn read(reader: &Reader, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut chunks = reader.chunks(range);
    let mut bytes = Vec::new();
    while let Some(piece) = chunks.next().await {
        let piece = piece?;
        assert!((1..=PIECE).contains(&piece.len()));
        bytes.extend_from_slice(&piece);
    }
    assert!(chunks.next().await.is_none());
    Ok(bytes)
}

#[test]
fn any_range_reads_as_the_slice_it_names() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let content = body(1, 2 * PIECE + 100);
    let reader = runtime.block_on(async {
        let disk = Disk::new().await;
        disk.store(Kind::Data, &content).await.unwrap();
        let name = name_of(&content);
        // Still readable when its folder is removed with the disk.
        disk.repository
            .open(Kind::Data, name)
            .await
            .unwrap()
            .unwrap()
    });
    assert_eq!(reader.len(), content.len() as u64);
    let edges = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, content.len()];
    let check = |from: usize, to: usize| {
        let bytes = runtime
            .block_on(read(&reader, from as u64..to as u64))
            .unwrap();
        assert!(bytes == content[from..to], "{from}..{to}");
    };
    for from in edges {
        for to in edges.into_iter().filter(|to| *to >= from) {
            check(from, to);
        }
    }
    let len = content.len();
    proptest!(ProptestConfig::with_cases(64), |(a in 0..=len, b in 0..=len)| {
        check(a.min(b), a.max(b));
    });
}

#[tokio::test]
async fn a_file_that_ends_within_the_range_is_an_error() {
    let disk = Disk::new().await;
    let content = body(2, 4 * PIECE);
    let name = name_of(&content);
    disk.store(Kind::Data, &content).await.unwrap();
    let reader = disk
        .repository
        .open(Kind::Data, name)
        .await
        .unwrap()
        .unwrap();
    let file = fs::File::options()
        .write(true)
        .open(disk.inside(&data_path(name)))
        .unwrap();
    file.set_len(PIECE as u64 + 1).unwrap();

    let mut chunks = reader.chunks(0..reader.len());
    assert!(chunks.next().await.unwrap().unwrap() == content[..PIECE]);
    let cut = chunks.next().await.unwrap().unwrap_err();
    assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
    assert!(chunks.next().await.is_none());
}

#[tokio::test]
async fn what_is_not_there_is_none_and_no_error() {
    let disk = Disk::new().await;
    for kind in Kind::ALL {
        let name = name_of(b"nothing");
        assert!(disk.repository.open(kind, name).await.unwrap().is_none());
        assert_eq!(disk.repository.stat(kind, name).await.unwrap(), None);
    }
    assert!(disk.repository.open_config().await.unwrap().is_none());
    assert_eq!(disk.repository.stat_config().await.unwrap(), None);

    let mut upload = disk.repository.begin_config(6).await.unwrap();
    upload.write(Bytes::from_static(b"config")).await.unwrap();
    upload.finish().await.unwrap();
    assert_eq!(disk.repository.stat_config().await.unwrap(), Some(6));
    let config = disk.repository.open_config().await.unwrap().unwrap();
    assert_eq!(read(&config, 0..6).await.unwrap(), b"config");
}
