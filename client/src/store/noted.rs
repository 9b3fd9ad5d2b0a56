//! Up to where a party's list was told to its reader, on disk beside what was seen of its ledger.

use super::StoreError;
use super::file::{FileStore, damaged, make_private_folder, name_of, replace};
use crate::feed::Place;
use procura_core::json::{Field, MemberError, Members, parse_strict};
use procura_core::{Hash, Index};
use serde_json::json;
use std::fs;
use std::io;

/// The largest such file.
const MAX_BYTES: usize = 4096;

impl FileStore {
    /// Where the reader of a party's list stands; at its beginning if nothing was noted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn noted(&self, origin: &str, party: &Hash) -> Result<Place, StoreError> {
        let path = self.noted_path(origin, party);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::default()),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let object = parse_strict(&bytes, MAX_BYTES).map_err(|error| damaged(&path, &error.to_string()))?;
        let (mut members, unfit) =
            (Members::new(object), |error: MemberError| damaged(&path, &error.to_string()));
        match members.take_u64("v").map_err(unfit)? {
            1 => read(members).map_err(unfit),
            version => Err(StoreError::Version { path, version }),
        }
    }

    /// Notes where the reader stands now.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub fn note(&self, origin: &str, party: &Hash, place: &Place) -> Result<(), StoreError> {
        let path = self.noted_path(origin, party);
        let text = match place.index {
            Some(index) => json!({"v": 1, "segment": place.segment, "index": index}),
            None => json!({"v": 1, "segment": place.segment}),
        };
        let write = || {
            make_private_folder(self.folder())?;
            replace(&path, format!("{text}\n").as_bytes())
        };
        write().map_err(|source| StoreError::Io { path: path.clone(), source })
    }

    fn noted_path(&self, origin: &str, party: &Hash) -> std::path::PathBuf {
        self.folder().join(format!("{}.list-{}.json", name_of(origin.as_bytes()), name_of(&party.0)))
    }
}

fn read(mut members: Members) -> Result<Place, MemberError> {
    let segment = members.take_u64("segment")?;
    let index = members.take_opt("index", Field::u64)?.map(Index);
    members.finish()?;
    Ok(Place { segment, index })
}
