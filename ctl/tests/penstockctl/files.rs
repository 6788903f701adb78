//! `export` and `apply`: what is written, read, staged and shown.

use std::fs;
use std::path::Path;

use penstock_ctl::Exit;
use penstock_policy::edit::{Assignment, Change};
use penstock_wire::declared::Declared;
use penstock_wire::reply::{Answer, Applied, FailureCode, Reply, Staged, Step};
use penstock_wire::request::Request;

use crate::support::{Scene, done, failed, page};

fn set(fields: &[(&str, &str)]) -> Vec<Assignment> {
    fields
        .iter()
        .map(|(field, value)| Assignment {
            field: (*field).to_owned(),
            value: (*value).to_owned(),
        })
        .collect()
}

fn customer(short: &str, fields: &[(&str, &str)]) -> Declared {
    Declared::Customer {
        short: short.to_owned(),
        name: Some(format!("{short} \"GmbH\"")),
        reseller: Some("north".to_owned()),
        fields: set(fields),
    }
}

fn client(customer: &str, client: &str, revoked: bool) -> Declared {
    Declared::Client {
        customer: customer.to_owned(),
        client: client.parse().unwrap(),
        revoked,
        fields: set(&[("platform", "server"), ("plugins", "sql")]),
    }
}

/// In the order in which they are applied, with fields in the order of policy's tables.
fn records() -> Vec<Declared> {
    vec![
        Declared::Server {
            fields: set(&[
                ("location", "main"),
                ("overcommit", "yes"),
                ("disk_reserve", "5"),
                ("mcals", "unlimited"),
            ]),
        },
        Declared::Reseller {
            short: "north".to_owned(),
            name: Some("North".to_owned()),
            fields: set(&[("contact", "x@y"), ("mcals", "100")]),
        },
        customer(
            "abc-inc",
            &[
                ("phone", "+49 228 1"),
                ("notes", "one\n\"two\" \\ three"),
                ("space", "500GiB"),
                ("activated", "no"),
                ("maximum_client_limit", "10"),
                ("mcals", "25/month"),
                ("append_only", "inherit"),
            ],
        ),
        client("abc-inc", "laptop", false),
        client("abc-inc", "me@home.example", true),
        customer("xyz", &[]),
    ]
}

fn export(args: &[&str], records: &[Declared]) -> crate::support::Ran {
    Scene::default().run(args, |request| {
        let Request::Export { page: wanted } = request else {
            panic!("{request:?}");
        };
        // The last record first: the order is the export's own.
        let mut turned = records.to_vec();
        turned.reverse();
        let rest = turned.split_off(turned.len() / 2);
        done(Answer::Export(match wanted.after {
            None => page(turned, Some("half")),
            Some(_) => page(rest, None),
        }))
    })
}

fn nothing(dry_run: bool) -> Applied {
    Applied {
        dry_run,
        added: 0,
        edited: 0,
        removed: 0,
        steps: page(vec![], None),
        notes: vec![],
    }
}

fn numbered(record: &str, edit: u64, dry_run: bool) -> Step {
    Step {
        verb: "edit".to_owned(),
        record: record.to_owned(),
        edit: (!dry_run).then_some(edit),
        changes: vec![Change {
            field: "space".to_owned(),
            from: "unlimited".to_owned(),
            to: "500GiB".to_owned(),
        }],
    }
}

/// What takes whatever is staged.
pub fn answer(request: &Request) -> Reply {
    match request {
        Request::Stage { records } => done(Answer::Staged(Staged {
            records: records.len() as u64,
            secrets: vec![],
        })),
        Request::Apply { dry_run, .. } => done(Answer::Applied(nothing(*dry_run))),
        _ => panic!("{request:?}"),
    }
}

fn staged(asked: &[Request]) -> Vec<Declared> {
    let records = asked.iter().filter_map(|request| match request {
        Request::Stage { records } => Some(records.clone()),
        _ => None,
    });
    records.flatten().collect()
}

fn apply(path: &str, input: &str, more: &[&str]) -> crate::support::Ran {
    let scene = Scene {
        input,
        ..Scene::default()
    };
    let args: Vec<&str> = ["apply", path]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    scene.run(&args, answer)
}

#[test]
fn an_export_is_toml_with_booleans_numbers_and_text() {
    let ran = export(&["export"], &records());
    assert_eq!(
        ran.output,
        r#"# written by `penstockctl export`; `penstockctl apply` reads it

[server]
location = "main"
overcommit = true
disk_reserve = 5
mcals = "unlimited"

[reseller.north]
name = "North"
contact = "x@y"
mcals = 100

[customer.abc-inc]
name = "abc-inc \"GmbH\""
reseller = "north"
phone = "+49 228 1"
notes = """
one
\"two\" \\ three"""
space = "500GiB"
activated = false
maximum_client_limit = 10
mcals = "25/month"
append_only = "inherit"

[customer.abc-inc.client.laptop]
platform = "server"
plugins = "sql"

[customer.abc-inc.client."me@home.example"]
revoked = true
platform = "server"
plugins = "sql"

[customer.xyz]
name = "xyz \"GmbH\""
reseller = "north"
"#
    );
}

