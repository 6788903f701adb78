//! Space on the data path: allotments that hold to the byte, figures that equal the disk (rules, section 6).

mod counting;
mod limits;
mod prune;
mod storm;

use std::fs;
use std::path::Path;

use crate::support::{Server, files_below, until};

const MIB: usize = 1 << 20;

/// What the customer uses, and what its uploads have reserved.
fn figures(server: &Server) -> (u64, u64) {
    let shown = server.json(["customer", "show", "abc-inc"]);
    let figure = |name: &str| shown[name].as_u64().unwrap();
    (figure("used_space"), figure("reserved_space"))
}

/// Sets what the customer may use.
fn allot(server: &Server, space: &str) {
    server
        .ctl(["customer", "edit", "abc-inc", "--space", space])
        .fine();
}

/// The bytes of all files below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let sizes = files_below(folder).into_iter();
    sizes
        .map(|file| fs::metadata(folder.join(file)).map_or(0, |found| found.len()))
        .sum()
}

/// Waits until nothing is on its way and the customer's figure is that of its files.
fn equals_the_disk(server: &Server) {
    let folder = server.location().join("abc-inc");
    until("the figure to be that of the files", || {
        (figures(server) == (bytes_below(&folder), 0)).then_some(())
    });
}
