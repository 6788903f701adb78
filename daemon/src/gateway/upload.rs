//! Bodies that clients send: admitted first, paid piece by piece, stored whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use penstock_policy::admit::Act;
use penstock_policy::levels::Direction;
use penstock_policy::protocol::Kind;
use penstock_policy::refusal::Refusal;

use super::Gateway;
use super::answer::{self, Answer, Fault};
use super::line::Line;
use super::serve::Visit;
use crate::live::{Doing, Place, Request};
use crate::throttle::Payer;
use crate::vault::{ObjectName, Upload};

/// Longest object, in bytes: restic's largest pack is 128 MiB, an index can pass 100 MB.
const MAX_OBJECT: u64 = 4 * 1024 * 1024 * 1024;

/// Longest config and key, in bytes.
const MAX_SMALL_OBJECT: u64 = 1024 * 1024;

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
    let most = if kind.pays() {
        MAX_OBJECT
    } else {
        MAX_SMALL_OBJECT
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
    let settings = gateway.settings();
    let turn = gateway.crowd.upload(settings.uploads).await;
    let _turn = turn.ok_or(Refusal::Draining)?;
    let stalled = settings.stalled_body_timeout;
    let taken = tokio::select! {
        biased;
        refusal = place.barred(act) => Err(refusal.into()),
        taken = take(line, stalled, &mut upload, payer.as_ref(), request, body) => taken,
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

/// Pulls the body piece by piece: each is paid for before it is taken further, and nothing is read meanwhile.
async fn take(
    line: &Line,
    stalled: Duration,
    upload: &mut Upload,
    payer: Option<&Payer>,
    request: Option<&Request>,
    body: &mut Incoming,
) -> Result<bool, Fault> {
    let mut unfitted = false;
    loop {
        if let Some(payer) = payer {
            let share = payer.pacer().share();
            unfitted = line.fit(share);
            upload.set_batch(if share.is_some() { PACED_BATCH } else { BATCH });
        }
        // Only the client's own silence is timed: nothing is awaited here while we throttle.
        let frame = tokio::time::timeout(stalled, body.frame());
        let Some(frame) = frame.await.map_err(|_| Fault::Stalled)? else {
            return Ok(unfitted);
        };
        let frame = frame.map_err(|error| Fault::Bad(format!("the body broke off: {error}")))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if let Some(payer) = payer {
            payer.pay(piece.len() as u64).await;
        }
        let _disk = request.map(|request| request.session().waits_for_disk());
        upload.write(piece).await?;
    }
}
