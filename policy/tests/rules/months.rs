//! Months: calendar arithmetic, their ends in six zones through two years, and who is debited in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use penstock_policy::mcal::Month;
use penstock_policy::throttle::Zone;
use proptest::prelude::*;
use proptest::sample::select;

use crate::calendar::{BEGIN, DAY, END, Wall, date, length_of_month, walls};
use crate::holdings::{index, month};
use crate::office::Office;

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_month_is_written_as_year_and_month_and_nothing_else_is_one() {
    for text in ["0001-01", "2026-11", "9998-12"] {
        assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
    }
    assert_eq!(" 2026-11 ".parse::<Month>(), "2026-11".parse());
    for text in [
        "",
        "2026",
        "2026-",
        "-11",
        "2026-00",
        "2026-13",
        "2026-1",
        "26-11",
        "0000-01",
        "9999-01",
        "2026-11-01",
        "+026-11",
        "2026-+1",
        "2026/11",
        "2026-１１",
    ] {
        let error = text.parse::<Month>().unwrap_err().to_string();
        assert!(
            error.ends_with("is no month; write it as 2026-11"),
            "{error}"
        );
    }
}

#[test]
fn instants_beyond_the_calendar_count_as_its_first_and_its_last_month() {
    let utc = Zone::utc();
    assert_eq!(Month::of(Timestamp::MIN, &utc).to_string(), "0001-01");
    assert_eq!(Month::of(Timestamp::MAX, &utc).to_string(), "9998-12");
    let last: Month = "9998-12".parse().unwrap();
    assert_eq!((last.next(), last.later(u64::MAX)), (last, last));
    assert_eq!(last.end(&utc).to_string(), "9999-01-01T00:00:00Z");
}

proptest! {
    #[test]
    fn months_are_counted_as_on_a_calendar(start in 12..9998 * 12i64, more in 0..500u64) {
        let counted = i64::try_from(more).unwrap() + start;
        let last = 9998 * 12 + 11;
        prop_assert_eq!(month(start).next(), month((start + 1).min(last)));
        prop_assert_eq!(month(start).later(more), month(counted.min(last)));
        prop_assert_eq!(index(month(start)), start);
        prop_assert!(month(start) < month(start + 1));
    }

    #[test]
    fn an_instants_month_is_that_of_its_day(second in 0..8_000_000_000i64) {
        let (year, number, _) = date(second.div_euclid(DAY));
        let of = Month::of(instant(second), &Zone::utc());
        prop_assert_eq!(of, month(year * 12 + number - 1));
        let first = of.first_day();
        prop_assert_eq!((i64::from(first.year()), i64::from(first.month()), first.day()), (year, number, 1));
        let days = (of.next().first_day() - first).get_days();
        prop_assert_eq!(i64::from(days), length_of_month(year, number));
    }
}

#[test]
fn the_month_is_what_the_wall_shows_in_every_hour_of_two_years() {
    for wall in &walls() {
        let zone = wall.zone();
        let mut hours = 0;
        for second in (BEGIN..END).step_by(3600) {
            let of = Month::of(instant(second), &zone).to_string();
            assert_eq!(of, wall.month(second), "{} {}", wall.zone, instant(second));
            hours += 1;
        }
        assert_eq!(hours, 17_520);
    }
}

#[test]
fn a_month_ends_to_the_nanosecond_where_the_next_begins_on_the_wall() {
    let nanosecond = SignedDuration::from_nanos(1);
    for wall in &walls() {
        let zone = wall.zone();
        let firsts = wall.firsts();
        assert_eq!(firsts.len(), 25, "{}", wall.zone);
        for first in firsts {
            let (before, after) = (wall.month(first - 1), wall.month(first));
            let first = instant(first);
            let ending: Month = before.parse().unwrap();
            assert_eq!(ending.end(&zone), first, "{} {before}", wall.zone);
            assert_eq!(ending.next().to_string(), after);
            assert_eq!(Month::of(first - nanosecond, &zone).to_string(), before);
            assert_eq!(Month::of(first, &zone).to_string(), after);
            assert_eq!(Month::of(first + nanosecond, &zone).to_string(), after);
        }
    }
}

/// When a client backs up: every so many seconds from the first instant to the last.
fn habits(wall: &Wall) -> Vec<Vec<i64>> {
    let every = |from: i64, to: i64, step: usize| (from..to).step_by(step).collect::<Vec<i64>>();
    let day = usize::try_from(DAY).unwrap();
    // Around each month's first instant: a second before, with it, and a second after.
    let firsts = wall.firsts();
    let edges = |near: i64| firsts.iter().map(move |first| first + near);
    vec![
        every(BEGIN, END, day),
        every(BEGIN + 86_399, END, day),
        every(BEGIN + 41_000, END, day),
        // Comes in spring, and leaves in the autumn after.
        every(BEGIN + 100 * DAY, BEGIN + 600 * DAY, day),
        // Every 47 days and a bit: some months without a backup.
        every(BEGIN + 7_000, END, 47 * day + 1_234),
        edges(-1).collect(),
        edges(0).collect(),
        edges(-1).chain(edges(0)).chain(edges(1)).collect(),
    ]
}

