//! The one thread that writes: takes what is queued, decides and writes it in one transaction, commits, publishes, then
//! answers. After a failed commit it opens the records anew and looks whether the transaction is there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redb::{Database, Durability, ReadTransaction, ReadableDatabase};
use tokio::sync::{mpsc, oneshot, watch};

use super::cache::Cache;
use super::command::Unavailable;
use super::open::{Lock, Place};
use super::schema::Look;
use super::tree::Tree;
use super::trouble::{Stop, Trouble};
use super::tx::{Counters, Sealed, Tx};
use super::used;
use crate::clock::Clock;
use crate::events::Events;
use crate::space::Books;

/// Most commands of one transaction.
const GROUP: usize = 512;
/// Attempts to open the records anew before the commands that wait are answered as unavailable; the next command tries
/// again.
const REOPENS: u32 = 3;
/// Between two such attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The open records, shared by the writer with those who read. Empty while they are opened anew.
#[derive(Debug)]
pub(super) struct Shared(RwLock<Option<Database>>);

/// What the writer is told.
pub(super) enum Message {
    /// Something to decide and write.
    Command(Box<dyn Command>),
    /// Somebody couldn't read: is the storage still there?
    Check,
    /// The end, told when all is written and closed.
    Close(oneshot::Sender<()>),
}

/// A verb with its input and whoever waits for its answer.
pub(super) trait Command: Send {
    /// Decides and writes; whether it said yes. Can run again in another transaction when this one came to nothing.
    fn run(&mut self, tx: &Tx) -> Result<bool, Trouble>;
    /// Gives the last run's answer.
    fn answer(self: Box<Self>);
    /// Answers that the records aren't available.
    fn fail(self: Box<Self>, why: Unavailable);
}

/// The verb as a closure that can run again.
pub(super) struct Call<F, T, E> {
    decide: F,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// The writer's own things.
pub(super) struct Worker {
    pub shared: Arc<Shared>,
    pub place: Place,
    pub queue: mpsc::Receiver<Message>,
    pub tree: watch::Sender<Arc<Tree>>,
    pub cache: Arc<Cache>,
    pub books: Arc<Books>,
    pub counters: Counters,
    /// A transaction whose commit failed, and nobody could look yet whether it is there.
    pub doubtful: Option<Sealed>,
    pub clock: Clock,
    pub events: Events,
    /// Let go last, after the records are closed.
    pub lock: Lock,
}

/// Why a group wasn't committed.
enum Failed {
    /// One command can't go on, or (none) wrote something and then said no: without it the others can.
    One(usize, Option<Trouble>),
    /// The storage failed, perhaps in the commit of this.
    Storage(Trouble, Option<Box<Sealed>>),
}

impl Shared {
    pub fn new(database: Database) -> Self {
        Self(RwLock::new(Some(database)))
    }

    /// A snapshot.
    pub fn begin_read(&self) -> Result<ReadTransaction, Trouble> {
        self.with(|database| Ok(database.begin_read()?))
    }

    fn with<T>(&self, act: impl FnOnce(&Database) -> Result<T, Trouble>) -> Result<T, Trouble> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(database) => act(database),
            None => Err(Trouble::Storage("the records are not open".to_owned())),
        }
    }

    fn replace(&self, database: Option<Database>) -> Option<Database> {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, database)
    }
}

impl<F, T, E> Call<F, T, E> {
    pub fn new(decide: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        let call = Self {
            decide,
            outcome: None,
            reply,
        };
        (call, answer)
    }
}

impl<F, T, E> Command for Call<F, T, E>
where
    F: Fn(&Tx) -> Result<T, Stop<E>> + Send,
    T: Send,
    E: From<Unavailable> + Send,
{
    fn run(&mut self, tx: &Tx) -> Result<bool, Trouble> {
        let outcome = match (self.decide)(tx) {
            Ok(done) => Ok(done),
            Err(Stop::Trouble(trouble)) => return Err(trouble),
            Err(Stop::Decided(no)) => Err(no),
        };
        let done = outcome.is_ok();
        self.outcome = Some(outcome);
        Ok(done)
    }

    fn answer(self: Box<Self>) {
        let missing = || Err(Unavailable("the command was not run".to_owned()).into());
        // Whoever asked may have gone; what was decided holds all the same.
        let _ = self.reply.send(self.outcome.unwrap_or_else(missing));
    }

    fn fail(self: Box<Self>, why: Unavailable) {
        let _ = self.reply.send(Err(why.into()));
    }
}

impl Worker {
    /// Works until it is told to stop, or nobody can tell it anything any more.
    pub fn run(mut self) {
        let mut closing = Vec::new();
        let mut messages = Vec::new();
        while self.queue.blocking_recv_many(&mut messages, GROUP) > 0 {
            let mut group = Vec::new();
            let mut check = false;
            for message in messages.drain(..) {
                match message {
                    Message::Command(command) => group.push(command),
                    Message::Check => check = true,
                    Message::Close(told) => {
                        // What is queued already is still done.
                        self.queue.close();
                        closing.push(told);
                    }
                }
            }
            // Many may have failed to read at once; looking once is enough.
            if check {
                self.check();
            }
            if !group.is_empty() {
                self.apply(group);
            }
        }
        if let Some(Err(error)) = self.shared.replace(None).map(Database::close) {
            tracing::warn!(
                "the records were not closed cleanly and are repaired at the next start: {error}"
            );
        }
        drop(self.lock);
        for told in closing {
            let _ = told.send(());
        }
    }

