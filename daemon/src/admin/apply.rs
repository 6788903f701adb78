//! Declared records: staged on their connection, then applied together.

use std::collections::HashSet;
use std::sync::Arc;

use penstock_policy::names::ClientId;
use penstock_policy::record::{RecordId, Secret};
use penstock_wire::declared::Declared;
use penstock_wire::reply::{self, Answer, NewSecret, Step};
use penstock_wire::request::Page;
use penstock_wire::view::Who;

use super::failure::Fault;
use super::notes::{self, World};
use super::page::{PAGE, cursor, page};
use super::{Admin, edits, effects, removal};
use crate::secrets;
use crate::store::{Applied, Apply, Fresh, Reader, Staged, Tree};

/// Most records of one request.
const MOST_AT_ONCE: usize = 1000;
/// Most records that a connection keeps.
const MOST: usize = 100_000;
/// Most bytes, as they came, that a connection keeps.
const MOST_BYTES: usize = 64 << 20;
/// Most notes of an answer.
const MOST_NOTES: usize = 50;

/// What a connection will apply, and what its last `Apply` changed.
#[derive(Debug, Default)]
pub(super) struct Staging {
    records: Arc<Vec<Staged>>,
    names: HashSet<String>,
    bytes: usize,
    steps: Vec<Step>,
}

impl Staging {
    /// Keeps records that came in so many bytes, and makes secrets for those that don't exist.
    pub(super) async fn stage(
        &mut self,
        admin: &Admin,
        records: Vec<Declared>,
        bytes: usize,
    ) -> Result<Answer, Fault> {
        let names = self.names(&records, bytes)?;
        let missing = missing(admin, &records).await?;
        let mut secrets = Vec::new();
        let mut staged = Vec::with_capacity(records.len());
        for ((record, name), missing) in records.into_iter().zip(&names).zip(missing) {
            let fresh = match &record {
                _ if !missing => None,
                Declared::Customer { .. } => {
                    let secret = Secret::new(secrets::generate()?);
                    secrets.push(new_secret(name, &secret));
                    Some(Fresh::PassKey(secret))
                }
                Declared::Client { revoked, .. } => {
                    let password = secrets::generate()?;
                    let sealed = secrets::seal(&password);
                    // One that is dead from the start is nobody's to know.
                    if !revoked {
                        secrets.push(new_secret(name, &Secret::new(password)));
                    }
                    Some(Fresh::Password(sealed))
                }
                Declared::Server { .. } | Declared::Reseller { .. } => None,
            };
            staged.push(Staged { record, fresh });
        }
        Arc::make_mut(&mut self.records).extend(staged);
        self.names.extend(names);
        self.bytes += bytes;
        Ok(Answer::Staged(reply::Staged {
            records: count(self.records.len()),
            secrets,
        }))
    }

    /// The records' names, if they may be kept: each is named once, and they aren't too many.
    fn names(&self, records: &[Declared], bytes: usize) -> Result<Vec<String>, Fault> {
        let (given, all) = (records.len(), self.records.len() + records.len());
        if given > MOST_AT_ONCE {
            return Err(Fault::usage(format!(
                "{given} records can't be staged at once; give at most {MOST_AT_ONCE}"
            )));
        }
        if all > MOST || self.bytes + bytes > MOST_BYTES {
            return Err(Fault::usage(format!(
                "more than {MOST} records, or {} MiB of them, can't be applied at once; apply them in parts",
                MOST_BYTES >> 20
            )));
        }
        let names: Vec<String> = records.iter().map(name).collect();
        let mut seen = HashSet::new();
        for name in &names {
            if self.names.contains(name) || !seen.insert(name) {
                return Err(Fault::usage(format!(
                    "{name} is declared twice; declare it once"
                )));
            }
        }
        Ok(names)
    }

    /// Applies what is staged; then nothing is staged any more, unless it was a dry run or refused.
    pub(super) async fn apply(
        &mut self,
        admin: &Admin,
        who: &Who,
        dry_run: bool,
        prune: bool,
    ) -> Result<Answer, Fault> {
        if self.records.is_empty() {
            return Err(Fault::usage("nothing is declared, so nothing is applied"));
        }
        let ask = Apply {
            records: Arc::clone(&self.records),
            dry_run,
            prune,
        };
        let (mut applied, folders) = if prune {
            removal::pruning(admin, who, ask).await?
        } else {
            let store = &admin.context.store;
            (store.apply(ask, who.clone()).await?, Vec::new())
        };
        let steps = std::mem::take(&mut applied.steps);
        let (added, edited, removed) = (applied.added, applied.edited, applied.removed);
        let notes = told(admin, applied, &steps, folders).await;
        *self = Self {
            steps,
            ..if dry_run {
                std::mem::take(self)
            } else {
                Self::default()
            }
        };
        if !dry_run {
            let user = who.user.as_str();
            tracing::info!(
                added,
                edited,
                removed,
                user,
                "records were applied by an administrator"
            );
        }
        Ok(Answer::Applied(reply::Applied {
            dry_run,
            added,
            edited,
            removed,
            steps: self.steps_behind(0),
            notes,
        }))
    }

