//! Refusals that still stand: what mended itself, or was mended, needs nobody's attention.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::levels::Levels;
use penstock_policy::mcal::charge;
use penstock_policy::record::{Client, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_policy::space::{PACK, Purpose, fit};
use penstock_policy::throttle::Level;
use penstock_wire::view::{LocationView, RefusalView};

use super::Admin;
use crate::store::{Reader, Tree, Unavailable};

/// A refusal that would be one still.
pub(super) struct Standing<'a> {
    pub(super) row: &'a RefusalView,
    /// Why, with the figures of now where it is known.
    pub(super) cause: String,
    /// What mends it, where that hangs on the level that can't.
    pub(super) remedy: Option<Remedy>,
}

/// The step that mends a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remedy {
    /// So many MCALs more, from that account on.
    Mcals {
        /// The command before the number.
        command: String,
        /// What comes behind it.
        behind: &'static str,
        /// What the account has left.
        left: u64,
        /// What the client needs.
        needs: u64,
    },
    /// A command.
    Run(String),
}

/// What is known of whoever was refused.
#[derive(Default)]
struct Known {
    client: Option<Arc<Client>>,
    removed: bool,
    schedules: Vec<Schedule>,
    last_backup: Option<Timestamp>,
}

/// What a refusal is held against.
pub(super) struct Scene<'a> {
    pub(super) now: Timestamp,
    pub(super) tree: &'a Tree,
    pub(super) locations: &'a [LocationView],
}

impl Scene<'_> {
    /// Those of the rows that still stand.
    pub(super) async fn standing<'a>(
        &self,
        admin: &Admin,
        rows: &'a [RefusalView],
    ) -> Vec<Standing<'a>> {
        let mut standing = Vec::new();
        let rows: Vec<&RefusalView> = rows
            .iter()
            .filter(|row| !Refusal::GUESSES.contains(&row.code.as_str()))
            .collect();
        let known = self.known(admin, &rows).await;
        for (row, known) in rows.into_iter().zip(known) {
            let as_it_was = |row: &'a RefusalView| Standing {
                row,
                cause: row.cause.clone(),
                remedy: None,
            };
            match (known, row.customer.as_str()) {
                // Whoever isn't known at all, or can't be read, was refused all the same.
                (_, "-") | (None, _) => standing.push(as_it_was(row)),
                (Some(known), _) => standing.extend(self.look(admin, row, &known)),
            }
        }
        standing
    }

    /// What is known of each; nothing when it can't be read.
    async fn known(&self, admin: &Admin, rows: &[&RefusalView]) -> Vec<Option<Known>> {
        let store = &admin.context.store;
        let mut wanted = Vec::new();
        for row in rows {
            let customer = self
                .tree
                .customer(&row.customer)
                .map(|customer| customer.id);
            wanted.push((customer, row.client.parse().ok()));
        }
        let asked = wanted.clone();
        let read = move |reader: &Reader| {
            let look = |(customer, id)| -> Result<Known, Unavailable> {
                let (Some(customer), Some(id)) = (customer, id) else {
                    return Ok(Known::default());
                };
                let Some(client) = reader.client(customer, &id)? else {
                    return Ok(Known::default());
                };
                let schedules = reader.schedules(client.id)?;
                let mut last_backup = None;
                for schedule in &schedules {
                    last_backup = last_backup.max(reader.last_backup(schedule.id)?);
                }
                Ok(Known {
                    client: Some(Arc::new(client)),
                    removed: false,
                    schedules,
                    last_backup,
                })
            };
            asked.into_iter().map(look).collect::<Result<Vec<_>, _>>()
        };
        let Ok(found) = store.read(read).await else {
            return rows.iter().map(|_| None).collect();
        };
        let mut all = Vec::with_capacity(found.len());
        for (mut known, (customer, id)) in found.into_iter().zip(wanted) {
            if let (None, Some(customer), Some(id)) = (&known.client, customer, id) {
                known.removed = store.removed(customer, &id).await.unwrap_or(false);
            }
            all.push(Some(known));
        }
        all
    }

    fn look<'a>(&self, admin: &Admin, row: &'a RefusalView, known: &Known) -> Option<Standing<'a>> {
        let client = known.client.as_deref();
        let customer = match client {
            Some(client) => client.customer,
            None => self.tree.customer(&row.customer)?.id,
        };
        let levels = self.tree.levels(customer, client)?;
        let backed_up = known.last_backup.is_some_and(|at| at > row.last);
        if known.removed || backed_up {
            return None;
        }
        let (cause, remedy) = match row.code.as_str() {
            "mcal-exhausted" => self.unpaid(&levels)?,
            "space-exceeded" => full(admin, &levels)?,
            code if self.holds(admin, code, &levels, known) => (row.cause.clone(), None),
            _ => return None,
        };
        Some(Standing { row, cause, remedy })
    }

    /// Whether what refused with that code holds still. What only the next try shows is taken to.
    fn holds(&self, admin: &Admin, code: &str, levels: &Levels<'_>, known: &Known) -> bool {
        let (server, customer) = (levels.server, levels.customer);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        match code {
            "reseller-inactive" | "customer-inactive" => levels.activated_at(self.now).is_err(),
            // Nobody who is gone by now is kept from anything.
            "client-inactive" => levels.client.is_some() && levels.activated_at(self.now).is_err(),
            "client-limit" => {
                let limit = customer.maximum_client_limit;
                let full = limit.is_some_and(|limit| self.tree.clients(customer.id) >= limit);
                levels.client.is_none() && full
            }
            "pass-key-expired" => {
                levels.client.is_none() && customer.pass_key.usable_at(self.now).is_err()
            }
            "append-only" => levels.client.is_some() && levels.append_only(),
            "client-exists" => levels.client.is_some(),
            "name-taken" => levels.client.is_none(),
            "schedule-limit" => count(known.schedules.len()) >= server.schedule_limit,
            "recounting" => {
                let books = admin.context.store.books();
                let mut schedules = known.schedules.iter();
                schedules.any(|schedule| books.schedule(schedule.id).1)
            }
            "location-unavailable" => !self.on_all(levels, known, |view| view.available),
            "disk-reserve" | "disk-full" => !self.on_all(levels, known, |view| {
                view.free
                    .zip(view.reserve)
                    .is_some_and(|(free, kept)| free > kept)
            }),
            _ => true,
        }
    }

    /// Whether it is so for every location that the client has schedules on, or would get one on.
    fn on_all(
        &self,
        levels: &Levels<'_>,
        known: &Known,
        fine: impl Fn(&LocationView) -> bool,
    ) -> bool {
        let own = known.schedules.iter().map(|s| s.location.as_str());
        let mut names = own.chain([levels.location().as_str()]);
        names.all(|name| {
            let mut views = self.locations.iter();
            views.any(|view| view.name == name && fine(view))
        })
    }

    /// Why the client can't be debited now; none when it can, or is.
    fn unpaid(&self, levels: &Levels<'_>) -> Option<(String, Option<Remedy>)> {
        let month = levels.month(self.now);
        if levels.client.is_some_and(|client| client.has_paid(month)) {
            return None;
        }
        let refusal = charge(levels, levels.price(), month).err()?;
        let mut remedy = None;
        if let Refusal::McalExhausted {
            level, left, needs, ..
        } = &refusal
        {
            let (command, behind) = match level {
                Level::Client | Level::Customer => {
                    let short = &levels.customer.short;
                    (format!("penstockctl customer edit {short} --mcals +"), "")
                }
                Level::Reseller => {
                    let short = &levels.reseller.short;
                    (format!("penstockctl reseller edit {short} --mcals +"), "")
                }
                Level::Server => ("penstockctl mcal add ".to_owned(), " --note TEXT"),
            };
            remedy = Some(Remedy::Mcals {
                command,
                behind,
                left: *left,
                needs: u64::from(*needs),
            });
        }
        Some((refusal.cause(), remedy))
    }
}

