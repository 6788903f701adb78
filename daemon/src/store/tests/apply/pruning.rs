//! What isn't declared goes to the trash, and what nobody claimed to declare stays.

use super::*;

#[tokio::test]
async fn pruning_leaves_what_nobody_claimed_to_declare() {
    let bench = Bench::new();
    let tree = [
        reseller("north", &[]),
        reseller("south", &[]),
        customer("abc", Some("north"), &[]),
        customer("def", Some("south"), &[]),
        client("abc", "a", &[]),
        client("abc", "b", &[]),
        client("def", "c", &[]),
        client("default", "d", &[]),
    ];
    bench.apply(&tree).await.unwrap();
    let part = [customer("abc", None, &[]), client("abc", "a", &[])];
    for dry_run in [true, false] {
        let applied = bench.applies(&part, dry_run, true).await.unwrap();
        assert_eq!(verbs(&applied), [("client remove", "abc/b")]);
        assert_eq!(applied.removals.len(), usize::from(!dry_run));
    }
    let whole = [server(&[]), part[0].clone(), part[1].clone()];
    let applied = bench.applies(&whole, false, true).await.unwrap();
    assert_eq!(
        verbs(&applied),
        [
            ("customer remove", "def"),
            ("reseller remove", "reseller south")
        ]
    );
    assert!(
        applied.notes[0].contains("reseller north isn't declared, but stays"),
        "{:?}",
        applied.notes
    );
    let tree = bench.store.tree();
    assert!(tree.resellers.get(&RecordId::DEFAULT_RESELLER).is_some());
    assert_eq!(tree.clients(RecordId::DEFAULT_CUSTOMER), 1);
    let trash = bench.store.read(|reader| reader.trash()).await.unwrap();
    let kinds: Vec<&str> = trash.iter().map(|item| item.address.as_str()).collect();
    assert_eq!(kinds, ["abc/b", "def"]);
    assert!(bench.verify().await.is_ok());
}

#[tokio::test]
async fn a_pruned_schedule_is_known_beforehand() {
    let bench = Bench::new();
    bench.customer("abc", &[]).await;
    let gone = bench.client("abc", "gone").await;
    let kept = bench.client("abc", "kept").await;
    let schedule = bench.schedule(gone.id, "default").await;
    bench.schedule(kept.id, "default").await;
    let staged = |record| Staged {
        record,
        fresh: None,
    };
    let records = [customer("abc", None, &[]), client("abc", "kept", &[])].map(staged);
    let records = Arc::new(records.to_vec());
    let found = bench.store.pruned_schedules(records).await.unwrap();
    assert_eq!(found, [schedule.id]);
}
