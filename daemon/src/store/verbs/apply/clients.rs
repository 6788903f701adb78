//! Declared clients: added, edited, revoked.

use penstock_policy::names::Address;
use penstock_policy::record::{Client, Customer};
use penstock_wire::reply::Step;

use super::super::customer::with;
use super::super::keep::Kept;
use super::super::{clash, client, client_address, taken};
use super::rules::{plain, same_names, stale};
use super::{Done, Named, Run, Wanted};
use crate::store::command::{Fresh, Target};
use crate::store::ids::find_client as client_of;
use crate::store::schema::{CLIENTS, Look};
use crate::store::tree::Tree;

impl Run<'_> {
    pub(super) fn client(&mut self, short: &str, wanted: &Wanted<'_>) -> Done {
        let tree = self.tx.tree();
        let customer = tree.find_customer(short)?;
        same_names(&Named::new(short, &None, &[]), customer.short.as_str(), "")?;
        let existing = client_of(self.tx, customer.id, wanted.client)?;
        // Another customer's now is found by the name that it left behind.
        let Some(before) = existing.filter(|client| client.customer == customer.id) else {
            return self.add_client(&tree, customer, wanted);
        };
        let address = Address {
            customer: customer.short.to_string(),
            client: Some(wanted.client.clone()),
            schedule: None,
        };
        let record = client_address(customer, wanted.client);
        if wanted.fresh.is_some() && !wanted.revoked {
            self.applied.notes.push(format!(
                "{record} came into being meanwhile and keeps the password that it has"
            ));
        }
        let edits = self.applied.edited;
        self.edit(Target::Client(address.clone()), &record, wanted.fields)?;
        if wanted.revoked && before.revoked.is_none() {
            let revoked = client::revoke(self.tx, &address, self.who)?;
            self.applied.edited = edits + 1;
            self.step("client revoke", revoked);
        }
        if !wanted.revoked && before.revoked.is_some() {
            self.applied.notes.push(format!(
                "{record} stays revoked; let it in again with: penstockctl client reset-password {record}"
            ));
        }
        if self.applied.edited > edits
            && let Some(after) = self.tx.get::<Client, _>(CLIENTS, before.id.0)?
        {
            self.applied.clients.insert(before.id, (before, after));
        }
        Ok(())
    }

    fn add_client(&mut self, tree: &Tree, customer: &Customer, wanted: &Wanted<'_>) -> Done {
        let id = wanted.client;
        plain(wanted.fields)?;
        if let Some(by) = clash(self.tx, tree, customer, id, None)? {
            return Err(taken(id, &by).into());
        }
        let Some(Fresh::Password(credential)) = wanted.fresh else {
            return Err(stale().into());
        };
        let new = client::new(self.tx, customer, id, credential);
        let (client, changes) = with(&new, wanted.fields)?;
        // Prices that one file changes may still name the plugins of clients that it adds: the single commands could have
        // come in either order.
        let prices = &self.applied.before.server.mcal_prices;
        let had = prices.know(&client.plugins).is_ok().then(|| Client {
            plugins: client.plugins.clone(),
            activation: client.activation.clone(),
            ..new
        });
        client.decide(had.as_ref(), self.tx)?;
        let record = client_address(customer, id);
        let (_, edit) = client::enter(self.tx, customer, client, changes.clone(), self.who)?;
        self.applied.added += 1;
        self.filled.insert(customer.id);
        let verb = "client add".to_owned();
        self.applied.steps.push(Step {
            verb,
            record,
            edit: Some(edit),
            changes,
        });
        if wanted.revoked {
            let address = Address {
                customer: customer.short.to_string(),
                client: Some(id.clone()),
                schedule: None,
            };
            let revoked = client::revoke(self.tx, &address, self.who)?;
            self.step("client revoke", revoked);
        }
        Ok(())
    }
}
