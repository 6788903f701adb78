//! The audit: one entry for every change, in its transaction, each bound to the one before it by a hash.

use std::collections::BTreeMap;

use jiff::Timestamp;
use penstock_policy::edit::Change;
use penstock_policy::record::RecordId;
use penstock_wire::view::{AuditEntry, Event, Who};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::schema::{AUDIT, AUDIT_OF, Look, decode, encode, go_on};
use super::trouble::Trouble;
use super::tx::Tx;

/// What stands for a secret in the audit.
pub(super) const MASK: &str = "(secret)";

/// A record that an entry concerns, by number: names can be given anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Subject {
    /// The server's record.
    Server,
    /// A reseller.
    Reseller(RecordId),
    /// A customer.
    Customer(RecordId),
    /// A client.
    Client(RecordId),
}

/// One entry as it is stored, behind the SHA-256 of its encoding. The hash is taken over the bytes as stored, so no
/// second way of writing the same entry passes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Number.
    pub edit: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What.
    pub verb: String,
    /// The record, as people address it.
    pub record: String,
    /// The record itself, and those above it in whose history the entry shows.
    pub subjects: Vec<Subject>,
    /// The record's revision afterwards, where the entry is an edit of fields.
    pub revision: Option<u64>,
    /// What changed, secrets masked.
    pub changes: Vec<Change>,
    /// The hash of the entry before.
    pub previous: [u8; 32],
}

/// An entry to be made.
pub(super) struct Note<'a> {
    /// Who.
    pub who: &'a Who,
    /// What.
    pub verb: &'a str,
    /// The record, as people address it.
    pub record: &'a str,
    /// The record itself first.
    pub subjects: Vec<Subject>,
    /// The record's revision afterwards, where the entry is an edit of fields.
    pub revision: Option<u64>,
    /// What changed, secrets masked.
    pub changes: Vec<Change>,
}

impl Subject {
    /// Its key in the index of entries.
    pub fn key(self) -> (u8, u64) {
        match self {
            Self::Server => (0, 0),
            Self::Reseller(id) => (1, id.0),
            Self::Customer(id) => (2, id.0),
            Self::Client(id) => (3, id.0),
        }
    }
}

impl Note<'_> {
    /// Writes the entry; its number.
    pub fn write(self, tx: &Tx) -> Result<u64, Trouble> {
        let edit = tx.next(|counters| &mut counters.next_edit);
        let entry = Entry {
            edit,
            at: tx.at(),
            who: self.who.clone(),
            verb: self.verb.to_owned(),
            record: self.record.to_owned(),
            subjects: self.subjects,
            revision: self.revision,
            changes: self.changes,
            previous: tx.audit_head(),
        };
        let (hash, bytes) = entry.seal()?;
        tx.put_bytes(AUDIT, edit, &bytes)?;
        for subject in &entry.subjects {
            let (kind, id) = subject.key();
            tx.put(AUDIT_OF, (kind, id, edit), &())?;
        }
        tx.audited(hash, entry.event());
        Ok(edit)
    }
}

impl Entry {
    /// Its hash, and the bytes that are stored.
    pub fn seal(&self) -> Result<([u8; 32], Vec<u8>), Trouble> {
        let body = encode(self)?;
        let hash: [u8; 32] = Sha256::digest(&body).into();
        Ok((hash, [hash.as_slice(), &body].concat()))
    }

    /// Reads a stored entry and its hash, which isn't checked.
    pub fn read(bytes: &[u8]) -> Result<([u8; 32], Self), Trouble> {
        let Some((hash, body)) = bytes.split_first_chunk::<32>() else {
            return Err(Trouble::Damaged {
                table: "audit".to_owned(),
                problem: "an entry without its hash".to_owned(),
            });
        };
        Ok((*hash, decode("audit", body)?))
    }

    fn event(&self) -> Event {
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(|change| format!("{} from {:?} to {:?}", change.field, change.from, change.to))
            .collect();
        let (who, verb) = (&self.who.user, &self.verb);
        let text = if changes.is_empty() {
            format!("{verb} by {who}")
        } else {
            format!("{verb} by {who}: {}", changes.join(", "))
        };
        Event {
            at: self.at,
            event: "edited".to_owned(),
            address: self.record.clone(),
            text,
        }
    }
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            edit: entry.edit,
            at: entry.at,
            who: entry.who,
            verb: entry.verb,
            record: entry.record,
            changes: entry.changes,
        }
    }
}

/// One entry.
pub(super) fn entry(look: &impl Look, edit: u64) -> Result<Option<Entry>, Trouble> {
    match look.bytes(AUDIT, edit)? {
        Some(bytes) => Ok(Some(Entry::read(&bytes)?.1)),
        None => Ok(None),
    }
}

/// The numbers of a record's entries, newest first, below `before`, until `visit` has enough.
pub(super) fn walk_back(
    look: &impl Look,
    subject: Subject,
    before: u64,
    visit: &mut dyn FnMut(Entry) -> bool,
) -> Result<(), Trouble> {
    let (kind, id) = subject.key();
    let range = (
        std::ops::Bound::Included((kind, id, 0)),
        std::ops::Bound::Excluded((kind, id, before)),
    );
    look.walk(AUDIT_OF, range, true, &mut |(_, _, edit), _| {
        Ok(match entry(look, edit)? {
            Some(entry) => go_on(visit(entry)),
            None => go_on(true),
        })
    })
}

/// What edits have done to a record's fields since a revision: the value then and the value now of each that differs.
pub(super) fn differences(
    look: &impl Look,
    subject: Subject,
    since: u64,
) -> Result<Vec<Change>, Trouble> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    walk_back(look, subject, u64::MAX, &mut |entry| {
        // A customer's index also has its clients' entries.
        if entry.subjects.first() != Some(&subject) {
            return true;
        }
        let Some(revision) = entry.revision else {
            return true;
        };
        if revision <= since {
            return false;
        }
        for change in entry.changes {
            found
                .entry(change.field)
                .and_modify(|(from, _)| from.clone_from(&change.from))
                .or_insert((change.from, change.to));
        }
        true
    })?;
    Ok(found
        .into_iter()
        .filter(|(_, (from, to))| from != to)
        .map(|(field, (from, to))| Change { field, from, to })
        .collect())
}
