//! Links that are planted among the files lead nowhere, whatever is asked for.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::besieged::{Besieged, SECRET, secret};

#[test]
fn a_planted_link_is_never_followed_by_any_method() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let (server, mine) = (&besieged.server, attacker.folder());
    let theirs = server.location().join("victim/pc/default");
    let object = secret();
    let (name, first) = (object.name.as_str(), &object.name[..2]);
    let outside = server.folder().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(name), SECRET).unwrap();
    fs::write(server.folder().join("loose"), SECRET).unwrap();
    // Where the link lies, what it leads to, and what is asked for.
    let object_of = |kind: &str| format!("{kind}/{name}");
    let plants = [
        (
            format!("data/{first}/{name}"),
            theirs.join(format!("data/{first}/{name}")),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            PathBuf::from("/etc/passwd"),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            server.folder().join("loose"),
            "data",
        ),
        (
            format!("data/{first}/{name}"),
            server.folder().join("not-there"),
            "data",
        ),
        (format!("data/{first}/{name}"), outside.clone(), "data"),
        (
            format!("keys/{name}"),
            theirs.join(format!("keys/{name}")),
            "keys",
        ),
        (
            format!("locks/{name}"),
            PathBuf::from("../../../../victim/pc/default/locks").join(name),
            "locks",
        ),
        (
            format!("snapshots/{name}"),
            PathBuf::from("/etc/passwd"),
            "snapshots",
        ),
        (
            format!("data/{first}"),
            theirs.join(format!("data/{first}")),
            "data",
        ),
        (format!("data/{first}"), outside.clone(), "data"),
        ("keys".to_owned(), theirs.join("keys"), "keys"),
        (
            "locks".to_owned(),
            PathBuf::from("../../../victim/pc/default/locks"),
            "locks",
        ),
        ("snapshots".to_owned(), outside.clone(), "snapshots"),
        ("index".to_owned(), PathBuf::from("/etc"), "index"),
        ("data".to_owned(), theirs.join("data"), "data"),
        ("config".to_owned(), theirs.join("config"), "config"),
        ("config".to_owned(), PathBuf::from("/etc/passwd"), "config"),
    ];
    let spare = server.folder().join("spare");
    for (place, target, kind) in &plants {
        let link = mine.join(place);
        let stood = link.symlink_metadata().is_ok();
        if stood {
            fs::rename(&link, &spare).unwrap();
        }
        symlink(target, &link).unwrap();
        let before = besieged.surroundings();
        let wanted = if *kind == "config" {
            "config".to_owned()
        } else {
            object_of(kind)
        };
        let what = format!("{place} -> {}", target.display());
        let mut asks = vec![
            ("GET", wanted.clone()),
            ("HEAD", wanted.clone()),
            ("POST", wanted.clone()),
        ];
        asks.push(("DELETE", wanted));
        if *kind != "config" {
            asks.push(("GET", format!("{kind}/")));
        }
        for (method, rest) in asks {
            let answer = attacker.ask(method, &rest, &object.body);
            let listed = rest.ends_with('/');
            let text = format!("{answer:?} {}", answer.text());
            assert!(
                !text.contains(SECRET) && !text.contains("root:"),
                "{what}: {method} {text}"
            );
            // A list may pass over it; nothing else may take it for an object.
            assert!(answer.status >= 400 || listed, "{what}: {method} {text}");
            assert!(!(listed && text.contains(name)), "{what}: {text}");
        }
        assert!(link.symlink_metadata().unwrap().is_symlink(), "{what}");
        assert_eq!(besieged.surroundings(), before, "{what}");
        fs::remove_file(&link).unwrap();
        if stood {
            fs::rename(&spare, &link).unwrap();
        }
    }
    // Without the links all works: they were what was in the way.
    attacker.post("data", &object).is(200);
    assert!(attacker.ask("GET", &object_of("data"), b"").is(200).body == object.body);
}

#[test]
fn a_link_in_the_place_of_a_repository_or_of_those_above_leads_nowhere() {
    let besieged = Besieged::new();
    let attacker = besieged.attacker();
    let server = &besieged.server;
    let own = format!("data/{}", besieged.own.name);
    let spare = server.folder().join("spare");
    let plants = [
        ("abc-inc/laptop/default", "victim/pc/default"),
        ("abc-inc/laptop", "victim/pc"),
        ("abc-inc", "victim"),
    ];
    for (place, target) in plants {
        let link = server.location().join(place);
        fs::rename(&link, &spare).unwrap();
        symlink(server.location().join(target), &link).unwrap();
        let before = besieged.surroundings();
        for (method, rest) in [
            ("GET", "config"),
            ("GET", "data/"),
            ("GET", &own),
            ("HEAD", &own),
            ("POST", &own),
            ("DELETE", &own),
            ("POST", "?create=true"),
        ] {
            let answer = attacker.ask(method, rest, &besieged.own.body);
            let text = format!("{answer:?} {}", answer.text());
            assert!(
                answer.status >= 400 && !text.contains(SECRET),
                "{place}: {method} {text}"
            );
        }
        // A new schedule would be made through it.
        let fresh = attacker.schedule(&format!("new-{}", place.len())).create();
        assert!(
            fresh.status >= 400 || place.ends_with("default"),
            "{place}: {fresh:?}"
        );
        let mut after = besieged.surroundings();
        after.retain(|path, _| !path.starts_with(server.location().join("abc-inc/laptop")));
        let mut before = before;
        before.retain(|path, _| !path.starts_with(server.location().join("abc-inc/laptop")));
        assert_eq!(after, before, "{place}");
        fs::remove_file(&link).unwrap();
        fs::rename(&spare, &link).unwrap();
    }
    assert!(attacker.ask("GET", &own, b"").is(200).body == besieged.own.body);
}
