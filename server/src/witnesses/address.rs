//! Where a witness is asked: an URL of the policy, in its parts. The operator names it, so it may lead anywhere.

use hyper::Uri;

/// The parts of a witness's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_tls: bool,
    /// A name or an IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The header `Host`.
    pub(super) authority: String,
    /// The address that checkpoints are sent to.
    pub(super) path: String,
}

impl Address {
    /// `None` for what is no `http` or `https` URL, or has a user, a query or a fragment.
    pub(super) fn parse(url: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(url).ok()?;
        if text.contains(['@', '#', '?']) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let (is_tls, standard) = match uri.scheme_str()? {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        // A port that is none leaves the authority with a colon at its end.
        if host.is_empty() || authority.as_str().ends_with(':') {
            return None;
        }
        Some(Self {
            is_tls,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(standard),
            authority: authority.to_string(),
            path: format!("{}/add-checkpoint", uri.path().trim_end_matches('/')),
        })
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a witness is asked where its URL says, and nowhere else. Method: one URL for each form.

    use super::*;

    #[test]
    fn a_url_comes_apart() {
        let parts = |url: &str| {
            let address = Address::parse(url.as_bytes())?;
            Some((address.is_tls, address.host, address.port, address.authority, address.path))
        };
        let of = |is_tls, host: &str, port, authority: &str, path: &str| {
            Some((is_tls, host.to_owned(), port, authority.to_owned(), path.to_owned()))
        };
        assert_eq!(parts("https://w.example"), of(true, "w.example", 443, "w.example", "/add-checkpoint"));
        assert_eq!(parts("https://w.example/"), of(true, "w.example", 443, "w.example", "/add-checkpoint"));
        assert_eq!(
            parts("http://127.0.0.1:8090/a/b/"),
            of(false, "127.0.0.1", 8090, "127.0.0.1:8090", "/a/b/add-checkpoint")
        );
        assert_eq!(parts("http://[::1]:8090"), of(false, "::1", 8090, "[::1]:8090", "/add-checkpoint"));
        for bad in [
            "",
            "w.example",
            "ftp://w.example",
            "https://",
            "https://u@w.example",
            "https://w.example/?q",
            "/x",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
