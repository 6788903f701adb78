//! Space for people: the tree of allotments, days, locations.

use penstock_policy::units::human;
use penstock_wire::view::{FullIn, LocationView, Snapshot, SpaceDay, SpaceLine};

use super::table::Table;
use super::{Look, bytes_or, count, number_or};

/// The levels of the tree, from its root.
const LEVELS: [&str; 5] = ["server", "reseller", "customer", "client", "schedule"];

/// The tree, each level further in; reserved and counting only where there is something of it.
pub fn tree(lines: &[SpaceLine], look: Look) -> String {
    let reserved = lines.iter().any(|line| line.reserved > 0);
    let counting = lines.iter().any(|line| line.counting);
    let level = |line: &SpaceLine| {
        LEVELS
            .iter()
            .position(|kind| *kind == line.kind)
            .unwrap_or(0)
    };
    let root = lines.iter().map(level).min().unwrap_or(0);
    let mut head = vec!["RECORD", ">ALLOTTED", ">USED"];
    head.extend(reserved.then_some(">RESERVED"));
    head.extend([">FREE", ">SOLD", ">MCALS", ">THIS MONTH", ">LEFT"]);
    head.extend(counting.then_some("STATE"));
    let mut table = Table::new(&head);
    for line in lines {
        let deep = level(line) - root;
        let schedule = line.kind == "schedule";
        let none = if schedule { "" } else { "unlimited" };
        let mut row = vec![
            format!("{}{}", "  ".repeat(deep), name(line, deep)),
            bytes_or(line.allotted, none),
            human(line.used),
        ];
        row.extend(reserved.then(|| match line.reserved {
            0 => String::new(),
            reserved => human(reserved),
        }));
        row.extend([
            bytes_or(line.free, none),
            line.sold
                .map_or_else(String::new, |sold| format!("{sold} %")),
            line.mcals.clone().unwrap_or_default(),
            number_or(line.mcals_used, ""),
            number_or(line.mcals_left, ""),
        ]);
        row.extend(counting.then(|| if line.counting { "counting" } else { "" }.to_owned()));
        table.row(row);
    }
    table.render(look)
}

/// Below the first level a client or schedule goes by its own name.
fn name(line: &SpaceLine, deep: usize) -> &str {
    let own = matches!(line.kind.as_str(), "client" | "schedule") && deep > 0;
    match line.address.rsplit_once('/') {
        Some((_, name)) if own => name,
        _ => &line.address,
    }
}

/// Used space day by day, with what came or went.
pub fn days(days: &[SpaceDay], look: Look) -> String {
    let mut table = Table::new(&["DAY", ">USED SPACE", ">CHANGE"]);
    let mut before: Option<u64> = None;
    for day in days {
        let change = before.map_or_else(String::new, |before| change(before, day.used));
        table.row([day.day.to_string(), human(day.used), change]);
        before = Some(day.used);
    }
    table.render(look)
}

fn change(before: u64, after: u64) -> String {
    let by = human(after.abs_diff(before));
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{by}"),
        std::cmp::Ordering::Less => format!("-{by}"),
        std::cmp::Ordering::Equal => String::new(),
    }
}

/// The backup locations.
pub fn locations(locations: &[LocationView], look: Look) -> String {
    let mut table = Table::new(&[
        "LOCATION",
        "PATH",
        ">SCHEDULES",
        ">USED",
        ">SOLD",
        ">FREE",
        ">OF",
        ">KEPT FREE",
        "STATE",
    ]);
    for location in locations {
        let default = if location.default { " (default)" } else { "" };
        table.row([
            format!("{}{default}", location.name),
            location.path.clone(),
            location.schedules.to_string(),
            human(location.used),
            human(location.sold),
            bytes_or(location.free, "-"),
            bytes_or(location.total, "-"),
            bytes_or(location.reserve, "-"),
            state(location),
        ]);
    }
    table.render(look)
}

/// Whether a location can be used, or how long it lasts.
pub fn state(location: &LocationView) -> String {
    match (&location.problem, location.available, location.full_in_days) {
        (Some(problem), false, _) => format!("not available: {problem}"),
        (None, false, _) => "not available".to_owned(),
        (Some(problem), true, _) => problem.clone(),
        (None, true, _) if location.free == Some(0) => "full".to_owned(),
        (None, true, Some(days)) => format!("full in about {}", count(days, "day")),
        (None, true, None) => "available".to_owned(),
    }
}

/// `about 19 days (customer)`
pub fn full_in(full: Option<FullIn>, free: Option<u64>) -> String {
    match (full, free) {
        (_, Some(0)) => "full".to_owned(),
        (Some(full), _) => format!("about {} ({})", count(full.days, "day"), full.level),
        (None, _) => "not foreseen".to_owned(),
    }
}

/// `1TiB, 600.0 GiB given to clients, 424.0 GiB left to give`: a level's space and what of it is given to those below.
pub fn snapshot(snapshot: &Snapshot, below: &str) -> String {
    let left = snapshot.free.map_or_else(String::new, |left| {
        format!(", {} left to give", human(left))
    });
    let (allotted, given) = (&snapshot.allotted, human(snapshot.given));
    format!("{allotted}, {given} given to {below}{left}")
}

/// `of 500GiB, 130.2 GiB free, 1.2 MiB reserved`: beside what is used.
pub fn of_what(allotted: &str, free: Option<u64>, reserved: u64) -> String {
    let mut text = match (allotted, free) {
        ("unlimited", None) => "of unlimited".to_owned(),
        (allotted, free) => format!("of {allotted}, {} free", bytes_or(free, "unlimited")),
    };
    if reserved > 0 {
        text.push_str(&format!(", {} reserved", human(reserved)));
    }
    text
}
