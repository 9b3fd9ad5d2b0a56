//! Where a search goes on: a token that only this server can make, for one caller, one request and a state of the log.
//!
//! The place may be a party that the caller was not told of, since it was looked at and not permitted: so a token hides what it says. It is
//! made from nothing but what it says (a synthetic initialisation vector, as in RFC 5297, over hashes under a key): the same
//! request in the same state has the same body.
//!
//! spec: http.md#pages

use procura_core::hash::labelled;
use procura_core::{Hash, Size, b64};

/// The bytes of a place: a purpose's code is the longest.
const PLACE_BYTES: usize = 64;
/// Place, size, limit.
const MARK_BYTES: usize = PLACE_BYTES + 8 + 1;
const TAG_BYTES: usize = 32;

/// The key that tokens are made with: random, made when it is needed first, gone with the process.
#[derive(Clone, Copy)]
pub(crate) struct PageKey([u8; 32]);

/// Where a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many a page has at most.
    pub(super) limit: u8,
    /// The tree size at which the search began.
    pub(super) size: Size,
    /// After which place: a party's id, or a purpose's code, with zeros behind it.
    pub(super) place: [u8; PLACE_BYTES],
}

/// A place of so many bytes at most; `None` if it has more.
pub(super) fn place(bytes: &[u8]) -> Option<[u8; PLACE_BYTES]> {
    let mut place = [0; PLACE_BYTES];
    place.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(place)
}

impl PageKey {
    /// A key of random bytes.
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token that says this to whom it is bound.
    pub(super) fn seal(&self, bound_to: &Hash, mark: &Mark) -> String {
        let mark = mark.encode();
        let tag = self.tag(bound_to, &mark);
        b64::encode(&[&tag.0[..], &self.hidden(&tag, mark)].concat())
    }

    /// What a token says; `None` if it is none of this server's, or bound to something else.
    pub(super) fn open(&self, bound_to: &Hash, token: &str) -> Option<Mark> {
        let bytes: [u8; TAG_BYTES + MARK_BYTES] = b64::decode_array(token).ok()?;
        let (tag, hidden) = bytes.split_first_chunk::<TAG_BYTES>()?;
        let tag = Hash(*tag);
        let mark = self.hidden(&tag, hidden.try_into().ok()?);
        // Compared by their hashes, so that the time tells nothing of how far they agree.
        let compared = |tag: &Hash| labelled("procura/v1/page-token/compared", &[&self.0, &tag.0]);
        (compared(&self.tag(bound_to, &mark)) == compared(&tag)).then(|| Mark::decode(&mark))?
    }

    /// All parts have a fixed length, so that a hash that begins with the key authenticates them.
    fn tag(&self, bound_to: &Hash, mark: &[u8; MARK_BYTES]) -> Hash {
        labelled("procura/v1/page-token/tag", &[&self.0, &bound_to.0, mark])
    }

    /// Hides bytes, or shows them again.
    fn hidden(&self, tag: &Hash, mut bytes: [u8; MARK_BYTES]) -> [u8; MARK_BYTES] {
        for (number, block) in (0_u8..).zip(bytes.chunks_mut(32)) {
            let stream = labelled("procura/v1/page-token/stream", &[&self.0, &tag.0, &[number]]);
            block.iter_mut().zip(stream.0).for_each(|(byte, with)| *byte ^= with);
        }
        bytes
    }
}

impl Mark {
    /// Whether a search goes on there in a log of this size, with this limit, or none that was said again.
    pub(super) fn goes_on(&self, size: Size, limit: Option<u8>) -> bool {
        self.size <= size && limit.is_none_or(|limit| limit == self.limit)
    }

    fn encode(&self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        let parts = self.place.iter().copied().chain(self.size.0.to_be_bytes()).chain([self.limit]);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    fn decode(bytes: &[u8; MARK_BYTES]) -> Option<Self> {
        let (place, rest) = bytes.split_first_chunk::<PLACE_BYTES>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let [limit] = rest else { return None };
        Some(Self { limit: *limit, size: Size(u64::from_be_bytes(*size)), place: *place })
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a token says what was sealed to whom it was sealed for, and to nobody else anything. Method: one token, then each of its
    //! bytes changed, other bindings, another key.

    use super::*;

    const MARK: Mark = Mark { limit: 50, size: Size(0x0102_0304_0506_0708), place: [7; PLACE_BYTES] };

    #[test]
    fn a_token_says_what_was_sealed() {
        let (key, bound_to) = (PageKey::new([1; 32]), Hash([2; 32]));
        let token = key.seal(&bound_to, &MARK);
        assert_eq!(key.open(&bound_to, &token), Some(MARK));
        assert_eq!(key.seal(&bound_to, &MARK), token);
        assert_eq!(key.open(&Hash([3; 32]), &token), None);
        assert_eq!(PageKey::new([2; 32]).open(&bound_to, &token), None);
        let bytes = b64::decode(&token).unwrap();
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_eq!(key.open(&bound_to, &b64::encode(&other)), None, "byte {place}");
        }
        for other in [&bytes[1..], &bytes[..bytes.len() - 1], &[]] {
            assert_eq!(key.open(&bound_to, &b64::encode(other)), None);
        }
        assert_eq!(key.open(&bound_to, "a token"), None);
    }

    #[test]
    fn a_token_shows_nothing_of_what_it_says() {
        let key = PageKey::new([1; 32]);
        let bytes = b64::decode(&key.seal(&Hash([2; 32]), &MARK)).unwrap();
        assert!(!bytes.windows(3).any(|part| part == [7; 3]));
        // Another size, and no byte behind the tag is as it was, by more than chance.
        let other = b64::decode(&key.seal(&Hash([2; 32]), &Mark { size: Size(9), ..MARK })).unwrap();
        let same = bytes.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(same < 10, "{same}");
    }

    #[test]
    fn a_search_goes_on_in_the_log_that_it_began_in() {
        let Size(began_at) = MARK.size;
        assert!(MARK.goes_on(Size(began_at), None) && MARK.goes_on(Size(began_at + 1), Some(50)));
        assert!(!MARK.goes_on(Size(began_at - 1), None));
        assert!(!MARK.goes_on(Size(began_at), Some(49)));
    }

    #[test]
    fn a_place_fits() {
        assert_eq!(place(&[7; PLACE_BYTES]), Some([7; PLACE_BYTES]));
        assert_eq!(place(&[7; PLACE_BYTES + 1]), None);
        assert_eq!(place(b"ab").map(|place| place[..3].to_vec()), Some(b"ab\0".to_vec()));
    }
}
