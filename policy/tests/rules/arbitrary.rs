//! Records as they can be in a store, made at random.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use penstock_policy::admit::{Act, Subject};
use penstock_policy::explain::{Room, Spot};
use penstock_policy::levels::Levels;
use penstock_policy::mcal::Month;
use penstock_policy::names::ShortName;
use penstock_policy::protocol::Kind;
use penstock_policy::record::{
    Activation, Client, Credential, Customer, Enrolment, PassKey, RecordId, Reseller, Secret,
    Server, Until,
};
use penstock_policy::space::{Disk, Taken};
use penstock_policy::throttle::{Throttle, WeekendDays, Zone};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::holdings;

/// Stands in everything of a reseller or the server that a client must never read.
pub const CANARY: &str = "qxqx";

/// Every act there is.
pub const ACTS: [Act; 13] = [
    Act::Read,
    Act::Create,
    Act::PostConfig,
    Act::Post(Kind::Data),
    Act::Post(Kind::Index),
    Act::Post(Kind::Keys),
    Act::Post(Kind::Locks),
    Act::Post(Kind::Snapshots),
    Act::Delete(Kind::Data),
    Act::Delete(Kind::Index),
    Act::Delete(Kind::Keys),
    Act::Delete(Kind::Locks),
    Act::Delete(Kind::Snapshots),
];

/// Everything that decides an act, and the instant.
#[derive(Debug, Clone)]
pub struct Case {
    pub server: Server,
    pub reseller: Reseller,
    pub customer: Customer,
    pub client: Option<Client>,
    pub clients: u32,
    pub removed: bool,
    pub schedules: u32,
    pub schedule_exists: bool,
    pub month: Option<Month>,
    pub taken: Taken,
    pub wanted: u64,
    pub disk: Option<Disk>,
    pub recounting: bool,
    pub at: Timestamp,
}

impl Case {
    /// An activated client `laptop` of ABC Inc. with one schedule, everything else at its default.
    pub fn plain() -> Self {
        Self {
            server: Server::default(),
            reseller: reseller(),
            customer: customer(),
            client: Some(client()),
            clients: 1,
            removed: false,
            schedules: 1,
            schedule_exists: true,
            month: Some("2026-06".parse().unwrap()),
            taken: Taken::default(),
            wanted: 1,
            disk: Some(Disk {
                free: 60 << 30,
                total: 100 << 30,
            }),
            recounting: false,
            at: "2026-06-15T12:00:00Z".parse().unwrap(),
        }
    }

    /// A client nobody knows, without a repository, of a customer that adds clients automatically.
    pub fn unknown() -> Self {
        let mut case = Self::plain();
        case.customer.automatically_add_clients = true;
        case.client = None;
        case.clients = 0;
        case.schedules = 0;
        case.schedule_exists = false;
        case
    }

    pub fn subject(&self) -> Subject<'_> {
        Subject {
            levels: Levels {
                server: &self.server,
                reseller: &self.reseller,
                customer: &self.customer,
                client: self.client.as_ref(),
            },
            clients: self.clients,
            removed: self.removed,
            schedules: self.schedules,
            schedule_exists: self.schedule_exists,
            month: self.month,
        }
    }

    pub fn room(&self) -> Room<'_> {
        let spot = Spot {
            location: self.subject().levels.location().as_str(),
            disk: self.disk,
        };
        Room {
            taken: self.taken,
            wanted: self.wanted,
            spot,
            another: spot,
            recounting: self.recounting,
            prunes: false,
        }
    }
}

pub fn suspended(reason: &str, until: Option<&str>) -> Activation {
    Activation {
        activated: false,
        reason: reason.to_owned(),
        until: until.map(|until| until.parse().unwrap()),
    }
}

pub fn reseller() -> Reseller {
    let name = format!("Reseller {CANARY}").parse().unwrap();
    Reseller::new(RecordId(1), name, CANARY.parse().unwrap())
}

pub fn customer() -> Customer {
    let pass_key = PassKey {
        secret: Secret::new("psk_secret".into()),
        until: None,
        uses_left: None,
    };
    let (name, short) = ("ABC Inc.".parse().unwrap(), "abc-inc".parse().unwrap());
    Customer::new(RecordId(3), RecordId(1), name, short, pass_key)
}

