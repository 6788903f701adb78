//! The `penstockd` binary.

fn main() {}
