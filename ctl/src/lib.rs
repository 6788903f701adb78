//! `penstockctl`: the administrator edits and watches customers over a Unix socket.
