//! What single keys take, and in what words they refuse the rest.

use super::*;

#[test]
fn plaintext_off_loopback_is_refused_by_address_with_both_remedies() {
    let remedy = "(add a [tls] table with certificate and key, or set allow_plaintext = true if a proxy before it speaks TLS)";
    assert_eq!(
        refused(
            "listen = [\"127.0.0.2:1\", \"[::1]:1\",\n\"0.0.0.0:1\", \"[::]:1\",\n\"192.0.2.1:1\", \"[fe80::1]:1\"]\n"
        ),
        [
            format!("penstock.toml:3: listen: 0.0.0.0:1 is off loopback and has no TLS {remedy}"),
            format!("penstock.toml:3: listen: [::]:1 is off loopback and has no TLS {remedy}"),
            format!("penstock.toml:4: listen: 192.0.2.1:1 is off loopback and has no TLS {remedy}"),
            format!("penstock.toml:4: listen: [fe80::1]:1 is off loopback and has no TLS {remedy}"),
        ]
    );
    assert_eq!(
        refused("listen = [\"0.0.0.0:1\"]\nallow_plaintext = false\n").len(),
        1
    );
}

#[test]
fn a_passed_listener_is_held_to_the_same_rule() {
    let outside = "192.0.2.1:8000".parse().unwrap();
    assert!(!accepted("").may_listen_on(outside));
    assert!(accepted("").may_listen_on("[::1]:8000".parse().unwrap()));
    assert!(accepted("").may_listen_on("[::ffff:127.0.0.1]:8000".parse().unwrap()));
    assert!(accepted("allow_plaintext = true\n").may_listen_on(outside));
}

#[test]
fn what_cannot_be_listened_on_is_refused() {
    for (entries, expected) in [
        (
            "",
            "2: listen: is empty (name at least one, or remove the key)",
        ),
        (
            "\":80\"",
            "2: listen: \":80\" is no address and port (write \"0.0.0.0:80\" or \"[::]:80\")",
        ),
        (
            "\"::1\"",
            "2: listen: \"::1\" is no address and port (write \"ADDRESS:PORT\", as in \"127.0.0.1:8000\" or \"[::1]:8000\")",
        ),
        (
            "\"[::ffff:127.0.0.1]:80\"",
            "2: listen: \"[::ffff:127.0.0.1]:80\" is an IPv4 address written as IPv6 (write \"127.0.0.1:80\")",
        ),
        (
            "\"127.0.0.1:80\", \"127.0.0.1:80\"",
            "2: listen: 127.0.0.1:80 is there twice (remove one of them)",
        ),
    ] {
        assert_refused(&format!("listen = [{entries}]\n"), &[expected]);
    }
    let many = vec!["\"127.0.0.1:0\""; 65].join(",");
    assert_refused(
        &format!("listen = [{many}]\n"),
        &["2: listen: 65 entries are too many (keep it to 64)"],
    );
}

#[test]
fn the_two_sockets_are_not_one() {
    assert_refused(
        "view_socket = \"/run/p/one.sock\"\ncontrol_socket = \"/run/p/one.sock\"\n",
        &["3: view_socket: is the control socket (give each socket a path of its own)"],
    );
}

#[test]
fn a_socket_path_that_the_kernel_would_cut_is_refused() {
    let fits = format!("/{}", "a".repeat(106));
    assert_eq!(
        accepted(&format!("control_socket = \"{fits}\"\n")).control_socket,
        Path::new(&fits)
    );
    let faults = refused(&format!("control_socket = \"{fits}a\"\n"));
    assert_eq!(
        faults,
        [
            "penstock.toml:2: control_socket: a socket's path can't have 108 bytes (choose one of at most 107, as in \"/run/penstock/...\")"
        ]
    );
    let deep = parse(&format!("state_dir = \"/{}\"\n", "a".repeat(100))).unwrap_err();
    let keys: Vec<_> = deep
        .faults()
        .iter()
        .map(|fault| fault.key.as_str())
        .collect();
    assert_eq!(keys, ["control_socket", "view_socket"]);
}

#[test]
fn the_first_location_lies_beneath_a_root() {
    assert_refused(
        "main_location = \"/home/backups\"\n",
        &[
            "2: main_location: /home/backups lies beneath none of location_roots (add its folder to location_roots, or move it)",
        ],
    );
    let config =
        accepted("main_location = \"/home/backups/main\"\nlocation_roots = [\"/home/backups\"]\n");
    assert_eq!(config.main_location, Path::new("/home/backups/main"));
    let config = accepted("location_roots = [\"/home/backups\", \"/srv\"]\n");
    assert_eq!(config.main_location, Path::new("/home/backups/main"));
    assert_refused(
        "location_roots = [\"/\"]\n",
        &[
            "2: location_roots: the whole file system is no root for locations (name the folders that hold backups, as in \"/srv/penstock\")",
        ],
    );
    assert_refused(
        "location_roots = [\"/srv/penstock/../..\", \"/var/lib/penstock\"]\n",
        &[
            "2: location_roots: \"/srv/penstock/../..\" goes up again with \"..\" (write the path without detours)",
        ],
    );
}

