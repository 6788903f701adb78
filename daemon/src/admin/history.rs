//! What was changed and what was refused, newest first.

use jiff::Timestamp;
use penstock_policy::names::Address;
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::RefusalView;

use super::Admin;
use super::failure::Fault;
use super::page::{PAGE, cursor, page};
use crate::store::AuditFilter;

/// The table of refusals.
pub(super) async fn refused(
    admin: &Admin,
    address: Option<&Address>,
    since: Option<Timestamp>,
    at: &Page,
) -> Result<Answer, Fault> {
    let after = cursor(at, |text| {
        let (last, reference) = text.split_once('/')?;
        Some((last.parse::<Timestamp>().ok()?, reference.to_owned()))
    })?;
    let wanted = address.map(|address| Wanted::new(admin, address));
    let rows = admin.context.refusals.rows();
    let rest = rows
        .into_iter()
        .filter(|row| since.is_none_or(|since| row.last >= since))
        .filter(|row| wanted.as_ref().is_none_or(|wanted| wanted.matches(row)))
        // The newest come first, and among equals the lower reference.
        .filter(|row| {
            after.as_ref().is_none_or(|(last, reference)| {
                row.last < *last || (row.last == *last && row.reference > *reference)
            })
        })
        .map(|row| (format!("{}/{}", row.last, row.reference), row));
    Ok(Answer::Refused(page(rest, PAGE)))
}

/// Whose refusals. A name that is no customer's is taken as the path named it: such requests are refused too.
struct Wanted {
    customer: String,
    client: Option<String>,
}

impl Wanted {
    fn new(admin: &Admin, address: &Address) -> Self {
        let tree = admin.context.store.tree();
        let known = tree.customer(&address.customer);
        Self {
            customer: known.map_or_else(
                || address.customer.clone(),
                |customer| customer.short.to_string(),
            ),
            client: address.client.as_ref().map(ToString::to_string),
        }
    }

    fn matches(&self, row: &RefusalView) -> bool {
        row.customer == self.customer
            && self
                .client
                .as_ref()
                .is_none_or(|client| row.client == *client)
    }
}

/// The audit.
pub(super) async fn audit(
    admin: &Admin,
    address: Option<&Address>,
    since: Option<Timestamp>,
    at: &Page,
) -> Result<Answer, Fault> {
    let before = cursor(at, |text| text.parse::<u64>().ok())?;
    let filter = match address {
        None => AuditFilter::All,
        Some(address) => {
            let found = admin.resolve(address).await?;
            match found.client {
                Some(client) => AuditFilter::Client(client.id),
                None => AuditFilter::Customer(found.customer.id),
            }
        }
    };
    let read = move |reader: &crate::store::Reader| reader.audit(filter, before, since, PAGE + 1);
    let entries = admin.context.store.read(read).await?;
    let rest = entries
        .into_iter()
        .map(|entry| (entry.edit.to_string(), entry));
    Ok(Answer::Audit(page(rest, PAGE)))
}
