//! `location`: the folders in which repositories lie.

use std::path::PathBuf;

use clap::Subcommand;
use penstock_policy::names::{ShortName, nearest};
use penstock_wire::reply::{Failure, FailureCode};
use penstock_wire::request::Request;

use super::{Context, expect_answer};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::render::{escape, space};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the backup locations: used, sold, free, and when they are full
    List,
    /// Make a folder a backup location; its marker is written, so that an unmounted disk is noticed
    #[command(after_help = "\
Example:
  penstockctl location add second /srv/second/penstock
  penstockctl customer edit abc-inc --location second")]
    Add {
        /// Its name: a-z, 0-9 and -
        name: ShortName,
        /// Its folder on the server, an absolute path below the configured roots
        #[arg(value_parser = folder)]
        path: String,
    },
    /// Forget a location that nothing lies on and nothing names; its folder stays as it is
    Forget {
        /// Its name
        name: ShortName,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List => {
                let answer = context.daemon.ask(&Request::Locations {})?;
                let locations = expect_answer!(answer, Locations)?.items;
                context.terminal.answer(context.json, &locations, |look| {
                    space::locations(&locations, look)
                })?;
            }
            Self::Add { name, path } => {
                let name = name.into();
                show(context, &Request::LocationAdd { name, path }, "is added")?;
            }
            Self::Forget { name, yes } => {
                if !yes {
                    require(context, name.as_str())?;
                }
                confirm(context.terminal, yes, "forget the location", name.as_str())?;
                let name = name.into();
                let done = "is forgotten; its folder stays as it is";
                show(context, &Request::LocationForget { name }, done)?;
            }
        }
        Ok(Exit::FINE)
    }
}

/// Nobody is asked about a location that there isn't.
fn require(context: &mut Context, name: &str) -> Result<(), Problem> {
    let answer = context.daemon.ask(&Request::Locations {})?;
    let locations = expect_answer!(answer, Locations)?.items;
    let mut names = locations.iter().map(|location| location.name.as_str());
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    let meant = nearest(name, &mut names).map(str::to_owned);
    let hint = meant.as_ref().map_or_else(
        || "; see `penstockctl location list`".to_owned(),
        |meant| format!("; did you mean {meant:?}?"),
    );
    let mut failure = Failure::new(
        FailureCode::NotFound,
        format!("there is no location {name:?}{hint}"),
    );
    failure.nearest = meant;
    Err(failure.into())
}

fn show(context: &mut Context, request: &Request, done: &str) -> Result<(), Problem> {
    let location = expect_answer!(context.daemon.ask(request)?, Location)?;
    context.terminal.answer(context.json, &location, |_| {
        let (name, path) = (escape(&location.name), escape(&location.path));
        format!("location {name} at {path} {done}\n")
    })
}

/// The daemon doesn't know the folder that this command was started in.
fn folder(text: &str) -> Result<String, String> {
    if PathBuf::from(text).is_absolute() {
        Ok(text.to_owned())
    } else {
        Err("give the folder's whole path on the server, such as /srv/second/penstock".to_owned())
    }
}
