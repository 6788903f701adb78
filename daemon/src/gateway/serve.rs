//! A request's walk through the steps, and the one place where a refusal is noted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, StatusCode, Version};
use hyper::body::{Body, Incoming};
use penstock_policy::names::ClientId;

use super::answer::{self, Answer, Fault};
use super::authenticate::Presented;
use super::gate::{self, Visitor};
use super::line::Line;
use super::route::{self, Named, Route, Wanted};
use super::{Gateway, Settings, objects, register, upload};
use crate::live::Cause;

/// Longest body of a request that isn't an object.
pub const MAX_SMALL_BODY: usize = 4096;

/// A request with what was found out about it so far.
pub struct Visit {
    /// The method.
    pub method: Method,
    /// The query, if there is one.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The address it really comes from.
    pub source: IpAddr,
    /// Whose repository it means.
    pub named: Named,
    /// What it asks for.
    pub wanted: Wanted,
    /// What its Authorization header says.
    pub presented: Option<Presented>,
}

/// Serves one request.
pub async fn serve(gateway: &Arc<Gateway>, line: &Arc<Line>, request: Request<Incoming>) -> Answer {
    let _busy = line.busy();
    let (head, mut body) = request.into_parts();
    let settings = gateway.settings();
    let source = source(line.peer, &head.headers, &settings);
    let mut cause = Cause::of(source);
    let outcome = async {
        check_head(&head.headers, head.version)?;
        let route = route::parse(head.uri.path()).ok_or(Fault::NotFound)?;
        cause.typed = route.shown();
        let named = named(gateway, &route)?;
        cause.names(&named.customer.short, &named.client);
        let visit = Visit {
            method: head.method.clone(),
            query: head.uri.query().map(str::to_owned),
            source,
            wanted: route.wanted,
            presented: Presented::read(head.headers.get(AUTHORIZATION)),
            headers: head.headers,
            named,
        };
        if visit.wanted == Wanted::Register {
            return register::register(gateway, line, &visit, &mut body).await;
        }
        let visitor = gate::visitor(gateway, line, &visit).await?;
        act(gateway, line, &visit, visitor, &mut body).await
    }
    .await;
    let mut answer = outcome.unwrap_or_else(|fault| say(gateway, &fault, &head.method, cause));
    let unknown = answer.status() == StatusCode::UNAUTHORIZED;
    if !body.is_end_stream() {
        line.leaves_unread();
    }
    if unknown || line.has_unread() {
        answer::close(&mut answer);
    }
    answer
}

/// What is wanted, done by whoever may.
async fn act(
    gateway: &Arc<Gateway>,
    line: &Arc<Line>,
    visit: &Visit,
    visitor: Visitor,
    body: &mut Incoming,
) -> Result<Answer, Fault> {
    let place = match (visitor, visit.wanted) {
        (Visitor::Client(place), _) => place,
        (Visitor::Stranger, Wanted::Repository) => {
            objects::is_create(visit)?;
            gate::enrol(gateway, line, visit).await?
        }
        (Visitor::Stranger, _) => {
            gate::would_enrol(gateway, visit).await?;
            return Err(Fault::NotFound);
        }
    };
    let post = visit.method == Method::POST;
    match visit.wanted {
        Wanted::Repository => {
            objects::is_create(visit)?;
            objects::create(gateway, &place).await
        }
        Wanted::Config if post => upload::config(gateway, line, &place, visit, body).await,
        Wanted::Object(kind, name) if post => {
            upload::object(gateway, line, &place, visit, (kind, name), body).await
        }
        Wanted::Config | Wanted::Object(..) | Wanted::List(_) => {
            objects::look_or_delete(gateway, line, &place, visit).await
        }
        Wanted::Register => Err(Fault::NotFound),
    }
}

fn named(gateway: &Gateway, route: &Route) -> Result<Named, Fault> {
    route.resolve(&gateway.store.tree()).ok_or(Fault::NotFound)
}

