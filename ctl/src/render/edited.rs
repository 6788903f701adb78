//! What an edit did, or would do.

use penstock_wire::reply::Edited;

use super::{Look, changes, escape};

/// How a change can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reverse {
    /// By `undo` with the edit's number.
    Undo,
    /// Out of the trash.
    Trash,
    /// By another command, or not at all.
    None,
}

/// Fields before and after, the edit's number and how to take it back, and the daemon's notes.
pub fn edited(edited: &Edited, reverse: Reverse, look: Look) -> String {
    let mut text = String::new();
    let record = escape(&edited.record);
    if !edited.changes.is_empty() {
        text.push_str(&changes(&edited.changes, look));
    }
    match edited.edit {
        Some(edit) => {
            // What was removed, or is many records, has no revision.
            let revision = match edited.revision {
                0 => String::new(),
                revision => format!("revision {revision}, "),
            };
            text.push_str(&format!("{record}: {revision}edit {edit}"));
            match reverse {
                Reverse::Undo => text.push_str(&format!("; undo with: penstockctl undo {edit}")),
                Reverse::Trash => text.push_str("; it is in the trash: penstockctl trash list"),
                Reverse::None => {}
            }
        }
        None if edited.dry_run && !edited.changes.is_empty() => {
            text.push_str(&format!(
                "{record}: nothing was changed, this was a dry run"
            ));
        }
        None => text.push_str(&format!("{record}: nothing to change")),
    }
    text.push('\n');
    for note in &edited.notes {
        text.push_str(&format!("note: {}\n", escape(note)));
    }
    text
}
