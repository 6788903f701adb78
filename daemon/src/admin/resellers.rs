//! The server's record and the resellers'.

use std::sync::Arc;

use penstock_policy::mcal::left;
use penstock_policy::record::{RecordId, Reseller};
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::{ResellerView, ServerView, Who, fields};

use super::failure::Fault;
use super::page::{PAGE, page};
use super::{Admin, edits, snapshots};
use crate::store::{AddReseller, Tree};

/// The server's record.
pub(super) fn server(admin: &Admin) -> Answer {
    let tree = admin.context.store.tree();
    Answer::Server(ServerView {
        revision: tree.server.revision,
        used_space: admin.context.store.books().server().used,
        space_snapshot: snapshots::space(tree.server_share()),
        mcals_left: snapshots::left_in_bank(&tree, admin.now()),
        fields: fields(&*tree.server),
    })
}

/// All resellers, by short name.
pub(super) fn list(admin: &Admin, at: &Page) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let after = at.after.as_deref();
    let mut found: Vec<&Arc<Reseller>> = tree
        .resellers
        .values()
        .filter(|reseller| after.is_none_or(|after| reseller.short.as_str() > after))
        .collect();
    found.sort_by(|a, b| a.short.cmp(&b.short));
    let rest = found
        .into_iter()
        .map(|reseller| (reseller.short.to_string(), shown(admin, &tree, reseller)));
    Ok(Answer::Resellers(page(rest, PAGE)))
}

/// One reseller.
pub(super) fn view(admin: &Admin, name: &str) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let reseller = tree.find_reseller(name)?;
    Ok(Answer::Reseller(shown(admin, &tree, reseller)))
}

/// Adds a reseller.
pub(super) async fn add(admin: &Admin, who: &Who, ask: AddReseller) -> Result<Answer, Fault> {
    let dry_run = ask.dry_run;
    let added = admin.context.store.add_reseller(ask, who.clone()).await?;
    Ok(edits::answer(added, dry_run, Vec::new()))
}

/// Removes a reseller that has no customers.
pub(super) async fn remove(admin: &Admin, who: &Who, name: String) -> Result<Answer, Fault> {
    let removed = admin
        .context
        .store
        .remove_reseller(name, who.clone())
        .await?;
    Ok(edits::answer(removed, false, Vec::new()))
}

fn shown(admin: &Admin, tree: &Tree, reseller: &Reseller) -> ResellerView {
    let customers = tree.customers.values();
    let month = snapshots::month(tree, admin.now());
    ResellerView {
        name: reseller.name.to_string(),
        short_name: reseller.short.to_string(),
        default: reseller.id == RecordId::DEFAULT_RESELLER,
        revision: reseller.revision,
        customers: u64::try_from(customers.filter(|c| c.reseller == reseller.id).count())
            .unwrap_or(u64::MAX),
        used_space: admin.context.store.books().reseller(reseller.id).used,
        space_snapshot: snapshots::space(tree.reseller_share(reseller)),
        mcals_snapshot: snapshots::mcals(tree, reseller),
        mcals_used: reseller.drawn.in_month(month),
        mcals_left: left(reseller.mcals.into(), &reseller.drawn, month),
        fields: fields(reseller),
    }
}
