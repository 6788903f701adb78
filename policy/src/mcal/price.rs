//! What a client costs for a month: its platform, plus its plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::units::{serde_as_text, shown};

/// What kind of machine a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Platform {
    /// A desktop: 1 MCAL, unless the price table says otherwise.
    #[default]
    Desktop,
    /// A server: 2 MCALs, unless the price table says otherwise.
    Server,
}

/// The name of a plugin: `[a-z0-9-]`, 1 to 20 characters, never a platform's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plugin(Box<str>);

/// A client's plugins, at most 16. Their text form is names with commas, or `none`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Plugins(BTreeSet<Plugin>);

/// The price table, in MCALs a month: `desktop=1 server=2 sql=2 ...`. At most 32 plugins, each price 0 to 1,000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    desktop: u32,
    server: u32,
    plugins: BTreeMap<Plugin, u32>,
}

/// Why a text is no platform, plugin or price table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Neither platform.
    #[error("{0} is no platform: use desktop or server")]
    Platform(String),
    /// A plugin's name can't be that.
    #[error("{0} is no plugin's name: use a-z, 0-9 and -, at most 20 characters, such as sql")]
    Plugin(String),
    /// More plugins than are kept.
    #[error("there are more than {0} plugins")]
    TooMany(usize),
    /// The price table doesn't have it.
    #[error(
        "the price table has no plugin {plugin}: it has {known}; add it with: server edit --mcal-prices"
    )]
    Unpriced {
        /// The plugin.
        plugin: Plugin,
        /// Those that it has.
        known: String,
    },
    /// No price.
    #[error("{0} is no price: write name=number with a number from 0 to 1000, such as sql=2")]
    Price(String),
    /// Given twice.
    #[error("{0} has two prices; give one")]
    Twice(String),
}

/// Most plugins of a client.
const MOST_PLUGINS: usize = 16;
/// Most plugins that have prices.
const MOST_PRICES: usize = 32;
/// The highest price.
const MOST: u32 = 1000;

impl Plugins {
    /// The plugins by name.
    pub fn iter(&self) -> impl Iterator<Item = &Plugin> {
        self.0.iter()
    }
}

impl Prices {
    /// What a client of that platform with those plugins costs for a month. A plugin that has no price any more costs
    /// nothing.
    #[must_use]
    pub fn of(&self, platform: Platform, plugins: &Plugins) -> u32 {
        let base = match platform {
            Platform::Desktop => self.desktop,
            Platform::Server => self.server,
        };
        let plugins = plugins.iter().filter_map(|plugin| self.plugins.get(plugin));
        base + plugins.sum::<u32>()
    }

    /// Whether every plugin has a price.
    ///
    /// # Errors
    /// With the first that has none.
    pub fn know(&self, plugins: &Plugins) -> Result<(), PriceError> {
        let unknown = plugins
            .iter()
            .find(|plugin| !self.plugins.contains_key(plugin));
        match unknown {
            None => Ok(()),
            Some(plugin) => {
                let known: Vec<&str> = self.plugins.keys().map(Plugin::as_str).collect();
                Err(PriceError::Unpriced {
                    plugin: plugin.clone(),
                    known: if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    },
                })
            }
        }
    }
}

impl Default for Prices {
    fn default() -> Self {
        let plugins = [("exchange", 2), ("mailbox", 1), ("mysql", 1), ("sql", 2)];
        Self {
            desktop: 1,
            server: 2,
            plugins: plugins
                .into_iter()
                .map(|(name, price)| (Plugin(name.into()), price))
                .collect(),
        }
    }
}

impl Plugin {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Platform {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "desktop" => Ok(Self::Desktop),
            "server" => Ok(Self::Server),
            _ => Err(PriceError::Platform(shown(text))),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Desktop => "desktop",
            Self::Server => "server",
        })
    }
}

