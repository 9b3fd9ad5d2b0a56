//! A vault row: what of an entry may be erased, as bytes.
//!
//! spec: storage.md#vault

use procura_core::jws::{Alg, Jws};
use procura_core::source::{Admitted, Opened};
use procura_core::{Hash, b64};

/// The version of the rows' encoding, their first byte.
const VERSION: u8 = 3;

/// The bits of the second byte: how the body's `alg` is written, and what is there.
const EDDSA: u8 = 1;
const HANDLE: u8 = 2;
const ALIAS_PROOF: u8 = 4;

/// The body of an entry, its opening, and under whom it was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultRow {
    /// Body, opening, disclosures, and a party's handle.
    pub(crate) admitted: Admitted,
    /// The parties with the segment in which each has the entry, in the order of the spec's kinds table.
    pub(crate) filed: Vec<(Hash, u64)>,
}

/// Bytes that are no vault row of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadVaultRow {
    /// A store of another version.
    #[error("a vault row is of format {0}, which this version does not know: use the version that wrote it")]
    FormatUnknown(u8),
    /// A damaged store.
    #[error("a vault row cannot be read: {0}")]
    Damaged(&'static str),
}

/// More than a row has room for: more than admission lets through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record has more parties or disclosures than a vault row holds")]
pub(crate) struct TooMuch;

/// The row's bytes.
///
/// # Errors
/// [`TooMuch`].
pub(crate) fn encode(opened: &Opened, filed: &[(Hash, u64)]) -> Result<Vec<u8>, TooMuch> {
    let Opened { record, r, disclosures, handle, alias_proof, .. } = opened;
    write(record.jws(), (r, handle.as_ref(), alias_proof.as_ref()), disclosures, filed).ok_or(TooMuch)
}

fn write(
    jws: &Jws,
    (r, handle, alias_proof): (&[u8; 64], Option<&[u8; 32]>, Option<&[u8; 80]>),
    disclosures: &[String],
    filed: &[(Hash, u64)],
) -> Option<Vec<u8>> {
    let if_there = |is_there, bit| if is_there { bit } else { 0 };
    let which = if_there(jws.alg() == Alg::EdDsa, EDDSA)
        | if_there(handle.is_some(), HANDLE)
        | if_there(alias_proof.is_some(), ALIAS_PROOF);
    let mut row = Vec::with_capacity(512 + jws.payload().len());
    row.extend([VERSION, which]);
    row.extend(jws.kid().as_bytes());
    row.extend(jws.signature());
    row.extend(r);
    row.extend(handle.into_iter().flatten());
    row.extend(alias_proof.into_iter().flatten());
    row.push(filed.len().try_into().ok()?);
    for (party, segment) in filed {
        row.extend(party.as_bytes());
        row.extend(segment.to_be_bytes());
    }
    row.push(disclosures.len().try_into().ok()?);
    for text in disclosures {
        let json = b64::decode(text).ok()?;
        row.extend(u16::try_from(json.len()).ok()?.to_be_bytes());
        row.extend(json);
    }
    row.extend(jws.payload());
    Some(row)
}

impl VaultRow {
    /// The row of these bytes.
    ///
    /// # Errors
    /// [`BadVaultRow`].
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadVaultRow> {
        match bytes {
            [VERSION, parts @ ..] => {
                Self::of_parts(parts).ok_or(BadVaultRow::Damaged("a part of it is missing or is none"))
            }
            [] => Err(BadVaultRow::Damaged("it is empty")),
            // Up to format 2 rows were JSON.
            [b'{', ..] => Err(BadVaultRow::FormatUnknown(2)),
            [other, ..] => Err(BadVaultRow::FormatUnknown(*other)),
        }
    }

    fn of_parts(mut parts: &[u8]) -> Option<Self> {
        let rest = &mut parts;
        let [which] = take(rest)?;
        if which & !(EDDSA | HANDLE | ALIAS_PROOF) != 0 {
            return None;
        }
        let (kid, signature, r) = (Hash(take(rest)?), take(rest)?, take(rest)?);
        let handle = if which & HANDLE == 0 { None } else { Some(take(rest)?) };
        let alias_proof = if which & ALIAS_PROOF == 0 { None } else { Some(take(rest)?) };
        let [parties] = take(rest)?;
        let filed = (0..parties).map(|_| Some((Hash(take(rest)?), u64::from_be_bytes(take(rest)?))));
        let filed = filed.collect::<Option<Vec<_>>>()?;
        let [count] = take(rest)?;
        let disclosures = (0..count).map(|_| {
            let length = u16::from_be_bytes(take(rest)?);
            rest.split_off(..usize::from(length)).map(b64::encode)
        });
        let disclosures = disclosures.collect::<Option<Vec<_>>>()?;
        let alg = if which & EDDSA == 0 { Alg::Ed25519 } else { Alg::EdDsa };
        let jws = Jws::of_parts(alg, kid, rest.to_vec(), signature).ok()?;
        Some(Self { admitted: Admitted { jws, r, disclosures, handle, alias_proof }, filed })
    }

