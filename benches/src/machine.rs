//! The machine on which something was measured: figures mean nothing without it.

use std::fs;
use std::thread;
use std::time::Duration;

/// Processor, cores and kernel in a line.
#[must_use]
pub fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(':'))
        .map_or("an unknown processor", |(_, model)| model.trim());
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}

/// Time since the start during which something waited for a free core; none where the kernel doesn't tell (PSI).
#[must_use]
pub fn starved() -> Option<Duration> {
    total(&fs::read_to_string("/proc/pressure/cpu").ok()?)
}

/// The `total` of a pressure file's first line, in microseconds.
fn total(pressure: &str) -> Option<Duration> {
    let some = pressure.lines().find(|line| line.starts_with("some "))?;
    let (_, micros) = some.rsplit_once("total=")?;
    micros.parse().ok().map(Duration::from_micros)
}

/// The load averages of the last 1, 5 and 15 minutes, as the system shows them.
#[must_use]
pub fn load() -> String {
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    averages
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_a_free_core_is_read_from_the_pressure_file() {
        let pressure =
            "some avg10=7.93 avg60=9.10 avg300=8.01 total=1500000\nfull avg10=0.00 total=0\n";
        assert_eq!(total(pressure), Some(Duration::from_millis(1500)));
        assert_eq!(total(""), None);
    }
}
