//! Waiting for what must come: by condition, never by a guess of how long it takes.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// So long is waited for what must come; then the test fails. Far more than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something.
///
/// # Panics
/// When it doesn't come.
#[expect(
    clippy::disallowed_methods,
    reason = "the end of patience is real time"
)]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        thread::sleep(PAUSE);
    }
}

/// Does the same thing so many times at once, each told its number, and returns what came of each.
pub fn at_once<T: Send>(times: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(times);
    thread::scope(|scope| {
        let acts: Vec<_> = (0..times)
            .map(|number| {
                let (start, act) = (&start, &act);
                thread::Builder::new()
                    .stack_size(256 * 1024)
                    .spawn_scoped(scope, move || {
                        start.wait();
                        act(number)
                    })
                    .unwrap()
            })
            .collect();
        acts.into_iter().map(|act| act.join().unwrap()).collect()
    })
}
