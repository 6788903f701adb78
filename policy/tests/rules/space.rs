//! What fits in which allotment, what its reserve is for, and what may be sold of it.

use penstock_policy::edit::{Assignment, apply, reverse};
use penstock_policy::protocol::Kind;
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use penstock_policy::refusal::Refusal;
use penstock_policy::space::{
    Allotment, DataTaken, Disk, Figure, MAX_SIZE, Purpose, Share, Taken, Unsure, fit, may_use_disk,
    reserve,
};
use penstock_policy::throttle::Level;
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary::{Case, cases, client, customer, reseller};
use crate::editing::assign;
use crate::model;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn space(text: &str) -> Vec<Assignment> {
    vec![assign("space", text)]
}

/// A customer with so much space of which so much is taken; nobody else has a limit.
fn full(allotted: u64, taken: u64) -> Case {
    let mut case = Case::plain();
    case.customer.space = Allotment::Bytes(allotted);
    case.taken = Taken {
        client: taken,
        customer: taken,
        reseller: taken,
        server: taken,
        ..Taken::default()
    };
    case
}

fn takes(case: &Case, wanted: u64, purpose: Purpose) -> bool {
    fit(&case.subject().levels.figures(case.taken), wanted, purpose).is_ok()
}

#[test]
fn the_reserve_is_one_percent_and_at_least_64_mib() {
    for (allotted, expected) in [
        (0, 64 * MIB),
        (GIB, 64 * MIB),
        (6400 * MIB, 64 * MIB),
        (6400 * MIB + 99, 64 * MIB),
        (6400 * MIB + 100, 64 * MIB + 1),
        (1000 * GIB, 10 * GIB),
        (MAX_SIZE, MAX_SIZE / 100),
    ] {
        assert_eq!(reserve(allotted), expected, "{allotted}");
    }
}

#[test]
fn a_full_customer_can_still_post_all_but_data_until_its_reserve_is_gone() {
    let mut case = full(10 * GIB, 10 * GIB);
    let reserve = reserve(10 * GIB);
    for kind in Kind::ALL {
        let purpose = Purpose::of(kind, false);
        assert_eq!(takes(&case, 1, purpose), kind != Kind::Data, "{kind}");
        assert_eq!(takes(&case, reserve, purpose), kind != Kind::Data, "{kind}");
        assert!(!takes(&case, reserve + 1, purpose), "{kind}");
    }
    case.taken.customer += reserve;
    for kind in Kind::ALL {
        assert!(!takes(&case, 1, Purpose::of(kind, true)), "{kind}");
    }
}

#[test]
fn an_allotment_lowered_below_the_data_bars_new_data_and_nothing_else() {
    let mut case = full(GIB, 10 * GIB);
    case.taken.data = DataTaken {
        customer: 10 * GIB - MIB,
        ..DataTaken::default()
    };
    for kind in Kind::ALL {
        let purpose = Purpose::of(kind, false);
        assert_eq!(takes(&case, MIB, purpose), kind != Kind::Data, "{kind}");
        assert!(!takes(&case, reserve(GIB), purpose), "{kind}");
    }
    // What a prune repacks may not pile up without end.
    assert!(!takes(&case, 1, Purpose::Repack));
}

#[test]
fn a_figure_that_is_not_sure_holds_up_data_below_a_limit_and_nothing_else() {
    let unsure = Unsure {
        customer: true,
        ..Unsure::default()
    };
    let mut case = full(10 * GIB, GIB);
    case.taken.unsure = unsure;
    let asked = |case: &Case, purpose| case.subject().levels.takes(case.taken, 1, purpose);
    assert_eq!(asked(&case, Purpose::Data), Err(Refusal::Recounting));
    assert_eq!(asked(&case, Purpose::Upkeep), Ok(()));
    case.customer.space = Allotment::Unlimited;
    assert_eq!(asked(&case, Purpose::Data), Ok(()));
}

#[test]
fn a_session_that_prunes_may_repack_into_the_reserve() {
    let case = full(10 * GIB, 10 * GIB);
    assert!(takes(
        &case,
        reserve(10 * GIB),
        Purpose::of(Kind::Data, true)
    ));
    assert!(!takes(&case, 1, Purpose::of(Kind::Data, false)));
}

#[test]
fn the_last_byte_fits_and_the_one_after_does_not() {
    let case = full(10 * GIB, 10 * GIB - 1);
    assert!(takes(&case, 1, Purpose::Data));
    assert!(!takes(&case, 2, Purpose::Data));
    assert!(!takes(&case, u64::MAX, Purpose::Data));
    assert!(!takes(&case, u64::MAX, Purpose::Upkeep));
}

