//! `schedule`: backup schedules, each one restic repository of one client.

use clap::Subcommand;
use penstock_policy::names::Address;
use penstock_wire::request::Request;

use super::arguments::{customer_or_client, schedule_address};
use super::space::Days;
use super::{Context, all_pages, expect_answer};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::render::edited::Reverse;
use crate::render::{lists, sheet};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List all schedules, or those of a customer or client
    List {
        /// Only this customer's or client's
        #[arg(value_name = "CUSTOMER[/CLIENT]", value_parser = customer_or_client)]
        address: Option<Address>,
    },
    /// Show one schedule with its newest sessions
    Show {
        /// The schedule
        #[arg(value_name = "CUSTOMER/CLIENT/SCHEDULE", value_parser = schedule_address)]
        address: Address,
    },
    /// Show used space by day, then its last sessions with what held each back
    #[command(after_help = "\
Examples:
  penstockctl schedule history abc-inc/laptop/default
  penstockctl schedule history abc-inc/laptop/default --space --days 400 --json

With --json alone it is the list of sessions.")]
    History {
        /// The schedule
        #[arg(value_name = "CUSTOMER/CLIENT/SCHEDULE", value_parser = schedule_address)]
        address: Address,
        #[command(flatten)]
        days: Days,
    },
    /// Move its repository to the trash
    Remove {
        /// The schedule
        #[arg(value_name = "CUSTOMER/CLIENT/SCHEDULE", value_parser = schedule_address)]
        address: Address,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List { address } => {
                let lines = all_pages!(context, Schedules, |page| Request::Schedules {
                    address: address.clone(),
                    page,
                })?;
                let zone = context.daemon.server_zone()?;
                context.terminal.answer(context.json, &lines, |look| {
                    lists::schedules(&lines, &zone, look)
                })?;
                Ok(Exit::FINE)
            }
            Self::Show { address } => {
                let request = Request::Schedule { address };
                let view = expect_answer!(context.daemon.ask(&request)?, Schedule)?;
                context
                    .terminal
                    .answer(context.json, &view, |look| sheet::schedule(&view, look))?;
                Ok(Exit::FINE)
            }
            Self::History { address, days } => {
                if days.show(context, &address)? {
                    return Ok(Exit::FINE);
                }
                let request = Request::ScheduleHistory { address };
                let sessions = expect_answer!(context.daemon.ask(&request)?, Sessions)?.items;
                let zone = context.daemon.server_zone()?;
                context.terminal.answer(context.json, &sessions, |look| {
                    lists::sessions(&sessions, &zone, look)
                })?;
                Ok(Exit::FINE)
            }
            Self::Remove { address, yes } => {
                confirm(context.terminal, yes, "remove", &address.to_string())?;
                context.change(&Request::ScheduleRemove { address }, Reverse::Trash)
            }
        }
    }
}