#[test]
fn groups_are_names_or_none() {
    assert_eq!(accepted("control_group = \"\"\n").control_group, None);
    assert_eq!(
        accepted("view_group = \"msp_staff\"\n")
            .view_group
            .as_deref(),
        Some("msp_staff")
    );
    assert_refused(
        "view_group = \"a b\"\n",
        &[
            "2: view_group: \"a b\" is no group's name (write the name of a group of the system, or \"\" for none)",
        ],
    );
}

#[test]
fn durations_have_units_and_ranges() {
    let limits = accepted(
        "[limits]\nheader_timeout = \"1500ms\"\nidle_timeout = \"1h\"\ndrain_timeout = \"0s\"\n",
    )
    .limits;
    assert_eq!(limits.header_timeout, Duration::from_millis(1500));
    assert_eq!(limits.idle_timeout, Duration::from_secs(3600));
    assert_eq!(limits.drain_timeout, Duration::ZERO);
    for text in [
        "0s",
        "999ms",
        "301s",
        "99999999999999999999s",
        "99999999999999999h",
    ] {
        let faults = refused(&format!("[limits]\nheader_timeout = \"{text}\"\n"));
        assert_eq!(faults.len(), 1, "{text}");
    }
    assert_refused(
        "[limits]\nheader_timeout = \"6m\"\n",
        &["3: limits.header_timeout: \"6m\" is out of range (write \"1s\" to \"300s\")"],
    );
    for text in ["", "s", "1 s", "+1s", "1.5s", "1d", "10S"] {
        let faults = refused(&format!("[limits]\nheader_timeout = \"{text}\"\n"));
        assert!(faults[0].contains("is no duration"), "{faults:?}");
    }
}

#[test]
fn numbers_have_ranges_however_they_are_written() {
    assert_eq!(accepted("[limits]\nuploads = 0x10\n").limits.uploads, 16);
    for number in ["-1", "16385", "99999999999999999999999", "1_000_000"] {
        let faults = refused(&format!("[limits]\nuploads = {number}\n"));
        assert!(
            faults[0].contains("is out of range (write a whole number from 1 to 16384)"),
            "{faults:?}"
        );
    }
}

#[test]
fn a_part_of_the_connections_never_exceeds_them() {
    let limits = accepted("[limits]\nconnections = 100\n").limits;
    assert_eq!(
        (
            limits.connections_per_source,
            limits.connections_per_customer
        ),
        (100, 100)
    );
    assert_refused(
        "[limits]\nconnections = 100\nconnections_per_source = 101\n",
        &[
            "4: limits.connections_per_source: 101 is out of range (write a whole number from 1 to 100)",
        ],
    );
}

#[test]
fn a_source_may_fail_as_often_as_a_client() {
    assert_refused(
        "[limits]\nfailures_per_client = 20\nfailures_per_source = 19\n",
        &[
            "4: limits.failures_per_source: 19 is out of range (write a whole number from 20 to 60000)",
        ],
    );
    let limits = accepted("[limits]\nfailures_per_client = 100\n").limits;
    assert_eq!(limits.failures_per_source.get(), 100);
}

#[test]
fn log_takes_levels_and_directives_but_no_bare_targets() {
    for text in ["warn", "WARN", "info,penstock_daemon::gateway=debug", "off"] {
        assert_eq!(accepted(&format!("log = \"{text}\"\n")).log, text);
    }
    for text in ["", "penstock_daemon", "info,", "info,hyper=loud"] {
        assert_eq!(refused(&format!("log = \"{text}\"\n")).len(), 1, "{text}");
    }
}

#[test]
fn a_trusted_proxy_is_known_by_its_network() {
    let config = accepted("trusted_proxies = [\"10.0.0.0/8\", \"2001:db8::1\"]\n");
    assert!(config.trusts_proxy("10.255.0.1".parse().unwrap()));
    assert!(config.trusts_proxy("::ffff:10.0.0.1".parse().unwrap()));
    assert!(config.trusts_proxy("2001:db8::1".parse().unwrap()));
    assert!(!config.trusts_proxy("11.0.0.1".parse().unwrap()));
    assert!(!accepted("").trusts_proxy("127.0.0.1".parse().unwrap()));
}
