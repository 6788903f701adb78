//! First step: what a path names (rules, section 1; `doc/REST_backend.rst` in restic).

use std::sync::Arc;

use penstock_policy::names::{ClientId, FullName, RESERVED, ScheduleName};
use penstock_policy::protocol::Kind;
use penstock_policy::record::{Customer, RecordId};

use crate::store::Tree;
use crate::vault::ObjectName;

/// Longest path that is looked at, in bytes.
const MAX_PATH: usize = 2048;

/// What a path asks for, below a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The repository itself: `/{customer}/{client}/`.
    Repository,
    /// Its `config`.
    Config,
    /// All objects of a type.
    List(Kind),
    /// One object.
    Object(Kind, ObjectName),
    /// A registration with the pass key.
    Register,
}

/// A path that could be one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// One to three segments, decoded: `[customer,] client [, schedule]` or `tag, client, schedule`.
    base: Vec<String>,
    /// What is asked for.
    pub wanted: Wanted,
}

/// Whose repository a path means.
#[derive(Debug, Clone)]
pub struct Named {
    /// The customer: the one that the path names, or the Default Customer.
    pub customer: Arc<Customer>,
    /// The unknown customer that a path of three segments named.
    pub tag: Option<String>,
    /// The client.
    pub client: ClientId,
    /// The schedule.
    pub schedule: ScheduleName,
    /// Whether the path names somebody who can't exist. Such a path is asked for its password like any other, so that
    /// nobody reads off the answers which customers there are.
    pub nobody: bool,
}

/// Takes a path apart; none is a 404, before any record or disk is looked at.
#[must_use]
pub fn parse(path: &str) -> Option<Route> {
    if path.len() > MAX_PATH {
        return None;
    }
    let mut segments: Vec<String> = path
        .strip_prefix('/')?
        .split('/')
        .map(decode)
        .collect::<Option<_>>()?;
    let folder = segments.last().is_some_and(String::is_empty);
    if folder {
        segments.pop();
    }
    if segments
        .iter()
        .any(|s| s.is_empty() || s.starts_with("..") || s == ".")
    {
        return None;
    }
    let wanted = wanted(&mut segments, folder)?;
    // The same for every path, whichever customers there are: the first part may be a name, the last is an id.
    let (first, last) = (segments.first()?, segments.last()?);
    let fits = (1..=3).contains(&segments.len())
        && !segments.iter().any(|s| RESERVED.contains(&s.as_str()))
        && first.parse::<FullName>().is_ok()
        && (segments.len() == 1 || last.parse::<ClientId>().is_ok())
        && (segments.len() < 3 || segments[1].parse::<ClientId>().is_ok());
    fits.then_some(Route {
        base: segments,
        wanted,
    })
}

/// Takes what is asked for off the end.
fn wanted(segments: &mut Vec<String>, folder: bool) -> Option<Wanted> {
    let last = segments.last()?.clone();
    if folder {
        return Some(match Kind::parse(&last) {
            Some(kind) => {
                segments.pop();
                Wanted::List(kind)
            }
            None => Wanted::Repository,
        });
    }
    segments.pop();
    match last.as_str() {
        "config" => Some(Wanted::Config),
        "register" => Some(Wanted::Register),
        _ => {
            let kind = Kind::parse(&segments.pop()?)?;
            Some(Wanted::Object(kind, ObjectName::parse(&last)?))
        }
    }
}

impl Route {
    /// Whose repository the path means; none is a 404.
    #[must_use]
    pub fn resolve(&self, tree: &Tree) -> Option<Named> {
        let base: Vec<&str> = self.base.iter().map(String::as_str).collect();
        let default = tree.customers.get(&RecordId::DEFAULT_CUSTOMER)?;
        let known = tree.customer(base.first()?);
        let (customer, tag, client, schedule) = match (known, base.as_slice()) {
            (Some(customer), [_, client]) => (customer, None, *client, None),
            (Some(customer), [_, client, schedule]) => (customer, None, *client, Some(*schedule)),
            (_, [client]) => (default, None, *client, None),
            (None, [client, schedule]) => (default, None, *client, Some(*schedule)),
            (None, [tag, client, schedule]) => (default, Some(*tag), *client, Some(*schedule)),
            _ => return None,
        };
        let customers_own = base.len() == 1 && known.is_some();
        let client = client.parse();
        let nobody = customers_own || client.is_err();
        Some(Named {
            customer: Arc::clone(customer),
            tag: tag.map(str::to_owned),
            client: match client {
                Ok(client) => client,
                Err(_) => "nobody".parse().ok()?,
            },
            schedule: match schedule {
                Some(name) => name.parse().ok()?,
                None => ScheduleName::default(),
            },
            nobody,
        })
    }

    /// How the path's customer and client are shown in the table of refusals before they are known.
    #[must_use]
    pub fn shown(&self) -> (String, String) {
        let mut names = self
            .base
            .iter()
            .map(|name| name.chars().take(64).collect::<String>());
        match self.base.len() {
            1 => ("default".to_owned(), names.next().unwrap_or_default()),
            _ => (
                names.next().unwrap_or_default(),
                names.next().unwrap_or_default(),
            ),
        }
    }
}

/// Decodes `%XX` (RFC 3986, section 2.1); none for what isn't UTF-8 or has a slash, NUL or other control character.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = |digit: u8| char::from(digit).to_digit(16);
        let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    let plain = text.chars().all(|c| c != '/' && !c.is_control());
    plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted_of(path: &str) -> Option<(Vec<String>, Wanted)> {
        parse(path).map(|route| (route.base, route.wanted))
    }

    fn base(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_path_is_taken_apart_from_its_end() {
        let id = "0123456789abcdef".repeat(4);
        let name = ObjectName::parse(&id).unwrap();
        for (path, expected) in [
            (
                "/abc/laptop/",
                Some((base(&["abc", "laptop"]), Wanted::Repository)),
            ),
            ("/laptop/", Some((base(&["laptop"]), Wanted::Repository))),
            (
                "/a/b/c/config",
                Some((base(&["a", "b", "c"]), Wanted::Config)),
            ),
            (
                "/a/b/data/",
                Some((base(&["a", "b"]), Wanted::List(Kind::Data))),
            ),
            (
                &format!("/a/b/keys/{id}"),
                Some((base(&["a", "b"]), Wanted::Object(Kind::Keys, name))),
            ),
            ("/a/b/register", Some((base(&["a", "b"]), Wanted::Register))),
            (
                "/ABC%20Inc./b/",
                Some((base(&["ABC Inc.", "b"]), Wanted::Repository)),
            ),
        ] {
            assert_eq!(wanted_of(path), expected, "{path}");
        }
    }

    #[test]
    fn what_could_leave_its_folder_is_not_found() {
        for path in [
            "/",
            "//",
            "/a//b/",
            "/../b/",
            "/a/..%2fb/",
            "/a/%2e%2e/config",
            "/a/b/c/d/",
            "/a/data/x",
            "/a/b/data/../config",
            "/a%00/",
            "/a/b",
            "/config",
            "/data/",
            "/a/keys/b/",
            "a/b/",
            "/a%zz/",
            "/a%f",
            "/a/b/data/ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_a_route_or_none(path in ".{0,200}") {
            if let Some(route) = parse(&path) {
                prop_assert!(route.base.iter().all(|s| !s.is_empty() && !s.contains('/') && !s.contains('\0')));
            }
        }
    }
}
