//! Editing a whole record in the person's editor: bad values and conflicts reopen it, and nothing typed is lost.

mod document;
mod draft;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use penstock_policy::edit::Assignment;
use penstock_wire::reply::{Edited, FailureCode};

use crate::exit::Problem;
use crate::fields::Sample;
use draft::Draft;

/// A record as the daemon showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What the record is called, for the file's heading.
    pub record: String,
    /// Its revision.
    pub revision: u64,
    /// Its fields as text.
    pub fields: BTreeMap<String, String>,
}

/// What editing needs from elsewhere.
pub trait Desk {
    /// Opens the file in the person's editor; false when the editor ended with an error.
    ///
    /// # Errors
    /// When it can't be started.
    fn open(&mut self, file: &Path) -> io::Result<bool>;

    /// The record as it is now.
    ///
    /// # Errors
    /// As the connection's.
    fn now(&mut self) -> Result<Snapshot, Problem>;

    /// Applies the edit to the record at that revision.
    ///
    /// # Errors
    /// As the connection's.
    fn send(&mut self, assignments: Vec<Assignment>, revision: u64) -> Result<Edited, Problem>;
}

impl Snapshot {
    /// A field's text; empty for one that the daemon doesn't know.
    pub fn value(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

/// Edits until the daemon took it or the person gave up; none when nothing was changed.
///
/// The person gives up by an empty file, by an editor that ends with an error, or by saving a refused text unchanged.
///
/// # Errors
/// When it can't go on; what was typed is kept in a file that the problem names.
pub fn edit<R: Sample>(desk: &mut impl Desk, base: Snapshot) -> Result<Option<Edited>, Problem> {
    let mut base = base;
    let mut draft = Draft::new(document::write::<R>(&base)).map_err(Problem::Editor)?;
    let mut refused: Option<Problem> = None;
    loop {
        let (typed, ended_well) = match draft.open(desk) {
            Ok(result) => result,
            Err(error) => return Err(draft.keep(Problem::Editor(error))),
        };
        let same = typed == draft.opened;
        if !ended_well || document::is_blank(&typed) {
            return give_up(draft, refused, same, ended_well);
        }
        match refused.take() {
            None if same => return Ok(None),
            Some(problem) if same && !is_conflict(&problem) => return Err(draft.keep(problem)),
            _ => {}
        }
        let assignments = match document::assignments::<R>(&typed, &base) {
            Ok(assignments) if assignments.is_empty() => return Ok(None),
            Ok(assignments) => assignments,
            Err(sentence) => {
                draft.opened = document::with_notice(&typed, &again(&sentence));
                refused = Some(Problem::Usage(sentence));
                continue;
            }
        };
        draft.opened.clone_from(&typed);
        let problem = match desk.send(assignments, base.revision) {
            Ok(edited) => return Ok(Some(edited)),
            Err(problem) => problem,
        };
        if is_conflict(&problem) {
            let now = match desk.now() {
                Ok(now) => now,
                Err(problem) => return Err(draft.keep(problem)),
            };
            match document::merge::<R>(&typed, &base, &now) {
                Ok(merged) if now.revision != base.revision => {
                    draft.opened = document::with_notice(&merged, &meanwhile(now.revision));
                    base = now;
                    refused = Some(problem);
                    continue;
                }
                // Another kind of conflict: a backup of it runs.
                _ => {}
            }
        }
        match problem.code() {
            FailureCode::Usage | FailureCode::Refused | FailureCode::Exists => {
                draft.opened = document::with_notice(&typed, &again(&problem.to_string()));
                refused = Some(problem);
            }
            _ => return Err(draft.keep(problem)),
        }
    }
}

fn give_up(
    draft: Draft,
    refused: Option<Problem>,
    same: bool,
    ended_well: bool,
) -> Result<Option<Edited>, Problem> {
    match refused {
        Some(problem) => {
            // An emptied file stands for the text before.
            if let (true, Err(error)) = (ended_well, draft.write(&draft.opened)) {
                return Err(draft.keep(Problem::Editor(error)));
            }
            Err(draft.keep(problem))
        }
        None if ended_well => Ok(None),
        None => {
            let problem = Problem::Editor(io::Error::other("it ended with an error"));
            Err(if same { problem } else { draft.keep(problem) })
        }
    }
}

fn is_conflict(problem: &Problem) -> bool {
    problem.code() == FailureCode::Conflict
}

fn again(sentence: &str) -> String {
    format!("not applied: {sentence}\nchange it and save, or empty the file to give up")
}

fn meanwhile(revision: u64) -> String {
    format!(
        "not applied: somebody else changed the record meanwhile; it is at revision {revision} now\n\
         save to apply what stands here, or empty the file to give up"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::fs;

    use penstock_policy::record::{Customer, Record};
    use penstock_wire::reply::Failure;

    use super::*;

    type Typing = fn(&str) -> String;

    /// A person who types in turn, and a daemon that answers in turn.
    #[derive(Default)]
    struct Fake {
        typing: VecDeque<Typing>,
        answers: VecDeque<Result<(), FailureCode>>,
        now: Vec<(&'static str, &'static str)>,
        opened: Vec<String>,
        sent: Vec<(Vec<Assignment>, u64)>,
    }

    fn customer(revision: u64, set: &[(&str, &str)]) -> Snapshot {
        let sample = Customer::sample().unwrap();
        let mut fields: BTreeMap<String, String> = Customer::FIELDS
            .iter()
            .map(|field| (field.name.to_owned(), (field.get)(&sample)))
            .collect();
        for (name, value) in set {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        Snapshot {
            record: "abc-inc".to_owned(),
            revision,
            fields,
        }
    }

    impl Desk for Fake {
        fn open(&mut self, file: &Path) -> io::Result<bool> {
            let text = fs::read_to_string(file)?;
            let typed = self.typing.pop_front().expect("opened too often")(&text);
            self.opened.push(text);
            fs::write(file, &typed)?;
            Ok(!typed.contains("crash"))
        }

        fn now(&mut self) -> Result<Snapshot, Problem> {
            Ok(customer(8, &self.now))
        }

        fn send(&mut self, assignments: Vec<Assignment>, revision: u64) -> Result<Edited, Problem> {
            self.sent.push((assignments, revision));
            match self.answers.pop_front().expect("sent too often") {
                Ok(()) => Ok(Edited {
                    record: "abc-inc".to_owned(),
                    edit: Some(1),
                    revision: revision + 1,
                    changes: Vec::new(),
                    dry_run: false,
                    notes: Vec::new(),
                }),
                Err(code) => Err(Failure::new(code, "no").into()),
            }
        }
    }

    fn kept(result: Result<Option<Edited>, Problem>) -> (FailureCode, String) {
        let Err(Problem::Kept { problem, path }) = result else {
            panic!("not kept: {result:?}");
        };
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        (problem.code(), text)
    }

    const TO_BONN: Typing = |text| text.replace("city = \"\"", "city = \"Bonn\"");
    const SAVE: Typing = |text| text.to_owned();
    const EMPTY: Typing = |_| String::new();

    #[test]
    fn what_was_changed_is_sent_for_the_revision_that_was_read() {
        let mut desk = Fake {
            typing: [TO_BONN].into(),
            answers: [Ok(())].into(),
            ..Fake::default()
        };
        assert!(
            edit::<Customer>(&mut desk, customer(7, &[]))
                .unwrap()
                .is_some()
        );
        let (assignments, revision) = &desk.sent[0];
        assert_eq!(*revision, 7);
        assert_eq!(assignments.len(), 1);
        assert_eq!(assignments[0].value, "Bonn");
    }

    #[test]
    fn an_unchanged_or_empty_file_changes_nothing() {
        for typing in [SAVE, EMPTY] {
            let mut desk = Fake {
                typing: [typing].into(),
                ..Fake::default()
            };
            assert!(
                edit::<Customer>(&mut desk, customer(7, &[]))
                    .unwrap()
                    .is_none()
            );
        }
    }

    #[test]
    fn a_bad_value_reopens_what_was_typed_with_the_error_at_the_top() {
        let mut desk = Fake {
            typing: [
                (|text| text.replace("\nthrottle = \"inherit\"", "\nthrottle = \"8\"")) as Typing,
                |text| text.replace("throttle = \"8\"", "throttle = \"8Mbit/s\""),
            ]
            .into(),
            answers: [Ok(())].into(),
            ..Fake::default()
        };
        assert!(
            edit::<Customer>(&mut desk, customer(7, &[]))
                .unwrap()
                .is_some()
        );
        assert!(desk.opened[1].starts_with("#! not applied: throttle: a rate needs a unit"));
        assert!(desk.opened[1].contains("throttle = \"8\""));
    }

    #[test]
    fn a_conflict_reopens_with_both_and_saving_applies_ours_to_the_new_revision() {
        let mut desk = Fake {
            typing: [TO_BONN, SAVE].into(),
            answers: [Err(FailureCode::Conflict), Ok(())].into(),
            now: vec![("city", "Köln"), ("phone", "7")],
            ..Fake::default()
        };
        assert!(
            edit::<Customer>(&mut desk, customer(7, &[]))
                .unwrap()
                .is_some()
        );
        assert!(desk.opened[1].contains("revision 8 now"));
        assert!(
            desk.opened[1]
                .contains("somebody else set meanwhile: city = \"Köln\"\ncity = \"Bonn\"")
        );
        let (assignments, revision) = &desk.sent[1];
        assert_eq!((assignments.len(), *revision), (1, 8));
        assert_eq!(assignments[0].value, "Bonn");
    }

    #[test]
    fn who_gives_up_after_a_conflict_finds_what_was_typed_in_a_file() {
        let mut desk = Fake {
            typing: [TO_BONN, EMPTY].into(),
            answers: [Err(FailureCode::Conflict)].into(),
            now: vec![("city", "Köln")],
            ..Fake::default()
        };
        let (code, text) = kept(edit::<Customer>(&mut desk, customer(7, &[])));
        assert_eq!(code, FailureCode::Conflict);
        assert!(text.contains("city = \"Bonn\""), "{text}");
    }

    #[test]
    fn a_refused_text_saved_unchanged_gives_up_and_is_kept() {
        let mut desk = Fake {
            typing: [TO_BONN, SAVE].into(),
            answers: [Err(FailureCode::Refused)].into(),
            ..Fake::default()
        };
        let (code, text) = kept(edit::<Customer>(&mut desk, customer(7, &[])));
        assert_eq!(code, FailureCode::Refused);
        assert!(text.contains("city = \"Bonn\""), "{text}");
    }

    #[test]
    fn what_was_typed_is_kept_when_the_daemon_or_the_editor_breaks() {
        let mut desk = Fake {
            typing: [TO_BONN].into(),
            answers: [Err(FailureCode::Unavailable)].into(),
            ..Fake::default()
        };
        let (code, text) = kept(edit::<Customer>(&mut desk, customer(7, &[])));
        assert_eq!(code, FailureCode::Unavailable);
        assert!(text.contains("city = \"Bonn\""), "{text}");
        let mut desk = Fake {
            typing: [(|_| "crash".to_owned()) as Typing].into(),
            ..Fake::default()
        };
        let (_, text) = kept(edit::<Customer>(&mut desk, customer(7, &[])));
        assert_eq!(text, "crash");
    }
}
