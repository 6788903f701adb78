//! What is going on, and what runs.

use penstock_wire::reply::Answer;
use penstock_wire::view::{Attention, RefusalView, Severity, Status};

use super::Admin;
use super::attention::Watchman;
use super::census::{Census, DAY, before, census};
use super::failure::Fault;
use super::page::page;
use super::{locations, snapshots};

/// Most things that are named as needing attention.
const MOST_ATTENTION: usize = 100;

/// What is going on and what needs attention.
pub(super) async fn status(admin: &Admin) -> Result<Answer, Fault> {
    let context = &admin.context;
    let census = census(admin).await?;
    let now = admin.now();
    let tree = context.store.tree();
    let running = context.live.running();
    let since = before(now, DAY);
    let refused: Vec<RefusalView> = context
        .refusals
        .rows()
        .into_iter()
        .take_while(|row| row.last >= since)
        .collect();
    let mut day = census.day;
    for session in &running {
        day.bytes_in += session.bytes_in;
        day.bytes_out += session.bytes_out;
    }
    day.refusals = u64::try_from(refused.len()).unwrap_or(u64::MAX);
    let locations = locations::views(admin, &tree).await?;
    let watchman = Watchman {
        now,
        tree: &tree,
        locations: &locations,
        refused: &refused,
    };
    let mut attention = watchman.look(admin).await;
    attention.extend(silence(&census));
    attention.sort_by_key(|attention| std::cmp::Reverse(attention.severity));
    attention.truncate(MOST_ATTENTION);
    Ok(Answer::Status(Status {
        version: context.version.clone(),
        started: context.started,
        draining: context.draining.is_cancelled(),
        customers: u64::try_from(tree.customers.size()).unwrap_or(u64::MAX),
        clients: census.clients,
        schedules: census.schedules,
        running: u64::try_from(running.len()).unwrap_or(u64::MAX),
        rate: running.iter().map(|session| session.rate).sum(),
        last_day: day,
        used_space: context.store.books().server().used,
        trash_space: context.store.books().trash(),
        space_snapshot: snapshots::space(tree.server_share()),
        locations,
        mcals: snapshots::bank(&tree, now),
        silent: census.silent.clone(),
        attention,
        zone: tree.server.time_zone.to_string(),
    }))
}

fn silence(census: &Census) -> Option<Attention> {
    let text = match census.silent_count {
        0 => return None,
        1 => "1 client has made no backup for a week".to_owned(),
        count => format!("{count} clients have made no backup for a week"),
    };
    Some(Attention {
        severity: Severity::Warning,
        text,
        remedy: "penstockctl status lists them; look at the client's own log, or remove it"
            .to_owned(),
    })
}

/// The running backups. Those that don't fit a reply are left out.
pub(super) fn top(admin: &Admin) -> Answer {
    let running = admin.context.live.running();
    let rest = running
        .into_iter()
        .map(|session| (session.address.clone(), session));
    Answer::Top(page(rest, usize::MAX))
}
