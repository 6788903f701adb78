//! Lists of records as tables.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use penstock_policy::units::human;
use penstock_wire::view::{
    AuditEntry, ClientLine, CustomerLine, RefusalView, ResellerView, ScheduleLine, SessionView,
    TrashItem,
};

use super::table::Table;
use super::{Look, held_by, number_or, rate, shown, yes_no};
use crate::moment;

fn newest(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(|| "never".to_owned(), |at| moment::minute(at, zone))
}

/// All resellers.
pub fn resellers(views: &[ResellerView], look: Look) -> String {
    let mut table = Table::new(&[
        "RESELLER",
        "NAME",
        ">CUSTOMERS",
        "ACTIVATED",
        ">SPACE",
        ">USED",
        ">MCALS",
        ">LEFT",
        "THROTTLE",
    ]);
    for view in views {
        let field = |name| {
            view.fields
                .get(name)
                .map_or_else(String::new, ToString::to_string)
        };
        table.row([
            view.short_name.clone(),
            view.name.clone(),
            view.customers.to_string(),
            field("activated"),
            field("space"),
            human(view.used_space),
            field("mcals"),
            number_or(view.mcals_left, ""),
            field("throttle"),
        ]);
    }
    table.render(look)
}

/// All customers.
pub fn customers(lines: &[CustomerLine], look: Look) -> String {
    let mut table = Table::new(&[
        "CUSTOMER",
        "NAME",
        "RESELLER",
        "ACTIVATED",
        ">CLIENTS",
        ">LIMIT",
        ">SPACE",
        ">USED",
        ">MCALS",
        ">RUNNING",
        "THROTTLE FOR EACH BACKUP",
    ]);
    for line in lines {
        let limit = line
            .maximum_client_limit
            .map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        table.row([
            line.short_name.clone(),
            line.name.clone(),
            line.reseller.clone(),
            yes_no(line.activated),
            line.clients.to_string(),
            limit,
            line.space.clone(),
            human(line.used_space),
            line.mcals.clone(),
            line.running.to_string(),
            line.throttle.clone(),
        ]);
    }
    table.render(look)
}

/// Clients.
pub fn clients(lines: &[ClientLine], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[
        "CLIENT",
        "STATE",
        "CAME IN BY",
        "PLATFORM",
        "PAID",
        ">SCHEDULES",
        ">USED",
        "LAST BACKUP",
        "RUNNING",
    ]);
    for line in lines {
        let state = match (line.revoked, line.activated) {
            (true, _) => "revoked",
            (false, true) => "activated",
            (false, false) => "not activated",
        };
        table.row([
            line.address.clone(),
            state.to_owned(),
            line.enrolment.clone(),
            line.platform.clone(),
            yes_no(line.paid),
            line.schedules.to_string(),
            human(line.used_space),
            newest(line.last_backup, zone),
            yes_no(line.running),
        ]);
    }
    table.render(look)
}

/// Schedules.
pub fn schedules(lines: &[ScheduleLine], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[
        "SCHEDULE",
        "LOCATION",
        ">USED",
        "CREATED",
        "LAST BACKUP",
        "RUNNING",
    ]);
    for line in lines {
        table.row([
            line.address.clone(),
            line.location.clone(),
            human(line.used_space),
            moment::minute(line.created, zone),
            newest(line.last_backup, zone),
            yes_no(line.running),
        ]);
    }
    table.render(look)
}

/// Sessions that ended: the answer to "it was slow last night".
pub fn sessions(views: &[SessionView], zone: &TimeZone, look: Look) -> String {
    if views.is_empty() {
        return "no session has ended yet\n".to_owned();
    }
    let mut table = Table::new(&[
        "KIND", "STARTED", "TOOK", ">IN", ">OUT", ">RATE", "LIMIT", "HELD BY",
    ]);
    for view in views {
        let took = view.ended.duration_since(view.started).as_secs();
        table.row([
            view.kind.clone(),
            moment::second(view.started, zone),
            format!("{}:{:02}:{:02}", took / 3600, took / 60 % 60, took % 60),
            human(view.bytes_in),
            human(view.bytes_out),
            rate(view.mean_rate),
            view.limit.clone(),
            held_by(view.held_by),
        ]);
    }
    table.render(look)
}

/// The table of refusals.
pub fn refusals(views: &[RefusalView], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[
        "REF", "LAST", ">TIMES", "CUSTOMER", "CLIENT", "SOURCE", "CODE", "CAUSE",
    ]);
    for view in views {
        table.row([
            view.reference.clone(),
            moment::second(view.last, zone),
            view.count.to_string(),
            view.customer.clone(),
            view.client.clone(),
            view.source.clone(),
            view.code.clone(),
            view.cause.clone(),
        ]);
    }
    table.render(look)
}

/// What is in the trash.
pub fn trash(items: &[TrashItem], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[
        ">ITEM",
        "KIND",
        "ADDRESS",
        ">SCHEDULES",
        "REMOVED",
        "DELETED FOR GOOD",
    ]);
    for item in items {
        table.row([
            item.item.to_string(),
            item.kind.clone(),
            item.address.clone(),
            item.schedules.to_string(),
            moment::minute(item.removed, zone),
            moment::minute(item.expires, zone),
        ]);
    }
    table.render(look)
}

/// The audit, a line for each field that changed.
pub fn audit(entries: &[AuditEntry], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[">EDIT", "AT", "WHO", "WHAT", "RECORD", "~CHANGES"]);
    for entry in entries {
        let mut changes = entry.changes.iter().map(|change| {
            let (from, to) = (shown(&change.from), shown(&change.to));
            format!("{}: {from} -> {to}", change.field)
        });
        table.row([
            entry.edit.to_string(),
            moment::second(entry.at, zone),
            entry.who.user.clone(),
            entry.verb.clone(),
            entry.record.clone(),
            changes.next().unwrap_or_default(),
        ]);
        for change in changes {
            let blank = String::new;
            table.row([blank(), blank(), blank(), blank(), blank(), change]);
        }
    }
    table.render(look)
}
