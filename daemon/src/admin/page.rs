//! Lists in pages that fit a reply.

use penstock_wire::frame::{MAX_REPLY, encode};
use penstock_wire::reply::List;
use penstock_wire::request::Page;
use serde::Serialize;

use super::failure::Fault;

/// Most items on a page.
pub(super) const PAGE: usize = 200;

/// Bytes for a page's items; the rest of a reply is for what surrounds them.
const ROOM: usize = MAX_REPLY - 64 * 1024;

/// As many items as fit, each given with what has to be asked for to go on behind it. One item more than the page
/// holds is enough to know that there is another page.
pub(super) fn page<T: Serialize>(
    rest: impl IntoIterator<Item = (String, T)>,
    most: usize,
) -> List<T> {
    let mut items = Vec::new();
    let mut last = None;
    let mut bytes = 0;
    for (cursor, item) in rest {
        bytes += encode(&item, MAX_REPLY).map_or(MAX_REPLY, |frame| frame.len());
        if !items.is_empty() && (items.len() >= most || bytes > ROOM) {
            return List { items, next: last };
        }
        items.push(item);
        last = Some(cursor);
    }
    List { items, next: None }
}

/// Everything on one page.
pub(super) fn whole<T>(items: Vec<T>) -> List<T> {
    List { items, next: None }
}

/// Reads a cursor that this file's callers made.
pub(super) fn cursor<T>(page: &Page, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    let Some(after) = &page.after else {
        return Ok(None);
    };
    match read(after) {
        Some(cursor) => Ok(Some(cursor)),
        None => Err(Fault::usage(format!(
            "{after:?} is no page of this list; begin with the first one"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(numbers: &[usize], size: usize, most: usize) -> (Vec<String>, usize) {
        let (mut seen, mut pages, mut after) = (Vec::new(), 0, None::<usize>);
        loop {
            let rest = numbers.iter().filter(|n| after.is_none_or(|a| **n > a));
            let list = page(rest.map(|n| (n.to_string(), format!("{n:0size$}"))), most);
            pages += 1;
            assert!(encode(&list, MAX_REPLY).is_ok());
            seen.extend(list.items);
            match list.next {
                Some(next) => after = next.parse().ok(),
                None => return (seen, pages),
            }
        }
    }

    #[test]
    fn paging_returns_everything_once() {
        let numbers: Vec<usize> = (0..1001).collect();
        let (seen, pages) = all(&numbers, 4, PAGE);
        assert_eq!(seen.len(), 1001);
        assert!(seen.is_sorted_by(|a, b| a < b));
        assert_eq!(pages, 6);
        let (seen, pages) = all(&numbers[..400], 4, PAGE);
        assert_eq!((seen.len(), pages), (400, 2));
    }

    #[test]
    fn a_page_of_long_items_ends_before_the_reply_is_full() {
        let numbers: Vec<usize> = (0..100).collect();
        let (seen, pages) = all(&numbers, 50_000, PAGE);
        assert_eq!(seen.len(), 100);
        assert!(pages >= 5);
    }
}
