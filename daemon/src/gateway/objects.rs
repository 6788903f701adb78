//! Fourth step: what is asked of a repository, apart from bodies.

use std::sync::Arc;

use http::header::{ACCEPT_RANGES, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use penstock_policy::admit::Act;
use penstock_policy::protocol::Kind;
use penstock_policy::record::Schedule;
use penstock_policy::refusal::{Class, Refusal};
use penstock_policy::space::Purpose;

use super::answer::{self, Answer, Fault};
use super::line::Line;
use super::route::Wanted;
use super::serve::Visit;
use super::{Gateway, download, list};
use crate::live::{Doing, Place};
use crate::store::NewSchedule;
use crate::vault::{ObjectName, RepoFolder, VaultError};

/// Folder names that are tried for a new schedule.
const MOST_FOLDERS: usize = 100;

/// Whether the request makes a repository: the only thing its path is good for.
///
/// # Errors
/// When it is another method or lacks `create=true`.
pub fn is_create(visit: &Visit) -> Result<(), Fault> {
    if visit.method != Method::POST {
        return Err(Fault::Method("POST"));
    }
    let query = visit.query.as_deref().unwrap_or_default();
    if !query.split('&').any(|pair| pair == "create=true") {
        return Err(Fault::Bad("a repository is made with ?create=true".into()));
    }
    Ok(())
}

/// Makes the repository; one that exists is answered the same.
///
/// # Errors
/// When a rule refuses it or the location isn't there; then nothing is made.
pub async fn create(gateway: &Arc<Gateway>, place: &Place) -> Result<Answer, Fault> {
    if let Some(schedule) = place.ready_schedule() {
        gateway.repository(&schedule).await?;
        return Ok(answer::empty(StatusCode::OK));
    }
    place.admit_in(Act::Create, place.month())?;
    let location_name = place.location().map_err(|_| Refusal::ClientRemoved)?;
    // Asked before the record is made: an unmounted disk leaves no trace.
    room_for_new(gateway, place, &location_name).await?;
    let (client, name) = (place.client_number, place.schedule.clone());
    let mut schedule = gateway
        .store
        .create_schedule(NewSchedule {
            client,
            name: name.clone(),
            location: location_name,
        })
        .await?;
    for _ in 0..MOST_FOLDERS {
        // Made already, perhaps by another request in the meantime.
        if schedule.ready {
            return Ok(answer::empty(StatusCode::OK));
        }
        let folder = RepoFolder::parse(&schedule.folder)?;
        let location = gateway.location(&schedule.location)?;
        match location.create_repository(&folder).await {
            Ok(_) => {
                gateway.store.schedule_ready(client, name).await?;
                return Ok(answer::empty(StatusCode::OK));
            }
            // Records brought back from an older copy must not hand a new client another's repository.
            Err(VaultError::FolderTaken(folder)) => {
                tracing::warn!(%folder, "a folder without a record holds something; the next name is taken");
                let taken = schedule.folder.clone();
                schedule = gateway
                    .store
                    .another_folder(client, name.clone(), taken)
                    .await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Fault::Internal(format!(
        "no free folder was found beside {}",
        schedule.folder
    )))
}

/// HEAD, GET, lists and DELETE.
///
/// # Errors
/// When a rule refuses it, it isn't there, or the method isn't one of these.
pub async fn look_or_delete(
    gateway: &Arc<Gateway>,
    line: &Arc<Line>,
    place: &Place,
    visit: &Visit,
) -> Result<Answer, Fault> {
    let head = visit.method == Method::HEAD;
    match (visit.wanted, &visit.method) {
        (Wanted::Object(kind, name), &Method::DELETE) => delete(gateway, place, kind, name).await,
        (Wanted::List(kind), &Method::GET | &Method::HEAD) => {
            let schedule = schedule(gateway, place).await?;
            let _session = gateway.live.join(schedule.id);
            let listing = gateway.repository(&schedule).await?.list(kind).await?;
            Ok(list::answer(
                listing,
                place,
                &visit.headers,
                line.busy(),
                head,
            ))
        }
        (Wanted::Config | Wanted::Object(..), &Method::GET) => {
            download::get(gateway, line, place, visit).await
        }
        (Wanted::Config | Wanted::Object(..), &Method::HEAD) => stat(gateway, place, visit).await,
        (Wanted::Object(..), _) => Err(Fault::Method("GET, HEAD, POST, DELETE")),
        (Wanted::Config, _) => Err(Fault::Method("GET, HEAD, POST")),
        (Wanted::List(_), _) => Err(Fault::Method("GET, HEAD")),
        (Wanted::Repository | Wanted::Register, _) => Err(Fault::Method("POST")),
    }
}

/// The schedule, or what restic is to read at its first HEAD of config where none exists.
///
/// # Errors
/// A refusal if making it would be refused, else not found.
pub async fn schedule(gateway: &Gateway, place: &Place) -> Result<Arc<Schedule>, Fault> {
    place.admit_in(Act::Read, place.month())?;
    if let Some(schedule) = place.ready_schedule() {
        return Ok(schedule);
    }
    let location = place.location().map_err(|_| Refusal::ClientRemoved)?;
    room_for_new(gateway, place, &location).await?;
    Err(Fault::NotFound)
}

async fn room_for_new(gateway: &Gateway, place: &Place, location: &str) -> Result<(), Fault> {
    let (customer, _) = place.customer().map_err(|_| Refusal::ClientRemoved)?;
    let fits = || {
        let books = gateway.store.books();
        let taken = books.taken(customer, Some(place.client_number));
        place.fits(taken, 1, Purpose::Data)
    };
    gateway.has_room(location, fits).await
}

async fn stat(gateway: &Gateway, place: &Place, visit: &Visit) -> Result<Answer, Fault> {
    let schedule = schedule(gateway, place).await?;
    let _session = gateway.live.join(schedule.id);
    let repository = gateway.repository(&schedule).await?;
    let length = match visit.wanted {
        Wanted::Object(kind, name) => repository.stat(kind, name).await?,
        _ => repository.stat_config().await?,
    };
    let mut answer = answer::empty(StatusCode::OK);
    answer::length(&mut answer, length.ok_or(Fault::NotFound)?);
    let headers = answer.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    Ok(answer)
}

async fn delete(
    gateway: &Gateway,
    place: &Place,
    kind: Kind,
    name: ObjectName,
) -> Result<Answer, Fault> {
    let schedule = place.ready_schedule().ok_or(Fault::NotFound)?;
    let admitted = place.admit(Act::Delete(kind));
    let repository = match &admitted {
        Err(refusal) if refusal.class() != Class::Forbidden => return Err(refusal.clone().into()),
        _ => gateway.repository(&schedule).await?,
    };
    if let Err(refusal) = admitted {
        // What isn't there can be deleted by anyone: restic asks for that after every failed POST.
        return match repository.stat(kind, name).await? {
            None => Ok(answer::empty(StatusCode::OK)),
            Some(_) => Err(refusal.into()),
        };
    }
    let work = gateway.store.work(schedule.id, kind == Kind::Locks).await?;
    let work = work.of_data(kind == Kind::Data);
    let (live, request) = (gateway.live.clone(), gateway.live.join(schedule.id));
    // What is deleted is also counted, whether somebody waits for the answer or not.
    let deleting = async move {
        let deleted = repository.delete(kind, name).await;
        let freed = match &deleted {
            Ok(freed) => *freed,
            Err(VaultError::Unsynced { bytes, .. }) => Some(*bytes),
            Err(_) => None,
        };
        if let Some(bytes) = freed {
            work.freed(bytes);
            if kind == Kind::Snapshots {
                live.forgot(schedule.id);
            }
        }
        if let Some(request) = &request {
            match kind {
                Kind::Locks => request.session().did(Doing::Unlocked(name)),
                _ if freed.is_some() => request.session().did(Doing::Deleted),
                _ => {}
            }
        }
        deleted
    };
    gateway.live.outlasting(deleting).await??;
    Ok(answer::empty(StatusCode::OK))
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal,
            _ => Self::StoreUnavailable,
        }
    }
}
