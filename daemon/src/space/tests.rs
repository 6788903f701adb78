//! The books against a small slow model, and what a piece of work leaves behind.

use std::sync::Arc;

use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use penstock_policy::space::Unsure;
use proptest::prelude::*;

use super::{Books, Count, Located, Sum, Used, Work};

const RESELLERS: u64 = 2;
const CUSTOMERS: u64 = 3;
const CLIENTS: u64 = 4;
/// Two for each client: schedule `s` is the client's `s / 2`.
const SCHEDULES: u64 = 2 * CLIENTS;

/// Numbers apart, so that taking one for the other shows.
const fn reseller(number: u64) -> RecordId {
    RecordId(10 + number)
}

const fn customer(number: u64) -> RecordId {
    RecordId(20 + number)
}

const fn client(number: u64) -> RecordId {
    RecordId(30 + number)
}

const fn schedule(number: u64) -> RecordId {
    RecordId(40 + number)
}

fn located(number: u64) -> Located {
    Located {
        schedule: schedule(number),
        location: "main".to_owned(),
    }
}

#[derive(Debug, Clone)]
enum Op {
    Reserve(u64, u64),
    Store(usize),
    GiveUp(usize),
    Free(u64, u64),
    MoveClient(u64, u64),
    MoveCustomer(u64, u64),
    TrashClient(u64),
    TrashSchedule(u64),
    Restore(u64),
    Purge(u64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let bytes = 0..5000_u64;
    let op = prop_oneof![
        4 => (0..SCHEDULES, bytes.clone()).prop_map(|(s, b)| Op::Reserve(s, b)),
        4 => (0..8_usize).prop_map(Op::Store),
        1 => (0..8_usize).prop_map(Op::GiveUp),
        2 => (0..SCHEDULES, bytes).prop_map(|(s, b)| Op::Free(s, b)),
        1 => (0..CLIENTS, 0..CUSTOMERS).prop_map(|(c, to)| Op::MoveClient(c, to)),
        1 => (0..CUSTOMERS, 0..RESELLERS).prop_map(|(c, to)| Op::MoveCustomer(c, to)),
        1 => (0..CLIENTS).prop_map(Op::TrashClient),
        1 => (0..SCHEDULES).prop_map(Op::TrashSchedule),
        2 => (0..CLIENTS).prop_map(Op::Restore),
        1 => (0..SCHEDULES).prop_map(Op::Purge),
    ];
    prop::collection::vec(op, 0..120)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    There,
    Trash,
    Nowhere,
}

/// Everything summed anew each time.
struct Model {
    resellers: Vec<u64>,
    customers: Vec<u64>,
    clients: Vec<bool>,
    schedules: Vec<(Lies, Sum)>,
}

impl Model {
    fn new() -> Self {
        Self {
            resellers: vec![0; CUSTOMERS as usize],
            customers: vec![0; CLIENTS as usize],
            clients: vec![true; CLIENTS as usize],
            schedules: vec![(Lies::There, Sum::default()); SCHEDULES as usize],
        }
    }

    fn sum(&self, counts: impl Fn(u64, Lies) -> bool) -> Sum {
        let mut sum = Sum::default();
        for (number, (lies, own)) in (0..).zip(&self.schedules) {
            if *lies != Lies::Nowhere && counts(number, *lies) {
                sum.used += own.used;
                sum.reserved += own.reserved;
            }
        }
        sum
    }

    /// A client's schedules that are there.
    fn own(&self, client: u64) -> Vec<Located> {
        let numbers = [2 * client, 2 * client + 1];
        let there = |number: &u64| self.schedules[*number as usize].0 == Lies::There;
        numbers.into_iter().filter(there).map(located).collect()
    }

