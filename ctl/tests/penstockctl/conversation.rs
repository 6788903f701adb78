//! The conversation with the daemon: what goes wrong with it, and the exit code of each.

use penstock_ctl::Exit;
use penstock_wire::Role;
use penstock_wire::reply::{Answer, FailureCode};
use penstock_wire::request::Request;
use penstock_wire::view::CustomerLine;

use crate::support::{Scene, done, edited, failed, page, status};

fn customer(name: &str) -> CustomerLine {
    CustomerLine {
        name: name.to_owned(),
        short_name: name.to_lowercase(),
        reseller: "default".to_owned(),
        activated: true,
        clients: 1,
        maximum_client_limit: None,
        throttle: "inherit".to_owned(),
        space: "500GiB".to_owned(),
        used_space: 120 << 30,
        mcals: "25/month".to_owned(),
        running: 0,
    }
}

#[test]
fn every_failure_has_its_documented_exit_code() {
    for (code, exit) in [
        (FailureCode::Refused, 1),
        (FailureCode::NotFound, 3),
        (FailureCode::Conflict, 4),
        (FailureCode::Exists, 5),
        (FailureCode::Usage, 64),
        (FailureCode::Unavailable, 69),
        (FailureCode::Internal, 70),
        (FailureCode::NotPermitted, 77),
    ] {
        let ran = Scene::default().run(&["customer", "show", "abc"], |_| failed(code));
        assert_eq!(ran.exit, Exit(exit), "{code:?}");
        assert_eq!(ran.errors, "penstockctl: the sentence\n");
        assert_eq!(ran.output, "");
    }
}

#[test]
fn a_failure_is_json_on_standard_error_when_json_is_asked_for() {
    let ran = Scene::default().run(&["status", "--json"], |_| failed(FailureCode::Unavailable));
    let error: serde_json::Value = serde_json::from_str(&ran.errors).unwrap();
    assert_eq!(error["error"]["code"], "unavailable");
    assert_eq!(error["error"]["message"], "the sentence");
    let ran = Scene::default().run(&["--json", "custmer"], |_| failed(FailureCode::Internal));
    let error: serde_json::Value = serde_json::from_str(&ran.errors).unwrap();
    assert_eq!(
        (error["error"]["code"].as_str(), ran.exit),
        (Some("usage"), Exit::USAGE)
    );
}

#[test]
fn a_missing_daemon_is_named_with_its_socket_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("nobody");
    let (exit, _, errors) = Scene::default().run_at(&socket, &["status"]);
    assert_eq!(exit, Exit::UNAVAILABLE);
    assert!(errors.contains(socket.to_str().unwrap()) && errors.contains("start penstockd"));
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let (exit, _, errors) = Scene::default().run_at(&socket, &["status"]);
    assert_eq!(exit, Exit::UNAVAILABLE);
    assert!(errors.contains("nobody listens"), "{errors}");
}

#[test]
fn who_may_do_nothing_or_only_look_is_told_so() {
    let nobody = Scene {
        role: Role::Nobody,
        ..Scene::default()
    };
    let ran = nobody.run(&["status"], |_| status(vec![]));
    assert_eq!(ran.exit, Exit::NOT_PERMITTED);
    let view = Scene {
        role: Role::View,
        ..Scene::default()
    };
    assert_eq!(view.run(&["status"], |_| status(vec![])).exit, Exit::FINE);
    let ran = view.run(&["customer", "resume", "abc"], |_| edited(false));
    assert_eq!(ran.exit, Exit::NOT_PERMITTED);
    assert!(ran.asked.is_empty());
}

#[test]
fn another_version_of_the_contract_is_a_sentence() {
    let scene = Scene {
        version: 99,
        ..Scene::default()
    };
    let ran = scene.run(&["status"], |_| status(vec![]));
    assert_eq!(ran.exit, Exit::UNAVAILABLE);
    assert!(ran.errors.contains("speaks version 99"), "{}", ran.errors);
}

#[test]
fn a_reply_that_is_too_long_malformed_or_to_another_question_is_an_error() {
    let scene = Scene::default();
    let too_long = scene.run_raw(&["status"], |_| vec![0xff; 8]);
    assert_eq!(too_long.exit, Exit::BUG);
    assert!(
        too_long.errors.contains("longer than"),
        "{}",
        too_long.errors
    );
    let malformed = scene.run_raw(&["status"], |_| vec![0, 0, 0, 2, 0xff, 0xff]);
    assert_eq!(malformed.exit, Exit::BUG);
    let closed = scene.run_raw(&["status"], |_| Vec::new());
    assert_eq!(closed.exit, Exit::UNAVAILABLE);
    let other = scene.run(&["status"], |_| edited(false));
    assert_eq!(other.exit, Exit::BUG);
}

#[test]
fn a_list_is_asked_for_to_its_last_page() {
    let ran = Scene::default().run(&["customer", "list", "--json"], |request| {
        let Request::Customers { page: wanted, .. } = request else {
            panic!("{request:?}");
        };
        done(Answer::Customers(match wanted.after.as_deref() {
            None => page(vec![customer("ABC")], Some("abc")),
            _ => page(vec![customer("XYZ")], None),
        }))
    });
    let list: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(list[0]["short_name"], "abc");
    assert_eq!(list[1]["short_name"], "xyz");
    assert_eq!(list[1]["maximum_client_limit"], serde_json::Value::Null);
}

#[test]
fn a_list_that_repeats_itself_ends() {
    let ran = Scene::default().run(&["customer", "list"], |_| {
        done(Answer::Customers(page(vec![customer("ABC")], Some("abc"))))
    });
    assert_eq!(ran.exit, Exit::BUG);
}
