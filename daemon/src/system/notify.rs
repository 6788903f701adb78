//! Words to the service manager (sd_notify(3)), and silence where there is none.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// A service manager that doesn't read for so long isn't waited for.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// What the daemon tells its service manager. Without one every word is a no-op.
///
/// A word that can't be delivered is logged and otherwise passed over: nothing else could be done about it.
#[derive(Debug, Default)]
pub struct Notifier {
    manager: Option<UnixDatagram>,
}

impl Notifier {
    /// Connected to `NOTIFY_SOCKET`, if the environment names one.
    ///
    /// # Errors
    /// When it names one that can't be reached. The manager would wait for READY in vain.
    pub fn from_environment() -> io::Result<Self> {
        match env::var_os("NOTIFY_SOCKET") {
            Some(name) => Self::to(&name),
            None => Ok(Self::default()),
        }
    }

    /// Connected to the socket at a path, or to an abstract one where `name` begins with `@`.
    ///
    /// # Errors
    /// When the socket can't be reached.
    pub fn to(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let manager = UnixDatagram::unbound()?;
        manager.connect_addr(&address)?;
        manager.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(Self {
            manager: Some(manager),
        })
    }

    /// The ports are open and the store is ready. Also ends a reload.
    pub fn ready(&self) {
        self.send(&[NotifyState::Ready]);
    }

    /// One line about what is going on, as `systemctl status` shows it.
    pub fn status(&self, line: &str) {
        // A line break would begin another assignment.
        let line: String = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        self.send(&[NotifyState::Status(&line)]);
    }

    /// The configuration is being read again; [`Notifier::ready`] must follow, whatever comes of it.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the service manager wasn't told of the reload"),
        }
    }

    /// Draining has begun.
    pub fn stopping(&self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// Starting or stopping will go on for up to `more` from now. Each call replaces the one before.
    pub fn extend_timeout(&self, more: Duration) {
        let micros = u32::try_from(more.as_micros()).unwrap_or(u32::MAX);
        self.send(&[NotifyState::ExtendTimeoutUsec(micros)]);
    }

    /// Everything moves. To be called only after real work was seen to be done.
    pub fn watchdog(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    /// How often to call [`Notifier::watchdog`]: half of what the unit's `WatchdogSec=` allows. `None` without one.
    #[must_use]
    pub fn watchdog_interval() -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|allowed| allowed / 2)
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let Some(manager) = &self.manager else { return };
        let message: String = states.iter().map(|state| format!("{state}\n")).collect();
        if let Err(error) = manager.send(message.as_bytes()) {
            tracing::warn!(%error, "the service manager couldn't be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    struct Manager {
        socket: UnixDatagram,
        notifier: Notifier,
        _folder: TempDir,
    }

    impl Manager {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("notify");
            let socket = UnixDatagram::bind(&path).unwrap();
            socket.set_nonblocking(true).unwrap();
            Self {
                socket,
                notifier: Notifier::to(path.as_os_str()).unwrap(),
                _folder: folder,
            }
        }

        fn heard(&self) -> String {
            let mut buffer = [0; 4096];
            let length = self.socket.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        }
    }

    #[test]
    fn each_word_arrives_as_the_manual_spells_it() {
        let manager = Manager::new();
        manager.notifier.ready();
        assert_eq!(manager.heard(), "READY=1\n");
        manager.notifier.status("3 backups, 12 MiB/s");
        assert_eq!(manager.heard(), "STATUS=3 backups, 12 MiB/s\n");
        manager.notifier.stopping();
        assert_eq!(manager.heard(), "STOPPING=1\n");
        manager.notifier.extend_timeout(Duration::from_secs(30));
        assert_eq!(manager.heard(), "EXTEND_TIMEOUT_USEC=30000000\n");
        manager.notifier.watchdog();
        assert_eq!(manager.heard(), "WATCHDOG=1\n");
    }

    #[test]
    fn a_reload_and_its_time_are_one_message() {
        let manager = Manager::new();
        manager.notifier.reloading();
        let heard = manager.heard();
        let micros = heard
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .unwrap()
            .trim_end();
        assert!(micros.parse::<u64>().unwrap() > 0);
    }

    #[test]
    fn a_status_cannot_smuggle_in_another_word() {
        let manager = Manager::new();
        manager.notifier.status("abc-inc\nSTOPPING=1");
        assert_eq!(manager.heard(), "STATUS=abc-inc STOPPING=1\n");
    }

    #[test]
    fn an_extension_too_long_to_count_is_the_longest_there_is() {
        let manager = Manager::new();
        manager
            .notifier
            .extend_timeout(Duration::from_secs(1 << 40));
        assert_eq!(
            manager.heard(),
            format!("EXTEND_TIMEOUT_USEC={}\n", u32::MAX)
        );
    }

    #[test]
    fn an_abstract_socket_is_found() {
        let name = format!("penstock-notify-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Notifier::to(OsStr::new(&format!("@{name}")))
            .unwrap()
            .ready();
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1\n");
    }

    #[test]
    fn without_a_manager_words_go_nowhere_and_a_missing_one_is_an_error() {
        let nobody = Notifier::default();
        nobody.ready();
        nobody.reloading();
        let folder = TempDir::new().unwrap();
        assert!(Notifier::to(folder.path().join("none").as_os_str()).is_err());
    }

    #[test]
    fn a_manager_that_is_gone_breaks_nothing() {
        let Manager {
            socket, notifier, ..
        } = Manager::new();
        drop(socket);
        notifier.ready();
    }
}
