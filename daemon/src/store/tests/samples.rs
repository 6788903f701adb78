//! Daily samples: one a day for each schedule, kept for 400 days.

use jiff::SignedDuration;

use super::*;

const DAY: i64 = 24;

impl Bench {
    /// So many bytes more are used by a schedule.
    async fn uses(&self, schedule: &Schedule, bytes: u64) {
        let mut work = self.store.work(schedule.id, false).await.unwrap();
        work.reserve(bytes, |_| Ok(())).unwrap();
        work.stored();
    }

    async fn sample(&self) -> bool {
        self.store.sample(self.clock.wall()).await.unwrap()
    }

    fn later(&self, hours: i64) {
        self.clock.step(SignedDuration::from_hours(hours));
    }

    /// What was used on each day, counted from the test's first.
    async fn samples(&self, schedule: &Schedule) -> Vec<(u64, u64)> {
        let number = schedule.id;
        let read = move |reader: &Reader| {
            let mut sum = UsedByDay::new();
            reader.add_used(number, 0..=u64::MAX, &mut sum)?;
            Ok(sum)
        };
        let first = day_of("2026-11-25T12:00:00Z".parse().unwrap(), &Zone::utc());
        let samples = self.store.read(read).await.unwrap().into_iter();
        samples.map(|(day, used)| (day - first, used)).collect()
    }
}

#[tokio::test]
async fn a_schedule_has_one_sample_a_day_and_the_first_one_stays() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let client = bench.client("abc-inc", "pc").await;
    let schedule = bench.schedule(client.id, "default").await;
    bench.uses(&schedule, 100).await;
    assert!(bench.sample().await);
    bench.uses(&schedule, 10).await;
    assert!(bench.sample().await);
    assert_eq!(bench.samples(&schedule).await, [(0, 100)]);
    // Midnight of the server's zone is what parts days.
    bench.later(11);
    assert!(bench.sample().await);
    assert_eq!(bench.samples(&schedule).await, [(0, 100)]);
    bench.later(1);
    assert!(bench.sample().await);
    assert_eq!(bench.samples(&schedule).await, [(0, 100), (1, 110)]);
    // A clock that is set back changes nothing of what is kept.
    bench.later(-DAY);
    assert!(bench.sample().await);
    bench.later(3 * DAY);
    assert!(bench.sample().await);
    let kept = [(0, 100), (1, 110), (3, 110)];
    assert_eq!(bench.samples(&schedule).await, kept);
}

#[tokio::test]
async fn samples_are_kept_for_400_days() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let client = bench.client("abc-inc", "pc").await;
    let schedule = bench.schedule(client.id, "default").await;
    for _ in 0..3 {
        bench.sample().await;
        bench.later(DAY);
    }
    bench.later(397 * DAY);
    bench.sample().await;
    let days = |samples: Vec<(u64, u64)>| samples.into_iter().map(|(day, _)| day);
    let kept: Vec<u64> = days(bench.samples(&schedule).await).collect();
    assert_eq!(kept, [0, 1, 2, 400]);
    bench.later(DAY);
    bench.sample().await;
    let kept: Vec<u64> = days(bench.samples(&schedule).await).collect();
    assert_eq!(kept, [1, 2, 400, 401]);
    bench.later(100 * DAY);
    bench.sample().await;
    let kept: Vec<u64> = days(bench.samples(&schedule).await).collect();
    assert_eq!(kept, [400, 401, 501]);
}

#[tokio::test]
async fn what_was_interrupted_has_no_sample_until_it_is_counted() {
    let mut bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let client = bench.client("abc-inc", "pc").await;
    let [whole, cut] = ["whole", "cut"].map(|name| bench.schedule(client.id, name));
    let (whole, cut) = (whole.await, cut.await);
    bench.uses(&whole, 100).await;
    bench.store.keep_used().await.unwrap();
    // Its mark is there, its figure never is.
    bench.uses(&cut, 50).await;
    bench.reopen().await;
    assert!(!bench.sample().await);
    assert_eq!(bench.samples(&whole).await, [(0, 100)]);
    assert_eq!(bench.samples(&cut).await, []);
}

#[tokio::test]
async fn more_schedules_than_one_transaction_takes_are_all_sampled() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let mut schedules = Vec::new();
    for client in 0..17 {
        let client = bench.client("abc-inc", &format!("pc{client}")).await;
        let asked = (0..31).map(|number| {
            let name = format!("s{number}");
            let bench = &bench;
            async move { bench.schedule(client.id, &name).await }
        });
        for one in asked {
            schedules.push(one.await);
        }
    }
    assert!(bench.sample().await);
    for schedule in &schedules {
        assert_eq!(bench.samples(schedule).await, [(0, 0)]);
    }
}

#[tokio::test]
async fn the_trash_keeps_samples_and_takes_none_and_what_is_deleted_for_good_has_none() {
    let bench = Bench::new();
    bench.customer("ABC Inc.", &[]).await;
    let client = bench.client("abc-inc", "pc").await;
    let schedule = bench.schedule(client.id, "default").await;
    bench.uses(&schedule, 100).await;
    bench.sample().await;
    let address: Address = "abc-inc/pc/default".parse().unwrap();
    let removal = bench.store.remove_schedule(address, who("root")).await;
    let item = removal.unwrap().item;
    bench.store.trash_settled(item).await.unwrap();
    bench.later(DAY);
    assert!(bench.sample().await);
    assert_eq!(bench.samples(&schedule).await, [(0, 100)]);
    bench.store.trash_empty(item, who("root")).await.unwrap();
    bench.store.trash_gone(item).await.unwrap();
    assert_eq!(bench.samples(&schedule).await, []);
}

#[test]
fn days_are_those_of_the_zone() {
    let at: Timestamp = "2026-11-25T23:30:00Z".parse().unwrap();
    let day = day_of(at, &Zone::utc());
    assert_eq!(date_of(day).to_string(), "2026-11-25");
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    assert_eq!(day_of(at, &berlin), day + 1);
    assert_eq!(date_of(u64::MAX), date_of(u64::MAX - 1));
    assert_eq!(day_of(Timestamp::MIN, &Zone::utc()), 0);
}
