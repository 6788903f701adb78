//! `watch`: events as they happen, until the daemon or the person ends it.

use clap::Args;
use penstock_policy::names::Address;

use super::Context;
use crate::connection::Connection;
use crate::exit::{Exit, Problem};
use crate::render::{self, live};

#[derive(Debug, Args)]
pub struct Watch {
    /// Only what concerns this customer, client or schedule
    address: Option<Address>,
}

impl Watch {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let zone = context.daemon.server_zone()?;
        let (json, terminal) = (context.json, &mut *context.terminal);
        let daemon: &mut Connection = &mut context.daemon;
        daemon.watch(self.address, |event| {
            let line = if json {
                render::json_line(event)?
            } else {
                live::event(event, &zone)
            };
            terminal.print(&line)
        })?;
        Ok(Exit::FINE)
    }
}
