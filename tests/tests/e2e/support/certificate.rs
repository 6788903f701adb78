//! Certificates for TLS, made for the occasion.

use std::fs;
use std::path::{Path, PathBuf};

/// A self-signed certificate for 127.0.0.1 in files of their own.
pub struct Certificate {
    /// The PEM file of the certificate, which is its own authority.
    pub certificate: PathBuf,
    /// The PEM file of its key.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one in a folder, or another in its place.
    pub fn made_in(folder: &Path) -> Self {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let files = Self {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    /// The lines of the configuration that name it.
    pub const CONFIG: &str = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";
}
