//! Serving, from the store's opening to its close.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use penstock_policy::throttle::Zone;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::locations;
use super::reload::{Origin, settings};
use super::tasks::Tasks;
use super::{Passed, RunError};
use crate::admin::{self, Admin};
use crate::clock::Clock;
use crate::config::Config;
use crate::events::Events;
use crate::gateway::{self, Crowd, Disks, Doorkeeper, Gateway, Limiter};
use crate::listen::tcp;
use crate::listen::tls::Certificates;
use crate::live::{self, Live, Refusals};
use crate::secrets::{self, Hasher};
use crate::store::{Options, Store, Writer, day_of};
use crate::system::notify::Notifier;
use crate::system::signals::{Signal, Signals};

/// How often the service manager is told how things are.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// How often is looked whether a day's samples are still to be kept.
const SAMPLES_EVERY: Duration = Duration::from_secs(300);

/// How often the trash is looked at.
const TRASH_EVERY: Duration = Duration::from_secs(3600);

/// Opens everything, serves until a signal, and closes everything in order: the writer is the last to stop.
///
/// # Errors
/// When something can't be opened, or a task ended by itself.
pub async fn serve(mut origin: Origin, passed: Passed) -> Result<(), RunError> {
    let notifier = Arc::new(Notifier::from_environment()?);
    let mut signals = Signals::new()?;
    let clock = Clock::system();
    let events = Events::new();

    let (store, writer) = open_store(&origin.config, &clock, &events)?;
    let places = locations::open(&store, &origin.config.main_location).await?;
    let live = Live::new(clock.clone(), store.clone(), events.clone());
    let saved = store
        .read(|reader| reader.refusals())
        .await
        .unwrap_or_default();
    let refusals = Refusals::new(clock.clone(), events.clone(), saved);
    let hasher = Hasher::new();
    let (publish, followed) = watch::channel(Arc::new(settings(&origin.config)));
    let (publish_roots, roots) = watch::channel(origin.config.location_roots.clone());
    let certificates = match &origin.config.tls {
        Some(tls) => Some(Certificates::new(Arc::clone(&tls.certified))?),
        None => None,
    };
    let limits = &origin.config.limits;
    let limiter = Limiter::new(
        &clock,
        limits.failures_per_client,
        limits.failures_per_source,
    );
    let gateway = Arc::new(Gateway {
        store: store.clone(),
        live: live.clone(),
        refusals: refusals.clone(),
        locations: places.clone(),
        disks: Disks::default(),
        doorkeeper: Doorkeeper::new(store.clone(), hasher.clone(), limiter)?,
        clock: clock.clone(),
        crowd: Crowd::new(limits.uploads),
        settings: followed,
    });

    let drain = CancellationToken::new();
    let cut = CancellationToken::new();
    let stop = CancellationToken::new();
    let admin = Admin::new(admin::Context {
        store: store.clone(),
        live: live.clone(),
        refusals: refusals.clone(),
        events: events.clone(),
        locations: places,
        state_dir: origin.config.state_dir.clone(),
        roots,
        hasher,
        clock: clock.clone(),
        started: clock.wall(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        draining: drain.clone(),
        audit: store
            .read(|reader| Ok(reader.verify_audit().err()))
            .await
            .ok()
            .flatten(),
        groups: admin::Groups {
            control: origin.config.control_group.clone(),
            view: origin.config.view_group.clone(),
        },
        limits: admin::Limits {
            connections: limits.admin_connections,
            timeout: limits.admin_timeout,
        },
        forgive: forgiving(&gateway),
        certificate_end: {
            let certificates = certificates.clone();
            Arc::new(move || certificates.as_ref()?.ends())
        },
    });
    admin::trash::finish_pending(&admin).await;

    let Passed {
        tcp: passed_ports,
        control,
        view,
    } = passed;
    let ports = bind_ports(&origin.config, passed_ports)?;
    let config = &origin.config;
    let control = match control {
        Some(socket) => admin::Listener::passed(socket),
        None => admin::Listener::bind(&config.control_socket, config.control_group.as_deref())?,
    };
    let view = match view {
        Some(socket) => admin::Listener::passed(socket),
        None => admin::Listener::bind(&config.view_socket, config.view_group.as_deref())?,
    };

    let mut data = Tasks::default();
    for port in ports {
        tracing::info!(address = %port.local_addr()?, tls = certificates.is_some(), "serving backups");
        let (gateway, certificates) = (Arc::clone(&gateway), certificates.clone());
        data.spawn(
            "a data port",
            gateway::accept(gateway, port, certificates, drain.clone(), cut.clone()),
        );
    }
    let mut house = Tasks::default();
    for (listener, socket) in [
        (control, admin::Socket::Control),
        (view, admin::Socket::View),
    ] {
        let (admin, stop) = (Arc::clone(&admin), stop.clone());
        house.spawn("an admin socket", async move {
            if let Err(error) = admin::serve(listener, socket, admin, stop).await {
                tracing::error!(%error, "an admin socket failed");
            }
        });
    }
    house.spawn("the sessions' keeper", live.clone().tend(stop.clone()));
    house.spawn(
        "the refusals' keeper",
        refusals.keep_saved(store.clone(), stop.clone()),
    );
    house.spawn(
        "the figures' keeper",
        live::keep_figures(store.clone(), stop.clone()),
    );
    house.spawn(
        "the counter",
        live::recount(store.clone(), gateway.locations.clone(), stop.clone()),
    );
    house.spawn(
        "the trash's keeper",
        keep_trash(Arc::clone(&admin), stop.clone()),
    );
    house.spawn(
        "the samples' keeper",
        keep_samples(store.clone(), clock.clone(), stop.clone()),
    );
    house.spawn(
        "the manager's reporter",
        report(
            Arc::clone(&notifier),
            store.clone(),
            live.clone(),
            stop.clone(),
        ),
    );

    notifier.ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), state = %origin.config.state_dir.display(), "ready");
    let ended = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Reload => {
                    notifier.reloading();
                    origin.reload(&publish, &publish_roots, certificates.as_ref());
                    notifier.ready();
                }
                Signal::Drain => break Ok(()),
            },
            name = data.ended() => break Err(RunError::TaskEnded(name)),
            name = house.ended() => break Err(RunError::TaskEnded(name)),
        }
    };

    let grace = origin.config.limits.drain_timeout;
    tracing::info!(running = live.running().len(), grace = ?grace, "stopping: nothing new is taken");
    notifier.stopping();
    notifier.extend_timeout(grace + Duration::from_secs(30));
    live.drain();
    drain.cancel();
    let finishing = data.finish();
    tokio::pin!(finishing);
    if tokio::time::timeout(grace, &mut finishing).await.is_err() {
        tracing::warn!("requests were cut off at the end of their grace");
        cut.cancel();
        finishing.await;
    }
    live.finish().await;
    stop.cancel();
    house.finish().await;
    // Nobody works any more: a start after this counts nothing.
    live::keep(&store).await;
    store.close().await;
    close(writer).await;
    tracing::info!("stopped");
    ended
}

