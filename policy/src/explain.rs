//! What would happen and why: every level's word, which one binds, and each act's verdict, by the same functions that
//! decide on the data path (rules, section 9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::admit::{Act, Subject, admit, register};
use crate::levels::{Direction, Levels};
use crate::protocol::Kind;
use crate::refusal::Refusal;
use crate::throttle::{Level, Span};

/// The whole explanation of an address at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The instant it holds for.
    pub at: Timestamp,
    /// Every level from the nearest up.
    pub levels: Vec<LevelWord>,
    /// What binds for each backup.
    pub backup_rate: Binding,
    /// What binds for each restore.
    pub restore_rate: Binding,
    /// What would be answered to each act.
    pub verdicts: Vec<Verdict>,
}

/// What one level says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelWord {
    /// The level.
    pub level: Level,
    /// The record's name.
    pub name: String,
    /// Whether it is activated at that instant.
    pub activated: bool,
    /// Its throttle, as text.
    pub throttle: String,
    /// Its restore throttle, as text.
    pub restore_throttle: String,
}

/// Which throttle binds, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The rate for each backup as text, or `unlimited`.
    pub rate: String,
    /// The same in bytes per second; none is unlimited.
    pub bytes_per_second: Option<u64>,
    /// The level whose word it is; none when every level inherits.
    pub level: Option<Level>,
    /// When it changes by itself; none means not before an edit.
    pub until: Option<Timestamp>,
}

/// What would be answered to one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The act: `backup`, `restore`, `delete`, `create`, `register`.
    pub act: String,
    /// None when it would be admitted.
    pub refusal: Option<RefusalWord>,
}

/// A refusal as an administrator and the client read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalWord {
    /// The stable code.
    pub code: String,
    /// What the client reads, without contact and reference.
    pub sentence: String,
    /// The true cause.
    pub cause: String,
}

impl From<&Refusal> for RefusalWord {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code().to_owned(),
            sentence: refusal.sentence(),
            cause: refusal.cause(),
        }
    }
}

impl From<Span> for Binding {
    fn from(span: Span) -> Self {
        Self {
            rate: span
                .rate
                .map_or_else(|| "unlimited".to_owned(), |rate| rate.to_string()),
            bytes_per_second: span.rate.map(|rate| rate.bytes_per_second()),
            level: span.level,
            until: span.until,
        }
    }
}

/// Explains what holds for the subject at that instant.
#[must_use]
pub fn explain(subject: &Subject<'_>, at: Timestamp) -> Explanation {
    let verdict = |act: &str, result: Result<_, Refusal>| Verdict {
        act: act.to_owned(),
        refusal: result.err().as_ref().map(RefusalWord::from),
    };
    let acts = [
        (
            "backup",
            if subject.schedule_exists {
                Act::Post(Kind::Data)
            } else {
                Act::Create
            },
        ),
        ("restore", Act::Read),
        ("delete", Act::Delete(Kind::Snapshots)),
        ("create", Act::Create),
    ];
    let another = Subject {
        schedule_exists: false,
        ..*subject
    };
    let mut verdicts: Vec<Verdict> = acts
        .into_iter()
        .map(|(name, act)| match act {
            Act::Create => verdict(name, admit(&another, act, at)),
            _ => verdict(name, admit(subject, act, at)),
        })
        .collect();
    verdicts.push(verdict("register", register(subject, at)));
    Explanation {
        at,
        levels: words(&subject.levels, at),
        backup_rate: subject.levels.rate_at(Direction::Backup, at).into(),
        restore_rate: subject.levels.rate_at(Direction::Restore, at).into(),
        verdicts,
    }
}

fn words(levels: &Levels<'_>, at: Timestamp) -> Vec<LevelWord> {
    let server_zone = &levels.server.time_zone;
    let own_zone = levels.zone();
    let name = |level| match level {
        Level::Client => levels
            .client
            .map_or_else(String::new, |client| client.client_id.to_string()),
        Level::Customer => levels.customer.name.to_string(),
        Level::Reseller => levels.reseller.name.to_string(),
        Level::Server => String::new(),
    };
    let activated = |level| match level {
        Level::Client => levels
            .client
            .is_none_or(|client| client.activation.holds_at(own_zone, at)),
        Level::Customer => levels.customer.activation.holds_at(own_zone, at),
        Level::Reseller => levels.reseller.activation.holds_at(server_zone, at),
        Level::Server => true,
    };
    levels
        .throttles(Direction::Backup)
        .into_iter()
        .zip(levels.throttles(Direction::Restore))
        .map(|((level, throttle), (_, restore))| LevelWord {
            level,
            name: name(level),
            activated: activated(level),
            throttle: throttle.to_string(),
            restore_throttle: restore.to_string(),
        })
        .collect()
}
