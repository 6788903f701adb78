//! The `penstockctl` binary.

fn main() {}