#[test]
fn what_was_exported_is_applied_as_it_was() {
    let text = export(&["export", "-"], &records()).output;
    let ran = apply("-", &text, &[]);
    assert_eq!(ran.exit, Exit::FINE, "{}", ran.errors);
    assert_eq!(staged(&ran.asked), records());
    assert_eq!(ran.output, "nothing to change\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    export(&["export", path], &records());
    assert_eq!(staged(&apply(path, "", &[]).asked), records());
}

#[test]
fn an_export_replaces_its_own_files_and_leaves_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("new/records");
    let path = inner.to_str().unwrap();
    let ran = export(&["export", path], &records());
    assert_eq!(ran.exit, Exit::FINE, "{}", ran.errors);
    let there = |name: &str| Path::exists(&inner.join(name));
    for name in [
        "server.toml",
        "resellers/north.toml",
        "customers/abc-inc.toml",
        "customers/xyz.toml",
    ] {
        assert!(there(name), "{name}");
    }
    let before = fs::read_to_string(inner.join("customers/abc-inc.toml")).unwrap();
    fs::write(inner.join("customers/mine.toml"), "# my own\n").unwrap();
    fs::write(inner.join("customers/README"), "about\n").unwrap();
    let ran = export(&["export", path, "--json"], &records()[..5]);
    let told: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!((&told["files"], &told["removed"]), (&3.into(), &1.into()));
    assert!(!there("customers/xyz.toml"));
    assert!(there("customers/mine.toml") && there("customers/README"));
    let after = fs::read_to_string(inner.join("customers/abc-inc.toml")).unwrap();
    assert_eq!(before, after);
    let left = fs::read_dir(inner.join("customers")).unwrap().count();
    assert_eq!(left, 3, "a temporary file stayed");
}

#[test]
fn a_short_name_that_leads_elsewhere_is_written_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records");
    let ran = export(
        &["export", path.to_str().unwrap()],
        &[customer("../../evil", &[])],
    );
    assert_eq!(ran.exit, Exit::BUG);
    assert!(!path.exists());
}

#[test]
fn what_a_file_gets_wrong_is_named_with_file_line_and_key() {
    for (text, sentence) in [
        (
            "[customer.abc]\n\nspcae = \"1GiB\"\n",
            "standard input:3: a customer has no field \"spcae\"; did you mean \"space\"?",
        ),
        (
            "[customer.abc]\nspace = \"12\"\n",
            "standard input:2: space: a size needs a unit",
        ),
        (
            "[customer.abc]\nspace = \"+1GiB\"\n",
            "standard input:2: space: a file says how much",
        ),
        (
            "[customer.abc]\nname = 7\n",
            "standard input:2: name: write text in quotes",
        ),
        ("[custmer.abc]\n", "did you mean \"customer\"?"),
        ("[customer.abc]\nactivated = no\n", "standard input:2: "),
        ("[customer.\"A B\"]\n", "standard input:1: a short name"),
        (
            "[customer.abc.client.data]\n",
            "standard input:1: a client id can't be",
        ),
        (
            "[customer.abc.client.x]\nrevoked = 1\n",
            "standard input:2: revoked: write true or false",
        ),
        ("[server]\nmcals = [1]\n", "standard input:2: mcals: write"),
        ("customer = 7\n", "standard input:1: a record is a table"),
        (
            "[server]\n[server]\n",
            "standard input:2: server stands here a second time",
        ),
        (
            "[customer.abc]\ncity = \"a\"\ncity = \"b\"\n",
            "standard input:3: city stands here a second time",
        ),
        (
            "[customer.abc]\nclient_limit = 7\n",
            "no field \"client_limit\"; did you mean \"maximum_client_limit\"?",
        ),
    ] {
        let ran = apply("-", text, &[]);
        assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0), "{text}");
        assert!(ran.errors.contains(sentence), "{text}: {}", ran.errors);
    }
}

#[test]
fn a_record_declared_in_two_files_is_refused_with_both() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), "\n[customer.abc]\n").unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/c.toml"), "[customer.abc]\n").unwrap();
    fs::write(folder.path().join(".hidden.toml"), "nonsense").unwrap();
    let ran = apply(folder.path().to_str().unwrap(), "", &[]);
    assert_eq!(ran.exit, Exit::USAGE);
    assert!(
        ran.errors.contains("a.toml:2") && ran.errors.contains("b/c.toml:1"),
        "{}",
        ran.errors
    );
    // Its clients may stand elsewhere.
    fs::write(
        folder.path().join("b/c.toml"),
        "[customer.abc.client.laptop]\n",
    )
    .unwrap();
    let ran = apply(folder.path().to_str().unwrap(), "", &[]);
    assert_eq!(staged(&ran.asked).len(), 2, "{}", ran.errors);
}

