//! One record on one screen: its fields under policy's labels, then what holds now.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use penstock_policy::units::human;
use penstock_wire::view::{
    ClientView, CustomerView, Fields, PassKeyView, ResellerView, ScheduleView, ServerView,
};

use super::table::wrapped;
use super::{Look, binding, count, escape, lists, live, mcal, number_or, space, yes_no};
use crate::moment;

/// Widest line of a sheet, in characters; longer values go on in the next line.
const WIDEST: usize = 110;

/// Most lines of one value, so that a long note doesn't push the rest off the screen.
const MOST_LINES: usize = 6;

/// Lines of a label and a value.
struct Sheet {
    title: String,
    lines: Vec<(String, String)>,
}

impl Sheet {
    fn new(title: String) -> Self {
        Self {
            title,
            lines: Vec::new(),
        }
    }

    fn line(&mut self, label: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.lines.push((label.into(), value.into()));
        self
    }

    /// Adds to a value that stands there.
    fn beside(&mut self, label: &str, more: &str) -> &mut Self {
        for (_, value) in self.lines.iter_mut().filter(|(known, _)| known == label) {
            value.push_str(more);
        }
        self
    }

    /// Every field of the record in the table's order; throttles say what they hold for.
    fn fields<R: Record>(&mut self, fields: &Fields) -> &mut Self {
        for field in R::FIELDS {
            let mut value = fields
                .get(field.name)
                .map_or_else(String::new, ToString::to_string);
            match field.name {
                "throttle" => value.push_str(" for EACH backup"),
                "restore_throttle" => value.push_str(" for EACH restore"),
                "disk_reserve" => value.push_str(" %"),
                _ => {}
            }
            self.line(field.label, value);
        }
        self
    }

    fn render(&self, look: Look) -> String {
        let labels = self.lines.iter().map(|(label, _)| label.chars().count());
        let width = labels.max().unwrap_or(0);
        let mut text = format!("{}\n", look.bold(&escape(&self.title)));
        for (label, value) in &self.lines {
            let value = if value.is_empty() { "-" } else { value };
            let widest = WIDEST.saturating_sub(width + 4);
            let lines = value
                .lines()
                .flat_map(|line| wrapped(&escape(line), widest));
            let lines: Vec<String> = lines.collect();
            for (place, line) in lines.iter().take(MOST_LINES).enumerate() {
                let label = if place == 0 { label.as_str() } else { "" };
                text.push_str(&format!("  {label:<width$}  {line}\n"));
            }
            if let Some(more @ 1..) = lines.len().checked_sub(MOST_LINES) {
                let more = count(more as u64, "more line");
                text.push_str(&format!("  {:<width$}  ({more}; --json has all)\n", ""));
            }
        }
        text
    }
}

fn moment_or(at: Option<Timestamp>, zone: &TimeZone, word: &str) -> String {
    at.map_or_else(|| word.to_owned(), |at| moment::minute(at, zone))
}

/// The server's record.
pub fn server(view: &ServerView, look: Look) -> String {
    Sheet::new(format!("server, revision {}", view.revision))
        .fields::<Server>(&view.fields)
        .line("Used space", human(view.used_space))
        .line(
            "Allotted to resellers",
            space::snapshot(&view.space_snapshot, "resellers"),
        )
        .line("MCALs left", number_or(view.mcals_left, "unlimited"))
        .render(look)
}

/// A reseller.
pub fn reseller(view: &ResellerView, look: Look) -> String {
    let default = if view.default { ", the default" } else { "" };
    Sheet::new(format!(
        "{} ({}){default}, revision {}",
        view.name, view.short_name, view.revision
    ))
    .fields::<Reseller>(&view.fields)
    .line("Used space", human(view.used_space))
    .line(
        "Space of its customers",
        space::snapshot(&view.space_snapshot, "customers"),
    )
    .line(
        "MCALs of its customers",
        mcal::snapshot(&view.mcals_snapshot, "customers"),
    )
    .line(
        "MCALs this month",
        mcal::used(view.mcals_used, view.mcals_left),
    )
    .line("Customers", view.customers.to_string())
    .render(look)
}

/// A customer: its record, then what holds for it now.
pub fn customer(view: &CustomerView, look: Look) -> String {
    let zone = moment::zone(&view.zone);
    let default = if view.default { ", the default" } else { "" };
    let limit = view
        .fields
        .get("maximum_client_limit")
        .map(ToString::to_string)
        .filter(|limit| limit != "unlimited")
        .map_or_else(|| ", no limit".to_owned(), |limit| format!(" of {limit}"));
    let barred = match view.clients_barred {
        0 => String::new(),
        barred => format!(", {barred} of them revoked or not activated"),
    };
    let mut text = Sheet::new(format!(
        "{} ({}){default}, of reseller {}, revision {}",
        view.name, view.short_name, view.reseller, view.revision
    ))
    .fields::<Customer>(&view.fields)
    .line("Used space", used_space(view))
    .line("Full in", space::full_in(view.full_in, view.free_space))
    .line("New schedules go to", view.new_schedules_at.clone())
    .line(
        "Space of its clients",
        space::snapshot(&view.space_snapshot, "clients"),
    )
    .line(
        "Space of its reseller",
        space::snapshot(&view.reseller_space_snapshot, "customers"),
    )
    .line(
        "MCALs of its reseller",
        mcal::snapshot(&view.reseller_mcals_snapshot, "customers"),
    )
    .line(format!("MCALs in {}", view.month), mcals(view))
    .line(
        "Holds for EACH backup now",
        binding(&view.backup_rate, &zone),
    )
    .line(
        "Holds for EACH restore now",
        binding(&view.restore_rate, &zone),
    )
    .line("Clients used", format!("{}{limit}{barred}", view.clients))
    .line("Backup schedules", view.schedules.to_string())
    .line("Last backup", moment_or(view.last_backup, &zone, "never"))
    .line("Running", count(view.running.len() as u64, "backup"))
    .render(look);
    if !view.running.is_empty() {
        text.push('\n');
        text.push_str(&live::of_customer(&view.short_name, &view.running, look));
    }
    text
}

