//! Frames: a length of four bytes, big-endian, then one CBOR item of that length (RFC 8949).

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest request, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;

/// Longest reply, in bytes; longer lists are paged.
pub const MAX_REPLY: usize = 1024 * 1024;

/// How deep a frame's items may nest.
const MAX_DEPTH: usize = 16;

/// Why a frame can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The peer closed the connection between two frames.
    #[error("the connection was closed")]
    Closed,
    /// The announced or needed length passes the limit.
    #[error("a frame of {length} bytes is longer than the {limit} that are allowed")]
    TooLong {
        /// The length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The bytes aren't the expected item, or more than one.
    #[error("the frame can't be understood: {0}")]
    Malformed(String),
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}

/// The length that four bytes announce.
///
/// # Errors
/// [`FrameError::TooLong`] past `limit`; nothing is allocated for it.
pub fn announced(header: [u8; 4], limit: usize) -> Result<usize, FrameError> {
    let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    if length > limit {
        return Err(FrameError::TooLong { length, limit });
    }
    Ok(length)
}

/// A whole frame, header and item.
///
/// # Errors
/// When the item is longer than `limit` or can't be written as CBOR.
pub fn encode<T: Serialize>(item: &T, limit: usize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; 4];
    ciborium::into_writer(item, &mut frame)
        .map_err(|error| FrameError::Malformed(error.to_string()))?;
    let length = frame.len() - 4;
    let announced = u32::try_from(length).ok().filter(|_| length <= limit);
    let Some(announced) = announced else {
        return Err(FrameError::TooLong { length, limit });
    };
    frame[..4].copy_from_slice(&announced.to_be_bytes());
    Ok(frame)
}

/// The item of a frame, which must use up all of it.
///
/// # Errors
/// When it isn't a `T`, nests deeper than 16, or bytes are left.
pub fn decode<T: DeserializeOwned>(item: &[u8]) -> Result<T, FrameError> {
    let mut rest = item;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
        .map_err(|error| FrameError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(FrameError::Malformed(format!(
            "{} bytes follow the item",
            rest.len()
        )));
    }
    Ok(value)
}

/// Writes one frame and flushes.
///
/// # Errors
/// As [`encode`], and when the socket fails.
pub fn write<T: Serialize>(to: &mut impl Write, item: &T, limit: usize) -> Result<(), FrameError> {
    to.write_all(&encode(item, limit)?)?;
    Ok(to.flush()?)
}

/// Reads one frame.
///
/// # Errors
/// As [`decode`]; [`FrameError::Closed`] when the peer closed before a header.
pub fn read<T: DeserializeOwned>(from: &mut impl Read, limit: usize) -> Result<T, FrameError> {
    let mut header = [0; 4];
    let first = from.read(&mut header)?;
    if first == 0 {
        return Err(FrameError::Closed);
    }
    from.read_exact(&mut header[first..])?;
    let mut item = vec![0; announced(header, limit)?];
    from.read_exact(&mut item)?;
    decode(&item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_longer_than_the_limit_is_refused_before_it_is_read() {
        assert!(matches!(
            announced([0xff; 4], MAX_REQUEST),
            Err(FrameError::TooLong { .. })
        ));
        assert!(matches!(
            encode(&"x".repeat(100), 50),
            Err(FrameError::TooLong { .. })
        ));
    }

    #[test]
    fn a_frame_with_bytes_after_its_item_is_refused() {
        let mut frame = encode(&7u64, 100).unwrap();
        frame.push(0);
        assert!(matches!(
            decode::<u64>(&frame[4..]),
            Err(FrameError::Malformed(_))
        ));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(decode::<ciborium::Value>(&[0x81; 1000]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            // Panics and runaway allocations are what this looks for.
            if let Ok(request) = decode::<crate::request::Request>(&bytes) {
                prop_assert!(encode(&request, MAX_REQUEST).is_ok());
            }
        }
    }
}
