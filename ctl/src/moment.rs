//! Moments as administrators write and read them: in the zone of the record they look at, with its offset.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use penstock_policy::record::Until;
use penstock_policy::throttle::Zone;

/// A moment as it was typed: exact, or a time of the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2026-12-24T08:00:00Z`, or with an offset.
    Exact(Timestamp),
    /// `2026-12-24` or `2026-12-24T08:00`; which instant that is depends on the zone.
    Wall(Until),
}

/// The beginning of what is asked for: a moment, or so long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// `24h`, `30m`, `7d`.
    Ago(SignedDuration),
    /// A moment.
    At(Moment),
}

impl Moment {
    /// Reads what was typed.
    ///
    /// # Errors
    /// With a sentence that says what can be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(exact) = text.parse() {
            return Ok(Self::Exact(exact));
        }
        text.parse().map(Self::Wall).map_err(|_| {
            format!(
                "{text:?} is no time; write 2026-12-24, 2026-12-24T08:00, or 2026-12-24T08:00:00Z"
            )
        })
    }

    /// The instant. A time of the wall that a spring gap skips counts as if the gap weren't there; one that an autumn
    /// fold repeats is the first.
    ///
    /// # Errors
    /// When it lies beyond the years that can be counted.
    pub fn instant(self, zone: &TimeZone) -> Result<Timestamp, String> {
        match self {
            Self::Exact(instant) => Ok(instant),
            Self::Wall(until) => zone
                .to_timestamp(until.0)
                .map_err(|_| format!("{until} is too far away")),
        }
    }
}

impl Since {
    /// Reads what was typed.
    ///
    /// # Errors
    /// With a sentence that says what can be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(ago) = span(text) {
            return Ok(Self::Ago(ago));
        }
        Moment::parse(text).map(Self::At).map_err(|_| {
            format!("{text:?} is no time; write 24h, 30m or 7d, a date (2026-12-24), or 2026-12-24T08:00")
        })
    }

    /// The instant.
    ///
    /// # Errors
    /// When it lies beyond the years that can be counted.
    pub fn instant(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
        match self {
            Self::Ago(ago) => now
                .checked_sub(ago)
                .map_err(|_| "that is too long ago".to_owned()),
            Self::At(moment) => moment.instant(zone),
        }
    }
}

fn span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return None,
    };
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    Some(SignedDuration::from_secs(i64::from(number) * seconds))
}

/// The zone of that name; UTC, which says so in its offset, if this machine doesn't know it.
pub fn zone(name: &str) -> TimeZone {
    name.parse::<Zone>()
        .map_or(TimeZone::UTC, |zone| zone.tz().clone())
}

/// `2026-12-24 18:00 +01:00`
pub fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M %:z")
        .to_string()
}

/// `2026-12-24 18:00:07 +01:00`
pub fn second(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_of_the_records_zone() {
        let berlin = zone("Europe/Berlin");
        let at = |text| {
            Moment::parse(text)
                .unwrap()
                .instant(&berlin)
                .unwrap()
                .to_string()
        };
        assert_eq!(at("2026-12-24T08:00"), "2026-12-24T07:00:00Z");
        assert_eq!(at("2026-12-24"), "2026-12-23T23:00:00Z");
        assert_eq!(at("2026-12-24T08:00:00Z"), "2026-12-24T08:00:00Z");
        assert_eq!(at("2026-12-24T08:00:00+05:00"), "2026-12-24T03:00:00Z");
        // The night the clock jumps from 2 to 3.
        assert_eq!(at("2026-03-29T02:30"), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn since_takes_a_span_or_a_moment() {
        let now: Timestamp = "2026-12-24T08:00:00Z".parse().unwrap();
        let since = |text| {
            Since::parse(text)
                .unwrap()
                .instant(now, &TimeZone::UTC)
                .unwrap()
                .to_string()
        };
        assert_eq!(since("24h"), "2026-12-23T08:00:00Z");
        assert_eq!(since("7d"), "2026-12-17T08:00:00Z");
        assert_eq!(since("2026-12-20"), "2026-12-20T00:00:00Z");
        for bad in ["", "h", "24", "yesterday", "-3h", "24ä"] {
            assert!(Since::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_moment_is_shown_with_its_offset() {
        let at = "2026-12-24T07:00:07Z".parse().unwrap();
        assert_eq!(
            minute(at, &zone("Europe/Berlin")),
            "2026-12-24 08:00 +01:00"
        );
        assert_eq!(second(at, &zone("nowhere")), "2026-12-24 07:00:07 +00:00");
    }
}
