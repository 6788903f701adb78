//! `top`: each running backup with its rate, its limit and what holds it back.

use std::thread;
use std::time::Duration;

use clap::Args;
use penstock_wire::request::Request;
use penstock_wire::view::Running;

use super::{Context, expect_answer};
use crate::exit::{Exit, Problem};
use crate::render::live;

/// How often a live screen is drawn.
const REFRESH: Duration = Duration::from_secs(1);

/// Cursor home, then clear what is below: flickers less than clearing first.
const CLEAR: &str = "\x1b[H\x1b[2J";

#[derive(Debug, Args)]
pub struct Top {
    /// Print once, as is done anyway when the output isn't a terminal
    #[arg(long)]
    once: bool,
}

impl Top {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let once = self.once || context.json || !context.terminal.output_is_terminal;
        let zone = context.daemon.server_zone()?;
        loop {
            let running = ask(context)?;
            if once {
                context.terminal.answer(context.json, &running, |look| {
                    live::top(&running, &zone, look)
                })?;
                return Ok(Exit::FINE);
            }
            let screen = live::top(&running, &zone, context.terminal.look());
            context.terminal.print(&format!("{CLEAR}{screen}"))?;
            thread::sleep(REFRESH);
        }
    }
}

fn ask(context: &mut Context) -> Result<Vec<Running>, Problem> {
    Ok(expect_answer!(context.daemon.ask(&Request::Top {})?, Top)?.items)
}