#[test]
fn unlimited_levels_hold_whatever_comes() {
    let mut case = full(0, u64::MAX);
    case.customer.space = Allotment::Unlimited;
    assert!(takes(&case, u64::MAX, Purpose::Data));
}

#[test]
fn an_allotment_that_was_lowered_below_what_is_used_takes_nothing_new() {
    let case = full(GIB, 3 * GIB);
    assert!(!takes(&case, 1, Purpose::Data));
    assert!(!takes(&case, 1, Purpose::Upkeep));
}

#[test]
fn a_disk_takes_new_data_while_the_reserve_stays_free() {
    let disk = |free| Disk { free, total: 1000 };
    for (free, percent, wanted, expected) in [
        (51, 5, 1, true),
        (51, 5, 2, false),
        (50, 5, 0, true),
        (49, 5, 0, false),
        (10, 5, u64::MAX, false),
        (10, 0, 10, true),
        (500, 50, 1, false),
    ] {
        let data = may_use_disk(disk(free), percent, wanted, Purpose::Data);
        assert_eq!(data, expected, "{free} {percent} {wanted}");
        assert!(may_use_disk(disk(free), percent, wanted, Purpose::Upkeep));
    }
    let huge = Disk {
        free: u64::MAX,
        total: u64::MAX,
    };
    assert!(may_use_disk(huge, 50, u64::MAX / 2, Purpose::Data));
    assert!(!may_use_disk(huge, 50, u64::MAX / 2 + 2, Purpose::Data));
}

#[test]
fn no_more_is_sold_than_there_is_unless_it_is_overcommitted() {
    let share = |allotted, given| Share { allotted, given };
    let ten = Allotment::Bytes(10 * GIB);
    assert!(share(ten, 10 * GIB).check(false, "reseller acme").is_ok());
    let much = share(ten, 10 * GIB + 1);
    assert!(much.check(true, "reseller acme").is_ok());
    let refused = much.check(false, "reseller acme").unwrap_err();
    assert_eq!(refused.share, much);
    assert!(
        share(Allotment::Unlimited, u64::MAX)
            .check(false, "the server")
            .is_ok()
    );
    let much = share(ten, 14 * GIB).check(false, "reseller acme");
    assert_eq!(
        much.unwrap_err().to_string(),
        "reseller acme has 10GiB allotted, and 14GiB would be allotted below it, 4GiB too much; raise its space, or \
         give less, or set its overcommit to yes"
    );
}

#[test]
fn what_is_sold_and_free_is_counted_by_allotments() {
    let share = |allotted, given| Share { allotted, given };
    for (share, free, sold) in [
        (share(Allotment::Bytes(1000), 0), Some(1000), Some(0)),
        (share(Allotment::Bytes(1000), 999), Some(1), Some(99)),
        (share(Allotment::Bytes(1000), 1000), Some(0), Some(100)),
        (share(Allotment::Bytes(1000), 2505), Some(0), Some(250)),
        (share(Allotment::Bytes(0), 0), Some(0), None),
        (share(Allotment::Bytes(0), 7), Some(0), None),
        (share(Allotment::Unlimited, 7), None, None),
        (
            share(Allotment::Bytes(MAX_SIZE), u64::MAX),
            Some(0),
            Some(1599),
        ),
    ] {
        assert_eq!((share.free(), share.sold()), (free, sold), "{share:?}");
    }
}

fn space_is_added_to_and_taken_back<R: Record + std::fmt::Debug + PartialEq>(
    before: &R,
    of: fn(&R) -> Allotment,
) {
    let refused = apply(before, &space("+5GiB")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "space: it is unlimited, so nothing can be added; set a size such as 500GiB first"
    );
    let (ten, _) = apply(before, &space("10GiB")).unwrap();
    let (more, changes) = apply(&ten, &space("+5GiB")).unwrap();
    assert_eq!(of(&more), Allotment::Bytes(15 * GIB));
    let texts = (changes[0].from.as_str(), changes[0].to.as_str());
    assert_eq!(
        texts,
        ("10GiB", "15GiB"),
        "the audit holds no relative text"
    );
    let (back, _) = apply(&more, &reverse(&more, &changes).unwrap()).unwrap();
    assert_eq!(of(&back), Allotment::Bytes(10 * GIB));
    let (again, same) = apply(&ten, &space("10240MiB")).unwrap();
    assert_eq!((&again, same.len()), (&ten, 0));
}

