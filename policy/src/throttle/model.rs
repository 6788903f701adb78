//! `rate_at` held against a slow, obvious model: minute by minute, with a table of the day's minutes.

use std::collections::HashSet;

use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

/// Half an hour's DST, three quarters of an hour's offset, a negative DST, one suspended for a
/// month, midnights that don't exist, days that were skipped whole, and none at all.
const ZONES: [&str; 15] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Asuncion",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
];

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// The minutes of the day that a window holds, counted out one by one, and the days it is off.
struct Model {
    minutes: HashSet<(i8, i8)>,
    off: Vec<Weekday>,
    zone: Zone,
}

impl Model {
    fn new(block: &Block, weekend: &[Weekday], zone: &Zone) -> Self {
        let minute_of = |time: Time| i16::from(time.hour()) * 60 + i16::from(time.minute());
        let (from, to) = match block.hours() {
            Hours::Always => (0, 0),
            Hours::Between { from, to } => (minute_of(from), minute_of(to)),
        };
        let mut minutes = HashSet::new();
        let mut minute = from;
        loop {
            minutes.insert(((minute / 60) as i8, (minute % 60) as i8));
            minute = (minute + 1) % 1440;
            if minute == to {
                break;
            }
        }
        let off = if block.weekend_exempt() { weekend } else { &[] };
        Self {
            minutes,
            off: off.to_vec(),
            zone: zone.clone(),
        }
    }

    fn binds(&self, at: Timestamp) -> bool {
        let local = at.to_zoned_datetime(self.zone.tz().clone());
        self.minutes.contains(&(local.hour(), local.minute()))
            && !self.off.contains(&local.weekday())
    }
}

const WEEKENDS: [&[Weekday]; 3] = [
    &[Weekday::Saturday, Weekday::Sunday],
    &[Weekday::Friday],
    &[],
];

/// Asks for every minute of a stretch, and walks the model backwards for the next change.
fn hold_against_model(
    zone: &Zone,
    throttle: &Throttle,
    weekend: &[Weekday],
    from: Timestamp,
    to: Timestamp,
) {
    let Throttle::Block(block) = throttle else {
        panic!("{throttle} is no block");
    };
    let sources = [Source {
        level: Level::Client,
        throttle,
        zone,
        weekend: weekend.iter().copied().collect(),
    }];
    let model = Model::new(block, weekend, zone);
    let ahead = SignedDuration::from_hours(9 * 24);
    let mut at = to + ahead;
    let mut now = model.binds(at);
    let mut change = None;
    while at > from {
        let before = model.binds(at - MINUTE);
        if before != now {
            change = Some(at);
        }
        (now, at) = (before, at - MINUTE);
        if at > to {
            continue;
        }
        let span = rate_at(&sources, at);
        assert_eq!(
            span.rate.is_some(),
            now,
            "{throttle} {weekend:?} in {zone} at {at}"
        );
        match change {
            Some(_) => assert_eq!(
                span.until, change,
                "{throttle} {weekend:?} in {zone} at {at}"
            ),
            None => assert!(
                span.until.is_none_or(|until| until > to + ahead),
                "{throttle} {weekend:?} in {zone} at {at}: {:?}",
                span.until
            ),
        }
    }
}

#[test]
fn every_minute_around_each_transition_is_as_the_wall_clock_says() {
    let windows = [
        "02:00-03:00",
        "02:30-03:15",
        "22:00-06:00",
        "00:00-01:00",
        "23:30-00:00",
        "always",
    ];
    let last = "2028-01-01T00:00Z".parse::<Timestamp>().unwrap();
    let skipped_a_day = "2012-01-01T00:00Z".parse::<Timestamp>().unwrap();
    for name in ZONES {
        let zone: Zone = name.parse().unwrap();
        let recent = zone.tz().preceding(last).take(4);
        let samoan = zone.tz().preceding(skipped_a_day).take(1);
        for (nth, transition) in recent.chain(samoan).enumerate() {
            // Earlier offsets had seconds in them, and a model that steps in minutes has none.
            if transition.timestamp() < Timestamp::UNIX_EPOCH {
                continue;
            }
            let (from, to) = (
                transition.timestamp() - SignedDuration::from_hours(26),
                transition.timestamp() + SignedDuration::from_hours(26),
            );
            for (window, exempt) in windows.iter().zip(["", " weekend-exempt"].iter().cycle()) {
                let throttle = format!("8Mbit/s {window}{exempt}").parse().unwrap();
                hold_against_model(&zone, &throttle, WEEKENDS[nth % 2], from, to);
            }
            let throttle = "8Mbit/s always weekend-exempt".parse().unwrap();
            hold_against_model(&zone, &throttle, WEEKENDS[0], from, to);
        }
    }
}

