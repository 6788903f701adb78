//! Rates and shares over a stretch of time, from two samples of a session's counters.

use std::collections::VecDeque;
use std::time::Duration;

use penstock_wire::view::HeldBy;

/// How far back "now" reaches in `top`.
const RECENT: Duration = Duration::from_secs(3);

/// A session's counters at an instant.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub at: Duration,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub throttle: Duration,
    pub disk: Duration,
}

/// The last few samples, oldest first.
#[derive(Debug, Default)]
pub(super) struct Samples(VecDeque<Sample>);

impl Sample {
    pub(super) fn at(at: Duration) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// Bytes a second, for so many bytes since another sample.
    pub(super) fn rate_since(&self, before: &Self, bytes: u64) -> u64 {
        let millis = self.at.saturating_sub(before.at).as_millis();
        if millis == 0 {
            return 0;
        }
        u64::try_from(u128::from(bytes) * 1000 / millis).unwrap_or(u64::MAX)
    }

    /// Shares of the time since another sample; throttle first, since whoever is throttled waits for nothing else.
    pub(super) fn held_since(&self, before: &Self) -> HeldBy {
        let span = self.at.saturating_sub(before.at).as_millis();
        if span == 0 {
            return HeldBy::default();
        }
        let percent = |part: Duration, most: u8| {
            let percent = (part.as_millis() * 100 + span / 2) / span;
            u8::try_from(percent).unwrap_or(100).min(most)
        };
        let throttle = percent(self.throttle.saturating_sub(before.throttle), 100);
        let disk = percent(self.disk.saturating_sub(before.disk), 100 - throttle);
        HeldBy {
            throttle,
            disk,
            client: 100 - throttle - disk,
        }
    }
}

impl Samples {
    pub(super) fn push(&mut self, sample: Sample) {
        self.0.push_back(sample);
        while self.0.len() > 1 && self.0.get(1).is_some_and(|s| s.at + RECENT <= sample.at) {
            self.0.pop_front();
        }
    }

    /// Bytes a second and shares since the oldest sample that is kept.
    pub(super) fn recent(&self, now: Sample) -> (u64, HeldBy) {
        let before = self.0.front().copied().unwrap_or_default();
        let bytes =
            (now.bytes_in + now.bytes_out).saturating_sub(before.bytes_in + before.bytes_out);
        (now.rate_since(&before, bytes), now.held_since(&before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole() {
        let before = Sample::at(Duration::from_secs(1));
        let now = Sample {
            at: Duration::from_secs(11),
            throttle: Duration::from_secs(6),
            disk: Duration::from_secs(9),
            ..Sample::default()
        };
        let held = now.held_since(&before);
        assert_eq!((held.throttle, held.disk, held.client), (60, 40, 0));
    }

    #[test]
    fn the_rate_now_is_that_of_the_last_seconds() {
        let mut samples = Samples::default();
        for second in 0..10 {
            samples.push(Sample {
                at: Duration::from_secs(second),
                bytes_in: second.min(5) * 100,
                ..Sample::default()
            });
        }
        let now = Sample {
            at: Duration::from_secs(10),
            bytes_in: 500,
            ..Sample::default()
        };
        assert_eq!(samples.recent(now).0, 0);
    }
}
