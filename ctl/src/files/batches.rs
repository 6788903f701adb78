//! Records in requests that stay below the frame's limit.

use penstock_wire::declared::Declared;
use penstock_wire::frame::{FrameError, MAX_REQUEST, encode};

use super::title;
use crate::exit::Problem;

/// Most records of one request.
const MOST: usize = 1000;

/// What a request needs beside its records: two names and two headers, with room to spare.
const AROUND: usize = 64;

/// What a frame has beside its item.
const HEADER: usize = 4;

/// The records, in their order, in as few requests as fit.
///
/// # Errors
/// When one record alone is longer than a request can be.
pub fn batches(records: Vec<Declared>) -> Result<Vec<Vec<Declared>>, Problem> {
    let mut batches = Vec::new();
    let (mut batch, mut taken) = (Vec::new(), AROUND);
    for record in records {
        let length = match encode(&record, MAX_REQUEST - AROUND) {
            Ok(frame) => frame.len() - HEADER,
            Err(FrameError::TooLong { length, .. }) => {
                return Err(Problem::Usage(format!(
                    "{} takes {length} bytes, and {} is the most; shorten its notes or address",
                    title(&record),
                    MAX_REQUEST - AROUND
                )));
            }
            Err(error) => return Err(error.into()),
        };
        if taken + length > MAX_REQUEST || batch.len() == MOST {
            batches.push(std::mem::take(&mut batch));
            taken = AROUND;
        }
        taken += length;
        batch.push(record);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    Ok(batches)
}
