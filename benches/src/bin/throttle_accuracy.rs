//! Runs the pacer in real time and prints how well it holds its rate: `throttle-accuracy [SECONDS]`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use penstock_benches::Fixed;
use penstock_daemon::clock::Clock;
use penstock_daemon::throttle::Pacer;
use penstock_policy::units::Rate;
use tokio::task::JoinSet;

/// A read of the data path.
const FRAME: u64 = 64 << 10;

/// What one run showed, in percent of the rate, or of a fair share.
struct Row {
    lowest_second: f64,
    highest_second: f64,
    mean: f64,
    least_share: f64,
    greatest_share: f64,
    held: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let seconds = match std::env::args().nth(1) {
        Some(seconds) => seconds.parse::<u32>()?.clamp(1, 3600),
        None => 10,
    };
    println!(
        "{seconds} s each; deviations in percent of the rate, shares in percent of a fair one"
    );
    println!("rate      conns  worst whole second     mean    shares min / max    held back");
    for rate in ["4MiB/s", "8MiB/s", "16MiB/s"] {
        for connections in [1, 5, 20] {
            let row = measure(rate.parse()?, connections, seconds).await;
            println!(
                "{rate:<9} {connections:>5}   {:>+7.2} / {:>+6.2}  {:>+7.2}   {:>7.1} / {:>6.1}   {:>8.1} %",
                row.lowest_second,
                row.highest_second,
                row.mean,
                row.least_share,
                row.greatest_share,
                row.held,
            );
        }
    }
    Ok(())
}

async fn measure(rate: Rate, connections: usize, seconds: u32) -> Row {
    let clock = Clock::system();
    let pacer = Arc::new(Pacer::new(clock.clone(), Arc::new(Fixed::new(Some(rate)))));
    let shares: Vec<Arc<AtomicU64>> = (0..connections).map(|_| Arc::default()).collect();
    let mut payers = JoinSet::new();
    for share in &shares {
        let (payer, share) = (pacer.payer(), Arc::clone(share));
        payers.spawn(async move {
            loop {
                payer.pay(FRAME).await;
                share.fetch_add(FRAME, Ordering::Relaxed);
            }
        });
    }
    // The first burst is let through before the measured seconds begin.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let paid_before = pacer.paid();
    let held_before = pacer.held_wall();
    let begun = clock.monotonic();
    let (mut last_paid, mut last_at) = (paid_before, begun);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for second in 1..=seconds {
        let end = begun + Duration::from_secs(1) * second;
        tokio::time::sleep(end.saturating_sub(clock.monotonic())).await;
        // Read side by side, so that this task's own lateness isn't held against the pacer.
        let (paid, at) = (pacer.paid(), clock.monotonic());
        let off = deviation(paid - last_paid, at - last_at, rate);
        (lowest, highest) = (lowest.min(off), highest.max(off));
        (last_paid, last_at) = (paid, at);
    }
    let passed = last_at - begun;
    let held = pacer.held_wall() - held_before;
    payers.shutdown().await;
    let shares = shares.iter().map(|share| share.load(Ordering::Relaxed));
    let (least, greatest, all) = shares.fold((u64::MAX, 0, 0), |(least, greatest, all), share| {
        (least.min(share), greatest.max(share), all + share)
    });
    let fair = all as f64 / connections as f64;
    Row {
        lowest_second: lowest,
        highest_second: highest,
        mean: deviation(last_paid - paid_before, passed, rate),
        least_share: least as f64 / fair * 100.0,
        greatest_share: greatest as f64 / fair * 100.0,
        held: held.as_secs_f64() / passed.as_secs_f64() * 100.0,
    }
}

fn deviation(bytes: u64, passed: Duration, rate: Rate) -> f64 {
    let due = passed.as_secs_f64() * rate.bytes_per_second() as f64;
    (bytes as f64 / due - 1.0) * 100.0
}
