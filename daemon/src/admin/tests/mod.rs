//! The sockets on a real store, a real location and real Unix sockets.

mod apply;
mod editing;
mod effects;
mod explaining;
mod listing;
mod locations;
mod mcal;
mod protocol;
mod records;
mod removing;
mod space;
mod standing;
mod watching;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::names::{Address, ScheduleName};
use penstock_policy::record::{Client, Schedule};
use penstock_policy::throttle::Zone;
use penstock_wire::frame::{self, MAX_REPLY, MAX_REQUEST};
use penstock_wire::reply::{Answer, Edited, Failure, Reply};
use penstock_wire::request::{Page, Request};
use penstock_wire::view::NewClient;
use penstock_wire::{Hello, VERSION, Welcome};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Admin, Context, Groups, Limits, Listener, Socket, serve, trash};
use crate::clock::Clock;
use crate::events::Events;
use crate::live::{Live, Place, Refusals, Request as Running};
use crate::secrets::{self, Hasher};
use crate::store::{LocationRecord, NewSchedule, Options, Store};
use crate::vault::{Location, Locations, RepoFolder};

/// A daemon without its data path.
struct House {
    dir: TempDir,
    context: Context,
    admin: Arc<Admin>,
    stop: CancellationToken,
    serving: JoinSet<std::io::Result<()>>,
}

/// An administrator's connection.
struct Talk(UnixStream);

const LIMITS: Limits = Limits {
    connections: 8,
    timeout: Duration::from_secs(20),
};

impl House {
    async fn new() -> Self {
        Self::with(LIMITS).await
    }

    async fn with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let (clock, events) = (Clock::driven(start), Events::new());
        let (store, _writer) = Store::open(Options {
            state_dir: dir.path().to_owned(),
            clock: clock.clone(),
            events: events.clone(),
            secret: || secrets::generate().unwrap(),
            time_zone: Zone::utc(),
        })
        .unwrap();
        let main = dir.path().join("main");
        let recorded = LocationRecord {
            name: "main".to_owned(),
            path: main.display().to_string(),
            id: "here".to_owned(),
        };
        store.record_location(recorded).await.unwrap();
        let main = Location::create(&main, "here").await;
        let context = Context {
            live: Live::new(clock.clone(), store.clone(), events.clone()),
            refusals: Refusals::new(clock.clone(), events.clone(), Vec::new()),
            store,
            events,
            locations: {
                let locations = Locations::default();
                locations.put("main".to_owned(), main.unwrap());
                locations
            },
            state_dir: dir.path().join("state"),
            roots: watch::channel(vec![dir.path().to_owned()]).1,
            hasher: Hasher::new(),
            started: start,
            clock,
            version: "0.1.0".to_owned(),
            draining: CancellationToken::new(),
            audit: None,
            groups: Groups::default(),
            limits,
            forgive: Arc::new(|_, _| {}),
            certificate_end: Arc::new(|| None),
        };
        let mut house = Self {
            admin: Admin::new(context.clone()),
            context,
            dir,
            stop: CancellationToken::new(),
            serving: JoinSet::new(),
        };
        for socket in [Socket::Control, Socket::View] {
            let listener = Listener::bind(&house.path(socket), None).unwrap();
            let (admin, stop) = (Arc::clone(&house.admin), house.stop.clone());
            house.serving.spawn(serve(listener, socket, admin, stop));
        }
        house
    }

    fn path(&self, socket: Socket) -> PathBuf {
        let name = match socket {
            Socket::Control => "control/penstockd.sock",
            Socket::View => "view/penstockd.sock",
        };
        self.dir.path().join(name)
    }

    async fn raw(&self, socket: Socket) -> Talk {
        Talk(UnixStream::connect(self.path(socket)).await.unwrap())
    }

    async fn control(&self) -> Talk {
        self.greeted(Socket::Control).await
    }

    async fn view(&self) -> Talk {
        self.greeted(Socket::View).await
    }

    async fn greeted(&self, socket: Socket) -> Talk {
        let mut talk = self.raw(socket).await;
        assert_eq!(talk.greet().await.version, VERSION);
        talk
    }

    async fn add_customer(&self, name: &str) {
        let mut talk = self.control().await;
        talk.edited(customer_add(name)).await;
    }

    async fn add_client(&self, customer: &str, id: &str) -> NewClient {
        let answer = self.control().await.done(client_add(customer, id)).await;
        let Answer::NewClients(list) = answer else {
            panic!("{answer:?}");
        };
        list.items.into_iter().next().unwrap()
    }

    /// A schedule with its repository on the disk.
    async fn add_schedule(&self, customer: &str, id: &str, name: &str) -> Arc<Schedule> {
        let client = self.client(customer, id).await;
        let store = &self.context.store;
        let name: ScheduleName = name.parse().unwrap();
        let ask = NewSchedule {
            client: client.id,
            name: name.clone(),
            location: "main".into(),
        };
        let schedule = store.create_schedule(ask).await.unwrap();
        let folder = RepoFolder::parse(&schedule.folder).unwrap();
        let location = &self.context.locations.get("main").unwrap();
        location.create_repository(&folder).await.unwrap();
        store.schedule_ready(client.id, name).await.unwrap();
        schedule
    }

    /// A request in flight of that schedule, so that its backup runs.
    async fn run(&self, customer: &str, id: &str, schedule: &Arc<Schedule>) -> Running {
        let store = &self.context.store;
        let number = store.tree().customer(customer).unwrap().id;
        let client = self.client(customer, id).await;
        let state = store.client(number, &client.client_id).await;
        let (name, clock) = (schedule.name.clone(), self.context.clock.clone());
        let state = state.unwrap().unwrap();
        let place = Place::new(store.follow(), state, clock, &client, name);
        self.context.live.enter(&place, schedule).unwrap()
    }

    async fn client(&self, customer: &str, id: &str) -> Client {
        let number = self.context.store.tree().customer(customer).unwrap().id;
        let id = id.parse().unwrap();
        let read = self.context.store.read(move |r| r.client(number, &id));
        read.await.unwrap().unwrap()
    }

    fn folder(&self, path: &str) -> PathBuf {
        self.dir.path().join("main").join(path)
    }
}

