//! Which rate holds at an instant, who decided it, and until when.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::{Block, Hours, Level, Throttle, WeekendDays, Zone};
use crate::units::Rate;

/// One level's throttle, with the clock and the weekend its times are meant in.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Whose record it is.
    pub level: Level,
    /// What the record says.
    pub throttle: &'a Throttle,
    /// The zone of the clock on the wall.
    pub zone: &'a Zone,
    /// The weekend there.
    pub weekend: WeekendDays,
}

/// The answer for an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The rate that each backup is held to; `None`: it isn't held back.
    pub rate: Option<Rate>,
    /// The first later instant at which the clock changes `rate`; `None`: the clock never does.
    ///
    /// The search looks 15 days ahead. If nothing changes within them (every day is a weekend
    /// day, say) this is where the search ended: ask again then.
    pub until: Option<Timestamp>,
    /// The level that decided; `None`: no level says anything.
    pub level: Option<Level>,
    /// The block that decided, also while the clock is outside its hours.
    pub block: Option<Block>,
}

/// Longer than a week and any one transition of a zone, after which hours repeat.
const HORIZON: SignedDuration = SignedDuration::from_hours(15 * 24);

/// The rate in force `at` an instant; `sources` are ordered nearest first.
///
/// The nearest source that doesn't inherit wins whole. Its block is read by the clock on the wall
/// in its zone at that very instant: what a spring gap skips doesn't happen, what an autumn fold
/// repeats counts both times, and the weekend is the weekday now, whatever the window's first day
/// was. Rules, section 7.
pub fn rate_at(sources: &[Source<'_>], at: Timestamp) -> Span {
    let winner = sources
        .iter()
        .find(|source| *source.throttle != Throttle::Inherit);
    let Some(source) = winner else {
        return Span {
            rate: None,
            until: None,
            level: None,
            block: None,
        };
    };
    let Throttle::Block(block) = *source.throttle else {
        return Span {
            rate: None,
            until: None,
            level: Some(source.level),
            block: None,
        };
    };
    let wall = Wall {
        block,
        tz: source.zone.tz(),
        weekend: source.weekend,
    };
    Span {
        rate: wall.binds(at).then_some(block.rate()),
        until: wall.next_change(at),
        level: Some(source.level),
        block: Some(block),
    }
}

/// A block on the clock that it is read by.
struct Wall<'a> {
    block: Block,
    tz: &'a TimeZone,
    weekend: WeekendDays,
}

impl Wall<'_> {
    fn binds(&self, at: Timestamp) -> bool {
        let local = self.tz.to_datetime(at);
        let exempt = self.block.weekend_exempt() && self.weekend.contains(local.weekday());
        self.block.hours().contain(local.time()) && !exempt
    }

    /// Walks from edge to edge until one changes the answer.
    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let has_weekend = self.block.weekend_exempt() && !self.weekend.is_empty();
        let edges: [Option<civil::Time>; 3] = match self.block.hours() {
            Hours::Always if !has_weekend => return None,
            Hours::Always => [Some(civil::Time::midnight()), None, None],
            Hours::Between { from, to } => [
                Some(from),
                Some(to),
                has_weekend.then(civil::Time::midnight),
            ],
        };
        let now = self.binds(at);
        let end = at.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut transition = self.next_transition(at);
        let mut cursor = at;
        loop {
            if transition.is_some_and(|instant| instant <= cursor) {
                transition = self.next_transition(cursor);
            }
            let edge = self.next_edge(cursor, &edges);
            let next = edge.into_iter().chain(transition).fold(end, Timestamp::min);
            if next >= end || self.binds(next) != now {
                return Some(next);
            }
            cursor = next;
        }
    }

    fn next_transition(&self, after: Timestamp) -> Option<Timestamp> {
        self.tz
            .following(after)
            .next()
            .map(|transition| transition.timestamp())
    }

    /// The first instant after this one at which the wall would show one of the times if the
    /// offset stayed as it is; past a transition it means nothing, and the transition comes first.
    fn next_edge(&self, after: Timestamp, edges: &[Option<civil::Time>]) -> Option<Timestamp> {
        let offset = self.tz.to_offset(after);
        let local = offset.to_datetime(after);
        edges
            .iter()
            .flatten()
            .filter_map(|time| {
                let date = if *time > local.time() {
                    local.date()
                } else {
                    local.date().tomorrow().ok()?
                };
                offset.to_timestamp(date.to_datetime(*time)).ok()
            })
            .min()
    }
}
