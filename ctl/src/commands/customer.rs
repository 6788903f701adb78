//! `customer`: the records that administrators edit.

use clap::{Args, Subcommand};
use penstock_policy::edit::Assignment;
use penstock_policy::names::{Address, FullName, ShortName};
use penstock_policy::record::Customer;
use penstock_wire::request::{Request, Target};
use penstock_wire::view::CustomerView;

use super::arguments::{record_name, uses};
use super::edit::{Edit, Guard, Subject};
use super::space::Days;
use super::{Context, all_pages, audit, expect_answer};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::fields::{FieldFlags, check_all};
use crate::moment::{self, Moment, Since};
use crate::render::edited::Reverse;
use crate::render::{lists, sheet};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List all customers, or those of one reseller
    List {
        /// Only this reseller's
        #[arg(long, value_parser = record_name)]
        reseller: Option<String>,
    },
    /// Show one customer on one screen: its record, what is used, left and running
    Show(Named),
    /// Add a customer
    Add(Box<Add>),
    /// Change fields by flags, or all of them in an editor
    Edit {
        #[command(flatten)]
        customer: Named,
        #[command(flatten)]
        edit: Box<Edit<Customer>>,
    },
    /// Take no new data from any of its clients; restores go on. While it is suspended only what is given is changed
    Suspend {
        #[command(flatten)]
        customer: Named,
        /// Words for the clients to read
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// When it ends by itself: 2026-12-24 or 2026-12-24T08:00, in the customer's zone
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        #[command(flatten)]
        guard: Guard,
    },
    /// End a suspension
    Resume {
        #[command(flatten)]
        customer: Named,
        #[command(flatten)]
        guard: Guard,
    },
    /// Give a customer to another reseller
    Move {
        #[command(flatten)]
        customer: Named,
        /// The reseller that gets it
        #[arg(value_parser = record_name)]
        reseller: String,
    },
    /// Move a customer to the trash
    Remove {
        #[command(flatten)]
        customer: Named,
        /// With all its clients and schedules
        #[arg(long)]
        recursive: bool,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Show the pass key that registers new clients, or make a new one
    PassKey(PassKey),
    /// Show used space by day, then who changed the customer and its clients, newest first
    #[command(after_help = "\
Examples:
  penstockctl customer history abc-inc --days 90
  penstockctl customer history abc-inc --space --json

With --json alone it is the list of edits.")]
    History {
        #[command(flatten)]
        customer: Named,
        #[command(flatten)]
        days: Days,
        /// Only from then on: 24h, 7d, a date or a time
        #[arg(long, value_name = "WHEN", value_parser = Since::parse, conflicts_with = "space")]
        since: Option<Since>,
    },
}

#[derive(Debug, Args)]
pub struct Named {
    /// Full or short name
    #[arg(value_parser = record_name)]
    name: String,
}

#[derive(Debug, Args)]
pub struct Add {
    /// Full name, such as "ABC Inc."; can't be changed later
    name: FullName,
    /// Short name for paths and print; made from the name when none is given
    #[arg(long)]
    short: Option<ShortName>,
    /// A customer whose fields are copied first
    #[arg(long, value_name = "OTHER", value_parser = record_name)]
    like: Option<String>,
    /// The reseller; the Default Reseller when none is given
    #[arg(long, value_parser = record_name)]
    reseller: Option<String>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    fields: FieldFlags<Customer>,
}

