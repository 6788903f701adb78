//! What would happen at an address, and the whole cause of a refusal.

use jiff::tz::TimeZone;
use penstock_policy::explain::Explanation;
use penstock_policy::throttle::Level;
use penstock_policy::units::human;
use penstock_wire::reply::Explained;
use penstock_wire::view::RefusalView;

use super::table::Table;
use super::{Look, binding, bytes_or, count, escape, number_or, yes_no};
use crate::moment;

/// Every level's word, which one binds, and what would be answered to each act.
pub fn explained(explained: &Explained, look: Look) -> String {
    let zone = moment::zone(&explained.time_zone);
    let what = &explained.explanation;
    let mut text = look.bold(&format!(
        "{} at {}",
        escape(&explained.address),
        moment::minute(what.at, &zone)
    ));
    text.push('\n');
    let mut table = Table::new(&[
        "LEVEL",
        "NAME",
        "ACTIVATED",
        ">SPACE",
        ">USED",
        ">FREE",
        ">MCALS",
        ">LEFT",
        "THROTTLE",
        "RESTORE THROTTLE",
    ]);
    for word in &what.levels {
        table.row([
            word.level.to_string(),
            word.name.clone(),
            yes_no(word.activated),
            word.space.clone(),
            human(word.space_taken),
            bytes_or(word.space_free, "unlimited"),
            word.mcals.clone().unwrap_or_default(),
            number_or(word.mcals_left, ""),
            word.throttle.clone(),
            word.restore_throttle.clone(),
        ]);
    }
    text.push_str(&table.render(look));
    for (what, rate) in [
        ("EACH backup", &what.backup_rate),
        ("EACH restore", &what.restore_rate),
    ] {
        text.push_str(&format!("{what:<12}  {}\n", escape(&binding(rate, &zone))));
    }
    text.push_str(&format!("space         {}\n", escape(&room(what))));
    text.push_str(&format!("location      {}\n", escape(&what.location)));
    text.push_str(&format!("MCALs         {}\n", escape(&price(what))));
    for verdict in &what.verdicts {
        let act = escape(&verdict.act);
        match &verdict.refusal {
            None => text.push_str(&format!("{act:<12}  {}\n", look.green("admitted"))),
            Some(refusal) => {
                let (code, sentence) = (escape(&refusal.code), escape(&refusal.sentence));
                let refused = look.red("refused");
                text.push_str(&format!("{act:<12}  {refused} ({code}): {sentence}\n"));
                if refusal.cause != refusal.sentence {
                    text.push_str(&format!("{:<12}  {}\n", "", escape(&refusal.cause)));
                }
            }
        }
    }
    text
}

/// The level with the least room, and how much it has.
fn room(what: &Explanation) -> String {
    match what.space_binds {
        None => "unlimited at every level".to_owned(),
        Some(level) => {
            let word = what.levels.iter().find(|word| word.level == level);
            let free = word.and_then(|word| word.space_free);
            format!("{level} binds, {} free", bytes_or(free, "unlimited"))
        }
    }
}

/// What the client costs, whether it is paid, and whose MCALs are the fewest.
fn price(what: &Explanation) -> String {
    let mcal = &what.mcal;
    let mut text = format!("{} for {}", mcal.price, mcal.month);
    // A customer's own price is what its next client would cost.
    if what.levels.iter().any(|word| word.level == Level::Client) {
        text.push_str(if mcal.paid {
            ", paid for this month"
        } else {
            ", not paid for this month yet"
        });
    }
    if let Some(level) = mcal.binds {
        let word = what.levels.iter().find(|word| word.level == level);
        let left = word.and_then(|word| word.mcals_left);
        text.push_str(&format!("; {level} binds, {} left", number_or(left, "0")));
    }
    text
}

/// One refusal with its whole cause.
pub fn refusal(view: &RefusalView, zone: &TimeZone, look: Look) -> String {
    let client = if view.client.is_empty() {
        view.customer.clone()
    } else {
        format!("{}/{}", view.customer, view.client)
    };
    let title = format!("[{}] {}", view.reference, view.code);
    let lines = [
        ("client", client),
        ("from", view.source.clone()),
        (
            "when",
            format!(
                "{}, from {} to {}",
                count(view.count, "time"),
                moment::second(view.first, zone),
                moment::second(view.last, zone)
            ),
        ),
        ("it read", view.sentence.clone()),
        ("cause", view.cause.clone()),
    ];
    let mut text = format!("{}\n", look.bold(&escape(&title)));
    for (label, value) in lines {
        text.push_str(&format!("  {label:<7}  {}\n", escape(&value)));
    }
    text
}
