//! What a pass key does, and what it never does.

use jiff::SignedDuration;
use penstock_policy::record::PassKeyError;

use super::*;

#[tokio::test]
async fn a_pass_key_registers_as_often_as_it_may() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let rotated = bench
        .store
        .rotate_pass_key("abc".into(), "psk_new".into(), None, Some(1), who("root"))
        .await
        .unwrap();
    assert_eq!(rotated.pass_key.usable_at(bench.clock.wall()), Ok(()));
    let store = &bench.store;
    let old = store.register(register(customer, "a", "psk_ABC", 1)).await;
    assert_eq!(old.unwrap_err(), Refusal::BadPassKey);
    let new = store
        .register(register(customer, "a", "psk_new", 1))
        .await
        .unwrap();
    assert!(matches!(new, Registered::New(_)));
    let tree = store.tree();
    let key = &tree.customers.get(&customer).unwrap().pass_key;
    assert_eq!(key.usable_at(bench.clock.wall()), Err(PassKeyError::UsedUp));
    let more = store.register(register(customer, "b", "psk_new", 1)).await;
    assert_eq!(more.unwrap_err(), Refusal::PassKeyExpired);
}

#[tokio::test]
async fn a_lost_generated_password_is_issued_anew_within_the_hour_and_never_after_a_login() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let store = &bench.store;
    let ask = |id: &str, byte| register(customer, id, "psk_ABC", byte);
    store.register(ask("a", 1)).await.unwrap();
    let again = store.register(ask("a", 2)).await.unwrap();
    assert!(matches!(again, Registered::Reissued(_)));
    let state = bench.state(customer, "a").await.unwrap();
    let client = state.client.clone().unwrap();
    assert_eq!(client.credential, credential(2));
    store.first_login(client.id).await.unwrap();
    let exists = store.register(ask("a", 3)).await.unwrap_err();
    assert!(matches!(exists, Refusal::ClientExists { .. }));

    store.register(ask("b", 1)).await.unwrap();
    bench.clock.step(SignedDuration::from_mins(61));
    let late = store.register(ask("b", 2)).await.unwrap_err();
    assert!(matches!(late, Refusal::ClientExists { .. }));
    assert_eq!(store.tree().clients(customer), 2);
}

#[tokio::test]
async fn a_pass_key_never_takes_over_a_client_whose_password_an_administrator_has_set() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let store = &bench.store;
    let ask = |id: &str, byte| register(customer, id, "psk_ABC", byte);
    store.register(ask("used", 1)).await.unwrap();
    let used = bench.state(customer, "used").await.unwrap();
    let used = used.client.as_ref().unwrap().id;
    store.first_login(used).await.unwrap();
    store.register(ask("unused", 1)).await.unwrap();
    for id in ["used", "unused"] {
        let at = address(&format!("abc/{id}"));
        store
            .reset_password(at, credential(9), who("root"))
            .await
            .unwrap();
        let exists = store.register(ask(id, 2)).await.unwrap_err();
        assert!(matches!(exists, Refusal::ClientExists { .. }), "{exists:?}");
        let state = bench.state(customer, id).await.unwrap();
        assert_eq!(state.client.as_ref().unwrap().credential, credential(9));
    }
    bench.client("abc", "added").await;
    let exists = store.register(ask("added", 2)).await.unwrap_err();
    assert!(matches!(exists, Refusal::ClientExists { .. }), "{exists:?}");
}

#[tokio::test]
async fn a_pass_key_issues_anew_only_what_it_gave_itself_and_that_also_when_it_is_used_up() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let store = &bench.store;
    store
        .register(register(customer, "old", "psk_ABC", 1))
        .await
        .unwrap();
    store
        .rotate_pass_key("abc".into(), "psk_new".into(), None, Some(1), who("root"))
        .await
        .unwrap();
    let ask = |id: &str, byte| register(customer, id, "psk_new", byte);
    store.register(ask("new", 1)).await.unwrap();
    let tree = store.tree();
    let key = &tree.customers.get(&customer).unwrap().pass_key;
    assert_eq!(key.usable_at(bench.clock.wall()), Err(PassKeyError::UsedUp));
    let lost = store.register(ask("new", 2)).await.unwrap();
    assert!(matches!(lost, Registered::Reissued(_)));
    let exists = store.register(ask("old", 2)).await.unwrap_err();
    assert!(matches!(exists, Refusal::ClientExists { .. }), "{exists:?}");
}

#[tokio::test]
async fn nothing_is_issued_anew_after_the_pass_keys_end_or_while_anyone_above_is_suspended() {
    let bench = Bench::new();
    let customer = bench.customer("ABC", &[]).await;
    let store = &bench.store;
    let ends = bench.clock.wall() + SignedDuration::from_mins(30);
    store
        .rotate_pass_key(
            "abc".into(),
            "psk_new".into(),
            Some(ends),
            None,
            who("root"),
        )
        .await
        .unwrap();
    let ask = |byte| register(customer, "laptop", "psk_new", byte);
    store.register(ask(1)).await.unwrap();
    let switch = |target: Target, to: &'static str| {
        store.edit(
            Edit {
                target,
                assignments: assignments(&[("activated", to)]),
                expect_revision: None,
                dry_run: false,
            },
            who("root"),
        )
    };
    let targets = [
        (Target::Reseller("default".into()), "reseller-inactive"),
        (Target::Customer("abc".into()), "customer-inactive"),
        (Target::Client(address("abc/laptop")), "client-inactive"),
    ];
    for (target, code) in targets {
        switch(target.clone(), "no").await.unwrap();
        let refused = store.register(ask(2)).await.unwrap_err();
        assert_eq!(refused.code(), code);
        switch(target, "yes").await.unwrap();
        let again = store.register(ask(2)).await.unwrap();
        assert!(matches!(again, Registered::Reissued(_)));
    }
    bench.clock.step(SignedDuration::from_mins(31));
    let refused = store.register(ask(3)).await.unwrap_err();
    assert_eq!(refused, Refusal::PassKeyExpired);
    let state = bench.state(customer, "laptop").await.unwrap();
    assert_eq!(state.client.as_ref().unwrap().credential, credential(2));
}
