//! Which tiles there are and what they are called.

use super::TILE_WIDTH;
use crate::Size;
use crate::note::decimal;
use std::fmt;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Roots of complete subtrees of 256^level leaves; level 0 to 63.
    Hashes {
        /// The tile's level.
        level: u8,
    },
    /// Entries: a bundle.
    Entries,
}

/// A tile's name. Text form: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`, without a leading slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// A text is no tile's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TilePathError {
    /// Not `tile/<L>/<N>` or `tile/entries/<N>`.
    #[error("{path:?} is no tile path")]
    Form {
        /// The text.
        path: String,
    },
    /// The level is no plain decimal from 0 to 63.
    #[error("{level:?} is no tile level from 0 to 63")]
    Level {
        /// The path element.
        level: String,
    },
    /// The index is not spelt in groups of three digits, or spelt with needless groups, or over 2^64 − 1.
    #[error("{index:?} is no tile index such as 067 or x001/x234/067")]
    Index {
        /// The path elements.
        index: String,
    },
    /// The width of a partial tile is no plain decimal from 1 to 255.
    #[error("{width:?} is no width of a partial tile from 1 to 255")]
    Width {
        /// The path element.
        width: String,
    },
}

impl TilePathError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Form { .. } => "tile_form",
            Self::Level { .. } => "tile_level",
            Self::Index { .. } => "tile_index",
            Self::Width { .. } => "tile_width",
        }
    }
}

impl TilePath {
    /// The tile of this kind, place and width (1 to 256; 256 is a full tile). `None` for a level over 63 or
    /// another width.
    #[must_use]
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<Self> {
        let level_fits = !matches!(kind, TileKind::Hashes { level: 64.. });
        (level_fits && (1..=TILE_WIDTH).contains(&u64::from(width))).then_some(Self { kind, index, width })
    }

