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

/// Cuts power in a run of so many commands; how many images were opened.
async fn nothing_is_lost(commands: usize, cuts: Cuts) -> usize {
    let history = script::run(Disk::default(), commands).await;
    let report = cuts.of(&history);
    let (ops, told, images) = (history.ops.len(), history.told.len(), report.images);
    println!("{told} states, {ops} operations, {images} images");
    report.nothing_lost();
    assert!(told > commands, "only {told} states");
    images
}

#[tokio::test]
async fn no_acknowledged_edit_is_lost_wherever_power_is_cut() {
    let cuts = Cuts {
        again: Some(500),
        ..Cuts::everywhere(5)
    };
    let images = nothing_is_lost(300, cuts).await;
    assert!(images > 5_000, "only {images} images");
}

#[tokio::test]
#[ignore = "a minute or two: every image of a long run, with many second cuts"]
async fn no_acknowledged_edit_is_lost_in_any_image_of_a_long_run() {
    let cuts = Cuts {
        again: Some(20),
        ..Cuts::everywhere(1)
    };
    let images = nothing_is_lost(500, cuts).await;
    assert!(images > 19_000, "only {images} images");
}
