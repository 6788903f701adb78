//! Which way the arrows between the daemon's rooms point.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::{code, nothing, root, sources};

/// A folder or file below `daemon/src`, and where it stands.
struct Room {
    name: &'static str,
    /// It uses rooms on lower floors only.
    floor: u8,
    /// Rooms on its own floor that it uses all the same.
    beside: &'static [&'static str],
    /// The only rooms that use it; none means whoever stands above.
    only_for: Option<&'static [&'static str]>,
}

const fn room(name: &'static str, floor: u8) -> Room {
    Room {
        name,
        floor,
        beside: &[],
        only_for: None,
    }
}

const fn for_run(name: &'static str) -> Room {
    Room {
        only_for: Some(&["main", "run"]),
        ..room(name, 3)
    }
}

/// The daemon from top to bottom, as `ARCHITECTURE.md` draws it. `policy` and `wire` are packages below all of it.
const ROOMS: [Room; 16] = [
    room("main", 7),
    room("run", 6),
    room("gateway", 5),
    room("admin", 5),
    Room {
        beside: &["store"],
        ..room("live", 4)
    },
    room("store", 4),
    room("throttle", 3),
    room("space", 3),
    room("vault", 3),
    for_run("config"),
    // `run` binds; the gateway accepts from what is bound.
    Room {
        only_for: Some(&["main", "run", "gateway"]),
        ..room("listen", 3)
    },
    for_run("system"),
    room("secrets", 2),
    room("clock", 2),
    room("events", 1),
    room("invite", 1),
];

fn ident(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The names directly after a path's `::`: one, or those of a group in braces.
fn heads(after: &str) -> Vec<&str> {
    let Some(group) = after.strip_prefix('{') else {
        return vec![ident(after)];
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                found.push(ident(group[start..place].trim()));
                start = place + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The names that the text takes from the library's root: after the prefix that stands for it, and after as many
/// `super::` as lead out of a file so deep. The flag says whether it must be a name of the root's.
fn used<'t>(text: &'t str, prefix: &str, depth: usize) -> Vec<(&'t str, bool)> {
    let mut found = Vec::new();
    for (place, _) in text.match_indices(prefix) {
        let before = text[..place].chars().next_back();
        if !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            let names = heads(&text[place + prefix.len()..]);
            found.extend(names.into_iter().map(|name| (name, true)));
        }
    }
    let climb = "super::".repeat(depth);
    if depth > 0 {
        for (place, _) in text.match_indices(&climb) {
            let names = heads(&text[place + climb.len()..]);
            // Within a module of the file itself this is no way out, so only a room's name counts.
            found.extend(names.into_iter().map(|name| (name, false)));
        }
    }
    found
}

/// The room that a file below `daemon/src` belongs to, and how deep its module lies.
fn place_of(file: &str) -> (&str, usize) {
    let parts: Vec<&str> = file.split('/').collect();
    let depth = parts.len() - usize::from(file.ends_with("/mod.rs"));
    match *parts.as_slice() {
        [only] => (only.trim_end_matches(".rs"), depth),
        ["bin", ..] => ("main", depth),
        [first, ..] => (first, depth),
        [] => ("", 0),
    }
}

/// Every arrow that doesn't point down, and every room that isn't in the table.
fn arrows(files: &[(String, String)]) -> BTreeSet<String> {
    let find = |name: &str| ROOMS.iter().find(|room| room.name == name);
    let unknown = |name: &str, file: &str| {
        format!(
            "{file}: `{name}` is a room that nobody knows; add it to ROOMS in tests/tests/house/rooms.rs and to ARCHITECTURE.md"
        )
    };
    let mut found = BTreeSet::new();
    for (file, text) in files {
        let (name, depth) = place_of(file);
        if name == "lib" {
            continue;
        }
        let Some(from) = find(name) else {
            found.insert(unknown(name, file));
            continue;
        };
        let text = code(text);
        // The binary stands outside of the library. Elsewhere the library's name is only a target of the log.
        let (prefix, depth) = match from.name {
            "main" => ("penstock_daemon::", 0),
            _ => ("crate::", depth),
        };
        for (name, certain) in used(&text, prefix, depth) {
            let is_module = name.starts_with(|c: char| c.is_ascii_lowercase());
            match find(name) {
                Some(to) if to.name == from.name => {}
                Some(to) => found.extend(
                    fault(from, to)
                        .map(|why| format!("{file}: {} uses {}: {why}", from.name, to.name)),
                ),
                None if certain && is_module => {
                    found.insert(unknown(name, file));
                }
                None => {}
            }
        }
    }
    found
}

fn fault(from: &Room, to: &Room) -> Option<&'static str> {
    if to.only_for.is_some_and(|only| !only.contains(&from.name)) {
        return Some("it is for main and run only");
    }
    match from.floor.cmp(&to.floor) {
        Ordering::Greater => None,
        Ordering::Equal if from.beside.contains(&to.name) => None,
        Ordering::Equal => Some("rooms side by side don't know each other"),
        Ordering::Less => Some("the arrow points up"),
    }
}

#[test]
fn the_arrows_between_the_daemons_rooms_point_down() {
    nothing(arrows(&sources(&root().join("daemon/src"))));
}

#[test]
fn an_arrow_that_points_up_or_sideways_is_found_however_it_is_written() {
    let faults = |file: &str, text: &str| arrows(&[(file.to_owned(), text.to_owned())]).len();
    for (file, text) in [
        ("vault/upload.rs", "use crate::gateway::Gateway;"),
        ("vault/upload.rs", "fn f() { crate::store::open() }"),
        (
            "vault/upload.rs",
            "use crate::{\n    clock::{Clock, Wall},\n    live::Live,\n};",
        ),
        ("vault/mod.rs", "use super::store::Store;"),
        ("vault/tests/names.rs", "use super::super::super::admin;"),
        ("clock.rs", "use super::throttle;"),
        ("gateway/route.rs", "use crate::admin::Session;"),
        ("admin/session.rs", "use crate::gateway;"),
        ("store/writer.rs", "use crate::live::Live;"),
        ("throttle/pacer.rs", "use crate::vault::Vault;"),
        ("gateway/server.rs", "use crate::config::Limits;"),
        ("listen/tls.rs", "use crate::config::Tls;"),
        ("cellar/mod.rs", "use crate::clock::Clock;"),
        ("run.rs", "use crate::cellar::Wine;"),
    ] {
        assert_eq!(faults(file, text), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("main.rs", "use penstock_daemon::{config, run};"),
        (
            "run.rs",
            "use crate::{config::Config, gateway, admin, listen, system};",
        ),
        (
            "gateway/gate.rs",
            "use crate::live::Live;\nuse crate::store::Store;\nuse crate::vault::{read, list};",
        ),
        (
            "live/session.rs",
            "use crate::store::Handle;\nuse crate::throttle::Pacer;",
        ),
        (
            "vault/upload.rs",
            "// use crate::gateway;\nuse super::list;\npub(crate) fn f() {}",
        ),
        (
            "vault/upload.rs",
            "use crate::clock::Clock;\nuse crate::vault::list;",
        ),
        ("lib.rs", "pub mod gateway;"),
    ] {
        assert_eq!(faults(file, text), 0, "{file}: {text}");
    }
}

#[test]
fn a_new_room_is_told_where_to_be_written_down() {
    let files = [("cellar/mod.rs".to_owned(), String::new())];
    let found = arrows(&files).pop_first().unwrap();
    assert!(found.contains("add it to ROOMS") && found.contains("ARCHITECTURE.md"));
}
