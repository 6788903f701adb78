//! Second step: who is asking (rules, sections 4, 9 and 11).

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use http::HeaderValue;
use penstock_policy::record::{Client, Credential, RecordId};
use penstock_policy::refusal::Refusal;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::limiter::{Attempt, Limiter};
use super::route::Named;
use super::turns::{Turn, Turns};
use crate::secrets::{self, Hasher, SecretError};
use crate::store::{ClientState, Store};

/// Chosen passwords that were found right and aren't hashed again.
const MOST_VERIFIED: usize = 10_000;

/// What a request's Authorization header says.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    /// The Basic user: must be the client's id.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Who is asking.
pub enum Identity {
    /// A client whose password was right.
    Known {
        /// The client as published when it was looked at.
        client: Arc<Client>,
        /// Its records, followed.
        state: watch::Receiver<Arc<ClientState>>,
    },
    /// Nobody yet: an unknown client of a customer that adds clients automatically.
    Stranger,
}

/// Checks passwords, and slows whoever guesses.
pub struct Doorkeeper {
    store: Store,
    hasher: Hasher,
    limiter: Arc<Limiter>,
    verified: Mutex<Verified>,
    turns: Turns,
    key: [u8; 32],
}

/// Keyed digests of what was found right, oldest first. The digest covers the stored credential, so a changed one
/// finds nothing here.
#[derive(Default)]
struct Verified {
    digests: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Presented {
    /// Reads a Basic header (RFC 7617); none when there is no usable one.
    #[must_use]
    pub fn read(header: Option<&HeaderValue>) -> Option<Self> {
        let (scheme, token) = header?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") || token.len() > 1024 {
            return None;
        }
        let decoded = BASE64.decode(token.trim().as_bytes()).ok()?;
        let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl Doorkeeper {
    /// With an empty memory.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(store: Store, hasher: Hasher, limiter: Limiter) -> Result<Self, SecretError> {
        let mut key = [0; 32];
        secrets::fill(&mut key)?;
        Ok(Self {
            store,
            hasher,
            limiter: Arc::new(limiter),
            verified: Mutex::default(),
            turns: Turns::default(),
            key,
        })
    }

    /// Where failures are counted.
    #[must_use]
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Says who is asking. The work depends on the presented password's form alone, so that its time tells nothing
    /// about who exists.
    ///
    /// # Errors
    /// With the true cause; what the client reads is the same sentence for all of them.
    pub async fn identify(
        &self,
        named: &Named,
        presented: Option<&Presented>,
        adds_automatically: bool,
        source: IpAddr,
    ) -> Result<Identity, Refusal> {
        let presented = presented.ok_or(Refusal::BadCredentials)?;
        let attempt = Attempt {
            source,
            customer: named.customer.id,
            client: &named.client,
        };
        let found = self
            .store
            .find(named.customer.id, &named.client)
            .await
            .map_err(|_| Refusal::StoreUnavailable)?;
        let removed = found.removed;
        let found = found.state.filter(|_| !named.nobody);
        let client = found
            .as_ref()
            .and_then(|state| state.borrow().client.clone());
        // A client that an unknown tag created is another's under any other tag.
        let ours = client.as_ref().filter(|client| client.tag == named.tag);
        let user_fits = presented.user == named.client.as_str();
        if client.is_none() && user_fits && adds_automatically && !named.nobody {
            return if removed {
                self.fail(attempt, Refusal::ClientRemoved)
            } else {
                Ok(Identity::Stranger)
            };
        }
        let credential = ours.filter(|_| user_fits).map(|client| &client.credential);
        let generated = secrets::is_generated(&presented.password);
        let right = if generated {
            secrets::opens(credential, &presented.password)
        } else {
            self.chosen(credential, &presented.password, attempt)
                .await?
        };
        match (right, ours, found) {
            (true, Some(client), Some(state)) => Ok(Identity::Known {
                client: Arc::clone(client),
                state,
            }),
            _ => {
                let cause = match client {
                    None if removed => Refusal::ClientRemoved,
                    None => Refusal::ClientUnknown,
                    Some(_) => Refusal::BadCredentials,
                };
                // A chosen one was charged before it was hashed.
                if generated {
                    self.fail(attempt, cause)
                } else {
                    Err(cause)
                }
            }
        }
    }

    /// Waits for one's turn among those who would be added to that customer: each looks for a free slot when the one
    /// before has taken its own, and hashes only then.
    pub async fn turn_to_enrol(&self, customer: RecordId) -> Turn {
        self.turns.take(customer.0).await
    }

    /// Remembers a password that was hashed just now as verified.
    pub fn trust(&self, credential: &Credential, password: &str) {
        if let Credential::Chosen { argon2id } = credential {
            self.remember(self.digest(argon2id, password));
        }
    }

    /// Whether a password, presented for a client that has just come into being, is that client's.
    ///
    /// # Errors
    /// When too many wait to be checked.
    pub async fn opens(&self, client: &Client, password: &str) -> Result<bool, Refusal> {
        match &client.credential {
            sealed @ Credential::Generated { .. } => Ok(secrets::opens(Some(sealed), password)),
            Credential::Chosen { argon2id } => self
                .hasher
                .verify(password.to_owned(), Some(argon2id.clone()), |_| ())
                .await
                .map_err(refuse),
        }
    }

    /// Hashes a chosen password.
    ///
    /// # Errors
    /// When it is too short or otherwise unfit, or too many wait to be hashed.
    pub async fn hash(&self, password: &str) -> Result<Credential, Refusal> {
        let password = penstock_policy::record::Password::chosen(password)?;
        self.hasher.hash(password).await.map_err(refuse)
    }

    /// Notes a failure and gives its refusal, or the one that says that there were too many.
    ///
    /// # Errors
    /// Always.
    pub fn fail<T>(&self, attempt: Attempt<'_>, cause: Refusal) -> Result<T, Refusal> {
        match self.limiter.failed(attempt) {
            Ok(()) => Err(cause),
            Err(seconds) => Err(Refusal::TooManyAttempts { seconds }),
        }
    }

    /// Whether a chosen password is right. What was verified is never slowed; anything else is charged before it is hashed.
    async fn chosen(
        &self,
        credential: Option<&Credential>,
        password: &str,
        attempt: Attempt<'_>,
    ) -> Result<bool, Refusal> {
        let argon2id = match credential {
            Some(Credential::Chosen { argon2id }) => Some(argon2id.as_str()),
            Some(Credential::Generated { .. }) | None => None,
        };
        let digest = self.digest(argon2id.unwrap_or_default(), password);
        if argon2id.is_some() && self.is_verified(&digest) {
            return Ok(true);
        }
        // A client that comes back on many connections at once is one attempt, not many.
        let _turn = self.turns.take(short(&digest)).await;
        if argon2id.is_some() && self.is_verified(&digest) {
            return Ok(true);
        }
        self.limiter
            .charge(attempt)
            .map_err(|seconds| Refusal::TooManyAttempts { seconds })?;
        let (limiter, source) = (Arc::clone(&self.limiter), attempt.source);
        let count = move |right: bool| {
            if !right {
                // Too many: the next attempt is told.
                let _ = limiter.source_failed(source);
            }
        };
        let right = self
            .hasher
            .verify(password.to_owned(), argon2id.map(str::to_owned), count)
            .await
            .map_err(refuse)?;
        if right {
            self.remember(digest);
        }
        Ok(right)
    }

    fn digest(&self, argon2id: &str, password: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(Sha256::digest(argon2id.as_bytes()));
        hash.update(password.as_bytes());
        hash.finalize().into()
    }

    fn is_verified(&self, digest: &[u8; 32]) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.digests.contains(digest)
    }