/// Why a backup's next pack doesn't fit now; none when it does.
fn full(admin: &Admin, levels: &Levels<'_>) -> Option<(String, Option<Remedy>)> {
    // Only who is known has data.
    let client = levels.client?;
    let customer = &levels.customer.short;
    let books = admin.context.store.books();
    let taken = books.taken(levels.customer.id, Some(client.id));
    let short = fit(&levels.figures(taken), PACK, Purpose::Data).err()?;
    let whose = match short.level {
        Level::Client => format!("client edit {customer}/{}", client.client_id),
        Level::Customer => format!("customer edit {customer}"),
        Level::Reseller => format!("reseller edit {}", levels.reseller.short),
        Level::Server => "server edit".to_owned(),
    };
    let step = format!(
        "penstockctl {whose} --space +SIZE; penstockctl space {customer} shows where it is"
    );
    Some((levels.exceeded(short).cause(), Some(Remedy::Run(step))))
}

/// The step that mends all of them: the first one's, with what all of them need.
pub(super) fn remedy(of: &[&Standing<'_>]) -> Option<String> {
    match of.first()?.remedy.as_ref()? {
        Remedy::Run(command) => Some(command.clone()),
        Remedy::Mcals {
            command,
            behind,
            left,
            ..
        } => {
            // One client can be refused from several addresses.
            let mut clients: Vec<(&str, u64)> = of
                .iter()
                .filter_map(|standing| match &standing.remedy {
                    Some(Remedy::Mcals { needs, .. }) => {
                        Some((standing.row.client.as_str(), *needs))
                    }
                    _ => None,
                })
                .collect();
            clients.sort_unstable();
            clients.dedup();
            let needs: u64 = clients.iter().map(|(_, needs)| needs).sum();
            let lacking = needs.saturating_sub(*left).max(1);
            Some(format!("{command}{lacking}{behind}"))
        }
    }
}
