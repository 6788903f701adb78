//! A running backup under edits and edges, on paused time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::admit::Act;
use penstock_policy::edit::{Assignment, apply};
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;
use penstock_policy::record::{
    Client, Credential, Customer, Enrolment, PassKey, Record, RecordId, Reseller, Schedule, Secret,
    Server,
};
use penstock_policy::refusal::Refusal;
use tokio::sync::watch;

use super::place::Place;
use super::session::{Doing, Purse, Session};
use crate::clock::Clock;
use crate::store::{ClientState, Tree};
use crate::throttle::Grain;
use crate::vault::ObjectName;

/// Published records that a test edits by hand.
struct Scene {
    clock: Clock,
    tree: watch::Sender<Arc<Tree>>,
    client: watch::Sender<Arc<ClientState>>,
    customer: Customer,
    record: Client,
    schedule: Arc<Schedule>,
}

fn edited<R: Record>(record: &R, field: &str, value: &str) -> R {
    let assignment = Assignment {
        field: field.to_owned(),
        value: value.to_owned(),
    };
    apply(record, &[assignment]).unwrap().0
}

impl Scene {
    fn new(start: &str, throttle: &str) -> Self {
        let reseller = Reseller::new(
            RecordId(1),
            "Default Reseller".parse().unwrap(),
            "default".parse().unwrap(),
        );
        let pass_key = PassKey {
            secret: Secret::new("psk_x".into()),
            until: None,
            uses_left: None,
        };
        let customer = Customer::new(
            RecordId(3),
            reseller.id,
            "ABC Inc.".parse().unwrap(),
            "abc-inc".parse().unwrap(),
            pass_key,
        );
        let customer = edited(&customer, "time_zone", "Europe/Berlin");
        let customer = edited(&customer, "throttle", throttle);
        let record = Client::new(
            RecordId(4),
            customer.id,
            "laptop".parse().unwrap(),
            Credential::Generated { sha256: [7; 32] },
            Timestamp::UNIX_EPOCH,
            Enrolment::Administrator,
        );
        let schedule = Arc::new(Schedule {
            id: RecordId(5),
            client: record.id,
            name: "default".parse().unwrap(),
            location: "main".into(),
            folder: "abc-inc/laptop/default".into(),
            ready: true,
            created: Timestamp::UNIX_EPOCH,
        });
        let tree = Tree {
            server: Arc::new(Server::default()),
            resellers: [(reseller.id, Arc::new(reseller))].into_iter().collect(),
            customers: [(customer.id, Arc::new(customer.clone()))]
                .into_iter()
                .collect(),
            customer_names: Default::default(),
            reseller_names: Default::default(),
            client_counts: Default::default(),
        };
        let state = ClientState {
            client: Some(Arc::new(record.clone())),
            schedules: BTreeMap::from([(schedule.name.clone(), Arc::clone(&schedule))]),
        };
        Self {
            clock: Clock::driven(start.parse().unwrap()),
            tree: watch::channel(Arc::new(tree)).0,
            client: watch::channel(Arc::new(state)).0,
            customer,
            record,
            schedule,
        }
    }

    fn place(&self) -> Place {
        Place::new(
            self.tree.subscribe(),
            self.client.subscribe(),
            self.clock.clone(),
            &self.record,
            self.schedule.name.clone(),
        )
    }

    fn session(&self) -> Arc<Session> {
        let schedule = Arc::clone(&self.schedule);
        let purse = Purse::new(&self.place(), &self.clock, Grain::FINE);
        Arc::new(Session::new(self.place(), schedule, &self.clock, purse))
    }

    /// Publishes the customer with one field changed, as the writer does after a commit.
    fn edit(&mut self, field: &str, value: &str) {
        self.customer = edited(&self.customer, field, value);
        let mut tree = Tree::clone(&self.tree.borrow());
        tree.customers
            .insert_mut(self.customer.id, Arc::new(self.customer.clone()));
        self.tree.send_replace(Arc::new(tree));
    }
}

const MIB: u64 = 1024 * 1024;