    fn agrees_with(&self, books: &Books) {
        let there = |lies| lies == Lies::There;
        for number in 0..SCHEDULES {
            let own = self.sum(|schedule, _| schedule == number);
            assert_eq!(books.schedule(schedule(number)), (own, false));
        }
        for number in 0..CLIENTS {
            let own = self.sum(|schedule, lies| there(lies) && schedule / 2 == number);
            assert_eq!(books.client(client(number)), own);
        }
        let customer_of = |schedule: u64| self.customers[schedule as usize / 2];
        for number in 0..CUSTOMERS {
            let own = self.sum(|schedule, lies| there(lies) && customer_of(schedule) == number);
            assert_eq!(books.customer(customer(number)), own);
        }
        let reseller_of = |schedule| self.resellers[customer_of(schedule) as usize];
        for number in 0..RESELLERS {
            let own = self.sum(|schedule, lies| there(lies) && reseller_of(schedule) == number);
            assert_eq!(books.reseller(reseller(number)), own);
        }
        assert_eq!(books.server(), self.sum(|_, _| true));
        let trash = self.sum(|_, lies| lies == Lies::Trash);
        assert_eq!(books.trash(), trash.used);
    }
}

fn new_books() -> Arc<Books> {
    let books = Arc::new(Books::default());
    books.republish(|edition| {
        for number in 0..CUSTOMERS {
            edition.customer(customer(number), reseller(0));
        }
        for number in 0..CLIENTS {
            let own = [located(2 * number), located(2 * number + 1)];
            edition.client(client(number), customer(0), &own);
        }
    });
    books
}

/// Work on a schedule that isn't being counted.
fn work(books: &Arc<Books>, number: u64) -> Result<Work, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(Work::begin(books, schedule(number), false))
}

