//! Each request, to the file that answers it.

use std::sync::Arc;

use penstock_wire::reply::Answer;
use penstock_wire::request::Request;
use penstock_wire::view::Who;

use super::failure::Fault;
use super::{
    Admin, clients, customers, edits, explain, export, history, locations, mcal, page, removal,
    resellers, schedules, space, status, trash,
};
use crate::store::{AddCustomer, AddReseller};

/// Answers one request, and writes what it changed into the log. What the peer may ask was decided before.
pub(super) async fn handle(
    admin: &Arc<Admin>,
    who: &Who,
    request: Request,
) -> Result<Answer, Fault> {
    let answer = dispatch(admin, who, request).await?;
    let user = who.user.as_str();
    match &answer {
        Answer::Edited(edited) if edited.edit.is_some() => {
            tracing::info!(record = %edited.record, edit = edited.edit, user, "changed by an administrator");
        }
        Answer::NewClients(list) => {
            for new in list.items.iter().filter(|new| new.created) {
                tracing::info!(client = %new.address, user, "given a password by an administrator");
            }
        }
        Answer::PassKey(key) => {
            tracing::info!(customer = %key.customer, user, "pass key shown to an administrator");
        }
        Answer::Location(location) => {
            tracing::info!(location = %location.name, user, "added or forgotten by an administrator");
        }
        _ => {}
    }
    Ok(answer)
}

async fn dispatch(admin: &Arc<Admin>, who: &Who, request: Request) -> Result<Answer, Fault> {
    match request {
        Request::Status {} => status::status(admin).await,
        Request::Top {} => Ok(status::top(admin)),
        // The connection answers it with events.
        Request::Watch { .. } => Err(Fault::usage("watch is answered by events")),
        Request::Refused {
            address,
            since,
            page,
        } => history::refused(admin, address.as_ref(), since, &page).await,
        Request::Explain { address, at, bytes } => {
            explain::address(admin, &address, at, bytes).await
        }
        Request::ExplainReference { reference } => explain::reference(admin, &reference),
        Request::Server {} => Ok(resellers::server(admin)),
        Request::Edit {
            target,
            assignments,
            expect_revision,
            dry_run,
        } => edits::edit(admin, who, target, assignments, expect_revision, dry_run).await,
        Request::Undo { edit, dry_run } => edits::undo(admin, who, edit, dry_run).await,
        Request::Resellers { page } => resellers::list(admin, &page),
        Request::Reseller { reseller } => resellers::view(admin, &reseller),
        Request::ResellerAdd {
            name,
            short,
            assignments,
            dry_run,
        } => {
            let ask = AddReseller {
                name,
                short,
                assignments,
                dry_run,
            };
            resellers::add(admin, who, ask).await
        }
        Request::ResellerRemove { reseller } => resellers::remove(admin, who, reseller).await,
        Request::Customers { reseller, page } => customers::list(admin, reseller.as_deref(), &page),
        Request::Customer { customer } => customers::view(admin, &customer).await,
        Request::CustomerAdd {
            name,
            short,
            reseller,
            like,
            assignments,
            dry_run,
        } => {
            let ask = AddCustomer {
                name,
                short,
                reseller,
                like,
                assignments,
                pass_key: crate::secrets::generate()?,
                dry_run,
            };
            customers::add(admin, who, ask).await
        }
        Request::CustomerMove { customer, reseller } => {
            customers::move_to(admin, who, customer, reseller).await
        }
        Request::CustomerRemove {
            customer,
            recursive,
        } => removal::customer(admin, who, customer, recursive).await,
        Request::PassKey { customer } => customers::pass_key(admin, &customer),
        Request::PassKeyRotate {
            customer,
            until,
            uses,
        } => customers::rotate_pass_key(admin, who, customer, until, uses).await,
        Request::Clients { customer, page } => {
            clients::list(admin, customer.as_deref(), &page).await
        }
        Request::Client { address } => clients::view(admin, &address).await,
        Request::ClientAdd {
            customer,
            ids,
            if_missing,
            password,
            assignments,
        } => {
            let ask = clients::Add {
                customer,
                ids,
                if_missing,
                password,
                assignments,
            };
            clients::add(admin, who, ask).await
        }
        Request::ClientMove { address, customer } => {
            clients::move_to(admin, who, address, customer).await
        }
        Request::ClientRevoke { address } => clients::revoke(admin, who, address).await,
        Request::ClientUnblock { address } => clients::unblock(admin, who, address).await,
        Request::ClientRemove { address, recursive } => {
            removal::client(admin, who, address, recursive).await
        }
        Request::ClientResetPassword { address, password } => {
            clients::reset_password(admin, who, address, password).await
        }
        Request::Schedules { address, page } => {
            schedules::list(admin, address.as_ref(), &page).await
        }
        Request::Schedule { address } => schedules::view(admin, &address).await,
        Request::ScheduleHistory { address } => {
            let sessions = schedules::sessions(admin, &address).await?;
            Ok(Answer::Sessions(page::whole(sessions)))
        }
        Request::ScheduleRemove { address } => removal::schedule(admin, who, address).await,
        Request::Trash { page } => trash::list(admin, &page).await,
        Request::TrashRestore { item } => trash::restore(admin, who, item).await,
        Request::TrashEmpty { item } => trash::empty(admin, who, item).await,
        Request::Space { address, page } => space::tree(admin, address.as_ref(), &page).await,
        Request::SpaceHistory { address, days } => space::history(admin, &address, days).await,
        Request::Locations {} => locations::list(admin).await,
        Request::LocationAdd { name, path } => locations::add(admin, who, name, path).await,
        Request::LocationForget { name } => locations::forget(admin, who, name).await,
        Request::McalAdd { units, note } => mcal::add(admin, who, units, note).await,
        Request::McalStatement { account } => mcal::statement(admin, &account).await,
        Request::McalHistory {
            account,
            month,
            page,
        } => mcal::history(admin, &account, month.as_deref(), &page).await,
        Request::McalForecast { page } => mcal::forecast(admin, &page).await,
        Request::Export { page } => export::export(admin, &page).await,
        // The connection keeps what is staged, and answers these.
        Request::Stage { .. } | Request::Apply { .. } | Request::Applied { .. } => {
            Err(Fault::usage("what is applied is staged on its connection"))
        }
        Request::Audit {
            address,
            since,
            page,
        } => history::audit(admin, address.as_ref(), since, &page).await,
    }
}
