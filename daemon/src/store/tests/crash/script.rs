//! A run of the real store through every kind of command, noting after each what the records hold and how far the disk is.

use super::disk::{Disk, Op};
use super::state::{State, disagreement};
use super::*;

/// A state that was acknowledged when the disk had noted so many operations.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub at: usize,
    pub state: State,
}

/// What the disk noted, and what was acknowledged meanwhile, the state before the first command among it.
#[derive(Debug)]
pub(super) struct History {
    /// What was on the disk before.
    pub before: Vec<u8>,
    pub ops: Vec<Op>,
    pub told: Vec<Told>,
}

/// Numbers that look random and are the same in every run.
#[derive(Debug)]
pub(super) struct Dice(u64);

/// A store on a disk that notes.
pub(super) struct Run {
    pub bench: Bench,
    pub disk: Disk,
    before: Vec<u8>,
    told: Vec<Told>,
    dice: Dice,
    clients: Vec<(RecordId, String)>,
    trash: Vec<u64>,
    made: usize,
}

const CUSTOMERS: [&str; 3] = ["red", "green", "blue"];

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub fn roll(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

impl Run {
    /// Starts on a disk, the first time if it is empty.
    pub async fn start(disk: Disk) -> Self {
        let mut run = Self {
            before: disk.bytes(),
            bench: start(&disk),
            disk,
            told: Vec::new(),
            dice: Dice::new(0x5eed),
            clients: Vec::new(),
            trash: Vec::new(),
            made: 0,
        };
        run.note().await;
        run
    }

    /// Notes what was just acknowledged. Nothing else writes.
    async fn note(&mut self) {
        let read = self.bench.store.read(|reader| {
            assert_eq!(disagreement(reader), None);
            Ok(State::of(reader.look())?)
        });
        let state = read.await.unwrap();
        let at = self.disk.count();
        if self.told.last().is_none_or(|last| last.state != state) {
            self.told.push(Told { at, state });
        }
    }

    async fn did<T, E: std::fmt::Debug>(&mut self, outcome: Result<T, E>) -> T {
        let done = outcome.unwrap();
        self.note().await;
        done
    }

    /// The records and some credit, for what follows.
    pub async fn furnish(&mut self) {
        let bank = self.bench.server(&[("mcals", "100000")]).await;
        self.did(bank).await;
        let fields = [("mcals", "50000")];
        let north = self.bench.reseller("North", &fields).await;
        self.did(north).await;
        for name in CUSTOMERS {
            let fields = [("automatically_add_clients", "yes"), ("mcals", "900")];
            self.bench.customer(name, &fields).await;
            self.note().await;
        }
        self.bench.main().await;
        self.note().await;
    }

    /// The next step of the script: one command, or two or three that belong together.
    pub async fn step(&mut self) {
        let (store, root) = (self.bench.store.clone(), who("root"));
        let number = self.made.to_string();
        let customer = CUSTOMERS[self.dice.roll(CUSTOMERS.len())];
        let id = store.tree().customer(customer).unwrap().id;
        self.made += 1;
        match self.made % 16 {
            0 => {
                let edited = self.bench.server(&[("trash_days", &number)]).await;
                self.did(edited).await;
            }
            1 => {
                let north = Target::Reseller("north".into());
                let more = [("mcals", "+1")];
                let edited = self.bench.edit_of(north, &more, false).await;
                self.did(edited).await;
            }
            2 | 10 => {
                let edited = self.bench.edit(customer, &[("notes", &number)]).await;
                self.did(edited).await;
            }
            3 => {
                let name = format!("Customer {number}");
                self.bench.customer(&name, &[("mcals", "3")]).await;
                self.note().await;
            }
            4 | 11 => {
                let name = format!("a{number}");
                let added = self.bench.clients(customer, &[&name]).await;
                self.did(added).await;
                self.clients.push((id, name));
            }
            5 => {
                let name = format!("e{number}");
                let enrolled = self.bench.enrol(id, &name).await;
                self.did(enrolled).await;
                self.clients.push((id, name));
            }
            6 => {
                let (name, key) = (format!("r{number}"), format!("psk_{customer}"));
                let registered = store.register(register(id, &name, &key, 9)).await;
                self.did(registered).await;
                self.clients.push((id, name));
            }
            7 | 12 => self.schedule().await,
            8 | 13 => self.session().await,
            9 | 14 => {
                self.bench.clock.step(jiff::SignedDuration::from_hours(240));
                let client = self.any().await;
                let charged = self.bench.charge(client.id).await;
                self.did(charged).await;
            }
            _ => match self.made / 16 % 4 {
                0 | 2 => self.remove().await,
                1 => {
                    let item = self.trash.pop().unwrap();
                    let restored = store.trash_restore(item, root).await;
                    self.did(restored).await;
                    let settled = store.trash_settled(item).await;
                    self.did(settled).await;
                }
                _ => {
                    let undone = store.mcal_add(5, number, root).await;
                    self.did(undone).await;
                }
            },
        }
    }

    /// A client that exists.
    async fn any(&mut self) -> Arc<Client> {
        let place = self.dice.roll(self.clients.len());
        let (customer, name) = self.clients[place].clone();
        let state = self.bench.state(customer, &name).await.unwrap();
        state.client.clone().unwrap()
    }

    async fn schedule(&mut self) {
        let client = self.any().await.id;
        let name: ScheduleName = format!("s{}", self.made).parse().unwrap();
        let ask = NewSchedule {
            client,
            name: name.clone(),
            location: "main".into(),
        };
        let store = self.bench.store.clone();
        let schedule = store.create_schedule(ask).await;
        let schedule = self.did(schedule).await.id;
        let ready = store.schedule_ready(client, name).await;
        self.did(ready).await;
        let work = store.work(schedule, false).await;
        let mut work = self.did(work).await;
        work.reserve(self.made as u64, |_| Ok(())).unwrap();
        work.stored();
        let kept = store.keep_used().await;
        self.did(kept).await;
    }

    async fn session(&mut self) {
        let client = self.any().await;
        let state = self.bench.state(client.customer, client.client_id.as_str());
        let state = state.await.unwrap();
        let Some(name) = state.schedules.keys().next() else {
            return;
        };
        let (now, kind) = (self.bench.clock.wall(), "backup");
        let store = self.bench.store.clone();
        let ended = store.session_ended(client.id, name.clone(), session(now, kind), Some(now));
        let ended = ended.await;
        self.did(ended).await;
    }

    async fn remove(&mut self) {
        let (customer, name) = self.clients.remove(0);
        let tree = self.bench.store.tree();
        let short = tree.customers.get(&customer).unwrap().short.clone();
        let address = address(&format!("{short}/{name}"));
        let store = self.bench.store.clone();
        let removed = store.remove_client(address, true, who("root")).await;
        let item = self.did(removed).await.item;
        let settled = store.trash_settled(item).await;
        self.did(settled).await;
        self.trash.push(item);
    }

    /// A few commands, one of them a debit.
    pub async fn few(&mut self) {
        let red = self.bench.customer("red", &[("mcals", "7")]).await;
        self.note().await;
        let client = self.bench.client("red", "laptop").await;
        self.note().await;
        let charged = self.bench.charge(client.id).await;
        self.did(charged).await;
        let edited = self.bench.edit("red", &[("notes", "one")]).await;
        self.did(edited).await;
        assert_eq!(self.bench.record(red).drawn.number, 1);
    }

    pub async fn end(mut self) -> History {
        self.bench.store.close().await;
        self.bench.writer.take().unwrap().join();
        History {
            before: self.before,
            ops: self.disk.ops(),
            told: self.told,
        }
    }
}

/// A run of so many commands at least.
pub(super) async fn run(disk: Disk, commands: usize) -> History {
    let mut run = Run::start(disk).await;
    run.furnish().await;
    while run.told.len() <= commands {
        run.step().await;
    }
    run.end().await
}

/// Opens the store as a start does.
pub(super) fn start(disk: &Disk) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let bytes = disk.bytes().len() as u64;
    if bytes > 0 {
        // The real file has the length alone.
        let file = std::fs::File::create(dir.path().join("penstock.redb")).unwrap();
        file.set_len(bytes).unwrap();
    }
    let clock = Clock::driven("2026-11-25T12:00:00Z".parse().unwrap());
    let events = Events::new();
    let options = options(dir.path(), &clock, &events);
    let (store, writer) = Store::open_on(options, disk.storage()).unwrap();
    Bench {
        dir,
        clock,
        events,
        store,
        writer: Some(writer),
    }
}
