//! What runs out: disks, allotments and MCALs, each with the step that mends it.

use jiff::Timestamp;
use penstock_policy::mcal::{Credit, Drawn, Forecast, Month, forecast};
use penstock_policy::space::Allotment;
use penstock_policy::units::human;
use penstock_wire::view::{Attention, LocationView};

use super::attention::{critical, warning};
use super::{Admin, snapshots};
use crate::store::Tree;

/// Most customers, resellers or accounts that are named; the others are counted.
const NAMED: usize = 3;

/// Percent of an allotment from which on it is spoken of.
const NEARLY_FULL: u128 = 95;

/// Everything that runs out.
pub(super) fn of(
    admin: &Admin,
    tree: &Tree,
    now: Timestamp,
    locations: &[LocationView],
) -> Vec<Attention> {
    let mut found: Vec<Attention> = locations.iter().filter_map(at_location).collect();
    found.extend(allotments(admin, tree));
    found.extend(counting(admin.context.store.books().uncounted().len()));
    let month = snapshots::month(tree, now);
    found.extend(ahead(month, Month::of(now, &tree.server.time_zone)));
    found.extend(mcals(tree, month));
    found
}

/// A location that can't be used, or has no room for new data, or little.
fn at_location(location: &LocationView) -> Option<Attention> {
    let (name, path) = (&location.name, &location.path);
    let (Some(free), Some(total), Some(reserve)) =
        (location.free, location.total, location.reserve)
    else {
        let problem = location.problem.as_deref().unwrap_or("it doesn't answer");
        return Some(critical(
            format!("location {name} can't be used: {problem}"),
            &format!("mount the disk of {path}, or look at its marker"),
        ));
    };
    let remedy = format!("make room on the disk of {path}, or: penstockctl trash empty");
    let (free_text, reserve_text) = (human(free), human(reserve));
    if free < reserve {
        let text = format!(
            "location {name} has {free_text} free, less than its disk reserve of {reserve_text}: new data is refused"
        );
        return Some(critical(text, &remedy));
    }
    // Without a reserve the disk itself is what runs out.
    let kept = reserve.max(total / 100);
    if free < kept {
        let text = format!("location {name} has {free_text} free: its disk is about to be full");
        return Some(critical(text, &remedy));
    }
    (free < kept.saturating_mul(2)).then(|| {
        let text = format!(
            "location {name} has {free_text} free; below {} new data is refused",
            human(kept)
        );
        warning(text, &remedy)
    })
}

/// Levels at or near their allotment.
fn allotments(admin: &Admin, tree: &Tree) -> Vec<Attention> {
    let books = admin.context.store.books();
    let mut customers = Full::default();
    for customer in tree.customers.values() {
        let taken = || books.customer(customer.id).taken();
        customers.look(customer.short.as_str(), customer.space, taken);
    }
    let mut resellers = Full::default();
    for reseller in tree.resellers.values() {
        let taken = || books.reseller(reseller.id).taken();
        resellers.look(reseller.short.as_str(), reseller.space, taken);
    }
    let mut server = Full::default();
    server.look("", tree.server.space, || books.server().taken());
    let mut found = customers.told("customer");
    found.extend(resellers.told("reseller"));
    found.extend(server.told("server"));
    found
}

/// Who of one kind has used up its allotment, or nearly.
#[derive(Default)]
struct Full<'a> {
    up: Vec<&'a str>,
    nearly: Vec<&'a str>,
}

impl<'a> Full<'a> {
    fn look(&mut self, name: &'a str, allotted: Allotment, taken: impl FnOnce() -> u64) {
        let Allotment::Bytes(allotted) = allotted else {
            return;
        };
        let taken = taken();
        if taken >= allotted {
            self.up.push(name);
        } else if u128::from(taken) * 100 >= u128::from(allotted) * NEARLY_FULL {
            self.nearly.push(name);
        }
    }

    fn told(self, kind: &str) -> Vec<Attention> {
        let mut found = Vec::new();
        if let Some((who, first)) = named(kind, self.up) {
            let text = format!("{who} used up the space allotted: new data is refused");
            found.push(critical(text, &raise(kind, &first)));
        }
        if let Some((who, first)) = named(kind, self.nearly) {
            let text = format!("{who} used 95 % or more of the space allotted");
            found.push(warning(text, &raise(kind, &first)));
        }
        found
    }
}

fn raise(kind: &str, first: &str) -> String {
    match kind {
        "server" => "penstockctl server edit --space +SIZE".to_owned(),
        _ => format!("penstockctl {kind} edit {first} --space +SIZE"),
    }
}

