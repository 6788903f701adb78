//! A counter looked at again and again, and what can be said of it between two looks.

use std::time::Duration;

/// One look at a counter.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// When it was asked for.
    pub asked: Duration,
    /// When it was known; the value is of some instant between.
    pub known: Duration,
    /// The counter, in bytes.
    pub bytes: u64,
    /// Percent of the last three seconds in which the throttle held it back, where that is known.
    pub held: Option<u8>,
}

/// Samples in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<Sample>);

/// The bytes that a rate allows, which may be edited.
#[derive(Debug, Clone)]
pub struct Allowance {
    start: f64,
    edits: Vec<Edited>,
}

#[derive(Debug, Clone, Copy)]
struct Edited {
    at: Duration,
    rate: f64,
}

/// How far a series went beyond an allowance, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Excess {
    /// In whatever interval it was most.
    pub largest: f64,
    /// The same less one burst at the rate with which the interval begins. At most 0 is what is promised.
    pub beyond_burst: f64,
}

impl Sample {
    /// The likeliest instant of its value.
    fn at(&self) -> Duration {
        self.asked + (self.known - self.asked) / 2
    }
}

impl Series {
    /// A series of these samples, each later than the one before.
    #[must_use]
    pub fn new(samples: Vec<Sample>) -> Self {
        Self(samples)
    }

    /// The samples between two instants.
    #[must_use]
    pub fn cut(&self, from: Duration, to: Duration) -> Self {
        let within = |s: &&Sample| s.asked >= from && s.known <= to;
        Self(self.0.iter().filter(within).copied().collect())
    }

    /// The longest time between two looks.
    #[must_use]
    pub fn longest_unseen(&self) -> Duration {
        let gaps = self.0.windows(2).map(|pair| pair[1].at() - pair[0].at());
        gaps.max().unwrap_or_default()
    }

    /// The least percentage of a few seconds in which the throttle held it back: below 100, the client or the disk was
    /// slower than the rate for a while, and the throttle can't be blamed for what is missing.
    #[must_use]
    pub fn least_held(&self) -> Option<u8> {
        self.0.iter().filter_map(|sample| sample.held).min()
    }

    /// The counter at an instant, straight between the samples around it; none outside them.
    #[must_use]
    pub fn at(&self, at: Duration) -> Option<f64> {
        let after = self.0.partition_point(|sample| sample.at() < at);
        let next = self.0.get(after)?;
        if next.at() == at {
            return Some(next.bytes as f64);
        }
        let before = self.0.get(after.checked_sub(1)?)?;
        let part = (at - before.at()).as_secs_f64() / (next.at() - before.at()).as_secs_f64();
        Some(before.bytes as f64 + part * (next.bytes as f64 - before.bytes as f64))
    }

    /// Bytes between two instants.
    #[must_use]
    pub fn between(&self, from: Duration, to: Duration) -> Option<f64> {
        Some(self.at(to)? - self.at(from)?)
    }

    /// Percent off the rate of each window of this length that begins at these instants.
    pub fn deviations(
        &self,
        begins: impl IntoIterator<Item = Duration>,
        length: Duration,
        rate: u64,
    ) -> impl Iterator<Item = f64> {
        let due = rate as f64 * length.as_secs_f64();
        begins.into_iter().filter_map(move |from| {
            let bytes = self.between(from, from + length)?;
            Some((bytes / due - 1.0) * 100.0)
        })
    }

    /// The instants of all samples.
    pub fn instants(&self) -> impl Iterator<Item = Duration> {
        self.0.iter().map(Sample::at)
    }

    /// The end of the first window of this length, ending after `since`, that is within `percent` of the rate.
    #[must_use]
    pub fn settles(
        &self,
        since: Duration,
        length: Duration,
        rate: u64,
        percent: f64,
    ) -> Option<Duration> {
        let due = rate as f64 * length.as_secs_f64();
        self.instants()
            .filter(|&end| end >= since && end >= length)
            .find(|&end| {
                self.between(end - length, end)
                    .is_some_and(|bytes| (bytes / due - 1.0).abs() * 100.0 <= percent)
            })
    }

