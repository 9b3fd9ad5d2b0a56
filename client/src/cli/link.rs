//! A link as it is typed and shown: an address with 32 bytes behind the `#`, which no server sees.
//!
//! spec: http.md#links

use procura_core::b64;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use std::str::FromStr;

/// How wide a QR code is at least.
const QR_PIXELS: u32 = 320;

/// The bytes of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(pub(crate) [u8; 32]);

impl Link {
    /// The link as an address of a server's.
    pub(crate) fn address(&self, server: &str) -> String {
        procura_client::link_address(server, &self.0)
    }

    /// The address as a QR code: an SVG, black on white with a quiet zone. `None` if it is too long for one.
    pub(crate) fn qr(&self, server: &str) -> Option<String> {
        // Read from paper that was folded: a quarter of it may be missing.
        let code = QrCode::with_error_correction_level(self.address(server), EcLevel::Q).ok()?;
        Some(code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build())
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

    /// The picture as a camera sees it: dark where one of the rectangles of its path is.
    fn seen(svg: &str) -> (usize, Vec<bool>) {
        let between = |before: &str, after: &str| {
            let rest = svg.split_once(before).unwrap().1;
            rest.split_once(after).unwrap().0
        };
        let side: usize = between("width=\"", "\"").parse().unwrap();
        let mut dark = vec![false; side * side];
        for rectangle in between(" d=\"", "\"").split('M').filter(|part| !part.trim().is_empty()) {
            let numbers: Vec<usize> = rectangle
                .split(|c: char| !c.is_ascii_digit())
                .filter(|number| !number.is_empty())
                .map(|number| number.parse().unwrap())
                .collect();
            let [left, top, width, height, ..] = numbers[..] else { panic!("{rectangle}") };
            for y in top..top + height {
                dark[y * side + left..][..width].fill(true);
            }
        }
        (side, dark)
    }

    #[test]
    fn a_camera_reads_the_address() {
        let link = Link([0xfb; 32]);
        let server = "https://procura.example.gov.example";
        let (side, dark) = seen(&link.qr(server).unwrap());
        let grey = |x: usize, y: usize| if dark[y * side + x] { 0 } else { 255 };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
        let codes = picture.detect_grids();
        assert_eq!(codes.len(), 1);
        assert_eq!(codes[0].decode().unwrap().1, link.address(server));
        assert_eq!(link.qr(&"x".repeat(3000)), None);
    }

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
