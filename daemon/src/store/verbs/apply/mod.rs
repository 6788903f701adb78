//! Applying declared records: everything that they name in one transaction, or nothing of it.
//!
//! What isn't declared goes first, so that slots and names are free for what is; then server, resellers, customers and
//! clients, each with the fields that are named. Sums and slots are held against the limits once, at the end: whether a
//! child or its parent was raised first doesn't matter.

mod clients;
mod rules;
mod undeclared;

use std::collections::{BTreeMap, BTreeSet};

use penstock_policy::edit::Assignment;
use penstock_policy::names::ClientId;
use penstock_policy::record::RecordId;
use penstock_wire::declared::Declared;
use penstock_wire::reply::Step;
use penstock_wire::view::Who;

use super::{customer, edit, remove};
use rules::{naming, new_name, plain, same_names, slots, stale};
pub use undeclared::Undeclared;

use crate::store::command::{
    AddCustomer, AddReseller, Applied, Apply, Edit, Edited, Fresh, NotApplied, Rejected, Target,
};
use crate::store::shares::verify;
use crate::store::tree::Tree;
use crate::store::trouble::Stop;
use crate::store::tx::Tx;

/// Applies them; a dry run does all of it too, and then says no: so it meets the very same refusals.
pub fn apply(tx: &Tx, ask: &Apply, who: &Who) -> Result<Applied, Stop<NotApplied>> {
    let mut run = Run {
        tx,
        who,
        applied: Applied::nothing(tx.tree()),
        filled: BTreeSet::new(),
    };
    tx.put_off();
    let done = run.all(ask);
    let sums = tx.put_off_no_more();
    let done = done.and_then(|()| verify(tx, &tx.tree(), &sums, 0));
    done.map_err(|stop| match stop {
        Stop::Decided(no) => Stop::Decided(NotApplied::No(no)),
        Stop::Trouble(trouble) => Stop::Trouble(trouble),
    })?;
    let mut applied = run.applied;
    applied.after = tx.tree();
    if ask.dry_run {
        applied.removals.clear();
        for step in &mut applied.steps {
            step.edit = None;
        }
        return Err(Stop::Decided(NotApplied::Shown(Box::new(applied))));
    }
    Ok(applied)
}

type Done = Result<(), Stop<Rejected>>;

/// One application under way.
struct Run<'a> {
    tx: &'a Tx,
    who: &'a Who,
    applied: Applied,
    /// Customers that got clients.
    filled: BTreeSet<RecordId>,
}

/// A reseller or customer as it is declared.
struct Named<'a> {
    short: &'a str,
    name: Option<&'a str>,
    fields: &'a [Assignment],
}

/// A client as it is declared.
struct Wanted<'a> {
    client: &'a ClientId,
    revoked: bool,
    fields: &'a [Assignment],
    fresh: Option<&'a Fresh>,
}

