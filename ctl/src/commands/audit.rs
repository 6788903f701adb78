//! `audit`, `undo` and `refused`: what was changed, by whom, and what was refused.

use clap::Args;
use penstock_policy::names::Address;
use penstock_wire::request::Request;

use super::arguments::{customer_or_client, edit};
use super::{Context, all_pages};
use crate::exit::{Exit, Problem};
use crate::moment::Since;
use crate::render::edited::Reverse;
use crate::render::lists;
use jiff::Timestamp;

#[derive(Debug, Args)]
pub struct Audit {
    /// Only what concerns this customer with its clients, or this client
    #[arg(value_name = "CUSTOMER[/CLIENT]", value_parser = customer_or_client)]
    address: Option<Address>,
    /// Only from then on: 24h, 7d, a date or a time
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    since: Option<Since>,
}

#[derive(Debug, Args)]
pub struct Undo {
    /// The edit's number, as `audit` shows it
    #[arg(value_name = "EDIT", value_parser = edit, allow_negative_numbers = true)]
    edit: u64,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Refused {
    /// Only what concerns this customer or client
    #[arg(value_name = "CUSTOMER[/CLIENT]", value_parser = customer_or_client)]
    address: Option<Address>,
    /// Only from then on: 24h, 7d, a date or a time
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    since: Option<Since>,
}

impl Audit {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let since = instant(context, self.since)?;
        show(context, self.address, since)
    }
}

/// The audit of one record, or of all.
pub fn show(
    context: &mut Context,
    address: Option<Address>,
    since: Option<Timestamp>,
) -> Result<Exit, Problem> {
    let entries = all_pages!(context, Audit, |page| Request::Audit {
        address: address.clone(),
        since,
        page,
    })?;
    let zone = context.daemon.server_zone()?;
    context.terminal.answer(context.json, &entries, |look| {
        lists::audit(&entries, &zone, look)
    })?;
    Ok(Exit::FINE)
}

impl Undo {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let (edit, dry_run) = (self.edit, self.dry_run);
        context.change(&Request::Undo { edit, dry_run }, Reverse::Undo)
    }
}

impl Refused {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let since = instant(context, self.since)?;
        let refusals = all_pages!(context, Refused, |page| Request::Refused {
            address: self.address.clone(),
            since,
            page,
        })?;
        let zone = context.daemon.server_zone()?;
        context.terminal.answer(context.json, &refusals, |look| {
            lists::refusals(&refusals, &zone, look)
        })?;
        Ok(Exit::FINE)
    }
}

/// What `--since` means now, in the server's zone.
pub fn instant(context: &mut Context, since: Option<Since>) -> Result<Option<Timestamp>, Problem> {
    let Some(since) = since else {
        return Ok(None);
    };
    let zone = context.daemon.server_zone()?;
    let now = (context.terminal.now)();
    since.instant(now, &zone).map(Some).map_err(Problem::Usage)
}
