//! Bodies that clients send: admitted first, paid piece by piece, stored whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use penstock_policy::admit::Act;
use penstock_policy::levels::Direction;
use penstock_policy::mcal::Month;
use penstock_policy::protocol::Kind;
use penstock_policy::refusal::Refusal;
use penstock_policy::space::Purpose;

use super::Gateway;
use super::answer::{self, Answer, Fault};
use super::crowd::Who;
use super::line::Line;
use super::serve::Visit;
use crate::live::{Doing, Place, Request};
use crate::space::Work;
use crate::store::COUNTED;
use crate::throttle::Payer;
use crate::vault::{Finished, ObjectName, Upload, VaultError};

/// Longest object, in bytes: restic's largest pack is 128 MiB, an index can pass 100 MB.
const MAX_OBJECT: u64 = 4 * 1024 * 1024 * 1024;

/// Longest config and key, in bytes.
const MAX_SMALL_OBJECT: u64 = 64 * 1024;

/// Longest lock, in bytes: restic's have a few hundred.
const MAX_LOCK: u64 = 16 * 1024;

/// How long an upload waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// What has to come while a client is waited for as long as one may be silent: less is a drip that holds a place.
const LEAST_IN_A_STALL: usize = 4096;

/// What is collected before it is written, when a body is throttled and there may be thousands.
const PACED_BATCH: usize = 64 * 1024;

/// What is collected before it is written, otherwise.
const BATCH: usize = 1024 * 1024;

/// What an upload is let in with; all of it goes back when it is dropped.
struct Entry {
    act: Act,
    request: Option<Request>,
    /// Holds what is reserved.
    work: Work,
    /// The month that the client is still to be debited for.
    debit: Option<Month>,
    /// What it has done when it is stored.
    does: Option<Doing>,
}

/// Takes a repository's config; there is only ever one.
///
/// # Errors
/// When a rule refuses it or it can't be stored; then nothing is.
pub async fn config(
    gateway: &Arc<Gateway>,
    line: &Arc<Line>,
    place: &Place,
    visit: &Visit,
    body: &mut Incoming,
) -> Result<Answer, Fault> {
    let length = bounded(visit.length()?, MAX_SMALL_OBJECT)?;
    let schedule = place.ready_schedule().ok_or(Fault::NotFound)?;
    let act = Act::PostConfig;
    place.admit(act)?;
    let repository = gateway.repository(&schedule).await?;
    let work = gateway.store.begin_work(schedule.id, false).await?;
    let mut entry = Entry {
        act,
        request: gateway.live.join(schedule.id),
        work,
        debit: None,
        does: None,
    };
    let upload = repository.begin_config(length).await?;
    reserve(place, &mut entry, length, Purpose::Upkeep)?;
    gateway.store.mark(&entry.work).await?;
    receive(gateway, line, place, entry, upload, body).await?;
    Ok(answer::empty(StatusCode::OK))
}

/// Takes an object.
///
/// # Errors
/// When a rule refuses it, now or in mid-stream, or it can't be stored; then nothing is.
pub async fn object(
    gateway: &Arc<Gateway>,
    line: &Arc<Line>,
    place: &Place,
    visit: &Visit,
    (kind, name): (Kind, ObjectName),
    body: &mut Incoming,
) -> Result<Answer, Fault> {
    let most = match kind {
        Kind::Locks => MAX_LOCK,
        Kind::Keys => MAX_SMALL_OBJECT,
        Kind::Data | Kind::Index | Kind::Snapshots => MAX_OBJECT,
    };
    let length = bounded(visit.length()?, most)?;
    let schedule = place.ready_schedule().ok_or(Fault::NotFound)?;
    let act = Act::Post(kind);
    let mut month = gateway.live.month(place, schedule.id);
    let mut permit = place.admit_in(act, month)?;
    let repository = gateway.repository(&schedule).await?;
    let work = gateway
        .store
        .begin_work(schedule.id, kind == Kind::Locks)
        .await?
        .of_data(kind == Kind::Data);
    // A repository's first key is no backup yet: only what belongs to one begins a session.
    let request = if kind == Kind::Keys {
        gateway.live.join(schedule.id)
    } else {
        Some(gateway.live.enter(place, &schedule)?)
    };
    if let Some(request) = &request
        && request.session().month() != month
    {
        // The month ended, or the backup did, between the two questions.
        month = request.session().month();
        permit = place.admit_in(act, month)?;
    }
    let mut entry = Entry {
        act,
        request,
        work,
        debit: month.filter(|_| permit.debits()),
        does: match kind {
            Kind::Locks => Some(Doing::Locked(name)),
            Kind::Data | Kind::Index => Some(Doing::Stored),
            Kind::Snapshots => Some(Doing::Snapshot),
            Kind::Keys => None,
        },
    };
    let upload = repository.begin_upload(kind, name, length).await?;
    let purpose = Purpose::of(kind, gateway.live.prunes(schedule.id));
    if upload.needs_space() {
        // Who waits for a count holds no turn, and who waits for its turn holds no space.
        let books = gateway.store.books();
        let fits = || place.fits(books.taken_by(schedule.id), length, purpose);
        books.once_counted(COUNTED, fits).await?;
    }
    // Locks and keys never wait.
    let _turn = if kind.pays() {
        Some(turn(gateway, place).await?)
    } else {
        None
    };
    // What is there with the same size is hashed and compared, and needs nothing: a retry succeeds when all is full.
    if upload.needs_space() {
        reserve(place, &mut entry, length, purpose)?;
        gateway.takes(&schedule.location, length, purpose).await?;
        gateway.store.mark(&entry.work).await?;
    }
    // The last question: who is refused isn't debited. Durable before the first byte is read.
    if let Some(month) = entry.debit {
        place.admit_in(act, Some(month))?;
        gateway.store.charge(place.client_number, month).await?;
    }
    let unfitted = receive(gateway, line, place, entry, upload, body).await?;
    let mut answer = answer::empty(StatusCode::OK);
    if unfitted {
        answer::close(&mut answer);
    }
    Ok(answer)
}

