//! Clients: listed, shown, added, moved, and their credentials.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::edit::Assignment;
use penstock_policy::levels::Direction;
use penstock_policy::names::{Address, ClientId};
use penstock_policy::record::{Client, Credential, Enrolment, Password, Schedule, Secret};
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;
use penstock_wire::view::{ClientLine, ClientView, NewClient, Who, fields};

use super::customers::{holds, levels};
use super::failure::Fault;
use super::page::{PAGE, cursor, page, whole};
use super::schedules::{self, Place};
use super::{Admin, edits, snapshots};
use crate::store::{AddClients, Reader, Rejected, Tree, Unavailable};
use crate::{invite, secrets};

/// Most clients added at once.
const MOST_ADDED: usize = 100;

/// A schedule with its newest snapshot's arrival.
type Dated = (Schedule, Option<Timestamp>);

/// Clients to add.
pub(super) struct Add {
    /// Either name.
    pub(super) customer: String,
    /// Their ids.
    pub(super) ids: Vec<ClientId>,
    /// Those that exist are left as they are.
    pub(super) if_missing: bool,
    /// Chosen by somebody; none generates.
    pub(super) password: Option<Secret>,
    /// Fields to set at once.
    pub(super) assignments: Vec<Assignment>,
}

/// Clients of one customer or of all, by customer's number and client's id.
pub(super) async fn list(
    admin: &Admin,
    customer: Option<&str>,
    at: &Page,
) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let customer = match customer {
        Some(name) => Some(tree.find_customer(name)?.id),
        None => None,
    };
    let after = cursor(at, Place::read)?.map(|place| (place.customer, place.client));
    let read = move |reader: &Reader| {
        let clients = reader.clients(customer, after.as_ref(), PAGE + 1)?;
        clients
            .into_iter()
            .map(|client| Ok((schedules_of(reader, &client)?, client)))
            .collect::<Result<Vec<_>, Unavailable>>()
    };
    let found = admin.context.store.read(read).await?;
    let running = admin.context.live.running();
    let running: HashSet<&str> = running
        .iter()
        .filter_map(|session| Some(session.address.rsplit_once('/')?.0))
        .collect();
    let now = admin.now();
    let rest = found.into_iter().map(|(schedules, client)| {
        let line = line(admin, &tree, &client, &schedules, now, |address| {
            running.contains(address)
        });
        let place = Place {
            customer: client.customer,
            client: client.client_id,
            schedule: None,
        };
        (place.to_string(), line)
    });
    Ok(Answer::Clients(page(rest, PAGE)))
}

fn line(
    admin: &Admin,
    tree: &Tree,
    client: &Client,
    schedules: &[Dated],
    now: Timestamp,
    runs: impl Fn(&str) -> bool,
) -> ClientLine {
    let address = address(tree, client);
    let zone = tree.levels(client.customer, None).map_or_else(
        || tree.server.time_zone.clone(),
        |levels| levels.zone().clone(),
    );
    ClientLine {
        running: runs(&address),
        address,
        client: client.client_id.to_string(),
        activated: holds(&client.activation, &zone, now),
        revoked: client.revoked.is_some(),
        enrolment: enrolment(client.enrolment).to_owned(),
        schedules: u64::try_from(schedules.len()).unwrap_or(u64::MAX),
        used_space: admin.context.store.books().client(client.id).used,
        platform: client.platform.to_string(),
        paid: client.has_paid(snapshots::month(tree, now)),
        last_backup: schedules.iter().filter_map(|(_, last)| *last).max(),
    }
}

