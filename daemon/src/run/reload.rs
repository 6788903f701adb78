//! SIGHUP: the configuration and certificates read again; a bad file keeps the old.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::config::Config;
use crate::gateway::Settings;
use crate::listen::tls::Certificates;
use crate::system::log::Log;

/// Where the configuration came from, and what it set.
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// What it said when it was last found good.
    pub config: Config,
    /// The log, whose filter follows.
    pub log: Log,
}

/// What the data path may need of the configuration.
#[must_use]
pub fn settings(config: &Config) -> Settings {
    let limits = &config.limits;
    let proxies = config.clone();
    Settings {
        connections: limits.connections,
        connections_per_source: limits.connections_per_source,
        connections_per_customer: limits.connections_per_customer,
        uploads: limits.uploads,
        header_timeout: limits.header_timeout,
        idle_timeout: limits.idle_timeout,
        stalled_body_timeout: limits.stalled_body_timeout,
        trusts_proxy: Box::new(move |peer| proxies.trusts_proxy(peer)),
    }
}

impl Origin {
    /// Reads the file again and applies what can be applied; says what needs a restart.
    pub fn reload(
        &mut self,
        publish: &watch::Sender<Arc<Settings>>,
        roots: &watch::Sender<Vec<PathBuf>>,
        certificates: Option<&Certificates>,
    ) {
        let new = match Config::load(&self.path) {
            Ok(new) => new,
            Err(faults) => {
                tracing::warn!(%faults, "the configuration has faults; the old one stays in force");
                return;
            }
        };
        for key in self.config.reload_conflicts(&new) {
            tracing::warn!(key, "a changed key needs a restart");
        }
        if let (Some(certificates), Some(tls)) = (certificates, &new.tls)
            && let Err(error) = certificates.replace(Arc::clone(&tls.certified))
        {
            tracing::warn!(%error, "the certificate can't be served; the old one stays");
            return;
        }
        if let Err(error) = self.log.reload(&new.log) {
            tracing::warn!(%error, "the log's filter stays as it was");
        }
        publish.send_replace(Arc::new(settings(&new)));
        roots.send_replace(new.location_roots.clone());
        self.config = new;
        tracing::info!(file = %self.path.display(), "configuration reloaded");
    }
}
