//! Every key, with its default, its range and what it must agree with.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::fault::complaint;
use super::pem::{self, Blame};
use super::table::{Located, Table};
use super::{Config, Limits, Tls, value};

const MOST_LISTENERS: usize = 64;
const MOST_ROOTS: usize = 64;
const MOST_PROXIES: usize = 256;
const MOST_CONNECTIONS: usize = 100_000;

/// The configuration, with faults noted in the tables' report. `None` only where one was.
pub(super) fn config(
    top: &mut Table<'_, '_>,
    tls: &mut Table<'_, '_>,
    limits: &mut Table<'_, '_>,
    base: &Path,
) -> Option<Config> {
    let state_dir = state_dir(top, base);
    // The keys that build on it are read all the same, for the faults of their own.
    let state = state_dir.as_deref().unwrap_or(base);
    let control_socket = socket(top, "control_socket", base, &state.join("control"));
    let view_socket = socket(top, "view_socket", base, &state.join("view"));
    check_sockets_differ(top, &control_socket, &view_socket);
    let (location_roots, main_location) = locations(top, base, state);
    let allow_plaintext = top.switch("allow_plaintext");
    // A faulty [tls] or allow_plaintext has its own fault, and shows what was meant.
    let may_go_outside =
        tls.line().is_some() || allow_plaintext.unwrap_or(top.has("allow_plaintext"));
    let listen = listen(top, may_go_outside);
    let networks = top.texts("trusted_proxies", 0..=MOST_PROXIES, value::network);
    let config = Config {
        listen,
        control_socket: control_socket.value,
        view_socket: view_socket.value,
        control_group: group(top, "control_group", "penstock"),
        view_group: group(top, "view_group", "penstock-view"),
        location_roots,
        main_location,
        tls: read_tls(tls, base),
        allow_plaintext: allow_plaintext.unwrap_or(false),
        trusted_proxies: values(networks.unwrap_or_default()),
        log: top
            .text("log", value::log_filter)
            .map_or_else(|| "info".to_owned(), |found| found.value),
        limits: read_limits(limits),
        state_dir: state_dir.clone().unwrap_or_default(),
    };
    state_dir.map(|_| config)
}

fn state_dir(top: &mut Table<'_, '_>, base: &Path) -> Option<PathBuf> {
    let found = top.text("state_dir", |text| value::path(base, text));
    if found.is_none() && !top.has("state_dir") {
        let remedy = "add state_dir = \"/var/lib/penstock\"";
        top.complain(None, "state_dir", complaint("is missing", remedy));
    }
    found.map(|found| found.value)
}

fn socket(
    top: &mut Table<'_, '_>,
    key: &'static str,
    base: &Path,
    folder: &Path,
) -> Located<PathBuf> {
    let found = top.text(key, |text| value::socket_path(base, text));
    found.unwrap_or_else(|| {
        let default = folder.join("penstockd.sock");
        if let (false, Err(complaint)) = (top.has(key), value::fits_a_socket(&default)) {
            top.complain(None, key, complaint);
        }
        Located {
            // It has none; two defaults never get in each other's way.
            line: 0,
            value: default,
        }
    })
}

fn check_sockets_differ(top: &Table<'_, '_>, control: &Located<PathBuf>, view: &Located<PathBuf>) {
    if control.value == view.value {
        let line = control.line.max(view.line);
        let remedy = "give each socket a path of its own";
        top.complain(
            line,
            "view_socket",
            complaint("is the control socket", remedy),
        );
    }
}

fn locations(top: &mut Table<'_, '_>, base: &Path, state: &Path) -> (Vec<PathBuf>, PathBuf) {
    let declared = top.texts("location_roots", 1..=MOST_ROOTS, |text| {
        value::location_root(base, text)
    });
    let main = top.text("main_location", |text| value::path(base, text));
    let roots = match &declared {
        Some(roots) => values(roots.clone()),
        None => vec![state.to_owned(), PathBuf::from("/srv/penstock")],
    };
    let line = main.as_ref().map(|main| main.line);
    let main = match (main, &declared, roots.first()) {
        (Some(main), ..) => main.value,
        (None, Some(_), Some(root)) => root.join("main"),
        (None, ..) => state.join("main"),
    };
    // What lies beneath a root that was refused isn't wrong because of that.
    let were_refused = top.has("location_roots") && declared.is_none_or(|roots| roots.is_empty());
    if !were_refused && !roots.iter().any(|root| main.starts_with(root)) {
        let problem = format!("{} lies beneath none of location_roots", main.display());
        let remedy = "add its folder to location_roots, or move it";
        top.complain(line, "main_location", complaint(problem, remedy));
    }
    (roots, main)
}

