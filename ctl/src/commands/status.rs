//! `status`: what is going on and what needs attention.

use clap::Args;
use penstock_wire::request::Request;

use super::{Context, expect_answer};
use crate::exit::{Exit, Problem};
use crate::render::live;

#[derive(Debug, Args)]
pub struct Status {
    /// One line and an exit code for monitoring: 0 all is well, 1 warnings, 2 backups fail
    #[arg(long)]
    check: bool,
}

impl Status {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let status = expect_answer!(context.daemon.ask(&Request::Status {})?, Status)?;
        context.terminal.answer(context.json, &status, |look| {
            if self.check {
                live::check(&status)
            } else {
                live::status(&status, look)
            }
        })?;
        if self.check {
            Ok(live::severity(&status))
        } else {
            Ok(Exit::FINE)
        }
    }
}
