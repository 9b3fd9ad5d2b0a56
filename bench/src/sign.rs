//! Records signed before anything is timed: whole requests of one length in a file.

use crate::Outcome;
use crate::grown::Grown;
use crate::http::{Requests, post};
use crate::people::{By, Names, key};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

/// Mandates of these numbers, each between the pair that `pair_of` gives; those that `path` holds already, if it does.
pub(crate) fn mandates(
    grown: &Grown,
    names: &Names,
    path: &Path,
    numbers: Range<u64>,
    pair_of: impl Fn(u64) -> (u64, u64),
) -> Outcome<Requests> {
    let validity = names.a_year()?;
    requests(path, numbers, |n| {
        let (from, to) = pair_of(n);
        let (mandator, mandatee) = (grown.citizen(from)?, grown.citizen(to)?);
        let draft = names.mandate(n, [mandator, mandatee], &grown.catalogue, &validity);
        let record = By { kid: mandator.kid, key: key(from) }.sign(draft)?;
        Ok(post("/v1/records", None, &record.to_json()))
    })
}

/// Requests of these numbers, all of one length; those that `path` holds already, if it does.
pub(crate) fn requests(
    path: &Path,
    numbers: Range<u64>,
    request_of: impl Fn(u64) -> Outcome<Vec<u8>>,
) -> Outcome<Requests> {
    let length = path.with_extension("length");
    if !length.exists() {
        let (mut file, mut length_bytes) = (BufWriter::new(File::create(path)?), 0);
        let count = numbers.clone().count();
        for n in numbers {
            let request = request_of(n)?;
            if length_bytes != 0 && request.len() != length_bytes {
                return Err("requests of several lengths".into());
            }
            length_bytes = request.len();
            file.write_all(&request)?;
        }
        file.into_inner()?.sync_all()?;
        fs::write(&length, length_bytes.to_string())?;
        crate::tell(&format!("{count} records signed, requests of {length_bytes} bytes"));
    }
    Requests::once(File::open(path)?, fs::read_to_string(&length)?.parse()?)
}