#[derive(Debug, Args)]
pub struct PassKey {
    #[command(flatten)]
    customer: Named,
    /// Make a new key; the old one registers nobody from then on
    #[arg(long)]
    rotate: bool,
    /// The new key's end, in the customer's zone
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, requires = "rotate")]
    until: Option<Moment>,
    /// How many registrations the new key is good for
    #[arg(long, value_name = "NUMBER", requires = "rotate", value_parser = uses, allow_hyphen_values = true)]
    uses: Option<u32>,
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List { reseller } => {
                let lines = all_pages!(context, Customers, |page| Request::Customers {
                    reseller: reseller.clone(),
                    page,
                })?;
                context
                    .terminal
                    .answer(context.json, &lines, |look| lists::customers(&lines, look))?;
                Ok(Exit::FINE)
            }
            Self::Show(customer) => {
                let view = ask(context, customer.name)?;
                context
                    .terminal
                    .answer(context.json, &view, |look| sheet::customer(&view, look))?;
                Ok(Exit::FINE)
            }
            Self::Add(add) => add.act(context),
            Self::Edit { customer, edit } => edit.act(context, customer.subject()),
            Self::Suspend {
                customer,
                reason,
                until,
                guard,
            } => {
                let over = until.is_none() && has_a_suspension_behind(context, &customer)?;
                let given = [
                    Some(("activated", "no".to_owned())),
                    reason
                        .or_else(|| over.then(String::new))
                        .map(|reason| ("reason", reason)),
                    until
                        .or_else(|| over.then(|| "none".to_owned()))
                        .map(|until| ("until", until)),
                ];
                let assignments = assign(given.into_iter().flatten());
                check_all::<Customer>(&assignments).map_err(Problem::Usage)?;
                guard.send(context, &customer.subject(), assignments)
            }
            Self::Resume { customer, guard } => {
                let assignments = assign([("activated", "yes".to_owned())]);
                guard.send(context, &customer.subject(), assignments)
            }
            Self::Move { customer, reseller } => context.change(
                &Request::CustomerMove {
                    customer: customer.name,
                    reseller,
                },
                Reverse::None,
            ),
            Self::Remove {
                customer,
                recursive,
                yes,
            } => {
                confirm(context.terminal, yes, "remove the customer", &customer.name)?;
                let request = Request::CustomerRemove {
                    customer: customer.name,
                    recursive,
                };
                context.change(&request, Reverse::Trash)
            }
            Self::PassKey(pass_key) => pass_key.act(context),
            Self::History {
                customer,
                days,
                since,
            } => {
                let since = audit::instant(context, since)?;
                let address = Address {
                    customer: customer.name,
                    client: None,
                    schedule: None,
                };
                if days.show(context, &address)? {
                    return Ok(Exit::FINE);
                }
                audit::show(context, Some(address), since)
            }
        }
    }
}

impl Named {
    fn subject(self) -> Subject {
        Subject(Target::Customer {
            customer: self.name,
        })
    }
}

impl Add {
    fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let request = Request::CustomerAdd {
            name: self.name.into(),
            short: self.short.map(Into::into),
            reseller: self.reseller,
            like: self.like,
            assignments: self.fields.assignments,
            dry_run: self.dry_run,
        };
        context.change(&request, Reverse::None)
    }
}

impl PassKey {
    fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let customer = self.customer.name;
        let zone = moment::zone(&ask(context, customer.clone())?.zone);
        let request = if self.rotate {
            let until = self.until.map(|until| until.instant(&zone)).transpose();
            Request::PassKeyRotate {
                customer,
                until: until.map_err(Problem::Usage)?,
                uses: self.uses,
            }
        } else {
            Request::PassKey { customer }
        };
        let view = expect_answer!(context.daemon.ask(&request)?, PassKey)?;
        context.terminal.answer(context.json, &view, |look| {
            sheet::pass_key(&view, &zone, look)
        })?;
        Ok(Exit::FINE)
    }
}

fn ask(context: &mut Context, customer: String) -> Result<Box<CustomerView>, Problem> {
    expect_answer!(
        context.daemon.ask(&Request::Customer { customer })?,
        Customer
    )
}

/// Whether a suspension is over by its end: its words and end are left in the record, and a new one must not have them.
fn has_a_suspension_behind(context: &mut Context, customer: &Named) -> Result<bool, Problem> {
    let view = ask(context, customer.name.clone())?;
    let field = |name| view.fields.get(name).map(ToString::to_string);
    let until = field("until").and_then(|until| Moment::parse(&until).ok());
    let end = until.and_then(|until| until.instant(&moment::zone(&view.zone)).ok());
    let suspended = field("activated").is_some_and(|activated| activated == "no");
    Ok(suspended && end.is_some_and(|end| end <= (context.terminal.now)()))
}

fn assign(given: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Assignment> {
    given
        .into_iter()
        .map(|(field, value)| Assignment {
            field: field.to_owned(),
            value,
        })
        .collect()
}