    fn apply(&mut self, mut group: Vec<Box<dyn Command>>) {
        let mut again = true;
        while !group.is_empty() {
            if let Err(why) = self.ensure_open() {
                return fail(group, &why, "nothing was changed");
            }
            match self.attempt(&mut group) {
                Ok(()) => break,
                Err(Failed::One(place, trouble)) => {
                    let command = group.remove(place);
                    match trouble {
                        Some(trouble) => fail(vec![command], &trouble, "nothing was changed"),
                        None => command.answer(),
                    }
                }
                Err(Failed::Storage(why, sealed)) => {
                    tracing::warn!("the records could not be written and are opened anew: {why}");
                    self.shared.replace(None);
                    let in_doubt = sealed.is_some();
                    self.doubtful = sealed.map(|sealed| *sealed);
                    match self.reopen() {
                        Ok(true) => break,
                        Ok(false) if again => again = false,
                        Ok(false) => return fail(group, &why, "nothing was changed"),
                        Err(why) if in_doubt => {
                            return fail(
                                group,
                                &why,
                                "look whether the change was made once they are back",
                            );
                        }
                        Err(why) => return fail(group, &why, "nothing was changed"),
                    }
                }
            }
        }
        for command in group {
            command.answer();
        }
    }

    /// One transaction for all commands, published when it is durable.
    fn attempt(&mut self, group: &mut [Box<dyn Command>]) -> Result<(), Failed> {
        let storage = |trouble| Failed::Storage(trouble, None);
        let begin = |database: &Database| {
            let mut txn = database.begin_write()?;
            txn.set_durability(Durability::Immediate)?;
            txn.set_quick_repair(true);
            Ok(txn)
        };
        let txn = self.shared.with(begin).map_err(storage)?;
        let tree = Tree::clone(&self.tree.borrow());
        let tx = Tx::new(txn, tree, self.counters, self.clock.wall());
        for (place, command) in group.iter_mut().enumerate() {
            tx.set_time(self.clock.wall());
            let before = tx.writes();
            match catch_unwind(AssertUnwindSafe(|| command.run(&tx))) {
                // Verbs decide before they write; one that doesn't must not leave half of itself behind.
                Ok(Ok(false)) if tx.writes() != before => return Err(Failed::One(place, None)),
                Ok(Ok(_)) => {}
                Ok(Err(damaged @ Trouble::Damaged { .. })) => {
                    return Err(Failed::One(place, Some(damaged)));
                }
                Ok(Err(trouble)) => return Err(storage(trouble)),
                Err(_) => {
                    let trouble = Trouble::Storage("the command failed inside".to_owned());
                    return Err(Failed::One(place, Some(trouble)));
                }
            }
        }
        if tx.writes() == 0 {
            return Ok(());
        }
        let (txn, sealed) = tx.seal().map_err(storage)?;
        match txn.commit() {
            Ok(()) => {
                self.publish(sealed);
                Ok(())
            }
            Err(error) => Err(Failed::Storage(error.into(), Some(Box::new(sealed)))),
        }
    }

    fn publish(&mut self, sealed: Sealed) {
        let Sealed { draft, clients } = sealed;
        self.counters = draft.counters;
        let tree = Arc::new(draft.tree);
        // Before the books' lock, because whoever loads a client holds it for as long as that takes.
        let cache = self.cache.publishing();
        // At one instant for whoever reserves space: records and figures are never of two different commits.
        self.books.republish(|edition| {
            used::publish(edition, &tree, &draft.customers, &clients, &draft.gone);
            cache.publish(clients, draft.ids);
            // Running uploads look at each new tree: figures that are kept are none.
            if draft.tree_changed {
                self.tree.send_replace(tree);
            }
        });
        for event in draft.events {
            self.events.send(event);
        }
    }

    /// Opens the records if they aren't.
    fn ensure_open(&mut self) -> Result<(), Trouble> {
        match self.shared.with(|_| Ok(())) {
            Ok(()) => Ok(()),
            Err(_) => self.reopen().map(drop),
        }
    }

    /// Opens the records anew; whether the transaction in doubt turned out to be there. Then it is published.
    fn reopen(&mut self) -> Result<bool, Trouble> {
        let mut tries = 1;
        let database = loop {
            match self.place.open() {
                Ok(database) => break database,
                Err(trouble) if tries == REOPENS => return Err(trouble),
                Err(_) => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
            }
        };
        let there = Counters::read(&database.begin_read()?)?.commit;
        self.shared.replace(Some(database));
        tracing::info!("the records are open again");
        match self.doubtful.take() {
            Some(sealed) if sealed.draft.counters.commit == there => {
                self.publish(sealed);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// After somebody couldn't read: a handle on which the storage failed once fails until it is replaced.
    fn check(&mut self) {
        let works = |database: &Database| {
            database.begin_write()?.abort()?;
            database
                .begin_read()?
                .get::<u64, _>(super::schema::META, "format")?;
            Ok(())
        };
        if self.shared.with(works).is_err() {
            self.shared.replace(None);
            if let Err(trouble) = self.reopen() {
                tracing::warn!("the records can't be opened: {trouble}");
            }
        }
    }
}

fn fail(group: Vec<Box<dyn Command>>, why: &Trouble, changed: &str) {
    tracing::error!(
        "{} commands were answered as unavailable: {why}",
        group.len()
    );
    for command in group {
        command.fail(Unavailable(format!("{why}; {changed}")));
    }
}