    /// The bytes that it was read from.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let Admitted { jws, r, disclosures, handle, alias_proof } = &self.admitted;
        write(jws, (r, handle.as_ref(), alias_proof.as_ref()), disclosures, &self.filed)
    }
}

/// The next bytes, if there are so many.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    //! Goal: a row is its parts and nothing else. Method: rows with each part there and missing, and each of their bytes lost or
    //! changed.

    use super::*;

    fn row(alg: Alg, disclosures: &[&str], is_party: bool) -> VaultRow {
        let jws = Jws::of_parts(alg, Hash([4; 32]), b"{\"a\":1}".to_vec(), [5; 64]).unwrap();
        let admitted = Admitted {
            jws,
            r: [7; 64],
            disclosures: disclosures.iter().map(|json| b64::encode(json.as_bytes())).collect(),
            handle: is_party.then_some([9; 32]),
            alias_proof: is_party.then_some([8; 80]),
        };
        VaultRow { admitted, filed: vec![(Hash([1; 32]), 4), (Hash([2; 32]), u64::MAX)] }
    }

    #[test]
    fn a_row_comes_back_and_no_other() {
        for alg in [Alg::Ed25519, Alg::EdDsa] {
            for disclosures in [&[][..], &["[\"salt\",\"name\",1]", ""]] {
                for is_party in [false, true] {
                    let row = row(alg, disclosures, is_party);
                    let bytes = row.encode().unwrap();
                    assert_eq!(VaultRow::decode(&bytes).as_ref(), Ok(&row));
                    // All before the payload, which is what is left, is counted.
                    for length in 0..bytes.len() - 7 {
                        assert!(VaultRow::decode(&bytes[..length]).is_err(), "{length}");
                    }
                    for at in 1..bytes.len() {
                        for bit in 0..8 {
                            let mut other = bytes.clone();
                            other[at] ^= 1 << bit;
                            if let Ok(read) = VaultRow::decode(&other) {
                                assert_ne!(read, row, "bit {bit} of byte {at}");
                                assert_eq!(read.encode(), Some(other));
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let bytes = row(Alg::Ed25519, &[], false).encode().unwrap();
        for version in (0..=u8::MAX).filter(|version| ![VERSION, b'{'].contains(version)) {
            let other = [&[version], &bytes[1..]].concat();
            assert_eq!(VaultRow::decode(&other), Err(BadVaultRow::FormatUnknown(version)));
        }
        let before = br#"{"v":2,"body":"a.b.c","r":"AA","filed":[]}"#;
        assert_eq!(VaultRow::decode(before), Err(BadVaultRow::FormatUnknown(2)));
        assert!(matches!(VaultRow::decode(b""), Err(BadVaultRow::Damaged(_))));
        let unknown_part = [&[VERSION, 8], &bytes[2..]].concat();
        assert!(matches!(VaultRow::decode(&unknown_part), Err(BadVaultRow::Damaged(_))));
    }

    #[test]
    fn nothing_is_cut_to_fit() {
        let good = row(Alg::Ed25519, &[], false);
        let with = |texts: Vec<String>| {
            let admitted = Admitted { disclosures: texts, ..good.admitted.clone() };
            VaultRow { admitted, ..good.clone() }.encode().is_some()
        };
        assert!(with(vec!["AA".to_owned(); 255]) && !with(vec!["AA".to_owned(); 256]));
        assert!(with(vec![b64::encode(&[0; 65_535])]) && !with(vec![b64::encode(&[0; 65_536])]));
        assert!(!with(vec!["A".to_owned()]), "no base64url");
        let filed =
            |count| VaultRow { filed: vec![(Hash([1; 32]), 0); count], ..good.clone() }.encode().is_some();
        assert!(filed(255) && !filed(256));
    }
}