pub fn client() -> Client {
    Client::new(
        RecordId(9),
        RecordId(3),
        "laptop".parse().unwrap(),
        Credential::Generated { sha256: [7; 32] },
        "2026-01-01T00:00:00Z".parse().unwrap(),
        Enrolment::Administrator,
    )
}

/// Instants within days of the transitions of the zones below; half of them within hours.
pub fn instants() -> impl Strategy<Value = Timestamp> {
    let anchors = select(vec![
        "2026-03-29T01:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-06-15T12:00:00Z",
    ]);
    let minutes = prop_oneof![-4_000..4_000i64, -120..120i64];
    (anchors, minutes).prop_map(|(anchor, minutes)| {
        anchor.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
    })
}

pub fn zones() -> impl Strategy<Value = Zone> {
    select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
    ])
    .prop_map(|name| name.parse().unwrap())
}

pub fn throttles() -> impl Strategy<Value = Throttle> {
    select(vec![
        "inherit",
        "unlimited",
        "8Mbit/s always",
        "1MiB/s 08:00-18:00 weekend-exempt",
        "256kbit/s 22:00-06:00 single-connection",
    ])
    .prop_map(|text| text.parse().unwrap())
}

pub fn weekends() -> impl Strategy<Value = WeekendDays> {
    let days = vec![Weekday::Friday, Weekday::Saturday, Weekday::Sunday];
    proptest::sample::subsequence(days, 0..=3).prop_map(|days| days.into_iter().collect())
}

/// Text as the fields keep it: trimmed, without control characters.
pub fn stored_text() -> impl Strategy<Value = String> {
    "[^\\p{C}]{0,40}".prop_map(|text| text.trim().to_owned())
}

/// Two in five suspended, most of those with an end on a quarter of an hour.
pub fn activations(
    at: Timestamp,
    words: impl Strategy<Value = String>,
) -> impl Strategy<Value = Activation> {
    // Half of them within hours of what a clock on some wall shows at `at`, by these offsets from UTC in quarters.
    let quarters = prop_oneof![
        -200..200i64,
        (select(vec![0, 4, 8, -16, -20, 23, 42, 44, 56]), -8..8i64)
            .prop_map(|(offset, near)| offset + near),
    ];
    let until = option::weighted(0.7, quarters).prop_map(move |quarters| {
        quarters.map(|quarters| {
            let quarter = at.as_second().div_euclid(900) + quarters;
            Until(TimeZone::UTC.to_datetime(Timestamp::from_second(quarter * 900).unwrap()))
        })
    });
    (prop::bool::weighted(0.6), words, until).prop_map(|(activated, reason, until)| {
        if activated {
            Activation::default()
        } else {
            Activation {
                activated,
                reason,
                until,
            }
        }
    })
}

prop_compose! {
    pub fn servers()(
        time_zone in zones(),
        weekend_days in weekends(),
        throttle in throttles(),
        restore_throttle in throttles(),
        append_only: bool,
        public_url in select(vec![String::new(), format!("https://{CANARY}.example:8000")]),
        contact in select(vec![String::new(), format!("support@{CANARY}.example")]),
        schedule_limit in 1..4u32,
        trash_days in 1..=3650u32,
        space in holdings::limited_or_not(holdings::SERVERS.1),
        overcommit: bool,
        disk_reserve in select(vec![0, 5, 50]),
        mcals in holdings::banks(),
        mcal_prices in holdings::prices(),
    ) -> Server {
        Server {
            revision: 1, time_zone, weekend_days, throttle, restore_throttle, append_only,
            public_url, contact, schedule_limit, trash_days, space, overcommit, disk_reserve,
            mcals, mcal_prices, location: CANARY.parse().unwrap(), ..Server::default()
        }
    }
}

pub fn resellers(at: Timestamp) -> impl Strategy<Value = Reseller> {
    let words = Just(CANARY.to_owned());
    let fields = (
        activations(at, words),
        prop::bool::weighted(0.8),
        throttles(),
        throttles(),
    );
    let has = (
        locations(),
        holdings::limited_or_not(holdings::RESELLERS.1),
        any::<bool>(),
        holdings::resellers_mcals(),
    );
    (fields, has).prop_map(|(fields, has)| Reseller {
        contact: CANARY.to_owned(),
        activation: fields.0,
        automatically_add_clients: fields.1,
        throttle: fields.2,
        restore_throttle: fields.3,
        location: has.0,
        space: has.1,
        overcommit: has.2,
        mcals: has.3,
        ..reseller()
    })
}

