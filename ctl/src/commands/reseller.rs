//! `reseller`: who sells to customers; what it says holds for all of them.

use clap::Subcommand;
use penstock_policy::names::{FullName, ShortName};
use penstock_policy::record::Reseller;
use penstock_wire::request::{Request, Target};

use super::arguments::record_name;
use super::edit::{Edit, Subject};
use super::{Context, all_pages, expect_answer};
use crate::confirm::confirm;
use crate::exit::{Exit, Problem};
use crate::fields::FieldFlags;
use crate::render::edited::Reverse;
use crate::render::{lists, sheet};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List all resellers
    List,
    /// Show one reseller
    Show {
        /// Full or short name
        #[arg(value_parser = record_name)]
        name: String,
    },
    /// Add a reseller
    Add {
        /// Full name, such as "ABC Inc."; can't be changed later
        name: FullName,
        /// Short name; made from the name when none is given
        #[arg(long)]
        short: Option<ShortName>,
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        fields: FieldFlags<Reseller>,
    },
    /// Change fields by flags, or all of them in an editor
    Edit {
        /// Full or short name
        #[arg(value_parser = record_name)]
        name: String,
        #[command(flatten)]
        edit: Edit<Reseller>,
    },
    /// Remove a reseller that has no customers
    Remove {
        /// Full or short name
        #[arg(value_parser = record_name)]
        name: String,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::List => {
                let views = all_pages!(context, Resellers, |page| Request::Resellers { page })?;
                context
                    .terminal
                    .answer(context.json, &views, |look| lists::resellers(&views, look))?;
                Ok(Exit::FINE)
            }
            Self::Show { name } => {
                let request = Request::Reseller { reseller: name };
                let view = expect_answer!(context.daemon.ask(&request)?, Reseller)?;
                context
                    .terminal
                    .answer(context.json, &view, |look| sheet::reseller(&view, look))?;
                Ok(Exit::FINE)
            }
            Self::Add {
                name,
                short,
                dry_run,
                fields,
            } => context.change(
                &Request::ResellerAdd {
                    name: name.into(),
                    short: short.map(Into::into),
                    assignments: fields.assignments,
                    dry_run,
                },
                Reverse::None,
            ),
            Self::Edit { name, edit } => {
                edit.act(context, Subject(Target::Reseller { reseller: name }))
            }
            Self::Remove { name, yes } => {
                confirm(context.terminal, yes, "remove the reseller", &name)?;
                context.change(&Request::ResellerRemove { reseller: name }, Reverse::None)
            }
        }
    }
}
