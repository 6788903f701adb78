//! What a pacer promises, on tokio's paused time, held against the integral of the rate in force.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use penstock_policy::throttle::{Level, Source, Span, Throttle, WeekendDays, Zone, rate_at};
use penstock_policy::units::Rate;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;
use crate::clock::Clock;

const MIB: u64 = 1 << 20;
const FRAME: u64 = 64 << 10;
const MS: Duration = Duration::from_millis(1);

/// A record that is edited by hand.
struct Record {
    throttle: Mutex<Throttle>,
    version: AtomicU64,
}

impl Record {
    fn new(throttle: Throttle) -> Arc<Self> {
        Arc::new(Self {
            throttle: Mutex::new(throttle),
            version: AtomicU64::new(0),
        })
    }

    fn edit(&self, throttle: Throttle) {
        *self.throttle.lock().unwrap() = throttle;
        self.version.fetch_add(1, Ordering::Relaxed);
    }
}

impl RateSource for Record {
    fn span(&self, at: Timestamp) -> Span {
        let throttle = *self.throttle.lock().unwrap();
        let source = Source {
            level: Level::Customer,
            throttle: &throttle,
            zone: &Zone::utc(),
            weekend: WeekendDays::default(),
        };
        rate_at(&[source], at)
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }
}

fn at(bytes_per_second: u64) -> Throttle {
    let rate = Rate::from_bytes_per_second(bytes_per_second).unwrap();
    format!("{rate} always single-connection").parse().unwrap()
}

fn friday(time: &str) -> Clock {
    Clock::driven(format!("2026-11-06T{time}Z").parse().unwrap())
}

fn pacer(record: &Arc<Record>) -> Arc<Pacer> {
    paced(&friday("12:00:00"), record)
}

fn paced(clock: &Clock, record: &Arc<Record>) -> Arc<Pacer> {
    Arc::new(Pacer::new(clock.clone(), record.clone()))
}

/// Connections that pay as fast as they may, piece after piece; each counts what it got.
fn greedy(
    pacer: &Arc<Pacer>,
    connections: usize,
    piece: u64,
) -> (JoinSet<()>, Vec<Arc<AtomicU64>>) {
    let mut tasks = JoinSet::new();
    let shares: Vec<Arc<AtomicU64>> = (0..connections).map(|_| Arc::default()).collect();
    for share in &shares {
        let (payer, share) = (pacer.payer(), share.clone());
        tasks.spawn(async move {
            loop {
                payer.pay(piece).await;
                share.fetch_add(piece, Ordering::Relaxed);
                if payer.pacer().current().rate.is_none() {
                    sleep(MS).await;
                }
            }
        });
    }
    (tasks, shares)
}

/// What was paid, millisecond by millisecond, beside the integral of the rate: all in bytes x ns.
#[derive(Default)]
struct Trace {
    paid: Vec<i128>,
    due: Vec<i128>,
    rate: Vec<i128>,
}

impl Trace {
    /// Samples for `ms` milliseconds, making each edit of the plan after the sample of its time.
    async fn record(pacer: &Pacer, record: &Record, ms: usize, plan: &[(usize, u64)]) -> Self {
        let mut trace = Self::default();
        let (mut due, mut rate) = (0, i128::from(rate_of(record)));
        for now in 0..=ms {
            trace.paid.push(i128::from(pacer.paid()) * 1_000_000_000);
            trace.due.push(due);
            trace.rate.push(rate);
            for (_, edit) in plan.iter().filter(|(when, _)| *when == now) {
                record.edit(at(*edit));
                rate = i128::from(*edit);
            }
            due += rate * 1_000_000;
            sleep(MS).await;
        }
        trace
    }

    /// The most by which any interval exceeds the integral plus one burst at the rate it begins with.
    fn worst_excess(&self) -> i128 {
        let burst = Grain::FINE.burst().as_nanos() as i128;
        let (mut allowed, mut worst) = (i128::MAX, i128::MIN);
        for ((paid, due), rate) in self.paid.iter().zip(&self.due).zip(&self.rate) {
            let now = paid - due;
            worst = worst.max(now.saturating_sub(allowed));
            allowed = allowed.min(now + burst * rate);
        }
        worst
    }

    /// The most by which any interval falls short of the integral.
    fn worst_lack(&self) -> i128 {
        let (mut most, mut worst) = (i128::MIN, 0);
        for (paid, due) in self.paid.iter().zip(&self.due) {
            most = most.max(paid - due);
            worst = worst.max(most - (paid - due));
        }
        worst
    }
}

fn rate_of(record: &Record) -> u64 {
    let span = record.span(Timestamp::UNIX_EPOCH);
    span.rate.map_or(0, Rate::bytes_per_second)
}

