//! Bodies that clients send: admitted first, paid piece by piece, stored whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use penstock_policy::admit::Act;
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;
use penstock_policy::refusal::Refusal;

use super::Gateway;
use super::answer::{self, Answer, Fault};
use super::crowd::Who;
use super::line::Line;
use super::serve::Visit;
use crate::live::{Doing, Place, Request};
use crate::throttle::Payer;
use crate::vault::{ObjectName, Upload};

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
    place.admit(Act::PostConfig)?;
    let repository = gateway.repository(&schedule).await?;
    let request = gateway.live.join(schedule.id);
    let upload = repository.begin_config(length).await?;
    receive(
        gateway,
        line,
        place,
        Act::PostConfig,
        upload,
        request.as_ref(),
        body,
    )
    .await?;
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
    place.admit(act)?;
    let repository = gateway.repository(&schedule).await?;
    // A repository's first key is no backup yet: only what belongs to one begins a session.
    let request = if kind == Kind::Keys {
        gateway.live.join(schedule.id)
    } else {
        Some(gateway.live.enter(place, &schedule)?)
    };
    let upload = repository.begin_upload(kind, name, length).await?;
    let unfitted = receive(gateway, line, place, act, upload, request.as_ref(), body).await?;
    if let Some(request) = &request {
        match kind {
            Kind::Locks => request.session().did(Doing::Locked(name)),
            Kind::Data | Kind::Index => request.session().did(Doing::Stored),
            Kind::Snapshots => request.session().did(Doing::Snapshot),
            Kind::Keys => {}
        }
    }
    let mut answer = answer::empty(StatusCode::OK);
    if unfitted {
        answer::close(&mut answer);
    }
    Ok(answer)
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
    act: Act,
    mut upload: Upload,
    request: Option<&Request>,
    body: &mut Incoming,
) -> Result<bool, Fault> {
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
    let take = async {
        // Locks, keys and config never wait.
        let _turn = if pays {
            Some(turn(gateway, place).await?)
        } else {
            None
        };
        pull.take(&mut upload, body).await
    };
    let taken = tokio::select! {
        biased;
        refusal = place.barred(act) => Err(refusal.into()),
        taken = take => taken,
    };
    match taken {
        Ok(unfitted) => {
            let _disk = request.map(|request| request.session().waits_for_disk());
            upload.finish().await?;
            Ok(unfitted)
        }
        Err(fault) => {
            upload.abort().await;
            Err(fault)
        }
    }
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
