//! What levels have and what is taken of it, made at random: space, MCALs, prices, and the room on a disk.

use penstock_policy::mcal::{Bank, Drawn, Mcals, Month, Paid, Platform, Plugins, Prices};
use penstock_policy::record::Client;
use penstock_policy::space::{Allotment, Disk, Taken, reserve, size};
use penstock_policy::units::human;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary::Case;

/// What a reseller has: figures that no customer and no client has.
pub const RESELLERS: (u32, u64) = (31_337, 777 << 30);
/// What the server has.
pub const SERVERS: (u32, u64) = (42_424, 888 << 30);

/// How a figure of a reseller or the server could stand in a sentence.
pub fn figures_of_others(case: &Case) -> Vec<String> {
    let taken = [case.taken.reseller, case.taken.server];
    let spaces = [RESELLERS.1, SERVERS.1].into_iter().chain(taken);
    let mut all: Vec<String> = spaces
        .filter(|bytes| *bytes > 1 << 30)
        .flat_map(|bytes| [human(bytes), size(bytes), bytes.to_string()])
        .collect();
    // What is left of a number counts down from it: 31337, 31336, ...
    all.extend(["3133", "4242", " %"].map(str::to_owned));
    all
}

/// Months counted from the year 0, so that they can be added to.
pub fn month(index: i64) -> Month {
    format!(
        "{:04}-{:02}",
        index.div_euclid(12),
        index.rem_euclid(12) + 1
    )
    .parse()
    .unwrap()
}

/// The inverse of [`month`].
pub fn index(month: Month) -> i64 {
    let text = month.to_string();
    let (year, month) = text.split_once('-').unwrap();
    year.parse::<i64>().unwrap() * 12 + month.parse::<i64>().unwrap() - 1
}

pub fn platforms() -> impl Strategy<Value = Platform> {
    select(vec![Platform::Desktop, Platform::Server])
}

pub fn plugins() -> impl Strategy<Value = Plugins> {
    select(vec![
        "none",
        "none",
        "sql",
        "sql,exchange",
        "mailbox,oracle",
    ])
    .prop_map(|text| text.parse().unwrap())
}

pub fn prices() -> impl Strategy<Value = Prices> {
    select(vec![
        "desktop=1 server=2 exchange=2 mailbox=1 mysql=1 sql=2",
        "desktop=1 server=2",
        "desktop=0 server=0 sql=3",
        "desktop=2 server=1 mailbox=4",
    ])
    .prop_map(|text| text.parse().unwrap())
}

pub fn mcals() -> impl Strategy<Value = Mcals> {
    prop_oneof![
        3 => Just(Mcals::Auto),
        2 => (0..9u32).prop_map(Mcals::Number),
        2 => (0..9u32).prop_map(Mcals::Monthly),
    ]
}

pub fn resellers_mcals() -> impl Strategy<Value = Mcals> {
    select(vec![
        Mcals::Auto,
        Mcals::Number(RESELLERS.0),
        Mcals::Monthly(RESELLERS.0),
    ])
}

pub fn banks() -> impl Strategy<Value = Bank> {
    select(vec![Bank::Unlimited, Bank::Number(SERVERS.0)])
}

pub fn spaces() -> impl Strategy<Value = Allotment> {
    prop_oneof![
        Just(Allotment::Unlimited),
        (0..=9u64).prop_map(|mib| Allotment::Bytes(mib << 20)),
        (0..=9u64).prop_map(|gib| Allotment::Bytes(gib << 30)),
    ]
}

pub fn limited_or_not(bytes: u64) -> impl Strategy<Value = Allotment> {
    select(vec![Allotment::Unlimited, Allotment::Bytes(bytes)])
}

/// Bytes taken around an allotment and around what its reserve ends at.
fn taken_of(allotted: Allotment) -> impl Strategy<Value = u64> {
    let bytes = allotted.bytes().unwrap_or(555 << 30);
    let edges = select(vec![0, bytes, bytes + reserve(bytes)]);
    (edges, prop_oneof![-2..=2i64, -(4i64 << 20)..=4i64 << 20])
        .prop_map(|(edge, near)| edge.saturating_add_signed(near))
}

pub fn taken(of: [Allotment; 4]) -> impl Strategy<Value = Taken> {
    of.map(taken_of)
        .prop_map(|[client, customer, reseller, server]| Taken {
            client,
            customer,
            reseller,
            server,
            ..Taken::default()
        })
}

/// Disks around the edge of a reserve of 5 %.
pub fn disks() -> impl Strategy<Value = Option<Disk>> {
    let free = prop_oneof![0..=100i64, 4_990..=5_010i64, 0..100_000i64];
    option::weighted(
        0.85,
        (free, 0..=3u64).prop_map(|(free, mib)| Disk {
            free: free.unsigned_abs() + (mib << 20),
            total: 100_000 + (mib << 20) * 20,
        }),
    )
}

pub fn wanted() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1), 0..=3u64, 0..=4u64 << 20]
}

/// What was drawn of a number, and of the newest month's, so that few are left.
fn drawn(newest: i64, number: u32) -> impl Strategy<Value = Drawn> {
    let around = move |most: i64| (-1..=most).prop_map(move |left| i64::from(number) - left);
    (around(8), around(8), 0..4i64, 0..9u64).prop_map(move |(number, units, ago, before)| Drawn {
        number: u64::try_from(number).unwrap_or(0),
        month: Some(month(newest - ago)),
        units: u64::try_from(units).unwrap_or(0),
        clients: 1,
        before,
    })
}

fn number(mcals: Mcals) -> u32 {
    match mcals {
        Mcals::Auto => 5,
        Mcals::Number(number) | Mcals::Monthly(number) => number,
    }
}

/// The three levels' drawn: the server's newest month is the newest of all.
pub fn draws(now: i64, case: &Case) -> impl Strategy<Value = [Drawn; 3]> + use<> {
    let numbers = (number(case.customer.mcals), number(case.reseller.mcals));
    option::weighted(0.9, -2..=1i64).prop_flat_map(move |ago| {
        let newest = now + ago.unwrap_or(0);
        let all = (
            drawn(newest, numbers.0),
            drawn(newest, numbers.1),
            drawn(newest, SERVERS.0),
        );
        all.prop_map(move |(customer, reseller, mut server)| {
            server.month = Some(month(newest));
            match ago {
                Some(_) => [customer, reseller, server],
                None => [Drawn::default(); 3],
            }
        })
    })
}

/// A client that may be paid for the ledger's newest month, or for one before.
pub fn with_paid(client: Client, newest: i64) -> impl Strategy<Value = Client> {
    let paid = (0..3i64, 0..6u32, platforms(), plugins());
    let paid = option::of(paid.prop_map(move |(ago, units, platform, plugins)| Paid {
        month: month(newest - ago),
        units,
        platform,
        plugins,
    }));
    (paid, platforms(), plugins()).prop_map(move |(paid, platform, plugins)| Client {
        paid,
        platform,
        plugins,
        ..client.clone()
    })
}