/// Does one thing to both.
fn act(books: &Arc<Books>, model: &mut Model, works: &mut Vec<(u64, u64, Work)>, op: Op) {
    match op {
        Op::Reserve(number, bytes) => {
            let began = work(books, number);
            let own = &mut model.schedules[number as usize];
            assert_eq!(began.is_ok(), own.0 != Lies::Nowhere);
            if let Ok(mut began) = began {
                began.reserve(bytes, |_| Ok(())).unwrap();
                own.1.reserved += bytes;
                works.push((number, bytes, began));
            }
        }
        Op::Store(place) | Op::GiveUp(place) if place < works.len() => {
            let (number, bytes, work) = works.swap_remove(place);
            let own = &mut model.schedules[number as usize].1;
            own.reserved -= bytes;
            if matches!(op, Op::Store(_)) {
                own.used += bytes;
                work.stored();
            }
        }
        Op::Store(_) | Op::GiveUp(_) => {}
        Op::Free(number, bytes) => {
            let own = &mut model.schedules[number as usize];
            let bytes = bytes.min(own.1.used);
            if let Ok(began) = work(books, number) {
                began.freed(bytes);
                own.1.used -= bytes;
            }
        }
        Op::MoveClient(number, to) if model.clients[number as usize] => {
            model.customers[number as usize] = to;
            let own = model.own(number);
            books.republish(|edition| edition.client(client(number), customer(to), &own));
        }
        Op::MoveClient(..) => {}
        Op::MoveCustomer(number, to) => {
            model.resellers[number as usize] = to;
            books.republish(|edition| edition.customer(customer(number), reseller(to)));
        }
        Op::TrashClient(number) => {
            model.clients[number as usize] = false;
            for own in &mut model.schedules[2 * number as usize..][..2] {
                if own.0 == Lies::There {
                    own.0 = Lies::Trash;
                }
            }
            books.republish(|edition| edition.client_gone(client(number)));
        }
        Op::TrashSchedule(number) => {
            let owner = number / 2;
            if model.schedules[number as usize].0 == Lies::There {
                model.schedules[number as usize].0 = Lies::Trash;
                let (to, own) = (model.customers[owner as usize], model.own(owner));
                books.republish(|edition| edition.client(client(owner), customer(to), &own));
            }
        }
        Op::Restore(number) => {
            model.clients[number as usize] = true;
            for own in &mut model.schedules[2 * number as usize..][..2] {
                if own.0 == Lies::Trash {
                    own.0 = Lies::There;
                }
            }
            let (to, own) = (model.customers[number as usize], model.own(number));
            books.republish(|edition| edition.client(client(number), customer(to), &own));
        }
        Op::Purge(number) => {
            if model.schedules[number as usize].0 == Lies::Trash {
                model.schedules[number as usize].0 = Lies::Nowhere;
                books.republish(|edition| edition.schedule_gone(schedule(number)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_sum_equals_what_lies_below_it_whatever_is_done(ops in ops()) {
        let (books, mut model, mut works) = (new_books(), Model::new(), Vec::new());
        for op in ops {
            act(&books, &mut model, &mut works, op);
            model.agrees_with(&books);
        }
        drop(works);
        for own in &mut model.schedules {
            own.1.reserved = 0;
        }
        model.agrees_with(&books);
    }
}

fn dirty(books: &Books) -> Vec<(u64, bool)> {
    let kept = books.to_keep(&books.changed());
    let mut kept: Vec<_> = kept.iter().map(|used| (used.bytes, used.dirty)).collect();
    kept.sort_unstable();
    kept
}

#[test]
fn what_was_reserved_goes_back_when_the_work_is_dropped() {
    let books = new_books();
    let mut upload = work(&books, 0).unwrap();
    upload.reserve(700, |_| Ok(())).unwrap();
    assert_eq!(books.server().reserved, 700);
    drop(upload);
    assert_eq!(books.server(), Sum::default());
    assert_eq!(books.client(client(0)), Sum::default());
}

#[test]
fn what_does_not_fit_takes_nothing_at_any_level() {
    let books = new_books();
    let mut upload = work(&books, 0).unwrap();
    upload.reserve(700, |_| Ok(())).unwrap();
    let refused = work(&books, 2).unwrap().reserve(500, |taken| {
        assert_eq!((taken.client, taken.customer, taken.server), (0, 700, 700));
        Err(Refusal::DiskFull)
    });
    assert_eq!(refused, Err(Refusal::DiskFull));
    assert_eq!(books.server().reserved, 700);
}

#[test]
fn what_is_deleted_before_its_upload_is_counted_is_counted_all_the_same() {
    let books = new_books();
    let mut upload = work(&books, 0).unwrap();
    upload.reserve(700, |_| Ok(())).unwrap();
    work(&books, 0).unwrap().freed(700);
    assert_eq!(books.server().used, 0);
    upload.stored();
    assert_eq!(books.server(), Sum::default());
}

#[test]
fn what_was_put_there_behind_our_back_and_deleted_makes_no_upload_free() {
    let books = new_books();
    work(&books, 0).unwrap().freed(700);
    let mut upload = work(&books, 0).unwrap();
    upload.reserve(700, |_| Ok(())).unwrap();
    upload.stored();
    assert_eq!(books.server().used, 700);
}

#[tokio::test]
async fn a_schedule_is_kept_as_at_rest_only_while_nobody_works_on_it() {
    let books = new_books();
    let mut upload = Work::begin(&books, schedule(0), false).await.unwrap();
    let unmarked = !upload.is_marked();
    assert!(unmarked);
    upload.marked();
    upload.reserve(700, |_| Ok(())).unwrap();
    assert_eq!(dirty(&books), [(0, true)]);
    let other = Work::begin(&books, schedule(0), false).await.unwrap();
    let unmarked = !other.is_marked();
    assert!(!unmarked, "the records say it for both");
    drop(other);
    upload.stored();
    assert_eq!(dirty(&books), [(700, false)]);
    assert!(books.changed().is_empty());
    let unmarked = !Work::begin(&books, schedule(0), false)
        .await
        .unwrap()
        .is_marked();
    assert!(unmarked, "whoever comes after has to say it anew");
}

#[tokio::test]
async fn keeping_figures_stands_for_nobodys_mark() {
    let books = new_books();
    let first = Work::begin(&books, schedule(0), false).await.unwrap();
    let unmarked = !first.is_marked();
    assert!(unmarked);
    // The first one's mark isn't written yet, and neither is this.
    books.keep_again([schedule(0)]);
    assert_eq!(dirty(&books), [(0, true)]);
    let unmarked = !Work::begin(&books, schedule(0), false)
        .await
        .unwrap()
        .is_marked();
    assert!(unmarked, "what is about to be written may still fail");
    drop(first);
}

#[tokio::test]
async fn while_a_schedule_is_counted_only_locks_go_on_and_they_wait_for_its_end() {
    let books = new_books();
    let unsure = Used {
        schedule: schedule(0),
        bytes: 5,
        data: 5,
        dirty: true,
    };
    books.republish(|edition| edition.used(unsure));
    assert_eq!(books.uncounted(), [schedule(0)]);
    let refused = Work::begin(&books, schedule(0), false).await;
    assert_eq!(refused.unwrap_err(), Refusal::Recounting);
    let mut lock = Work::begin(&books, schedule(0), true).await.unwrap();
    lock.reserve(100, |_| Ok(())).unwrap();
    let counting = tokio::spawn({
        let books = Arc::clone(&books);
        async move { Count::last(&books, schedule(0)).await.unwrap() }
    });
    tokio::task::yield_now().await;
    assert!(!counting.is_finished(), "the lock is still being written");
    lock.stored();
    let count = counting.await.unwrap();
    let waiting = tokio::spawn({
        let books = Arc::clone(&books);
        async move { Work::begin(&books, schedule(0), true).await.map(drop) }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "locks are being counted");
    count.counted(1100, 1000);
    waiting.await.unwrap().unwrap();
    assert_eq!(books.server().used, 1100);
    assert!(books.uncounted().is_empty());
    assert!(Work::begin(&books, schedule(0), false).await.is_ok());
    assert_eq!(dirty(&books), [(1100, false)]);
}

#[tokio::test]
async fn data_is_told_apart_from_what_goes_with_it_through_every_step() {
    let books = new_books();
    let data = || books.server().data;
    let work = |of_data| {
        let books = Arc::clone(&books);
        async move {
            Work::begin(&books, schedule(0), false)
                .await
                .unwrap()
                .of_data(of_data)
        }
    };
    let mut upload = work(true).await;
    upload.reserve(1000, |_| Ok(())).unwrap();
    assert_eq!(data(), 1000, "what is on its way counts");
    upload.stored();
    let mut index = work(false).await;
    index.reserve(50, |_| Ok(())).unwrap();
    index.stored();
    let mut given_up = work(true).await;
    given_up.reserve(7, |_| Ok(())).unwrap();
    drop(given_up);
    assert_eq!((data(), books.server().used), (1000, 1050));
    work(false).await.freed(50);
    work(true).await.freed(400);
    assert_eq!((data(), books.server().used), (600, 600));
    let kept = books.to_keep(&[schedule(0)]);
    assert_eq!((kept[0].bytes, kept[0].data), (600, 600));
}

#[tokio::test]
async fn what_is_not_counted_yet_makes_the_levels_above_unsure_until_it_is_or_its_disk_is_away() {
    let books = new_books();
    let unsure = Used {
        schedule: schedule(0),
        bytes: 5,
        data: 5,
        dirty: true,
    };
    books.republish(|edition| edition.used(unsure));
    let seen = |of: u64| books.open().taken_by(schedule(of)).unsure;
    let sibling = seen(1);
    assert!(sibling.server);
    books.away(schedule(0), true);
    assert_eq!(seen(1), Unsure::default());
    books.away(schedule(0), false);
    assert_eq!(seen(1), sibling);
    let waiting = tokio::spawn({
        let books = Arc::clone(&books);
        async move {
            let sure = || match books.open().taken_by(schedule(1)).unsure.server {
                true => Err(Refusal::Recounting),
                false => Ok(()),
            };
            books
                .once_counted(std::time::Duration::from_secs(3600), sure)
                .await
        }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    Count::last(&books, schedule(0))
        .await
        .unwrap()
        .counted(9, 9);
    waiting.await.unwrap().unwrap();
}