    /// Reads a tile's name, in its one spelling.
    ///
    /// # Errors
    /// [`TilePathError`].
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let form = || TilePathError::Form { path: path.to_owned() };
        let (kind, rest) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or_else(form)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes { level: read_level(level)? },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, read_width(width)?),
            None => (rest, TILE_WIDTH as u16),
        };
        let index = read_index(index).ok_or_else(|| TilePathError::Index { index: index.to_owned() })?;
        Ok(Self { kind, index, width })
    }

    /// What the tile holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// The tile's place in its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries the tile holds, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile holds fewer than 256.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        (self.width as u64) < TILE_WIDTH
    }

    /// Whether a tree of `size` leaves has everything that the tile holds. A log that serves only what this
    /// permits never shows a hash that no checkpoint covers.
    #[must_use]
    pub fn is_within(&self, size: Size) -> bool {
        let level = match self.kind {
            TileKind::Hashes { level } => level,
            TileKind::Entries => 0,
        };
        self.index
            .checked_mul(TILE_WIDTH)
            .and_then(|start| start.checked_add(u64::from(self.width)))
            .is_some_and(|end| end <= width_of_level(size, level))
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut divisor = 1;
        while self.index / divisor >= 1000 {
            divisor *= 1000;
        }
        while divisor > 1 {
            write!(f, "x{:03}/", self.index / divisor % 1000)?;
            divisor /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Every tile and bundle of a tree of `size` leaves, the partial ones included, level by level, the bundles
/// last.
pub fn tiles_of(size: Size) -> impl Iterator<Item = TilePath> {
    tiles_since(Size(0), size)
}

/// The tiles and bundles of the tree of `new` leaves that the tree of `old` leaves did not have: what a log
/// that grew has to publish. Level by level, the bundles last.
pub fn tiles_since(old: Size, new: Size) -> impl Iterator<Item = TilePath> {
    let hashes = (0..8).flat_map(move |level| {
        new_tiles(TileKind::Hashes { level }, width_of_level(old, level), width_of_level(new, level))
    });
    hashes.chain(new_tiles(TileKind::Entries, old.0, new.0))
}

/// The tiles of one row of `new` hashes that are not those of its first `old` hashes.
fn new_tiles(kind: TileKind, old: u64, new: u64) -> impl Iterator<Item = TilePath> {
    let first = if new > old { old / TILE_WIDTH } else { new.div_ceil(TILE_WIDTH) };
    (first..new.div_ceil(TILE_WIDTH)).map(move |index| {
        let width = (new - index * TILE_WIDTH).min(TILE_WIDTH) as u16;
        TilePath { kind, index, width }
    })
}

/// How many complete subtrees of 256^level leaves a tree has.
pub(super) const fn width_of_level(size: Size, level: u8) -> u64 {
    if level < 8 { size.0 >> (8 * level) } else { 0 }
}

fn read_level(text: &str) -> Result<u8, TilePathError> {
    decimal(text)
        .filter(|level| *level <= 63)
        .map(|level| level as u8)
        .ok_or_else(|| TilePathError::Level { level: text.to_owned() })
}

fn read_width(text: &str) -> Result<u16, TilePathError> {
    decimal(text)
        .filter(|width| (1..TILE_WIDTH).contains(width))
        .map(|width| width as u16)
        .ok_or_else(|| TilePathError::Width { width: text.to_owned() })
}

fn read_index(text: &str) -> Option<u64> {
    let (groups, last) = match text.rsplit_once('/') {
        Some((groups, last)) => (Some(groups), last),
        None => (None, text),
    };
    let mut index = 0_u64;
    for group in groups.into_iter().flat_map(|groups| groups.split('/')) {
        index = index.checked_mul(1000)?.checked_add(read_group(group.strip_prefix('x')?)?)?;
        // A first group of zeros would be a second spelling.
        if index == 0 {
            return None;
        }
    }
    index.checked_mul(1000)?.checked_add(read_group(last)?)
}

fn read_group(text: &str) -> Option<u64> {
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(level: u8, index: u64, width: u16) -> TilePath {
        TilePath::new(TileKind::Hashes { level }, index, width).unwrap()
    }

    #[test]
    fn names_read_back() {
        for (tile, path) in [
            (hashes(0, 0, 256), "tile/0/000"),
            (hashes(63, 999, 255), "tile/63/999.p/255"),
            (hashes(1, 1000, 1), "tile/1/x001/000.p/1"),
            (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (hashes(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615"),
            (TilePath::new(TileKind::Entries, 5, 7).unwrap(), "tile/entries/005.p/7"),
        ] {
            assert_eq!(tile.to_string(), path);
            assert_eq!(TilePath::parse(path), Ok(tile));
        }
        assert_eq!(TilePath::new(TileKind::Entries, 0, 0), None);
        assert_eq!(TilePath::new(TileKind::Entries, 0, 257), None);
        assert_eq!(TilePath::new(TileKind::Hashes { level: 64 }, 0, 1), None);
    }

    #[test]
    fn other_spellings_are_refused_by_name() {
        for (path, name) in [
            ("/tile/0/000", "tile_form"),
            ("tile/0", "tile_form"),
            ("tile/64/000", "tile_level"),
            ("tile/00/000", "tile_level"),
            ("tile/-1/000", "tile_level"),
            ("tile/8/0/000", "tile_index"),
            ("tile/data/000", "tile_level"),
            ("tile/0/0", "tile_index"),
            ("tile/0/0000", "tile_index"),
            ("tile/0/x000/001", "tile_index"),
            ("tile/0/001/001", "tile_index"),
            ("tile/0/x001/x001", "tile_index"),
            ("tile/0/x01/001", "tile_index"),
            ("tile/0/+01", "tile_index"),
            ("tile/0/x018/x446/x744/x073/x709/x551/616", "tile_index"),
            ("tile/0/000.p/0", "tile_width"),
            ("tile/0/000.p/256", "tile_width"),
            ("tile/0/000.p/01", "tile_width"),
            ("tile/0/000.p/", "tile_width"),
            ("tile/0/000.p", "tile_index"),
            ("tile/0/000/", "tile_index"),
        ] {
            assert_eq!(TilePath::parse(path).unwrap_err().name(), name, "{path}");
        }
    }

    // The example of C2SP tlog-tiles, "Partial Tiles": a tree of 70,000, and one of 256.
    #[test]
    fn tiles_of_the_examples() {
        let tiles: Vec<TilePath> = tiles_of(Size(70_000)).collect();
        let full = |kind| tiles.iter().filter(|tile| tile.kind == kind && !tile.is_partial()).count();
        let partial: Vec<String> = tiles.iter().filter(|t| t.is_partial()).map(ToString::to_string).collect();
        assert_eq!([0, 1, 2].map(|level| full(TileKind::Hashes { level })), [273, 1, 0]);
        assert_eq!(full(TileKind::Entries), 273);
        assert_eq!(
            partial,
            ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]
        );
        let names: Vec<String> = tiles_of(Size(256)).map(|tile| tile.to_string()).collect();
        assert_eq!(names, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        assert_eq!(tiles_of(Size(0)).count(), 0);
        assert_eq!(tiles_since(Size(300), Size(300)).count(), 0);
    }

    // A tile is within a size exactly if a tree of that size or a smaller one has it.
    #[test]
    fn a_tile_is_within_the_sizes_that_hold_it() {
        for size in [1, 255, 256, 257, 511, 512, 65_536, 70_000].map(Size) {
            for tile in tiles_of(size) {
                assert!(tile.is_within(size), "{tile} in {size}");
                if tile.is_partial() {
                    let wider = TilePath { width: tile.width + 1, ..tile };
                    assert!(!wider.is_within(size), "{wider} in {size}");
                }
            }
        }
        assert!(!hashes(0, u64::MAX, 256).is_within(Size(u64::MAX)));
        assert!(!hashes(8, 0, 1).is_within(Size(u64::MAX)));
    }
}
