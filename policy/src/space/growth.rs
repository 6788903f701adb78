//! When something will be full, if it goes on growing as it did.

/// What was used on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUse {
    /// The day, counted from any day that is the same for all.
    pub day: u64,
    /// Bytes used.
    pub used: u64,
}

/// How fast something grows: so many bytes in so many days, both more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    bytes: u128,
    days: u128,
}

/// Days that are looked at; what was before says little of what comes.
pub const LOOKED_AT: usize = 30;

/// Fewer days are no trend.
const LEAST: usize = 3;

/// Nobody knows what is in ten years.
const FARTHEST: u128 = 3653;

impl Growth {
    /// The slope of the straight line that lies nearest to the last [`LOOKED_AT`] days (least squares). Days come in
    /// order; some may be missing.
    ///
    /// None when it doesn't grow, or fewer than 3 days are known.
    #[must_use]
    pub fn of(days: &[DayUse]) -> Option<Self> {
        let days = &days[days.len().saturating_sub(LOOKED_AT)..];
        let first = days.first().filter(|_| days.len() >= LEAST)?;
        let (mut x, mut y, mut xx, mut xy) = (0i128, 0i128, 0i128, 0i128);
        for day in days {
            // So few and so small that no sum overflows: a location holds less than 2^64 bytes.
            let at = i128::from(day.day.saturating_sub(first.day).min(1 << 20));
            let used = i128::from(day.used);
            x += at;
            y += used;
            xx += at * at;
            xy += at * used;
        }
        let count = i128::try_from(days.len()).ok()?;
        let bytes = count * xy - x * y;
        let days = count * xx - x * x;
        if bytes <= 0 || days <= 0 {
            return None;
        }
        Some(Self {
            bytes: bytes.unsigned_abs(),
            days: days.unsigned_abs(),
        })
    }

    /// Whole days until so many bytes more are used; none when that is farther than ten years.
    #[must_use]
    pub fn days_until(self, room: u64) -> Option<u64> {
        let days = u128::from(room).checked_mul(self.days)? / self.bytes;
        let days = Some(days).filter(|days| *days <= FARTHEST)?;
        u64::try_from(days).ok()
    }
}

/// Whole days until a limit is reached by something that uses so much now and did so before: none when it doesn't grow
/// or too little is known of it, and 0 when the limit is reached already.
#[must_use]
pub fn full_in(before: &[DayUse], used: u64, limit: u64) -> Option<u64> {
    match limit.checked_sub(used) {
        None | Some(0) => Some(0),
        Some(room) => Growth::of(before)?.days_until(room),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIB: u64 = 1 << 30;

    fn days(used: &[u64]) -> Vec<DayUse> {
        let days = (20_000..).zip(used);
        days.map(|(day, used)| DayUse { day, used: *used })
            .collect()
    }

    #[test]
    fn steady_growth_is_carried_on_from_the_present_figure() {
        let before = days(&[GIB, 2 * GIB, 3 * GIB, 4 * GIB]);
        assert_eq!(full_in(&before, 4 * GIB, 10 * GIB), Some(6));
        assert_eq!(full_in(&before, 4 * GIB + 1, 10 * GIB), Some(5));
        assert_eq!(full_in(&before, 9 * GIB, 10 * GIB), Some(1));
    }

    #[test]
    fn a_line_is_laid_through_days_that_jump() {
        // 0, 3, 3, 6: the slope is 9/5 of a GiB a day.
        let before = days(&[0, 3 * GIB, 3 * GIB, 6 * GIB]);
        assert_eq!(full_in(&before, 6 * GIB, 24 * GIB), Some(10));
    }

    #[test]
    fn missing_days_are_counted_as_time() {
        let day = |day, used| DayUse { day, used };
        let before = [day(10, GIB), day(20, 2 * GIB), day(40, 4 * GIB)];
        assert_eq!(full_in(&before, 4 * GIB, 5 * GIB), Some(10));
    }

    #[test]
    fn what_shrinks_or_stays_is_never_full() {
        assert_eq!(full_in(&days(&[5, 4, 3]), 3, 10), None);
        assert_eq!(full_in(&days(&[5, 5, 5, 5]), 5, 10), None);
        assert_eq!(full_in(&days(&[3, 9, 3]), 3, 10), None);
    }

    #[test]
    fn two_days_are_no_trend_and_ten_years_no_forecast() {
        assert_eq!(full_in(&days(&[1, 2]), 2, 10), None);
        assert_eq!(full_in(&[], 2, 10), None);
        let before = days(&[1, 2, 3]);
        assert_eq!(full_in(&before, 3, 3 + 3653), Some(3653));
        assert_eq!(full_in(&before, 3, 3 + 3654), None);
        assert_eq!(full_in(&before, 3, u64::MAX), None);
    }

    #[test]
    fn what_is_full_needs_no_forecast() {
        assert_eq!(full_in(&[], 10, 10), Some(0));
        assert_eq!(full_in(&days(&[9, 5, 3]), 11, 10), Some(0));
    }

    #[test]
    fn only_the_last_thirty_days_count() {
        let mut used = vec![1_000 * GIB; 100];
        used.extend((1..=30).map(|day| day * GIB));
        assert_eq!(full_in(&days(&used), 30 * GIB, 40 * GIB), Some(10));
    }

    proptest! {
        #[test]
        fn no_figures_are_too_large(
            used in prop::collection::vec(any::<(u64, u64)>(), 0..40), now: u64, limit: u64,
        ) {
            let mut used: Vec<DayUse> = used.into_iter().map(|(day, used)| DayUse { day, used }).collect();
            used.sort_by_key(|day| day.day);
            let full = full_in(&used, now, limit);
            prop_assert!(full.is_none_or(|days| days <= 3653));
        }

        #[test]
        fn exact_lines_are_found_exactly(daily in 1..1u64 << 40, start in 0..1u64 << 50, ahead in 1..3000u64) {
            let used: Vec<u64> = (0..12).map(|day| start + day * daily).collect();
            let now = used[11];
            prop_assert_eq!(full_in(&days(&used), now, now + ahead * daily), Some(ahead));
        }
    }
}
