//! Adding, moving and removing records, and their secrets.

use penstock_policy::edit::Assignment;
use penstock_policy::record::{Credential, Secret};
use penstock_wire::reply::FailureCode;
use penstock_wire::request::Target;

use super::*;

#[tokio::test]
async fn a_client_is_added_once_with_lines_that_can_be_pasted() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let url = Assignment {
        field: "public_url".into(),
        value: "https://backup.example:8000".into(),
    };
    talk.edited(Request::Edit {
        target: Target::Server {},
        assignments: vec![url],
        expect_revision: None,
        dry_run: false,
    })
    .await;
    let new = house.add_client("ABC Inc.", "ann@pc").await;
    let password = new.password.unwrap();
    let line = format!(
        "export RESTIC_REPOSITORY='rest:https://ann%40pc:{}@backup.example:8000/abc-inc/ann@pc/'",
        password.reveal()
    );
    assert_eq!(new.env.unwrap()[0].reveal(), line);
    let credential = house.client("abc-inc", "ann@pc").await.credential;
    assert!(secrets::opens(Some(&credential), password.reveal()));
    let again = talk.failed(client_add("abc-inc", "ann@pc")).await;
    assert_eq!(again.code, FailureCode::Exists);
}

#[tokio::test]
async fn unblocking_forgets_failed_attempts() {
    let mut house = House::new().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut context = house.context.clone();
    context.forgive = Arc::new(move |customer, client| {
        tell.send(format!("{customer}/{client}")).unwrap();
    });
    house.admin = Admin::new(context);
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let who = super::super::penstockd();
    let address = at("ABC Inc./pc");
    super::super::clients::unblock(&house.admin, &who, address)
        .await
        .unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("abc-inc/pc"));
}

#[tokio::test]
async fn a_chosen_password_is_hashed_and_never_shown() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let with = |password: &str| {
        let mut add = client_add("abc-inc", "pc");
        if let Request::ClientAdd { password: into, .. } = &mut add {
            *into = Some(Secret::new(password.to_owned()));
        }
        add
    };
    let failure = talk.failed(with("short")).await;
    assert_eq!(failure.code, FailureCode::Usage);
    assert_eq!(failure.refusal.as_deref(), Some("password-too-short"));
    let Answer::NewClients(list) = talk.done(with("correct horse battery")).await else {
        panic!("no client");
    };
    assert!(list.items[0].created && list.items[0].password.is_none());
    let credential = house.client("abc-inc", "pc").await.credential;
    assert!(matches!(credential, Credential::Chosen { .. }));
}

#[tokio::test]
async fn a_client_that_is_there_keeps_its_password_when_it_is_added_if_missing() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "one").await;
    let before = house.client("abc-inc", "one").await;
    let mut add = client_add("abc-inc", "one");
    if let Request::ClientAdd {
        ids, if_missing, ..
    } = &mut add
    {
        ids.push("two".parse().unwrap());
        *if_missing = true;
    }
    let Answer::NewClients(list) = house.control().await.done(add).await else {
        panic!("no clients");
    };
    let made: Vec<(bool, bool)> = list
        .items
        .iter()
        .map(|new| (new.created, new.password.is_some()))
        .collect();
    assert_eq!(made, [(false, false), (true, true)]);
    assert_eq!(house.client("abc-inc", "one").await, before);
}

#[tokio::test]
async fn clients_given_twice_too_many_or_none_are_a_mistake_of_the_request() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let many: Vec<String> = (0..101).map(|n| format!("pc{n}")).collect();
    for wrong in [vec![], vec!["pc".to_owned(), "pc".to_owned()], many] {
        let mut add = client_add("abc-inc", "pc");
        if let Request::ClientAdd { ids, .. } = &mut add {
            *ids = wrong.iter().map(|id| id.parse().unwrap()).collect();
        }
        assert_eq!(talk.failed(add).await.code, FailureCode::Usage);
    }
    assert!(house.context.store.tree().client_counts.is_empty());
}

#[tokio::test]
async fn a_reset_password_opens_and_the_old_one_does_not() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let old = house.add_client("abc-inc", "pc").await.password.unwrap();
    let mut talk = house.control().await;
    let address = at("abc-inc/pc");
    talk.edited(Request::ClientRevoke {
        address: address.clone(),
    })
    .await;
    let reset = Request::ClientResetPassword {
        address,
        password: None,
    };
    let Answer::NewClients(list) = talk.done(reset).await else {
        panic!("no password");
    };
    let new = list.items[0].password.as_ref().unwrap();
    let client = house.client("abc-inc", "pc").await;
    assert!(client.revoked.is_none());
    assert!(secrets::opens(Some(&client.credential), new.reveal()));
    assert!(!secrets::opens(Some(&client.credential), old.reveal()));
}

#[tokio::test]
async fn a_rotated_pass_key_is_another_one_and_cannot_end_in_the_past() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    let customer = || "abc-inc".to_owned();
    let rotate = |until, uses| Request::PassKeyRotate {
        customer: customer(),
        until,
        uses,
    };
    let mut keys = Vec::new();
    for ask in [
        Request::PassKey {
            customer: customer(),
        },
        rotate(None, Some(5)),
    ] {
        let Answer::PassKey(key) = talk.done(ask).await else {
            panic!("no pass key");
        };
        keys.push(key);
    }
    assert_ne!(keys[0].pass_key, keys[1].pass_key);
    assert_eq!(keys[1].uses_left, Some(5));
    let past = Some(house.context.started);
    for wrong in [rotate(past, None), rotate(None, Some(0))] {
        assert_eq!(talk.failed(wrong).await.code, FailureCode::Usage);
    }
}

#[tokio::test]
async fn a_reseller_goes_only_when_its_customers_are_elsewhere() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let mut talk = house.control().await;
    talk.edited(Request::ResellerAdd {
        name: "North".into(),
        short: None,
        assignments: Vec::new(),
        dry_run: false,
    })
    .await;
    let give = |reseller: &str| Request::CustomerMove {
        customer: "abc-inc".into(),
        reseller: reseller.into(),
    };
    let remove = |reseller: &str| Request::ResellerRemove {
        reseller: reseller.into(),
    };
    talk.edited(give("north")).await;
    let reseller = "North".to_owned();
    let answer = talk.done(Request::Reseller { reseller }).await;
    assert!(matches!(answer, Answer::Reseller(view) if view.customers == 1 && !view.default));
    assert_eq!(
        talk.failed(remove("north")).await.code,
        FailureCode::Refused
    );
    talk.edited(give("default")).await;
    talk.edited(remove("north")).await;
    assert_eq!(
        talk.failed(remove("default")).await.code,
        FailureCode::Refused
    );
}
