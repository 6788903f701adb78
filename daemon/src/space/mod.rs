//! What is used and reserved, in memory: by schedule, and summed at client, customer, reseller and server.
//!
//! One short lock holds all sums, so that an upload takes its bytes at four levels at once or at none. The store's writer
//! publishes into it what a commit changed, and keeps its figures; the data path reserves, settles and frees.

mod books;
mod count;
mod edition;
mod pages;
mod sum;
#[cfg(test)]
mod tests;
mod work;

pub use books::{Books, Located, Used};
pub use count::Count;
pub use edition::Edition;
pub use sum::Sum;
pub use work::Work;