impl Run<'_> {
    fn all(&mut self, ask: &Apply) -> Done {
        let surplus = match ask.prune {
            true => Undeclared::of(self.tx, &self.tx.tree(), &ask.records)?,
            false => Undeclared::default(),
        };
        self.remove(&surplus)?;
        for staged in ask.records.iter() {
            if let Declared::Server { fields } = &staged.record {
                self.edit(Target::Server, "server", fields)?;
            }
        }
        for staged in ask.records.iter() {
            if let Declared::Reseller {
                short,
                name,
                fields,
            } = &staged.record
            {
                let done = self.reseller(&Named::new(short, name, fields));
                done.map_err(|stop| naming(&format!("reseller {short}"), stop))?;
            }
        }
        for staged in ask.records.iter() {
            if let Declared::Customer {
                short,
                name,
                reseller,
                fields,
            } = &staged.record
            {
                let named = Named::new(short, name, fields);
                let done = self.customer(&named, reseller.as_deref(), staged.fresh.as_ref());
                done.map_err(|stop| naming(short, stop))?;
            }
        }
        for staged in ask.records.iter() {
            if let Declared::Client {
                customer,
                client,
                revoked,
                fields,
            } = &staged.record
            {
                let wanted = Wanted {
                    client,
                    revoked: *revoked,
                    fields,
                    fresh: staged.fresh.as_ref(),
                };
                let done = self.client(customer, &wanted);
                done.map_err(|stop| naming(&format!("{customer}/{client}"), stop))?;
            }
        }
        for reseller in &surplus.resellers {
            self.remove_reseller(*reseller)?;
        }
        self.slots()
    }

    fn reseller(&mut self, named: &Named<'_>) -> Done {
        let tree = self.tx.tree();
        if let Some(reseller) = tree.reseller(named.short) {
            same_names(named, reseller.short.as_str(), reseller.name.as_str())?;
            let record = format!("reseller {}", named.short);
            let target = Target::Reseller(named.short.to_owned());
            return self.edit(target, &record, named.fields);
        }
        plain(named.fields)?;
        let ask = AddReseller {
            name: new_name(
                "reseller",
                named,
                tree.resellers.values().map(|known| known.short.as_str()),
            )?,
            short: Some(named.short.to_owned()),
            assignments: named.fields.to_vec(),
            dry_run: false,
        };
        let added = customer::add_reseller(self.tx, &ask, self.who)?;
        self.applied.added += 1;
        self.step("reseller add", added);
        Ok(())
    }

    fn customer(
        &mut self,
        named: &Named<'_>,
        reseller: Option<&str>,
        fresh: Option<&Fresh>,
    ) -> Done {
        let tree = self.tx.tree();
        let Some(existing) = tree.customer(named.short) else {
            return self.add_customer(named, reseller, fresh);
        };
        same_names(named, existing.short.as_str(), existing.name.as_str())?;
        let edits = self.applied.edited;
        let target = Target::Customer(named.short.to_owned());
        self.edit(target, named.short, named.fields)?;
        if let Some(reseller) = reseller {
            let moved = customer::move_to(self.tx, named.short, reseller, self.who)?;
            if moved.edit.is_some() {
                self.applied.edited = edits + 1;
                self.step("customer move", moved);
            }
        }
        Ok(())
    }

    fn add_customer(
        &mut self,
        named: &Named<'_>,
        reseller: Option<&str>,
        fresh: Option<&Fresh>,
    ) -> Done {
        plain(named.fields)?;
        let tree = self.tx.tree();
        let known = tree.customers.values().map(|known| known.short.as_str());
        let name = new_name("customer", named, known)?;
        let Some(Fresh::PassKey(pass_key)) = fresh else {
            return Err(stale().into());
        };
        let ask = AddCustomer {
            name,
            short: Some(named.short.to_owned()),
            reseller: reseller.map(str::to_owned),
            like: None,
            assignments: named.fields.to_vec(),
            pass_key: pass_key.reveal().to_owned(),
            dry_run: false,
        };
        let added = customer::add(self.tx, &ask, self.who)?;
        self.applied.added += 1;
        self.step("customer add", added);
        Ok(())
    }

    /// Sets the named fields of a record that exists.
    fn edit(&mut self, target: Target, record: &str, fields: &[Assignment]) -> Done {
        plain(fields).map_err(|no| naming(record, no.into()))?;
        let ask = Edit {
            target,
            assignments: fields.to_vec(),
            expect_revision: None,
            dry_run: false,
        };
        let edited = edit::edit(self.tx, &ask, self.who).map_err(|stop| naming(record, stop))?;
        if edited.edit.is_none() {
            return Ok(());
        }
        self.applied.edited += 1;
        let notes = edited.notes.iter();
        let notes = notes.map(|note| format!("{record}: {note}"));
        self.applied.notes.extend(notes);
        self.step("edit", edited);
        Ok(())
    }

    fn remove(&mut self, surplus: &Undeclared) -> Done {
        let mut aliases = remove::aliases(self.tx)?;
        for address in &surplus.clients {
            let removal = remove::client_with(self.tx, address, true, self.who, &mut aliases)?;
            self.removed("client remove", removal);
        }
        for short in &surplus.customers {
            let removal = remove::customer(self.tx, short, true, self.who)?;
            self.removed("customer remove", removal);
        }
        Ok(())
    }

    fn removed(&mut self, verb: &str, removal: crate::store::command::Removal) {
        self.applied.removed += 1;
        self.applied.steps.push(Step {
            verb: verb.to_owned(),
            record: removal.address.clone(),
            edit: Some(removal.edit),
            changes: Vec::new(),
        });
        self.applied.removals.push(removal);
    }

    fn remove_reseller(&mut self, id: RecordId) -> Done {
        let tree = self.tx.tree();
        let Some(reseller) = tree.resellers.get(&id) else {
            return Ok(());
        };
        let customers = tree.customers.values();
        let left = customers.filter(|customer| customer.reseller == id).count();
        if left > 0 {
            self.applied.notes.push(format!(
                "reseller {} isn't declared, but stays: it has customers ({left})",
                reseller.short
            ));
            return Ok(());
        }
        let removed = customer::remove_reseller(self.tx, reseller.short.as_str(), self.who)?;
        self.applied.removed += 1;
        self.step("reseller remove", removed);
        Ok(())
    }

    fn step(&mut self, verb: &str, edited: Edited) {
        self.applied.steps.push(Step {
            verb: verb.to_owned(),
            record: edited.record,
            edit: edited.edit,
            changes: edited.changes,
        });
    }

    /// Whether whoever got clients has slots for them.
    fn slots(&self) -> Done {
        let (before, after) = (&self.applied.before, self.tx.tree());
        for id in &self.filled {
            if let Some(customer) = after.customers.get(id) {
                slots(before, customer, after.clients(*id))?;
            }
        }
        Ok(())
    }
}

impl<'a> Named<'a> {
    fn new(short: &'a str, name: &'a Option<String>, fields: &'a [Assignment]) -> Self {
        let name = name.as_deref();
        Self {
            short,
            name,
            fields,
        }
    }
}

impl Applied {
    fn nothing(tree: Tree) -> Self {
        Self {
            added: 0,
            edited: 0,
            removed: 0,
            steps: Vec::new(),
            notes: Vec::new(),
            removals: Vec::new(),
            after: tree.clone(),
            before: tree,
            clients: BTreeMap::new(),
        }
    }
}
