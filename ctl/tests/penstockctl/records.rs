//! Resellers, clients, schedules and the server: what their lists and screens say of space and MCALs.

use penstock_policy::explain::Binding;
use penstock_wire::reply::Answer;
use penstock_wire::request::Request;
use penstock_wire::view::{
    ClientLine, ClientView, Fields, ResellerView, ScheduleLine, ScheduleView, Value,
};

use crate::support::{Scene, done, page, snapshot};

fn fields(set: &[(&str, &str)]) -> Fields {
    set.iter()
        .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned())))
        .collect()
}

/// A reseller with customers.
pub fn reseller() -> ResellerView {
    ResellerView {
        name: "North".to_owned(),
        short_name: "north".to_owned(),
        default: false,
        revision: 3,
        customers: 7,
        used_space: 600 << 30,
        space_snapshot: snapshot("1TiB", 500 << 30, Some(524 << 30)),
        mcals_snapshot: snapshot("100", 60, Some(40)),
        mcals_used: 12,
        mcals_left: Some(88),
        fields: fields(&[("space", "1TiB"), ("mcals", "100"), ("activated", "yes")]),
    }
}

fn schedule() -> ScheduleLine {
    ScheduleLine {
        address: "abc-inc/laptop/default".to_owned(),
        schedule: "default".to_owned(),
        location: "main".to_owned(),
        used_space: 3 << 30,
        created: "2026-11-01T10:00:00Z".parse().unwrap(),
        last_backup: None,
        running: false,
    }
}

fn client(paid: bool) -> ClientView {
    ClientView {
        address: "abc-inc/laptop".to_owned(),
        customer: "abc-inc".to_owned(),
        client: "laptop".to_owned(),
        revision: 1,
        created: "2026-11-01T10:00:00Z".parse().unwrap(),
        enrolment: "administrator".to_owned(),
        password: "generated".to_owned(),
        revoked: None,
        first_login: None,
        tag: None,
        backup_rate: Binding {
            rate: "unlimited".to_owned(),
            bytes_per_second: None,
            level: None,
            until: None,
        },
        new_schedules_at: "main".to_owned(),
        used_space: 3 << 30,
        free_space: Some(7 << 30),
        mcal_price: 4,
        paid_month: paid.then(|| "2026-11".to_owned()),
        paid_units: paid.then_some(4),
        zone: "Europe/Berlin".to_owned(),
        schedules: vec![schedule()],
        fields: fields(&[("space", "10GiB"), ("platform", "server")]),
    }
}

/// The value of a line of a sheet.
fn value<'a>(output: &'a str, label: &str) -> &'a str {
    let line = output
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("{label}: {output}")).trim()
}

#[test]
fn a_reseller_shows_what_it_has_given_away() {
    let ran = Scene::default().run(&["reseller", "show", "north"], |_| {
        done(Answer::Reseller(reseller()))
    });
    for (label, expected) in [
        ("Restrict usage space to", "1TiB"),
        ("Used space", "600.0 GiB"),
        (
            "Space of its customers",
            "1TiB, 500.0 GiB given to customers, 524.0 GiB left to give",
        ),
        (
            "MCALs of its customers",
            "100, 60 given to customers, 40 left to give",
        ),
        ("MCALs this month", "12 used, 88 left"),
    ] {
        assert_eq!(value(&ran.output, label), expected);
    }
    let ran = Scene::default().run(&["reseller", "list"], |_| {
        done(Answer::Resellers(page(vec![reseller()], None)))
    });
    let line = ran.output.lines().nth(1).unwrap();
    assert!(
        line.contains("1TiB  600.0 GiB    100    88"),
        "{}",
        ran.output
    );
}

#[test]
fn the_server_shows_its_space_and_the_bank() {
    let ran = Scene::default().run(&["server", "show"], |request| panic!("{request:?}"));
    assert_eq!(value(&ran.output, "Used space"), "600.0 GiB");
    assert_eq!(
        value(&ran.output, "Allotted to resellers"),
        "2TiB, 1.0 TiB given to resellers, 1.0 TiB left to give"
    );
    assert_eq!(value(&ran.output, "MCALs left"), "88");
}

#[test]
fn a_client_shows_its_space_its_price_and_whether_it_is_paid() {
    let run = |paid| {
        Scene::default().run(&["client", "show", "abc-inc/laptop"], move |_| {
            done(Answer::Client(Box::new(client(paid))))
        })
    };
    let paid = run(true).output;
    assert_eq!(value(&paid, "Used space"), "3.0 GiB of 10GiB, 7.0 GiB free");
    assert_eq!(value(&paid, "Platform"), "server");
    assert_eq!(value(&paid, "MCALs a month"), "4; last paid: 4 for 2026-11");
    assert_eq!(
        value(&run(false).output, "MCALs a month"),
        "4; never paid yet"
    );
}

#[test]
fn a_client_that_is_revoked_says_so_beside_its_switch() {
    let ran = Scene::default().run(&["client", "show", "abc-inc/laptop"], |_| {
        let mut view = client(true);
        let yes = Value::Text("yes".to_owned());
        view.fields.insert("activated".to_owned(), yes);
        view.revoked = Some("2026-11-25T10:00:00.123456789Z".parse().unwrap());
        done(Answer::Client(Box::new(view)))
    });
    let activated = value(&ran.output, "Activated");
    assert_eq!(activated, "yes, but revoked: its password is dead");
    let revoked = value(&ran.output, "Revoked");
    assert!(revoked.starts_with("2026-11-25 1") && !revoked.contains('.'));
}

#[test]
fn lists_of_clients_and_schedules_say_what_is_used_and_paid() {
    let ran = Scene::default().run(&["client", "list"], |_| {
        let line = ClientLine {
            address: "abc-inc/laptop".to_owned(),
            client: "laptop".to_owned(),
            activated: true,
            revoked: false,
            enrolment: "administrator".to_owned(),
            schedules: 1,
            used_space: 3 << 30,
            platform: "server".to_owned(),
            paid: true,
            last_backup: None,
            running: false,
        };
        done(Answer::Clients(page(vec![line], None)))
    });
    assert_eq!(
        ran.output,
        "CLIENT          STATE      CAME IN BY     PLATFORM  PAID  SCHEDULES     USED  LAST BACKUP  RUNNING\n\
         abc-inc/laptop  activated  administrator  server    yes           1  3.0 GiB  never        no\n"
    );
    let ran = Scene::default().run(&["schedule", "list"], |_| {
        done(Answer::Schedules(page(vec![schedule()], None)))
    });
    let line = ran.output.lines().nth(1).unwrap();
    assert!(
        line.contains("main      3.0 GiB  2026-11-01 11:00"),
        "{line}"
    );
}

#[test]
fn a_schedule_says_what_is_reserved_and_that_it_is_being_counted() {
    let ran = Scene::default().run(&["schedule", "show", "abc-inc/laptop/default"], |request| {
        assert!(matches!(request, Request::Schedule { .. }));
        done(Answer::Schedule(Box::new(ScheduleView {
            address: "abc-inc/laptop/default".to_owned(),
            location: "main".to_owned(),
            path: "/srv/main/abc-inc/laptop/default".to_owned(),
            used_space: 3 << 30,
            reserved_space: 16 << 20,
            counting: true,
            created: "2026-11-01T10:00:00Z".parse().unwrap(),
            last_backup: None,
            restic_repository: None,
            zone: "Europe/Berlin".to_owned(),
            running: None,
            sessions: vec![],
        })))
    });
    assert_eq!(
        value(&ran.output, "Used space"),
        "3.0 GiB, 16.0 MiB reserved, still being counted after an interruption"
    );
}
