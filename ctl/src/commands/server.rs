//! `server`: what holds for the whole server.

use clap::Subcommand;
use penstock_policy::record::Server;
use penstock_wire::request::{Request, Target};

use super::edit::{Edit, Subject};
use super::{Context, expect_answer};
use crate::exit::{Exit, Problem};
use crate::render::sheet;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the server's record
    Show,
    /// Change fields by flags, or all of them in an editor
    Edit(Edit<Server>),
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::Show => {
                let server = expect_answer!(context.daemon.ask(&Request::Server {})?, Server)?;
                context
                    .terminal
                    .answer(context.json, &server, |look| sheet::server(&server, look))?;
                Ok(Exit::FINE)
            }
            Self::Edit(edit) => edit.act(context, Subject(Target::Server {})),
        }
    }
}
