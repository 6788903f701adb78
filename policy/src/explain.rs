//! What would happen and why: every level's word, which one binds, and each act's verdict, by the same functions that
//! decide on the data path (rules, section 9).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::admit::{Act, Subject, admit, register};
use crate::levels::{Direction, Levels};
use crate::mcal::{Credit, Drawn, Month, left};
use crate::protocol::Kind;
use crate::refusal::Refusal;
use crate::space::{Disk, Purpose, Taken, may_use_disk};
use crate::throttle::{Level, Span};

/// What is known of the space at an address, beside the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room<'a> {
    /// What is used and reserved at each level.
    pub taken: Taken,
    /// How many bytes a backup would bring; 1 asks whether there is any room.
    pub wanted: u64,
    /// Where the schedule lies, or would lie if it were made.
    pub spot: Spot<'a>,
    /// Where another schedule would be made.
    pub another: Spot<'a>,
    /// Whether the schedule's space is being counted.
    pub recounting: bool,
    /// Whether a snapshot of the schedule was deleted within the last hour, so that it may repack.
    pub prunes: bool,
}

/// A location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// Its name.
    pub location: &'a str,
    /// Its file system; none when it isn't available.
    pub disk: Option<Disk>,
}

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
    /// The level with the least room left; none when all are unlimited.
    pub space_binds: Option<Level>,
    /// The location of the schedule, or the one that a new one would have.
    pub location: String,
    /// What the client costs for this month.
    pub mcal: McalWord,
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
    /// What it may use, as text.
    pub space: String,
    /// The same in bytes; none is unlimited.
    pub space_bytes: Option<u64>,
    /// Bytes used and reserved.
    pub space_taken: u64,
    /// Bytes left; none is unlimited.
    pub space_free: Option<u64>,
    /// MCALs allotted, as text; none for a client.
    pub mcals: Option<String>,
    /// How many are left this month; none where there is no number.
    pub mcals_left: Option<u64>,
}

/// What a client costs for a month, and who pays it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McalWord {
    /// The month.
    pub month: Month,
    /// What the client costs.
    pub price: u32,
    /// Whether it is debited for the month already.
    pub paid: bool,
    /// The level with the fewest left; none when there is no number.
    pub binds: Option<Level>,
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

/// Explains what holds for the subject at that instant, given the room there is.
#[must_use]
pub fn explain(subject: &Subject<'_>, room: &Room<'_>, at: Timestamp) -> Explanation {
    let verdict = |act: &str, result: Result<(), Refusal>| Verdict {
        act: act.to_owned(),
        refusal: result.err().as_ref().map(RefusalWord::from),
    };
    let levels = &subject.levels;
    let another = Subject {
        schedule_exists: false,
        ..*subject
    };
    let may = |subject: &Subject<'_>, act| admit(subject, act, at).map(|_| ());
    let backup = if subject.schedule_exists {
        may(subject, Act::Post(Kind::Data))
    } else {
        may(&another, Act::Create)
    };
    let backup = backup
        .and_then(|()| room.spot.reachable())
        .and_then(|()| room.backup(levels));
    let restore = may(subject, Act::Read).and_then(|()| room.spot.reachable());
    let delete = may(subject, Act::Delete(Kind::Snapshots)).and_then(|()| room.spot.reachable());
    let create = may(&another, Act::Create)
        .and_then(|()| room.another.reachable())
        .and_then(|()| room.takes(levels, 1, Purpose::Data, room.another));
    // Whoever began in a month and is paid for it goes on; only a new debit is for the ledger's newest.
    let began = subject.month.unwrap_or_else(|| levels.month(at));
    let month = levels.month_at_least(began);
    let words = words(levels, room.taken, month, at);
    Explanation {
        at,
        backup_rate: levels.rate_at(Direction::Backup, at).into(),
        restore_rate: levels.rate_at(Direction::Restore, at).into(),
        space_binds: least(&words, |word| word.space_free),
        location: room.spot.location.to_owned(),
        mcal: McalWord {
            month,
            price: levels.price(),
            paid: levels.client.is_some_and(|client| client.has_paid(began)),
            binds: least(&words, |word| word.mcals_left),
        },
        levels: words,
        verdicts: vec![
            verdict("backup", backup),
            verdict("restore", restore),
            verdict("delete", delete),
            verdict("create", create),
            verdict("register", register(subject, at).map(|_| ())),
        ],
    }
}

impl Spot<'_> {
    fn reachable(self) -> Result<(), Refusal> {
        self.disk.map(|_| ()).ok_or(Refusal::LocationUnavailable)
    }
}

impl Room<'_> {
    /// Whether the schedule takes new data.
    fn backup(&self, levels: &Levels<'_>) -> Result<(), Refusal> {
        if self.recounting {
            return Err(Refusal::Recounting);
        }
        let purpose = Purpose::of(Kind::Data, self.prunes);
        self.takes(levels, self.wanted, purpose, self.spot)
    }

    fn takes(
        &self,
        levels: &Levels<'_>,
        wanted: u64,
        purpose: Purpose,
        spot: Spot<'_>,
    ) -> Result<(), Refusal> {
        levels.takes(self.taken, wanted, purpose)?;
        let percent = levels.server.disk_reserve;
        match spot.disk {
            Some(disk) if !may_use_disk(disk, percent, wanted, purpose) => {
                Err(Refusal::DiskReserve {
                    location: spot.location.to_owned(),
                    percent,
                })
            }
            _ => Ok(()),
        }
    }
}

/// The level that has the least of something.
fn least(words: &[LevelWord], of: fn(&LevelWord) -> Option<u64>) -> Option<Level> {
    let limited = words
        .iter()
        .filter_map(|word| Some((of(word)?, word.level)));
    limited
        .min_by_key(|(left, _)| *left)
        .map(|(_, level)| level)
}

fn words(levels: &Levels<'_>, taken: Taken, month: Month, at: Timestamp) -> Vec<LevelWord> {
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
    let mcals = |level| -> Option<(String, Credit, &Drawn)> {
        match level {
            Level::Client => None,
            Level::Customer => {
                let customer = levels.customer;
                Some((
                    customer.mcals.to_string(),
                    customer.mcals.into(),
                    &customer.drawn,
                ))
            }
            Level::Reseller => {
                let reseller = levels.reseller;
                Some((
                    reseller.mcals.to_string(),
                    reseller.mcals.into(),
                    &reseller.drawn,
                ))
            }
            Level::Server => {
                let server = levels.server;
                Some((server.mcals.to_string(), server.mcals.into(), &server.drawn))
            }
        }
    };
    levels
        .throttles(Direction::Backup)
        .into_iter()
        .zip(levels.throttles(Direction::Restore))
        .zip(levels.figures(taken))
        .map(|(((level, throttle), (_, restore)), figure)| {
            let mcals = mcals(level);
            LevelWord {
                level,
                name: name(level),
                activated: activated(level),
                throttle: throttle.to_string(),
                restore_throttle: restore.to_string(),
                space: figure.allotted.to_string(),
                space_bytes: figure.allotted.bytes(),
                space_taken: figure.taken,
                space_free: figure
                    .allotted
                    .bytes()
                    .map(|bytes| bytes.saturating_sub(figure.taken)),
                mcals_left: mcals
                    .as_ref()
                    .and_then(|(_, credit, drawn)| left(*credit, drawn, month)),
                mcals: mcals.map(|(text, _, _)| text),
            }
        })
        .collect()
}