#[test]
fn a_customer_of_whom_only_a_client_is_declared_is_kept_by_a_prune() {
    let text = "[customer.abc.client.laptop]\n";
    assert_eq!(staged(&apply("-", text, &[]).asked).len(), 1);
    let ran = apply("-", text, &["--prune"]);
    let records = staged(&ran.asked);
    assert!(
        matches!(&records[0], Declared::Customer { short, fields, .. } if short == "abc" && fields.is_empty())
    );
    assert_eq!(records.len(), 2);
    let prune = Request::Apply {
        dry_run: false,
        prune: true,
    };
    assert_eq!(ran.asked.last(), Some(&prune));
}

#[test]
fn an_empty_file_never_prunes_everything() {
    let ran = apply("-", "# nothing\n", &["--prune"]);
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0));
    assert_eq!(apply("-", "# nothing\n", &[]).exit, Exit::FINE);
}

#[test]
fn a_thousand_customers_are_staged_in_requests_below_the_limit() {
    let notes = "ü".repeat(2000);
    let records: Vec<Declared> = (0..1000)
        .map(|number| customer(&format!("c{number:04}"), &[("notes", &notes)]))
        .collect();
    let text: String = (0..1000)
        .map(|number| {
            format!(
                "[customer.c{number:04}]\nname = 'c{number:04} \"GmbH\"'\nreseller = 'north'\nnotes = '{notes}'\n"
            )
        })
        .collect();
    // The scripted daemon hangs up on a request that is too long.
    let ran = apply("-", &text, &[]);
    assert_eq!(ran.exit, Exit::FINE, "{}", ran.errors);
    assert_eq!(staged(&ran.asked), records);
    let requests = ran.asked.len() - 1;
    assert!((62..=80).contains(&requests), "{requests}");
}

#[test]
fn steps_are_shown_to_the_last_page_with_what_they_do_to_running_backups() {
    let run = |more: &[&str]| {
        let scene = Scene {
            input: "[customer.abc]\nspace = \"500GiB\"\n",
            ..Scene::default()
        };
        let args: Vec<&str> = ["apply", "-"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let dry = more.contains(&"--dry-run");
        scene.run(&args, |request| match request {
            Request::Apply { dry_run, .. } => done(Answer::Applied(Applied {
                added: 1,
                edited: 1,
                steps: page(vec![numbered("abc", 12, *dry_run)], Some("1")),
                notes: vec!["abc/laptop/default: slowed".to_owned()],
                ..nothing(*dry_run)
            })),
            Request::Applied { page: wanted } => {
                assert_eq!(wanted.after.as_deref(), Some("1"));
                done(Answer::Steps(page(vec![numbered("xyz", 13, dry)], None)))
            }
            other => answer(other),
        })
    };
    let table = "WHAT  RECORD  FIELD  BEFORE     AFTER\n\
                 edit  abc     space  unlimited  500GiB\n\
                 edit  xyz     space  unlimited  500GiB\n\
                 1 record added, 1 edited, 0 moved to the trash";
    let ran = run(&[]);
    assert_eq!(ran.exit, Exit::FINE);
    let note = "note: abc/laptop/default: slowed";
    let edits = "edits 12 to 13; each is undone with: penstockctl undo N";
    assert_eq!(ran.output, format!("{table}\n{edits}\n{note}\n"));
    let dry = run(&["--dry-run"]);
    assert_eq!(dry.exit, Exit::DIFFERENCES);
    assert_eq!(
        dry.output,
        format!("{table}; nothing was changed, this was a dry run\n{note}\n")
    );
    let json: serde_json::Value = serde_json::from_str(&run(&["--json"]).output).unwrap();
    assert_eq!(json["steps"][1]["record"], "xyz");
    assert_eq!(json["secrets_to"], serde_json::Value::Null);
}

#[test]
fn what_cant_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let ran = apply(missing.to_str().unwrap(), "", &[]);
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0));
    let sentence = "missing.toml: there is no such file or folder\n";
    assert!(ran.errors.ends_with(sentence), "{}", ran.errors);
    let ran = apply(folder.path().to_str().unwrap(), "", &[]);
    assert!(ran.errors.contains("no file that ends in .toml"));
    fs::write(&missing, [0xff, 0xfe]).unwrap();
    let ran = apply(missing.to_str().unwrap(), "", &[]);
    assert!(ran.errors.contains("UTF-8"), "{}", ran.errors);
    let ran = export(&["export", missing.to_str().unwrap()], &records());
    let sentence = "missing.toml: is a file; give a folder\n";
    assert!(ran.errors.ends_with(sentence), "{}", ran.errors);
    let ran = Scene::default().run(&["apply", "-"], |_| failed(FailureCode::Refused));
    assert_eq!(ran.exit, Exit::REFUSED);
}
