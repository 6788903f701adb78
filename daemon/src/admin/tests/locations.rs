//! Locations: made, used at once, and forgotten.

use std::fs;

use penstock_policy::edit::Assignment;
use penstock_wire::reply::{Explained, FailureCode};
use penstock_wire::request::Target;
use penstock_wire::view::{LocationView, Severity, Status};

use super::*;

impl House {
    async fn location(&self, name: &str, path: &str) -> LocationView {
        let path = self.dir.path().join(path).display().to_string();
        let name = name.to_owned();
        let add = Request::LocationAdd { name, path };
        match self.control().await.done(add).await {
            Answer::Location(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    async fn refused(&self, name: &str, path: &str) -> Failure {
        let (name, path) = (name.to_owned(), path.to_owned());
        let add = Request::LocationAdd { name, path };
        self.control().await.failed(add).await
    }

    async fn listed(&self) -> Vec<LocationView> {
        match self.view().await.done(Request::Locations {}).await {
            Answer::Locations(list) => list.items,
            other => panic!("{other:?}"),
        }
    }

    async fn glance(&self) -> Status {
        match self.view().await.done(Request::Status {}).await {
            Answer::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    async fn explained(&self, address: &str) -> Explained {
        let ask = Request::Explain {
            address: at(address),
            at: None,
            bytes: None,
        };
        match self.view().await.done(ask).await {
            Answer::Explanation(explained) => explained,
            other => panic!("{other:?}"),
        }
    }

    async fn edit(&self, target: Target, field: &str, value: &str) {
        let edit = Request::Edit {
            target,
            assignments: vec![Assignment {
                field: field.into(),
                value: value.into(),
            }],
            expect_revision: None,
            dry_run: false,
        };
        self.control().await.edited(edit).await;
    }
}

fn forget(name: &str) -> Request {
    Request::LocationForget { name: name.into() }
}

/// The code with which an act would be refused.
fn verdict(explained: &Explained, act: &str) -> Option<String> {
    let mut verdicts = explained.explanation.verdicts.iter();
    let verdict = verdicts.find(|verdict| verdict.act == act).unwrap();
    verdict.refusal.as_ref().map(|refusal| refusal.code.clone())
}

#[tokio::test]
async fn an_added_location_works_at_once() {
    let house = House::new().await;
    let added = house.location("second", "second/").await;
    assert_eq!(added.name, "second");
    let folder = house.dir.path().join("second");
    assert_eq!(added.path, folder.display().to_string());
    assert!(added.available && !added.default);
    assert!(folder.join(".penstock-location").exists());
    let names: Vec<String> = house.listed().await.into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["main", "second"]);
    let location = house.context.locations.get("second").unwrap();
    location.check().await.unwrap();
    let recorded = house.context.store.read(|reader| reader.locations()).await;
    let recorded = recorded.unwrap();
    assert!(recorded.iter().any(|it| it.id == location.id()));
    let Answer::Audit(audit) = house
        .view()
        .await
        .done(Request::Audit {
            address: None,
            since: None,
            page: first(),
        })
        .await
    else {
        panic!("no audit");
    };
    assert_eq!(audit.items[0].verb, "location add");
    assert_eq!(audit.items[0].record, "location second");
}

#[tokio::test]
async fn names_and_paths_that_make_no_location_are_refused_and_nothing_is_made() {
    let house = House::new().await;
    let dir = house.dir.path();
    let below = |path: &str| dir.join(path).display().to_string();
    fs::create_dir(dir.join("outside")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.join("link")).unwrap();
    let link = below("link/second");
    for (name, path, word) in [
        ("inherit", below("second"), "inherit"),
        ("Second", below("second"), "name"),
        ("second", "second".to_owned(), "absolute"),
        ("second", below("outside/../second"), "absolute"),
        ("second", below("line\nbreak"), "control character"),
        ("second", "/var/second".to_owned(), "location_roots"),
        ("second", dir.display().to_string(), "location_roots"),
        ("second", link, "location_roots"),
        ("second", below("missing/second"), "mount its disk"),
        ("main", below("second"), "already"),
        ("second", below("main"), "location main"),
        ("second", below("main/below"), "location main"),
    ] {
        let failure = house.refused(name, &path).await;
        assert!(
            failure.message.contains(word),
            "{path}: {}",
            failure.message
        );
    }
    assert!(!dir.join("second").exists() && !dir.join("missing").exists());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert_eq!(house.listed().await.len(), 1);
    let ask = Request::LocationAdd {
        name: "second".into(),
        path: below("second"),
    };
    let failure = house.view().await.failed(ask).await;
    assert_eq!(failure.code, FailureCode::NotPermitted);
}

#[tokio::test]
async fn a_folder_around_a_location_is_no_location() {
    let house = House::new().await;
    fs::create_dir(house.dir.path().join("around")).unwrap();
    house.location("inner", "around/inner").await;
    let around = house.dir.path().join("around").display().to_string();
    let failure = house.refused("outer", &around).await;
    assert_eq!(failure.code, FailureCode::Exists);
    assert!(failure.message.contains("location inner"));
    assert!(!house.dir.path().join("around/.penstock-location").exists());
}

#[tokio::test]
async fn a_forgotten_location_keeps_its_folder_and_is_taken_again_as_it_is() {
    let house = House::new().await;
    house.location("second", "second").await;
    let marker = house.dir.path().join("second/.penstock-location");
    let before = fs::read(&marker).unwrap();
    house.control().await.done(forget("second")).await;
    assert_eq!(house.listed().await.len(), 1);
    assert!(house.context.locations.get("second").is_none());
    assert_eq!(fs::read(&marker).unwrap(), before);

    // A copy of a location would be mistaken for it.
    house.location("again", "second").await;
    assert_eq!(fs::read(&marker).unwrap(), before);
    let copy = house.dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(&marker, copy.join(".penstock-location")).unwrap();
    let failure = house.refused("copy", &copy.display().to_string()).await;
    assert!(failure.message.contains("the marker of location again"));
}

#[tokio::test]
async fn a_location_that_is_needed_is_not_forgotten() {
    let house = House::new().await;
    house.location("second", "second").await;
    house.add_customer("ABC Inc.").await;
    let customer = || Target::Customer {
        customer: "abc-inc".into(),
    };
    house.edit(customer(), "location", "second").await;
    let mut talk = house.control().await;
    let failure = talk.failed(forget("second")).await;
    assert_eq!(failure.code, FailureCode::Refused);
    assert!(failure.message.contains("customer abc-inc"));
    assert!(house.context.locations.get("second").is_some());
    let failure = talk.failed(forget("secont")).await;
    assert_eq!(failure.code, FailureCode::NotFound);
    assert_eq!(failure.nearest.as_deref(), Some("second"));
    assert_eq!(
        house.view().await.failed(forget("second")).await.code,
        FailureCode::NotPermitted
    );
    house.edit(customer(), "location", "inherit").await;
    talk.done(forget("second")).await;
}

#[tokio::test]
async fn what_is_sold_of_a_location_follows_the_customers_levels() {
    let house = House::new().await;
    house.location("second", "second").await;
    for (name, space) in [("one", "10GiB"), ("two", "5GiB")] {
        house.add_customer(name).await;
        let customer = Target::Customer {
            customer: name.into(),
        };
        house.edit(customer, "space", space).await;
    }
    let sold = |views: Vec<LocationView>| views.into_iter().map(|view| view.sold >> 30);
    let now: Vec<u64> = sold(house.listed().await).collect();
    assert_eq!(now, [15, 0]);
    let customer = Target::Customer {
        customer: "two".into(),
    };
    house.edit(customer, "location", "second").await;
    let now: Vec<u64> = sold(house.listed().await).collect();
    assert_eq!(now, [10, 5]);
}

#[tokio::test]
async fn a_location_whose_disk_is_away_is_told_and_explained_until_it_is_back() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    house.add_schedule("abc-inc", "pc", "default").await;
    let (here, away) = (house.folder(""), house.dir.path().join("away"));
    fs::rename(&here, &away).unwrap();
    let status = house.glance().await;
    let first = &status.attention[0];
    assert_eq!(first.severity, Severity::Critical);
    assert!(first.text.starts_with("location main can't be used"));
    assert!(!status.locations[0].available);
    assert!(status.locations[0].problem.is_some());
    let explained = house.explained("abc-inc/pc/default").await;
    for act in ["backup", "restore", "delete", "create"] {
        let code = verdict(&explained, act);
        assert_eq!(code.as_deref(), Some("location-unavailable"), "{act}");
    }
    fs::rename(&away, &here).unwrap();
    assert!(house.glance().await.locations[0].available);
    let explained = house.explained("abc-inc/pc/default").await;
    assert_eq!(verdict(&explained, "restore"), None);
}

#[tokio::test]
async fn a_schedule_whose_folder_is_gone_is_explained_as_unavailable() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let gone = house.add_schedule("abc-inc", "pc", "gone").await;
    house.add_schedule("abc-inc", "pc", "there").await;
    fs::remove_dir_all(house.folder(&gone.folder)).unwrap();
    let explained = house.explained("abc-inc/pc/gone").await;
    let code = verdict(&explained, "restore");
    assert_eq!(code.as_deref(), Some("location-unavailable"));
    let explained = house.explained("abc-inc/pc/there").await;
    assert_eq!(verdict(&explained, "restore"), None);
}

#[tokio::test]
async fn a_disk_within_its_reserve_is_told_and_explained() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    house.add_schedule("abc-inc", "pc", "default").await;
    // The largest reserve there is, and none: whatever disk this is, both say what statvfs(3) says.
    for percent in [50, 0] {
        house
            .edit(Target::Server {}, "disk_reserve", &percent.to_string())
            .await;
        let view = &house.listed().await[0];
        let (free, total) = (view.free.unwrap(), view.total.unwrap());
        let reserve = total.div_ceil(2) * percent / 50;
        assert_eq!(view.reserve, Some(reserve));
        let within = free < reserve;
        let told = house.glance().await.attention;
        let mut told = told.iter().filter(|a| a.text.contains("disk reserve"));
        let severity = told.next().map(|told| told.severity);
        assert_eq!(severity, within.then_some(Severity::Critical));
        let explained = house.explained("abc-inc/pc/default").await;
        let code = verdict(&explained, "backup");
        assert_eq!(code.as_deref(), within.then_some("disk-reserve"));
        for act in ["restore", "delete"] {
            assert_eq!(verdict(&explained, act), None, "{act}");
        }
    }
}
