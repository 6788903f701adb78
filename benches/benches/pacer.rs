//! What a payment costs the processor: unthrottled, and throttled while the bucket has room.

#![expect(
    clippy::expect_used,
    reason = "what is parsed stands in this file, and a bench reports by panicking"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use penstock_benches::Fixed;
use penstock_daemon::clock::Clock;
use penstock_daemon::throttle::Pacer;
use penstock_policy::throttle::{Level, Source, Throttle, WeekendDays, Zone, rate_at};
use penstock_policy::units::Rate;

/// A read of the data path.
const FRAME: u64 = 64 << 10;

fn pay(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime with a timer");
    let mut group = c.benchmark_group("pay");
    for (name, rate) in [
        ("unthrottled", None),
        // So fast that the bucket always has room: the checks alone.
        ("throttled", Rate::from_bytes_per_second(Rate::MAX).ok()),
    ] {
        let _entered = runtime.enter();
        let pacer = Pacer::new(Clock::system(), Arc::new(Fixed::new(rate)));
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(pacer.pay(black_box(FRAME))));
        });
    }
    group.finish();
}

fn decide(c: &mut Criterion) {
    let throttle: Throttle = "8Mbit/s 22:00-06:00 weekend-exempt"
        .parse()
        .expect("a throttle");
    let zone: Zone = "Europe/Berlin".parse().expect("a zone");
    let at = Clock::system().wall();
    c.bench_function("rate_at", |b| {
        b.iter(|| {
            let source = Source {
                level: Level::Customer,
                throttle: &throttle,
                zone: &zone,
                weekend: WeekendDays::default(),
            };
            rate_at(black_box(&[source]), black_box(at))
        });
    });
}

criterion_group!(benches, pay, decide);
criterion_main!(benches);
