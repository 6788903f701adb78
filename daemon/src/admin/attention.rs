//! What somebody should look at, with the step that mends it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{Attention, RefusalView, Severity};

use super::Admin;
use crate::store::Tree;
use crate::vault::{Location, Space};

/// How long before its end a certificate is spoken of.
const CERTIFICATE_WARNING: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Free space below which a location is spoken of, and below which backups are about to fail, in percent.
const LITTLE_SPACE: u64 = 5;
const NO_SPACE: u64 = 1;

/// What is looked at.
pub(super) struct Watchman<'a> {
    pub(super) now: Timestamp,
    pub(super) tree: &'a Tree,
    /// What was refused within the last day.
    pub(super) refused: &'a [RefusalView],
}

impl Watchman<'_> {
    /// Everything that needs attention, in no order.
    pub(super) async fn look(&self, admin: &Admin) -> Vec<Attention> {
        let context = &admin.context;
        let mut found = Vec::new();
        for (name, location) in context.locations.all().iter() {
            found.extend(at_location(name, location).await);
        }
        if let Some(broken) = &context.audit {
            found.push(critical(
                format!("{broken}: somebody changed the records behind penstockd's back"),
                "restore the state directory from a backup, and find out who can write there",
            ));
        }
        found.extend(self.certificate((context.certificate_end)()));
        found.extend(pending(admin).await);
        found.extend(self.refusals());
        found
    }

    fn certificate(&self, end: Option<Timestamp>) -> Option<Attention> {
        let end = end?;
        let remedy = "renew it, then: systemctl reload penstockd";
        let date = self.tree.server.time_zone.tz().to_datetime(end).date();
        if end <= self.now {
            let text = format!("the certificate ended on {date}: clients refuse to connect");
            return Some(critical(text, remedy));
        }
        let soon = end.duration_since(self.now) < CERTIFICATE_WARNING;
        soon.then(|| warning(format!("the certificate ends on {date}"), remedy))
    }

    /// One line for each customer and code, of what a rule and not a wrong password refused.
    fn refusals(&self) -> Vec<Attention> {
        let mut groups: BTreeMap<(&str, &str), Vec<&RefusalView>> = BTreeMap::new();
        for row in self.refused {
            if !Refusal::GUESSES.contains(&row.code.as_str()) {
                let key = (row.customer.as_str(), row.code.as_str());
                groups.entry(key).or_default().push(row);
            }
        }
        let groups = groups.into_iter();
        groups
            .map(|((customer, code), rows)| self.refusal(customer, code, &rows))
            .collect()
    }

    fn refusal(&self, customer: &str, code: &str, rows: &[&RefusalView]) -> Attention {
        let mut clients: Vec<&str> = rows.iter().map(|row| row.client.as_str()).collect();
        clients.sort_unstable();
        clients.dedup();
        let who = match clients.as_slice() {
            [one] => format!("{customer}/{one} was"),
            many => format!("{} clients of {customer} were", many.len()),
        };
        let cause = rows.first().map_or("", |row| row.cause.as_str());
        let text = format!("{who} refused within the last day ({code}): {cause}");
        let known = self.tree.customer(customer).is_some();
        let remedy = match code {
            "client-limit" if known => {
                format!("penstockctl customer edit {customer} --maximum-client-limit NUMBER")
            }
            "customer-inactive" if known => format!("penstockctl customer resume {customer}"),
            "pass-key-expired" if known => {
                format!("penstockctl customer pass-key {customer} --rotate")
            }
            "schedule-limit" => "penstockctl server edit --schedule-limit NUMBER".to_owned(),
            _ => format!("penstockctl refused {customer}"),
        };
        let severity = match code {
            "location-unavailable" | "disk-full" | "store-unavailable" => Severity::Critical,
            _ => Severity::Warning,
        };
        Attention {
            severity,
            text,
            remedy,
        }
    }
}

async fn at_location(name: &str, location: &Location) -> Option<Attention> {
    let path = location.path().display();
    match location.free().await {
        Ok(space) => little_space(name, space).map(|(severity, text)| Attention {
            severity,
            text,
            remedy: format!("make room on the disk of {path}, or: penstockctl trash empty"),
        }),
        Err(error) => Some(critical(
            format!("location {name} can't be used: {error}"),
            &format!("mount the disk of {path}, or look at its marker"),
        )),
    }
}

fn little_space(name: &str, space: Space) -> Option<(Severity, String)> {
    let percent = space.free.saturating_mul(100) / space.total.max(1);
    let severity = match percent {
        percent if percent < NO_SPACE => Severity::Critical,
        percent if percent < LITTLE_SPACE => Severity::Warning,
        _ => return None,
    };
    let free = penstock_policy::units::human(space.free);
    Some((
        severity,
        format!("location {name} has {free} free, {percent} % of its disk"),
    ))
}

/// Items of the trash whose folders couldn't be moved.
async fn pending(admin: &Admin) -> Option<Attention> {
    // One that is just being worked on isn't stuck.
    let _still = admin.folders.try_lock().ok()?;
    let work = admin.context.store.trash_pending().await.ok()?;
    let stuck = work.into_iter().find(|work| !work.is_emptying())?;
    Some(warning(
        format!(
            "the folders of {}, item {} of the trash, are not where they belong yet",
            stuck.removal.address, stuck.removal.item
        ),
        "see penstockd's log for the reason; it is tried again every hour",
    ))
}

fn warning(text: String, remedy: &str) -> Attention {
    Attention {
        severity: Severity::Warning,
        text,
        remedy: remedy.to_owned(),
    }
}

fn critical(text: String, remedy: &str) -> Attention {
    Attention {
        severity: Severity::Critical,
        text,
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_told_in_two_steps() {
        let at = |free| little_space("main", Space { free, total: 1000 }).map(|(s, _)| s);
        assert_eq!(at(50), None);
        assert_eq!(at(49), Some(Severity::Warning));
        assert_eq!(at(9), Some(Severity::Critical));
        assert!(little_space("main", Space { free: 0, total: 0 }).is_some());
    }
}
