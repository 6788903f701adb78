//! Daily samples of used space: what every schedule used on each day of the server's zone, kept for 400 days.

use std::collections::{BTreeMap, HashSet};
use std::ops::{Bound, RangeInclusive};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use penstock_policy::throttle::Zone;

use super::Store;
use super::command::Unavailable;
use super::reader::Reader;
use super::schema::{Look, SAMPLES, Span, USED, decode, go_on};
use super::trouble::{Stop, Trouble};
use super::tx::Tx;

/// Days that samples are kept for.
pub const SAMPLE_DAYS: u64 = 400;

/// Most schedules whose samples are written in one transaction, so that whoever waits for the writer waits little.
const BATCH: usize = 500;

/// Most old samples of a schedule that go on one day; more were left only by a long stop, and go on the days that follow.
const MOST_OLD: usize = 32;

/// Bytes used by day.
pub type UsedByDay = BTreeMap<u64, u64>;

/// The day that the clock on the wall shows, counted from 1970-01-01.
#[must_use]
pub fn day_of(at: Timestamp, zone: &Zone) -> u64 {
    let date = zone.tz().to_datetime(at).date();
    let since = date.duration_since(Date::constant(1970, 1, 1));
    u64::try_from(since.as_hours() / 24).unwrap_or(0)
}

/// The date of a day.
#[must_use]
pub fn date_of(day: u64) -> Date {
    let hours = i64::try_from(day).unwrap_or(i64::MAX).saturating_mul(24);
    let since = SignedDuration::from_hours(hours.min(24 * 2_000_000));
    Date::constant(1970, 1, 1)
        .checked_add(since)
        .unwrap_or(Date::MAX)
}

impl Store {
    /// Keeps what every schedule uses as this day's sample, unless it has one already, and drops samples that are too old.
    /// One whose space is still being counted has no figure that means anything, and is left out. Whether none was.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]; what was kept so far stays.
    pub async fn sample(&self, at: Timestamp) -> Result<bool, Refusal> {
        let day = day_of(at, &self.tree().server.time_zone);
        let uncounted: HashSet<RecordId> = self.books.uncounted().into_iter().collect();
        let mut samples = self.books.samples();
        samples.retain(|(schedule, _)| !uncounted.contains(schedule));
        let missing = self
            .read(move |reader| reader.without_sample(samples, day))
            .await?;
        let mut complete = uncounted.is_empty();
        for batch in missing.chunks(BATCH) {
            let batch = batch.to_vec();
            complete &= self.decide(move |tx| keep(tx, day, &batch)).await?;
        }
        Ok(complete)
    }
}

fn keep(tx: &Tx, day: u64, samples: &[(RecordId, u64)]) -> Result<bool, Stop<Refusal>> {
    let mut complete = true;
    for (schedule, bytes) in samples {
        // One that was deleted for good meanwhile would have a sample that nobody ever drops.
        if tx.bytes(USED, schedule.0)?.is_none() {
            complete = false;
            continue;
        }
        tx.put(SAMPLES, (schedule.0, day), bytes)?;
        let old = 0..=day.saturating_sub(SAMPLE_DAYS + 1);
        delete(tx, *schedule, old, MOST_OLD)?;
    }
    Ok(complete)
}

/// A schedule was deleted for good: it has no samples any more.
pub(super) fn drop_all(tx: &Tx, schedule: RecordId) -> Result<(), Trouble> {
    delete(tx, schedule, 0..=u64::MAX, usize::MAX)
}

fn delete(
    tx: &Tx,
    schedule: RecordId,
    days: RangeInclusive<u64>,
    most: usize,
) -> Result<(), Trouble> {
    let mut found = Vec::new();
    tx.walk(SAMPLES, range(schedule, days), false, &mut |(_, day), _| {
        found.push(day);
        Ok(go_on(found.len() < most))
    })?;
    for day in found {
        tx.delete(SAMPLES, (schedule.0, day))?;
    }
    Ok(())
}

fn range(schedule: RecordId, days: RangeInclusive<u64>) -> Span<(u64, u64)> {
    (
        Bound::Included((schedule.0, *days.start())),
        Bound::Included((schedule.0, *days.end())),
    )
}

impl Reader {
    /// Adds what a schedule used on each of these days.
    ///
    /// # Errors
    /// When the records can't be read.
    pub fn add_used(
        &self,
        schedule: RecordId,
        days: RangeInclusive<u64>,
        sum: &mut UsedByDay,
    ) -> Result<(), Unavailable> {
        if days.is_empty() {
            return Ok(());
        }
        let span = range(schedule, days);
        self.look()
            .walk(SAMPLES, span, false, &mut |(_, day), bytes| {
                let used: u64 = decode("samples", bytes)?;
                let total = sum.entry(day).or_default();
                *total = total.saturating_add(used);
                Ok(go_on(true))
            })?;
        Ok(())
    }

    fn without_sample(
        &self,
        mut samples: Vec<(RecordId, u64)>,
        day: u64,
    ) -> Result<Vec<(RecordId, u64)>, Unavailable> {
        let mut problem = None;
        samples.retain(|(schedule, _)| {
            let kept = self.look().bytes(SAMPLES, (schedule.0, day));
            kept.map_or_else(
                |trouble| {
                    problem = Some(trouble);
                    false
                },
                |kept| kept.is_none(),
            )
        });
        problem.map_or(Ok(samples), |trouble| Err(trouble.into()))
    }
}
