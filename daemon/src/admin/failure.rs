//! Why something wasn't done, in the words of the admin contract: the one place that turns errors into failures.

use penstock_policy::edit::EditError;
use penstock_policy::record::PasswordError;
use penstock_policy::refusal::{Class, Refusal};
use penstock_wire::reply::{Failure, FailureCode};

use crate::secrets::SecretError;
use crate::store::{Rejected, Unavailable};
use crate::vault::VaultError;

/// A failure on its way to the administrator.
#[derive(Debug)]
pub(super) struct Fault(Box<Failure>);

impl Fault {
    pub(super) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self(Box::new(Failure::new(code, message)))
    }

    /// The request itself is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureCode::Usage, message)
    }

    /// A backup runs of what is to be removed.
    pub(super) fn running(address: &str) -> Self {
        Self::new(
            FailureCode::Conflict,
            format!("a backup of {address} runs; wait until it ends, see: penstockctl top"),
        )
    }

    pub(super) fn into_failure(self) -> Failure {
        *self.0
    }
}

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        let message = rejected.to_string();
        match rejected {
            Rejected::NotFound { nearest, .. } => {
                let mut fault = Self::new(FailureCode::NotFound, message);
                fault.0.nearest = nearest;
                fault
            }
            Rejected::Conflict {
                revision,
                differences,
                ..
            } => {
                let mut fault = Self::new(FailureCode::Conflict, message);
                fault.0.revision = Some(revision);
                fault.0.differences = differences;
                fault
            }
            Rejected::Exists(_) => Self::new(FailureCode::Exists, message),
            Rejected::Refused(refusal) => refusal.into(),
            Rejected::Worded { text, no } => {
                let mut fault = Self::from(*no);
                fault.0.message = text;
                fault
            }
            Rejected::Forbidden(_) => Self::new(FailureCode::Refused, message),
            Rejected::Invalid(_) => Self::usage(message),
            Rejected::Unavailable(_) => Self::new(FailureCode::Unavailable, message),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::ClientExists { .. } | Refusal::NameTaken { .. } => FailureCode::Exists,
            other if other.class() == Class::Unavailable => FailureCode::Unavailable,
            _ => FailureCode::Refused,
        };
        let mut fault = Self::new(code, refusal.cause());
        fault.0.refusal = Some(refusal.code().to_owned());
        fault
    }
}

impl From<Unavailable> for Fault {
    fn from(unavailable: Unavailable) -> Self {
        Self::new(FailureCode::Unavailable, unavailable.to_string())
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        let code = match error {
            VaultError::LocationUnavailable { .. } | VaultError::DiskFull => {
                FailureCode::Unavailable
            }
            _ => FailureCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SecretError> for Fault {
    fn from(error: SecretError) -> Self {
        let code = match error {
            SecretError::Busy => FailureCode::Unavailable,
            SecretError::Failed(_) => FailureCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<PasswordError> for Fault {
    fn from(error: PasswordError) -> Self {
        let mut fault = Self::usage(error.to_string());
        fault.0.refusal = Some(Refusal::from(error).code().to_owned());
        fault
    }
}

impl From<EditError> for Fault {
    fn from(error: EditError) -> Self {
        let mut fault = Self::usage(error.to_string());
        if let EditError::UnknownField { nearest, .. } = error {
            fault.0.nearest = nearest;
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(rejected: Rejected) -> FailureCode {
        Fault::from(rejected).into_failure().code
    }

    #[test]
    fn a_refusal_keeps_its_stable_code() {
        let refusal = Refusal::ClientLimit {
            customer: "ABC Inc.".into(),
            limit: 3,
        };
        let failure = Fault::from(Rejected::Refused(refusal)).into_failure();
        assert_eq!(failure.code, FailureCode::Refused);
        assert_eq!(failure.refusal.as_deref(), Some("client-limit"));
        assert_eq!(
            code(Rejected::Refused(Refusal::StoreUnavailable)),
            FailureCode::Unavailable
        );
    }

    #[test]
    fn a_conflict_carries_what_the_other_changed() {
        let change = penstock_policy::edit::Change {
            field: "throttle".into(),
            from: "inherit".into(),
            to: "unlimited".into(),
        };
        let failure = Fault::from(Rejected::Conflict {
            record: "abc".into(),
            expected: 1,
            revision: 2,
            differences: vec![change.clone()],
        })
        .into_failure();
        assert_eq!(failure.code, FailureCode::Conflict);
        assert_eq!(
            (failure.revision, failure.differences),
            (Some(2), vec![change])
        );
    }

    #[test]
    fn what_exists_is_told_apart_from_what_is_refused() {
        let taken = Refusal::ClientExists {
            client: "pc".into(),
        };
        assert_eq!(code(Rejected::Refused(taken)), FailureCode::Exists);
        assert_eq!(
            code(Rejected::Exists("it exists".into())),
            FailureCode::Exists
        );
        assert_eq!(code(Rejected::Forbidden("no".into())), FailureCode::Refused);
    }
}
