//! What tells of most keys that they are not among some rows, without reading these.
//!
//! A Bloom filter in lines of 512 bits: a key sets six bits of one line. At ten bits a key about one absent key in a hundred is
//! taken for present. The hash is fixed for ever, as filters are stored.

const LINE_BYTES: usize = 64;
const KEYS_PER_LINE: usize = 51;
const PROBES: u32 = 6;

/// The 64 bits by which a filter knows a key.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    };
    let (words, rest) = key.as_chunks::<8>();
    let hash = words.iter().fold(key.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(mix(hash, u64::from_le_bytes(last)), 0x51_7c_c1_b7_27_22_0a_95)
}

/// The filter of these keys, as it is stored.
pub(super) fn encode(hashes: &[u64]) -> Vec<u8> {
    let lines = hashes.len().div_ceil(KEYS_PER_LINE).max(1);
    let mut filter = vec![0; lines * LINE_BYTES];
    for hash in hashes {
        let line = filter.get_mut(line_of(*hash, lines)).unwrap_or_default();
        for (byte, bit) in bits(*hash) {
            line.get_mut(byte).into_iter().for_each(|byte| *byte |= bit);
        }
    }
    filter
}

/// Whether a key may be among those that the filter was made of. One that is, always may.
pub(super) fn may_hold(filter: &[u8], hash: u64) -> bool {
    let line = filter.get(line_of(hash, filter.len() / LINE_BYTES)).unwrap_or_default();
    bits(hash).all(|(byte, bit)| line.get(byte).is_none_or(|byte| byte & bit != 0))
}

fn line_of(hash: u64, lines: usize) -> std::ops::Range<usize> {
    let line = (((hash >> 32) * lines as u64) >> 32) as usize;
    line * LINE_BYTES..(line + 1) * LINE_BYTES
}

/// The bits of a line that a key sets.
fn bits(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let (start, step) = (hash as u32, ((hash >> 9) as u32) | 1);
    (0..PROBES).map(move |probe| {
        let bit = start.wrapping_add(step.wrapping_mul(probe)) % 512;
        ((bit / 8) as usize, 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No key that is there is denied; few that are not are admitted, keys of one table and short ones too.
    #[test]
    fn a_filter_denies_most_that_is_absent_and_nothing_that_is_there() {
        let key = |n: u32| match n % 3 {
            0 => [b"s".as_slice(), &procura_core::hash::sha256(&[&n.to_be_bytes()]).0].concat(),
            1 => [b"p".as_slice(), &n.to_be_bytes()].concat(),
            _ => n.to_be_bytes().to_vec(),
        };
        for count in [1, 50, 5000] {
            let hashes: Vec<u64> = (0..count).map(|n| hash(&key(n))).collect();
            let filter = encode(&hashes);
            assert!(hashes.iter().all(|hash| may_hold(&filter, *hash)));
            let wrong = (count..count + 30_000).filter(|n| may_hold(&filter, hash(&key(*n)))).count();
            assert!(wrong < 30_000 / 40, "{wrong} of 30,000 beside {count}");
        }
    }

    /// Filters on disk stay readable: the hash is what it was.
    #[test]
    fn the_hash_is_fixed() {
        assert_eq!([hash(b""), hash(b"s"), hash(&[7; 33])], FIXED);
    }

    const FIXED: [u64; 3] =
        [10_594_965_231_110_580_871, 2_832_383_255_058_331_753, 4_557_837_563_725_916_808];
}