/// One client on one screen.
pub(super) async fn view(admin: &Admin, address: &Address) -> Result<Answer, Fault> {
    let client = client(admin, address).await?;
    let tree = admin.context.store.tree();
    let found = {
        let client = Arc::clone(&client);
        let read = move |reader: &Reader| schedules_of(reader, &client);
        admin.context.store.read(read).await?
    };
    let now = admin.now();
    let levels = tree
        .levels(client.customer, Some(&client))
        .ok_or_else(|| gone(address))?;
    let shown = self::address(&tree, &client);
    let sum = admin.context.store.books().client(client.id);
    let schedules = found
        .iter()
        .map(|(schedule, last)| schedules::line(admin, &shown, schedule, *last))
        .collect();
    Ok(Answer::Client(Box::new(ClientView {
        customer: levels.customer.short.to_string(),
        client: client.client_id.to_string(),
        revision: client.revision,
        created: client.created,
        enrolment: enrolment(client.enrolment).to_owned(),
        password: match client.credential {
            Credential::Generated { .. } => "generated",
            Credential::Chosen { .. } => "chosen",
        }
        .to_owned(),
        revoked: client.revoked,
        first_login: client.first_login,
        tag: client.tag.clone(),
        backup_rate: levels.rate_at(Direction::Backup, now).into(),
        new_schedules_at: levels.location().to_string(),
        used_space: sum.used,
        free_space: client
            .space
            .bytes()
            .map(|bytes| bytes.saturating_sub(sum.taken())),
        mcal_price: levels.price(),
        paid_month: client.paid.as_ref().map(|paid| paid.month.to_string()),
        paid_units: client.paid.as_ref().map(|paid| paid.units),
        zone: levels.zone().to_string(),
        schedules,
        fields: fields(&*client),
        address: shown,
    })))
}

/// Adds clients, all or none, and shows their passwords.
pub(super) async fn add(admin: &Admin, who: &Who, ask: Add) -> Result<Answer, Fault> {
    let ids = &ask.ids;
    if ids.is_empty() || ids.len() > MOST_ADDED {
        return Err(Fault::usage(format!(
            "{} clients can't be added at once; give 1 to {MOST_ADDED}",
            ids.len()
        )));
    }
    if let Some(twice) = ids
        .iter()
        .enumerate()
        .find(|(n, id)| ids[..*n].contains(id))
    {
        return Err(Fault::usage(format!(
            "{} is given twice; give it once",
            twice.1
        )));
    }
    if ask.password.is_some() && ids.len() > 1 {
        return Err(Fault::usage(
            "a chosen password goes with a single client only; add the others one by one",
        ));
    }
    // Before a password is hashed for a customer that isn't there.
    levels_of(admin, &ask.customer)?;
    let mut clients = Vec::with_capacity(ids.len());
    let mut passwords = Vec::with_capacity(ids.len());
    for id in ids {
        let issued = Issued::new(admin, ask.password.as_ref()).await?;
        clients.push((id.clone(), issued.credential));
        passwords.push((issued.password, issued.generated));
    }
    let store = &admin.context.store;
    let ask = AddClients {
        customer: ask.customer,
        clients,
        if_missing: ask.if_missing,
        assignments: ask.assignments,
    };
    let added = store.add_clients(ask, who.clone()).await?;
    let tree = store.tree();
    let shown = added
        .iter()
        .zip(passwords)
        .map(|(added, (password, generated))| {
            let password = added.created.then_some(password);
            new_client(&tree, &added.client, password, generated)
        })
        .collect();
    Ok(Answer::NewClients(whole(shown)))
}

/// Gives a client a new password.
pub(super) async fn reset_password(
    admin: &Admin,
    who: &Who,
    address: Address,
    password: Option<Secret>,
) -> Result<Answer, Fault> {
    client(admin, &address).await?;
    let issued = Issued::new(admin, password.as_ref()).await?;
    let store = &admin.context.store;
    let client = store
        .reset_password(address, issued.credential, who.clone())
        .await?;
    let shown = new_client(
        &store.tree(),
        &client,
        Some(issued.password),
        issued.generated,
    );
    Ok(Answer::NewClients(whole(vec![shown])))
}

/// A password and what is kept of it.
struct Issued {
    password: Secret,
    generated: bool,
    credential: Credential,
}

