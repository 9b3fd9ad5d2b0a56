//! Short texts of one value each: identifiers, days, hashes, base64url, keys, what devices tell each other. And files of many lines, each read into such values.

use procura_client::import::{Layout, Member, read};
use procura_client::pairing::{Answer, Invitation};
use procura_core::Hash;
use procura_core::b64;
use procura_core::days::Day;
use procura_core::decide::PartyRef;
use procura_core::identifier::Identifier;
use procura_core::json::{Members, parse_strict};
use procura_core::key::{PublicKey, Signer as _, SoftKey};
use procura_core::note::NoteVerifier;
use procura_core::status::Status;

/// One text to all its readers: whatever they take has one spelling, or a normal form that is its own.
pub(crate) fn texts(bytes: &[u8]) {
    key(bytes);
    if let [byte] = bytes
        && let Ok(status) = Status::new(*byte)
    {
        assert_eq!(status.byte(), *byte);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(identifier) = text.parse::<Identifier>() {
        let normal = identifier.text();
        assert_eq!(normal.parse::<Identifier>(), Ok(identifier.clone()));
        assert_eq!(Identifier::new(identifier.scheme(), identifier.value()), Ok(identifier));
    }
    if let Ok(day) = text.parse::<Day>() {
        assert_eq!(day.to_string(), text);
        assert!(day.first_instant() < day.instant_after() || day.instant_after().0 == 0);
        if day.instant_after().0 > 0 {
            assert_eq!(Day::of(procura_core::Millis(day.instant_after().0 - 1)), Some(day));
        }
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(bytes) = b64::decode(text) {
        assert_eq!(b64::encode(&bytes), text);
    }
    if let Ok(verifier) = NoteVerifier::parse(text) {
        assert_eq!(verifier.to_string(), text);
    }
    if let Ok(invitation) = Invitation::read(text) {
        assert_eq!(Invitation::read(&invitation.address("")).ok(), Some(invitation));
    }
    if let Ok(answer) = Answer::read(text) {
        assert_eq!(Answer::read(&answer.address("")).ok(), Some(answer));
    }
    let party = PartyRef::parse(text);
    assert_eq!(PartyRef::parse(&party.to_string()), party);
}

/// A key is 32 bytes or a JWK, with one thumbprint; the bytes after it are a message and a signature over it.
fn key(bytes: &[u8]) {
    if let Ok(jwk) = parse_strict(bytes, 4096)
        && let Ok(key) = PublicKey::from_jwk(Members::new(jwk))
    {
        let again = key.jwk().as_object().cloned().expect("a JWK is an object");
        assert_eq!(PublicKey::from_jwk(Members::new(again)).as_ref(), Ok(&key));
    }
    let Some((key, rest)) = bytes.split_first_chunk::<32>() else { return };
    let Ok(key) = PublicKey::from_bytes(key) else { return };
    assert_eq!(key.as_bytes(), bytes.first_chunk::<32>().expect("split off above"));
    let Some((signature, message)) = rest.split_first_chunk::<64>() else { return };
    let genuine = SoftKey::from_seed(&[1; 32]);
    let counts = key.verify(message, signature).is_ok();
    if key == genuine.public_key() {
        assert_eq!(counts, genuine.sign(message).as_ref() == Ok(signature), "a signature by nobody");
    }
}

/// A file to import: a line is a row or has faults, once, in the file's order, and a row says the same wherever it stands.
pub(crate) fn import(bytes: &[u8]) {
    let Some((layout, file)) = bytes.split_first() else { return };
    let columns = || [("INSZ".to_owned(), Some(Member::Mandatee))].into();
    let layout = match layout % 3 {
        0 => Layout::Csam { capacities: [("10".to_owned(), vec!["taxes".to_owned()])].into() },
        1 => Layout::Csv { columns: if file.starts_with(b"INSZ") { columns() } else { [].into() } },
        _ => Layout::Jsonl { columns: columns() },
    };
    let scopes = ["pensions".to_owned()];
    let Ok(sheet) = read(file, &layout, &scopes) else { return };
    let last = 1 + file.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count() as u64;
    let rows: Vec<u64> = sheet.rows.iter().map(|row| row.line).collect();
    assert!(rows.is_sorted_by(|one, next| one < next), "{rows:?}");
    assert!(sheet.faults.is_sorted_by_key(|fault| fault.line));
    assert!(
        rows.iter().chain(sheet.faults.iter().map(|fault| &fault.line)).all(|line| (1..=last).contains(line))
    );
    assert!(sheet.faults.iter().all(|fault| !rows.contains(&fault.line)));
    for row in &sheet.rows {
        assert!(!row.scopes.is_empty());
        assert!(row.valid_from.zip(row.valid_until).is_none_or(|(from, until)| from <= until));
    }
    // A mark of the byte order is passed over at a file's beginning only, by us and by the reader of tables once more.
    let mut unmarked = file;
    while let Some(rest) = unmarked.strip_prefix(b"\xef\xbb\xbf") {
        unmarked = rest;
    }
    let moved = [b"\n\n", unmarked].concat();
    let again = read(&moved, &layout, &scopes).expect("two empty lines more");
    assert_eq!(again.rows.len(), sheet.rows.len());
    for (row, moved) in sheet.rows.iter().zip(&again.rows) {
        assert_eq!((row.key(&[0; 32]), row.line + 2), (moved.key(&[0; 32]), moved.line));
    }
}
