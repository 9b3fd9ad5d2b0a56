//! A link as it is typed and shown: an address with 32 bytes behind the `#`, which no server sees.
//!
//! spec: http.md#links

use procura_core::b64;
use std::str::FromStr;

/// The bytes of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(pub(crate) [u8; 32]);

impl Link {
    /// The link as an address of a server's.
    pub(crate) fn address(&self, server: &str) -> String {
        procura_client::link_address(server, &self.0)
    }
}

impl FromStr for Link {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let bytes = typed.rsplit_once('#').map_or(typed, |(_, bytes)| bytes);
        let link = b64::decode_array(bytes).map_err(|_| "it is no link: copy the whole of it".to_owned())?;
        Ok(Self(link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_is_shown() {
        let link = Link([0xfb; 32]);
        let shown = link.address("https://example.org");
        assert_eq!(shown.parse(), Ok(link));
        assert_eq!(shown.split('#').nth(1).unwrap().parse(), Ok(link));
        for wrong in ["", "https://example.org/r#", "https://example.org/r#AAAA"] {
            assert!(wrong.parse::<Link>().is_err(), "{wrong}");
        }
    }
}
