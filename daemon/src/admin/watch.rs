//! `watch`: events as they happen, for as long as somebody reads them.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::Address;
use penstock_wire::frame::FrameError;
use penstock_wire::reply::Reply;
use penstock_wire::view::Event;
use tokio::io::AsyncReadExt;
use tokio::sync::broadcast::error::RecvError;

use super::connection::Connection;
use super::failure::Fault;

/// Which events are shown: those of one record and what lies below it.
struct Filter(Option<String>);

impl Filter {
    fn shows(&self, event: &Event) -> bool {
        let Some(wanted) = &self.0 else {
            return true;
        };
        match event.address.strip_prefix(wanted.as_str()) {
            Some(below) => below.is_empty() || below.starts_with('/'),
            None => event.event == "missed",
        }
    }
}

/// Sends events until the peer closes, doesn't take them, or the daemon stops.
pub(super) async fn watch(
    connection: &mut Connection,
    address: Option<Address>,
) -> Result<(), FrameError> {
    // Before the answer to anything else: what happens from now on is shown.
    let mut events = connection.admin.context.events.subscribe();
    let filter = match filter(connection, address) {
        Ok(filter) => filter,
        Err(fault) => return connection.send(&Reply::Failed(fault.into_failure())).await,
    };
    let mut unasked = [0; 1];
    loop {
        let stop = connection.stop.clone();
        let event = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            // A watcher has nothing more to say: it closed, or doesn't keep to the contract.
            read = connection.stream.read(&mut unasked) => return read.map(drop).map_err(FrameError::Io),
            event = events.recv() => match event {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => Arc::new(lagged(connection.admin.now(), missed)),
                Err(RecvError::Closed) => return Ok(()),
            },
        };
        if filter.shows(&event) {
            let event = Arc::unwrap_or_clone(event);
            connection.send(&Reply::Event(Box::new(event))).await?;
        }
    }
}

/// With the customer's short name, by which events go.
fn filter(connection: &Connection, address: Option<Address>) -> Result<Filter, Fault> {
    let Some(mut address) = address else {
        return Ok(Filter(None));
    };
    let tree = connection.admin.context.store.tree();
    let customer = tree.find_customer(&address.customer)?;
    address.customer = customer.short.to_string();
    Ok(Filter(Some(address.to_string())))
}

fn lagged(at: Timestamp, missed: u64) -> Event {
    Event {
        at,
        event: "missed".to_owned(),
        address: String::new(),
        text: format!("{missed} events happened faster than they were read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_shows_a_record_and_what_lies_below_it() {
        let event = |address: &str| Event {
            at: Timestamp::UNIX_EPOCH,
            event: "edited".into(),
            address: address.into(),
            text: String::new(),
        };
        let filter = Filter(Some("abc".into()));
        assert!(filter.shows(&event("abc")) && filter.shows(&event("abc/pc/default")));
        assert!(!filter.shows(&event("abc-inc/pc")) && !filter.shows(&event("server")));
        assert!(filter.shows(&lagged(Timestamp::UNIX_EPOCH, 3)));
        assert!(Filter(None).shows(&event("server")));
    }
}
