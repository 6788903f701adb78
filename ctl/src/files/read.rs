//! One file's text, read into records; what can't be taken is named with its file and line.

use std::ops::Range;

use penstock_policy::edit::Assignment;
use penstock_policy::names::{ClientId, FullName, ShortName, nearest};
use penstock_policy::record::{Client, Customer, Field, Record, Reseller, Server};
use penstock_wire::declared::Declared;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::exit::Problem;
use crate::fields::{Sample, alias};
use crate::literal::{Lines, plain};

/// A record and where it stands.
#[derive(Debug)]
pub struct Found {
    /// The record.
    pub record: Declared,
    /// The file, as it was named.
    pub file: String,
    /// The line of its heading, from 1.
    pub line: usize,
}

/// A value with its place.
type Value<'a> = Spanned<DeValue<'a>>;

/// What the parser says of a key that a table has already, without naming it.
const DUPLICATE: &str = "duplicate key";

struct Reader<'a> {
    file: &'a str,
    lines: Lines,
    found: Vec<Found>,
}

/// Keys beside the fields of a record.
struct Own<'a> {
    name: Option<&'a Value<'a>>,
    reseller: Option<&'a Value<'a>>,
    revoked: Option<&'a Value<'a>>,
    clients: Option<&'a Value<'a>>,
    assignments: Vec<Assignment>,
}

/// The records of one file. A customer's table that holds nothing but clients declares these only.
///
/// # Errors
/// With file, line and key of the first thing that can't be taken.
pub fn parse(file: &str, text: &str) -> Result<Vec<Found>, Problem> {
    let mut reader = Reader {
        file,
        lines: Lines::of(text),
        found: Vec::new(),
    };
    let table = DeTable::parse(text).map_err(|error| {
        let place = error.span().unwrap_or(0..0);
        match text.get(place.clone()) {
            Some(key) if error.message() == DUPLICATE => {
                let sentence =
                    format!("{} stands here a second time; keep one of them", key.trim());
                reader.wrong(place, &sentence)
            }
            _ => reader.wrong(place, error.message()),
        }
    })?;
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "server" => reader.server(value, key.span())?,
            "reseller" => reader.each(value, "reseller.SHORT", Reader::reseller)?,
            "customer" => reader.each(value, "customer.SHORT", Reader::customer)?,
            other => {
                let known = ["server", "reseller", "customer"];
                let sentence = format!(
                    "{other:?} is no kind of record{}; write [server], [reseller.SHORT], [customer.SHORT] or \
                     [customer.SHORT.client.ID]",
                    meant(other, known)
                );
                return Err(reader.wrong(key.span(), &sentence));
            }
        }
    }
    Ok(reader.found)
}

