//! A customer with clients that back up, debited as the store does it: decided, counted at each level, entered.

use jiff::Timestamp;
use penstock_policy::admit::{Act, admit};
use penstock_policy::mcal::{Account, Charge, Entry, Month, Paid, Reason, charge, difference};
use penstock_policy::protocol::Kind;
use penstock_policy::record::{Client, Record};
use penstock_policy::refusal::Refusal;

use crate::arbitrary::Case;

/// The records above, the clients, and the ledger.
pub struct Office {
    pub case: Case,
    pub clients: Vec<Client>,
    pub ledger: Vec<Entry>,
}

impl Office {
    pub fn of(clients: usize) -> Self {
        let case = Case::plain();
        let clients = (0..clients).map(|n| {
            let mut client = crate::arbitrary::client();
            client.client_id = format!("client{n}").parse().unwrap();
            client
        });
        Self {
            clients: clients.collect(),
            case,
            ledger: Vec::new(),
        }
    }

    /// A data object of a backup that began at that instant. The debit, if there was one to make.
    pub fn backs_up(&mut self, client: usize, at: Timestamp) -> Result<Option<Charge>, Refusal> {
        self.case.client = Some(self.clients[client].clone());
        self.case.at = at;
        self.case.month = Some(Month::of(at, &self.case.server.time_zone));
        let permit = admit(&self.case.subject(), Act::Post(Kind::Data), at)?;
        if !permit.debits() {
            return Ok(None);
        }
        let price = self.case.subject().levels.price();
        self.debit(client, price, Reason::FirstBackup).map(Some)
    }

    /// Platform or plugins are edited; the difference is debited.
    pub fn changes(&mut self, client: usize, field: &str, value: &str) -> Result<u32, Refusal> {
        let before = self.clients[client].clone();
        let field = Client::FIELDS.iter().find(|one| one.name == field).unwrap();
        (field.set)(&mut self.clients[client], value).unwrap();
        let month = self.case.subject().levels.month(self.case.at);
        let units = difference(&self.case.server.mcal_prices, &self.clients[client], month);
        if units == 0 {
            return Ok(0);
        }
        self.case.client = Some(self.clients[client].clone());
        self.case.month = Some(month);
        let debit = self.debit(client, units, Reason::ClientChanged);
        if debit.is_err() {
            self.clients[client] = before;
        }
        debit.map(|charge| charge.units())
    }

    fn debit(&mut self, client: usize, units: u32, reason: Reason) -> Result<Charge, Refusal> {
        let charge = charge(&self.case.subject().levels, units, self.case.month.unwrap())?;
        let (month, took) = (charge.month(), charge.took());
        let client = &mut self.clients[client];
        let another = !client.has_paid(month);
        let server = &mut self.case.server.drawn;
        server.take(month, units, another, took.bank);
        let reseller = &mut self.case.reseller.drawn;
        reseller.take(month, units, another, took.reseller);
        let customer = &mut self.case.customer.drawn;
        customer.take(month, units, another, took.customer);
        let paid = client.paid.as_ref().filter(|paid| paid.month == month);
        client.paid = Some(Paid {
            month,
            units: units + paid.map_or(0, |paid| paid.units),
            platform: client.platform,
            plugins: client.plugins.clone(),
        });
        let entry = Entry {
            client: Some(client.client_id.to_string()),
            units: i64::from(units),
            reason,
            took,
            ..self.entry(Account::Customer, month)
        };
        self.ledger.push(entry);
        Ok(charge)
    }

    /// The account's number is set to what the text says.
    pub fn allots(&mut self, account: Account, text: &str) {
        let (from, to) = match account {
            Account::Bank => {
                let from = self.case.server.mcals;
                self.case.server.mcals = from.changed(text).unwrap();
                (from.to_string(), self.case.server.mcals.to_string())
            }
            Account::Reseller => {
                let from = self.case.reseller.mcals;
                self.case.reseller.mcals = from.changed(text).unwrap();
                (from.to_string(), self.case.reseller.mcals.to_string())
            }
            Account::Customer => {
                let from = self.case.customer.mcals;
                self.case.customer.mcals = from.changed(text).unwrap();
                (from.to_string(), self.case.customer.mcals.to_string())
            }
        };
        let month = self.case.subject().levels.month(self.case.at);
        self.case.server.drawn.reach(month);
        let entry = Entry {
            units: number(&to) - number(&from),
            allotted: Some(to),
            ..self.entry(account, month)
        };
        self.ledger.push(entry);
    }

    fn entry(&self, account: Account, month: Month) -> Entry {
        Entry {
            number: u64::try_from(self.ledger.len()).unwrap() + 1,
            at: self.case.at,
            month,
            account,
            reseller: None,
            customer: None,
            client: None,
            units: 0,
            reason: Reason::Allotted,
            took: penstock_policy::mcal::Took::default(),
            allotted: None,
            bank: None,
            balance: None,
            note: String::new(),
            by: "root".to_owned(),
        }
    }
}

/// What a sum counts of an allotment's text.
pub fn number(text: &str) -> i64 {
    let number = text.strip_suffix("/month").unwrap_or(text);
    number.parse().unwrap_or(0)
}
