//! What people see: a customer on one screen, running backups, and a record in an editor.

use std::fs;

use penstock_ctl::Exit;
use penstock_policy::explain::Binding;
use penstock_policy::names::{FullName, ShortName};
use penstock_policy::record::{Customer, PassKey, RecordId, Secret};
use penstock_policy::throttle::Level;
use penstock_wire::reply::{Answer, FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::{CustomerView, FullIn, HeldBy, Running, Value, fields};

use crate::support::{Scene, done, edited, failed, page, snapshot};

fn binding() -> Binding {
    Binding {
        rate: "8Mbit/s".to_owned(),
        bytes_per_second: Some(1_000_000),
        level: Some(Level::Customer),
        until: Some("2026-12-24T17:00:00Z".parse().unwrap()),
    }
}

fn unlimited() -> Binding {
    Binding {
        rate: "unlimited".to_owned(),
        bytes_per_second: None,
        level: None,
        until: None,
    }
}

fn running() -> Running {
    Running {
        address: "abc-inc/laptop/default".to_owned(),
        kind: "backup".to_owned(),
        started: "2026-12-24T07:00:00Z".parse().unwrap(),
        requests: 5,
        rate: 999_424,
        limit: binding(),
        bytes_in: 64 << 20,
        bytes_out: 0,
        held_by: HeldBy {
            throttle: 93,
            client: 2,
            disk: 5,
        },
    }
}

fn customer(revision: u64, city: &str) -> Reply {
    let mut record = Customer::new(
        RecordId(3),
        RecordId::DEFAULT_RESELLER,
        "ABC Inc.".parse::<FullName>().unwrap(),
        "abc-inc".parse::<ShortName>().unwrap(),
        PassKey {
            secret: Secret::new(String::new()),
            until: None,
            uses_left: None,
        },
    );
    record.city = city.to_owned();
    record.notes = "first line\nsecond line".to_owned();
    record.maximum_client_limit = Some(10);
    record.space = "500GiB".parse().unwrap();
    record.mcals = "25/month".parse().unwrap();
    record.throttle = "8Mbit/s 08:00-18:00 weekend-exempt".parse().unwrap();
    done(Answer::Customer(Box::new(CustomerView {
        name: "ABC Inc.".to_owned(),
        short_name: "abc-inc".to_owned(),
        reseller: "default".to_owned(),
        default: false,
        revision,
        clients: 3,
        clients_barred: 1,
        schedules: 4,
        last_backup: Some("2026-12-24T03:12:00Z".parse().unwrap()),
        zone: "Europe/Berlin".to_owned(),
        new_schedules_at: "main".to_owned(),
        used_space: 120 << 30,
        reserved_space: 16 << 20,
        free_space: Some((380 << 30) - (16 << 20)),
        full_in: Some(FullIn {
            days: 19,
            level: Level::Customer,
        }),
        space_snapshot: snapshot("500GiB", 200 << 30, Some(300 << 30)),
        reseller_space_snapshot: snapshot("1TiB", 500 << 30, Some(524 << 30)),
        reseller_mcals_snapshot: snapshot("100", 60, Some(40)),
        month: "2026-11".to_owned(),
        mcals_used: 3,
        mcal_clients: 2,
        mcals_left: Some(22),
        backup_rate: binding(),
        restore_rate: unlimited(),
        running: vec![running()],
        fields: fields(&record),
    })))
}

/// The customer, changed.
pub fn changed(change: impl Fn(&mut CustomerView)) -> Reply {
    let Reply::Done(mut answer) = customer(7, "Bonn") else {
        panic!("no customer");
    };
    if let Answer::Customer(view) = answer.as_mut() {
        change(view);
    }
    Reply::Done(answer)
}

#[test]
fn a_customer_stands_on_one_screen() {
    let ran = Scene::default().run(&["customer", "show", "abc-inc"], |_| customer(7, "Bonn"));
    let expected = "\
ABC Inc. (abc-inc), of reseller default, revision 7
  Email                       -
  Address                     -
  City                        Bonn
  Phone                       -
  Fax                         -
  Notes                       first line
                              second line
  Backup location             inherit
  Restrict usage space to     500GiB
  Overcommit                  no
  Automatically add clients   no
  Activated                   yes
  Reason                      -
  Suspended until             none
  Maximum client limit        10
  MCALs allotted              25/month
  Bandwidth throttling        8Mbit/s 08:00-18:00 weekend-exempt for EACH backup
  Restore throttling          inherit for EACH restore
  Time zone                   inherit
  Weekend days                inherit
  Append-only                 inherit
  Used space                  120.0 GiB of 500GiB, 380.0 GiB free, 16.0 MiB reserved
  Full in                     about 19 days (customer)
  New schedules go to         main
  Space of its clients        500GiB, 200.0 GiB given to clients, 300.0 GiB left to give
  Space of its reseller       1TiB, 500.0 GiB given to customers, 524.0 GiB left to give
  MCALs of its reseller       100, 60 given to customers, 40 left to give
  MCALs in 2026-11            25/month allotted, 3 used, 22 left, 2 clients
  Holds for EACH backup now   8Mbit/s (customer, until 2026-12-24 18:00 +01:00)
  Holds for EACH restore now  unlimited
  Clients used                3 of 10, 1 of them revoked or not activated
  Backup schedules            4
  Last backup                 2026-12-24 04:12 +01:00
  Running                     1 backup

RUNNING         KIND           RATE  LIMIT                   SENT  HELD BY
laptop/default  backup  976.0 KiB/s  8Mbit/s (customer)  64.0 MiB  throttle 93 %, disk 5 %, client 2 %
";
    assert_eq!(ran.exit, Exit::FINE);
    assert_eq!(ran.output, expected);
    assert!(ran.output.lines().count() <= 45);
    assert!(
        ran.output.lines().all(|line| line.chars().count() <= 110),
        "{}",
        ran.output
    );
}

#[test]
fn what_has_no_limit_and_what_is_full_is_said_in_words() {
    let shown = |change: fn(&mut CustomerView)| {
        Scene::default().run(&["customer", "show", "abc-inc"], |_| changed(change))
    };
    let ran = shown(|view| {
        let unlimited = Value::Text("unlimited".to_owned());
        view.fields
            .insert("maximum_client_limit".to_owned(), unlimited);
        view.full_in = None;
        view.space_snapshot = snapshot("unlimited", 200 << 30, None);
    });
    for line in [
        "Clients used 3, no limit, 1 of them revoked or not activated",
        "Full in not foreseen",
        "Space of its clients unlimited, 200.0 GiB given to clients",
    ] {
        let found = ran.output.lines().any(|shown| squeezed(shown) == line);
        assert!(found, "{line}: {}", ran.output);
    }
    let ran = shown(|view| view.free_space = Some(0));
    let found = ran
        .output
        .lines()
        .any(|line| squeezed(line) == "Full in full");
    assert!(found, "{}", ran.output);
}

#[test]
fn long_notes_and_many_backups_dont_push_a_customer_off_the_screen() {
    let ran = Scene::default().run(&["customer", "show", "abc-inc"], |_| {
        let Reply::Done(mut answer) = customer(7, "Bonn") else {
            panic!("no customer");
        };
        if let Answer::Customer(view) = answer.as_mut() {
            let notes = Value::Text("word ".repeat(800));
            view.fields.insert("notes".to_owned(), notes);
            let address = Value::Text("line\n".repeat(20));
            view.fields.insert("address".to_owned(), address);
            view.running = vec![running(); 12];
        }
        Reply::Done(answer)
    });
    assert!(ran.output.lines().count() <= 56, "{}", ran.output);
    assert!(ran.output.lines().all(|line| line.chars().count() <= 110));
    assert!(ran.output.contains("(14 more lines; --json has all)"));
    assert!(ran.output.ends_with("and 7 more: penstockctl top\n"));
}

/// The line with each run of blanks as one: columns are the table's own test.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_customer_as_json_has_its_fields_beside_what_holds_now() {
    let args = ["customer", "show", "abc-inc", "--json"];
    let ran = Scene::default().run(&args, |_| customer(7, "Bonn"));
    let view: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(view["short_name"], "abc-inc");
    assert_eq!(view["activated"], true);
    assert_eq!(view["maximum_client_limit"], 10);
    assert_eq!(view["throttle"], "8Mbit/s 08:00-18:00 weekend-exempt");
    assert_eq!(view["backup_rate"]["bytes_per_second"], 1_000_000);
    assert_eq!(view["running"][0]["held_by"]["throttle"], 93);
}

