//! An address as a QR code, for paper and screens.

use super::output::Failure;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use std::path::Path;

/// How wide a QR code is at least.
const PIXELS: u32 = 320;

/// Writes the address as a QR code into a file, and says so.
pub(super) fn draw(path: &Path, address: &str) -> Result<String, Failure> {
    let svg =
        svg_of(address).ok_or_else(|| Failure::unknown("qr", "the address is too long for a QR code"))?;
    std::fs::write(path, svg).map_err(|error| {
        Failure::unknown("file", format!("{} cannot be written: {error}", path.display()))
    })?;
    Ok(format!("As a QR code: {}", path.display()))
}

/// An SVG, black on white with a quiet zone. `None` if the address is too long.
fn svg_of(address: &str) -> Option<String> {
    // Read from paper that was folded: a quarter of it may be missing.
    let code = QrCode::with_error_correction_level(address, EcLevel::Q).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(PIXELS, PIXELS).build())
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
        for behind in [43, 86] {
            let address = format!("https://procura.example.gov.example/verify#{}", "-7".repeat(behind / 2));
            let (side, dark) = seen(&svg_of(&address).unwrap());
            let grey = |x: usize, y: usize| if dark[y * side + x] { 0 } else { 255 };
            let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
            let codes = picture.detect_grids();
            assert_eq!(codes.len(), 1);
            assert_eq!(codes[0].decode().unwrap().1, address);
        }
        assert_eq!(svg_of(&"x".repeat(3000)), None);
    }
}
