//! Power cuts and failing operations, tried on a disk that notes everything that is asked of it.

mod controls;
mod cut;
mod disk;
mod failing;
mod first;
mod script;
mod state;

use super::*;
use cut::cut;
use disk::Disk;

#[tokio::test]
async fn no_acknowledged_edit_is_lost_wherever_power_is_cut() {
    let history = script::run(Disk::default(), 250).await;
    let report = cut(&history, 0..usize::MAX, 3);
    eprintln!(
        "{} ops {} told {} images",
        history.ops.len(),
        history.told.len(),
        report.images
    );
    report.nothing_lost();
    assert!(history.told.len() > 250, "{}", history.told.len());
    assert!(report.images > 2_000, "{}", report.images);
}
