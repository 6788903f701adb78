//! The certificate and key that the configuration names, read once and proved to belong together.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};

use super::fault::{Complaint, complaint};

/// A chain is a few KiB; what is larger was named by mistake.
const LARGEST_FILE: u64 = 1 << 20;

/// Which of the two files is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    Certificate,
    Key,
}

/// Reads both files, and blames each for what is wrong with it.
pub(super) fn load(
    certificate: &Path,
    key: &Path,
) -> Result<CertifiedKey, Vec<(Blame, Complaint)>> {
    let chain = read_chain(certificate).map_err(|complaint| (Blame::Certificate, complaint));
    let signer = read_key(key)
        .and_then(|der| {
            let loaded = ring::default_provider().key_provider.load_private_key(der);
            loaded.map_err(|error| {
                complaint(
                    format!("{}: {error}", key.display()),
                    "use an RSA, ECDSA or Ed25519 key in PKCS#8, PKCS#1 or SEC1",
                )
            })
        })
        .map_err(|complaint| (Blame::Key, complaint));
    let (chain, signer) = match (chain, signer) {
        (Ok(chain), Ok(signer)) => (chain, signer),
        (chain, signer) => return Err(chain.err().into_iter().chain(signer.err()).collect()),
    };
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(TlsError::InconsistentKeys(_)) => Err(vec![(
            Blame::Key,
            complaint(
                format!(
                    "{} doesn't belong to {}",
                    key.display(),
                    certificate.display()
                ),
                "name the key that the certificate was issued for; in a chain the server's own certificate comes first",
            ),
        )]),
        Err(error) => Err(vec![(
            Blame::Certificate,
            complaint(
                format!("{}: {error}", certificate.display()),
                "have the certificate issued anew",
            ),
        )]),
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Complaint> {
    let text = read_file(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(complaint(
            format!("{} holds no certificate", path.display()),
            "name a PEM file with a BEGIN CERTIFICATE line",
        )),
        Ok(chain) => Ok(chain),
        Err(error) => Err(damaged(path, &error)),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Complaint> {
    let text = read_file(path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if is_encrypted(&text) => Err(complaint(
            format!("{} is encrypted", path.display()),
            "decrypt it with openssl pkey and keep it readable for the daemon alone",
        )),
        Err(pem::Error::NoItemsFound) => Err(complaint(
            format!("{} holds no private key", path.display()),
            "name a PEM file with a BEGIN PRIVATE KEY line",
        )),
        Err(error) => Err(damaged(path, &error)),
    }
}

fn is_encrypted(text: &[u8]) -> bool {
    let marker = b"BEGIN ENCRYPTED PRIVATE KEY";
    text.windows(marker.len()).any(|window| window == marker)
}

fn damaged(path: &Path, error: &pem::Error) -> Complaint {
    complaint(
        format!("{} is damaged: {error}", path.display()),
        "write the PEM file anew",
    )
}

fn read_file(path: &Path) -> Result<Vec<u8>, Complaint> {
    let unreadable = |error: io::Error| {
        complaint(
            format!("cannot read {}: {error}", path.display()),
            "check the path, and that the daemon's user may read it",
        )
    };
    let named_by_mistake = || {
        complaint(
            format!("{} is no PEM file", path.display()),
            "name a regular file of at most 1 MiB",
        )
    };
    // Opening a pipe would wait for its writer for ever.
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(named_by_mistake());
    }
    let mut text = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(LARGEST_FILE + 1);
    file.read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(named_by_mistake());
    }
    Ok(text)
}
