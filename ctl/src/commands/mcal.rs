//! `mcal`: the bank, statements, the ledger and the outlook.

use clap::{Args, Subcommand};
use penstock_policy::mcal::Month;
use penstock_wire::request::{McalAccount, Request};
use serde::Serialize;

use super::arguments::record_name;
use super::{Context, all_pages, expect_answer};
use crate::exit::{Exit, Problem};
use crate::render::edited::Reverse;
use crate::render::{Look, csv, mcal};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add to the bank's credit
    #[command(after_help = "\
Example:
  penstockctl mcal add 500 --note 'invoice 2041'

A customer's own number is a field: penstockctl customer edit abc-inc --mcals +5")]
    Add {
        /// How many MCALs
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        units: u32,
        /// Words for the ledger, such as an invoice's number
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Show each month of the bank, a reseller or a customer: opening, added, used, closing
    #[command(after_help = "\
Examples:
  penstockctl mcal statement
  penstockctl mcal statement abc-inc --month 2026-11
  penstockctl mcal statement --reseller north --csv > north.csv")]
    Statement(Ask),
    /// List what was debited and allotted, newest first
    #[command(after_help = "\
Examples:
  penstockctl mcal history abc-inc
  penstockctl mcal history --month 2026-11 --csv > november.csv")]
    History(Ask),
    /// Hold what a month needs against the credit that is left
    Forecast {
        #[command(flatten)]
        table: TableForm,
    },
}

/// Whose credit, and in which form.
#[derive(Debug, Args)]
pub struct Ask {
    /// The customer's full or short name; the bank when nobody is named
    #[arg(value_name = "CUSTOMER", value_parser = record_name, group = "account")]
    of: Option<String>,
    /// The customer's full or short name
    #[arg(long, value_parser = record_name, group = "account")]
    customer: Option<String>,
    /// The reseller's full or short name
    #[arg(long, value_parser = record_name, group = "account")]
    reseller: Option<String>,
    /// Only this month, such as 2026-11
    #[arg(long)]
    month: Option<Month>,
    #[command(flatten)]
    table: TableForm,
}

/// Whether a table is for a spreadsheet.
#[derive(Debug, Clone, Copy, Args)]
pub struct TableForm {
    /// Print CSV with a header line; its columns are named as in --json
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Verb {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        match self {
            Self::Add { units, note } => {
                return context.change(&Request::McalAdd { units, note }, Reverse::None);
            }
            Self::Statement(ask) => ask.statement(context)?,
            Self::History(ask) => ask.history(context)?,
            Self::Forecast { table } => {
                let lines = all_pages!(context, Forecast, |page| Request::McalForecast { page })?;
                table.show(context, &lines, &lines, &csv::FORECAST, |look| {
                    mcal::forecast(&lines, look)
                })?;
            }
        }
        Ok(Exit::FINE)
    }
}

impl Ask {
    fn account(&self) -> McalAccount {
        let customer = self.of.as_ref().or(self.customer.as_ref());
        match (customer, &self.reseller) {
            (Some(customer), _) => McalAccount::Customer {
                customer: customer.clone(),
            },
            (None, Some(reseller)) => McalAccount::Reseller {
                reseller: reseller.clone(),
            },
            (None, None) => McalAccount::Bank {},
        }
    }

    fn statement(self, context: &mut Context) -> Result<(), Problem> {
        let account = self.account();
        let answer = context.daemon.ask(&Request::McalStatement { account })?;
        let mut statement = expect_answer!(answer, Statement)?;
        if let Some(month) = self.month {
            statement.months.retain(|line| line.month == month);
        }
        let lines = &statement.months;
        self.table
            .show(context, &statement, lines, &csv::STATEMENT, |look| {
                mcal::statement(&statement, look)
            })
    }

    fn history(self, context: &mut Context) -> Result<(), Problem> {
        let account = self.account();
        let entries = all_pages!(context, Ledger, |page| Request::McalHistory {
            account: account.clone(),
            month: self.month.map(|month| month.to_string()),
            page,
        })?;
        let zone = context.daemon.server_zone()?;
        self.table
            .show(context, &entries, &entries, &csv::LEDGER, |look| {
                mcal::history(&entries, &zone, look)
            })
    }
}

impl TableForm {
    fn show<T: Serialize, L: Serialize>(
        self,
        context: &mut Context,
        whole: &T,
        lines: &[L],
        columns: &[&str],
        text: impl FnOnce(Look) -> String,
    ) -> Result<(), Problem> {
        if self.csv {
            return context.terminal.print(&csv::table(columns, lines)?);
        }
        context.terminal.answer(context.json, whole, text)
    }
}
