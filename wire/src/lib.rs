//! The contract between `penstockctl` and `penstockd`: requests, replies and the frames that carry them.