/// Takes the space at every level at once.
fn reserve(place: &Place, entry: &mut Entry, length: u64, purpose: Purpose) -> Result<(), Refusal> {
    let fits = |taken| place.fits(taken, length, purpose);
    entry.work.reserve(length, fits)
}

fn bounded(length: u64, most: u64) -> Result<u64, Fault> {
    if length > most {
        return Err(Fault::Bad(format!("the body is longer than {most} bytes")));
    }
    Ok(length)
}

/// Takes the whole body in and stores it; an edit that bars it meanwhile cuts it. True when the connection is better
/// closed afterwards.
async fn receive(
    gateway: &Gateway,
    line: &Line,
    place: &Place,
    entry: Entry,
    mut upload: Upload,
    body: &mut Incoming,
) -> Result<bool, Fault> {
    let act = entry.act;
    let request = entry.request.as_ref();
    let pays = matches!(act, Act::Post(kind) if kind.pays());
    let payer = request
        .filter(|_| pays)
        .map(|request| request.session().pacer(Direction::Backup).payer());
    let stalled = gateway.settings().stalled_body_timeout;
    let mut pull = Pull {
        line,
        stalled,
        payer: payer.as_ref(),
        request,
        waited: Duration::ZERO,
        came: 0,
    };
    let taken = tokio::select! {
        biased;
        refusal = place.barred(act) => Err(refusal.into()),
        taken = pull.take(&mut upload, body) => taken,
    };
    match taken {
        Ok(unfitted) => {
            // What is stored is also counted, whether somebody waits for the answer or not.
            gateway.live.outlasting(store(upload, entry)).await??;
            Ok(unfitted)
        }
        Err(fault) => {
            upload.abort().await;
            Err(fault)
        }
    }
}

/// Gives the object its name, and makes what was reserved for it used; or gives that back.
async fn store(upload: Upload, entry: Entry) -> Result<(), VaultError> {
    let Entry {
        work,
        request,
        does,
        ..
    } = entry;
    let finished = {
        let _disk = request
            .as_ref()
            .map(|request| request.session().waits_for_disk());
        upload.finish().await
    };
    match &finished {
        Ok(Finished::Stored) | Err(VaultError::Unsynced { .. }) => work.stored(),
        Ok(Finished::AlreadyThere) | Err(_) => drop(work),
    }
    finished?;
    if let Some((request, doing)) = request.as_ref().zip(does) {
        request.session().did(doing);
    }
    Ok(())
}

/// A body's turn among all uploads; no customer has more than a quarter of them.
async fn turn(gateway: &Gateway, place: &Place) -> Result<impl Sized, Fault> {
    let most = gateway.settings().uploads;
    let (customer, _) = place.customer().map_err(|_| Refusal::ClientRemoved)?;
    let own = gateway
        .crowd
        .enter(Who::Uploads(customer), most.div_ceil(4));
    let own = own.ok_or(Refusal::Busy)?;
    let turn = tokio::time::timeout(TURN, gateway.crowd.upload(most)).await;
    let turn = turn.map_err(|_| Refusal::Busy)?.ok_or(Refusal::Draining)?;
    Ok((own, turn))
}

/// A body being pulled piece by piece.
struct Pull<'a> {
    line: &'a Line,
    stalled: Duration,
    payer: Option<&'a Payer>,
    request: Option<&'a Request>,
    /// How long the client was waited for, and what came meanwhile, since it was last looked at.
    waited: Duration,
    came: usize,
}

impl Pull<'_> {
    /// Each piece is paid for before it is taken further, and nothing is read meanwhile. True when the connection is
    /// better closed afterwards.
    async fn take(&mut self, upload: &mut Upload, body: &mut Incoming) -> Result<bool, Fault> {
        let mut unfitted = false;
        loop {
            if let Some(payer) = self.payer {
                let share = payer.pacer().share();
                unfitted = self.line.fit(share);
                upload.set_batch(if share.is_some() { PACED_BATCH } else { BATCH });
            }
            let Some(piece) = self.piece(body).await? else {
                return Ok(unfitted);
            };
            match (self.payer, self.request) {
                (Some(payer), _) => payer.pay(piece.len() as u64).await,
                (None, Some(request)) => request.session().pay_small(piece.len() as u64).await,
                (None, None) => {}
            }
            let _disk = self
                .request
                .map(|request| request.session().waits_for_disk());
            upload.write(piece).await?;
        }
    }

    /// The next piece; none at the end. Only the client's own silence is timed: nothing is awaited here while we
    /// throttle. A body that only drips is a silent one.
    async fn piece(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Fault> {
        loop {
            let began = tokio::time::Instant::now();
            let frame = tokio::time::timeout(self.stalled, body.frame()).await;
            let Some(frame) = frame.map_err(|_| Fault::Stalled)? else {
                return Ok(None);
            };
            let frame =
                frame.map_err(|error| Fault::Bad(format!("the body broke off: {error}")))?;
            self.waited += began.elapsed();
            self.came += frame.data_ref().map_or(0, Bytes::len);
            if self.waited >= self.stalled {
                if self.came < LEAST_IN_A_STALL {
                    return Err(Fault::Stalled);
                }
                (self.waited, self.came) = (Duration::ZERO, 0);
            }
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }
}
