//! What a socket does with what isn't a well-behaved administrator.

use penstock_wire::Role;
use penstock_wire::reply::FailureCode;
use penstock_wire::request::Target;

use super::*;

#[tokio::test]
async fn another_version_is_told_ours_and_closed() {
    let house = House::new().await;
    for version in [VERSION - 1, VERSION + 1] {
        let mut talk = house.raw(Socket::Control).await;
        talk.send(&Hello { version }).await;
        let welcome: Welcome = talk.read().await.unwrap();
        assert_eq!(welcome.version, VERSION);
        assert!(talk.bytes().await.is_none());
    }
}

#[tokio::test]
async fn a_later_greeting_with_more_in_it_is_told_our_version() {
    #[derive(serde::Serialize)]
    struct Later {
        version: u32,
        wishes: Vec<String>,
    }
    let house = House::new().await;
    let mut talk = house.raw(Socket::View).await;
    let wishes = vec!["compression".to_owned()];
    talk.send(&Later { version: 9, wishes }).await;
    let welcome: Welcome = talk.read().await.unwrap();
    assert_eq!((welcome.version, welcome.role), (VERSION, Role::View));
    assert!(talk.bytes().await.is_none());
}

#[tokio::test]
async fn an_overlong_frame_is_answered_and_cut_and_the_next_connection_works() {
    let house = House::new().await;
    let mut talk = house.control().await;
    talk.0.write_all(&[0xff; 4]).await.unwrap();
    let reply: Reply = talk.read().await.unwrap();
    assert!(matches!(reply, Reply::Failed(f) if f.code == FailureCode::Usage));
    assert!(talk.bytes().await.is_none());
    house.control().await.done(Request::Server {}).await;
}

#[tokio::test]
async fn garbage_is_answered_and_the_connection_goes_on() {
    let house = House::new().await;
    let mut talk = house.control().await;
    for garbage in [&b"\xff\xff\xff"[..], b"", &[0x81; 300]] {
        let length = u32::try_from(garbage.len()).unwrap();
        talk.0.write_all(&length.to_be_bytes()).await.unwrap();
        talk.0.write_all(garbage).await.unwrap();
        let reply: Reply = talk.read().await.unwrap();
        assert!(matches!(reply, Reply::Failed(f) if f.code == FailureCode::Usage));
    }
    talk.done(Request::Server {}).await;
}

#[tokio::test]
async fn garbage_instead_of_a_greeting_is_cut() {
    let house = House::new().await;
    let mut talk = house.raw(Socket::Control).await;
    talk.0.write_all(b"\0\0\0\x03abc").await.unwrap();
    assert!(talk.bytes().await.is_none());
    house.control().await.done(Request::Server {}).await;
}

#[tokio::test]
async fn half_a_frame_is_cut_in_time_and_the_next_connection_works() {
    let house = House::with(Limits {
        timeout: Duration::from_secs(1),
        ..LIMITS
    })
    .await;
    let mut talk = house.control().await;
    talk.0.write_all(&[0, 0, 1]).await.unwrap();
    assert!(talk.bytes().await.is_none());
    house.control().await.done(Request::Server {}).await;
}

#[tokio::test]
async fn connections_are_bounded_and_a_closed_one_makes_room() {
    let house = House::with(Limits {
        connections: 2,
        ..LIMITS
    })
    .await;
    let (one, _two) = (house.control().await, house.control().await);
    assert!(!is_greeted(&house).await);
    // The other socket has places of its own.
    house.view().await;
    drop(one);
    // The closed connection may not have been noticed yet.
    while !is_greeted(&house).await {
        tokio::task::yield_now().await;
    }
}

/// Whether another administrator gets in.
async fn is_greeted(house: &House) -> bool {
    let mut talk = house.raw(Socket::Control).await;
    let hello = frame::encode(&Hello { version: VERSION }, MAX_REQUEST).unwrap();
    // Whether it can still be written to a closed connection depends on who is quicker.
    talk.0.write_all(&hello).await.is_ok() && talk.bytes().await.is_some()
}

