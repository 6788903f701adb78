//! Ready-to-paste lines that make a restic client out of a shell.

/// `export` lines for a client, with its password if it is known here; nothing when the server has no `public_url`.
///
/// The password stands in the address, because restic before 0.17 reads it nowhere else.
#[must_use]
pub fn lines(
    public_url: &str,
    customer: &str,
    client: &str,
    password: Option<&str>,
) -> Vec<String> {
    let Some((scheme, host)) = public_url.split_once("://") else {
        return Vec::new();
    };
    let login = match password {
        Some(password) => format!("{}:{}", encoded(client), encoded(password)),
        None => format!("{}:YOUR-PASSWORD", encoded(client)),
    };
    let path = format!("{customer}/{client}/");
    vec![
        format!(
            "export RESTIC_REPOSITORY={}",
            quoted(&format!("rest:{scheme}://{login}@{host}/{path}"))
        ),
        "export RESTIC_PASSWORD='choose-your-own-encryption-password'".to_owned(),
    ]
}

/// Percent-encodes what isn't unreserved (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// One word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_and_restic_read_the_lines_as_they_are_meant() {
        let lines = lines(
            "https://backup.example:8000",
            "abc-inc",
            "ann@home",
            Some("a:/'b"),
        );
        assert_eq!(
            lines[0],
            "export RESTIC_REPOSITORY='rest:https://ann%40home:a%3A%2F%27b@backup.example:8000/abc-inc/ann@home/'"
        );
        assert!(super::lines("", "abc", "x", Some("y")).is_empty());
    }
}
