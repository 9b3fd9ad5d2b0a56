//! Where somebody stands who goes on reading, on disk beside what was seen of the ledger: up to where a party's list was told, and
//! how far the log was walked for what is kept longer than its term.

use super::StoreError;
use super::file::{FileStore, damaged, make_private_folder, name_of, replace};
use crate::feed::Place;
use crate::terms::Walked;
use procura_core::json::{Field, MemberError, Members, parse_strict};
use procura_core::{Hash, Index, Millis};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The largest note of a place in a list.
const MAX_PLACE_BYTES: usize = 4096;
/// The largest note of a walk: two million records that lapse later.
const MAX_WALK_BYTES: usize = 192 << 20;

impl FileStore {
    /// Where the reader of a party's list stands; at its beginning if nothing was noted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn noted(&self, origin: &str, party: &Hash) -> Result<Place, StoreError> {
        read(&self.noted_path(origin, party), MAX_PLACE_BYTES, |members| {
            let segment = members.take_u64("segment")?;
            Ok(Place { segment, index: members.take_opt("index", Field::u64)?.map(Index) })
        })
    }

    /// Notes where the reader stands now.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn note(&self, origin: &str, party: &Hash, place: &Place) -> Result<(), StoreError> {
        let text = match place.index {
            Some(index) => json!({"v": 1, "segment": place.segment, "index": index}),
            None => json!({"v": 1, "segment": place.segment}),
        };
        self.write_note(&self.noted_path(origin, party), &text)
    }

    /// How far the log was walked for a kind of record; nowhere if nothing was noted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn walked(&self, origin: &str, kind: &str) -> Result<Walked, StoreError> {
        read(&self.walked_path(origin, kind), MAX_WALK_BYTES, |members| {
            let next = Index(members.take_u64("next")?);
            let later = members.take_array("later", |field| {
                let mut members = field.object()?;
                let one = (members.take_hash("id")?, members.take_millis("from")?);
                members.finish().map(|()| one)
            })?;
            Ok(Walked { next, later: later.into_iter().collect() })
        })
    }

    /// Notes how far the log was walked for a kind of record.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn note_walked(&self, origin: &str, kind: &str, walked: &Walked) -> Result<(), StoreError> {
        let one = |(id, from): (&Hash, &Millis)| json!({"id": id, "from": from});
        let later: Vec<Value> = walked.later.iter().map(one).collect();
        self.write_note(
            &self.walked_path(origin, kind),
            &json!({"v": 1, "next": walked.next, "later": later}),
        )
    }

    fn write_note(&self, path: &Path, text: &Value) -> Result<(), StoreError> {
        let write = || {
            make_private_folder(self.folder())?;
            replace(path, format!("{text}\n").as_bytes())
        };
        write().map_err(|source| StoreError::Io { path: path.to_owned(), source })
    }

    fn noted_path(&self, origin: &str, party: &Hash) -> PathBuf {
        self.folder().join(format!("{}.list-{}.json", name_of(origin.as_bytes()), name_of(&party.0)))
    }

    fn walked_path(&self, origin: &str, kind: &str) -> PathBuf {
        self.folder().join(format!("{}.walk-{kind}.json", name_of(origin.as_bytes())))
    }
}

/// What was noted; the default if nothing was.
fn read<T: Default>(
    path: &Path,
    max_bytes: usize,
    parse: impl FnOnce(&mut Members) -> Result<T, MemberError>,
) -> Result<T, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(source) => return Err(StoreError::Io { path: path.to_owned(), source }),
    };
    let object = parse_strict(&bytes, max_bytes).map_err(|error| damaged(path, &error.to_string()))?;
    let mut members = Members::new(object);
    let unfit = |error: MemberError| damaged(path, &error.to_string());
    match members.take_u64("v").map_err(unfit)? {
        1 => {
            let noted = parse(&mut members).map_err(unfit)?;
            members.finish().map_err(unfit).map(|()| noted)
        }
        version => Err(StoreError::Version { path: path.to_owned(), version }),
    }
}
