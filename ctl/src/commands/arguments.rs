//! Arguments that several commands take.

use std::ops::RangeInclusive;
use std::str::FromStr;

use penstock_policy::names::Address;

/// `CUSTOMER/CLIENT`.
pub fn client_address(text: &str) -> Result<Address, String> {
    let address: Address = parse(text)?;
    if address.client.is_some() && address.schedule.is_none() {
        Ok(address)
    } else {
        Err("a client is addressed as CUSTOMER/CLIENT".to_owned())
    }
}

/// `CUSTOMER/CLIENT/SCHEDULE`.
pub fn schedule_address(text: &str) -> Result<Address, String> {
    let address: Address = parse(text)?;
    if address.schedule.is_some() {
        Ok(address)
    } else {
        Err(
            "a backup schedule is addressed as CUSTOMER/CLIENT/SCHEDULE, such as abc-inc/laptop/default"
                .to_owned(),
        )
    }
}

/// `CUSTOMER[/CLIENT]`.
pub fn customer_or_client(text: &str) -> Result<Address, String> {
    let address: Address = parse(text)?;
    if address.schedule.is_none() {
        Ok(address)
    } else {
        Err("give a customer or a client, as CUSTOMER[/CLIENT]".to_owned())
    }
}

/// A customer's or reseller's name, in either form.
pub fn record_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.contains('/') {
        return Err("a name has no '/'; give the customer's or reseller's own name".to_owned());
    }
    if name.is_empty() || name.chars().count() > 100 {
        return Err("a name has 1 to 100 characters".to_owned());
    }
    Ok(name.to_owned())
}

/// An item's number in the trash.
pub fn item(text: &str) -> Result<u64, String> {
    number(
        text,
        1..=u64::MAX,
        "give the item's number, as `trash list` shows it",
    )
}

/// An edit's number.
pub fn edit(text: &str) -> Result<u64, String> {
    number(
        text,
        1..=u64::MAX,
        "give the edit's number, as `audit` shows it",
    )
}

/// A record's revision.
pub fn revision(text: &str) -> Result<u64, String> {
    number(
        text,
        0..=u64::MAX,
        "give the record's revision, a whole number, as `show` prints it",
    )
}

/// How many MCALs are added.
pub fn units(text: &str) -> Result<u32, String> {
    number(
        text,
        1..=1_000_000_000,
        "units is a whole number from 1 to 1000000000",
    )
}

/// How many registrations a pass key is good for.
pub fn uses(text: &str) -> Result<u32, String> {
    number(
        text,
        1..=u32::MAX,
        "uses is a whole number from 1 to 4294967295; leave it out for any number",
    )
}

/// How many days of a history.
pub fn days(text: &str) -> Result<u32, String> {
    number(text, 1..=400, "days is a whole number from 1 to 400")
}

/// Words for the ledger, which are of use only when there are some.
pub fn note(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say what it is for, such as an invoice's number".to_owned());
    }
    Ok(text.to_owned())
}

fn number<N: FromStr + PartialOrd>(
    text: &str,
    range: RangeInclusive<N>,
    sentence: &str,
) -> Result<N, String> {
    let number = text.trim().parse().ok();
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| sentence.to_owned())
}

fn parse(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|error: penstock_policy::names::NameError| error.to_string())
}