pub fn locations() -> impl Strategy<Value = Option<ShortName>> {
    option::of(select(vec![CANARY, "fast"]).prop_map(|name| name.parse().unwrap()))
}

fn pass_keys(at: Timestamp) -> impl Strategy<Value = PassKey> {
    let until = option::of((-3..4i64).prop_map(move |s| at + SignedDuration::from_secs(s)));
    (until, option::of(0..3u32)).prop_map(|(until, uses_left)| PassKey {
        secret: Secret::new("psk_secret".into()),
        until,
        uses_left,
    })
}

pub fn customers(at: Timestamp) -> impl Strategy<Value = Customer> {
    let contact = (stored_text(), "([a-z]{1,9}(\n[a-z]{1,9})?)?", stored_text());
    let rules = (
        pass_keys(at),
        prop::bool::weighted(0.7),
        activations(at, stored_text()),
        option::of(0..4u32),
    );
    let rest = (
        throttles(),
        throttles(),
        option::of(zones()),
        option::of(weekends()),
        option::of(any::<bool>()),
    );
    let has = (
        locations(),
        holdings::spaces(),
        any::<bool>(),
        holdings::mcals(),
    );
    (contact, rules, rest, has).prop_map(|(contact, rules, rest, has)| Customer {
        email: contact.0,
        address: contact.1,
        notes: contact.2,
        pass_key: rules.0,
        automatically_add_clients: rules.1,
        activation: rules.2,
        maximum_client_limit: rules.3,
        throttle: rest.0,
        restore_throttle: rest.1,
        time_zone: rest.2,
        weekend_days: rest.3,
        append_only: rest.4,
        location: has.0,
        space: has.1,
        overcommit: has.2,
        mcals: has.3,
        ..customer()
    })
}

pub fn clients(at: Timestamp) -> impl Strategy<Value = Client> {
    let rules = (
        option::weighted(0.15, Just(at)),
        activations(at, stored_text()),
        throttles(),
        throttles(),
    );
    let has = (
        locations(),
        holdings::spaces(),
        holdings::platforms(),
        holdings::plugins(),
    );
    (rules, has).prop_map(|(rules, has)| Client {
        revoked: rules.0,
        activation: rules.1,
        throttle: rules.2,
        restore_throttle: rules.3,
        location: has.0,
        space: has.1,
        platform: has.2,
        plugins: has.3,
        ..client()
    })
}

/// Records and counts, before anything was used or debited.
fn fresh_cases() -> impl Strategy<Value = Case> {
    instants().prop_flat_map(|at| {
        let records = (
            servers(),
            resellers(at),
            customers(at),
            option::weighted(0.6, clients(at)),
        );
        let counts = (0..5u32, prop::bool::weighted(0.2), 0..5u32, any::<bool>());
        (records, counts).prop_map(move |(records, counts)| Case {
            server: records.0,
            reseller: records.1,
            customer: records.2,
            client: records.3,
            clients: counts.0,
            removed: counts.1,
            schedules: counts.2,
            schedule_exists: counts.3,
            at,
            ..Case::plain()
        })
    })
}

/// Cases in which something is used and debited, most of it nearly up.
pub fn cases() -> impl Strategy<Value = Case> {
    fresh_cases().prop_flat_map(|case| {
        let now = holdings::index(Month::of(case.at, &case.server.time_zone));
        let own = case.client.as_ref().map(|client| client.space);
        let spaces = [
            own.unwrap_or_default(),
            case.customer.space,
            case.reseller.space,
            case.server.space,
        ];
        let room = (
            holdings::taken(spaces),
            holdings::wanted(),
            holdings::disks(),
            prop::bool::weighted(0.1),
        );
        let begun = option::weighted(0.8, -1..=1i64);
        (room, begun, holdings::draws(now, &case)).prop_flat_map(move |(room, begun, drawn)| {
            let newest = drawn[2].month.map_or(now, holdings::index);
            let mut case = case.clone();
            [case.customer.drawn, case.reseller.drawn, case.server.drawn] = drawn;
            (case.taken, case.wanted, case.disk, case.recounting) = room;
            case.month = begun.map(|offset| holdings::month(now + offset));
            let client = case.client.clone().unwrap_or_else(client);
            holdings::with_paid(client, newest).prop_map(move |client| Case {
                client: case.client.as_ref().map(|_| client),
                ..case.clone()
            })
        })
    })
}
