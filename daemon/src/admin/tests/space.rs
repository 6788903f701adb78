//! The tree of space, what was used on each day, and what runs full.

use jiff::SignedDuration;
use penstock_policy::edit::Assignment;
use penstock_policy::throttle::Level;
use penstock_wire::request::Target;
use penstock_wire::view::{Attention, CustomerView, SpaceLine, Status};

use super::*;

impl House {
    /// So many bytes more are used by a schedule.
    pub(super) async fn uses(&self, schedule: &Schedule, bytes: u64) {
        let work = self.context.store.work(schedule.id, false).await;
        let mut work = work.unwrap();
        work.reserve(bytes, |_| Ok(())).unwrap();
        work.stored();
    }

    /// Today's samples are kept, and it is a day later.
    async fn a_day_passes(&self) {
        let now = self.context.clock.wall();
        assert!(self.context.store.sample(now).await.unwrap());
        self.context.clock.step(SignedDuration::from_hours(24));
    }

    pub(super) async fn set(&self, target: Target, field: &str, value: &str) {
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

    async fn space(&self, address: Option<&str>) -> (Vec<SpaceLine>, usize) {
        let mut talk = self.view().await;
        let (mut lines, mut page, mut pages) = (Vec::new(), first(), 0);
        loop {
            let address = address.map(at);
            let Answer::Space(list) = talk.done(Request::Space { address, page }).await else {
                panic!("no space");
            };
            lines.extend(list.items);
            pages += 1;
            match list.next {
                None => return (lines, pages),
                next => page = Page { after: next },
            }
        }
    }

    async fn history(&self, address: &str, days: u32) -> Vec<(String, u64)> {
        let ask = Request::SpaceHistory {
            address: at(address),
            days,
        };
        let Answer::SpaceHistory(list) = self.view().await.done(ask).await else {
            panic!("no history");
        };
        let days = list.items.into_iter();
        days.map(|day| (day.day.to_string(), day.used)).collect()
    }

    pub(super) async fn customer(&self, name: &str) -> CustomerView {
        let ask = Request::Customer {
            customer: name.into(),
        };
        match self.view().await.done(ask).await {
            Answer::Customer(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn status(&self) -> Status {
        match self.view().await.done(Request::Status {}).await {
            Answer::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn attention(&self, words: &str) -> Attention {
        let all = self.status().await.attention;
        let found = all.iter().find(|attention| attention.text.contains(words));
        found
            .unwrap_or_else(|| panic!("no {words:?} in {all:#?}"))
            .clone()
    }
}

fn customer(name: &str) -> Target {
    Target::Customer {
        customer: name.into(),
    }
}

#[tokio::test]
async fn the_tree_is_printed_from_the_server_down_in_order() {
    let house = House::new().await;
    let mut talk = house.control().await;
    for name in ["Zeta", "Acme"] {
        let add = Request::ResellerAdd {
            name: name.into(),
            short: None,
            assignments: Vec::new(),
            dry_run: false,
        };
        talk.edited(add).await;
    }
    for (name, reseller) in [("beta", "zeta"), ("alpha", "zeta"), ("gamma", "acme")] {
        let mut add = customer_add(name);
        if let Request::CustomerAdd { reseller: of, .. } = &mut add {
            *of = Some(reseller.into());
        }
        talk.edited(add).await;
    }
    house.set(Target::Server {}, "space", "100GiB").await;
    let reseller = || Target::Reseller {
        reseller: "zeta".into(),
    };
    house.set(reseller(), "space", "50GiB").await;
    house.set(customer("alpha"), "space", "10GiB").await;
    house.add_client("alpha", "pc").await;
    house.add_client("alpha", "laptop").await;
    let a = house.add_schedule("alpha", "pc", "a").await;
    house.add_schedule("alpha", "pc", "b").await;
    house.uses(&a, 1 << 30).await;

    let (lines, pages) = house.space(None).await;
    assert_eq!(pages, 1);
    let shown: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.kind.as_str(), line.address.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("server", "server"),
            ("reseller", "reseller acme"),
            ("customer", "gamma"),
            ("reseller", "reseller default"),
            ("customer", "default"),
            ("reseller", "reseller zeta"),
            ("customer", "alpha"),
            ("client", "alpha/laptop"),
            ("client", "alpha/pc"),
            ("schedule", "alpha/pc/a"),
            ("schedule", "alpha/pc/b"),
            ("customer", "beta"),
        ]
    );
    let line = |address: &str| lines.iter().find(|line| line.address == address).unwrap();
    for (address, allotted, sold) in [
        ("server", Some(100), Some(50)),
        ("reseller zeta", Some(50), Some(20)),
        ("alpha", Some(10), Some(0)),
        ("alpha/pc", None, None),
        ("alpha/pc/a", None, None),
    ] {
        let line = line(address);
        assert_eq!(
            line.allotted,
            allotted.map(|gib: u64| gib << 30),
            "{address}"
        );
        assert_eq!(line.sold, sold, "{address}");
        assert_eq!(line.used, 1 << 30, "{address}");
        let free = allotted.map(|gib: u64| (gib - 1) << 30);
        assert_eq!(line.free, free, "{address}");
    }
    assert_eq!(line("server").mcals.as_deref(), Some("unlimited"));
    assert_eq!(line("alpha").mcals.as_deref(), Some("Auto"));
    assert_eq!(line("alpha").mcals_used, Some(0));
    assert_eq!(line("alpha/pc").mcals, None);
    assert_eq!(line("beta").used, 0);

    let addresses = |lines: Vec<SpaceLine>| -> Vec<String> {
        lines.into_iter().map(|line| line.address).collect()
    };
    assert_eq!(
        addresses(house.space(Some("alpha/pc")).await.0),
        ["alpha/pc", "alpha/pc/a", "alpha/pc/b"]
    );
    assert_eq!(
        addresses(house.space(Some("alpha/pc/b")).await.0),
        ["alpha/pc/b"]
    );
    assert_eq!(house.space(Some("alpha")).await.0.len(), 5);
}

#[tokio::test]
async fn every_line_of_a_large_tree_is_on_one_page_and_only_there() {
    let house = House::new().await;
    let mut talk = house.control().await;
    let mut expected = vec!["server".to_owned()];
    expected.extend(["reseller default", "default"].map(str::to_owned));
    for name in ["one", "three", "two"] {
        talk.edited(customer_add(name)).await;
        expected.push(name.to_owned());
        let mut ids: Vec<String> = (0..100).map(|n| format!("pc{n}")).collect();
        let mut add = client_add(name, "pc");
        if let Request::ClientAdd { ids: into, .. } = &mut add {
            *into = ids.iter().map(|id| id.parse().unwrap()).collect();
        }
        talk.done(add).await;
        ids.sort();
        for id in ids {
            expected.push(format!("{name}/{id}"));
            if name == "two" {
                for schedule in ["a", "b"] {
                    let ask = NewSchedule {
                        client: house.client(name, &id).await.id,
                        name: schedule.parse().unwrap(),
                        location: "main".into(),
                    };
                    house.context.store.create_schedule(ask).await.unwrap();
                    expected.push(format!("{name}/{id}/{schedule}"));
                }
            }
        }
    }
    let (lines, pages) = house.space(None).await;
    let shown: Vec<String> = lines.into_iter().map(|line| line.address).collect();
    assert_eq!(shown, expected);
    assert_eq!(pages, expected.len().div_ceil(200));
    let (lines, pages) = house.space(Some("two")).await;
    assert_eq!((lines.len(), pages), (301, 2));

    for after in ["one", "/a/b/c/d/e"] {
        let ask = Request::Space {
            address: None,
            page: Page {
                after: Some(after.into()),
            },
        };
        assert!(talk.failed(ask).await.message.contains("no page"));
    }
}

#[tokio::test]
async fn the_history_sums_what_is_there_and_ends_with_this_moment() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    for id in ["pc", "laptop"] {
        house.add_client("abc-inc", id).await;
    }
    let pc = house.add_schedule("abc-inc", "pc", "default").await;
    house.uses(&pc, 10).await;
    house.a_day_passes().await;
    let laptop = house.add_schedule("abc-inc", "laptop", "default").await;
    house.uses(&laptop, 5).await;
    house.a_day_passes().await;
    // A day without any sample.
    house.context.clock.step(SignedDuration::from_hours(24));
    house.uses(&pc, 100).await;

    let day = |day: &str, used| (format!("2026-11-{day}"), used);
    assert_eq!(
        house.history("abc-inc", 400).await,
        [day("24", 10), day("25", 15), day("27", 115)]
    );
    assert_eq!(
        house.history("abc-inc/pc", 400).await,
        [day("24", 10), day("25", 10), day("27", 110)]
    );
    assert_eq!(
        house.history("abc-inc/laptop/default", 3).await,
        [day("25", 5), day("27", 5)]
    );
    assert_eq!(house.history("abc-inc", 1).await, [day("27", 115)]);
    for days in [0, 401] {
        let ask = Request::SpaceHistory {
            address: at("abc-inc"),
            days,
        };
        let failure = house.control().await.failed(ask).await;
        assert!(failure.message.contains("1 to 400"), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_customer_is_told_which_limit_it_runs_into_first() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_customer("Other").await;
    house.add_client("abc-inc", "pc").await;
    house.add_client("other", "pc").await;
    let own = house.add_schedule("abc-inc", "pc", "default").await;
    let others = house.add_schedule("other", "pc", "default").await;
    for _ in 0..4 {
        house.uses(&own, 1 << 30).await;
        house.uses(&others, 9 << 30).await;
        house.a_day_passes().await;
    }
    assert_eq!(house.customer("abc-inc").await.full_in, None);
    house.set(customer("abc-inc"), "space", "23GiB").await;
    let full = house.customer("abc-inc").await.full_in.unwrap();
    assert_eq!((full.days, full.level), (19, Level::Customer));
    // All customers together grow by 10 GiB a day.
    let reseller = Target::Reseller {
        reseller: "default".into(),
    };
    house.set(reseller, "space", "90GiB").await;
    let full = house.customer("abc-inc").await.full_in.unwrap();
    assert_eq!((full.days, full.level), (5, Level::Reseller));
    house.set(Target::Server {}, "overcommit", "yes").await;
    house.set(Target::Server {}, "space", "60GiB").await;
    let full = house.customer("abc-inc").await.full_in.unwrap();
    assert_eq!((full.days, full.level), (2, Level::Server));

    let main = &house.status().await.locations[0];
    assert_eq!((main.schedules, main.used), (2, 40 << 30));
    let room = main.free.unwrap().saturating_sub(main.reserve.unwrap());
    assert_eq!(main.full_in_days, Some(room / (10 << 30)));
}

#[tokio::test]
async fn status_names_who_is_at_or_near_its_allotment() {
    let house = House::new().await;
    house.add_customer("ABC Inc.").await;
    house.add_client("abc-inc", "pc").await;
    let schedule = house.add_schedule("abc-inc", "pc", "default").await;
    house.uses(&schedule, 95 << 20).await;
    house.set(customer("abc-inc"), "space", "101MiB").await;
    let all = house.status().await.attention;
    assert!(
        !all.iter()
            .any(|attention| attention.text.contains("abc-inc"))
    );
    house.set(customer("abc-inc"), "space", "100MiB").await;
    let near = house.attention("customer abc-inc has used 95 %").await;
    assert_eq!(near.severity, penstock_wire::view::Severity::Warning);
    house.set(customer("abc-inc"), "space", "95MiB").await;
    let up = house.attention("customer abc-inc has used up").await;
    assert_eq!(up.severity, penstock_wire::view::Severity::Critical);
    assert_eq!(up.remedy, "penstockctl customer edit abc-inc --space +SIZE");
    house.set(Target::Server {}, "overcommit", "yes").await;
    house.set(Target::Server {}, "space", "90MiB").await;
    let server = house.attention("the server has used up").await;
    assert_eq!(server.remedy, "penstockctl server edit --space +SIZE");
}

#[tokio::test]
async fn status_tells_that_the_bank_is_empty() {
    let house = House::new().await;
    house.set(Target::Server {}, "mcals", "0").await;
    let told = house.attention("the bank has no MCALs left").await;
    assert!(told.remedy.starts_with("penstockctl mcal add "));
}
