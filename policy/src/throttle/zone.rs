//! A time zone by its IANA name, known to exist.

use std::fmt;
use std::str::FromStr;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::units::{serde_as_text, shown};

/// A time zone of the bundled IANA database; its text form is its name (`Europe/Berlin`).
///
/// The bundled database and no other decides, so that a zone accepted on one machine means the
/// same on every other, with or without zone files of its own.
#[derive(Clone)]
pub struct Zone {
    name: Box<str>,
    tz: TimeZone,
}

/// Why a text is no [`Zone`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// No such name in the database.
    #[error("{0} is not a time zone: use an IANA name such as Europe/Berlin, or UTC")]
    Unknown(String),
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".into(),
            tz: TimeZone::UTC,
        }
    }

    /// The IANA name, spelt as in the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone's rules.
    pub fn tz(&self) -> &TimeZone {
        &self.tz
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let text = text.trim();
        let unknown = || ZoneError::Unknown(shown(text));
        let tz = TimeZoneDatabase::bundled()
            .get(text)
            .map_err(|_| unknown())?;
        // `Etc/Unknown` is in the database, as UTC that says it knows nothing.
        let name = tz
            .iana_name()
            .filter(|_| !tz.is_unknown())
            .ok_or_else(unknown)?;
        Ok(Self {
            name: name.into(),
            tz,
        })
    }
}

serde_as_text!(Zone);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_spelt_as_in_the_database() {
        for (text, name) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("UTC", "UTC"),
            ("Australia/Lord_Howe", "Australia/Lord_Howe"),
        ] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), name);
        }
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::utc());
    }

    #[test]
    fn what_is_no_zone_is_refused_by_name() {
        for text in [
            "",
            "local",
            "localtime",
            "Europe/Berln",
            "Etc/Unknown",
            "+02:00",
            "CET-1CEST",
            "../etc/passwd",
        ] {
            let error = text.parse::<Zone>().unwrap_err();
            assert!(error.to_string().starts_with(&shown(text)), "{error}");
        }
    }
}
