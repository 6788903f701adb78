//! What a new client is handed: restic's repository address and the lines for its shell.

use penstock_policy::names::DEFAULT_SCHEDULE;

/// The address that restic takes as its repository, without user and password.
#[must_use]
pub fn repository(public_url: &str, customer: &str, client: &str, schedule: &str) -> String {
    let base = public_url.trim_end_matches('/');
    if schedule == DEFAULT_SCHEDULE {
        return format!("rest:{base}/{customer}/{client}/");
    }
    format!("rest:{base}/{customer}/{client}/{schedule}/")
}

/// Lines for a POSIX shell. User and password stand in the address, because restic before 0.15 has no variables for
/// them.
#[must_use]
pub fn lines(public_url: &str, customer: &str, client: &str, password: &str) -> Vec<String> {
    let (scheme, host) = public_url
        .split_once("://")
        .unwrap_or(("https", public_url));
    let login = format!("{}:{}", percent_encoded(client), percent_encoded(password));
    let url = format!("{scheme}://{login}@{host}");
    vec![
        format!(
            "export RESTIC_REPOSITORY={}",
            quoted(&repository(&url, customer, client, DEFAULT_SCHEDULE))
        ),
        "# export RESTIC_PASSWORD=...  # choose your own encryption password and keep it: without it nothing can be restored"
            .to_owned(),
    ]
}

/// Everything but unreserved characters as `%XX` (RFC 3986, section 2.1).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_stand_encoded_in_the_address() {
        let lines = lines(
            "https://backup.msp.example:8000",
            "abc-inc",
            "ann@laptop",
            "it's 50% é:/",
        );
        assert_eq!(
            lines[0],
            "export RESTIC_REPOSITORY='rest:https://ann%40laptop:it%27s%2050%25%20%C3%A9%3A%2F@backup.msp.example:8000/abc-inc/ann@laptop/'"
        );
        assert!(lines[1].starts_with("# export RESTIC_PASSWORD="));
    }

    #[test]
    fn the_default_schedule_needs_no_segment_of_its_own() {
        let of = |schedule| repository("http://h:1/base/", "abc", "pc", schedule);
        assert_eq!(of("default"), "rest:http://h:1/base/abc/pc/");
        assert_eq!(of("nightly"), "rest:http://h:1/base/abc/pc/nightly/");
    }

    #[test]
    fn a_quote_in_the_address_cannot_end_the_word() {
        assert_eq!(quoted("a'b"), r"'a'\''b'");
    }
}
