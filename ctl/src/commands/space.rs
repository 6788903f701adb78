//! `space`: what is allotted, used, free and sold, from the server down to each schedule.

use clap::Args;
use penstock_policy::names::Address;
use penstock_wire::request::Request;
use penstock_wire::view::SpaceDay;

use super::arguments::days;
use super::{Context, all_pages, expect_answer};
use crate::exit::{Exit, Problem};
use crate::render::space;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  penstockctl space
  penstockctl space abc-inc/laptop")]
pub struct Space {
    /// Only this customer, client or schedule, and what is below it
    #[arg(value_name = "CUSTOMER[/CLIENT[/SCHEDULE]]")]
    address: Option<Address>,
}

/// What of a history is shown.
#[derive(Debug, Clone, Copy, Args)]
pub struct Days {
    /// How many days of used space are shown
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = days, allow_hyphen_values = true)]
    pub days: u32,
    /// Show nothing but used space, day by day; with --json a list of days
    #[arg(long)]
    pub space: bool,
}

impl Space {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let lines = all_pages!(context, Space, |page| Request::Space {
            address: self.address.clone(),
            page,
        })?;
        context
            .terminal
            .answer(context.json, &lines, |look| space::tree(&lines, look))?;
        Ok(Exit::FINE)
    }
}

impl Days {
    /// Shows used space by day, unless programs want the rest of the history only; whether that was all.
    ///
    /// # Errors
    /// As [`crate::connection::Connection::ask`].
    pub fn show(self, context: &mut Context, address: &Address) -> Result<bool, Problem> {
        if context.json && !self.space {
            return Ok(false);
        }
        let days = self.ask(context, address)?;
        context
            .terminal
            .answer(context.json, &days, |look| space::days(&days, look))?;
        if !self.space {
            context.terminal.print("\n")?;
        }
        Ok(self.space)
    }

    fn ask(self, context: &mut Context, address: &Address) -> Result<Vec<SpaceDay>, Problem> {
        let request = Request::SpaceHistory {
            address: address.clone(),
            days: self.days,
        };
        Ok(expect_answer!(context.daemon.ask(&request)?, SpaceHistory)?.items)
    }
}
