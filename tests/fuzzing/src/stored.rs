//! Files and rows on disk: what this user's, or a damaged, disk holds.

use procura_client::import::Journal;
use procura_client::keyfile::{KeyFile, KeyFileError, Protection};
use procura_client::store::{FileStore, Seen, Store as _};
use procura_core::Size;
use procura_core::hash::sha256;
use procura_ledger::fuzzing::{a_row_opens_as_sealed, rows_come_back};
use procura_ledger::side::{SideError, SideFile, SideMark};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder in memory where there is one: a run writes a million files.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let shared = Path::new("/dev/shm");
    let made = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    made.expect("a folder for files")
});

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    fs::write(&path, bytes).expect("a file in memory");
    path
}

/// A row of the store: written back as it was, opened as it was sealed.
pub(crate) fn vault(bytes: &[u8]) {
    assert!(rows_come_back(bytes));
    if let Some((key, [table, payload @ ..])) = bytes.split_first_chunk::<8>() {
        assert!(a_row_opens_as_sealed(*table, key, payload));
    }
}

/// The side file: whatever it held, a mark that is noted is the one found next time.
pub(crate) fn side_file(bytes: &[u8]) {
    let path = file("side", bytes);
    let side = match SideFile::open(&path) {
        Ok(side) => side,
        Err(SideError::Damaged { .. } | SideError::FormatUnknown { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    if let Some(mark) = side.last() {
        assert!(bytes.len() > mark.checkpoint.len());
    }
    let mark = SideMark { size: Size(bytes.len() as u64), checkpoint: "a checkpoint\n".to_owned() };
    side.record(&mark).expect("it fits");
    assert_eq!(side.last().as_ref(), Some(&mark));
    drop(side);
    let again = SideFile::open(&path).expect("a mark was just written");
    assert_eq!(again.last(), Some(mark));
}

/// A key file in clear, or as encrypted as one can look without the passphrase: what is read is what is written.
pub(crate) fn key_file(bytes: &[u8]) {
    let path = file("key", bytes);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a file of ours");
    let no_passphrase = || Err(KeyFileError::NoPassphrase("there is none".to_owned()));
    let Ok((key, protection)) = KeyFile::load(&path, no_passphrase) else { return };
    assert!(matches!(protection, Protection::Plain));
    let again = FOLDER.path().join("again");
    key.save(&again, &Protection::Plain).expect("a file in memory");
    let (read, _) = KeyFile::load(&again, no_passphrase).expect("what was just written");
    assert_eq!(read.public_key(), key.public_key());
    assert_eq!(read.registration, key.registration);
}

/// The journal of an import: what is read once is read again, whatever was cut off at its end.
pub(crate) fn journal(bytes: &[u8]) {
    let path = file("journal", bytes);
    let mandator = crate::index::hash(1);
    let Ok(journal) = Journal::open(&path, crate::index::ORIGIN, &mandator) else { return };
    let (salt, known) =
        (*journal.salt(), journal.known(&crate::index::hash(2)).map(|known| (known.id, known.given)));
    drop(journal);
    let again = Journal::open(&path, crate::index::ORIGIN, &mandator).expect("what was just read");
    assert_eq!(*again.salt(), salt);
    assert_eq!(again.known(&crate::index::hash(2)).map(|known| (known.id, known.given)), known);
}

/// What is trusted of a ledger, and the checkpoint seen: read, and given to the next policy.
pub(crate) fn trusted_file(bytes: &[u8]) {
    const ORIGIN: &str = "trial/world";
    let name: String = sha256(&[ORIGIN.as_bytes()]).0.iter().map(|byte| format!("{byte:02x}")).collect();
    file(&format!("{name}.json"), bytes);
    let store = FileStore::new(FOLDER.path());
    let Ok(Some(trusted)) = store.trusted(ORIGIN) else { return };
    assert_eq!(trusted.policy.origin, ORIGIN);
    let seen = trusted.seen.as_ref().map(Seen::checkpoint).map(str::to_owned);
    assert_eq!(
        store.seen(ORIGIN).expect("it was read").as_ref().map(Seen::checkpoint).map(str::to_owned),
        seen
    );
    for server in &trusted.servers {
        assert!(store.trusted_at(server).expect("it was read").is_some());
    }
    let kept =
        store.trust(&trusted.policy, &trusted.policy_json, trusted.by, None).expect("the same policy again");
    assert_eq!(
        kept.seen.as_ref().map(Seen::root),
        trusted.seen.as_ref().map(Seen::root),
        "what was seen is lost"
    );
    let again = store.trusted(ORIGIN).expect("what was just written").expect("what was just written");
    assert_eq!((again.servers, again.policy_json), (trusted.servers, trusted.policy_json));
}
