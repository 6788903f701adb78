//! Power cuts and failing operations, tried on a disk that notes everything that is asked of it.

mod controls;
mod cut;
mod disk;
mod failing;
mod first;
mod script;
mod state;

use super::*;
use cut::Cuts;
use disk::Disk;

#[tokio::test]
async fn no_acknowledged_edit_is_lost_wherever_power_is_cut() {
    let cuts = Cuts {
        again: Some(500),
        ..Cuts::everywhere(5)
    };
    let history = script::run(Disk::default(), 300).await;
    let report = cuts.of(&history);
    report.nothing_lost();
    let (told, images) = (history.told.len(), report.images);
    assert!(told > 300, "only {told} states");
    assert!(images > 5_000, "only {images} images");
}
