//! Bodies that clients read: objects and config, whole or in part, paced by the restore throttle.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};
use penstock_policy::admit::Act;
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;

use super::answer::{self, Answer, Fault};
use super::line::{Busy, Line};
use super::route::Wanted;
use super::serve::Visit;
use super::{Gateway, objects};
use crate::live::{Doing, Place, Request};
use crate::throttle::Payer;
use crate::vault::{Chunks, Reader};

/// What a throttled reader is given at once.
const PACED_PIECE: usize = 64 * 1024;

struct Download {
    chunks: Chunks,
    pending: Bytes,
    place: Place,
    payer: Option<Payer>,
    request: Option<Request>,
    _busy: Busy,
}

/// Answers a GET of an object or of config.
///
/// # Errors
/// When a rule refuses it, it isn't there, or the range begins past its end.
pub async fn get(
    gateway: &Arc<Gateway>,
    line: &Arc<Line>,
    place: &Place,
    visit: &Visit,
) -> Result<Answer, Fault> {
    let schedule = objects::schedule(gateway, place).await?;
    let repository = gateway.repository(&schedule).await?;
    let (reader, kind) = match visit.wanted {
        Wanted::Object(kind, name) => (repository.open(kind, name).await?, Some(kind)),
        _ => (repository.open_config().await?, None),
    };
    let reader = reader.ok_or(Fault::NotFound)?;
    let pays = kind.is_some_and(Kind::pays);
    let request = if pays {
        Some(gateway.live.enter(place, &schedule)?)
    } else {
        gateway.live.join(schedule.id)
    };
    if let Some(request) = &request
        && kind == Some(Kind::Data)
    {
        request.session().did(Doing::Read);
    }
    let payer = request
        .as_ref()
        .filter(|_| pays)
        .map(|request| request.session().pacer(Direction::Restore).payer());
    answer(&reader, &visit.headers, |chunks| Download {
        chunks,
        pending: Bytes::new(),
        place: place.clone(),
        payer,
        request,
        _busy: line.busy(),
    })
}

fn answer(
    reader: &Reader,
    headers: &HeaderMap,
    download: impl FnOnce(Chunks) -> Download,
) -> Result<Answer, Fault> {
    let length = reader.len();
    let range = range(headers, length)?;
    let (from, to) = range.unwrap_or((0, length));
    let mut answer = answer::streamed(download(reader.chunks(from..to)), Download::next);
    answer::length(&mut answer, to - from);
    let headers = answer.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    if range.is_some()
        && let Ok(content) = HeaderValue::try_from(format!("bytes {from}-{}/{length}", to - 1))
    {
        headers.insert(CONTENT_RANGE, content);
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(answer)
}

impl Download {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if self.pending.is_empty() {
            let next = {
                let session = self.request.as_ref().map(Request::session);
                let _disk = session.map(|session| session.waits_for_disk());
                self.chunks.next().await?
            };
            match next {
                Ok(chunk) => self.pending = chunk,
                Err(error) => {
                    tracing::warn!(schedule = %self.place.address(), %error, "an object can't be read");
                    return Some((Err(error), self));
                }
            }
        }
        let paced = self
            .payer
            .as_ref()
            .is_some_and(|payer| payer.pacer().current().rate.is_some());
        let most = if paced {
            PACED_PIECE
        } else {
            self.pending.len()
        };
        let piece = self.pending.split_to(most.min(self.pending.len()));
        let pay = async {
            if let Some(payer) = &self.payer {
                payer.pay(piece.len() as u64).await;
            }
        };
        let barred = tokio::select! {
            biased;
            refusal = self.place.barred(Act::Read) => Some(refusal),
            () = pay => None,
        };
        let outcome = match barred {
            // The head is gone out already: all that can be done is to break off.
            Some(refusal) => Err(io::Error::other(refusal.code())),
            None => Ok(piece),
        };
        Some((outcome, self))
    }
}

/// The bytes that are asked for, as from and to (not included); none is all. What isn't understood is no range
/// (RFC 9110, section 14.2).
fn range(headers: &HeaderMap, length: u64) -> Result<Option<(u64, u64)>, Fault> {
    let Some(text) = headers
        .get(RANGE)
        .and_then(|range| range.to_str().ok())
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    let number = |digits: &str| -> Option<u64> {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    let (from, to) = match (text.0.trim(), text.1.trim()) {
        ("", last) => match number(last) {
            Some(0) => return Err(Fault::Range(length)),
            Some(last) => (length.saturating_sub(last), length),
            None => return Ok(None),
        },
        (from, "") => match number(from) {
            Some(from) => (from, length),
            None => return Ok(None),
        },
        (from, to) => match (number(from), number(to)) {
            (Some(from), Some(to)) if from <= to => (from, to.saturating_add(1).min(length)),
            _ => return Ok(None),
        },
    };
    if from >= length {
        return Err(Fault::Range(length));
    }
    Ok(Some((from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_object_or_refused_past_its_end() {
        let of = |text: &str, length| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_str(text).unwrap());
            range(&headers, length).map_err(|_| ())
        };
        assert_eq!(of("bytes=0-", 10), Ok(Some((0, 10))));
        assert_eq!(of("bytes=3-5", 10), Ok(Some((3, 6))));
        assert_eq!(of("bytes=3-500", 10), Ok(Some((3, 10))));
        assert_eq!(of("bytes=-4", 10), Ok(Some((6, 10))));
        assert_eq!(of("bytes=10-", 10), Err(()));
        assert_eq!(of("bytes=0-0", 0), Err(()));
        assert_eq!(of("bytes=5-3", 10), Ok(None));
        assert_eq!(of("bytes=0-1,4-5", 10), Ok(None));
        assert_eq!(of("lines=1-2", 10), Ok(None));
        assert_eq!(of("bytes=99999999999999999999-", 10), Err(()));
    }
}