/// The answer to a fault; a refusal is counted, a fault of ours goes to the log.
fn say(gateway: &Gateway, fault: &Fault, method: &Method, cause: Cause) -> Answer {
    match fault {
        Fault::Refused(refusal) => {
            let reference = gateway.refusals.note(refusal, cause);
            let contact = &gateway.store.tree().server.contact;
            answer::refused(refusal, contact, &reference)
        }
        Fault::Internal(problem) => {
            tracing::warn!(customer = %cause.customer, client = %cause.client, %method, %problem, "request failed");
            answer::faulty(fault)
        }
        _ => answer::faulty(fault),
    }
}

/// One Host (RFC 9112, section 3.2), one plain length; nothing that two readers could read two ways.
fn check_head(headers: &HeaderMap, version: Version) -> Result<(), Fault> {
    let hosts = headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version == Version::HTTP_11) {
        return Err(Fault::Bad("exactly one Host header is needed".into()));
    }
    if headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Fault::Bad(
            "exactly one Content-Length header is needed".into(),
        ));
    }
    // Space is reserved by the length before a body is read, so that no body comes in chunks.
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Fault::LengthRequired);
    }
    Ok(())
}

/// The address that the request really comes from: the nearest one that no trusted proxy has.
fn source(peer: IpAddr, headers: &HeaderMap, settings: &Settings) -> IpAddr {
    if !(settings.trusts_proxy)(peer) {
        return peer;
    }
    let mut hops: Vec<IpAddr> = Vec::new();
    for header in headers.get_all("x-forwarded-for") {
        for hop in header.to_str().unwrap_or_default().split(',') {
            match hop_address(hop.trim()) {
                Some(address) => hops.push(address.to_canonical()),
                // What stands before a forged entry can't be trusted either.
                None => hops.clear(),
            }
        }
    }
    hops.into_iter()
        .rev()
        .find(|hop| !(settings.trusts_proxy)(*hop))
        .unwrap_or(peer)
}

/// An address, also with a port behind it or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

impl Visit {
    /// The client's id as the path names it.
    #[must_use]
    pub fn client(&self) -> &ClientId {
        &self.named.client
    }

    /// The body's length.
    ///
    /// # Errors
    /// When there is none: chunked bodies aren't taken, because space is reserved before they are read.
    pub fn length(&self) -> Result<u64, Fault> {
        let length = self
            .headers
            .get(CONTENT_LENGTH)
            .ok_or(Fault::LengthRequired)?;
        let digits = length
            .to_str()
            .ok()
            .filter(|l| l.bytes().all(|b| b.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| Fault::Bad("the Content-Length is no number".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::time::Duration;

    fn settings() -> Settings {
        Settings {
            connections: 1,
            connections_per_source: 1,
            connections_per_customer: 1,
            uploads: 1,
            header_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            stalled_body_timeout: Duration::ZERO,
            trusts_proxy: Box::new(|ip| ip == IpAddr::from([10, 0, 0, 1])),
        }
    }

    #[test]
    fn only_a_trusted_proxys_word_about_the_source_counts() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        let other = IpAddr::from([192, 0, 2, 9]);
        let forwarded = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(text));
            headers
        };
        let of = |peer, text| source(peer, &forwarded(text), &settings());
        assert_eq!(of(peer, "203.0.113.5"), IpAddr::from([203, 0, 113, 5]));
        assert_eq!(
            of(peer, "6.6.6.6, 203.0.113.5, 10.0.0.1"),
            IpAddr::from([203, 0, 113, 5])
        );
        assert_eq!(of(other, "203.0.113.5"), other);
        assert_eq!(of(peer, "203.0.113.5, nonsense"), peer);
    }

    #[test]
    fn a_request_that_two_readers_could_read_two_ways_is_refused() {
        let mut headers = HeaderMap::new();
        assert!(check_head(&headers, Version::HTTP_11).is_err());
        headers.append(HOST, HeaderValue::from_static("a"));
        assert!(check_head(&headers, Version::HTTP_11).is_ok());
        headers.append(CONTENT_LENGTH, HeaderValue::from_static("5"));
        headers.append(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert!(check_head(&headers, Version::HTTP_11).is_err());
        headers.append(HOST, HeaderValue::from_static("b"));
        assert!(check_head(&headers, Version::HTTP_11).is_err());
    }
}