    fn remember(&self, digest: [u8; 32]) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !verified.digests.insert(digest) {
            return;
        }
        verified.order.push_back(digest);
        if verified.order.len() > MOST_VERIFIED
            && let Some(oldest) = verified.order.pop_front()
        {
            verified.digests.remove(&oldest);
        }
    }
}

/// A key for taking turns; two that share one only wait for each other.
fn short(digest: &[u8; 32]) -> u64 {
    digest
        .iter()
        .take(8)
        .fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn refuse(error: SecretError) -> Refusal {
    match error {
        SecretError::Busy => Refusal::AuthenticationBusy,
        SecretError::Failed(problem) => {
            tracing::warn!(%problem, "a password could not be processed");
            Refusal::StoreUnavailable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<(String, String)> {
        let header = HeaderValue::from_str(header).unwrap();
        Presented::read(Some(&header)).map(|p| (p.user, p.password))
    }

    #[test]
    fn a_basic_header_is_read_and_anything_else_is_nobody() {
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        assert_eq!(
            read(&basic("laptop:a:b")),
            Some(("laptop".into(), "a:b".into()))
        );
        assert_eq!(read(&basic("laptop")), None);
        assert_eq!(read("Bearer abc"), None);
        assert_eq!(read("Basic !!!"), None);
        assert_eq!(read(&format!("Basic {}", "A".repeat(2000))), None);
        assert!(Presented::read(None).is_none());
    }
}
