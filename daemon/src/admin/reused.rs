//! What takes long to count is counted once and used again for a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::Context;
use crate::store::{Reader, Unavailable};

/// A count is used again for so many times as long as it took: looking takes a twentieth of a core at most, however
/// many records there are and however often somebody asks.
const REUSE: u32 = 20;

/// The last count. Only one runs at a time.
pub(super) struct Reused<T>(Mutex<Option<Counted<T>>>);

/// A count and how long it is good for, on the monotonic clock.
struct Counted<T> {
    until: Duration,
    count: Arc<T>,
}

impl<T> Default for Reused<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Send + 'static> Reused<T> {
    /// The count, made anew when the last one is too old.
    pub(super) async fn get(
        &self,
        context: &Context,
        count: impl FnOnce(&Reader) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<Arc<T>, Unavailable> {
        let mut last = self.0.lock().await;
        let began = context.clock.monotonic();
        if let Some(counted) = last.as_ref()
            && began < counted.until
        {
            return Ok(Arc::clone(&counted.count));
        }
        let count = Arc::new(context.store.read(count).await?);
        let took = context.clock.monotonic().saturating_sub(began);
        *last = Some(Counted {
            until: began.saturating_add(took.saturating_mul(REUSE)),
            count: Arc::clone(&count),
        });
        Ok(count)
    }
}