impl FromStr for Plugin {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let name = text.trim().to_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=20).contains(&name.len()) && name.bytes().all(plain);
        if !fits || matches!(name.as_str(), "desktop" | "server" | "none") {
            return Err(PriceError::Plugin(shown(text)));
        }
        Ok(Self(name.into()))
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Plugins {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        let plugins: BTreeSet<Plugin> =
            text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        if plugins.len() > MOST_PLUGINS {
            return Err(PriceError::TooMany(MOST_PLUGINS));
        }
        Ok(Self(plugins))
    }
}

impl fmt::Display for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.pad("none");
        }
        let names: Vec<&str> = self.0.iter().map(Plugin::as_str).collect();
        f.pad(&names.join(","))
    }
}

impl FromStr for Prices {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let mut prices = Self {
            plugins: BTreeMap::new(),
            ..Self::default()
        };
        let mut seen = BTreeSet::new();
        for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
            let wrong = || PriceError::Price(shown(part));
            let (name, price) = part.split_once('=').ok_or_else(wrong)?;
            // A sign would read as if it were added.
            let digits = price.bytes().all(|b| b.is_ascii_digit());
            let price = price.parse().ok().filter(|price| digits && *price <= MOST);
            let price = price.ok_or_else(wrong)?;
            let name = name.to_ascii_lowercase();
            if !seen.insert(name.clone()) {
                return Err(PriceError::Twice(shown(&name)));
            }
            match name.as_str() {
                "desktop" => prices.desktop = price,
                "server" => prices.server = price,
                plugin => {
                    prices.plugins.insert(plugin.parse()?, price);
                }
            }
        }
        if prices.plugins.len() > MOST_PRICES {
            return Err(PriceError::TooMany(MOST_PRICES));
        }
        if seen.is_empty() {
            return Err(PriceError::Price(shown(text)));
        }
        Ok(prices)
    }
}

impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "desktop={} server={}", self.desktop, self.server)?;
        for (plugin, price) in &self.plugins {
            write!(f, " {plugin}={price}")?;
        }
        Ok(())
    }
}

serde_as_text!(Platform);
serde_as_text!(Plugins);
serde_as_text!(Prices);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_costs_its_platform_and_its_plugins() {
        let prices = Prices::default();
        let cost = |platform: &str, plugins: &str| {
            prices.of(platform.parse().unwrap(), &plugins.parse().unwrap())
        };
        assert_eq!(cost("desktop", "none"), 1);
        assert_eq!(cost("server", "none"), 2);
        assert_eq!(cost("server", "sql, exchange"), 6);
        assert_eq!(cost("desktop", "mailbox,mysql"), 3);
        assert_eq!(cost("desktop", "oracle"), 1);
        assert!(prices.know(&"sql".parse().unwrap()).is_ok());
        let unknown = prices.know(&"sql,oracle".parse().unwrap()).unwrap_err();
        assert!(
            unknown
                .to_string()
                .contains("exchange, mailbox, mysql, sql")
        );
    }

    #[test]
    fn a_price_table_reads_back_as_it_is_shown() {
        for text in [
            "desktop=1 server=2 exchange=2 mailbox=1 mysql=1 sql=2",
            "desktop=0 server=1000",
        ] {
            assert_eq!(text.parse::<Prices>().unwrap().to_string(), text);
        }
        assert_eq!(Prices::default().to_string().parse(), Ok(Prices::default()));
        assert_eq!(
            "sql=3".parse::<Prices>().unwrap().to_string(),
            "desktop=1 server=2 sql=3"
        );
    }

    #[test]
    fn what_is_no_price_is_refused_by_its_cause() {
        for text in [
            "",
            "sql",
            "sql=",
            "sql=-1",
            "sql=+1",
            "sql=1001",
            "sql=1 SQL=2",
            "s ql=1",
            "none=1",
        ] {
            assert!(text.parse::<Prices>().is_err(), "{text}");
        }
        assert!("laptop".parse::<Platform>().is_err());
        assert!("sql,,mysql".parse::<Plugins>().is_err());
        let many: Vec<String> = (0..17).map(|n| format!("p{n}")).collect();
        assert_eq!(
            many.join(",").parse::<Plugins>(),
            Err(PriceError::TooMany(16))
        );
    }
}
