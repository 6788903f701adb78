//! Fields that several records have in common, written once.

use super::Activation;
use super::field::{
    Field, FieldError, Shape, changed, line, or_word, parse, parse_or_word, parse_yes_no, yes_no,
};
use crate::names::ShortName;
use crate::space::Allotment;
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

/// A record that space is allotted to.
pub trait Roomed {
    /// What it may use.
    fn space_mut(&mut self) -> &mut Allotment;

    /// The same, to look at.
    fn space(&self) -> Allotment;
}

/// A record whose space is allotted on to those below it.
pub trait Sharing {
    /// Whether more may be allotted than there is.
    fn overcommit(&self) -> bool;

    /// The same, to be set.
    fn overcommit_mut(&mut self) -> &mut bool;
}

/// A record that may name a location for its schedules.
pub trait Located {
    /// The location; none leaves it to the next level.
    fn location(&self) -> Option<&ShortName>;

    /// The same, to be set.
    fn location_mut(&mut self) -> &mut Option<ShortName>;
}

impl<R: Roomed> Field<R> {
    pub(super) const SPACE: Self = Self {
        name: "space",
        label: "Restrict usage space to",
        help: "a size such as 500GiB, +200GiB to add, or unlimited; lowering it deletes nothing",
        shape: Shape::Text,
        get: |r| r.space().to_string(),
        set: |r, v| changed(r.space().changed(v)).map(|v| *r.space_mut() = v),
    };
}

impl<R: Sharing> Field<R> {
    pub(super) const OVERCOMMIT: Self = Self {
        name: "overcommit",
        label: "Overcommit",
        help: "yes or no: whether more space may be allotted below it than it has itself",
        shape: Shape::YesNo,
        get: |r| yes_no(r.overcommit()),
        set: |r, v| parse_yes_no(v).map(|v| *r.overcommit_mut() = v),
    };
}

impl<R: Located> Field<R> {
    pub(super) const LOCATION: Self = Self {
        name: "location",
        label: "Backup location",
        help: "a location's name, or inherit; holds for schedules that are made from now on",
        shape: Shape::Text,
        get: |r| or_word(r.location(), "inherit"),
        set: |r, v| parse_or_word(v, "inherit").map(|v| *r.location_mut() = v),
    };
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

macro_rules! roomed {
    ($($record:ty),*) => {$(
        impl Roomed for $record {
            fn space(&self) -> Allotment {
                self.space
            }

            fn space_mut(&mut self) -> &mut Allotment {
                &mut self.space
            }
        }
    )*};
}

macro_rules! sharing {
    ($($record:ty),*) => {$(
        impl Sharing for $record {
            fn overcommit(&self) -> bool {
                self.overcommit
            }

            fn overcommit_mut(&mut self) -> &mut bool {
                &mut self.overcommit
            }
        }
    )*};
}

macro_rules! located {
    ($($record:ty),*) => {$(
        impl Located for $record {
            fn location(&self) -> Option<&ShortName> {
                self.location.as_ref()
            }

            fn location_mut(&mut self) -> &mut Option<ShortName> {
                &mut self.location
            }
        }
    )*};
}

roomed!(
    super::Server,
    super::Reseller,
    super::Customer,
    super::Client
);
sharing!(super::Server, super::Reseller, super::Customer);
located!(super::Reseller, super::Customer, super::Client);
suspendable!(super::Reseller, super::Customer, super::Client);
throttled!(
    super::Server,
    super::Reseller,
    super::Customer,
    super::Client
);
