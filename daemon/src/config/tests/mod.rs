//! What the configuration file may say, and in what words it is refused.

mod files;
mod values;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

const STATE: &str = "state_dir = \"/var/lib/penstock\"\n";

fn parse(text: &str) -> Result<Config, ConfigFaults> {
    Config::parse(text, Path::new("/etc/penstock"))
}

fn accepted(text: &str) -> Config {
    parse(&format!("{STATE}{text}")).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The faults of `text` beneath a first line that is right.
fn refused(text: &str) -> Vec<String> {
    let faults = parse(&format!("{STATE}{text}")).expect_err(text);
    faults.to_string().lines().map(str::to_owned).collect()
}

fn assert_refused(text: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|line| format!("penstock.toml:{line}"))
        .collect();
    assert_eq!(refused(text), expected, "{text}");
}

#[test]
fn the_state_directory_alone_is_a_configuration() {
    let config = accepted("");
    assert_eq!(config.listen, ["127.0.0.1:8000".parse().unwrap()]);
    assert_eq!(
        config.control_socket,
        Path::new("/var/lib/penstock/control/penstockd.sock")
    );
    assert_eq!(
        config.view_socket,
        Path::new("/var/lib/penstock/view/penstockd.sock")
    );
    assert_eq!(config.control_group.as_deref(), Some("penstock"));
    assert_eq!(config.view_group.as_deref(), Some("penstock-view"));
    let roots = [Path::new("/var/lib/penstock"), Path::new("/srv/penstock")];
    assert_eq!(config.location_roots, roots);
    assert_eq!(config.main_location, Path::new("/var/lib/penstock/main"));
    assert!(config.tls.is_none() && !config.allow_plaintext && config.trusted_proxies.is_empty());
    assert_eq!(config.log, "info");
    assert_eq!(
        config.limits,
        Limits {
            connections: 8192,
            connections_per_source: 2048,
            connections_per_customer: 2048,
            uploads: 2048,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(150),
            stalled_body_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            admin_connections: 32,
            admin_timeout: Duration::from_secs(30),
            failures_per_client: NonZeroU32::new(10).unwrap(),
            failures_per_source: NonZeroU32::new(60).unwrap(),
        }
    );
}

#[test]
fn the_example_that_is_shipped_is_accepted_and_says_the_defaults() {
    let example = include_str!("../../../../systemd/penstock.toml");
    let as_shipped = Config::parse(example, Path::new("/etc/penstock")).unwrap();
    let commented_out: String = example
        .lines()
        .map(|line| {
            line.strip_prefix("#")
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
        })
        .filter(|line| !line.starts_with("[tls]") && !line.contains(".pem\""))
        .flat_map(|line| [line, "\n"])
        .collect();
    let spelt_out = Config::parse(&commented_out, Path::new("/etc/penstock"))
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(spelt_out.limits, as_shipped.limits);
    assert_eq!(spelt_out.listen, as_shipped.listen);
    assert_eq!(spelt_out.location_roots, as_shipped.location_roots);
    assert_eq!(spelt_out.main_location, as_shipped.main_location);
    assert_eq!(spelt_out.control_group, as_shipped.control_group);
    assert_eq!(spelt_out.view_group, as_shipped.view_group);
    assert_eq!(spelt_out.log, as_shipped.log);
    assert_eq!(
        as_shipped.control_socket,
        Path::new("/run/penstock/control/penstockd.sock")
    );
}

#[test]
fn relative_paths_start_from_the_folder_of_the_file() {
    let config = Config::parse(
        "state_dir = \"../../srv/state\"",
        Path::new("/etc/penstock"),
    )
    .unwrap();
    assert_eq!(config.state_dir, Path::new("/srv/state"));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("penstock.toml");
    fs::write(&file, "state_dir = \"state\"\n").unwrap();
    let expected = folder.path().canonicalize().unwrap().join("state");
    assert_eq!(Config::load(&file).unwrap().state_dir, expected);
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_with_its_name() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("none.toml");
    let faults = Config::load(&missing).unwrap_err();
    let text = faults.to_string();
    assert!(
        text.starts_with(&format!("{}: cannot be read: ", missing.display())),
        "{text}"
    );
    assert!(
        text.ends_with(
            "(check the path given with --config, and that the daemon's user may read it)"
        )
    );
    assert!(
        Config::load(folder.path())
            .unwrap_err()
            .to_string()
            .contains("not a regular file")
    );
}

#[test]
fn a_missing_state_directory_is_said_with_what_to_add() {
    let faults = parse("log = \"info\"\n").unwrap_err();
    assert_eq!(
        faults.to_string(),
        "penstock.toml: state_dir: is missing (add state_dir = \"/var/lib/penstock\")"
    );
}

