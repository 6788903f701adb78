//! `trash`: what was removed and can still be brought back.

use clap::Subcommand;
use penstock_wire::request::Request;

use super::arguments::item;
use super::{Context, all_pages};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::render::edited::Reverse;
use crate::render::lists;

/// What is typed to delete all of it.
const EVERYTHING: &str = "everything";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List what is in the trash
    List,
    /// Bring something back
    Restore {
        /// The number that `trash list` shows
        #[arg(value_name = "ITEM", value_parser = item, allow_negative_numbers = true)]
        item: u64,
    },
    /// Delete one item, or everything, for good
    Empty {
        /// The number that `trash list` shows; everything when none is given
        #[arg(value_name = "ITEM", value_parser = item, allow_negative_numbers = true)]
        item: Option<u64>,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List => {
                let items = all_pages!(context, Trash, |page| Request::Trash { page })?;
                let zone = context.daemon.server_zone()?;
                context.terminal.answer(context.json, &items, |look| {
                    lists::trash(&items, &zone, look)
                })?;
                Ok(Exit::FINE)
            }
            Self::Restore { item } => {
                context.change(&Request::TrashRestore { item }, Reverse::None)
            }
            Self::Empty { item, yes } => {
                let name = item.map_or_else(|| EVERYTHING.to_owned(), |item| item.to_string());
                confirm(
                    context.terminal,
                    yes,
                    "delete from the trash, for good,",
                    &name,
                )?;
                context.change(&Request::TrashEmpty { item }, Reverse::None)
            }
        }
    }
}