    /// More of what the last `apply` changed.
    pub(super) fn applied(&self, at: &Page) -> Result<Answer, Fault> {
        let after = cursor(at, |text| text.parse::<usize>().ok())?;
        Ok(Answer::Steps(self.steps_behind(after.unwrap_or(0))))
    }

    fn steps_behind(&self, after: usize) -> reply::List<Step> {
        let rest = self.steps.iter().enumerate().skip(after);
        page(
            rest.map(|(n, step)| ((n + 1).to_string(), step.clone())),
            PAGE,
        )
    }
}

/// What the administrator should know of it: what runs first.
async fn told(
    admin: &Admin,
    applied: Applied,
    steps: &[Step],
    folders: Vec<String>,
) -> Vec<String> {
    let mut before = World {
        tree: applied.before,
        clients: Default::default(),
    };
    let mut after = World {
        tree: applied.after,
        clients: Default::default(),
    };
    for (number, (was, is)) in applied.clients {
        before.clients.insert(number, was);
        after.clients.insert(number, is);
    }
    let mut notes = notes::of_running(admin, &before, &after).await;
    notes.extend(folders);
    notes.extend(applied.notes);
    for step in steps {
        notes.extend(warnings(&after.tree, step));
        if step.verb == "edit"
            && let Some(target) = edits::target_of(&step.record)
        {
            notes.extend(effects::taken(&after, &target, &step.changes));
            notes.extend(effects::of(admin, &after, &target, &step.changes).await);
        }
    }
    let more = notes.len().saturating_sub(MOST_NOTES);
    if more > 0 {
        notes.truncate(MOST_NOTES);
        notes.push(format!("and {more} more notes like these"));
    }
    notes
}

fn warnings(tree: &Tree, step: &Step) -> Vec<String> {
    if !matches!(step.verb.as_str(), "edit" | "customer add") {
        return Vec::new();
    }
    let customer = tree.customer(&step.record);
    let notes = customer.map_or_else(Vec::new, |customer| {
        notes::of_customer(tree, customer, &step.changes)
    });
    notes
        .into_iter()
        .map(|note| format!("{}: {note}", step.record))
        .collect()
}

/// Which of the records that can have a secret don't exist.
async fn missing(admin: &Admin, records: &[Declared]) -> Result<Vec<bool>, Fault> {
    let tree = admin.context.store.tree();
    let wanted: Vec<Option<(RecordId, ClientId)>> = records
        .iter()
        .map(|record| match record {
            Declared::Client {
                customer, client, ..
            } => Some((tree.customer(customer)?.id, client.clone())),
            _ => None,
        })
        .collect();
    let read = move |reader: &Reader| {
        let exists = |(customer, id): (RecordId, ClientId)| {
            let client = reader.client(customer, &id)?;
            Ok(client.is_some_and(|client| client.customer == customer))
        };
        wanted
            .into_iter()
            .map(|wanted| wanted.map_or(Ok(false), exists))
            .collect()
    };
    let clients: Vec<bool> = admin.context.store.read(read).await?;
    let missing = records.iter().zip(clients);
    Ok(missing
        .map(|(record, client)| match record {
            Declared::Customer { short, .. } => tree.customer(short).is_none(),
            Declared::Client { .. } => !client,
            Declared::Server { .. } | Declared::Reseller { .. } => false,
        })
        .collect())
}

/// A record as people address it.
fn name(record: &Declared) -> String {
    match record {
        Declared::Server { .. } => "server".to_owned(),
        Declared::Reseller { short, .. } => format!("reseller {short}"),
        // No short name has a blank: a customer called `server` is another record than the server.
        Declared::Customer { short, .. } => format!("customer {short}"),
        Declared::Client {
            customer, client, ..
        } => format!("{customer}/{client}"),
    }
}

fn new_secret(name: &str, secret: &Secret) -> NewSecret {
    NewSecret {
        address: name.strip_prefix("customer ").unwrap_or(name).to_owned(),
        secret: secret.clone(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
