//! `client`: the machines and users that back up.

use clap::{Args, Subcommand};
use penstock_policy::names::{Address, ClientId};
use penstock_policy::record::Client;
use penstock_wire::request::{Request, Target};

use super::arguments::{client_address, record_name};
use super::edit::{Edit, Subject};
use super::new_client::Issue;
use super::{Context, all_pages, expect_answer};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::fields::FieldFlags;
use crate::render::edited::Reverse;
use crate::render::{lists, sheet};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List all clients, or those of one customer
    List {
        /// Only this customer's
        #[arg(value_parser = record_name)]
        customer: Option<String>,
    },
    /// Show one client with its schedules
    Show(Addressed),
    /// Add clients and print their passwords, once
    Add(Box<Add>),
    /// Change fields by flags, or all of them in an editor
    Edit {
        #[command(flatten)]
        client: Addressed,
        #[command(flatten)]
        edit: Box<Edit<Client>>,
    },
    /// Give a client to another customer; its repositories stay where they are
    Move {
        #[command(flatten)]
        client: Addressed,
        /// The customer that gets it
        #[arg(value_parser = record_name)]
        customer: String,
    },
    /// Kill its password, for reading too; the data stays
    Revoke {
        #[command(flatten)]
        client: Addressed,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Let a removed id in again, and forget failed attempts
    Unblock(Addressed),
    /// Move a client to the trash; its id stays blocked
    Remove {
        #[command(flatten)]
        client: Addressed,
        /// With all its schedules
        #[arg(long)]
        recursive: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Give a new password and print it, once; the old one is dead
    ResetPassword {
        #[command(flatten)]
        client: Addressed,
        #[command(flatten)]
        issue: Issue,
    },
}

#[derive(Debug, Args)]
pub struct Addressed {
    /// The client
    #[arg(value_name = "CUSTOMER/CLIENT", value_parser = client_address)]
    client: Address,
}

#[derive(Debug, Args)]
pub struct Add {
    /// The customer, or CUSTOMER/CLIENT
    customer: Address,
    /// The clients' ids
    #[arg(value_name = "ID")]
    ids: Vec<ClientId>,
    /// Leave a client that exists already as it is
    #[arg(long)]
    if_missing: bool,
    #[command(flatten)]
    issue: Issue,
    #[command(flatten)]
    fields: FieldFlags<Client>,
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List { customer } => {
                let lines = all_pages!(context, Clients, |page| Request::Clients {
                    customer: customer.clone(),
                    page,
                })?;
                let zone = context.daemon.server_zone()?;
                context.terminal.answer(context.json, &lines, |look| {
                    lists::clients(&lines, &zone, look)
                })?;
                Ok(Exit::FINE)
            }
            Self::Show(Addressed { client }) => {
                let request = Request::Client { address: client };
                let view = expect_answer!(context.daemon.ask(&request)?, Client)?;
                context
                    .terminal
                    .answer(context.json, &view, |look| sheet::client(&view, look))?;
                Ok(Exit::FINE)
            }
            Self::Add(add) => add.act(context),
            Self::Edit { client, edit } => edit.act(
                context,
                Subject(Target::Client {
                    address: client.client,
                }),
            ),
            Self::Move { client, customer } => move_to(context, client.client, customer),
            Self::Revoke { client, yes } => {
                let address = client.client;
                let deed = "kill the password of";
                confirm(context.terminal, yes, deed, &address.to_string())?;
                context.change(&Request::ClientRevoke { address }, Reverse::None)
            }
            Self::Unblock(Addressed { client }) => {
                context.change(&Request::ClientUnblock { address: client }, Reverse::None)
            }
            Self::Remove {
                client,
                recursive,
                yes,
            } => {
                let address = client.client;
                confirm(context.terminal, yes, "remove", &address.to_string())?;
                let request = Request::ClientRemove { address, recursive };
                context.change(&request, Reverse::Trash)
            }
            Self::ResetPassword { client, issue } => {
                issue.run(context, 1, |password| Request::ClientResetPassword {
                    address: client.client,
                    password,
                })
            }
        }
    }
}

/// Says where the client is now: the edit goes by the address that it had.
fn move_to(context: &mut Context, address: Address, customer: String) -> Result<Exit, Problem> {
    let client = address.client.clone();
    let request = Request::ClientMove { address, customer };
    let mut edited = expect_answer!(context.daemon.ask(&request)?, Edited)?;
    let to = edited
        .changes
        .iter()
        .find(|change| change.field == "customer");
    if let Some((to, client)) = to.zip(client) {
        let now = format!("its address is {}/{client} now", to.to);
        edited.notes.insert(0, now);
    }
    context.show_edited(&edited, Reverse::None)
}

impl Add {
    fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let both = "give either CUSTOMER/CLIENT, or CUSTOMER and one or more ids";
        let ids = match (self.customer.client, self.ids) {
            (Some(id), ids) if ids.is_empty() && self.customer.schedule.is_none() => vec![id],
            (None, ids) if !ids.is_empty() => ids,
            _ => return Err(Problem::Usage(both.to_owned())),
        };
        self.issue
            .run(context, ids.len(), |password| Request::ClientAdd {
                customer: self.customer.customer,
                ids,
                if_missing: self.if_missing,
                password,
                assignments: self.fields.assignments,
            })
    }
}
