//! TLS over accepted connections: HTTP/1.1 only, bounded handshakes, certificates that change under way.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// How long a client may take for its handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The protocol version can't be set up. Nothing that a configuration says leads here.
#[derive(Debug, thiserror::Error)]
#[error("TLS can't be set up: {0}")]
pub struct SetupError(#[from] rustls::Error);

/// A connection that never became TLS.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The client took longer than [`HANDSHAKE_TIMEOUT`].
    #[error("the client didn't finish its TLS handshake in {} s", HANDSHAKE_TIMEOUT.as_secs())]
    TooSlow,
    /// The client speaks something else, wants another version, distrusts the certificate, or left.
    #[error("the TLS handshake failed: {0}")]
    Failed(io::Error),
}

/// The certificate shown to new connections. Clones share it.
#[derive(Debug, Clone)]
pub struct Certificates {
    current: watch::Sender<Shown>,
}

/// What is shown now.
#[derive(Debug, Clone)]
struct Shown {
    config: Arc<ServerConfig>,
    ends: Option<Timestamp>,
}

impl Certificates {
    /// Shows `certified` to clients.
    ///
    /// # Errors
    /// When rustls refuses its own protocol versions.
    pub fn new(certified: Arc<CertifiedKey>) -> Result<Self, SetupError> {
        let current = watch::Sender::new(Shown::new(certified)?);
        Ok(Self { current })
    }

    /// Shows `certified` from the next handshake on; running connections notice nothing.
    ///
    /// # Errors
    /// As [`Certificates::new`]; the old certificate stays.
    pub fn replace(&self, certified: Arc<CertifiedKey>) -> Result<(), SetupError> {
        self.current.send_replace(Shown::new(certified)?);
        Ok(())
    }

    /// When the certificate that is shown now ends (RFC 5280, section 4.1.2.5); none when that can't be read.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.current.borrow().ends
    }

    /// Makes a TLS connection of `stream`, within [`HANDSHAKE_TIMEOUT`].
    ///
    /// # Errors
    /// When the client is too slow or the handshake fails; the stream is closed.
    pub async fn accept<S>(&self, stream: S) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.current.borrow().config);
        let handshake = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await {
            Ok(finished) => finished.map_err(HandshakeError::Failed),
            Err(_elapsed) => Err(HandshakeError::TooSlow),
        }
    }
}

impl Shown {
    fn new(certified: Arc<CertifiedKey>) -> Result<Self, SetupError> {
        Ok(Self {
            ends: certified.cert.first().and_then(|own| end_of(own)),
            config: server_config(certified)?,
        })
    }
}

fn end_of(certificate: &[u8]) -> Option<Timestamp> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let end = certificate.tbs_certificate.validity.not_after;
    Timestamp::from_second(i64::try_from(end.to_unix_duration().as_secs()).ok()?).ok()
}

