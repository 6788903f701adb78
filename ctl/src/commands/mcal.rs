//! `mcal`: the bank, statements, the ledger and the outlook.

use clap::{Args, Subcommand};
use penstock_policy::mcal::Month;
use penstock_wire::reply::FailureCode;
use penstock_wire::request::{McalAccount, Request};
use penstock_wire::view::Statement;
use serde::Serialize;

use super::arguments::{note, record_name, units};
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
        #[arg(value_parser = units, allow_negative_numbers = true)]
        units: u32,
        /// Words for the ledger, such as an invoice's number
        #[arg(long, value_name = "TEXT", value_parser = note)]
        note: String,
    },
    /// Show each month of the bank, a reseller or a customer: opening, added, used, closing
    #[command(after_help = "\
Examples:
  penstockctl mcal statement
  penstockctl mcal statement abc-inc --month 2026-11
  penstockctl mcal statement --reseller north --csv > north.csv
  penstockctl mcal statement --all --month 2026-11 --csv > november.csv")]
    Statement {
        #[command(flatten)]
        ask: Ask,
        /// The bank, every reseller and every customer
        #[arg(long, conflicts_with = "account")]
        all: bool,
    },
    /// List what was debited and allotted, newest first
    #[command(after_help = "\
Examples:
  penstockctl mcal history abc-inc
  penstockctl mcal history --month 2026-11 --csv > november.csv")]
    History(Ask),
    /// Hold what a month needs against the credit that is left, for the bank and every account with a number
    #[command(after_help = "\
Examples:
  penstockctl mcal forecast
  penstockctl mcal forecast abc-inc")]
    Forecast {
        /// Only this customer's, by its full or short name
        #[arg(value_name = "CUSTOMER", value_parser = record_name)]
        customer: Option<String>,
        /// Only this reseller's own, by its full or short name
        #[arg(long, value_parser = record_name, conflicts_with = "customer")]
        reseller: Option<String>,
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
                return context.change(&Request::McalAdd { units, note }, Reverse::Undo);
            }
            Self::Statement { ask, all: true } => ask.all_statements(context)?,
            Self::Statement { ask, all: false } => ask.statement(context)?,
            Self::History(ask) => ask.history(context)?,
            Self::Forecast {
                customer,
                reseller,
                table,
            } => {
                let account = forecast_of(context, customer, reseller)?;
                let mut lines =
                    all_pages!(context, Forecast, |page| Request::McalForecast { page })?;
                if let Some(account) = account {
                    lines.retain(|line| line.account == account);
                    if lines.is_empty() {
                        context.terminal.remark(&format!(
                            "{account} has no number of MCALs of its own, so the outlook of who is above it counts"
                        ))?;
                    }
                }
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
        let statement = self.of_month(expect_answer!(answer, Statement)?);
        let lines = mcal::with_account(std::slice::from_ref(&statement));
        self.table
            .show(context, &statement, &lines, &csv::STATEMENT, |look| {
                mcal::statement(&statement, look)
            })
    }

    /// Asks for the accounts first; who is removed meanwhile has no statement any more.
    fn all_statements(self, context: &mut Context) -> Result<(), Problem> {
        let mut accounts = vec![McalAccount::Bank {}];
        let resellers = all_pages!(context, Resellers, |page| Request::Resellers { page })?;
        accounts.extend(resellers.into_iter().map(|view| McalAccount::Reseller {
            reseller: view.short_name,
        }));
        let customers = all_pages!(context, Customers, |page| Request::Customers {
            reseller: None,
            page,
        })?;
        accounts.extend(customers.into_iter().map(|line| McalAccount::Customer {
            customer: line.short_name,
        }));
        let mut statements = Vec::new();
        for account in accounts {
            match context.daemon.ask(&Request::McalStatement { account }) {
                Ok(answer) => statements.push(self.of_month(expect_answer!(answer, Statement)?)),
                Err(problem) if problem.code() == FailureCode::NotFound => {}
                Err(problem) => return Err(problem),
            }
        }
        let lines = mcal::with_account(&statements);
        self.table
            .show(context, &statements, &lines, &csv::STATEMENT, |look| {
                mcal::statements(&lines, look)
            })
    }

    fn of_month(&self, mut statement: Statement) -> Statement {
        if let Some(month) = self.month {
            statement.months.retain(|line| line.month == month);
        }
        statement
    }

    fn history(self, context: &mut Context) -> Result<(), Problem> {
        let account = self.account();
        let entries = all_pages!(context, Ledger, |page| Request::McalHistory {
            account: account.clone(),
            month: self.month.map(|month| month.to_string()),
            page,
        })?;
        let zone = context.daemon.server_zone()?;
        let lines = mcal::with_change(&entries);
        self.table
            .show(context, &lines, &lines, &csv::LEDGER, |look| {
                mcal::history(&entries, &zone, look)
            })
    }
}

/// The account as the forecast calls it; none for all.
fn forecast_of(
    context: &mut Context,
    customer: Option<String>,
    reseller: Option<String>,
) -> Result<Option<String>, Problem> {
    if let Some(customer) = customer {
        let answer = context.daemon.ask(&Request::Customer { customer })?;
        return Ok(Some(expect_answer!(answer, Customer)?.short_name));
    }
    let Some(reseller) = reseller else {
        return Ok(None);
    };
    let answer = context.daemon.ask(&Request::Reseller { reseller })?;
    let view = expect_answer!(answer, Reseller)?;
    Ok(Some(format!("reseller {}", view.short_name)))
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
