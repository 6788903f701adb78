//! `explain`: what would happen at an address and why, or the whole cause of a refusal.

use clap::Args;
use jiff::Timestamp;
use penstock_policy::names::Address;
use penstock_policy::refusal::Reference;
use penstock_policy::space::parse_size;
use penstock_wire::reply::{Explained, FailureCode};
use penstock_wire::request::Request;

use super::{Context, expect_answer};
use crate::exit::{Exit, Problem};
use crate::moment::{self, Moment};
use crate::render::verdict;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  penstockctl explain abc-inc/laptop --bytes 16MiB
  penstockctl explain abc-inc --at 2026-12-24T08:00
  penstockctl explain 7F3K")]
pub struct Explain {
    /// CUSTOMER[/CLIENT[/SCHEDULE]], or a refusal's reference such as 7F3K
    #[arg(value_name = "ADDRESS|REFERENCE")]
    what: String,
    /// Another time than now: 2026-12-24T08:00 in the customer's zone, or with an offset
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    at: Option<Moment>,
    /// How much a backup would bring: a size such as 16MiB, or a number of bytes
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    bytes: Option<u64>,
}

/// A size with its unit, or bytes alone as programs count them.
fn bytes(text: &str) -> Result<u64, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map_err(|_| format!("{text} is more bytes than there are"));
    }
    parse_size(text).map_err(|error| error.to_string())
}

impl Explain {
    pub fn act(self, context: &mut Context) -> Result<Exit, Problem> {
        let reference = Reference::parse(&self.what);
        if let (Some(reference), true) = (&reference, self.what.starts_with('[')) {
            return self.by_reference(context, reference);
        }
        let address: Address =
            self.what
                .parse()
                .map_err(|error: penstock_policy::names::NameError| {
                    Problem::Usage(error.to_string())
                })?;
        match (self.by_address(context, &address), reference) {
            // Four letters may be a customer's name as well, and then they are.
            (Err(Problem::Failed(failure)), Some(reference))
                if failure.code == FailureCode::NotFound && address.client.is_none() =>
            {
                let lower = self.what.chars().any(char::is_lowercase);
                match self.by_reference(context, &reference) {
                    // Neither is known; what is in lower case was meant as a name.
                    Err(problem) if lower && problem.code() == FailureCode::NotFound => {
                        Err(failure.into())
                    }
                    result => result,
                }
            }
            (result, _) => result,
        }
    }

    fn by_address(&self, context: &mut Context, address: &Address) -> Result<Exit, Problem> {
        let at = match self.at {
            None => None,
            Some(Moment::Exact(at)) => Some(at),
            Some(wall) => {
                // Only the daemon knows the zone that the time is meant in.
                let now = self.ask(context, address, None)?;
                let zone = moment::zone(&now.time_zone);
                Some(wall.instant(&zone).map_err(Problem::Usage)?)
            }
        };
        let explained = self.ask(context, address, at)?;
        context.terminal.answer(context.json, &explained, |look| {
            verdict::explained(&explained, look)
        })?;
        Ok(Exit::FINE)
    }

    fn by_reference(&self, context: &mut Context, reference: &Reference) -> Result<Exit, Problem> {
        if self.at.is_some() || self.bytes.is_some() {
            return Err(Problem::Usage(
                "a reference is of something that happened; --at and --bytes go with an address only"
                    .to_owned(),
            ));
        }
        let request = Request::ExplainReference {
            reference: reference.clone(),
        };
        let refusal = expect_answer!(context.daemon.ask(&request)?, Reference)?;
        let zone = context.daemon.server_zone()?;
        context.terminal.answer(context.json, &refusal, |look| {
            verdict::refusal(&refusal, &zone, look)
        })?;
        Ok(Exit::FINE)
    }

    fn ask(
        &self,
        context: &mut Context,
        address: &Address,
        at: Option<Timestamp>,
    ) -> Result<Explained, Problem> {
        let request = Request::Explain {
            address: address.clone(),
            at,
            bytes: self.bytes,
        };
        expect_answer!(context.daemon.ask(&request)?, Explanation)
    }
}
