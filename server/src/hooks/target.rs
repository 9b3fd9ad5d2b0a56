//! Where messages may go. An address that somebody else registered must not make the server talk to its own network: the name is
//! resolved here, each time, and only addresses that pass are connected to.
//!
//! spec: http.md#webhooks

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The port of public receivers.
const HTTPS: u16 = 443;
/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(10);

/// A hook's URL in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// A name, or an IPv4 address.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// From the slash on.
    pub(super) path: String,
}

/// Why nothing is sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoWay {
    /// The name has no address now.
    Unresolved,
    /// No address of it is one to send to.
    Refused,
}

impl Target {
    /// The parts of a URL of the form that the core takes ([`procura_core::kinds::is_hook_url`]).
    pub(super) fn of(url: &str) -> Option<Self> {
        let (authority, path) = url.strip_prefix("https://")?.split_once('/')?;
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, HTTPS),
        };
        Some(Self { host: host.to_owned(), port, path: format!("/{path}") })
    }

    /// The header `Host`.
    pub(super) fn authority(&self) -> String {
        if self.port == HTTPS { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The addresses that the name has now and that may be connected to.
    pub(super) async fn addresses(&self, allow: &[SocketAddr]) -> Result<Vec<SocketAddr>, NoWay> {
        let found = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((self.host.as_str(), self.port)));
        let found: Vec<SocketAddr> = match found.await {
            Ok(Ok(found)) => found.collect(),
            _ => return Err(NoWay::Unresolved),
        };
        if found.is_empty() {
            return Err(NoWay::Unresolved);
        }
        let open: Vec<SocketAddr> = found.into_iter().filter(|address| may_reach(*address, allow)).collect();
        if open.is_empty() { Err(NoWay::Refused) } else { Ok(open) }
    }
}

/// Whether this address may be connected to: a public one at the port of https, or one that the operator names.
pub(super) fn may_reach(address: SocketAddr, allow: &[SocketAddr]) -> bool {
    let plain = |address: &SocketAddr| (address.ip().to_canonical(), address.port());
    let is_allowed = allow.iter().any(|allowed| plain(allowed) == plain(&address));
    is_allowed || (address.port() == HTTPS && is_public(address.ip()))
}

/// Whether an address is one of the open internet: not of IANA's special-purpose registries, and nothing that leads to such a one.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        // This network, private, loopback.
        [0 | 10 | 127, ..] => true,
        // Shared by a carrier's customers.
        [100, second, ..] => (64..128).contains(&second),
        // Link-local: cloud metadata is here.
        [169, 254, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        // Protocol assignments, documentation, 6to4 relays.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [192, 168, ..] => true,
        // Benchmarks, documentation.
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // All that is given out lies here. Outside: unspecified, loopback, IPv4 in other clothes, NAT64, unique-local, link-local, multicast.
    let is_global_unicast = first & 0xe000 == 0x2000;
    let special = match (first, second) {
        // Protocol assignments, Teredo among them, which leads to an IPv4 address.
        (0x2001, 0..0x0200) => true,
        // Documentation.
        (0x2001, 0x0db8) | (0x3fff, 0..0x1000) => true,
        // 6to4: leads to an IPv4 address.
        (0x2002, _) => true,
        _ => false,
    };
    is_global_unicast && !special
}

#[cfg(test)]
mod tests {
    //! Goal: nothing but the open internet at port 443 is reached, unless it is allowed by address and port. Method: an address of each
    //! range, first and last, and its neighbours outside; names that lead to this machine.

    use super::*;

    fn may(address: &str) -> bool {
        may_reach(SocketAddr::new(address.parse().unwrap(), HTTPS), &[])
    }

    #[test]
    fn special_addresses_are_refused() {
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:93.184.215.14",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "3fff:fff::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "4000::1",
        ] {
            assert!(!may(address), "{address}");
        }
    }

    #[test]
    fn their_neighbours_are_not() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2a00:1450::1",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert!(may(address), "{address}");
        }
    }

    #[test]
    fn other_ports_and_inner_addresses_are_allowed_one_by_one() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(!may_reach(at("9.9.9.9:8443"), &[]));
        let allow = [at("9.9.9.9:8443"), at("127.0.0.1:8443"), at("[::1]:8443")];
        for address in ["9.9.9.9:8443", "127.0.0.1:8443", "[::ffff:127.0.0.1]:8443", "[::1]:8443"] {
            assert!(may_reach(at(address), &allow), "{address}");
        }
        for address in ["9.9.9.9:8444", "127.0.0.1:443", "127.0.0.1:8080", "127.0.0.2:8443", "[::1]:443"] {
            assert!(!may_reach(at(address), &allow), "{address}");
        }
    }

    #[test]
    fn a_url_comes_apart_as_it_was_registered() {
        let parts = |url| Target::of(url).map(|target| (target.authority(), target.port, target.path));
        let parts_of =
            |authority: &str, port, path: &str| Some((authority.to_owned(), port, path.to_owned()));
        assert_eq!(parts("https://a.example/"), parts_of("a.example", 443, "/"));
        assert_eq!(parts("https://a.example:443/x/y"), parts_of("a.example", 443, "/x/y"));
        assert_eq!(parts("https://a.example:8443/@b:c"), parts_of("a.example:8443", 8443, "/@b:c"));
        assert_eq!(parts("http://a.example/"), None);
    }

    /// However this machine is called.
    #[tokio::test]
    async fn a_name_is_worth_its_addresses() {
        for host in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"] {
            let target = Target { host: host.to_owned(), port: HTTPS, path: "/".to_owned() };
            let refused = target.addresses(&[]).await.unwrap_err();
            // Not every system reads the odd spellings.
            assert!(
                refused == NoWay::Refused
                    || (refused == NoWay::Unresolved && host.contains('x') | host.starts_with(['0', '2'])),
                "{host}"
            );
        }
        let target = Target { host: "localhost".to_owned(), port: 8443, path: "/".to_owned() };
        let allowed = "127.0.0.1:8443".parse().unwrap();
        assert_eq!(
            target.addresses(&[allowed]).await,
            Ok(vec![allowed]),
            "the other addresses of the name are left out"
        );
    }
}
