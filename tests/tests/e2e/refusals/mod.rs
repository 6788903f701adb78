//! Every refusal is provoked by a client and read as the rules want it; what records and time decide, `explain` said
//! before it happened (rules, section 9).

mod admission;
mod credentials;
mod resources;
mod suspension;

use serde_json::Value;

use crate::support::{Answer, CONTACT, Server};

/// What every cause reads as while nobody has authenticated.
const ACCESS_DENIED: &str = "Access denied: check the customer, the client id and the password.";

/// A refusal before it happens: its code and the sentence that the client will read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    code: String,
    sentence: String,
}

impl Expected {
    /// One that neither records nor time decide, so that nothing can foretell it.
    fn unforeseen(code: &str, sentence: &str) -> Self {
        Self {
            code: code.to_owned(),
            sentence: sentence.to_owned(),
        }
    }

    /// What `explain` says that an act at an address would be refused with.
    #[track_caller]
    fn foretold(server: &Server, address: &str, act: &str, code: &str) -> Self {
        let refusal = verdict(server, address, act);
        assert_eq!(refusal["code"], code, "{act} at {address}: {refusal}");
        Self::unforeseen(code, refusal["sentence"].as_str().unwrap())
    }

    /// Holds an answer against it: status, reason phrase, body, and where its reference leads.
    #[track_caller]
    fn is(&self, server: &Server, answer: &Answer, status: u16) {
        let Self { code, sentence } = self;
        assert_eq!(answer.status, status, "{} {}", answer.reason, answer.text());
        let reference = answer.reference();
        assert_eq!(answer.reason, format!("{sentence} {CONTACT} [{reference}]"));
        let media = answer.header("content-type");
        assert_eq!(media, Some("application/problem+json"));
        // A HEAD is answered without the body.
        if !answer.body.is_empty() {
            let body = answer.json();
            assert_eq!(body["title"], answer.reason);
            assert_eq!(body["detail"], *sentence);
            assert_eq!(body["reference"], reference);
            let shown = if status == 401 {
                "unauthenticated"
            } else {
                code
            };
            assert_eq!(body["code"], shown);
        }

        let explained = server.json(["explain", &format!("[{reference}]")]);
        assert_eq!(explained["code"], *code, "{explained}");
        assert_eq!(explained["sentence"], *sentence);
        assert_eq!(explained["source"], "127.0.0.1");
        let rows = server.json(["refused"]);
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["reference"] == reference);
        assert_eq!(row, Some(&explained));
    }
}

/// What `explain` says of an act at an address; null when it would be admitted.
fn verdict(server: &Server, address: &str, act: &str) -> Value {
    let explained = server.json(["explain", address]);
    let mut verdicts = explained["verdicts"].as_array().unwrap().iter();
    let verdict = verdicts.find(|verdict| verdict["act"] == act).unwrap();
    verdict["refusal"].clone()
}

/// Registers a client with the customer's pass key.
fn register(server: &Server, id: &str, body: &str) -> Answer {
    let view = server.json(["customer", "pass-key", "abc-inc"]);
    register_with(server, id, view["pass_key"].as_str().unwrap(), body)
}

/// Registers a client with that pass key.
fn register_with(server: &Server, id: &str, pass_key: &str, body: &str) -> Answer {
    crate::support::Client::with(server, "abc-inc", id, pass_key).ask(
        "POST",
        "register",
        body.as_bytes(),
    )
}
