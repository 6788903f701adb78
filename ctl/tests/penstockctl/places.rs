//! Where `apply` says that something refused is declared.

use penstock_ctl::Exit;
use penstock_policy::record::Secret;
use penstock_wire::reply::{Answer, Failure, FailureCode, NewSecret, Reply, Staged};
use penstock_wire::request::Request;

use crate::files::answer;
use crate::mcals::customer_line;
use crate::records::reseller;
use crate::support::{Scene, done, page};

#[test]
fn what_the_daemon_refuses_is_placed_in_its_file() {
    let refuse = |text: &str, message: &str| {
        let scene = Scene {
            input: text,
            ..Scene::default()
        };
        let ran = scene.run(&["apply", "-"], |request| match request {
            Request::Stage { .. } => {
                Reply::Failed(Failure::new(FailureCode::Usage, message.to_owned()))
            }
            Request::Resellers { .. } => done(Answer::Resellers(page(vec![reseller()], None))),
            Request::Customers { .. } => done(Answer::Customers(page(
                vec![customer_line("abc-inc")],
                None,
            ))),
            other => answer(other),
        });
        assert_eq!(ran.exit, Exit::USAGE);
        ran.errors
    };
    let no_plugin = "abc-inc/laptop: the price table has no plugin sqll";
    assert_eq!(
        refuse(
            "\n[customer.abc-inc.client.laptop]\nplugins = \"sqll\"\n",
            no_plugin
        ),
        format!("penstockctl: standard input:2: {no_plugin}\n")
    );
    for (text, expected) in [
        (
            "[customer.abc-inc]\n[customer.abc-icn]\ncity = \"Bonn\"\n",
            "standard input:2: there is no customer \"abc-icn\"; give its full name if it is new, or did you mean \"abc-inc\"?",
        ),
        (
            "[reseller.nowhere]\n",
            "standard input:1: there is no reseller \"nowhere\"; give its full name if it is new",
        ),
        (
            "\n[customer.abc.client.laptop]\n",
            "standard input:2: there is no customer \"abc\"; give its full name if it is new",
        ),
        ("[customer.abc-inc]\n", "no"),
    ] {
        let sentence = format!("penstockctl: {expected}\n");
        assert_eq!(refuse(text, "no"), sentence);
    }
}

#[test]
fn a_mistyped_name_is_told_before_where_to_keep_its_secrets() {
    let scene = Scene {
        input: "[customer.abc-icn]\ncity = \"Bonn\"\n",
        ..Scene::default()
    };
    let ran = scene.run(&["apply", "-"], |request| match request {
        Request::Stage { .. } => done(Answer::Staged(Staged {
            records: 1,
            secrets: vec![NewSecret {
                address: "abc-icn".to_owned(),
                secret: Secret::new("psk_x".to_owned()),
            }],
        })),
        Request::Resellers { .. } => done(Answer::Resellers(page(vec![reseller()], None))),
        Request::Customers { .. } => {
            let lines = vec![customer_line("abc-inc")];
            done(Answer::Customers(page(lines, None)))
        }
        _ => panic!("{request:?}"),
    });
    assert_eq!(ran.exit, Exit::USAGE);
    let sentence = "standard input:1: there is no customer \"abc-icn\"";
    assert!(ran.errors.contains(sentence), "{}", ran.errors);
}
