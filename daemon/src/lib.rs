//! `penstockd`: the restic REST protocol, with what each customer was sold enforced on the data path.

pub mod vault;
