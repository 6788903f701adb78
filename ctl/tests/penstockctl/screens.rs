//! What people see: a customer on one screen, an explanation, running backups, and a record in an editor.

use std::fs;

use penstock_ctl::Exit;
use penstock_policy::explain::{Binding, Explanation, LevelWord, RefusalWord, Verdict};
use penstock_policy::names::{FullName, ShortName};
use penstock_policy::record::{Customer, PassKey, RecordId, Secret};
use penstock_policy::throttle::Level;
use penstock_wire::reply::{Answer, Explained, FailureCode, Reply};
use penstock_wire::request::Request;
use penstock_wire::view::{CustomerView, HeldBy, Running, Value, fields};

use crate::support::{Scene, done, edited, failed, page};

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
        backup_rate: binding(),
        restore_rate: unlimited(),
        running: vec![running()],
        fields: fields(&record),
    })))
}

#[test]
fn a_customer_stands_on_one_screen() {
    let ran = Scene::default().run(&["customer", "show", "abc-inc"], |_| customer(7, "Bonn"));
    let expected = "\
ABC Inc. (abc-inc), of default, revision 7
  Email                       -
  Address                     -
  City                        Bonn
  Phone                       -
  Fax                         -
  Notes                       first line
                              second line
  Automatically add clients   no
  Activated                   yes
  Reason                      -
  Suspended until             none
  Maximum client limit        10
  Bandwidth throttling        8Mbit/s 08:00-18:00 weekend-exempt for EACH backup
  Restore throttling          inherit for EACH restore
  Time zone                   inherit
  Weekend days                inherit
  Append-only                 inherit
  Holds for EACH backup now   8Mbit/s (customer, until 2026-12-24 18:00 +01:00)
  Holds for EACH restore now  unlimited
  Clients used                3 of 10, 1 of them revoked or not activated
  Backup schedules            4
  Last backup                 2026-12-24 04:12 +01:00
  Running                     1 backup

ADDRESS                 KIND         RATE  LIMIT                                                  SENT  HELD BY
abc-inc/laptop/default  backup  976.0 KiB/s  8Mbit/s (customer, until 2026-12-24 18:00 +01:00)  64.0 MiB  throttle 93 %, disk 5 %, client 2 %
";
    assert_eq!(ran.exit, Exit::FINE);
    let tidy = |text: &str| text.lines().map(squeezed).collect::<Vec<_>>();
    assert_eq!(tidy(&ran.output), tidy(expected));
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
fn a_time_to_explain_is_of_the_customers_zone() {
    let args = ["explain", "abc-inc/laptop", "--at", "2026-12-24T08:00"];
    let ran = Scene::default().run(&args, |request| {
        let Request::Explain { at, .. } = request else {
            panic!("{request:?}");
        };
        done(Answer::Explanation(Explained {
            address: "abc-inc/laptop".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            explanation: Explanation {
                at: at.unwrap_or_default(),
                levels: vec![LevelWord {
                    level: Level::Customer,
                    name: "ABC Inc.".to_owned(),
                    activated: false,
                    throttle: "inherit".to_owned(),
                    restore_throttle: "inherit".to_owned(),
                }],
                backup_rate: binding(),
                restore_rate: unlimited(),
                verdicts: vec![Verdict {
                    act: "backup".to_owned(),
                    refusal: Some(RefusalWord {
                        code: "customer-inactive".to_owned(),
                        sentence: "ABC Inc. is suspended. Restores still work.".to_owned(),
                        cause: "ABC Inc. is suspended. Restores still work.".to_owned(),
                    }),
                }],
            },
        }))
    });
    assert_eq!(
        ran.output,
        "abc-inc/laptop at 2026-12-24 08:00 +01:00\n\
         LEVEL     NAME      ACTIVATED  THROTTLE  RESTORE THROTTLE\n\
         customer  ABC Inc.  no         inherit   inherit\n\
         EACH backup   8Mbit/s (customer, until 2026-12-24 18:00 +01:00)\n\
         EACH restore  unlimited\n\
         backup        refused (customer-inactive): ABC Inc. is suspended. Restores still work.\n"
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