impl Issued {
    async fn new(admin: &Admin, chosen: Option<&Secret>) -> Result<Self, Fault> {
        let Some(chosen) = chosen else {
            let password = secrets::generate()?;
            return Ok(Self {
                credential: secrets::seal(&password),
                password: Secret::new(password),
                generated: true,
            });
        };
        let password = Password::chosen(chosen.reveal())?;
        Ok(Self {
            credential: admin.context.hasher.hash(password).await?,
            password: chosen.clone(),
            generated: false,
        })
    }
}

/// A new client as it is shown, this once with its password if it got one.
fn new_client(
    tree: &Tree,
    client: &Client,
    password: Option<Secret>,
    generated: bool,
) -> NewClient {
    let customer = tree.customers.get(&client.customer);
    let customer = customer.map_or_else(String::new, |customer| customer.short.to_string());
    let (url, id) = (&tree.server.public_url, client.client_id.as_str());
    let env = password
        .as_ref()
        .filter(|_| !url.is_empty())
        .map(|password| invite::lines(url, &customer, id, password.reveal()));
    NewClient {
        address: address(tree, client),
        customer,
        client: id.to_owned(),
        created: password.is_some(),
        env: env.map(|lines| lines.into_iter().map(Secret::new).collect()),
        password: password.filter(|_| generated),
    }
}

/// Gives a client to another customer.
pub(super) async fn move_to(
    admin: &Admin,
    who: &Who,
    address: Address,
    customer: String,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let moved = store.move_client(address, customer, who.clone()).await?;
    let notes =
        vec!["its repositories stay where they are, and its old path goes on working".to_owned()];
    Ok(edits::answer(moved, false, notes))
}

/// Kills a client's credential.
pub(super) async fn revoke(admin: &Admin, who: &Who, address: Address) -> Result<Answer, Fault> {
    let revoked = admin.context.store.revoke_client(address, who.clone());
    let revoked = revoked.await?;
    let notes = vec![format!(
        "its data stays; give it a new password with: penstockctl client reset-password {}",
        revoked.record
    )];
    Ok(edits::answer(revoked, false, notes))
}

/// Lets a removed id in again, and forgets failed attempts.
pub(super) async fn unblock(admin: &Admin, who: &Who, address: Address) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let customer = store.tree().find_customer(&address.customer)?.clone();
    if let Some(id) = &address.client {
        (admin.context.forgive)(customer.short.as_str(), id.as_str());
    }
    let unblocked = store.unblock_client(address, who.clone()).await?;
    let notes = vec!["its failed attempts are forgotten".to_owned()];
    Ok(edits::answer(unblocked, false, notes))
}

/// The client of an address that names one.
pub(super) async fn client(admin: &Admin, address: &Address) -> Result<Arc<Client>, Fault> {
    if address.client.is_none() || address.schedule.is_some() {
        return Err(Fault::usage(format!(
            "{address} is no client; write CUSTOMER/CLIENT"
        )));
    }
    let found = admin.resolve(address).await?;
    found.client.ok_or_else(|| gone(address))
}

/// `CUSTOMER/CLIENT` with the short name.
pub(super) fn address(tree: &Tree, client: &Client) -> String {
    let customer = tree.customers.get(&client.customer);
    let customer = customer.map_or("-", |customer| customer.short.as_str());
    format!("{customer}/{}", client.client_id)
}

fn schedules_of(reader: &Reader, client: &Client) -> Result<Vec<Dated>, Unavailable> {
    let schedules = reader.schedules(client.id)?;
    schedules
        .into_iter()
        .map(|schedule| {
            let last_backup = reader.last_backup(schedule.id)?;
            Ok((schedule, last_backup))
        })
        .collect()
}

fn levels_of(admin: &Admin, customer: &str) -> Result<(), Fault> {
    let tree = admin.context.store.tree();
    levels(&tree, tree.find_customer(customer)?).map(drop)
}

fn gone(address: &Address) -> Fault {
    Rejected::NotFound {
        kind: "client",
        name: address.to_string(),
        nearest: None,
    }
    .into()
}

const fn enrolment(enrolment: Enrolment) -> &'static str {
    match enrolment {
        Enrolment::Administrator => "administrator",
        Enrolment::PassKey => "pass-key",
        Enrolment::Automatic => "automatic",
    }
}
