//! Records as text, always in the same order, so that a comparison of two exports shows changes only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use penstock_policy::edit::Assignment;
use penstock_policy::names::ShortName;
use penstock_policy::record::{Client, Customer, Record, Reseller, Server, Shape};
use penstock_wire::declared::Declared;

use super::order;
use crate::literal::{key, literal, string};

/// The first line of every file that an export wrote; by it the next one knows which files it may remove.
pub const MARK: &str = "# written by `penstockctl export`; `penstockctl apply` reads it";

/// All records in one file.
pub fn one(records: &[Declared]) -> String {
    let mut text = format!("{MARK}\n");
    for record in sorted(records) {
        text.push('\n');
        text.push_str(&section(record));
    }
    text
}

/// The records in the files of a folder: the server's, one for each reseller, one for each customer with its clients.
/// None for a name that can't be a file's.
pub fn several(records: &[Declared]) -> Option<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for record in sorted(records) {
        let text: &mut String = files
            .entry(file(record)?)
            .or_insert_with(|| format!("{MARK}\n"));
        text.push('\n');
        text.push_str(&section(record));
    }
    Some(files)
}

fn sorted(records: &[Declared]) -> Vec<&Declared> {
    let mut sorted: Vec<&Declared> = records.iter().collect();
    sorted.sort_by_key(|record| order(record));
    sorted
}

fn file(record: &Declared) -> Option<PathBuf> {
    let (kind, short, _) = order(record);
    let named = || short.parse::<ShortName>().ok();
    match kind {
        0 => Some(PathBuf::from("server.toml")),
        1 => named().map(|short| PathBuf::from(format!("resellers/{short}.toml"))),
        _ => named().map(|short| PathBuf::from(format!("customers/{short}.toml"))),
    }
}

fn section(record: &Declared) -> String {
    match record {
        Declared::Server { fields } => format!("[server]\n{}", lines::<Server>(fields)),
        Declared::Reseller {
            short,
            name,
            fields,
        } => format!(
            "[reseller.{}]\n{}{}",
            key(short),
            text("name", name.as_deref()),
            lines::<Reseller>(fields)
        ),
        Declared::Customer {
            short,
            name,
            reseller,
            fields,
        } => format!(
            "[customer.{}]\n{}{}{}",
            key(short),
            text("name", name.as_deref()),
            text("reseller", reseller.as_deref()),
            lines::<Customer>(fields)
        ),
        Declared::Client {
            customer,
            client,
            revoked,
            fields,
        } => format!(
            "[customer.{}.client.{}]\n{}{}",
            key(customer),
            key(client.as_str()),
            if *revoked { "revoked = true\n" } else { "" },
            lines::<Client>(fields)
        ),
    }
}

fn text(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("{name} = {}\n", string(value)))
}

/// The fields in the order of policy's table.
fn lines<R: Record>(fields: &[Assignment]) -> String {
    let place = |name: &str| R::FIELDS.iter().position(|field| field.name == name);
    let mut sorted: Vec<&Assignment> = fields.iter().collect();
    sorted.sort_by_key(|set| (place(&set.field).unwrap_or(usize::MAX), &set.field));
    sorted
        .into_iter()
        .map(|set| {
            let known = R::FIELDS.iter().find(|field| field.name == set.field);
            let shape = known.map_or(Shape::Text, |field| field.shape);
            format!("{} = {}\n", key(&set.field), literal(shape, &set.value))
        })
        .collect()
}