/// TLS 1.2 and 1.3 with `certified`, for HTTP/1.1 alone.
///
/// HTTP/2 isn't offered: at its usual windows one throttled upload would stall the others of its connection.
///
/// # Errors
/// When rustls refuses its own protocol versions.
pub fn server_config(certified: Arc<CertifiedKey>) -> Result<Arc<ServerConfig>, SetupError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio_rustls::{TlsConnector, client};

    use super::*;

    const NAME: &str = "backup.example";

    fn issue() -> Arc<CertifiedKey> {
        let issued = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let chain = vec![issued.cert.der().clone()];
        Arc::new(CertifiedKey::from_der(chain, key, &ring::default_provider()).unwrap())
    }

    #[test]
    fn a_certificates_end_is_read() {
        let mut params = rcgen::CertificateParams::new([NAME.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2031, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        let issued = params.self_signed(&key).unwrap();
        let end = end_of(issued.der()).unwrap();
        assert_eq!(end.to_string(), "2031-03-04T00:00:00Z");
        assert_eq!(end_of(b"nonsense"), None);
    }

    fn trusting(
        certified: &CertifiedKey,
        protocols: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(certified.cert[0].clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
    }

    type Ends = (
        io::Result<client::TlsStream<DuplexStream>>,
        Result<TlsStream<DuplexStream>, HandshakeError>,
    );

    async fn shake(certificates: &Certificates, connector: &TlsConnector) -> Ends {
        let (near, far) = duplex(64 * 1024);
        let name = ServerName::try_from(NAME).unwrap();
        tokio::join!(connector.connect(name, near), certificates.accept(far))
    }

    fn shown(stream: &client::TlsStream<DuplexStream>) -> CertificateDer<'static> {
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }

    #[tokio::test]
    async fn both_current_versions_carry_bytes_both_ways() {
        let certified = issue();
        let certificates = Certificates::new(Arc::clone(&certified)).unwrap();
        for version in [&TLS12, &TLS13] {
            let (client, server) =
                shake(&certificates, &trusting(&certified, &[], &[version])).await;
            let (mut client, mut server) = (client.unwrap(), server.unwrap());
            assert_eq!(server.get_ref().1.protocol_version(), Some(version.version));
            client.write_all(b"ping").await.unwrap();
            client.flush().await.unwrap();
            let mut four = [0; 4];
            server.read_exact(&mut four).await.unwrap();
            assert_eq!(&four, b"ping");
            server.write_all(b"pong").await.unwrap();
            server.flush().await.unwrap();
            client.read_exact(&mut four).await.unwrap();
            assert_eq!(&four, b"pong");
        }
    }

    #[tokio::test]
    async fn only_http_1_1_is_agreed_on() {
        let certified = issue();
        let certificates = Certificates::new(Arc::clone(&certified)).unwrap();
        let both = trusting(&certified, &["h2", "http/1.1"], &[&TLS13]);
        let (client, _server) = shake(&certificates, &both).await;
        assert_eq!(
            client.unwrap().get_ref().1.alpn_protocol(),
            Some(b"http/1.1".as_slice())
        );
        let (client, server) =
            shake(&certificates, &trusting(&certified, &["h2"], &[&TLS13])).await;
        assert!(client.is_err());
        assert!(matches!(server, Err(HandshakeError::Failed(_))));
    }

    #[tokio::test]
    async fn a_reload_changes_new_handshakes_and_leaves_running_connections() {
        let (old, new) = (issue(), issue());
        let certificates = Certificates::new(Arc::clone(&old)).unwrap();
        let (client, server) = shake(&certificates, &trusting(&old, &[], &[&TLS13])).await;
        let (mut running, mut running_server) = (client.unwrap(), server.unwrap());
        assert_eq!(shown(&running), old.cert[0]);

        let accepting = certificates.clone();
        certificates.replace(Arc::clone(&new)).unwrap();
        let (client, _server) = shake(&accepting, &trusting(&new, &[], &[&TLS13])).await;
        assert_eq!(shown(&client.unwrap()), new.cert[0]);
        assert!(
            shake(&accepting, &trusting(&old, &[], &[&TLS13]))
                .await
                .0
                .is_err()
        );

        running.write_all(b"on").await.unwrap();
        running.flush().await.unwrap();
        let mut two = [0; 2];
        running_server.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_let_go() {
        let certificates = Certificates::new(issue()).unwrap();
        let (_silent, far) = duplex(1024);
        let before = tokio::time::Instant::now();
        assert!(matches!(
            certificates.accept(far).await,
            Err(HandshakeError::TooSlow)
        ));
        assert_eq!(before.elapsed(), HANDSHAKE_TIMEOUT);
    }

    #[tokio::test]
    async fn a_client_that_speaks_plain_http_fails_at_once() {
        let certificates = Certificates::new(issue()).unwrap();
        let (mut near, far) = duplex(1024);
        near.write_all(b"GET / HTTP/1.1\r\nHost: backup.example\r\n\r\n")
            .await
            .unwrap();
        assert!(matches!(
            certificates.accept(far).await,
            Err(HandshakeError::Failed(_))
        ));
    }
}
