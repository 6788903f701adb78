//! Lists of objects, streamed: names alone (version 1) or names with sizes (version 2).

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use penstock_policy::admit::Act;

use super::answer::{self, Answer};
use super::line::Busy;
use crate::live::Place;
use crate::vault::Listing;

const V1: &str = "application/vnd.x.restic.rest.v1";
const V2: &str = "application/vnd.x.restic.rest.v2";

struct Listed {
    listing: Listing,
    place: Place,
    sizes: bool,
    at: At,
    _busy: Busy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Middle,
    End,
}

/// The answer to a list's request.
pub fn answer(
    listing: Listing,
    place: &Place,
    headers: &HeaderMap,
    busy: Busy,
    head: bool,
) -> Answer {
    let sizes = headers.get(ACCEPT).is_some_and(|accept| accept == V2);
    let mut answer = if head {
        answer::empty(StatusCode::OK)
    } else {
        let listed = Listed {
            listing,
            place: place.clone(),
            sizes,
            at: At::Start,
            _busy: busy,
        };
        answer::streamed(listed, |listed| listed.next())
    };
    let media = HeaderValue::from_static(if sizes { V2 } else { V1 });
    answer.headers_mut().insert(CONTENT_TYPE, media);
    answer
}

impl Listed {
    async fn next(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        if self.at == At::End {
            return None;
        }
        let mut text = String::new();
        if self.at == At::Start {
            text.push('[');
        }
        if let Err(refusal) = self.place.admit(Act::Read) {
            self.at = At::End;
            return Some((Err(std::io::Error::other(refusal.code())), self));
        }
        match self.listing.next().await {
            Some(Ok(objects)) => {
                for (name, size) in objects {
                    if self.at == At::Middle {
                        text.push(',');
                    }
                    self.at = At::Middle;
                    // Writing to a String can't fail.
                    let _ = if self.sizes {
                        write!(text, "{{\"name\":\"{name}\",\"size\":{size}}}")
                    } else {
                        write!(text, "\"{name}\"")
                    };
                }
                // An empty batch is no object, but the bracket is open.
                self.at = At::Middle;
            }
            Some(Err(error)) => {
                self.at = At::End;
                return Some((Err(std::io::Error::other(error)), self));
            }
            None => {
                text.push(']');
                self.at = At::End;
            }
        }
        Some((Ok(Bytes::from(text)), self))
    }
}
