//! What somebody should look at, with the step that mends it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use penstock_wire::view::{Attention, LocationView, RefusalView, Severity};

use super::standing::{Scene, Standing, remedy};
use super::{Admin, shortages};
use crate::store::Tree;

/// How long before its end a certificate is spoken of.
const CERTIFICATE_WARNING: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What is looked at.
pub(super) struct Watchman<'a> {
    pub(super) now: Timestamp,
    pub(super) tree: &'a Tree,
    /// The locations as they are now.
    pub(super) locations: &'a [LocationView],
    /// What was refused within the last day.
    pub(super) refused: &'a [RefusalView],
}

impl Watchman<'_> {
    /// Everything that needs attention, in no order.
    pub(super) async fn look(&self, admin: &Admin) -> Vec<Attention> {
        let context = &admin.context;
        let mut found = Vec::new();
        found.extend(shortages::of(admin, self.tree, self.now, self.locations));
        if let Some(broken) = &context.audit {
            found.push(critical(
                format!("{broken}: somebody changed the records behind penstockd's back"),
                "restore the state directory from a backup, and find out who can write there",
            ));
        }
        found.extend(self.certificate((context.certificate_end)()));
        found.extend(pending(admin).await);
        found.extend(self.refusals(admin).await);
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

    /// One line for each customer, code and cause, of what a rule and not a wrong password refused and would refuse still.
    async fn refusals(&self, admin: &Admin) -> Vec<Attention> {
        let scene = Scene {
            now: self.now,
            tree: self.tree,
            locations: self.locations,
        };
        let standing = scene.standing(admin, self.refused).await;
        let mut groups: BTreeMap<(&str, &str, &str), Vec<&Standing<'_>>> = BTreeMap::new();
        for one in &standing {
            let (customer, code) = (one.row.customer.as_str(), one.row.code.as_str());
            let key = (customer, code, one.cause.as_str());
            groups.entry(key).or_default().push(one);
        }
        let groups = groups.into_iter();
        groups
            .map(|((customer, code, cause), of)| self.refusal(customer, code, cause, &of))
            .collect()
    }

    fn refusal(&self, customer: &str, code: &str, cause: &str, of: &[&Standing<'_>]) -> Attention {
        let mut clients: Vec<&str> = of.iter().map(|one| one.row.client.as_str()).collect();
        clients.sort_unstable();
        clients.dedup();
        let who = match clients.as_slice() {
            [one] => format!("{customer}/{one} was"),
            many => format!("{} clients of {customer} were", many.len()),
        };
        let text = format!("{who} refused within the last day ({code}): {cause}");
        let known = self.tree.customer(customer).is_some();
        let remedy = remedy(of).unwrap_or_else(|| match code {
            "client-limit" if known => {
                format!("penstockctl customer edit {customer} --maximum-client-limit NUMBER")
            }
            "customer-inactive" if known => format!("penstockctl customer resume {customer}"),
            "pass-key-expired" if known => {
                format!("penstockctl customer pass-key {customer} --rotate")
            }
            "schedule-limit" => "penstockctl server edit --schedule-limit NUMBER".to_owned(),
            _ => format!("penstockctl refused {customer}"),
        });
        let severity = match code {
            "location-unavailable" | "disk-full" | "disk-reserve" | "store-unavailable" => {
                Severity::Critical
            }
            _ => Severity::Warning,
        };
        Attention {
            severity,
            text,
            remedy,
        }
    }
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

pub(super) fn warning(text: String, remedy: &str) -> Attention {
    Attention {
        severity: Severity::Warning,
        text,
        remedy: remedy.to_owned(),
    }
}

pub(super) fn critical(text: String, remedy: &str) -> Attention {
    Attention {
        severity: Severity::Critical,
        text,
        remedy: remedy.to_owned(),
    }
}
