//! Where connections come from: addresses bound here, listeners passed by the service manager, and TLS over both.

pub mod passed;
pub mod tcp;
pub mod tls;