#[test]
fn space_is_added_to_and_taken_back_at_every_level() {
    space_is_added_to_and_taken_back(&Server::default(), |r: &Server| r.space);
    space_is_added_to_and_taken_back(&reseller(), |r: &Reseller| r.space);
    space_is_added_to_and_taken_back(&customer(), |r: &Customer| r.space);
    space_is_added_to_and_taken_back(&client(), |r: &Client| r.space);
}

#[test]
fn a_schedule_is_made_where_the_nearest_level_says() {
    let mut case = Case::plain();
    let is = |case: &Case, expected: &str| {
        assert_eq!(case.subject().levels.location().as_str(), expected);
    };
    case.server.location = "main".parse().unwrap();
    is(&case, "main");
    case.reseller.location = Some("slow".parse().unwrap());
    is(&case, "slow");
    case.customer.location = Some("fast".parse().unwrap());
    is(&case, "fast");
    case.client.as_mut().unwrap().location = Some("own".parse().unwrap());
    is(&case, "own");
    case.client = None;
    is(&case, "fast");
}

fn allotments() -> impl Strategy<Value = Allotment> {
    prop_oneof![
        Just(Allotment::Unlimited),
        select(vec![0, 1, MIB, 6400 * MIB, 100 * GIB, MAX_SIZE]).prop_map(Allotment::Bytes),
        (0..=MAX_SIZE).prop_map(Allotment::Bytes),
    ]
}

fn figures() -> impl Strategy<Value = Vec<Figure>> {
    let levels = [
        Level::Client,
        Level::Customer,
        Level::Reseller,
        Level::Server,
    ];
    let one = |level| {
        let near = prop_oneof![-2..=2i64, -(70i64 << 20)..=70i64 << 20];
        (allotments(), any::<bool>(), near).prop_map(move |(allotted, on_top, near)| {
            let bytes = allotted.bytes().unwrap_or(7);
            let edge = bytes + if on_top { reserve(bytes) } else { 0 };
            Figure {
                level,
                allotted,
                taken: edge.saturating_add_signed(near),
                data: 0,
                unsure: false,
            }
        })
    };
    levels.map(one).prop_map(Vec::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_does_not_fit_is_refused_with_the_nearest_level(
        figures in figures(),
        wanted in prop_oneof![0..=3u64, 0..=140 * MIB, any::<u64>()],
        upkeep: bool,
    ) {
        let purpose = if upkeep { Purpose::Upkeep } else { Purpose::Data };
        let holds = |one: &&Figure| !model::holds(one.allotted, one.taken, wanted, upkeep);
        match (fit(&figures, wanted, purpose), figures.iter().find(holds)) {
            (Ok(()), None) => {}
            (Err(short), Some(figure)) => {
                prop_assert_eq!(short.level, figure.level);
                prop_assert_eq!(Some(short.allotted), figure.allotted.bytes());
                prop_assert_eq!((short.taken, short.wanted), (figure.taken, wanted));
            }
            (answer, expected) => prop_assert!(false, "{:?} but {:?}", answer, expected),
        }
    }

    #[test]
    fn whatever_is_used_deletes_and_restores_are_never_refused_for_space(case in cases()) {
        let mut plain = Case { taken: case.taken, wanted: case.wanted, ..Case::plain() };
        plain.customer.space = case.customer.space;
        plain.reseller.space = case.reseller.space;
        let explanation = penstock_policy::explain::explain(&plain.subject(), &plain.room(), plain.at);
        for verdict in explanation.verdicts {
            if matches!(verdict.act.as_str(), "restore" | "delete") {
                prop_assert_eq!(verdict.refusal, None);
            }
        }
    }

    #[test]
    fn an_added_size_is_the_sum_or_refused(own in 0..=MAX_SIZE, more in 0..=MAX_SIZE) {
        let changed = Allotment::Bytes(own).changed(&format!("+{more}B"));
        let sum = u128::from(own) + u128::from(more);
        let expected = u64::try_from(sum).ok().filter(|sum| *sum <= MAX_SIZE);
        prop_assert_eq!(changed.ok(), expected.map(Allotment::Bytes));
    }

    #[test]
    fn every_allotment_is_shown_so_that_it_reads_back(allotment in allotments()) {
        prop_assert_eq!(allotment.to_string().parse(), Ok(allotment));
    }
}
