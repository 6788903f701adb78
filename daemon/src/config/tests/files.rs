//! Certificates and keys on disk, and what a reload makes of a changed file.

use super::*;

/// A certificate for `name` and its key, as `<name>.pem` and `<name>.key`.
fn issue(folder: &Path, name: &str) {
    let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    fs::write(folder.join(format!("{name}.pem")), issued.cert.pem()).unwrap();
    fs::write(
        folder.join(format!("{name}.key")),
        issued.signing_key.serialize_pem(),
    )
    .unwrap();
}

fn tls(certificate: &str, key: &str) -> String {
    format!("state_dir = \"state\"\n[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n")
}

fn tls_faults(folder: &Path, certificate: &str, key: &str) -> Vec<Fault> {
    Config::parse(&tls(certificate, key), folder)
        .unwrap_err()
        .faults()
        .to_vec()
}

#[test]
fn loopback_tls_or_leave_given_open_the_port() {
    assert_eq!(
        accepted("listen = [\"[::1]:8000\", \"127.1.2.3:8000\"]\n")
            .listen
            .len(),
        2
    );
    assert!(accepted("listen = [\"0.0.0.0:8000\"]\nallow_plaintext = true\n").allow_plaintext);
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    let text = format!("listen = [\"[::]:8000\"]\n{}", tls("one.pem", "one.key"));
    assert!(Config::parse(&text, folder.path()).unwrap().tls.is_some());
}

#[test]
fn a_certificate_and_its_key_are_taken() {
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    let config = Config::parse(&tls("one.pem", "one.key"), folder.path()).unwrap();
    let tls = config.tls.as_ref().unwrap();
    assert_eq!(tls.key, folder.path().join("one.key"));
    assert_eq!(tls.certified.cert.len(), 1);
    assert!(!format!("{config:?}").contains("certified"));
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    issue(folder.path(), "two");
    let faults = tls_faults(folder.path(), "one.pem", "two.key");
    assert_eq!(faults.len(), 1);
    assert_eq!(
        (faults[0].line, faults[0].key.as_str()),
        (Some(4), "tls.key")
    );
    assert!(
        faults[0].problem.contains("two.key doesn't belong to"),
        "{}",
        faults[0]
    );
}

#[test]
fn files_that_hold_no_certificate_or_key_are_refused_each_on_its_own_line() {
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    let faults = tls_faults(folder.path(), "none.pem", "none.key");
    let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [Some(3), Some(4)]);
    assert!(
        faults
            .iter()
            .all(|fault| fault.problem.starts_with("cannot read "))
    );
    let faults = tls_faults(folder.path(), "one.key", "one.pem");
    assert!(
        faults[0].problem.ends_with("one.key holds no certificate"),
        "{}",
        faults[0]
    );
    assert!(
        faults[1].problem.ends_with("one.pem holds no private key"),
        "{}",
        faults[1]
    );
    assert!(
        tls_faults(folder.path(), ".", "one.key")[0]
            .problem
            .ends_with("is no PEM file")
    );
}

#[test]
fn damaged_and_encrypted_files_are_told_from_missing_ones() {
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    let write = |name: &str, label: &str, body: &str| {
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("locked.key", "ENCRYPTED PRIVATE KEY", "AAAA");
    write("damaged.key", "PRIVATE KEY", "!!!!");
    write("empty.key", "PRIVATE KEY", "AAAA");
    write("empty.pem", "CERTIFICATE", "AAAA");
    let of_key = |name: &str| tls_faults(folder.path(), "one.pem", name).remove(0);
    assert!(
        of_key("locked.key")
            .problem
            .ends_with("locked.key is encrypted")
    );
    assert!(of_key("locked.key").remedy.contains("openssl pkey"));
    assert!(
        of_key("damaged.key")
            .problem
            .contains("damaged.key is damaged: ")
    );
    assert!(of_key("empty.key").remedy.contains("PKCS#8"));
    let fault = tls_faults(folder.path(), "empty.pem", "one.key").remove(0);
    assert_eq!(fault.key, "tls.certificate");
}

#[test]
fn half_a_tls_table_says_what_is_missing_and_blames_no_port() {
    assert_refused(
        "listen = [\"0.0.0.0:1\"]\n[tls]\n",
        &[
            "3: tls.certificate: is missing (add certificate = \"FILE.pem\" to [tls])",
            "3: tls.key: is missing (add key = \"FILE.pem\" to [tls])",
        ],
    );
}

#[test]
fn a_reload_names_only_what_needs_a_restart() {
    let old = accepted("");
    let live = accepted(
        "log = \"debug\"\ntrusted_proxies = [\"10.0.0.1\"]\nallow_plaintext = true\nlocation_roots = [\"/var/lib/penstock\"]\n[limits]\nuploads = 9\n",
    );
    assert!(old.reload_conflicts(&live).is_empty());
    let moved =
        parse("state_dir = \"/var/lib/other\"\nlisten = [\"127.0.0.1:9\"]\nview_group = \"\"\n")
            .unwrap();
    assert_eq!(
        old.reload_conflicts(&moved),
        [
            "state_dir",
            "listen",
            "control_socket",
            "view_socket",
            "view_group",
            "main_location"
        ]
    );
    let folder = TempDir::new().unwrap();
    issue(folder.path(), "one");
    issue(folder.path(), "two");
    let plain = Config::parse("state_dir = \"state\"", folder.path()).unwrap();
    let one = Config::parse(&tls("one.pem", "one.key"), folder.path()).unwrap();
    let two = Config::parse(&tls("two.pem", "two.key"), folder.path()).unwrap();
    assert_eq!(plain.reload_conflicts(&one), ["tls"]);
    assert!(one.reload_conflicts(&two).is_empty());
}