#[test]
fn clients_that_back_up_for_two_years_are_debited_once_for_each_month_in_every_zone() {
    for wall in &walls() {
        let habits = habits(wall);
        let mut backups: Vec<(i64, usize)> = Vec::new();
        for (client, seconds) in habits.iter().enumerate() {
            backups.extend(seconds.iter().map(|second| (*second, client)));
        }
        backups.sort_unstable();
        let mut office = Office::of(habits.len());
        office.case.server.time_zone = wall.zone();
        // Another zone of the customer's own changes nothing: months are the server's.
        office.case.customer.time_zone = Some("Asia/Kathmandu".parse().unwrap());
        let mut expected = BTreeSet::new();
        for (second, client) in &backups {
            let debit = office.backs_up(*client, instant(*second)).unwrap();
            let first = expected.insert((wall.month(*second), *client));
            assert_eq!(debit.is_some(), first, "{} {}", wall.zone, instant(*second));
            if let Some(charge) = debit {
                assert_eq!(charge.month().to_string(), wall.month(*second));
            }
        }
        let count = |keys: Vec<String>| {
            keys.into_iter().fold(BTreeMap::new(), |mut counts, key| {
                *counts.entry(key).or_insert(0) += 1;
                counts
            })
        };
        let debited = count(
            office
                .ledger
                .iter()
                .map(|one| one.month.to_string())
                .collect(),
        );
        assert_eq!(
            debited,
            count(expected.into_iter().map(|(month, _)| month).collect())
        );
        assert!(
            debited.len() >= 24 && debited["2026-07"] >= 6,
            "{debited:?}"
        );
        let total: i64 = office.ledger.iter().map(|one| one.units).sum();
        assert_eq!(total, debited.values().sum::<i64>(), "a desktop costs one");
    }
}

#[test]
fn where_the_clock_shows_the_first_hour_of_a_month_twice_the_month_begins_once() {
    // On 1 November 2020 Havana's clocks went from 01:00 back to 00:00.
    let havana: Zone = "America/Havana".parse().unwrap();
    let october: Month = "2020-10".parse().unwrap();
    assert_eq!(october.end(&havana).to_string(), "2020-11-01T04:00:00Z");
    for at in ["2020-11-01T04:30:00Z", "2020-11-01T05:30:00Z"] {
        assert_eq!(Month::of(at.parse().unwrap(), &havana), october.next());
    }
}

#[test]
fn a_month_that_begins_in_a_gap_begins_with_it() {
    // Beirut's clocks went from midnight to 01:00 on 1 May 1972.
    let beirut: Zone = "Asia/Beirut".parse().unwrap();
    let april: Month = "1972-04".parse().unwrap();
    let end = april.end(&beirut);
    assert_eq!(end.to_string(), "1972-04-30T22:00:00Z");
    assert_eq!(Month::of(end, &beirut), april.next());
    assert_eq!(
        Month::of(end - SignedDuration::from_nanos(1), &beirut),
        april
    );
}

proptest! {
    #[test]
    fn the_month_never_goes_back_whatever_clock_and_zone_do(
        steps in prop::collection::vec(
            (-60 * DAY..60 * DAY, 0..3usize, prop::option::weighted(0.2, select(vec!["UTC", "Pacific/Kiritimati", "America/New_York"]))),
            1..60,
        ),
    ) {
        let mut office = Office::of(3);
        let mut second = BEGIN + 300 * DAY;
        let mut seen = BTreeSet::new();
        for (step, client, zone) in steps {
            second += step;
            if let Some(zone) = zone {
                office.case.server.time_zone = zone.parse().unwrap();
            }
            let newest = office.case.server.drawn.month;
            let shown = Month::of(instant(second), &office.case.server.time_zone);
            let debit = office.backs_up(client, instant(second)).unwrap();
            if let Some(charge) = debit {
                prop_assert!(newest.is_none_or(|newest| charge.month() >= newest));
                prop_assert!(charge.month() >= shown);
                prop_assert!(seen.insert((charge.month(), client)), "debited twice");
            }
            prop_assert!(office.clients[client].has_paid(shown));
            prop_assert!(office.case.server.drawn.month >= newest);
        }
        prop_assert!(office.ledger.is_sorted_by_key(|entry| entry.month));
    }
}