/// "customer a has", "customers a, b, c and 9 more have"; and the first of them.
fn named(kind: &str, mut names: Vec<&str>) -> Option<(String, String)> {
    names.sort_unstable();
    let first = (*names.first()?).to_owned();
    let who = match names.as_slice() {
        [""] => format!("the {kind} has"),
        [one] => format!("{kind} {one} has"),
        many if many.len() <= NAMED => format!("{kind}s {} have", many.join(", ")),
        many => format!(
            "{kind}s {} and {} more have",
            many[..NAMED].join(", "),
            many.len() - NAMED
        ),
    };
    Some((who, first))
}

fn counting(schedules: usize) -> Option<Attention> {
    let text = match schedules {
        0 => return None,
        1 => "the space of 1 schedule is being counted after an interruption: it takes no new data until then".to_owned(),
        many => format!(
            "the space of {many} schedules is being counted after an interruption: they take no new data until then"
        ),
    };
    Some(warning(
        text,
        "it goes on by itself while their locations are there; penstockctl space shows which",
    ))
}

/// A ledger that is ahead of the clock: months never go back, so a clock that was wrong once is felt until then.
fn ahead(ledger: Month, clock: Month) -> Option<Attention> {
    (ledger > clock).then(|| {
        warning(
            format!(
                "MCALs are debited for {ledger} while the clock shows {clock}: it was ahead once, and months never go back"
            ),
            "look at the clock; who is debited for that month isn't debited again before it is over",
        )
    })
}

/// Accounts that have nothing left, or can't pay this month or the next.
fn mcals(tree: &Tree, month: Month) -> Vec<Attention> {
    let server = &tree.server;
    let bank = Account {
        name: "the bank".to_owned(),
        remedy: |_, short| format!("penstockctl mcal add {short} --note TEXT"),
        short: String::new(),
    };
    let mut found = Vec::new();
    found.extend(bank.told(server.mcals.into(), &server.drawn, month));
    let mut resellers = Vec::new();
    for reseller in tree.resellers.values() {
        let account = Account {
            name: format!("reseller {}", reseller.short),
            remedy: |name, short| format!("penstockctl reseller edit {name} --mcals +{short}"),
            short: reseller.short.to_string(),
        };
        resellers.extend(account.told(reseller.mcals.into(), &reseller.drawn, month));
    }
    found.extend(bounded(resellers, "resellers"));
    let mut customers = Vec::new();
    for customer in tree.customers.values() {
        let account = Account {
            name: format!("customer {}", customer.short),
            remedy: |name, short| format!("penstockctl customer edit {name} --mcals +{short}"),
            short: customer.short.to_string(),
        };
        customers.extend(account.told(customer.mcals.into(), &customer.drawn, month));
    }
    found.extend(bounded(customers, "customers"));
    found
}

/// The worst of one kind, and how many more there are.
fn bounded(mut all: Vec<Attention>, kind: &str) -> Vec<Attention> {
    all.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.text.cmp(&b.text)));
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        all.truncate(NAMED);
        all.push(warning(
            format!("{more} more {kind} are short of MCALs"),
            "penstockctl mcal forecast shows which",
        ));
    }
    all
}

/// An account with a number.
struct Account {
    name: String,
    /// The command that gives it so many more, by its short name.
    remedy: fn(&str, u64) -> String,
    short: String,
}

impl Account {
    fn told(&self, credit: Credit, drawn: &Drawn, month: Month) -> Option<Attention> {
        let outlook = forecast(credit, drawn, month);
        let remedy = |units: u64| (self.remedy)(&self.short, units.max(1));
        let name = &self.name;
        // Nothing allotted to a customer is its administrator's will; a number for each month comes back by itself.
        let drained = matches!(credit, Credit::Number(_)) && outlook.left == Some(0);
        if drained && (credit.counted() > 0 || self.short.is_empty()) {
            return Some(critical(
                format!(
                    "{name} has no MCALs left: clients that aren't paid for this month can't back up"
                ),
                &remedy(lacking(&outlook)),
            ));
        }
        let short_in = outlook.short_in?;
        if short_in > outlook.month.next() {
            return None;
        }
        let month = short_in.first_day().strftime("%B");
        let awaited = outlook.need.saturating_sub(outlook.units);
        let has = match credit {
            Credit::Monthly(each) => format!("{each} MCALs a month"),
            _ => format!("{} MCALs left", outlook.left.unwrap_or(0)),
        };
        let needs = if short_in == outlook.month {
            format!("{month} needs about {awaited} more")
        } else if awaited == 0 || matches!(credit, Credit::Monthly(_)) {
            format!("{month} needs about {}", outlook.need)
        } else {
            let both = awaited.saturating_add(outlook.need);
            format!("about {both} are needed by the end of {month}")
        };
        let text = format!("{name} has {has} and {needs}");
        Some(warning(text, &remedy(lacking(&outlook))))
    }
}