    /// How far any interval went beyond what was allowed. Each interval is taken as long as it can have been, so that
    /// only what is certain is counted.
    #[must_use]
    pub fn excess(&self, allowed: &Allowance, burst: Duration) -> Excess {
        let mut excess = Excess {
            largest: 0.0,
            beyond_burst: f64::NEG_INFINITY,
        };
        // The least of (counter - allowance) at a beginning so far, bare and with its burst.
        let (mut least, mut least_burst) = (f64::INFINITY, f64::INFINITY);
        for sample in &self.0 {
            let bytes = sample.bytes as f64;
            let end = bytes - allowed.until(sample.known);
            excess.largest = excess.largest.max(end - least);
            excess.beyond_burst = excess.beyond_burst.max(end - least_burst);
            let begin = bytes - allowed.until(sample.asked);
            least = least.min(begin);
            let burst = allowed.rate(sample.asked) * burst.as_secs_f64();
            least_burst = least_burst.min(begin + burst);
        }
        excess
    }
}

impl Allowance {
    /// What a rate in bytes a second allows.
    #[must_use]
    pub fn new(rate: u64) -> Self {
        Self {
            start: rate as f64,
            edits: Vec::new(),
        }
    }

    /// An edit that came into force somewhere between these instants: the greater rate has them.
    pub fn edit(&mut self, sent: Duration, replied: Duration, rate: u64) {
        let rate = rate as f64;
        let before = self.edits.last().map_or(self.start, |edit| edit.rate);
        let at = if rate > before { sent } else { replied };
        self.edits.push(Edited { at, rate });
    }

    fn rate(&self, at: Duration) -> f64 {
        let edit = self.edits.iter().rev().find(|edit| edit.at <= at);
        edit.map_or(self.start, |edit| edit.rate)
    }

    fn until(&self, at: Duration) -> f64 {
        let mut bytes = 0.0;
        let (mut rate, mut from) = (self.start, Duration::ZERO);
        for edit in self.edits.iter().filter(|edit| edit.at <= at) {
            bytes += rate * (edit.at - from).as_secs_f64();
            (rate, from) = (edit.rate, edit.at);
        }
        bytes + rate * (at - from).as_secs_f64()
    }
}

/// The value that is farthest from zero.
#[must_use]
pub fn worst(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values
        .into_iter()
        .max_by(|one, other| one.abs().total_cmp(&other.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Samples each 10 ms of what the function says, at once.
    fn series(millis: u32, bytes: impl Fn(u32) -> u64) -> Series {
        let samples = (0..=millis).step_by(10).map(|at| Sample {
            asked: MS * at,
            known: MS * at,
            bytes: bytes(at),
            held: None,
        });
        Series::new(samples.collect())
    }

    #[test]
    fn between_two_samples_the_counter_goes_straight() {
        let steady = series(1000, |at| u64::from(at) * 100);
        assert_eq!(steady.at(MS * 15), Some(1500.0));
        assert_eq!(steady.between(MS * 5, MS * 505), Some(50_000.0));
        assert_eq!(steady.at(MS * 1001), None);
    }

    #[test]
    fn a_second_at_the_wrong_rate_is_found() {
        let slow = series(3000, |at| u64::from(at.min(1500)) * 100);
        let second = Duration::from_secs(1);
        let off = slow.deviations([Duration::ZERO, second], second, 100_000);
        assert_eq!(worst(off), Some(-50.0));
    }

    #[test]
    fn an_edit_shows_as_soon_as_a_window_has_the_new_rate() {
        let edited = series(2000, |at| {
            u64::from(at) * 100 + u64::from(at.saturating_sub(1000)) * 300
        });
        let shown = edited.settles(MS * 1000, MS * 100, 400_000, 1.0);
        assert_eq!(shown, Some(MS * 1100));
    }

    #[test]
    fn what_an_edit_allows_is_no_excess_and_a_burst_is() {
        let burst = MS * 10;
        let edited = |extra: u64| {
            series(2000, move |at| {
                let after = u64::from(at.saturating_sub(1000));
                u64::from(at) * 100 + after * 300 + if after > 0 { extra } else { 0 }
            })
        };
        let mut allowed = Allowance::new(100_000);
        allowed.edit(MS * 1000, MS * 1005, 400_000);
        let quiet = edited(0).excess(&allowed, burst);
        assert!(quiet.largest.abs() < 1.0 && quiet.beyond_burst < 0.0);
        let loud = edited(9000).excess(&allowed, burst);
        assert!((loud.largest - 9000.0).abs() < 1.0);
        assert!((loud.beyond_burst - 8000.0).abs() < 1.0);
    }

    #[test]
    fn an_edits_doubt_goes_to_the_greater_rate() {
        let mut allowed = Allowance::new(100);
        allowed.edit(MS * 1000, MS * 2000, 400);
        allowed.edit(MS * 3000, MS * 4000, 100);
        assert_eq!(allowed.until(MS * 5000), 100.0 + 3.0 * 400.0 + 100.0);
    }
}
