//! Texts in the file understood: paths, addresses, durations, groups, log filters.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::fault::{Complaint, complaint};
use super::nearest::nearest;
use super::network::{Network, NetworkError};

/// The longest path that fits a Unix socket's address with its final NUL (unix(7)).
const LONGEST_SOCKET_PATH: usize = 107;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A path made absolute from `base`, which is absolute and without symbolic links.
pub(super) fn path(base: &Path, text: &str) -> Result<PathBuf, Complaint> {
    if text.is_empty() || text.contains('\0') {
        return Err(complaint("is no path", "write an absolute path"));
    }
    let mut resolved = base.to_owned();
    let mut named = false;
    for component in Path::new(text).components() {
        match component {
            Component::Prefix(_) | Component::RootDir => resolved = PathBuf::from("/"),
            Component::CurDir => {}
            // Behind a name, `..` means what the symbolic link there says, and then roots confine nothing.
            Component::ParentDir if named => {
                return Err(complaint(
                    format!("{text:?} goes up again with \"..\""),
                    "write the path without detours",
                ));
            }
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => {
                named = true;
                resolved.push(name);
            }
        }
    }
    Ok(resolved)
}

/// A folder beneath which locations may lie.
pub(super) fn location_root(base: &Path, text: &str) -> Result<PathBuf, Complaint> {
    let root = path(base, text)?;
    if root.parent().is_none() {
        return Err(complaint(
            "the whole file system is no root for locations",
            "name the folders that hold backups, as in \"/srv/penstock\"",
        ));
    }
    Ok(root)
}

/// The path of a Unix socket.
pub(super) fn socket_path(base: &Path, text: &str) -> Result<PathBuf, Complaint> {
    let socket = path(base, text)?;
    fits_a_socket(&socket)?;
    Ok(socket)
}

/// Whether the path is short enough for a socket; defaults made from `state_dir` are asked too.
pub(super) fn fits_a_socket(socket: &Path) -> Result<(), Complaint> {
    let length = socket.as_os_str().len();
    if length > LONGEST_SOCKET_PATH {
        return Err(complaint(
            format!("a socket's path can't have {length} bytes"),
            format!("choose one of at most {LONGEST_SOCKET_PATH}, as in \"/run/penstock/...\""),
        ));
    }
    Ok(())
}

/// An address and port to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Complaint> {
    let address: SocketAddr = text.parse().map_err(|_| {
        let remedy = match text.rsplit_once(':') {
            Some(("localhost", port)) => format!("write \"127.0.0.1:{port}\""),
            Some(("" | "*", port)) => format!("write \"0.0.0.0:{port}\" or \"[::]:{port}\""),
            _ => "write \"ADDRESS:PORT\", as in \"127.0.0.1:8000\" or \"[::1]:8000\"".to_owned(),
        };
        complaint(format!("{text:?} is no address and port"), remedy)
    })?;
    let canonical = address.ip().to_canonical();
    if canonical != address.ip() {
        return Err(complaint(
            format!("{text:?} is an IPv4 address written as IPv6"),
            format!("write \"{canonical}:{}\"", address.port()),
        ));
    }
    Ok(address)
}

/// A trusted proxy's network.
pub(super) fn network(text: &str) -> Result<Network, Complaint> {
    text.parse().map_err(|error| {
        let remedy = match error {
            NetworkError::HostBits { block } => format!("write \"{block}\", or the address alone"),
            NetworkError::Prefix { .. } => {
                "write it as in \"192.0.2.0/24\" or \"2001:db8::/32\"".to_owned()
            }
            NetworkError::Mapped => "write it as IPv4".to_owned(),
            NetworkError::Address => {
                "write an address, or a block as in \"192.0.2.0/24\"".to_owned()
            }
        };
        complaint(format!("{text:?}: {error}"), remedy)
    })
}

/// A group's name as useradd(8) takes it; the empty text stands for no group.
pub(super) fn group(text: &str) -> Result<Option<String>, Complaint> {
    if text.is_empty() {
        return Ok(None);
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if text.len() > 32 || text.starts_with('-') || !text.bytes().all(plain) {
        return Err(complaint(
            format!("{text:?} is no group's name"),
            "write the name of a group of the system, or \"\" for none",
        ));
    }
    Ok(Some(text.to_owned()))
}

/// A whole number with its unit: `500ms`, `10s`, `2m`, `1h`.
pub(super) fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, Complaint> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let value = match (number.parse::<u64>(), milliseconds) {
        (Ok(number), Some(milliseconds)) => {
            number.checked_mul(milliseconds).map(Duration::from_millis)
        }
        _ => {
            return Err(complaint(
                format!("{text:?} is no duration"),
                "write a whole number with its unit, as in \"500ms\", \"10s\", \"2m\" or \"1h\"",
            ));
        }
    };
    value.filter(|value| range.contains(value)).ok_or_else(|| {
        let (least, most) = (range.start().as_secs(), range.end().as_secs());
        complaint(
            format!("{text:?} is out of range"),
            format!("write \"{least}s\" to \"{most}s\""),
        )
    })
}

/// What to log, in `EnvFilter`'s syntax less its bare targets.
pub(super) fn log_filter(text: &str) -> Result<String, Complaint> {
    let directives = text.split(',').map(str::trim);
    for directive in directives.filter(|directive| !directive.contains(['=', '['])) {
        // A bare word that is no level would name a target, and "wran" would silence everything else.
        if !LEVELS.contains(&directive.to_ascii_lowercase().as_str()) {
            let remedy = match nearest(directive, LEVELS) {
                Some(level) => format!("did you mean {level}?"),
                None => format!("write a level ({}), or target=level", LEVELS.join(", ")),
            };
            return Err(complaint(format!("{directive:?} is no level"), remedy));
        }
    }
    match EnvFilter::builder().with_regex(false).parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(complaint(
            format!("{text:?}: {error}"),
            "write a level, or directives as in \"info,penstock_daemon::gateway=debug\"",
        )),
    }
}
