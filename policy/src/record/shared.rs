//! Fields that several records have in common, written once.

use super::Activation;
use super::field::{Field, FieldError, Shape, line, or_word, parse, parse_yes_no, yes_no};
use crate::throttle::Throttle;

/// A record that can be suspended.
pub trait Suspendable {
    /// Whether it is activated, and if not, why and until when.
    fn activation(&self) -> &Activation;

    /// The same, to be set.
    fn activation_mut(&mut self) -> &mut Activation;
}

/// A record that says something about the rate of backups and restores below it.
pub trait Throttled {
    /// What it says of backups and of restores.
    fn throttles(&self) -> [&Throttle; 2];

    /// The same, to be set.
    fn throttles_mut(&mut self) -> [&mut Throttle; 2];
}

impl<R: Suspendable> Field<R> {
    pub(super) const ACTIVATED: Self = Self {
        name: "activated",
        label: "Activated",
        help: "yes or no: while no, no new data is taken from its clients; restores go on",
        shape: Shape::YesNo,
        get: |r| yes_no(r.activation().activated),
        set: |r, v| parse_yes_no(v).map(|v| r.activation_mut().activated = v),
    };

    pub(super) const REASON: Self = Self {
        name: "reason",
        label: "Reason",
        help: "why it isn't activated; clients read their own and their customer's",
        shape: Shape::Text,
        get: |r| r.activation().reason.clone(),
        set: |r, v| line(v, 200).map(|v| r.activation_mut().reason = v),
    };

    pub(super) const UNTIL: Self = Self {
        name: "until",
        label: "Suspended until",
        help: "a date (2026-12-24) or date and time (2026-12-24T08:00) that ends the suspension, or none",
        shape: Shape::Text,
        get: |r| or_word(r.activation().until.as_ref(), "none"),
        set: |r, v| r.activation_mut().set_until(v),
    };
}

impl<R: Throttled> Field<R> {
    pub(super) const THROTTLE: Self = Self {
        name: "throttle",
        label: "Bandwidth throttling",
        help: "for EACH backup: inherit, unlimited, or a block such as '8Mbit/s 08:00-18:00 weekend-exempt'",
        shape: Shape::Text,
        get: |r| r.throttles()[0].to_string(),
        set: |r, v| set_throttle(r.throttles_mut(), 0, v),
    };

    pub(super) const RESTORE_THROTTLE: Self = Self {
        name: "restore_throttle",
        label: "Restore throttling",
        help: "for EACH restore: inherit, unlimited, or a block",
        shape: Shape::Text,
        get: |r| r.throttles()[1].to_string(),
        set: |r, v| set_throttle(r.throttles_mut(), 1, v),
    };
}

fn set_throttle(
    throttles: [&mut Throttle; 2],
    which: usize,
    value: &str,
) -> Result<(), FieldError> {
    *throttles[which] = parse(value)?;
    Ok(())
}

macro_rules! suspendable {
    ($($record:ty),*) => {$(
        impl Suspendable for $record {
            fn activation(&self) -> &Activation {
                &self.activation
            }

            fn activation_mut(&mut self) -> &mut Activation {
                &mut self.activation
            }
        }
    )*};
}

macro_rules! throttled {
    ($($record:ty),*) => {$(
        impl Throttled for $record {
            fn throttles(&self) -> [&Throttle; 2] {
                [&self.throttle, &self.restore_throttle]
            }

            fn throttles_mut(&mut self) -> [&mut Throttle; 2] {
                [&mut self.throttle, &mut self.restore_throttle]
            }
        }
    )*};
}

suspendable!(super::Reseller, super::Customer, super::Client);
throttled!(
    super::Server,
    super::Reseller,
    super::Customer,
    super::Client
);
