//! When a suspension ends by itself, on the clock on the wall.

use jiff::{SignedDuration, Timestamp};
use penstock_policy::admit::Act;
use penstock_policy::record::Until;
use penstock_policy::throttle::Zone;
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary::{Case, suspended};
use crate::model;

/// Gaps and folds, of an hour and of half an hour.
const TRANSITIONS: [(&str, &str); 6] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
];

fn active(case: &mut Case, at: &str) -> bool {
    let at: Timestamp = at.parse().unwrap();
    case.subject().levels.activated_at(at).is_ok()
}

#[test]
fn a_suspension_ends_by_itself_at_its_date_in_the_customers_zone() {
    let mut case = Case::plain();
    case.server.time_zone = "America/New_York".parse().unwrap();
    case.customer.time_zone = Some("Europe/Berlin".parse().unwrap());
    case.customer.activation = suspended("", Some("2026-12-24"));
    assert!(!active(&mut case, "2026-12-23T22:59:59.999999999Z"));
    assert!(active(&mut case, "2026-12-23T23:00:00Z"));
}

#[test]
fn a_clients_suspension_ends_in_its_customers_zone_too() {
    let mut case = Case::plain();
    case.customer.time_zone = Some("Europe/Berlin".parse().unwrap());
    case.client.as_mut().unwrap().activation = suspended("", Some("2026-12-24T08:00"));
    assert!(!active(&mut case, "2026-12-24T06:59:59Z"));
    assert!(active(&mut case, "2026-12-24T07:00:00Z"));
}

#[test]
fn a_customer_without_a_zone_has_the_servers_and_a_reseller_always() {
    let mut case = Case::plain();
    case.server.time_zone = "America/New_York".parse().unwrap();
    case.customer.activation = suspended("", Some("2026-12-24"));
    assert!(!active(&mut case, "2026-12-24T04:59:59Z"));
    assert!(active(&mut case, "2026-12-24T05:00:00Z"));
    case.customer.time_zone = Some("Europe/Berlin".parse().unwrap());
    case.reseller.activation = suspended("", Some("2026-12-24"));
    assert!(!active(&mut case, "2026-12-24T04:59:59Z"));
    assert!(active(&mut case, "2026-12-24T05:00:00Z"));
}

#[test]
fn a_suspension_that_is_over_does_not_come_back_when_the_clock_is_set_back() {
    let mut case = Case::plain();
    case.customer.time_zone = Some("Europe/Berlin".parse().unwrap());
    // 02:30 comes twice that night, at 00:30 and 01:30 in UTC; 02:00 comes again between them.
    case.customer.activation = suspended("", Some("2026-10-25T02:30"));
    assert!(!active(&mut case, "2026-10-25T00:29:59Z"));
    for at in ["00:30:00", "00:59:59", "01:00:00", "01:29:59", "01:30:00"] {
        assert!(active(&mut case, &format!("2026-10-25T{at}Z")), "{at}");
    }
}

#[test]
fn an_end_that_a_spring_gap_skips_comes_with_the_gap() {
    let mut case = Case::plain();
    case.customer.time_zone = Some("Europe/Berlin".parse().unwrap());
    case.customer.activation = suspended("", Some("2026-03-29T02:30"));
    assert!(!active(&mut case, "2026-03-29T00:59:59Z"));
    assert!(active(&mut case, "2026-03-29T01:00:00Z"));
}

#[test]
fn an_end_is_a_date_or_a_date_with_a_time() {
    for (text, expected) in [
        ("2026-12-24", "2026-12-24"),
        ("2026-12-24T08:00", "2026-12-24T08:00"),
        ("2026-12-24 08:00", "2026-12-24T08:00"),
        ("2026-12-24T08:00:30", "2026-12-24T08:00:30"),
        ("2026-12-24T00:00", "2026-12-24"),
    ] {
        assert_eq!(text.parse::<Until>().unwrap().to_string(), expected);
    }
    for text in [
        "",
        "soon",
        "2026-13-01",
        "2026-02-30",
        "24.12.2026",
        "-000001-01-01T08:00",
        "08:00",
    ] {
        assert!(text.parse::<Until>().is_err(), "{text:?}");
    }
}

#[test]
fn an_end_with_an_offset_is_refused_because_the_records_zone_is_meant() {
    for text in [
        "2026-12-24T08:00Z",
        "2026-12-24T08:00+02:00",
        "2026-12-24T08:00-05:00",
        "2026-12-24T08:00[Asia/Tokyo]",
    ] {
        let error = text.parse::<Until>().unwrap_err().to_string();
        assert!(error.contains("is no date; write it as"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_end_is_shown_so_that_it_reads_back(
        second in 0..4_000_000_000i64,
        nanosecond in prop_oneof![Just(0i64), 0..1_000_000_000i64],
    ) {
        let instant = Timestamp::from_second(second).unwrap() + SignedDuration::from_nanos(nanosecond);
        for instant in [instant, Timestamp::from_second(second - second % 86_400).unwrap()] {
            let until = Until(jiff::tz::TimeZone::UTC.to_datetime(instant));
            prop_assert_eq!(until.to_string().parse::<Until>(), Ok(until));
        }
    }

    #[test]
    fn once_over_a_suspension_stays_over_whatever_the_clock_on_the_wall_does(
        (zone, transition) in select(TRANSITIONS.to_vec()),
        end in -12..12i64,
        minutes in -180..180i64,
        more in 0..120i64,
    ) {
        let zone: Zone = zone.parse().unwrap();
        let transition: Timestamp = transition.parse().unwrap();
        // On the wall's own clock, so that an end can lie in a gap.
        let end = zone.tz().to_datetime(transition) + SignedDuration::from_mins(15 * end);
        let mut case = Case::plain();
        case.customer.time_zone = Some(zone);
        case.customer.activation = suspended("", Some(&end.to_string()));
        case.at = transition + SignedDuration::from_mins(minutes);
        let active = |at| case.subject().levels.activated_at(at).is_ok();
        prop_assert!(!active(case.at) || active(case.at + SignedDuration::from_mins(more)));
        prop_assert_eq!(active(case.at), model::answer(&case, Act::Create).is_none());
    }

    #[test]
    fn any_text_is_an_end_or_a_short_refusal(text in "[0-9T:. +-]{0,60}|\\PC{0,200}") {
        if let Err(error) = text.parse::<Until>() {
            prop_assert!(error.to_string().chars().count() < 600);
        }
    }
}
