//! The rules as properties and by name: admission, space and MCALs against slow, obvious
//! models, what refusals say, and the editing of records.
#![cfg(test)]

mod admission;
mod arbitrary;
mod calendar;
mod editing;
mod explained;
mod fields;
mod forecasts;
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