impl Reader<'_> {
    fn wrong(&self, place: Range<usize>, sentence: &str) -> Problem {
        let line = self.lines.number(place.start);
        Problem::Usage(format!("{}:{line}: {sentence}", self.file))
    }

    fn add(&mut self, record: Declared, place: Range<usize>) {
        self.found.push(Found {
            record,
            file: self.file.to_owned(),
            line: self.lines.number(place.start),
        });
    }

    fn table<'a>(&self, value: &'a Value<'a>, heading: &str) -> Result<&'a DeTable<'a>, Problem> {
        value.get_ref().as_table().ok_or_else(|| {
            self.wrong(
                value.span(),
                &format!("a record is a table; write [{heading}]"),
            )
        })
    }

    fn each<'a>(
        &mut self,
        value: &'a Value<'a>,
        heading: &str,
        record: fn(&mut Self, &str, &'a Value<'a>, Range<usize>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        for (name, value) in self.table(value, heading)? {
            record(self, name.get_ref(), value, name.span())?;
        }
        Ok(())
    }

    fn server(&mut self, value: &Value<'_>, place: Range<usize>) -> Result<(), Problem> {
        let own = self.own::<Server>(self.table(value, "server")?, &[])?;
        let fields = own.assignments;
        self.add(Declared::Server { fields }, place);
        Ok(())
    }

    fn reseller<'a>(
        &mut self,
        short: &str,
        value: &'a Value<'a>,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        let short = self.short(short, &place)?;
        let table = self.table(value, "reseller.SHORT")?;
        let own = self.own::<Reseller>(table, &["name"])?;
        let record = Declared::Reseller {
            short,
            name: self.full_name(own.name)?,
            fields: own.assignments,
        };
        self.add(record, place);
        Ok(())
    }

    fn customer<'a>(
        &mut self,
        short: &str,
        value: &'a Value<'a>,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        let short = self.short(short, &place)?;
        let table = self.table(value, "customer.SHORT")?;
        let own = self.own::<Customer>(table, &["name", "reseller", "client"])?;
        let clients_only = table.len() == 1 && own.clients.is_some();
        if !clients_only {
            let reseller = own.reseller.map(|value| {
                let reseller = self.text("reseller", value)?;
                self.short(&reseller, &value.span())
            });
            let record = Declared::Customer {
                short: short.clone(),
                name: self.full_name(own.name)?,
                reseller: reseller.transpose()?,
                fields: own.assignments,
            };
            self.add(record, place);
        }
        let Some(clients) = own.clients else {
            return Ok(());
        };
        for (id, value) in self.table(clients, "customer.SHORT.client.ID")? {
            self.client(&short, id.get_ref(), value, id.span())?;
        }
        Ok(())
    }

    fn client(
        &mut self,
        customer: &str,
        id: &str,
        value: &Value<'_>,
        place: Range<usize>,
    ) -> Result<(), Problem> {
        let client: ClientId = id
            .parse()
            .map_err(|error| self.wrong(place.clone(), &format!("{error}")))?;
        let table = self.table(value, "customer.SHORT.client.ID")?;
        let own = self.own::<Client>(table, &["revoked"])?;
        let revoked = match own.revoked.map(|value| (value, value.get_ref().as_bool())) {
            None => false,
            Some((_, Some(revoked))) => revoked,
            Some((value, None)) => {
                return Err(self.wrong(value.span(), "revoked: write true or false"));
            }
        };
        let record = Declared::Client {
            customer: customer.to_owned(),
            client,
            revoked,
            fields: own.assignments,
        };
        self.add(record, place);
        Ok(())
    }

    /// A record's keys: its fields, checked by policy's parsers, and those of `beside`.
    fn own<'a, R: Sample>(
        &self,
        table: &'a DeTable<'a>,
        beside: &[&'static str],
    ) -> Result<Own<'a>, Problem> {
        let mut own = Own {
            name: None,
            reseller: None,
            revoked: None,
            clients: None,
            assignments: Vec::new(),
        };
        let mut set = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if beside.contains(&name) {
                match name {
                    "name" => own.name = Some(value),
                    "reseller" => own.reseller = Some(value),
                    "revoked" => own.revoked = Some(value),
                    _ => own.clients = Some(value),
                }
                continue;
            }
            let Some(place) = R::FIELDS.iter().position(|field| field.name == name) else {
                let meant = meant_field::<R>(name, beside);
                let sentence = format!("a {} has no field {name:?}{meant}", R::KIND);
                return Err(self.wrong(key.span(), &sentence));
            };
            set.push((place, value));
        }
        set.sort_by_key(|(place, _)| *place);
        let mut sample = R::sample().map_err(|error| Problem::Usage(error.0))?;
        for (place, value) in set {
            let field = &R::FIELDS[place];
            let value = self.value(field, &mut sample, value)?;
            own.assignments.push(Assignment {
                field: field.name.to_owned(),
                value,
            });
        }
        Ok(own)
    }

    /// A field's value as policy itself would write it.
    fn value<R: Record>(
        &self,
        field: &Field<R>,
        sample: &mut R,
        value: &Value<'_>,
    ) -> Result<String, Problem> {
        let wrong =
            |sentence: &str| self.wrong(value.span(), &format!("{}: {sentence}", field.name));
        let text = plain(value.get_ref()).ok_or_else(|| {
            wrong(&format!(
                "write true, false, a number, or text in quotes ({})",
                field.help
            ))
        })?;
        (field.set)(sample, &text).map_err(|error| wrong(&error.0))?;
        let written = (field.get)(sample);
        // What a file says must be the same however often it is applied.
        if text.trim_start().starts_with('+') && !written.starts_with('+') {
            return Err(wrong(
                "a file says how much there is to be; write the whole amount, without the +",
            ));
        }
        Ok(written)
    }

    fn short(&self, short: &str, place: &Range<usize>) -> Result<String, Problem> {
        let parsed = short.parse::<ShortName>();
        parsed
            .map(String::from)
            .map_err(|error| self.wrong(place.clone(), &error.to_string()))
    }

    fn full_name(&self, value: Option<&Value<'_>>) -> Result<Option<String>, Problem> {
        let Some(value) = value else {
            return Ok(None);
        };
        let name = self.text("name", value)?.parse::<FullName>();
        name.map(|name| Some(name.into()))
            .map_err(|error| self.wrong(value.span(), &format!("name: {error}")))
    }

    fn text(&self, name: &str, value: &Value<'_>) -> Result<String, Problem> {
        let text = value.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| self.wrong(value.span(), &format!("{name}: write text in quotes")))
    }
}

/// As [`meant`], of a record's keys; what a field is also called on the command line counts as its name.
fn meant_field<R: Record>(name: &str, beside: &[&'static str]) -> String {
    let aliases: Vec<(String, &str)> = R::FIELDS
        .iter()
        .filter_map(|field| Some((alias(field.name)?.replace('-', "_"), field.name)))
        .collect();
    let known = R::FIELDS.iter().map(|field| field.name);
    let known = known.chain(beside.iter().copied());
    let nearest = nearest(name, known.chain(aliases.iter().map(|(alias, _)| &**alias)));
    let field = |near| aliases.iter().find(|(alias, _)| alias == near);
    match nearest.map(|near| field(near).map_or(near, |(_, field)| field)) {
        Some(field) => format!("; did you mean {field:?}?"),
        None => String::new(),
    }
}

fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"))
}