fn group(top: &mut Table<'_, '_>, key: &'static str, default: &str) -> Option<String> {
    match top.text(key, value::group) {
        Some(found) => found.value,
        None => Some(default.to_owned()),
    }
}

fn listen(top: &mut Table<'_, '_>, may_go_outside: bool) -> Vec<SocketAddr> {
    let Some(declared) = top.texts("listen", 1..=MOST_LISTENERS, value::listen) else {
        return vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8000))];
    };
    for (index, Located { line, value }) in declared.iter().enumerate() {
        if !may_go_outside && !value.ip().is_loopback() {
            top.complain(
                *line,
                "listen",
                complaint(
                    format!("{value} is off loopback and has no TLS"),
                    "add a [tls] table with certificate and key, \
                     or set allow_plaintext = true if a proxy before it speaks TLS",
                ),
            );
        }
        let before = &declared[..index];
        if value.port() != 0 && before.iter().any(|earlier| earlier.value == *value) {
            let problem = format!("{value} is there twice");
            top.complain(*line, "listen", complaint(problem, "remove one of them"));
        }
    }
    values(declared)
}

fn read_tls(table: &mut Table<'_, '_>, base: &Path) -> Option<Tls> {
    let certificate = table.text("certificate", |text| value::path(base, text));
    let key = table.text("key", |text| value::path(base, text));
    let header = table.line()?;
    for (name, found) in [("certificate", &certificate), ("key", &key)] {
        if found.is_none() && !table.has(name) {
            let remedy = format!("add {name} = \"FILE.pem\" to [tls]");
            table.complain(header, name, complaint("is missing", remedy));
        }
    }
    let (certificate, key) = (certificate?, key?);
    match pem::load(&certificate.value, &key.value) {
        Ok(certified) => Some(Tls {
            certificate: certificate.value,
            key: key.value,
            certified: Arc::new(certified),
        }),
        Err(complaints) => {
            for (blame, complaint) in complaints {
                match blame {
                    Blame::Certificate => {
                        table.complain(certificate.line, "certificate", complaint)
                    }
                    Blame::Key => table.complain(key.line, "key", complaint),
                }
            }
            None
        }
    }
}

fn read_limits(table: &mut Table<'_, '_>) -> Limits {
    let connections = table.number("connections", 1..=MOST_CONNECTIONS);
    let connections = connections.map_or(8192, |found| found.value);
    let failures_per_client = failures(table, "failures_per_client", 1, 600, 10);
    Limits {
        connections,
        connections_per_source: share(table, "connections_per_source", connections, 2048),
        connections_per_customer: share(table, "connections_per_customer", connections, 2048),
        uploads: count(table, "uploads", 16_384, 2048),
        header_timeout: duration(table, "header_timeout", 1, 300, 10),
        idle_timeout: duration(table, "idle_timeout", 1, 3600, 150),
        stalled_body_timeout: duration(table, "stalled_body_timeout", 1, 3600, 60),
        drain_timeout: duration(table, "drain_timeout", 0, 3600, 30),
        admin_connections: count(table, "admin_connections", 1024, 32),
        admin_timeout: duration(table, "admin_timeout", 1, 600, 30),
        failures_per_client,
        // A source that is cut off before its client would make the client's limit meaningless.
        failures_per_source: failures(
            table,
            "failures_per_source",
            failures_per_client.get(),
            60_000,
            60,
        ),
    }
}

fn count(table: &mut Table<'_, '_>, key: &'static str, most: usize, default: usize) -> usize {
    table
        .number(key, 1..=most)
        .map_or(default, |found| found.value)
}

/// A part of `whole`. The default shrinks with it, so that lowering the whole is one edit.
fn share(table: &mut Table<'_, '_>, key: &'static str, whole: usize, default: usize) -> usize {
    count(table, key, whole, default.min(whole))
}

fn failures(
    table: &mut Table<'_, '_>,
    key: &'static str,
    least: u32,
    most: u32,
    default: u32,
) -> NonZeroU32 {
    let range = least as usize..=most as usize;
    let found = table
        .number(key, range)
        .and_then(|found| u32::try_from(found.value).ok());
    NonZeroU32::new(found.unwrap_or(default.max(least))).unwrap_or(NonZeroU32::MIN)
}

fn duration(
    table: &mut Table<'_, '_>,
    key: &'static str,
    least: u64,
    most: u64,
    default: u64,
) -> Duration {
    let range = Duration::from_secs(least)..=Duration::from_secs(most);
    let found = table.text(key, |text| value::duration(text, range.clone()));
    found.map_or(Duration::from_secs(default), |found| found.value)
}

fn values<T>(located: Vec<Located<T>>) -> Vec<T> {
    located.into_iter().map(|found| found.value).collect()
}