#[test]
fn all_faults_are_said_at_once_in_the_order_of_the_lines() {
    let text = r#"lisen = ["127.0.0.1:1"]
listen = ["localhost:8000", "[::1]:9"]
log = "inf"
trusted_proxies = ["10.0.0.5/8",
  "proxy"]
[limits]
uploads = 0
header_timeout = "10"
"#;
    assert_refused(
        text,
        &[
            "2: lisen: is not a known key (did you mean listen?)",
            "3: listen: \"localhost:8000\" is no address and port (write \"127.0.0.1:8000\")",
            "4: log: \"inf\" is no level (did you mean info?)",
            "5: trusted_proxies: \"10.0.0.5/8\": bits are set beyond the prefix; the block is 10.0.0.0/8 (write \"10.0.0.0/8\", or the address alone)",
            "6: trusted_proxies: \"proxy\": not an IP address (write an address, or a block as in \"192.0.2.0/24\")",
            "8: limits.uploads: 0 is out of range (write a whole number from 1 to 16384)",
            "9: limits.header_timeout: \"10\" is no duration (write a whole number with its unit, as in \"500ms\", \"10s\", \"2m\" or \"1h\")",
        ],
    );
}

#[test]
fn an_unknown_key_is_refused_in_every_table_with_the_nearest_one() {
    assert_refused(
        "colour = true\n",
        &["2: colour: is not a known key (remove it)"],
    );
    assert_refused(
        "[limits]\nheader-timeout = \"1s\"\n",
        &["3: limits.header-timeout: is not a known key (did you mean header_timeout?)"],
    );
    let faults = refused("[tls]\ncertficate = \"a\"\nkey = \"/none\"\n");
    assert!(
        faults.contains(
            &"penstock.toml:3: tls.certficate: is not a known key (did you mean certificate?)"
                .to_owned()
        )
    );
}

#[test]
fn a_key_in_the_wrong_table_is_sent_home() {
    assert_refused(
        "[limits]\nlog = \"info\"\n",
        &[
            "3: limits.log: is not a known key (it belongs at the top of the file, before the first [table])",
        ],
    );
    assert_refused(
        "uploads = 5\n",
        &["2: uploads: is not a known key (it belongs in [limits])"],
    );
}

#[test]
fn a_value_of_the_wrong_kind_says_which_kind_is_right() {
    assert_refused(
        "listen = \"127.0.0.1:8000\"\nlog = 3\nallow_plaintext = \"yes\"\ntrusted_proxies = [1]\n",
        &[
            "2: listen: is of the wrong kind: string (write a list: listen = [\"...\"])",
            "3: log: is of the wrong kind: integer (write a text in double quotes)",
            "4: allow_plaintext: is of the wrong kind: string (write true or false, without quotes)",
            "5: trusted_proxies: is of the wrong kind: integer (write a text in double quotes)",
        ],
    );
    assert_refused(
        "limits = 5\n",
        &[
            "2: limits: is of the wrong kind: integer (write a table: [limits] on a line of its own)",
        ],
    );
    assert_refused(
        "[limits]\nuploads = \"256\"\n",
        &["3: limits.uploads: is of the wrong kind: string (write a whole number from 1 to 16384)"],
    );
}

#[test]
fn text_that_is_not_toml_is_a_fault_beside_the_others() {
    let remedy = "(write KEY = VALUE, each key once, texts in double quotes: see toml.io)";
    let faults = refused("log = info\nview_group = '\n[limits]\nuploads = 0\n");
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults[0].starts_with("penstock.toml:2: ") && faults[0].ends_with(remedy),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("penstock.toml:3: ") && faults[1].ends_with(remedy),
        "{faults:?}"
    );
    assert!(
        faults[2].starts_with("penstock.toml:5: limits.uploads: 0 is out of range"),
        "{faults:?}"
    );
}

#[test]
fn what_seems_missing_from_text_that_is_not_toml_is_not_asked_for() {
    let faults = parse("state_dir = /var/lib/penstock\n").unwrap_err();
    assert_eq!(faults.faults().len(), 1, "{faults}");
    assert_eq!(faults.faults()[0].line, Some(1));
}

#[test]
fn a_key_given_twice_is_refused() {
    let faults = refused("log = \"info\"\nlog = \"debug\"\n");
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("penstock.toml:3: duplicate key"),
        "{faults:?}"
    );
}

#[test]
fn control_characters_of_the_file_never_reach_the_terminal() {
    let faults = refused("\"a\\u001Bb\" = 1\nlog = \"\\u001B[2J\"\ncontrol_group = \"x\\ny\"\n");
    assert_eq!(faults.len(), 3);
    assert!(
        faults
            .iter()
            .all(|line| !line.contains(|c: char| c.is_control())),
        "{faults:?}"
    );
}
