//! A running backup edited again and again: how soon it follows, and whether more comes than was allowed.

use std::thread;
use std::time::Duration;

use penstock_benches::Trouble;
use penstock_benches::series::Allowance;
use penstock_benches::table::{Table, Verdict};
use penstock_policy::levels::Direction;

use crate::stage::{BURST, SETTLE, Stage};
use crate::verdict;

const CUSTOMER: &str = "edited";
const SLOW: u64 = 4;
const FAST: u64 = 16;

/// The rates after each edit, in MiB/s.
const EDITS: [u64; 6] = [FAST, SLOW, FAST, SLOW, FAST, SLOW];

/// Between two edits.
const BETWEEN: Duration = Duration::from_secs(2);

/// Over what a rate is measured.
const WINDOW: Duration = Duration::from_millis(100);

/// How near to the new rate it must be, in percent.
const NEAR: f64 = 10.0;

struct Edit {
    mebibytes: u64,
    sent: Duration,
    replied: Duration,
}

/// Prints how soon each edit showed, and the largest burst; a verdict on each.
///
/// # Errors
/// When it couldn't be measured.
pub fn measure(stage: &Stage) -> Result<Vec<Verdict>, Trouble> {
    let restic = stage.restic(CUSTOMER, &format!("{SLOW}MiB/s always"))?;
    let sampler = stage.look(CUSTOMER, Direction::Backup)?;
    let mut job = restic.backup(&stage.files)?;
    stage.settle(&sampler, 0, Some(&mut job))?;
    let from = stage.clock.monotonic();
    let mut admin = stage.daemon.admin()?;
    let mut edits = Vec::new();
    thread::sleep(SETTLE);
    for mebibytes in EDITS {
        let sent = stage.clock.monotonic();
        admin.edit(CUSTOMER, "throttle", &format!("{mebibytes}MiB/s always"))?;
        let replied = stage.clock.monotonic();
        edits.push(Edit {
            mebibytes,
            sent,
            replied,
        });
        thread::sleep(BETWEEN);
    }
    job.still_runs()?;
    let to = stage.clock.monotonic();
    drop(job);
    let series = sampler.stop()?.cut(from, to);

    let mut allowed = Allowance::new(SLOW << 20);
    let mut table = Table::new(&["edit to", "answered after", "shows after the answer"]);
    let mut slowest = Duration::ZERO;
    for edit in &edits {
        let rate = edit.mebibytes << 20;
        allowed.edit(edit.sent, edit.replied, rate);
        let shown = series.settles(edit.replied, WINDOW, rate, NEAR);
        // What never showed is as slow as can be told.
        let after = shown.unwrap_or(to) - edit.replied;
        slowest = slowest.max(after);
        table.row([
            format!("{} MiB/s", edit.mebibytes),
            format!("{:.1} ms", millis(edit.replied - edit.sent)),
            format!("{:.0} ms", millis(after)),
        ]);
    }
    print!("{table}");
    let excess = series.excess(&allowed, BURST);
    println!(
        "  shown: the first {} ms within {NEAR} % of the new rate, its own length included",
        WINDOW.as_millis()
    );
    println!(
        "  most over the rates in force, in any interval: {:.0} KiB; one burst ({} ms) is {} KiB at {SLOW} MiB/s \
         and {} KiB at {FAST} MiB/s",
        excess.largest / 1024.0,
        BURST.as_millis(),
        burst(SLOW),
        burst(FAST),
    );
    Ok(vec![
        verdict(
            "edits: slowest to show",
            millis(slowest).round(),
            1000.0,
            "ms",
        ),
        verdict(
            "edits: most beyond the rates in force and one burst",
            excess.beyond_burst / 1024.0,
            0.0,
            "KiB",
        ),
    ])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// KiB that one burst is.
fn burst(mebibytes: u64) -> u128 {
    u128::from(mebibytes) * 1024 * BURST.as_millis() / 1000
}