/// How many more are needed.
fn lacking(outlook: &Forecast) -> u64 {
    if outlook.short_by > 0 {
        outlook.short_by
    } else {
        outlook.need
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_wire::view::Severity;

    fn location(free: u64, reserve: u64) -> Option<Severity> {
        let view = LocationView {
            name: "main".into(),
            path: "/srv/main".into(),
            default: true,
            available: true,
            problem: None,
            schedules: 0,
            used: 0,
            sold: 0,
            free: Some(free),
            total: Some(1000),
            reserve: Some(reserve),
            full_in_days: None,
        };
        at_location(&view).map(|attention| attention.severity)
    }

    #[test]
    fn a_disk_is_spoken_of_below_twice_its_reserve_and_worse_within_it() {
        assert_eq!(location(100, 50), None);
        assert_eq!(location(99, 50), Some(Severity::Warning));
        assert_eq!(location(50, 50), Some(Severity::Warning));
        assert_eq!(location(49, 50), Some(Severity::Critical));
        assert_eq!(location(20, 0), None);
        assert_eq!(location(19, 0), Some(Severity::Warning));
        assert_eq!(location(9, 0), Some(Severity::Critical));
    }

    #[test]
    fn a_location_without_a_disk_is_critical() {
        let view = LocationView {
            name: "second".into(),
            path: "/srv/second".into(),
            default: false,
            available: false,
            problem: Some("it has no marker".into()),
            schedules: 3,
            used: 0,
            sold: 0,
            free: None,
            total: None,
            reserve: None,
            full_in_days: None,
        };
        let attention = at_location(&view).unwrap();
        assert_eq!(attention.severity, Severity::Critical);
        assert!(attention.text.contains("it has no marker"));
        assert!(attention.remedy.contains("/srv/second"));
    }

    #[test]
    fn few_are_named_and_the_others_counted() {
        let who = |names: &[&'static str]| named("customer", names.to_vec()).map(|(who, _)| who);
        assert_eq!(who(&[]), None);
        assert_eq!(who(&["b"]).unwrap(), "customer b has");
        assert_eq!(who(&["b", "a"]).unwrap(), "customers a, b have");
        assert_eq!(
            who(&["e", "d", "c", "b", "a"]).unwrap(),
            "customers a, b, c and 2 more have"
        );
    }

    fn account(credit: Credit, drawn: &Drawn) -> Option<Attention> {
        let bank = Account {
            name: "the bank".into(),
            remedy: |_, short| format!("mcal add {short}"),
            short: String::new(),
        };
        bank.told(credit, drawn, "2026-11".parse().unwrap())
    }

    #[test]
    fn a_ledger_ahead_of_the_clock_is_told() {
        let month = |text: &str| text.parse().unwrap();
        assert!(ahead(month("2026-11"), month("2026-11")).is_none());
        let told = ahead(month("2098-12"), month("2027-03")).unwrap();
        assert!(
            told.text
                .starts_with("MCALs are debited for 2098-12 while the clock shows 2027-03")
        );
    }

    #[test]
    fn a_bank_that_cant_pay_next_month_is_told_with_what_it_lacks() {
        let mut drawn = Drawn::default();
        drawn.take("2026-11".parse().unwrap(), 40, true, true);
        let told = account(Credit::Number(52), &drawn).unwrap();
        assert_eq!(told.severity, Severity::Warning);
        assert_eq!(
            told.text,
            "the bank has 12 MCALs left and December needs about 40"
        );
        assert_eq!(told.remedy, "mcal add 28");
        assert!(account(Credit::Number(80), &drawn).is_none());
        assert!(account(Credit::Open, &drawn).is_none());
        let told = account(Credit::Number(40), &drawn).unwrap();
        assert_eq!(told.severity, Severity::Critical);
        assert_eq!(told.remedy, "mcal add 40");
        let told = account(Credit::Monthly(30), &drawn).unwrap();
        assert_eq!(
            told.text,
            "the bank has 30 MCALs a month and December needs about 40"
        );
        assert!(account(Credit::Monthly(40), &drawn).is_none());
    }
}
