//! Last step: decisions become HTTP answers. The one place that knows statuses (rules, section 9).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Frame;
use hyper::ext::ReasonPhrase;
use penstock_policy::refusal::{Class, Reference, Refusal};
use penstock_policy::throttle::Level;

use tokio::task::JoinError;

use crate::vault::VaultError;

/// The body of every answer.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A finished answer.
pub type Answer = Response<Body>;

/// Why a request isn't served.
#[derive(Debug)]
pub enum Fault {
    /// A rule refuses it; counted in the table of refusals.
    Refused(Refusal),
    /// There is no such repository or object.
    NotFound,
    /// The method isn't one of these.
    Method(&'static str),
    /// The request itself is wrong.
    Bad(String),
    /// No Content-Length.
    LengthRequired,
    /// The range begins past the end of an object of that many bytes.
    Range(u64),
    /// The body stopped coming.
    Stalled,
    /// A fault of ours or the disk's.
    Internal(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<JoinError> for Fault {
    fn from(error: JoinError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::ShortBody { .. }
            | VaultError::LongBody { .. }
            | VaultError::HashMismatch(_) => Self::Bad(error.to_string()),
            VaultError::ConfigExists => Self::Refused(Refusal::ConfigExists),
            VaultError::DiskFull => Self::Refused(Refusal::DiskFull),
            VaultError::LocationUnavailable { .. } | VaultError::FolderGone(_) => {
                tracing::warn!(%error, "a backup location is unavailable");
                Self::Refused(Refusal::LocationUnavailable)
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

/// An answer with a whole body.
#[must_use]
pub fn whole(status: StatusCode, media: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    answer
}

/// An answer whose body comes piece by piece.
#[must_use]
pub fn streamed<S, F, Fut>(state: S, next: F) -> Answer
where
    S: Send + Unpin + 'static,
    F: Fn(S) -> Fut + Send + Unpin + 'static,
    Fut: Future<Output = Option<(io::Result<Bytes>, S)>> + Send + 'static,
{
    Response::new(
        Pieces {
            step: Step::Ready(state),
            next,
        }
        .boxed_unsync(),
    )
}

fn full(body: Vec<u8>) -> Body {
    Full::new(Bytes::from(body))
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The answer to a refusal: the sentence stands in the reason phrase, because that is what restic prints.
#[must_use]
pub fn refused(refusal: &Refusal, contact: &str, reference: &Reference) -> Answer {
    let status = status(refusal);
    let line = refusal.line(contact, reference);
    let mut problem = serde_json::json!({
        "type": "about:blank",
        "title": line,
        "status": status.as_u16(),
        "code": if refusal.class() == Class::Unauthenticated { "unauthenticated" } else { refusal.code() },
        "detail": refusal.sentence(),
        "reference": reference.as_str(),
    });
    match refusal {
        Refusal::ClientLimit { limit, .. } | Refusal::ScheduleLimit { limit } => {
            problem["limit"] = (*limit).into();
        }
        Refusal::TooManyAttempts { seconds } => problem["seconds"] = (*seconds).into(),
        Refusal::CustomerInactive { until, .. } | Refusal::ClientInactive { until, .. } => {
            problem["until"] = until.map(|until| until.to_string()).into();
        }
        Refusal::McalExhausted {
            level,
            month,
            left,
            needs,
            ..
        } => {
            problem["month"] = month.to_string().into();
            if *level == Level::Customer {
                problem["left"] = (*left).into();
                problem["needs"] = (*needs).into();
            }
        }
        Refusal::SpaceExceeded {
            level,
            allotted,
            taken,
            wanted,
            ..
        } => {
            problem["level"] = level.to_string().into();
            // A client never reads a reseller's or the server's figures.
            if matches!(level, Level::Client | Level::Customer) {
                problem["allotted"] = (*allotted).into();
                problem["used"] = (*taken).into();
                problem["wanted"] = (*wanted).into();
            }
        }
        _ => {}
    }
    let mut answer = whole(
        status,
        "application/problem+json",
        format!("{problem}\n").into_bytes(),
    );
    say(&mut answer, &line);
    let headers = answer.headers_mut();
    match refusal {
        Refusal::TooManyAttempts { seconds } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        _ if status == StatusCode::UNAUTHORIZED => {
            let realm = HeaderValue::from_static("Basic realm=\"penstock\", charset=\"UTF-8\"");
            headers.insert(WWW_AUTHENTICATE, realm);
        }
        _ => {}
    }
    answer
}

/// The status of each class (rules, section 9).
fn status(refusal: &Refusal) -> StatusCode {
    match refusal.class() {
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// The answer to a fault that isn't a refusal.
#[must_use]
pub fn faulty(fault: &Fault) -> Answer {
    match fault {
        Fault::NotFound | Fault::Refused(_) => empty(StatusCode::NOT_FOUND),
        Fault::Method(allowed) => {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allowed));
            answer
        }
        Fault::Bad(problem) => {
            let mut answer = whole(
                StatusCode::BAD_REQUEST,
                "text/plain; charset=utf-8",
                format!("{problem}\n").into_bytes(),
            );
            say(&mut answer, problem);
            answer
        }
        Fault::LengthRequired => empty(StatusCode::LENGTH_REQUIRED),
        Fault::Range(length) => {
            let mut answer = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
                answer
                    .headers_mut()
                    .insert(http::header::CONTENT_RANGE, range);
            }
            answer
        }
        Fault::Stalled => empty(StatusCode::REQUEST_TIMEOUT),
        Fault::Internal(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Sets the reason phrase, without what could break the line.
fn say(answer: &mut Answer, line: &str) {
    let line: String = line.chars().filter(|c| !c.is_control()).take(500).collect();
    if let Ok(reason) = ReasonPhrase::try_from(line.into_bytes()) {
        answer.extensions_mut().insert(reason);
    }
}

/// Makes this the connection's last answer.
pub fn close(answer: &mut Answer) {
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
}

/// States a body's length, which is then never sent in chunks.
pub fn length(answer: &mut Answer, bytes: u64) {
    answer
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(bytes));
}

/// A body made by asking for one piece after the other.
struct Pieces<S, F, Fut> {
    step: Step<S, Fut>,
    next: F,
}

enum Step<S, Fut> {
    Ready(S),
    Waiting(Pin<Box<Fut>>),
    Over,
}

impl<S, F, Fut> hyper::body::Body for Pieces<S, F, Fut>
where
    S: Unpin,
    F: Fn(S) -> Fut + Unpin,
    Fut: Future<Output = Option<(io::Result<Bytes>, S)>>,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Step::Ready(_) = this.step
            && let Step::Ready(state) = std::mem::replace(&mut this.step, Step::Over)
        {
            this.step = Step::Waiting(Box::pin((this.next)(state)));
        }
        let Step::Waiting(waiting) = &mut this.step else {
            return Poll::Ready(None);
        };
        match waiting.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                this.step = Step::Over;
                Poll::Ready(None)
            }
            Poll::Ready(Some((piece, state))) => {
                this.step = if piece.is_ok() {
                    Step::Ready(state)
                } else {
                    Step::Over
                };
                Poll::Ready(Some(piece.map(Frame::data)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_policy::mcal::Credit;

    async fn problem(refusal: &Refusal) -> serde_json::Value {
        let reference = Reference::parse("7F3K").unwrap();
        let answer = refused(refusal, "support@msp.example", &reference);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    fn exhausted(level: Level) -> Refusal {
        Refusal::McalExhausted {
            level,
            customer: "ABC Inc.".into(),
            month: "2026-11".parse().unwrap(),
            credit: Credit::Number(25),
            left: 1,
            needs: 2,
        }
    }

    fn exceeded(level: Level) -> Refusal {
        Refusal::SpaceExceeded {
            level,
            name: "ABC Inc.".into(),
            allotted: 10,
            taken: 9,
            wanted: 5,
        }
    }

    #[tokio::test]
    async fn figures_are_a_clients_or_its_customers_and_nobody_elses() {
        for level in [Level::Client, Level::Customer] {
            let body = problem(&exceeded(level)).await;
            assert_eq!(body["level"], level.to_string());
            assert_eq!((&body["allotted"], &body["used"]), (&10.into(), &9.into()));
            assert_eq!(body["wanted"], 5);
        }
        for level in [Level::Reseller, Level::Server] {
            let body = problem(&exceeded(level)).await;
            assert_eq!(body["level"], level.to_string());
            for figure in ["allotted", "used", "wanted"] {
                assert!(body.get(figure).is_none(), "{body}");
            }
        }
        let body = problem(&exhausted(Level::Customer)).await;
        assert_eq!(body["month"], "2026-11");
        assert_eq!((&body["left"], &body["needs"]), (&1.into(), &2.into()));
        let body = problem(&exhausted(Level::Reseller)).await;
        assert_eq!(body["month"], "2026-11");
        assert!(body.get("left").is_none() && body.get("needs").is_none());
    }
}
