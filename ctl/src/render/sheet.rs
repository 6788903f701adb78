//! One record on one screen: its fields under policy's labels, then what holds now.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use penstock_policy::record::{Client, Customer, Record, Reseller, Server};
use penstock_policy::units::human;
use penstock_wire::view::{
    ClientView, CustomerView, Fields, PassKeyView, ResellerView, ScheduleView, ServerView,
};

use super::{Look, binding, count, escape, lists, live, yes_no};
use crate::moment;

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

    fn line(&mut self, label: &str, value: impl Into<String>) -> &mut Self {
        self.lines.push((label.to_owned(), value.into()));
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
            for (place, line) in value.lines().enumerate() {
                let label = if place == 0 { label.as_str() } else { "" };
                text.push_str(&format!("  {label:<width$}  {}\n", escape(line)));
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
        .map_or_else(|| "unlimited".to_owned(), ToString::to_string);
    let barred = match view.clients_barred {
        0 => String::new(),
        barred => format!(", {barred} of them revoked or not activated"),
    };
    let mut text = Sheet::new(format!(
        "{} ({}){default}, of {}, revision {}",
        view.name, view.short_name, view.reseller, view.revision
    ))
    .fields::<Customer>(&view.fields)
    .line(
        "Holds for EACH backup now",
        binding(&view.backup_rate, &zone),
    )
    .line(
        "Holds for EACH restore now",
        binding(&view.restore_rate, &zone),
    )
    .line(
        "Clients used",
        format!("{} of {limit}{barred}", view.clients),
    )
    .line("Backup schedules", view.schedules.to_string())
    .line("Last backup", moment_or(view.last_backup, &zone, "never"))
    .line("Running", count(view.running.len() as u64, "backup"))
    .render(look);
    if !view.running.is_empty() {
        text.push('\n');
        text.push_str(&live::top(&view.running, &zone, look));
    }
    text
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
        .line(
            "Holds for EACH backup now",
            binding(&view.backup_rate, &zone),
        )
        .line("Created", moment::minute(view.created, &zone))
        .line("Came in by", view.enrolment.clone())
        .line("Password", view.password.clone())
        .line("First login", moment_or(view.first_login, &zone, "never"));
    if view.revoked.is_some() {
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

/// A schedule.
pub fn schedule(view: &ScheduleView, look: Look) -> String {
    let zone = moment::zone(&view.zone);
    let used = human(view.used_space);
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
