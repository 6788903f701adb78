//! Arguments that several commands take.

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

fn parse(text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|error: penstock_policy::names::NameError| error.to_string())
}
