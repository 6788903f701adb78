//! A calendar of the tests' own: offsets from UTC and transitions written down, years and months counted one by one.

use jiff::Timestamp;
use penstock_policy::throttle::Zone;

/// A zone's clock on the wall through 2026 and 2027.
pub struct Wall {
    pub zone: &'static str,
    /// Minutes east of UTC before the first transition.
    offset: i64,
    /// Seconds since 1970, and the minutes east of it from then on.
    transitions: Vec<(i64, i64)>,
}

/// A zone, its minutes east of UTC at first, and its transitions.
type Law = (&'static str, i64, &'static [(&'static str, i64)]);

/// From the zones' own laws: both hemispheres, half an hour, none, the first and the last day of a month.
const LAWS: [Law; 6] = [
    ("UTC", 0, &[]),
    (
        "Europe/Berlin",
        60,
        &[
            ("2026-03-29T01:00:00Z", 120),
            ("2026-10-25T01:00:00Z", 60),
            ("2027-03-28T01:00:00Z", 120),
            ("2027-10-31T01:00:00Z", 60),
        ],
    ),
    (
        "America/New_York",
        -300,
        &[
            ("2026-03-08T07:00:00Z", -240),
            ("2026-11-01T06:00:00Z", -300),
            ("2027-03-14T07:00:00Z", -240),
            ("2027-11-07T06:00:00Z", -300),
        ],
    ),
    (
        "Australia/Lord_Howe",
        660,
        &[
            ("2026-04-04T15:00:00Z", 630),
            ("2026-10-03T15:30:00Z", 660),
            ("2027-04-03T15:00:00Z", 630),
            ("2027-10-02T15:30:00Z", 660),
        ],
    ),
    ("Pacific/Kiritimati", 840, &[]),
    ("Pacific/Apia", 780, &[]),
];

/// 2026-01-01T00:00:00Z in seconds since 1970.
pub const BEGIN: i64 = 1_767_225_600;
/// 2028-01-01T00:00:00Z.
pub const END: i64 = BEGIN + 730 * DAY;
/// A day in seconds.
pub const DAY: i64 = 86_400;

pub fn walls() -> Vec<Wall> {
    let second = |instant: &str| instant.parse::<Timestamp>().unwrap().as_second();
    let walls = LAWS.map(|(zone, offset, transitions)| Wall {
        zone,
        offset,
        transitions: transitions
            .iter()
            .map(|(instant, after)| (second(instant), *after))
            .collect(),
    });
    Vec::from(walls)
}

impl Wall {
    pub fn zone(&self) -> Zone {
        self.zone.parse().unwrap()
    }

    /// Seconds that the wall is ahead of UTC at that second since 1970.
    fn ahead(&self, second: i64) -> i64 {
        let mut minutes = self.offset;
        for (transition, after) in &self.transitions {
            if *transition <= second {
                minutes = *after;
            }
        }
        minutes * 60
    }

    /// The month that the wall shows, as `2026-11`.
    pub fn month(&self, second: i64) -> String {
        let (year, month, _) = date((second + self.ahead(second)).div_euclid(DAY));
        format!("{year:04}-{month:02}")
    }

    /// The first seconds of the months of both years: the wall is looked at every hour, and where its month has changed,
    /// every minute of that hour.
    pub fn firsts(&self) -> Vec<i64> {
        let mut firsts = Vec::new();
        for hour in (BEGIN - DAY..END + DAY).step_by(3600) {
            if self.month(hour) != self.month(hour + 3600) {
                let minutes = (hour..=hour + 3600).step_by(60);
                let mut changed = minutes.filter(|minute| self.month(*minute) != self.month(hour));
                firsts.extend(changed.next());
            }
        }
        firsts
    }
}

/// Year, month and day of that many days after 1970-01-01.
pub fn date(days: i64) -> (i64, i64, i64) {
    let (mut year, mut days) = (1970, days);
    while days >= length_of_year(year) {
        days -= length_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= length_of_month(year, month) {
        days -= length_of_month(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

fn leaps(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn length_of_year(year: i64) -> i64 {
    if leaps(year) { 366 } else { 365 }
}

pub fn length_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if leaps(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
