//! A disk that fails: every call of a commit in turn, with and without having done what it was asked.

use std::io::Error;
use std::ops::Bound;
use std::sync::Mutex;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::*;

/// When calls of the storage fail.
#[derive(Debug, Clone, Copy)]
struct Fault {
    /// Calls that still succeed.
    after: u32,
    /// Whether all later ones fail too, until it is lifted.
    stays: bool,
    /// Whether the call does its work before it says that it failed.
    done: bool,
    /// What the system says.
    errno: i32,
}

#[derive(Debug, Clone, Default)]
struct Plan(Arc<Mutex<Option<Fault>>>);

#[derive(Debug)]
struct Faulty {
    inner: FileBackend,
    plan: Plan,
}

impl Plan {
    fn storage(&self) -> Storage {
        let plan = self.clone();
        Storage::wrapped(move |inner| {
            Box::new(Faulty {
                inner,
                plan: plan.clone(),
            })
        })
    }

    fn arm(&self, fault: Fault) {
        *self.0.lock().unwrap() = Some(fault);
    }

    /// Whether the fault has struck or still strikes.
    fn lift(&self) -> bool {
        match self.0.lock().unwrap().take() {
            Some(fault) => fault.stays && fault.after == 0,
            None => true,
        }
    }

    fn call(&self, work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let mut plan = self.0.lock().unwrap();
        let Some(fault) = plan.as_mut() else {
            return work();
        };
        if fault.after > 0 {
            fault.after -= 1;
            return work();
        }
        let Fault {
            stays, done, errno, ..
        } = *fault;
        if !stays {
            *plan = None;
        }
        if done {
            work()?;
        }
        Err(Error::from_raw_os_error(errno))
    }
}

impl StorageBackend for Faulty {
    fn len(&self) -> Result<u64, Error> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.plan.call(|| self.inner.set_len(len))
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.plan.call(|| self.inner.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.plan.call(|| self.inner.write(offset, data))
    }

    fn close(&self) -> Result<(), Error> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }
}

const ERRNOS: [i32; 2] = [nix::libc::EIO, nix::libc::ENOSPC];

/// What is published, what a fresh look at the file shows, and the audit, all say the same.
async fn check(bench: &mut Bench, customer: RecordId, phone: &str, edits: u64, context: &str) {
    for _ in 0..2 {
        let tree = bench.store.tree();
        let record = tree.customers.get(&customer).unwrap();
        assert_eq!(record.phone, phone, "{context}");
        assert_eq!(record.revision, edits + 1, "{context}");
        assert_eq!(bench.verify().await, Ok(edits + 1), "{context}");
        bench.reopen().await;
    }
}

#[tokio::test]
async fn one_failing_call_in_a_commit_costs_nothing() {
    let mut struck = 0;
    for done in [false, true] {
        for after in 0..30 {
            let plan = Plan::default();
            let mut bench = Bench::on(plan.storage());
            let customer = bench.customer("ABC", &[]).await;
            plan.arm(Fault {
                after,
                stays: false,
                done,
                errno: ERRNOS[usize::from(done)],
            });
            let context = format!("call {after}, done {done}");
            let edited = bench.edit("abc", &[("phone", "1")]).await;
            assert_eq!(edited.unwrap().revision, 2, "{context}");
            let reached = plan.lift();
            check(&mut bench, customer, "1", 1, &context).await;
            if !reached {
                break;
            }
            struck += 1;
        }
    }
    assert!(struck > 10, "only {struck} calls failed");
}

