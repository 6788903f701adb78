//! What the vault promises, tried on real folders.

mod links;
mod listing;
mod locations;
mod names;
mod reading;
mod trash;
mod uploads;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{Finished, Kind, Location, ObjectName, RepoFolder, Repository, VaultError};

/// A location with one repository, in a folder that goes with it.
struct Disk {
    folder: tempfile::TempDir,
    location: Location,
    repository: Repository,
}

impl Disk {
    async fn new() -> Disk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main");
        let location = Location::create(&path, "first").await.unwrap();
        let repository = location.create_repository(&schedule()).await.unwrap();
        Disk {
            folder,
            location,
            repository,
        }
    }

    /// A path in the location.
    fn at(&self, path: &str) -> PathBuf {
        self.location.path().join(path)
    }

    /// A path in the repository.
    fn inside(&self, path: &str) -> PathBuf {
        self.at("abc-inc/laptop/default").join(path)
    }

    async fn store(&self, kind: Kind, body: &[u8]) -> Result<Finished, VaultError> {
        self.store_as(kind, name_of(body), body).await
    }

    async fn store_as(
        &self,
        kind: Kind,
        name: ObjectName,
        body: &[u8],
    ) -> Result<Finished, VaultError> {
        let len = body.len() as u64;
        let mut upload = self.repository.begin_upload(kind, name, len).await?;
        for piece in body.chunks(100_000) {
            upload.write(Bytes::copy_from_slice(piece)).await?;
        }
        upload.finish().await
    }

    async fn read(&self, kind: Kind, name: ObjectName) -> Option<Vec<u8>> {
        let reader = self.repository.open(kind, name).await.unwrap()?;
        let mut chunks = reader.chunks(0..reader.len());
        let mut whole = Vec::new();
        while let Some(piece) = chunks.next().await {
            whole.extend_from_slice(&piece.unwrap());
        }
        Some(whole)
    }

    fn incoming(&self) -> usize {
        entries(&self.at(".incoming"))
    }
}

fn schedule() -> RepoFolder {
    RepoFolder::parse("abc-inc/laptop/default").unwrap()
}

fn name_of(body: &[u8]) -> ObjectName {
    let hash: [u8; 32] = Sha256::digest(body).into();
    hash.into()
}

/// A body of that size that compresses badly and differs by its seed.
fn body(seed: u8, len: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Where the object of that name is in a repository.
fn data_path(name: ObjectName) -> String {
    let name = name.to_string();
    format!("data/{}/{name}", &name[..2])
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