/// Pays without end on five connections; returns the bytes paid in each of so many seconds.
async fn paid_each_second(session: &Arc<Session>, seconds: usize) -> Vec<u64> {
    let pacer = Arc::clone(session.pacer(Direction::Backup));
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let payer = pacer.payer();
        connections.spawn(async move {
            loop {
                payer.pay(64 * 1024).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    let mut each = Vec::new();
    for _ in 0..seconds {
        let before = pacer.paid();
        tokio::time::sleep(Duration::from_secs(1)).await;
        each.push(pacer.paid() - before);
    }
    connections.shutdown().await;
    each
}

fn near(paid: u64, rate: u64) -> bool {
    paid.abs_diff(rate) <= rate / 50
}

#[tokio::test(start_paused = true)]
async fn a_running_backup_follows_the_edge_of_its_window() {
    // Berlin is at +01:00: the window opens at 08:00 local, three seconds after the start.
    let scene = Scene::new("2026-11-25T06:59:57Z", "2MiB/s 08:00-18:00");
    let each = paid_each_second(&scene.session(), 6).await;
    assert!(each[..3].iter().all(|paid| *paid > 100 * MIB), "{each:?}");
    assert!(
        each[3..].iter().all(|paid| near(*paid, 2 * MIB)),
        "{each:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_running_backup_follows_a_stepped_clock() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "2MiB/s 08:00-18:00");
    let session = scene.session();
    assert!(near(paid_each_second(&session, 1).await[0], 2 * MIB));
    scene.clock.step(jiff::SignedDuration::from_hours(8));
    assert!(paid_each_second(&session, 1).await[0] > 100 * MIB);
}

#[tokio::test(start_paused = true)]
async fn a_running_backup_follows_an_edit_and_says_so() {
    let mut scene = Scene::new("2026-11-25T12:00:00Z", "4MiB/s always");
    let session = scene.session();
    assert!(session.tick().is_none());
    assert!(near(paid_each_second(&session, 1).await[0], 4 * MIB));
    scene.edit("throttle", "16MiB/s always");
    assert!(near(paid_each_second(&session, 1).await[0], 16 * MIB));
    let (before, now) = session.tick().unwrap();
    assert_eq!(
        (before.rate.as_str(), now.rate.as_str()),
        ("4MiB/s", "16MiB/s")
    );
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_barred_by_a_suspension_and_by_nothing_else() {
    let mut scene = Scene::new("2026-11-25T12:00:00Z", "inherit");
    let place = scene.place();
    let barred = tokio::spawn(async move { place.barred(Act::Post(Kind::Data)).await });
    tokio::task::yield_now().await;
    scene.edit("city", "Ulm");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!barred.is_finished());
    scene.edit("activated", "no");
    let refusal = barred.await.unwrap();
    assert_eq!(refusal.code(), "customer-inactive");
    assert!(scene.place().admit(Act::Read).is_ok());
    assert!(scene.place().admit(Act::Post(Kind::Locks)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_new_password_or_a_removal_ends_what_the_old_one_opened() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "inherit");
    let (place, other) = (scene.place(), scene.place());
    let barred = tokio::spawn(async move { place.barred(Act::Read).await });
    let mut record = scene.record.clone();
    record.credential = Credential::Generated { sha256: [8; 32] };
    let mut state = ClientState::clone(&scene.client.borrow());
    state.client = Some(Arc::new(record));
    scene.client.send_replace(Arc::new(state.clone()));
    assert_eq!(barred.await.unwrap(), Refusal::BadCredentials);
    state.client = None;
    scene.client.send_replace(Arc::new(state));
    assert_eq!(other.admit(Act::Read).unwrap_err(), Refusal::ClientRemoved);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_named_by_what_it_did_and_over_when_its_locks_are_gone() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "inherit");
    let session = scene.session();
    let lock = ObjectName::from([1; 32]);
    let request = session.join(Arc::new(|_| ())).unwrap();
    assert_eq!(session.kind(), "other");
    session.did(Doing::Locked(lock));
    session.did(Doing::Stored);
    assert_eq!(session.kind(), "unfinished");
    session.did(Doing::Snapshot);
    session.did(Doing::Unlocked(lock));
    assert!(!session.is_over(), "a request is in flight");
    assert!(!session.end(), "a request is in flight");
    drop(request);
    assert!(session.is_over());
    assert_eq!(session.kind(), "backup");
    assert!(session.end());
    assert!(!session.end(), "only one ends it");
    assert!(
        session.join(Arc::new(|_| ())).is_none(),
        "nobody joins what has ended"
    );
    assert_eq!(session.history().1, Some(scene.clock.wall()));
}

#[tokio::test(start_paused = true)]
async fn a_backup_belongs_to_the_month_it_began_in_and_the_next_to_its_own() {
    let scene = Scene::new("2026-11-30T23:59:50Z", "inherit");
    let session = scene.session();
    let month = || session.month().unwrap().to_string();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(month(), "2026-11");
    session.did(Doing::Stored);
    assert_eq!(month(), "2026-11");
    session.did(Doing::Snapshot);
    assert_eq!(month(), "2026-12");
}

/// Sessions on a store of their own.
fn live_on(
    folder: &std::path::Path,
    clock: &Clock,
) -> (super::Live, crate::store::Store, crate::store::Writer) {
    let events = crate::events::Events::new();
    let options = crate::store::Options {
        state_dir: folder.to_owned(),
        clock: clock.clone(),
        events: events.clone(),
        secret: || "psk_x".to_owned(),
        time_zone: penstock_policy::throttle::Zone::utc(),
    };
    let (store, writer) = crate::store::Store::open(options).unwrap();
    let live = super::Live::new(clock.clone(), store.clone(), events);
    (live, store, writer)
}

#[tokio::test(start_paused = true)]
async fn whoever_deleted_a_snapshot_prunes_for_an_hour() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "inherit");
    let folder = tempfile::tempdir().unwrap();
    let (live, ..) = live_on(folder.path(), &scene.clock);
    assert!(!live.prunes(RecordId(5)));
    live.forgot(RecordId(5));
    assert!(live.prunes(RecordId(5)));
    assert!(!live.prunes(RecordId(6)));
    tokio::time::sleep(Duration::from_secs(3599)).await;
    assert!(live.prunes(RecordId(5)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!live.prunes(RecordId(5)));
}

#[tokio::test]
async fn what_outlasts_its_request_is_waited_for_by_the_stop() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "inherit");
    let folder = tempfile::tempdir().unwrap();
    let (live, ..) = live_on(folder.path(), &scene.clock);
    let (goes_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
    drop(live.outlasting(may_go_on));
    let stopping = tokio::spawn({
        let live = live.clone();
        async move { live.finish().await }
    });
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished());
    goes_on.send(()).unwrap();
    stopping.await.unwrap();
}

#[tokio::test]
async fn ending_a_session_and_beginning_the_next_hands_out_no_fresh_burst() {
    let scene = Scene::new("2026-11-25T12:00:00Z", "4MiB/s always");
    let folder = tempfile::tempdir().unwrap();
    let (live, store, writer) = live_on(folder.path(), &scene.clock);
    let once = async || {
        let request = live.enter(&scene.place(), &scene.schedule).unwrap();
        let session = Arc::clone(request.session());
        let pacer = Arc::clone(session.pacer(Direction::Backup));
        pacer.pay(1024).await;
        let running = session.running();
        session.did(Doing::Locked(ObjectName::from([1; 32])));
        session.did(Doing::Unlocked(ObjectName::from([1; 32])));
        drop(request);
        (session, pacer, running.bytes_in)
    };
    let (first, paid_first, in_first) = once().await;
    let (second, paid_second, in_second) = once().await;
    assert!(
        !Arc::ptr_eq(&first, &second),
        "its locks were gone: it ended"
    );
    assert!(
        Arc::ptr_eq(&paid_first, &paid_second),
        "the bucket is the same"
    );
    assert_eq!(
        (in_first, in_second),
        (1024, 1024),
        "each counts its own bytes"
    );
    live.finish().await;
    store.close().await;
    writer.join();
}
