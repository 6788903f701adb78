//! The rules as properties and by name: admission against a slow, obvious model, and the editing of records.
#![cfg(test)]

mod admission;
mod arbitrary;
mod calendar;
mod editing;
mod explained;
mod fields;
mod holdings;
mod mcals;
mod model;
mod months;
mod named;
mod names;
mod office;
mod sentences;
mod space;
mod statements;
mod suspension;
