//! What the store promises, tried on real files.

mod admission;
mod apply;
mod audit;
mod crash;
mod edits;
mod faults;
mod ids;
mod ledger;
mod locations;
mod mcal;
mod opening;
mod publishing;
mod registration;
mod samples;
mod schedules;
mod shares;
mod trash;
mod used;

use jiff::Timestamp;
use penstock_policy::edit::Assignment;
use penstock_policy::mcal::{Platform, Plugins};
use penstock_policy::names::{Address, ClientId, ScheduleName};
use penstock_policy::record::{Client, Credential, RecordId, Schedule};
use penstock_policy::throttle::Zone;
use penstock_wire::view::{HeldBy, SessionView, Who};
use tempfile::TempDir;

use super::open::Storage;
use super::*;
use crate::clock::Clock;
use crate::events::Events;

/// A store on a folder of its own, and what a test needs beside it.
struct Bench {
    dir: TempDir,
    clock: Clock,
    events: Events,
    store: Store,
    writer: Option<Writer>,
}

impl Bench {
    fn new() -> Self {
        Self::on(Storage::default())
    }

    fn on(storage: Storage) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::driven("2026-11-25T12:00:00Z".parse().unwrap());
        let events = Events::new();
        let options = options(dir.path(), &clock, &events);
        let (store, writer) = Store::open_on(options, storage).unwrap();
        Self {
            dir,
            clock,
            events,
            store,
            writer: Some(writer),
        }
    }

    /// Closes the store and opens it again.
    async fn reopen(&mut self) {
        self.store.close().await;
        self.writer.take().unwrap().join();
        let options = options(self.dir.path(), &self.clock, &self.events);
        let (store, writer) = Store::open(options).unwrap();
        self.store = store;
        self.writer = Some(writer);
    }

    /// A customer of that name with some fields set; its number.
    async fn customer(&self, name: &str, fields: &[(&str, &str)]) -> RecordId {
        let ask = AddCustomer {
            name: name.into(),
            short: None,
            reseller: None,
            like: None,
            assignments: assignments(fields),
            pass_key: format!("psk_{name}"),
            dry_run: false,
        };
        self.store.add_customer(ask, who("root")).await.unwrap();
        self.store.tree().customer(name).unwrap().id
    }

    async fn clients(&self, customer: &str, ids: &[&str]) -> Result<Vec<Added>, Rejected> {
        let ask = AddClients {
            customer: customer.into(),
            clients: ids
                .iter()
                .map(|id| (client_id(id), credential(1)))
                .collect(),
            if_missing: false,
            assignments: Vec::new(),
        };
        self.store.add_clients(ask, who("root")).await
    }

    async fn client(&self, customer: &str, id: &str) -> Client {
        let added = self.clients(customer, &[id]).await.unwrap();
        Client::clone(&added[0].client)
    }

    /// The location that schedules are made on.
    async fn main(&self) {
        let main = LocationRecord {
            name: "main".into(),
            path: "/srv/main".into(),
            id: "here".into(),
        };
        self.store.record_location(main).await.unwrap();
    }

    async fn schedule(&self, client: RecordId, name: &str) -> Arc<Schedule> {
        self.main().await;
        let name: ScheduleName = name.parse().unwrap();
        let ask = NewSchedule {
            client,
            name: name.clone(),
            location: "main".into(),
        };
        let schedule = self.store.create_schedule(ask).await.unwrap();
        self.store.schedule_ready(client, name).await.unwrap();
        schedule
    }

    async fn edit(&self, customer: &str, fields: &[(&str, &str)]) -> Result<Edited, Rejected> {
        let ask = Edit {
            target: Target::Customer(customer.into()),
            assignments: assignments(fields),
            expect_revision: None,
            dry_run: false,
        };
        self.store.edit(ask, who("root")).await
    }

    /// An edit of any record; `dry_run` only looks.
    async fn edit_of(
        &self,
        target: Target,
        fields: &[(&str, &str)],
        dry_run: bool,
    ) -> Result<Edited, Rejected> {
        let ask = Edit {
            target,
            assignments: assignments(fields),
            expect_revision: None,
            dry_run,
        };
        self.store.edit(ask, who("root")).await
    }

    async fn server(&self, fields: &[(&str, &str)]) -> Result<Edited, Rejected> {
        self.edit_of(Target::Server, fields, false).await
    }

    /// A reseller of that name with some fields set.
    async fn reseller(&self, name: &str, fields: &[(&str, &str)]) -> Result<Edited, Rejected> {
        let ask = AddReseller {
            name: name.into(),
            short: None,
            assignments: assignments(fields),
            dry_run: false,
        };
        self.store.add_reseller(ask, who("root")).await
    }

    async fn enrol(&self, customer: RecordId, id: &str) -> Result<Enrolled, Refusal> {
        let ask = Enrol {
            customer,
            client_id: client_id(id),
            tag: None,
            credential: credential(7),
            source: "192.0.2.1".into(),
        };
        self.store.enrol(ask).await
    }

    /// The published state of a client, if there is one.
    async fn state(&self, customer: RecordId, id: &str) -> Option<Arc<ClientState>> {
        let found = self.store.client(customer, &client_id(id)).await.unwrap();
        found.map(|found| found.borrow().clone())
    }

    /// Entries of the audit with that verb.
    async fn entries(&self, verb: &'static str) -> usize {
        let all = self
            .store
            .read(|reader| reader.audit(AuditFilter::All, None, None, usize::MAX))
            .await
            .unwrap();
        all.iter().filter(|entry| entry.verb == verb).count()
    }

    async fn verify(&self) -> Result<u64, BrokenAt> {
        self.store
            .read(|reader| Ok(reader.verify_audit()))
            .await
            .unwrap()
    }
}

fn options(dir: &std::path::Path, clock: &Clock, events: &Events) -> Options {
    Options {
        state_dir: dir.to_owned(),
        clock: clock.clone(),
        events: events.clone(),
        secret: || "psk_default".into(),
        time_zone: Zone::utc(),
    }
}

fn who(user: &str) -> Who {
    Who {
        uid: Some(0),
        gid: Some(0),
        pid: Some(1),
        user: user.into(),
    }
}

fn assignments(fields: &[(&str, &str)]) -> Vec<Assignment> {
    fields
        .iter()
        .map(|(field, value)| Assignment {
            field: (*field).into(),
            value: (*value).into(),
        })
        .collect()
}

fn client_id(id: &str) -> ClientId {
    id.parse().unwrap()
}

fn address(address: &str) -> Address {
    address.parse().unwrap()
}

fn credential(byte: u8) -> Credential {
    Credential::Generated { sha256: [byte; 32] }
}

fn register(customer: RecordId, id: &str, pass_key: &str, byte: u8) -> Register {
    Register {
        customer,
        pass_key: pass_key.into(),
        client_id: client_id(id),
        credential: credential(byte),
        generated: true,
        platform: Platform::default(),
        plugins: Plugins::default(),
        source: "192.0.2.1".into(),
    }
}

fn session(started: Timestamp, kind: &str) -> SessionView {
    SessionView {
        kind: kind.into(),
        started,
        ended: started,
        bytes_in: 1,
        bytes_out: 2,
        mean_rate: 3,
        limit: "unlimited".into(),
        held_by: HeldBy::default(),
    }
}

use penstock_policy::refusal::Refusal;