#[tokio::test(start_paused = true)]
async fn the_mean_is_exact_at_every_rate() {
    for rate in [64 << 10, 4 * MIB, 8 * MIB, 16 * MIB, 500 * MIB] {
        for connections in [1, 5, 20] {
            let record = Record::new(at(rate));
            let pacer = pacer(&record);
            let (_tasks, _) = greedy(&pacer, connections, FRAME);
            let trace = Trace::record(&pacer, &record, 10_000, &[]).await;
            let burst = Grain::FINE.burst().as_nanos() as i128 * i128::from(rate);
            let excess = trace.worst_excess();
            assert!(excess <= 0, "{rate} B/s over {connections}: {excess}");
            let lack = trace.worst_lack();
            assert!(lack <= burst, "{rate} B/s over {connections}: {lack}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_coarse_grain_keeps_the_mean() {
    let record = Record::new(at(4 * MIB));
    let clock = friday("12:00:00");
    let pacer = Arc::new(Pacer::with_grain(
        clock,
        record.clone(),
        Grain::for_backups(1_001),
    ));
    let (_tasks, _) = greedy(&pacer, 5, FRAME);
    sleep(Duration::from_secs(10)).await;
    let paid = pacer.paid();
    let (most, least) = (4 * MIB * 10_050 / 1000, 4 * MIB * 9_975 / 1000);
    assert!((least..=most).contains(&paid), "{paid}");
}

#[tokio::test(start_paused = true)]
async fn connections_share_alike() {
    for connections in [5, 20] {
        for piece in [16 << 10, 256 << 10] {
            let record = Record::new(at(16 * MIB));
            let pacer = pacer(&record);
            let (_tasks, shares) = greedy(&pacer, connections, piece);
            sleep(Duration::from_secs(60)).await;
            let fair = pacer.paid() / connections as u64;
            for share in shares {
                let share = share.load(Ordering::Relaxed);
                assert!(share.abs_diff(fair) * 100 <= fair * 3, "{share} of {fair}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ten_edits_in_a_second_add_no_burst() {
    let (low, high) = (256 << 10, 200 * MIB);
    for phase in 0..20 {
        let record = Record::new(at(low));
        let pacer = pacer(&record);
        let (_tasks, _) = greedy(&pacer, 5, FRAME);
        let plan: Vec<_> = (0..10)
            .map(|nth| {
                (
                    500 + nth * 97 + phase,
                    if nth % 2 == 0 { high } else { low },
                )
            })
            .collect();
        let trace = Trace::record(&pacer, &record, 2_500, &plan).await;
        let excess = trace.worst_excess();
        assert!(excess <= 0, "phase {phase}: {excess}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_shows_at_the_next_quantum() {
    let record = Record::new(at(64 << 10));
    let pacer = pacer(&record);
    let (_tasks, _) = greedy(&pacer, 5, FRAME);
    sleep(Duration::from_secs(2)).await;
    for rate in [200 * MIB, 64 << 10, 8 * MIB] {
        record.edit(at(rate));
        sleep(Grain::FINE.burst()).await;
        let before = pacer.paid();
        sleep(Duration::from_secs(1)).await;
        let paid = pacer.paid() - before;
        assert!(paid.abs_diff(rate) * 100 <= rate, "{paid} at {rate} B/s");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_throttled_leaves_at_most_one_burst() {
    let record = Record::new(Throttle::Unlimited);
    let pacer = pacer(&record);
    pacer.pay(1 << 40).await;
    assert_eq!(pacer.paid(), 1 << 40);
    assert_eq!(pacer.held(), Duration::ZERO);
    let (_tasks, _) = greedy(&pacer, 5, FRAME);
    sleep(Duration::from_secs(5)).await;
    record.edit(at(8 * MIB));
    let trace = Trace::record(&pacer, &record, 3_000, &[]).await;
    assert!(trace.worst_excess() <= 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_saves_up_at_most_one_burst() {
    let record = Record::new(at(8 * MIB));
    let pacer = pacer(&record);
    pacer.pay(8 * MIB).await;
    sleep(Duration::from_secs(3600)).await;
    let (_tasks, _) = greedy(&pacer, 5, FRAME);
    let trace = Trace::record(&pacer, &record, 3_000, &[]).await;
    assert!(trace.worst_excess() <= 0);
}

#[tokio::test(start_paused = true)]
async fn a_backup_is_rated_anew_at_a_windows_edge() {
    let clock = friday("07:59:55");
    let record = Record::new("4MiB/s 08:00-18:00 weekend-exempt".parse().unwrap());
    let pacer = paced(&clock, &record);
    let (_tasks, _) = greedy(&pacer, 2, FRAME);
    sleep(Duration::from_millis(4_990)).await;
    assert_eq!(pacer.held_wall(), Duration::ZERO);
    assert!(pacer.paid() > 500 * MIB, "unthrottled before the window");
    sleep(Duration::from_millis(20)).await;
    let before = pacer.paid();
    sleep(Duration::from_secs(10)).await;
    let paid = pacer.paid() - before;
    assert!(paid.abs_diff(40 * MIB) * 100 <= 40 * MIB, "{paid}");
}

#[tokio::test(start_paused = true)]
async fn a_stepped_wall_clock_is_noticed_both_ways() {
    let clock = friday("07:00:00");
    let record = Record::new("4MiB/s 08:00-18:00".parse().unwrap());
    let pacer = paced(&clock, &record);
    assert_eq!(pacer.current().rate, None);
    clock.step(SignedDuration::from_hours(2));
    assert!(pacer.current().rate.is_some(), "stepped into the window");
    clock.step(SignedDuration::from_hours(-2));
    assert_eq!(pacer.current().rate, None, "stepped back out of it");
    // And a small step, back over an edge that has only just passed.
    clock.step(SignedDuration::from_mins(60));
    assert!(pacer.current().rate.is_some());
    sleep(Duration::from_millis(500)).await;
    clock.step(SignedDuration::from_millis(-600));
    assert_eq!(pacer.current().rate, None, "an edge crossed backwards");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_caller_frees_its_turn_and_pays_only_for_what_it_got() {
    let record = Record::new(at(64 << 10));
    let pacer = pacer(&record);
    let dropped = tokio::time::timeout(Duration::from_secs(1), pacer.pay(10 * MIB)).await;
    assert!(dropped.is_err());
    let paid = pacer.paid();
    let most = (64 << 10) + (64 << 10) / 100;
    assert!((64_000..=most).contains(&paid), "{paid}");
    let next = tokio::time::timeout(Duration::from_secs(2), pacer.pay(64 << 10)).await;
    assert!(next.is_ok(), "the turn was not given back");
    assert_eq!(pacer.paid(), paid + (64 << 10));
    let held = pacer.held();
    sleep(Duration::from_secs(9)).await;
    assert_eq!(pacer.held(), held, "nobody waits any more");
}

#[tokio::test(start_paused = true)]
async fn lifting_the_throttle_frees_those_who_wait() {
    let record = Record::new(at(64 << 10));
    let pacer = pacer(&record);
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let payer = pacer.payer();
        tasks.spawn(async move { payer.pay(100 * MIB).await });
    }
    sleep(Duration::from_secs(1)).await;
    record.edit(Throttle::Unlimited);
    sleep(Grain::FINE.burst()).await;
    while let Some(done) = tasks.try_join_next() {
        done.unwrap();
    }
    assert!(tasks.is_empty());
    assert_eq!(pacer.paid(), 2_000 * MIB);
}

#[tokio::test(start_paused = true)]
async fn waiting_is_counted_for_each_connection_and_for_the_backup() {
    let record = Record::new(at(64 << 10));
    let pacer = pacer(&record);
    let (tasks, _) = greedy(&pacer, 4, FRAME);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(pacer.held(), Duration::from_secs(40));
    assert_eq!(pacer.held_wall(), Duration::from_secs(10));
    drop(tasks);
}

#[tokio::test(start_paused = true)]
async fn a_share_is_the_rate_among_those_who_pay() {
    let record = Record::new(at(8 * MIB));
    let pacer = pacer(&record);
    assert_eq!(pacer.share(), Some(8 * MIB));
    let payers: Vec<Payer> = (0..4).map(|_| pacer.payer()).collect();
    assert_eq!(pacer.share(), Some(2 * MIB));
    drop(payers);
    assert_eq!(pacer.share(), Some(8 * MIB));
    record.edit(Throttle::Unlimited);
    assert_eq!(pacer.share(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_interval_exceeds_the_integral_by_more_than_a_burst(
        first in 32_000u64..20_000_000,
        edits in prop::collection::vec((20usize..300, 32_000u64..200_000_000), 0..8),
        connections in 1usize..8,
        piece in 1_000u64..200_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (excess, lack, fastest) = runtime.block_on(async {
            let record = Record::new(at(first));
            let pacer = pacer(&record);
            let (_tasks, _) = greedy(&pacer, connections, piece);
            let plan: Vec<(usize, u64)> = edits
                .iter()
                .scan(0, |when, (gap, rate)| {
                    *when += gap;
                    Some((*when, *rate))
                })
                .collect();
            let trace = Trace::record(&pacer, &record, 1_500, &plan).await;
            let fastest = trace.rate.iter().copied().max().unwrap_or(0);
            (trace.worst_excess(), trace.worst_lack(), fastest)
        });
        prop_assert!(excess <= 0, "{excess}");
        let bursts = 1 + edits.len() as i128;
        let burst = Grain::FINE.burst().as_nanos() as i128;
        prop_assert!(lack <= bursts * burst * fastest, "{lack}");
    }
}