#[tokio::test]
async fn a_disk_that_stays_broken_answers_unavailable_and_works_again_without_a_restart() {
    let (mut durable, mut lost) = (0, 0);
    for done in [false, true] {
        for after in 0..30 {
            let plan = Plan::default();
            let mut bench = Bench::on(plan.storage());
            let customer = bench.customer("ABC", &[]).await;
            bench.client("abc", "laptop").await;
            let id = client_id("laptop");
            let follow = bench.store.client(customer, &id).await.unwrap().unwrap();
            plan.arm(Fault {
                after,
                stays: true,
                done,
                errno: nix::libc::ENOSPC,
            });
            let context = format!("call {after}, done {done}");
            let revoked = bench
                .store
                .revoke_client(address("abc/laptop"), who("root"))
                .await;
            if revoked.is_ok() {
                plan.lift();
                break;
            }
            assert!(
                matches!(revoked, Err(Rejected::Unavailable(_))),
                "{context}"
            );
            assert_eq!(follow.borrow().client.as_ref().unwrap().revoked, None);
            let enrolled = bench.enrol(customer, "other").await.unwrap_err();
            assert_eq!(enrolled, Refusal::StoreUnavailable, "{context}");
            plan.lift();

            bench.edit("abc", &[("phone", "1")]).await.unwrap();
            // The commit that failed may be there all the same; then it was published before anything else happened.
            let there = follow.borrow().client.as_ref().unwrap().revoked.is_some();
            assert_eq!(bench.entries("client revoke").await, usize::from(there));
            let counted = if there { &mut durable } else { &mut lost };
            *counted += 1;
            for _ in 0..2 {
                let state = bench.state(customer, "laptop").await.unwrap();
                let revoked = state.client.as_ref().unwrap().revoked.is_some();
                assert_eq!(revoked, there, "{context}");
                assert_eq!(bench.verify().await, Ok(3 + u64::from(there)), "{context}");
                assert_eq!(bench.store.tree().customer("abc").unwrap().phone, "1");
                bench.reopen().await;
            }
        }
    }
    assert!(durable > 0 && lost > 0, "{durable} durable, {lost} lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_stay_exact_while_commits_fail() {
    let plan = Plan::default();
    let bench = Arc::new(Bench::on(plan.storage()));
    let limits = [
        ("automatically_add_clients", "yes"),
        ("maximum_client_limit", "20"),
    ];
    let customer = bench.customer("ABC", &limits).await;
    let mut new = 0;
    for round in 0..10 {
        plan.arm(Fault {
            after: 2 + round * 3,
            stays: false,
            done: round % 2 == 0,
            errno: nix::libc::EIO,
        });
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let (bench, id) = (bench.clone(), format!("c{round}-{number}"));
                tokio::spawn(async move { bench.enrol(customer, &id).await })
            })
            .collect();
        for task in tasks {
            new += usize::from(task.await.unwrap().is_ok());
        }
    }
    plan.lift();
    assert_eq!(new, 20);
    assert_eq!(bench.store.tree().clients(customer), 20);
    assert_eq!(bench.entries("client enrol").await, 20);
    let stored = bench.store.read(Reader::client_count).await.unwrap();
    assert_eq!(stored, 20);
}

#[tokio::test]
async fn a_failed_commit_leaves_no_half_of_a_debit() {
    use penstock_policy::mcal::Account;
    let (mut durable, mut lost) = (0, 0);
    for done in [false, true] {
        for after in 0..30 {
            let plan = Plan::default();
            let mut bench = Bench::on(plan.storage());
            let customer = bench.customer("ABC", &[("mcals", "7")]).await;
            let client = bench.client("abc", "laptop").await.id;
            plan.arm(Fault {
                after,
                stays: true,
                done,
                errno: ERRNOS[usize::from(done)],
            });
            let context = format!("call {after}, done {done}");
            let charged = bench.charge(client).await;
            plan.lift();
            if charged.is_ok() {
                break;
            }
            assert_eq!(charged, Err(Refusal::StoreUnavailable), "{context}");
            bench.reopen().await;
            let state = bench.state(customer, "laptop").await.unwrap();
            let there = state.client.as_ref().unwrap().paid.is_some();
            let counted = if there { &mut durable } else { &mut lost };
            *counted += 1;
            for debits in [u64::from(there), 1] {
                let ledger = bench.ledger(Account::Customer, customer).await;
                assert_eq!(ledger.len(), usize::from(debits == 1) + 1, "{context}");
                let tree = bench.store.tree();
                let own = bench.record(customer).drawn;
                assert_eq!((own.number, own.clients), (debits, debits), "{context}");
                assert_eq!(tree.server.drawn.units, debits, "{context}");
                // Asked again it is debited once, whether the first time held or not.
                bench.charge(client).await.unwrap();
                bench.charge(client).await.unwrap();
            }
        }
    }
    assert!(durable > 0 && lost > 0, "{durable} durable, {lost} lost");
}
