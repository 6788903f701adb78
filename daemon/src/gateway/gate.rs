//! Third step: may they (rules, sections 3, 4 and 9)?

use penstock_policy::admit::{Act, Subject, admit};
use penstock_policy::refusal::Refusal;
use penstock_policy::space::Purpose;

use super::Gateway;
use super::answer::Fault;
use super::authenticate::Identity;
use super::line::Line;
use super::serve::Visit;
use crate::live::Place;
use crate::store::Enrol;

/// Somebody at the gate.
pub enum Visitor {
    /// A client whose password was right.
    Client(Place),
    /// An unknown client that would be added automatically.
    Stranger,
}

/// Finds out who it is, and counts the connection as the customer's.
///
/// # Errors
/// When the password is wrong, the client was revoked, or the customer has too many connections.
pub async fn visitor(gateway: &Gateway, line: &Line, visit: &Visit) -> Result<Visitor, Fault> {
    let automatic = gateway
        .store
        .tree()
        .levels(visit.named.customer.id, None)
        .is_some_and(|levels| levels.adds_clients_automatically());
    let identity = gateway
        .doorkeeper
        .identify(
            &visit.named,
            visit.presented.as_ref(),
            automatic,
            visit.source,
        )
        .await?;
    let Identity::Known { client, state } = identity else {
        return Ok(Visitor::Stranger);
    };
    let tree = gateway.store.follow();
    let clock = gateway.clock.clone();
    let schedule = visit.named.schedule.clone();
    let place = Place::new(tree, state, clock, &client, schedule);
    // Revocation is asked here once for every request; the acts ask the rest.
    if client.revoked.is_some() {
        return Err(Refusal::ClientRevoked.into());
    }
    let most = gateway.settings().connections_per_customer;
    line.belongs_to(client.customer, &gateway.crowd, most)?;
    if client.first_login.is_none() {
        gateway.store.first_login_later(client.id);
    }
    Ok(Visitor::Client(place))
}

/// What an unknown client would be refused, before it has done anything.
///
/// # Errors
/// With the refusal that its first repository would meet.
pub async fn would_enrol(gateway: &Gateway, visit: &Visit) -> Result<(), Fault> {
    let tree = gateway.store.tree();
    let customer = visit.named.customer.id;
    let levels = tree.levels(customer, None).ok_or(Fault::NotFound)?;
    let subject = Subject {
        levels,
        clients: tree.client_counts.get(&customer).copied().unwrap_or(0),
        removed: false,
        schedules: 0,
        schedule_exists: false,
        month: Some(levels.month(gateway.clock.wall())),
    };
    admit(&subject, Act::Create, gateway.clock.wall())?;
    gateway
        .store
        .enrol_possible(customer, visit.client())
        .await?;
    let fits = || {
        let taken = gateway.store.books().taken(customer, None);
        levels.takes(taken, 1, Purpose::Data)
    };
    gateway.has_room(levels.location().as_str(), fits).await
}

/// Adds an unknown client with its first repository. One after the other for each customer: a free slot is looked for
/// before anything is hashed, and the transaction decides again.
///
/// # Errors
/// When a rule refuses, the password is unfit, or somebody else took the id meanwhile with another password.
pub async fn enrol(gateway: &Gateway, line: &Line, visit: &Visit) -> Result<Place, Fault> {
    would_enrol(gateway, visit).await?;
    let _turn = gateway
        .doorkeeper
        .turn_to_enrol(visit.named.customer.id)
        .await;
    if let Visitor::Client(place) = visitor(gateway, line, visit).await? {
        return Ok(place);
    }
    would_enrol(gateway, visit).await?;
    let presented = visit.presented.as_ref().ok_or(Refusal::BadCredentials)?;
    let credential = gateway.doorkeeper.hash(&presented.password).await?;
    gateway.doorkeeper.trust(&credential, &presented.password);
    gateway
        .store
        .enrol(Enrol {
            customer: visit.named.customer.id,
            client_id: visit.client().clone(),
            tag: visit.named.tag.clone(),
            credential,
            source: visit.source.to_string(),
        })
        .await?;
    // Also when somebody else was quicker, an administrator perhaps: then that client's own password decides.
    match visitor(gateway, line, visit).await? {
        Visitor::Client(place) => Ok(place),
        // It was removed again in the same moment.
        Visitor::Stranger => Err(Fault::NotFound),
    }
}
