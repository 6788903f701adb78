//! Five raw connections of one backup: whether they share its rate.

use std::thread;
use std::time::Duration;

use penstock_benches::Trouble;
use penstock_benches::series::worst;
use penstock_benches::table::{Table, Verdict};
use penstock_policy::levels::Direction;

use crate::stage::Stage;
use crate::verdict;

const CONNECTIONS: u64 = 5;
const RATE: u64 = 8 << 20;
const CUSTOMER: &str = "raw";
const MEASURED: Duration = Duration::from_secs(10);

/// Prints what each connection got; a verdict on the worst share.
///
/// # Errors
/// When it couldn't be measured.
pub fn measure(stage: &Stage) -> Result<Vec<Verdict>, Trouble> {
    let repository = stage.raw(CUSTOMER, "8MiB/s always")?;
    let sampler = stage.look(CUSTOMER, Direction::Backup)?;
    let posting = repository.post(&stage.clock, CONNECTIONS);
    stage.settle(&sampler, 0, None)?;
    let from = stage.clock.monotonic();
    let to = from + MEASURED;
    // Objects that are under way at the end are accepted within a second.
    thread::sleep(MEASURED + Duration::from_secs(1));
    let few = || Trouble::TooLittle("an object took longer than a second".to_owned());
    let accepted = posting.stop()?;
    let paid = sampler.stop()?.between(from, to).ok_or_else(few)?;

    let shares: Option<Vec<f64>> = accepted.iter().map(|line| line.between(from, to)).collect();
    let shares = shares.ok_or_else(few)?;
    let fair = shares.iter().sum::<f64>() / CONNECTIONS as f64;
    let off = |bytes: f64| (bytes / fair - 1.0) * 100.0;
    let mut table = Table::new(&["connection", "accepted in 10 s", "off a fair share"]);
    for (number, &bytes) in (1..).zip(&shares) {
        table.row([
            format!("{number}"),
            format!("{:.2} MiB", bytes / f64::from(1 << 20)),
            format!("{:+.2} %", off(bytes)),
        ]);
    }
    print!("{table}");
    let due = RATE as f64 * MEASURED.as_secs_f64();
    println!(
        "  together they paid {:+.2} % off 8 MiB/s",
        (paid / due - 1.0) * 100.0
    );
    let worst = worst(shares.iter().map(|&bytes| off(bytes))).ok_or_else(few)?;
    Ok(vec![verdict(
        "raw connections: worst share off a fair one",
        worst.abs(),
        10.0,
        "%",
    )])
}
