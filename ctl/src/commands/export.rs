//! `export`: all records as TOML, for `apply` and for whoever keeps them under version control.

use std::path::{Path, PathBuf};

use clap::Args;
use penstock_wire::request::Request;
use serde::Serialize;

use super::{Context, all_pages};
use crate::exit::{Exit, Problem};
use crate::files::sources::STANDARD;
use crate::files::{folder, write};
use crate::render::count;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  penstockctl export > records.toml
  penstockctl export /etc/penstock/records && git -C /etc/penstock/records diff

In a folder: server.toml, resellers/SHORT.toml, customers/SHORT.toml (with its clients). Files of
records that are gone are removed if an export wrote them. Neither secrets nor counters are in it.")]
pub struct Export {
    /// The folder, which is made if it is missing; - prints everything in one piece
    #[arg(value_name = "DIR|-", default_value = STANDARD, value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
}

/// What was exported, for programs.
#[derive(Debug, Serialize)]
struct Exported<'a> {
    folder: &'a Path,
    records: usize,
    files: u64,
    removed: u64,
}

impl Export {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let records = all_pages!(context, Export, |page| Request::Export { page })?;
        if self.to.as_os_str() == STANDARD {
            if context.json {
                context.terminal.answer(true, &records, |_| String::new())?;
            } else {
                context.terminal.print(&write::one(&records))?;
            }
            return Ok(Exit::FINE);
        }
        let files = write::several(&records)
            .ok_or(Problem::Unexpected("with a short name that can't be one"))?;
        let written = folder::write(&self.to, &files)?;
        let exported = Exported {
            folder: &self.to,
            records: records.len(),
            files: written.files,
            removed: written.removed,
        };
        context.terminal.answer(context.json, &exported, |_| {
            format!(
                "{}: {} in {}, {} removed\n",
                crate::render::escape(&self.to.display().to_string()),
                count(exported.records as u64, "record"),
                count(written.files, "file"),
                count(written.removed, "old file")
            )
        })?;
        Ok(Exit::FINE)
    }
}