#[test]
fn every_minute_of_a_week_is_as_the_wall_clock_says() {
    let from = "2026-11-05T00:00Z".parse::<Timestamp>().unwrap();
    for name in ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati"] {
        for throttle in [
            "8Mbit/s 08:00-18:00 weekend-exempt",
            "8Mbit/s 22:00-06:00 weekend-exempt",
            "8Mbit/s always weekend-exempt",
        ] {
            let (zone, throttle) = (name.parse().unwrap(), throttle.parse().unwrap());
            for weekend in WEEKENDS {
                let to = from + SignedDuration::from_hours(7 * 24);
                hold_against_model(&zone, &throttle, weekend, from, to);
            }
        }
    }
}

fn any_block() -> impl Strategy<Value = Block> {
    let hours = (0..1440i16, 0..1440i16).prop_map(|(from, to)| {
        let time = |minute: i16| Time::constant((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        if from == to {
            Hours::Always
        } else {
            Hours::Between {
                from: time(from),
                to: time(to),
            }
        }
    });
    (hours, any::<bool>()).prop_map(|(hours, exempt)| {
        Block::new("8Mbit/s".parse().unwrap(), hours, exempt, false).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn until_is_the_very_instant_at_which_the_answer_changes(
        zone in prop::sample::select(ZONES.to_vec()),
        second in 70_000_000i64..4_000_000_000,
        nanosecond in 0..1_000_000_000i32,
        block in any_block(),
        weekend in prop::sample::select(WEEKENDS.to_vec()),
    ) {
        let zone: Zone = zone.parse().unwrap();
        let at = Timestamp::new(second, nanosecond).unwrap();
        let throttle = Throttle::Block(block);
        let days = weekend.iter().copied().collect();
        let source = Source { level: Level::Server, throttle: &throttle, zone: &zone, weekend: days };
        let model = Model::new(&block, weekend, &zone);
        let span = rate_at(&[source], at);
        let now = model.binds(at);
        prop_assert_eq!(span.rate, now.then(|| block.rate()));
        prop_assert_eq!((span.level, span.block), (Some(Level::Server), Some(block)));
        let Some(until) = span.until else {
            let weekend_matters = block.weekend_exempt() && !weekend.is_empty();
            prop_assert!(block.hours() == Hours::Always && !weekend_matters);
            return Ok(());
        };
        prop_assert!(until > at);
        prop_assert_ne!(model.binds(until), now);
        prop_assert_eq!(model.binds(until - INSTANT), now);
        let mut minute = Timestamp::from_second(second - second.rem_euclid(60)).unwrap() + MINUTE;
        while minute < until {
            prop_assert_eq!(model.binds(minute), now, "at {}", minute);
            minute += MINUTE;
        }
    }

    #[test]
    fn the_nearest_level_that_does_not_inherit_wins_whole(
        says in prop::collection::vec(prop::option::of(prop::option::of(any_block())), 4),
        second in 0i64..4_000_000_000,
    ) {
        let at = Timestamp::from_second(second).unwrap();
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let levels = [Level::Client, Level::Customer, Level::Reseller, Level::Server];
        let throttles: Vec<Throttle> = says.iter().map(|says| match says {
            None => Throttle::Inherit,
            Some(None) => Throttle::Unlimited,
            Some(Some(block)) => Throttle::Block(*block),
        }).collect();
        let sources: Vec<Source<'_>> = levels.iter().zip(&throttles).map(|(level, throttle)| Source {
            level: *level, throttle, zone: &zone, weekend: WeekendDays::default(),
        }).collect();
        let nearest = throttles.iter().position(|throttle| *throttle != Throttle::Inherit);
        let span = rate_at(&sources, at);
        match nearest {
            None => prop_assert_eq!(span, Span { rate: None, until: None, level: None, block: None }),
            Some(nth) => {
                prop_assert_eq!(span, rate_at(&sources[nth..=nth], at));
                prop_assert_eq!(span.level, Some(levels[nth]));
                prop_assert_eq!(span.block.is_some(), says[nth].flatten().is_some());
            }
        }
    }
}

/// What each example shows: zone, throttle, an instant, whether it binds there, until when.
#[test]
fn the_edges_that_the_rules_name_are_where_they_say() {
    for (zone, throttle, at, binds, until) in [
        // The gap skips 02:00-03:00, so a window within it doesn't happen that day.
        (
            "Europe/Berlin",
            "8Mbit/s 02:00-03:00",
            "2027-03-27T12:00Z",
            false,
            "2027-03-29T00:00Z",
        ),
        // A window that the gap beheads begins with the transition.
        (
            "Europe/Berlin",
            "8Mbit/s 02:30-03:15",
            "2027-03-28T00:59:59Z",
            false,
            "2027-03-28T01:00Z",
        ),
        // The fold repeats 02:00-03:00, and the window counts both times without a pause.
        (
            "Europe/Berlin",
            "8Mbit/s 02:00-03:00",
            "2026-10-25T00:30Z",
            true,
            "2026-10-25T02:00Z",
        ),
        // Half of it repeated: on, off, and on again with the transition.
        (
            "Europe/Berlin",
            "8Mbit/s 02:00-02:30",
            "2026-10-25T00:10Z",
            true,
            "2026-10-25T00:30Z",
        ),
        (
            "Europe/Berlin",
            "8Mbit/s 02:00-02:30",
            "2026-10-25T00:40Z",
            false,
            "2026-10-25T01:00Z",
        ),
        // Cairo's clocks go from 00:00 to 01:00: the window ends with a midnight that isn't shown.
        (
            "Africa/Cairo",
            "8Mbit/s 18:00-24:00",
            "2026-04-23T20:00Z",
            true,
            "2026-04-23T22:00Z",
        ),
        // Friday night's window is over when Saturday begins.
        (
            "UTC",
            "8Mbit/s 22:00-06:00 weekend-exempt",
            "2026-11-06T23:00Z",
            true,
            "2026-11-07T00:00Z",
        ),
        // And Sunday night's begins with Monday.
        (
            "UTC",
            "8Mbit/s 22:00-06:00 weekend-exempt",
            "2026-11-07T12:00Z",
            false,
            "2026-11-09T00:00Z",
        ),
        // Samoa's 30 December 2011 didn't happen.
        (
            "Pacific/Apia",
            "8Mbit/s always weekend-exempt",
            "2011-12-30T09:00Z",
            true,
            "2011-12-30T10:00Z",
        ),
    ] {
        let (parsed, zone): (Throttle, Zone) = (throttle.parse().unwrap(), zone.parse().unwrap());
        let source = Source {
            level: Level::Customer,
            throttle: &parsed,
            zone: &zone,
            weekend: WeekendDays::default(),
        };
        let span = rate_at(&[source], at.parse().unwrap());
        assert_eq!(span.rate.is_some(), binds, "{throttle} in {zone} at {at}");
        assert_eq!(
            span.until,
            Some(until.parse().unwrap()),
            "{throttle} in {zone} at {at}"
        );
    }
}

#[test]
fn a_weekend_of_seven_days_is_asked_again_at_the_end_of_the_search() {
    let throttle = "8Mbit/s 08:00-18:00 weekend-exempt".parse().unwrap();
    let zone = Zone::utc();
    let source = Source {
        level: Level::Server,
        throttle: &throttle,
        zone: &zone,
        weekend: "mon,tue,wed,thu,fri,sat,sun".parse().unwrap(),
    };
    let at = "2026-11-05T00:00Z".parse::<Timestamp>().unwrap();
    let span = rate_at(&[source], at);
    assert_eq!(span.rate, None);
    assert_eq!(span.until, Some(at + SignedDuration::from_hours(15 * 24)));
}

#[test]
fn the_ends_of_time_have_an_answer() {
    let throttle = "8Mbit/s 08:00-18:00 weekend-exempt".parse().unwrap();
    for name in ZONES {
        let zone: Zone = name.parse().unwrap();
        let weekend = WeekendDays::default();
        for at in [Timestamp::MIN, Timestamp::MAX] {
            let level = Level::Server;
            let source = Source {
                level,
                throttle: &throttle,
                zone: &zone,
                weekend,
            };
            assert!(rate_at(&[source], at).until >= Some(at));
        }
    }
}
