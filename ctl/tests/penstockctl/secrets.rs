//! Secrets of records that `apply` adds: on the disk before they hold, for nobody else, never over another file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use penstock_ctl::Exit;
use penstock_policy::record::Secret;
use penstock_wire::reply::{Answer, Applied, FailureCode, NewSecret, Reply, Staged};
use penstock_wire::request::Request;

use crate::support::{Ran, Scene, done, failed, page};

const WRITTEN: &str = "\
# secrets of records that `penstockctl apply` added; hand them on, then delete this file

[customer.abc-inc]
pass_key = \"psk_key\"

[customer.abc-inc.client.\"me@home\"]
password = \"psk_word\"
";

fn staged(secrets: &[(&str, &str)]) -> Reply {
    let secrets = secrets.iter().map(|(address, secret)| NewSecret {
        address: (*address).to_owned(),
        secret: Secret::new((*secret).to_owned()),
    });
    done(Answer::Staged(Staged {
        records: 2,
        secrets: secrets.collect(),
    }))
}

fn applied() -> Reply {
    done(Answer::Applied(Applied {
        dry_run: false,
        added: 2,
        edited: 0,
        removed: 0,
        steps: page(vec![], None),
        notes: vec![],
    }))
}

fn run(more: &[&str], mut apply: impl FnMut() -> Reply + Send) -> Ran {
    let scene = Scene {
        input: "[customer.abc-inc]\nname = \"ABC Inc.\"\n[customer.abc-inc.client.\"me@home\"]\n",
        ..Scene::default()
    };
    let args: Vec<&str> = ["apply", "-"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    scene.run(&args, move |request| match request {
        Request::Stage { .. } => staged(&[("abc-inc/me@home", "psk_word"), ("abc-inc", "psk_key")]),
        _ => apply(),
    })
}

#[test]
fn new_secrets_are_on_the_disk_before_they_hold_and_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.toml");
    let path = file.to_str().unwrap();
    let ran = run(&["--secrets-to", path], || {
        assert_eq!(fs::read_to_string(&file).unwrap(), WRITTEN);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        applied()
    });
    assert_eq!(ran.exit, Exit::FINE, "{}", ran.errors);
    assert_eq!(ran.asked.len(), 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), WRITTEN);
    assert!(!ran.output.contains("psk_") && !ran.errors.contains("psk_"));
}

#[test]
fn without_a_file_for_new_secrets_nothing_is_applied() {
    let ran = run(&[], || panic!("it was applied"));
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 1));
    assert!(
        ran.errors.contains("2 secrets") && ran.errors.contains("--secrets-to FILE"),
        "{}",
        ran.errors
    );
    let ran = run(&["--dry-run"], applied);
    assert_eq!((ran.exit, ran.asked.len()), (Exit::FINE, 2));
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.toml");
    fs::write(&file, "older").unwrap();
    let path = file.to_str().unwrap();
    let ran = run(&["--secrets-to", path], || panic!("it was applied"));
    assert_eq!((ran.exit, ran.asked.len()), (Exit::EXISTS, 1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "older");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
    let ran = run(&["--secrets-to", link.to_str().unwrap()], || {
        panic!("it was applied")
    });
    assert_eq!(ran.exit, Exit::EXISTS);
}

#[test]
fn secrets_that_never_came_to_hold_leave_no_file_but_those_that_may_hold_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.toml");
    let args = ["--secrets-to", file.to_str().unwrap()];
    let ran = run(&args, || failed(FailureCode::Refused));
    assert_eq!(ran.exit, Exit::REFUSED);
    assert!(!Path::exists(&file));
    // To another question: whether it was done isn't known.
    let ran = run(&args, || done(Answer::Top(page(vec![], None))));
    assert_eq!(ran.exit, Exit::BUG);
    assert_eq!(fs::read_to_string(&file).unwrap(), WRITTEN);
    fs::remove_file(&file).unwrap();
    let scene = Scene {
        input: "[customer.abc-inc]\nname = \"ABC Inc.\"\n",
        ..Scene::default()
    };
    let ran = scene.run_raw(&["apply", "-", args[0], args[1]], |request| match request {
        Request::Stage { .. } => {
            let reply = staged(&[("abc-inc", "psk_key")]);
            penstock_wire::frame::encode(&reply, penstock_wire::frame::MAX_REPLY).unwrap()
        }
        _ => Vec::new(),
    });
    assert_eq!(ran.exit, Exit::UNAVAILABLE);
    assert!(ran.errors.contains("isn't known"), "{}", ran.errors);
    assert!(Path::exists(&file));
}

#[test]
fn without_new_secrets_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.toml");
    let scene = Scene {
        input: "[customer.abc-inc]\nname = \"ABC Inc.\"\n",
        ..Scene::default()
    };
    let args = ["apply", "-", "--secrets-to", file.to_str().unwrap()];
    let ran = scene.run(&args, |request| match request {
        Request::Stage { .. } => staged(&[]),
        _ => applied(),
    });
    assert_eq!(ran.exit, Exit::FINE);
    assert!(!Path::exists(&file));
}
