//! Passwords: made, hashed and checked (rules, section 11).

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use penstock_policy::record::{Credential, Password};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Passwords that wait to be hashed at once; more are turned away.
const QUEUE: usize = 64;

/// Passwords that are hashed at once: each takes a core for some 25 ms.
const AT_ONCE: usize = 2;

/// Bytes of a generated secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// Why a password wasn't hashed or checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The system's random numbers, the hash or the stored text failed.
    #[error("the password can't be processed: {0}")]
    Failed(String),
}

/// Argon2id behind two permits and a bounded queue. Clones share them.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    queue: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    /// Working memory, kept between passwords: 19 MiB each.
    memory: Mutex<Vec<Vec<Block>>>,
}

/// A new secret of 256 bits, in lower-case base 32 with the recognisable prefix.
///
/// # Errors
/// When the system has no random numbers.
pub fn generate() -> Result<String, SecretError> {
    let mut bytes = [0; SECRET_BYTES];
    fill(&mut bytes)?;
    let text = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
    Ok(format!("{}{text}", Password::GENERATED_PREFIX))
}

/// A new identifier of 128 bits, in hex.
///
/// # Errors
/// When the system has no random numbers.
pub fn identifier() -> Result<String, SecretError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(HEXLOWER.encode(&bytes))
}

/// Whether a password has the form of a generated one, which never reaches Argon2.
#[must_use]
pub fn is_generated(password: &str) -> bool {
    password.starts_with(Password::GENERATED_PREFIX)
}

/// What is kept of a generated password.
#[must_use]
pub fn seal(password: &str) -> Credential {
    Credential::Generated {
        sha256: Sha256::digest(password.as_bytes()).into(),
    }
}

/// Whether a generated password is the one that was sealed; the same work whatever it is held against.
#[must_use]
pub fn opens(credential: Option<&Credential>, password: &str) -> bool {
    let presented: [u8; 32] = Sha256::digest(password.as_bytes()).into();
    let nobody = [0; 32];
    let (sealed, real) = match credential {
        Some(Credential::Generated { sha256 }) => (sha256, true),
        Some(Credential::Chosen { .. }) | None => (&nobody, false),
    };
    bool::from(presented.ct_eq(sealed)) && real
}

/// Whether two secrets are the same, without telling by the time it takes where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    let (a, b): ([u8; 32], [u8; 32]) = (
        Sha256::digest(a.as_bytes()).into(),
        Sha256::digest(b.as_bytes()).into(),
    );
    bool::from(a.ct_eq(&b))
}

/// Fills with the system's random numbers.
///
/// # Errors
/// When it has none.
pub fn fill(bytes: &mut [u8]) -> Result<(), SecretError> {
    getrandom::fill(bytes).map_err(|error| SecretError::Failed(error.to_string()))
}

impl Hasher {
    /// With an empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            queue: Arc::new(Semaphore::new(QUEUE)),
            turn: Arc::new(Semaphore::new(AT_ONCE)),
            memory: Mutex::default(),
        }))
    }

    /// What is kept of a chosen password.
    ///
    /// # Errors
    /// [`SecretError::Busy`] when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<Credential, SecretError> {
        let mut salt = [0; 16];
        fill(&mut salt)?;
        self.in_turn(move |inner| {
            let params = Params::default();
            let out = inner.argon2(params.clone(), password.reveal(), &salt, 32)?;
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&params).map_err(failed)?,
                salt: Some(Salt::new(&salt).map_err(failed)?),
                hash: Some(Output::new(&out).map_err(failed)?),
            };
            Ok(Credential::Chosen {
                argon2id: hash.to_string(),
            })
        })
        .await
    }

    /// Whether a password is the one that was hashed. Without a hash the same work is done, for nothing. `then` is told
    /// the outcome even if whoever asked has gone meanwhile, so that hanging up hides no guess.
    ///
    /// # Errors
    /// [`SecretError::Busy`] when the queue is full; [`SecretError::Failed`] for a stored text that is none of ours.
    pub async fn verify(
        &self,
        password: String,
        argon2id: Option<String>,
        then: impl FnOnce(bool) + Send + 'static,
    ) -> Result<bool, SecretError> {
        self.in_turn(move |inner| {
            let right = inner.is_right(&password, argon2id.as_deref())?;
            then(right);
            Ok(right)
        })
        .await
    }

    /// The permits go with the work: a caller who stops waiting frees neither before it is done.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let queued = Arc::clone(&self.0.queue).try_acquire_owned();
        let queued = queued.map_err(|_| SecretError::Busy)?;
        let turn = Arc::clone(&self.0.turn).acquire_owned().await;
        let turn = turn.map_err(failed)?;
        let inner = Arc::clone(&self.0);
        let working = tokio::task::spawn_blocking(move || {
            let _held = (queued, turn);
            work(&inner)
        });
        working.await.map_err(failed)?
    }
}

