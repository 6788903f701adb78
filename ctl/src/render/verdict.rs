//! What would happen at an address, and the whole cause of a refusal.

use jiff::tz::TimeZone;
use penstock_wire::reply::Explained;
use penstock_wire::view::RefusalView;

use super::table::Table;
use super::{Look, binding, count, escape, yes_no};
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
    let mut table = Table::new(&["LEVEL", "NAME", "ACTIVATED", "THROTTLE", "RESTORE THROTTLE"]);
    for word in &what.levels {
        table.row([
            word.level.to_string(),
            word.name.clone(),
            yes_no(word.activated),
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
