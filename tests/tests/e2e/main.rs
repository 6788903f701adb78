//! The real binaries driven by real restic, curl, `penstockctl` and raw sockets: one file for each rule's scenario.
#![cfg(test)]

mod support;

mod administration;
mod apply;
mod crash;
mod exactness;
mod live;
mod locations;
mod mcal;
mod operation;
mod promises;
mod protocol;
mod refusals;
mod registration;
mod restic;
mod space;