impl Inner {
    fn is_right(&self, password: &str, argon2id: Option<&str>) -> Result<bool, SecretError> {
        let Some(stored) = argon2id else {
            self.argon2(Params::default(), password, &[0; 16], 32)?;
            return Ok(false);
        };
        let stored = PasswordHash::new(stored).map_err(failed)?;
        let params = Params::try_from(&stored).map_err(failed)?;
        let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
            return Err(failed("it has no salt or no hash"));
        };
        let expected = expected.as_bytes();
        let out = self.argon2(params, password, &salt, expected.len())?;
        Ok(bool::from(out.as_slice().ct_eq(expected)))
    }

    fn argon2(
        &self,
        params: Params,
        password: &str,
        salt: &[u8],
        length: usize,
    ) -> Result<Vec<u8>, SecretError> {
        // A stored text must not make one check cost gigabytes.
        if params.m_cost() > 64 * 1024 || params.t_cost() > 10 || params.p_cost() > 4 {
            return Err(failed("its cost is out of bounds"));
        }
        let mut memory = self.take_memory();
        memory.resize(params.block_count(), Block::default());
        let mut out = vec![0; length];
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, &mut memory[..]);
        self.give_memory(memory);
        done.map_err(failed)?;
        Ok(out)
    }

    fn take_memory(&self) -> Vec<Block> {
        let mut kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    fn give_memory(&self, memory: Vec<Block>) {
        let mut kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < AT_ONCE {
            kept.push(memory);
        }
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

fn failed(error: impl ToString) -> SecretError {
    SecretError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_has_256_bits_and_opens_only_its_own_seal() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert!(is_generated(&one));
        assert_eq!(one.len(), "psk_".len() + 52);
        assert!(opens(Some(&seal(&one)), &one));
        assert!(!opens(Some(&seal(&one)), &two));
        assert!(!opens(None, &one));
    }

    #[tokio::test]
    async fn a_chosen_password_is_verified_and_a_wrong_one_is_not() {
        let hasher = Hasher::new();
        let password = Password::chosen("correct horse battery").unwrap();
        let Credential::Chosen { argon2id } = hasher.hash(password).await.unwrap() else {
            panic!("a chosen password is hashed as one");
        };
        assert!(argon2id.starts_with("$argon2id$v=19$m="));
        let verify = |text: &str| hasher.verify(text.to_owned(), Some(argon2id.clone()), |_| ());
        assert_eq!(verify("correct horse battery").await, Ok(true));
        assert_eq!(verify("correct horse batterz").await, Ok(false));
        assert_eq!(
            hasher.verify("anything".into(), None, |_| ()).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn hanging_up_frees_no_permit_before_the_work_is_done_and_hides_no_guess() {
        let hasher = Hasher::new();
        let (told, mut outcome) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..AT_ONCE {
            let told = told.clone();
            let asked = hasher.verify("guess".into(), None, move |right| told.send(right).unwrap());
            // Polled until the work has begun, then dropped.
            tokio::select! {
                biased;
                _ = asked => panic!("the work takes longer than one poll"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(hasher.0.turn.available_permits(), 0);
        for _ in 0..AT_ONCE {
            assert_eq!(outcome.recv().await, Some(false));
        }
    }

    #[tokio::test]
    async fn a_stored_text_that_would_cost_gigabytes_is_refused() {
        let stored = "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let verified = Hasher::new()
            .verify("x".into(), Some(stored.into()), |_| ())
            .await;
        assert!(matches!(verified, Err(SecretError::Failed(_))));
    }
}
