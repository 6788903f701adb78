//! The configuration: all faults at once, and reloads that keep what is good.

use std::fs;

use nix::sys::signal::Signal;

use crate::support::{
    Certificate, Client, Ran, Server, administered, command, penstockd, run, until,
};

/// Checks a configuration of these lines.
fn check(lines: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("penstock.toml");
    fs::write(&file, lines).unwrap();
    let ran = penstockd(["--check-config", "--config", file.to_str().unwrap()]);
    assert!(
        !folder.path().join("state").exists(),
        "a check makes nothing"
    );
    ran
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once_with_its_line() {
    let faulty = "\
state_dirr = \"state\"
listen = [\"127.0.0.1:8000\", \"0.0.0.0:8000\", \"nowhere\"]
log = \"wran\"
trusted_proxies = [\"10.0.0.1/8\"]
[limits]
uploads = 0
header_timeout = \"5\"
[tsl]
key = \"key.pem\"
";
    let told = check(faulty).exits(78).err;
    for (line, words) in [
        (1, "state_dir"),
        (2, "0.0.0.0:8000"),
        (2, "nowhere"),
        (3, "did you mean warn?"),
        (4, "10.0.0.0/8"),
        (6, "uploads"),
        (7, "header_timeout"),
        (8, "tsl"),
    ] {
        let place = format!("penstock.toml:{line}: ");
        let mut faults = told.lines();
        let found = faults.any(|fault| fault.contains(&place) && fault.contains(words));
        assert!(found, "line {line}, {words}:\n{told}");
    }
    assert!(told.contains("state_dir: is missing"), "{told}");
}

#[test]
fn a_faultless_configuration_is_told_to_be_one() {
    let ran = check("state_dir = \"state\"\n").fine();
    assert!(ran.out.contains("no faults"), "{}", ran.out);
    let version = penstockd(["--version"]).fine();
    assert!(version.out.starts_with("penstockd "), "{}", version.out);
    penstockd(["--nonsense"]).exits(64);
    let missing = penstockd(["--config", "/no/such/file.toml"]).exits(78);
    assert!(
        missing.err.contains("/no/such/file.toml"),
        "{}",
        missing.err
    );
}

#[test]
fn nothing_listens_off_loopback_without_tls_unless_that_is_allowed_outright() {
    let open = "state_dir = \"state\"\nlisten = [\"0.0.0.0:8000\"]\n";
    let refused = check(open).exits(78);
    assert!(
        refused.err.contains("off loopback and has no TLS"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("allow_plaintext"), "{}", refused.err);
    check(&format!("{open}allow_plaintext = true\n")).fine();
}

/// From where the newest refusal came, as the daemon sees it.
fn seen_from(server: &Server, client: &Client) -> String {
    let answer = client.ask_with("GET", "data/", "X-Forwarded-For: 203.0.113.9\r\n", b"");
    let row = server.json(["explain", &format!("[{}]", answer.reference())]);
    row["source"].as_str().unwrap().to_owned()
}

#[test]
fn a_reload_takes_a_good_file_and_a_bad_one_keeps_the_old() {
    let server = Server::start();
    administered(&server);
    let stranger = Client::with(&server, "abc-inc", "laptop", "psk_wrong");
    assert_eq!(seen_from(&server, &stranger), "127.0.0.1");
    server.configure("trusted_proxies = [\"127.0.0.1\"]\n");
    server.signal(Signal::SIGHUP);
    server.logs("configuration reloaded");
    assert_eq!(seen_from(&server, &stranger), "203.0.113.9");
    server.configure("trusted_proxies = [\"nonsense\"]\n");
    server.signal(Signal::SIGHUP);
    server.logs("the old one stays in force");
    assert_eq!(seen_from(&server, &stranger), "203.0.113.9");
    server.configure("trusted_proxies = []\nview_socket = \"elsewhere.sock\"\n");
    server.signal(Signal::SIGHUP);
    server.logs("a changed key needs a restart key=view_socket");
    until("the proxy to be trusted no more", || {
        (seen_from(&server, &stranger) == "127.0.0.1").then_some(())
    });
}

#[test]
fn a_renewed_certificate_is_served_after_a_reload_and_a_bad_one_is_not() {
    let server = Server::prepared(Certificate::CONFIG, |folder| {
        Certificate::made_in(folder);
    });
    let laptop = administered(&server);
    let files = server.folder().join("certificate.pem");
    let trusts = |authority: &str| {
        let (scheme, host) = server.origin();
        let mut curl = command("curl");
        curl.args([
            "--silent",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
        ])
        .args([
            "--cacert",
            authority,
            "--user",
            &format!("laptop:{}", laptop.password),
        ])
        .arg(format!("{scheme}://{host}{}", laptop.path("config")));
        let ran = run(curl.current_dir(server.folder()), "");
        (ran.code == Some(0)).then_some(ran.out)
    };
    fs::copy(&files, server.folder().join("old.pem")).unwrap();
    assert_eq!(trusts("old.pem").as_deref(), Some("404"));
    Certificate::made_in(server.folder());
    fs::copy(&files, server.folder().join("new.pem")).unwrap();
    assert_eq!(trusts("new.pem"), None);
    server.signal(Signal::SIGHUP);
    until("the new certificate", || trusts("new.pem"));
    assert_eq!(trusts("old.pem"), None);
    fs::write(&files, "no certificate at all").unwrap();
    server.signal(Signal::SIGHUP);
    server.logs("the old one stays in force");
    assert_eq!(trusts("new.pem").as_deref(), Some("404"));
}
