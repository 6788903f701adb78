//! Who is at the other end, by the kernel's word, and what that allows.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use penstock_wire::Role;
use penstock_wire::view::Who;
use tokio::net::unix::UCred;

use crate::clock::Clock;

/// How long the system's answer about an account is good for.
const KEEP: Duration = Duration::from_secs(60);

/// Most accounts that are remembered.
const MOST: usize = 1024;

/// Which of the two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// Everything may be asked.
    Control,
    /// Only what looks, without secrets.
    View,
}

/// The groups whose members may use the sockets; none is nobody but root and the daemon's own user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// Of the control socket; its members may look as well.
    pub control: Option<String>,
    /// Of the view socket.
    pub view: Option<String>,
}

/// Looks accounts up, and remembers them for a minute.
pub(super) struct Peers {
    groups: Groups,
    clock: Clock,
    own: Uid,
    known: Mutex<HashMap<(u32, u32), (Duration, Account)>>,
    /// One question to the system at a time: a directory service that hangs holds up one thread, not all.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// What the system knows of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Account {
    user: String,
    control: bool,
    view: bool,
}

impl Peers {
    pub(super) fn new(groups: Groups, clock: Clock) -> Self {
        Self {
            groups,
            clock,
            own: Uid::effective(),
            known: Mutex::default(),
            turn: Arc::default(),
        }
    }

    /// Who that is, and what it may do at this socket.
    pub(super) async fn identify(&self, socket: Socket, peer: UCred) -> (Who, Role) {
        let account = self.account(peer.uid(), peer.gid()).await;
        let uid = Uid::from_raw(peer.uid());
        let trusted = uid.is_root() || uid == self.own;
        let role = role(socket, trusted, &account);
        let who = Who {
            uid: Some(peer.uid()),
            gid: Some(peer.gid()),
            pid: peer.pid(),
            user: account.user,
        };
        (who, role)
    }

    async fn account(&self, uid: u32, gid: u32) -> Account {
        if let Some(account) = self.remembered(uid, gid) {
            return account;
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        // Whoever had the turn before may have asked the same.
        if let Some(account) = self.remembered(uid, gid) {
            return account;
        }
        let groups = self.groups.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let account = look_up(Uid::from_raw(uid), Gid::from_raw(gid), &groups);
            drop(turn);
            account
        });
        let Ok(account) = asked.await else {
            return Account {
                user: format!("#{uid}"),
                control: false,
                view: false,
            };
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert((uid, gid), (self.clock.monotonic(), account.clone()));
        account
    }

    fn remembered(&self, uid: u32, gid: u32) -> Option<Account> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, account) = known.get(&(uid, gid))?;
        let age = self.clock.monotonic().saturating_sub(*at);
        (age < KEEP).then(|| account.clone())
    }
}

fn role(socket: Socket, trusted: bool, account: &Account) -> Role {
    match socket {
        Socket::Control if trusted || account.control => Role::Control,
        Socket::View if trusted || account.control || account.view => Role::View,
        Socket::Control | Socket::View => Role::Nobody,
    }
}

/// Asks the system. What it doesn't know counts as no membership.
fn look_up(uid: Uid, gid: Gid, groups: &Groups) -> Account {
    let user = User::from_uid(uid).ok().flatten();
    let mut member_of = vec![gid];
    if let Some(user) = &user
        && let Ok(name) = CString::new(user.name.as_str())
    {
        member_of.extend(getgrouplist(&name, user.gid).unwrap_or_default());
    }
    let member = |group: &Option<String>| {
        let group = group.as_deref().and_then(group_id);
        group.is_some_and(|gid| member_of.contains(&gid))
    };
    Account {
        control: member(&groups.control),
        view: member(&groups.view),
        user: user.map_or_else(|| format!("#{uid}"), |user| user.name),
    }
}

/// The group's number; none when there is no such group, or the system can't say.
pub(super) fn group_id(name: &str) -> Option<Gid> {
    Group::from_name(name).ok().flatten().map(|group| group.gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(control: bool, view: bool) -> Account {
        Account {
            user: "ann".into(),
            control,
            view,
        }
    }

    #[test]
    fn only_root_ourselves_and_members_get_in() {
        for (socket, trusted, control, view, expected) in [
            (Socket::Control, true, false, false, Role::Control),
            (Socket::Control, false, true, false, Role::Control),
            (Socket::Control, false, false, true, Role::Nobody),
            (Socket::Control, false, false, false, Role::Nobody),
            (Socket::View, true, false, false, Role::View),
            (Socket::View, false, true, false, Role::View),
            (Socket::View, false, false, true, Role::View),
            (Socket::View, false, false, false, Role::Nobody),
        ] {
            let account = account(control, view);
            assert_eq!(
                role(socket, trusted, &account),
                expected,
                "{socket:?} {account:?}"
            );
        }
    }

    #[test]
    fn a_primary_group_is_a_membership() {
        let groups = Groups {
            control: Some("root".into()),
            view: None,
        };
        // An account that the system doesn't know, in root's group.
        let stranger = Uid::from_raw(4_000_000);
        let found = look_up(stranger, Gid::from_raw(0), &groups);
        assert_eq!(found.user, "#4000000");
        assert!(found.control && !found.view);
        assert!(!look_up(stranger, Gid::from_raw(4_000_000), &groups).control);
    }

    #[test]
    fn a_group_that_does_not_exist_has_no_members() {
        let groups = Groups {
            control: Some("no-such-group-here".into()),
            view: None,
        };
        assert!(!look_up(Uid::from_raw(0), Gid::from_raw(0), &groups).control);
    }
}