/// Many connections need many descriptors: takes all that the system grants.
pub fn raise_descriptor_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // What the system doesn't grant, the listeners wait for.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

fn open_store(
    config: &Config,
    clock: &Clock,
    events: &Events,
) -> Result<(Store, Writer), RunError> {
    make_state_dir(&config.state_dir)?;
    // Found out before a record would be made with an empty one.
    secrets::generate()?;
    let options = Options {
        state_dir: config.state_dir.clone(),
        clock: clock.clone(),
        events: events.clone(),
        secret: || secrets::generate().unwrap_or_default(),
        time_zone: system_zone(),
    };
    Ok(tokio::task::block_in_place(|| Store::open(options))?)
}

fn make_state_dir(path: &Path) -> Result<(), RunError> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|source| RunError::StateDir {
        path: path.display().to_string(),
        source,
    })
}

/// The machine's zone, if it has a name; kept in the server's record from the first start on.
fn system_zone() -> Zone {
    let zone = jiff::tz::TimeZone::try_system().ok();
    zone.as_ref()
        .and_then(|zone| zone.iana_name())
        .and_then(|name| name.parse().ok())
        .unwrap_or_else(Zone::utc)
}

fn bind_ports(
    config: &Config,
    passed: Vec<std::net::TcpListener>,
) -> Result<Vec<tokio::net::TcpListener>, RunError> {
    let mut ports = Vec::new();
    if passed.is_empty() {
        for address in &config.listen {
            ports.push(tcp::bind(*address)?);
        }
    }
    for port in passed {
        let address = port.local_addr()?;
        if !config.may_listen_on(address) {
            return Err(RunError::Plaintext(address));
        }
        ports.push(port);
    }
    let ports = ports.into_iter().map(tokio::net::TcpListener::from_std);
    Ok(ports.collect::<Result<_, _>>()?)
}

fn forgiving(gateway: &Arc<Gateway>) -> admin::Forgive {
    let gateway = Arc::clone(gateway);
    Arc::new(move |customer, client| {
        let tree = gateway.store.tree();
        if let (Some(customer), Ok(client)) = (tree.customer(customer), client.parse()) {
            gateway.doorkeeper.limiter().forgive(customer.id, &client);
        }
    })
}

/// Tells the service manager how things are, and feeds its watchdog only while the writer answers.
async fn report(notifier: Arc<Notifier>, store: Store, live: Live, stop: CancellationToken) {
    let every = Notifier::watchdog_interval()
        .map_or(STATUS_EVERY, |watchdog| (watchdog / 2).min(STATUS_EVERY));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        notifier.status(&format!("{} backups running", live.running().len()));
        if store.save_refusals(Vec::new(), Vec::new()).await.is_ok() {
            notifier.watchdog();
        }
    }
}

/// Empties the trash of what has been in it for long enough, each hour.
async fn keep_trash(admin: Arc<Admin>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TRASH_EVERY) => admin::trash::expire(&admin).await,
        }
    }
}

/// Keeps each day what every schedule uses: soon after midnight in the server's zone, and after a start if today's
/// samples are missing. What was still being counted is looked at again.
async fn keep_samples(store: Store, clock: Clock, stop: CancellationToken) {
    let mut kept = None;
    loop {
        let now = clock.wall();
        let today = day_of(now, &store.tree().server.time_zone);
        if kept != Some(today) {
            match store.sample(now).await {
                Ok(true) => kept = Some(today),
                Ok(false) => {}
                Err(refusal) => {
                    tracing::warn!(cause = refusal.cause(), "no samples of used space");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SAMPLES_EVERY) => {}
        }
    }
}

async fn close(writer: Writer) {
    // The thread's end is what is waited for; that it can't be joined would say nothing more.
    let _ = tokio::task::spawn_blocking(|| writer.join()).await;
}
