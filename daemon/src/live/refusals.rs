//! The table of refusals: what was refused to whom, from where and how often, bounded (rules, section 9).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use penstock_policy::names::{ClientId, ShortName};
use penstock_policy::refusal::{Reference, Refusal};
use penstock_wire::view::{Event, RefusalView};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::events::Events;
use crate::store::Store;

/// Most rows of each kind: failures to authenticate, which a guesser can cause, can't push out the others.
const MOST_ROWS: usize = 5_000;

/// How often changed rows are saved.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The table; clones share it.
#[derive(Clone)]
pub struct Refusals(Arc<Inner>);

struct Inner {
    clock: Clock,
    events: Events,
    table: Mutex<Table>,
}

/// Who was refused, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What the path named, as it was sent.
    pub typed: (String, String),
    /// The customer's short name.
    pub customer: String,
    /// The client's id.
    pub client: String,
    /// The address it came from.
    pub source: String,
}

/// What makes two refusals one row. For whoever isn't known it is what was sent and nothing else, so that a
/// reference tells nothing about who exists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    customer: String,
    client: String,
    source: String,
    code: &'static str,
}

#[derive(Default)]
struct Table {
    rows: HashMap<Reference, Row>,
    keys: HashMap<Key, Reference>,
    /// By the time of the last count, oldest first; a number keeps equal times apart.
    guesses: BTreeMap<u64, Reference>,
    others: BTreeMap<u64, Reference>,
    turn: u64,
    changed: HashSet<Reference>,
    gone: Vec<String>,
}

struct Row {
    view: RefusalView,
    key: Key,
    guess: bool,
    turn: u64,
}

impl Refusals {
    /// The table as it was saved.
    #[must_use]
    pub fn new(clock: Clock, events: Events, saved: Vec<RefusalView>) -> Self {
        let mut table = Table::default();
        let mut saved = saved;
        saved.sort_by_key(|view| view.last);
        for view in saved {
            table.restore(view);
        }
        Self(Arc::new(Inner {
            clock,
            events,
            table: Mutex::new(table),
        }))
    }

    /// Counts a refusal and gives its reference, the same for the same cause.
    #[must_use]
    pub fn note(&self, refusal: &Refusal, cause: Cause) -> Reference {
        let now = self.0.clock.wall();
        let address = format!("{}/{}", cause.customer, cause.client);
        let text = format!(
            "{}: {} (from {})",
            refusal.code(),
            refusal.cause(),
            cause.source
        );
        let (reference, first) = self.table().note(refusal, cause, now);
        let guess = Refusal::GUESSES.contains(&refusal.code());
        // The diary is no place that a guesser can fill: those are counted in the table.
        if first && !guess {
            tracing::info!(address = %address, refusal = refusal.code(), reference = reference.as_str(), "refused");
        } else {
            tracing::debug!(address = %address, refusal = refusal.code(), reference = reference.as_str(), "refused");
        }
        self.0.events.send(Event {
            at: now,
            event: "refused".to_owned(),
            address,
            text: format!("{text} [{}]", reference.as_str()),
        });
        reference
    }

    /// The row with that reference.
    #[must_use]
    pub fn row(&self, reference: &Reference) -> Option<RefusalView> {
        self.table().rows.get(reference).map(|row| row.view.clone())
    }

    /// All rows, the newest last count first.
    #[must_use]
    pub fn rows(&self) -> Vec<RefusalView> {
        let mut rows: Vec<_> = self
            .table()
            .rows
            .values()
            .map(|row| row.view.clone())
            .collect();
        rows.sort_by(|a, b| {
            b.last
                .cmp(&a.last)
                .then_with(|| a.reference.cmp(&b.reference))
        });
        rows
    }

