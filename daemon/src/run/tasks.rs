//! Long-lived tasks: all in one set, each with a name; one that ends early ends the daemon.

use tokio::task::JoinSet;

/// The set.
#[derive(Default)]
pub struct Tasks(JoinSet<&'static str>);

impl Tasks {
    /// Starts a task.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(async move {
            task.await;
            name
        });
    }

    /// The name of the next task that ends; never returns while all go on.
    pub async fn ended(&mut self) -> String {
        match self.0.join_next().await {
            Some(Ok(name)) => name.to_owned(),
            Some(Err(error)) => format!("a task ({error})"),
            None => std::future::pending().await,
        }
    }

    /// Waits until all have ended.
    pub async fn finish(mut self) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task failed");
            }
        }
    }
}
