//! Forecasts: the first month that can't be paid in full, told beforehand and lived through.

use penstock_policy::mcal::{Credit, Drawn, Forecast, Month, forecast, left};
use proptest::prelude::*;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// An outlook in a few words: `short in 2026-12 by 3`, or `enough`.
fn outlook(credit: Credit, drawn: Drawn) -> String {
    let Forecast {
        short_in, short_by, ..
    } = forecast(credit, &drawn, month("2026-11"));
    short_in.map_or_else(
        || "enough".to_owned(),
        |month| format!("short in {month} by {short_by}"),
    )
}

#[test]
fn a_forecast_names_the_first_month_that_cannot_be_paid_in_full() {
    let this = |number, units, before| Drawn {
        number,
        month: Some(month("2026-11")),
        units,
        clients: units,
        before,
    };
    let last = |number, units| Drawn {
        month: Some(month("2026-10")),
        ..this(number, units, 0)
    };
    for (credit, drawn, expected) in [
        (Credit::Open, this(0, 10, 0), "enough"),
        (Credit::Number(10), this(0, 0, 0), "enough"),
        // Exactly enough for two months more, and not for the third.
        (
            Credit::Number(30),
            this(10, 10, 0),
            "short in 2027-02 by 10",
        ),
        (Credit::Number(29), this(10, 10, 0), "short in 2027-01 by 1"),
        (
            Credit::Number(10),
            this(10, 10, 0),
            "short in 2026-12 by 10",
        ),
        // Lowered below what was drawn.
        (Credit::Number(5), this(10, 10, 0), "short in 2026-12 by 10"),
        // Those of last month are expected this month still.
        (Credit::Number(20), last(10, 10), "short in 2026-12 by 10"),
        (Credit::Number(13), last(10, 10), "short in 2026-11 by 7"),
        (
            Credit::Number(20),
            this(14, 4, 10),
            "short in 2026-12 by 10",
        ),
        (Credit::Number(19), this(14, 4, 10), "short in 2026-11 by 1"),
        (Credit::Monthly(10), this(0, 10, 0), "enough"),
        (Credit::Monthly(10), last(0, 10), "enough"),
        (Credit::Monthly(9), last(0, 10), "short in 2026-11 by 1"),
        (Credit::Monthly(9), this(0, 10, 0), "short in 2026-12 by 1"),
        (Credit::Monthly(0), this(0, 0, 0), "enough"),
        // Nobody has backed up for two months.
        (
            Credit::Number(1),
            Drawn {
                month: Some(month("2026-09")),
                ..this(1, 10, 10)
            },
            "enough",
        ),
    ] {
        assert_eq!(outlook(credit, drawn), expected, "{credit} {drawn:?}");
    }
}

proptest! {
    /// The forecast month by month: whoever is expected is debited until it can't be paid.
    #[test]
    fn a_forecast_is_what_happens_if_every_month_is_like_the_last(
        credit in prop_oneof![(0..200u32).prop_map(Credit::Number), (0..30u32).prop_map(Credit::Monthly)],
        number in 0..100u64, units in 0..20u64, before in 0..20u64, turned: bool,
    ) {
        let now = month("2026-11");
        let newest = if turned { month("2026-10") } else { now };
        let drawn = Drawn { number, month: Some(newest), units, clients: units, before };
        let outlook = forecast(credit, &drawn, now);
        let (seen, last) = if turned { (0, units) } else { (units, before) };
        let need = seen.max(last);
        prop_assert_eq!((outlook.units, outlook.need), (seen, need));
        let (mut in_force, mut at, mut expected) = (drawn, now, None);
        in_force.reach(now);
        for step in 0..300u64 {
            let wanted = if step == 0 { need - seen } else { need };
            let left = left(credit, &in_force, at).unwrap();
            if left < wanted {
                expected = Some((at, wanted - left));
                break;
            }
            in_force.take(at, u32::try_from(wanted).unwrap(), true, matches!(credit, Credit::Number(_)));
            at = at.next();
        }
        prop_assert_eq!(outlook.short_in.map(|month| (month, outlook.short_by)), expected);
    }
}