    /// Saves what changed, each second until the token falls and once more then.
    pub async fn keep_saved(self, store: Store, stop: CancellationToken) {
        loop {
            let stopping = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(SAVE_EVERY) => false,
            };
            let (rows, gone) = self.table().take_changed();
            if !rows.is_empty() || !gone.is_empty() {
                let again: Vec<_> = rows
                    .iter()
                    .filter_map(|row| Reference::parse(&row.reference))
                    .collect();
                if store.save_refusals(rows, gone.clone()).await.is_err() {
                    let mut table = self.table();
                    table.changed.extend(again);
                    table.gone.extend(gone);
                }
            }
            if stopping {
                return;
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cause {
    /// Somebody of whom only the address is known.
    #[must_use]
    pub fn of(source: IpAddr) -> Self {
        let nobody = || "-".to_owned();
        Self {
            typed: (nobody(), nobody()),
            customer: nobody(),
            client: nobody(),
            source: source.to_string(),
        }
    }

    /// What the path's names lead to.
    pub fn names(&mut self, customer: &ShortName, client: &ClientId) {
        self.customer = customer.to_string();
        self.client = client.to_string();
    }
}

impl Key {
    fn of(code: &'static str, cause: &Cause) -> Self {
        let guess = Refusal::GUESSES.contains(&code);
        let (customer, client) = if guess {
            cause.typed.clone()
        } else {
            (cause.customer.clone(), cause.client.clone())
        };
        Self {
            customer,
            client,
            source: cause.source.clone(),
            code: match code {
                "too-many-attempts" => code,
                _ if guess => "unauthenticated",
                _ => code,
            },
        }
    }
}

impl Table {
    fn note(&mut self, refusal: &Refusal, cause: Cause, now: jiff::Timestamp) -> (Reference, bool) {
        let key = Key::of(refusal.code(), &cause);
        self.turn += 1;
        let turn = self.turn;
        if let Some(reference) = self.keys.get(&key).cloned()
            && let Some(row) = self.rows.get_mut(&reference)
        {
            row.view.last = now;
            row.view.count += 1;
            row.view.code = refusal.code().to_owned();
            row.view.sentence = refusal.sentence();
            row.view.cause = refusal.cause();
            let before = std::mem::replace(&mut row.turn, turn);
            let order = if row.guess {
                &mut self.guesses
            } else {
                &mut self.others
            };
            order.remove(&before);
            order.insert(turn, reference.clone());
            self.changed.insert(reference.clone());
            return (reference, false);
        }
        let guess = Refusal::GUESSES.contains(&refusal.code());
        self.make_room(guess);
        let reference = self.free_reference(&key);
        let view = RefusalView {
            reference: reference.as_str().to_owned(),
            code: refusal.code().to_owned(),
            customer: cause.customer,
            client: cause.client,
            source: cause.source,
            first: now,
            last: now,
            count: 1,
            sentence: refusal.sentence(),
            cause: refusal.cause(),
        };
        self.insert(
            reference.clone(),
            Row {
                view,
                key,
                guess,
                turn,
            },
        );
        self.changed.insert(reference.clone());
        (reference, true)
    }

    fn restore(&mut self, view: RefusalView) {
        let (Some(reference), Some(code)) = (
            Reference::parse(&view.reference),
            Refusal::known_code(&view.code),
        ) else {
            return;
        };
        self.turn += 1;
        let cause = Cause {
            typed: (view.customer.clone(), view.client.clone()),
            customer: view.customer.clone(),
            client: view.client.clone(),
            source: view.source.clone(),
        };
        let guess = Refusal::GUESSES.contains(&code);
        let turn = self.turn;
        self.make_room(guess);
        self.insert(
            reference,
            Row {
                view,
                key: Key::of(code, &cause),
                guess,
                turn,
            },
        );
    }

    fn insert(&mut self, reference: Reference, row: Row) {
        self.keys.insert(row.key.clone(), reference.clone());
        let order = if row.guess {
            &mut self.guesses
        } else {
            &mut self.others
        };
        order.insert(row.turn, reference.clone());
        self.rows.insert(reference, row);
    }

    /// Drops the row of that kind that was counted longest ago, when there are too many.
    fn make_room(&mut self, guess: bool) {
        let order = if guess {
            &mut self.guesses
        } else {
            &mut self.others
        };
        while order.len() >= MOST_ROWS {
            let Some((_, reference)) = order.pop_first() else {
                return;
            };
            if let Some(row) = self.rows.remove(&reference) {
                self.keys.remove(&row.key);
            }
            self.changed.remove(&reference);
            self.gone.push(reference.as_str().to_owned());
        }
    }

    /// A reference that no row has; there are a million, and at most ten thousand rows.
    fn free_reference(&self, key: &Key) -> Reference {
        use std::hash::{BuildHasher, RandomState};
        let mut bits = RandomState::new().hash_one(key);
        loop {
            let reference =
                Reference::from_bits(u32::try_from(bits & 0xf_ffff).unwrap_or_default());
            if !self.rows.contains_key(&reference) {
                return reference;
            }
            bits = bits.wrapping_add(1);
        }
    }

    fn take_changed(&mut self) -> (Vec<RefusalView>, Vec<String>) {
        let changed = std::mem::take(&mut self.changed);
        let rows = changed
            .iter()
            .filter_map(|reference| self.rows.get(reference))
            .map(|row| row.view.clone())
            .collect();
        // A reference that was given away again is a row, not gone.
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|reference| {
            Reference::parse(reference).is_none_or(|reference| !self.rows.contains_key(&reference))
        });
        (rows, gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn cause(client: usize) -> Cause {
        Cause {
            typed: ("ABC".into(), client.to_string()),
            customer: "abc".into(),
            client: client.to_string(),
            source: "192.0.2.1".into(),
        }
    }

    #[test]
    fn the_same_cause_is_counted_in_one_row() {
        let mut table = Table::default();
        let (first, new) = table.note(&Refusal::AppendOnly, cause(1), Timestamp::UNIX_EPOCH);
        let (second, again) = table.note(&Refusal::AppendOnly, cause(1), Timestamp::UNIX_EPOCH);
        assert!(new && !again);
        assert_eq!(first, second);
        assert_eq!(table.rows[&first].view.count, 2);
        let (other, _) = table.note(&Refusal::ClientUnknown, cause(1), Timestamp::UNIX_EPOCH);
        assert_ne!(other, first);
    }

    #[test]
    fn a_reference_tells_nobody_which_cause_it_was() {
        let mut table = Table::default();
        let mut reference =
            |refusal, client| table.note(&refusal, cause(client), Timestamp::UNIX_EPOCH).0;
        let unknown = reference(Refusal::ClientUnknown, 1);
        assert_eq!(reference(Refusal::BadCredentials, 1), unknown);
        assert_eq!(reference(Refusal::ClientRevoked, 1), unknown);
        assert_ne!(reference(Refusal::ClientUnknown, 2), unknown);
        assert_eq!(table.rows[&unknown].view.code, "client-revoked");
    }

    #[test]
    fn a_guesser_never_pushes_out_a_refusal_of_business() {
        let mut table = Table::default();
        let (kept, _) = table.note(&Refusal::AppendOnly, cause(0), Timestamp::UNIX_EPOCH);
        for guess in 0..2 * MOST_ROWS {
            let _ = table.note(
                &Refusal::BadCredentials,
                cause(guess),
                Timestamp::UNIX_EPOCH,
            );
        }
        assert!(table.rows.contains_key(&kept));
        assert_eq!(table.rows.len(), MOST_ROWS + 1);
        assert_eq!(table.keys.len(), table.rows.len());
        let (rows, gone) = table.take_changed();
        assert_eq!(rows.len(), MOST_ROWS + 1);
        assert!(gone.len() <= MOST_ROWS);
    }
}
