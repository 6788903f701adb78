//! An address or CIDR block, for saying which proxies are trusted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A block of addresses (RFC 4632, RFC 4291 2.3), with no bits set beyond its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Why a text names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part before the slash isn't an address.
    #[error("not an IP address")]
    Address,
    /// The part after the slash isn't a number, or is longer than the address.
    #[error("the prefix must be a number from 0 to {longest}")]
    Prefix {
        /// 32 or 128, by the address' family.
        longest: u8,
    },
    /// An IPv4 address mapped into IPv6: peers are compared as the IPv4 addresses they are.
    #[error("an IPv4 address written as IPv6")]
    Mapped,
    /// Bits are set that the prefix leaves open: one of the two was mistyped.
    #[error("bits are set beyond the prefix; the block is {block}")]
    HostBits {
        /// The block that the address lies in.
        block: Network,
    },
}

impl Network {
    /// Whether `address` lies in the block. An IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && mask(address, self.prefix) == self.base
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        if address.to_canonical() != address {
            return Err(NetworkError::Mapped);
        }
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            // `parse` alone would take "+8".
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .map_err(|_| NetworkError::Prefix { longest })?,
            Some(_) => return Err(NetworkError::Prefix { longest }),
            None => longest,
        };
        if prefix > longest {
            return Err(NetworkError::Prefix { longest });
        }
        let block = Self {
            base: mask(address, prefix),
            prefix,
        };
        if block.base == address {
            Ok(block)
        } else {
            Err(NetworkError::HostBits { block })
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let open = 32_u32.saturating_sub(prefix.into());
            IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(open).unwrap_or(0)).into())
        }
        IpAddr::V6(v6) => {
            let open = 128_u32.saturating_sub(prefix.into());
            IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(open).unwrap_or(0)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_holds_its_first_and_last_address_and_no_neighbour() {
        let block = network("192.0.2.64/26");
        assert!(block.contains(ip("192.0.2.64")) && block.contains(ip("192.0.2.127")));
        assert!(!block.contains(ip("192.0.2.63")) && !block.contains(ip("192.0.2.128")));
        let block = network("2001:db8::/33");
        assert!(block.contains(ip("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")));
        assert!(!block.contains(ip("2001:db8:8000::")));
    }

    #[test]
    fn an_address_alone_is_a_block_of_one() {
        assert!(network("::1").contains(ip("::1")));
        assert!(!network("::1").contains(ip("::2")));
        assert_eq!(network("192.0.2.1").to_string(), "192.0.2.1/32");
    }

    #[test]
    fn the_widest_block_holds_all_of_its_family_and_none_of_the_other() {
        assert!(network("0.0.0.0/0").contains(ip("255.1.2.3")));
        assert!(!network("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(network("::/0").contains(ip("2001:db8::1")));
        assert!(!network("::/0").contains(ip("192.0.2.1")));
    }

    #[test]
    fn a_mapped_address_counts_as_the_ipv4_address_it_is() {
        assert!(network("192.0.2.0/24").contains(ip("::ffff:192.0.2.9")));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert_eq!(
            "proxy.example".parse::<Network>(),
            Err(NetworkError::Address)
        );
        assert_eq!(
            "::ffff:10.0.0.0/104".parse::<Network>(),
            Err(NetworkError::Mapped)
        );
        for text in [
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2.0/-1",
            "192.0.2.0/999",
        ] {
            assert_eq!(
                text.parse::<Network>(),
                Err(NetworkError::Prefix { longest: 32 }),
                "{text}"
            );
        }
        assert_eq!(
            "::/129".parse::<Network>(),
            Err(NetworkError::Prefix { longest: 128 })
        );
    }

    #[test]
    fn bits_beyond_the_prefix_are_refused_with_the_block_that_was_meant() {
        let Err(error) = "10.0.0.5/8".parse::<Network>() else {
            panic!("accepted");
        };
        assert_eq!(
            error.to_string(),
            "bits are set beyond the prefix; the block is 10.0.0.0/8"
        );
    }
}