#[tokio::test]
async fn the_stop_closes_connections_and_takes_the_sockets_away() {
    let mut house = House::new().await;
    let mut talk = house.control().await;
    house.stop.cancel();
    assert!(talk.bytes().await.is_none());
    while let Some(served) = house.serving.join_next().await {
        served.unwrap().unwrap();
    }
    assert!(!house.path(Socket::Control).exists() && !house.path(Socket::View).exists());
}

#[tokio::test]
async fn the_view_socket_refuses_whatever_changes_or_shows_a_secret() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let before = house.context.store.tree();
    let mut view = house.view().await;
    let customer = || "abc-inc".to_owned();
    let asks = [
        Request::Edit {
            target: Target::Customer {
                customer: customer(),
            },
            assignments: Vec::new(),
            expect_revision: None,
            dry_run: true,
        },
        customer_add("Another"),
        client_add("abc-inc", "another"),
        Request::ClientRevoke {
            address: at("abc-inc/pc"),
        },
        Request::CustomerRemove {
            customer: customer(),
            recursive: true,
        },
        Request::PassKey {
            customer: customer(),
        },
        Request::PassKeyRotate {
            customer: customer(),
            until: None,
            uses: None,
        },
        Request::TrashEmpty { item: None },
        Request::Undo {
            edit: 1,
            dry_run: true,
        },
    ];
    for ask in asks {
        assert!(!ask.is_view());
        assert_eq!(view.failed(ask).await.code, FailureCode::NotPermitted);
    }
    assert!(Arc::ptr_eq(&before, &house.context.store.tree()));
}

#[tokio::test]
async fn nothing_that_can_be_viewed_has_a_secret_in_it() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    let password = house.add_client("abc-inc", "pc").await.password.unwrap();
    house.add_schedule("abc-inc", "pc", "default").await;
    let rotate = Request::PassKeyRotate {
        customer: "abc-inc".into(),
        until: None,
        uses: Some(3),
    };
    let Answer::PassKey(key) = house.control().await.done(rotate).await else {
        panic!("no pass key");
    };
    let secrets = [password.reveal(), key.pass_key.reveal()];
    let mut view = house.view().await;
    for ask in everything_viewed() {
        assert!(ask.is_view());
        view.send(&ask).await;
        let bytes = view.bytes().await.unwrap();
        assert!(
            matches!(frame::decode(&bytes).unwrap(), Reply::Done(_)),
            "{ask:?}"
        );
        for secret in secrets {
            let mut windows = bytes.windows(secret.len());
            assert!(!windows.any(|w| w == secret.as_bytes()), "{ask:?}");
        }
    }
}

/// Every request of the view socket that has an answer here.
fn everything_viewed() -> Vec<Request> {
    let (customer, client, schedule) = (at("abc-inc"), at("abc-inc/pc"), at("abc-inc/pc/default"));
    vec![
        Request::Status {},
        Request::Top {},
        Request::Refused {
            address: None,
            since: None,
            page: first(),
        },
        Request::Explain {
            address: client.clone(),
            at: None,
            bytes: None,
        },
        Request::Server {},
        Request::Resellers { page: first() },
        Request::Reseller {
            reseller: "default".into(),
        },
        Request::Customers {
            reseller: None,
            page: first(),
        },
        Request::Customer {
            customer: customer.customer.clone(),
        },
        Request::Clients {
            customer: None,
            page: first(),
        },
        Request::Client {
            address: client.clone(),
        },
        Request::Schedules {
            address: None,
            page: first(),
        },
        Request::Schedule {
            address: schedule.clone(),
        },
        Request::ScheduleHistory { address: schedule },
        Request::Trash { page: first() },
        Request::Audit {
            address: Some(customer),
            since: None,
            page: first(),
        },
    ]
}