/// `120.0 GiB of 500GiB, 380.0 GiB free, 16.0 MiB reserved`
fn used_space(view: &CustomerView) -> String {
    let of = space::of_what(
        &view.space_snapshot.allotted,
        view.free_space,
        view.reserved_space,
    );
    format!("{} {of}", human(view.used_space))
}

/// `25 allotted, 3 used, 22 left, 2 clients`
fn mcals(view: &CustomerView) -> String {
    let allotted = view.fields.get("mcals").map(ToString::to_string);
    format!(
        "{} allotted, {}, {}",
        allotted.as_deref().unwrap_or("Auto"),
        mcal::used(view.mcals_used, view.mcals_left),
        count(view.mcal_clients, "client")
    )
}

/// The pass key.
pub fn pass_key(view: &PassKeyView, zone: &TimeZone, look: Look) -> String {
    let uses = view
        .uses_left
        .map_or_else(|| "any number".to_owned(), |uses| uses.to_string());
    Sheet::new(format!("pass key of {}", view.customer))
        .line("Pass key", view.pass_key.reveal())
        .line("Registers until", moment_or(view.until, zone, "no end"))
        .line("Registrations left", uses)
        .render(look)
}

/// A client.
pub fn client(view: &ClientView, look: Look) -> String {
    let zone = moment::zone(&view.zone);
    let mut sheet = Sheet::new(format!("{}, revision {}", view.address, view.revision));
    sheet
        .fields::<Client>(&view.fields)
        .line("Used space", client_space(view))
        .line("New schedules go to", view.new_schedules_at.clone())
        .line("MCALs a month", paid(view))
        .line(
            "Holds for EACH backup now",
            binding(&view.backup_rate, &zone),
        )
        .line("Created", moment::minute(view.created, &zone))
        .line("Came in by", view.enrolment.clone())
        .line("Password", view.password.clone())
        .line("First login", moment_or(view.first_login, &zone, "never"));
    if view.revoked.is_some() {
        sheet.beside("Activated", ", but revoked: its password is dead");
        sheet.line("Revoked", moment_or(view.revoked, &zone, ""));
    }
    if let Some(tag) = &view.tag {
        sheet.line("Customer in its path", tag.clone());
    }
    let mut text = sheet.render(look);
    if !view.schedules.is_empty() {
        text.push('\n');
        text.push_str(&lists::schedules(&view.schedules, &zone, look));
    }
    text
}

fn client_space(view: &ClientView) -> String {
    let allotted = view.fields.get("space").map(ToString::to_string);
    let allotted = allotted.as_deref().unwrap_or("unlimited");
    let of = space::of_what(allotted, view.free_space, 0);
    format!("{} {of}", human(view.used_space))
}

/// `2; last paid for 2026-11, 2`
fn paid(view: &ClientView) -> String {
    match (&view.paid_month, view.paid_units) {
        (Some(month), units) => format!(
            "{}; last paid: {} for {month}",
            view.mcal_price,
            number_or(units, "0")
        ),
        (None, _) => format!("{}; never paid yet", view.mcal_price),
    }
}

/// A schedule.
pub fn schedule(view: &ScheduleView, look: Look) -> String {
    let zone = moment::zone(&view.zone);
    let mut used = human(view.used_space);
    if view.reserved_space > 0 {
        used.push_str(&format!(", {} reserved", human(view.reserved_space)));
    }
    if view.counting {
        used.push_str(", still being counted after an interruption");
    }
    let mut sheet = Sheet::new(view.address.clone());
    sheet
        .line("Location", view.location.clone())
        .line("Folder", view.path.clone())
        .line("Used space", used)
        .line("Created", moment::minute(view.created, &zone))
        .line("Last backup", moment_or(view.last_backup, &zone, "never"))
        .line("Running", yes_no(view.running.is_some()));
    if let Some(repository) = &view.restic_repository {
        sheet.line("Restic repository", repository.clone());
    }
    let mut text = sheet.render(look);
    if let Some(running) = &view.running {
        text.push('\n');
        text.push_str(&live::top(std::slice::from_ref(running), &zone, look));
    }
    if !view.sessions.is_empty() {
        text.push('\n');
        text.push_str(&lists::sessions(&view.sessions, &zone, look));
    }
    text
}
