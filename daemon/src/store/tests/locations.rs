//! Locations in the records: each on its own, and none forgotten while something needs it.

use super::*;

fn record(name: &str, path: &str) -> LocationRecord {
    LocationRecord {
        name: name.into(),
        path: path.into(),
        id: format!("marker-of-{path}"),
    }
}

impl Bench {
    async fn locate(&self, name: &str, path: &str) -> Result<u64, Rejected> {
        let location = record(name, path);
        self.store.add_location(location, who("root")).await
    }

    async fn forget(&self, name: &str) -> Result<u64, Rejected> {
        self.store.forget_location(name.into(), who("root")).await
    }

    async fn locations(&self) -> Vec<String> {
        let recorded = self.store.read(|reader| reader.locations()).await.unwrap();
        recorded.into_iter().map(|location| location.name).collect()
    }
}

#[tokio::test]
async fn a_location_has_a_name_a_marker_and_a_folder_of_its_own() {
    let bench = Bench::new();
    bench.locate("main", "/srv/main").await.unwrap();
    for (name, path) in [
        ("main", "/srv/other"),
        ("other", "/srv/main"),
        ("other", "/srv/main/below"),
        ("other", "/srv"),
    ] {
        let refused = bench.locate(name, path).await;
        assert!(matches!(refused, Err(Rejected::Exists(_))), "{name} {path}");
    }
    let twin = LocationRecord {
        id: record("main", "/srv/main").id,
        ..record("twin", "/mnt/copy")
    };
    let refused = bench.store.add_location(twin, who("root")).await;
    assert!(matches!(refused, Err(Rejected::Exists(_))));
    bench.locate("other", "/srv/main2").await.unwrap();
    assert_eq!(bench.locations().await, ["main", "other"]);
    assert_eq!(bench.entries("location add").await, 2);
    bench.verify().await.unwrap();
}

#[tokio::test]
async fn a_location_is_forgotten_only_when_nothing_lies_on_it_and_nothing_names_it() {
    let bench = Bench::new();
    bench.locate("main", "/srv/main").await.unwrap();
    bench.locate("second", "/srv/second").await.unwrap();
    let reason = |refused: Result<u64, Rejected>| refused.unwrap_err().to_string();

    assert!(reason(bench.forget("main").await).contains("the server's location"));
    assert!(reason(bench.forget("secnd").await).contains("did you mean \"second\""));

    let customer = bench.customer("ABC Inc.", &[("location", "second")]).await;
    assert!(reason(bench.forget("second").await).contains("customer abc-inc"));

    let client = bench.client("abc-inc", "pc").await;
    let ask = NewSchedule {
        client: client.id,
        name: "default".parse().unwrap(),
        location: "second".into(),
    };
    bench.store.create_schedule(ask).await.unwrap();
    bench
        .edit("abc-inc", &[("location", "inherit")])
        .await
        .unwrap();
    assert!(reason(bench.forget("second").await).contains("1 schedule lies on location second"));

    // What lies in the trash lies on it too.
    let address: Address = "abc-inc/pc/default".parse().unwrap();
    let removal = bench.store.remove_schedule(address, who("root")).await;
    let item = removal.unwrap().item;
    bench.store.trash_settled(item).await.unwrap();
    assert!(reason(bench.forget("second").await).contains("1 schedule lies"));
    bench.store.trash_empty(item, who("root")).await.unwrap();
    bench.store.trash_gone(item).await.unwrap();

    // And what in the trash names it can come back.
    let ask = Edit {
        target: Target::Client("abc-inc/pc".parse().unwrap()),
        assignments: assignments(&[("location", "second")]),
        expect_revision: None,
        dry_run: false,
    };
    bench.store.edit(ask, who("root")).await.unwrap();
    assert!(reason(bench.forget("second").await).contains("client abc-inc/pc"));
    let address: Address = "abc-inc/pc".parse().unwrap();
    let removal = bench.store.remove_client(address, true, who("root")).await;
    let item = removal.unwrap().item;
    bench.store.trash_settled(item).await.unwrap();
    assert!(reason(bench.forget("second").await).contains("of the trash"));
    bench.store.trash_empty(item, who("root")).await.unwrap();
    bench.store.trash_gone(item).await.unwrap();

    bench.forget("second").await.unwrap();
    assert_eq!(bench.locations().await, ["main"]);
    assert_eq!(bench.entries("location forget").await, 1);
    assert!(bench.store.tree().customers.get(&customer).is_some());
}

#[tokio::test]
async fn undoing_a_location_names_the_command_that_does_the_opposite() {
    let bench = Bench::new();
    let edit = bench.locate("main", "/srv/main").await.unwrap();
    let refused = bench.store.undo(edit, false, who("root")).await;
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("`location forget`"), "{reason}");
}
