//! New clients and their passwords.

use penstock_ctl::Exit;
use penstock_policy::record::Secret;
use penstock_wire::reply::Answer;
use penstock_wire::request::Request;
use penstock_wire::view::NewClient;

use crate::support::{Scene, done, page};

fn new_client(client: &str) -> NewClient {
    let lines = [
        "export RESTIC_REST_USERNAME=laptop",
        "export RESTIC_REST_PASSWORD=psk_x",
    ];
    NewClient {
        address: format!("abc-inc/{client}"),
        customer: "abc-inc".to_owned(),
        client: client.to_owned(),
        created: true,
        password: Some(Secret::new("psk_x".to_owned())),
        env: Some(lines.map(|line| Secret::new(line.to_owned())).to_vec()),
    }
}

#[test]
fn one_new_client_is_one_json_object_and_several_are_an_array() {
    let answer = |request: &Request| {
        let Request::ClientAdd { ids, .. } = request else {
            panic!("{request:?}");
        };
        let added = ids.iter().map(|id| new_client(id.as_str())).collect();
        done(Answer::NewClients(page(added, None)))
    };
    for args in [
        &["client", "add", "abc", "laptop", "--json"][..],
        &["client", "add", "abc/laptop", "--json"],
    ] {
        let ran = Scene::default().run(args, answer);
        let one: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
        assert_eq!(
            (&one["client"], &one["password"]),
            (&"laptop".into(), &"psk_x".into())
        );
    }
    let ran = Scene::default().run(&["client", "add", "abc", "a", "b", "--json"], answer);
    let both: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(
        (&both[0]["client"], &both[1]["client"]),
        (&"a".into(), &"b".into())
    );
}

#[test]
fn a_password_is_printed_once_with_the_lines_to_paste() {
    let answer = |_: &Request| done(Answer::NewClients(page(vec![new_client("laptop")], None)));
    let ran = Scene::default().run(&["client", "add", "abc", "laptop"], answer);
    assert_eq!(
        ran.output,
        "abc-inc/laptop: the password is shown only now\npsk_x\n\
         export RESTIC_REST_USERNAME=laptop\nexport RESTIC_REST_PASSWORD=psk_x\n"
    );
    let ran = Scene::default().run(&["client", "add", "abc", "laptop", "--env"], answer);
    assert_eq!(
        ran.output,
        "export RESTIC_REST_USERNAME=laptop\nexport RESTIC_REST_PASSWORD=psk_x\n"
    );
}

#[test]
fn a_chosen_password_is_one_line_of_standard_input() {
    let chosen = Scene {
        input: "correct horse battery\nsomething else\n",
        ..Scene::default()
    };
    let answer = |_: &Request| done(Answer::NewClients(page(vec![new_client("laptop")], None)));
    let ran = chosen.run(
        &["client", "add", "abc", "laptop", "--password-stdin"],
        answer,
    );
    let Request::ClientAdd { password, .. } = &ran.asked[0] else {
        panic!("{:?}", ran.asked);
    };
    assert_eq!(password.as_ref().unwrap().reveal(), "correct horse battery");
    let short = Scene {
        input: "short\n",
        ..Scene::default()
    };
    let ran = short.run(
        &["client", "reset-password", "abc/laptop", "--password-stdin"],
        answer,
    );
    assert_eq!((ran.exit, ran.asked.len()), (Exit::USAGE, 0));
}