impl Talk {
    async fn greet(&mut self) -> Welcome {
        self.send(&Hello { version: VERSION }).await;
        self.read().await.unwrap()
    }

    async fn send<T: serde::Serialize>(&mut self, item: &T) {
        let frame = frame::encode(item, MAX_REQUEST).unwrap();
        self.0.write_all(&frame).await.unwrap();
    }

    /// The next item; none when the connection was closed.
    async fn read<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let bytes = self.bytes().await?;
        Some(frame::decode(&bytes).unwrap())
    }

    async fn bytes(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).await.ok()?;
        let mut item = vec![0; frame::announced(header, MAX_REPLY).unwrap()];
        self.0.read_exact(&mut item).await.unwrap();
        Some(item)
    }

    async fn ask(&mut self, request: Request) -> Reply {
        self.send(&request).await;
        self.read().await.unwrap()
    }

    async fn done(&mut self, request: Request) -> Answer {
        match self.ask(request).await {
            Reply::Done(answer) => *answer,
            other => panic!("{other:?}"),
        }
    }

    async fn edited(&mut self, request: Request) -> Edited {
        match self.done(request).await {
            Answer::Edited(edited) => edited,
            other => panic!("{other:?}"),
        }
    }

    async fn failed(&mut self, request: Request) -> Failure {
        match self.ask(request).await {
            Reply::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }
}

fn customer_add(name: &str) -> Request {
    Request::CustomerAdd {
        name: name.into(),
        short: None,
        reseller: None,
        like: None,
        assignments: Vec::new(),
        dry_run: false,
    }
}

fn client_add(customer: &str, id: &str) -> Request {
    Request::ClientAdd {
        customer: customer.into(),
        ids: vec![id.parse().unwrap()],
        if_missing: false,
        password: None,
        assignments: Vec::new(),
    }
}

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

fn first() -> Page {
    Page::default()
}
