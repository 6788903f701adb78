//! One backup or restore on five connections, at each rate.

use std::thread;
use std::time::Duration;

use penstock_benches::restic::{Job, Restic};
use penstock_benches::series::{Allowance, Series, worst};
use penstock_benches::table::{Table, Verdict};
use penstock_benches::{Trouble, machine};
use penstock_policy::levels::Direction;

use crate::stage::{BURST, RATES, Stage};
use crate::verdict;

const SECOND: Duration = Duration::from_secs(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);

/// What one rate showed.
struct Row {
    whole: f64,
    any: f64,
    mean: f64,
    beyond_burst: f64,
    cost: f64,
    held: u8,
    unseen: Duration,
    starved: Option<f64>,
}

/// What is measured, between two instants.
struct Run {
    series: Series,
    from: Duration,
    to: Duration,
    processor: f64,
    starved: Option<Duration>,
}

/// Prints a row for each rate; a verdict for each goal.
///
/// # Errors
/// When it couldn't be measured.
pub fn measure(stage: &Stage, direction: Direction) -> Result<Vec<Verdict>, Trouble> {
    let mut table = Table::new(&[
        "rate",
        "worst whole second",
        "worst any second",
        "mean over 10 s",
        "beyond a burst",
        "least held back",
        "processor s/GiB",
        "longest unseen",
        "no free core",
    ]);
    let (mut whole, mut any, mut mean) = (0f64, 0f64, 0f64);
    let whats = match direction {
        Direction::Backup => "backup",
        Direction::Restore => "restore",
    };
    let restore = match direction {
        Direction::Restore => Some(repository_to_restore(stage)?),
        Direction::Backup => None,
    };
    for mebibytes in RATES {
        let run = match &restore {
            None => backup(stage, mebibytes)?,
            Some((customer, restic)) => {
                let mut admin = stage.daemon.admin()?;
                admin.edit(customer, "restore_throttle", &throttle(mebibytes))?;
                run(stage, customer, direction, || restic.restore())?
            }
        };
        let row = row(stage, &run, mebibytes << 20)?;
        whole = whole.max(row.whole.abs());
        any = any.max(row.any.abs());
        mean = mean.max(row.mean.abs());
        table.row([
            format!("{mebibytes} MiB/s"),
            format!("{:+.2} %", row.whole),
            format!("{:+.2} %", row.any),
            format!("{:+.2} %", row.mean),
            format!("{:+.0} KiB", row.beyond_burst / 1024.0),
            format!("{} %", row.held),
            format!("{:.2}", row.cost),
            format!("{} ms", row.unseen.as_millis()),
            row.starved
                .map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0} %")),
        ]);
    }
    print!("{table}");
    println!(
        "  least held back: below 100 %, restic or the disk was slower than the rate for a while\n  \
         no free core: of the time, something on this machine waited for one; whoever wakes more than {} ms late \
         has lost it",
        BURST.as_millis()
    );
    Ok(vec![
        verdict(format!("{whats}: worst whole second"), whole, 2.0, "%"),
        verdict(
            format!("{whats}: worst second that begins anywhere"),
            any,
            2.0,
            "%",
        ),
        verdict(format!("{whats}: worst mean over 10 s"), mean, 1.0, "%"),
    ])
}

fn backup(stage: &Stage, mebibytes: u64) -> Result<Run, Trouble> {
    let customer = format!("backup-{mebibytes}");
    let restic = stage.restic(&customer, &throttle(mebibytes))?;
    run(stage, &customer, Direction::Backup, || {
        restic.backup(&stage.files)
    })
}

fn repository_to_restore(stage: &Stage) -> Result<(String, Restic), Trouble> {
    let customer = "restore".to_owned();
    let restic = stage.restic(&customer, "unlimited")?;
    restic.backup(&stage.files)?.finish()?;
    Ok((customer, restic))
}

fn throttle(mebibytes: u64) -> String {
    format!("{mebibytes}MiB/s always")
}

fn run(
    stage: &Stage,
    customer: &str,
    direction: Direction,
    start: impl FnOnce() -> Result<Job, Trouble>,
) -> Result<Run, Trouble> {
    let sampler = stage.look(customer, direction)?;
    let before = sampler.newest();
    let mut job = start()?;
    stage.settle(&sampler, before, Some(&mut job))?;
    let starved = machine::starved();
    let (from, used) = (stage.clock.monotonic(), stage.daemon.processor_seconds()?);
    thread::sleep(Duration::from_secs(stage.seconds));
    let (to, used_then) = (stage.clock.monotonic(), stage.daemon.processor_seconds()?);
    let starved_then = machine::starved();
    job.still_runs()?;
    // Until there is a look after the end.
    thread::sleep(Duration::from_millis(100));
    drop(job);
    Ok(Run {
        series: sampler.stop()?,
        from,
        to,
        processor: used_then - used,
        starved: starved.and_then(|before| Some(starved_then? - before)),
    })
}

fn row(stage: &Stage, run: &Run, rate: u64) -> Result<Row, Trouble> {
    let few = || Trouble::TooLittle("too few looks at the counter".to_owned());
    let series = &run.series;
    let within = |length| {
        let instants = series.instants();
        instants.filter(move |&at| at >= run.from && at + length <= run.to)
    };
    let whole = (0..).map(|second| run.from + SECOND * second);
    let whole = whole.take_while(|&at| at + SECOND <= run.to);
    let seen = series.cut(run.from, run.to);
    // The daemon's shares are of its last three seconds: restic's own start is to be past.
    let settled = series.cut(run.from + SECOND * 3, run.to);
    let gibibytes = series.between(run.from, run.to).ok_or_else(few)? / f64::from(1 << 30);
    let length = run.to - run.from;
    let looking = stage.looking * length.as_secs_f64();
    Ok(Row {
        whole: worst(series.deviations(whole, SECOND, rate)).ok_or_else(few)?,
        any: worst(series.deviations(within(SECOND), SECOND, rate)).ok_or_else(few)?,
        mean: worst(series.deviations(within(TEN_SECONDS), TEN_SECONDS, rate)).ok_or_else(few)?,
        beyond_burst: seen.excess(&Allowance::new(rate), BURST).beyond_burst,
        cost: (run.processor - looking) / gibibytes,
        held: settled.least_held().ok_or_else(few)?,
        unseen: seen.longest_unseen(),
        starved: run
            .starved
            .map(|starved| starved.as_secs_f64() / length.as_secs_f64() * 100.0),
    })
}