#[test]
fn running_backups_show_what_holds_them_and_until_when() {
    let answer = |_: &Request| done(Answer::Top(page(vec![running()], None)));
    let ran = Scene::default().run(&["top", "--once"], answer);
    let line = ran.output.lines().nth(1).map(squeezed).unwrap();
    assert_eq!(
        line,
        "abc-inc/laptop/default backup 976.0 KiB/s 8Mbit/s (customer, until 2026-12-24 18:00 +01:00) 64.0 MiB \
         throttle 93 %, disk 5 %, client 2 %"
    );
}

#[test]
fn an_edit_without_flags_opens_an_editor_on_a_terminal() {
    let person = Scene {
        person: true,
        editor: |file| {
            let text = fs::read_to_string(file)?;
            let typed = if text.starts_with("#! not applied: somebody else") {
                assert!(text.contains("city = \"Köln\"\ncity = \"Mainz\""), "{text}");
                text
            } else {
                text.replace("city = \"Bonn\"", "city = \"Mainz\"")
            };
            fs::write(file, typed)?;
            Ok(true)
        },
        ..Scene::default()
    };
    let mut edits = 0;
    let ran = person.run(&["customer", "edit", "abc-inc"], |request| match request {
        Request::Customer { .. } if edits == 0 => customer(7, "Bonn"),
        Request::Customer { .. } => customer(8, "Köln"),
        Request::Edit { .. } => {
            edits += 1;
            if edits == 1 {
                failed(FailureCode::Conflict)
            } else {
                edited(false)
            }
        }
        _ => panic!("{request:?}"),
    });
    assert_eq!(ran.exit, Exit::FINE, "{}", ran.errors);
    let Some(Request::Edit {
        assignments,
        expect_revision,
        ..
    }) = ran.asked.last()
    else {
        panic!("{:?}", ran.asked);
    };
    assert_eq!(*expect_revision, Some(8));
    assert_eq!(
        (assignments.len(), assignments[0].value.as_str()),
        (1, "Mainz")
    );
}

#[test]
fn what_comes_from_a_daemon_cannot_steer_the_terminal() {
    let ran = Scene::default().run(&["customer", "show", "abc-inc"], |_| {
        let Reply::Done(mut answer) = customer(7, "Bonn") else {
            panic!("no customer");
        };
        if let Answer::Customer(view) = answer.as_mut() {
            view.name = "ABC\u{1b}]0;x\u{7}".to_owned();
            let city = Value::Text("\u{9b}2J".to_owned());
            view.fields.insert("city".to_owned(), city);
        }
        Reply::Done(answer)
    });
    let controls = ran.output.chars().filter(|c| c.is_control() && *c != '\n');
    assert_eq!(controls.count(), 0, "{}", ran.output);
}
