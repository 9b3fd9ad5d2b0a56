//! G. Space: where the bytes on disk are, for each record.

use crate::Outcome;
use crate::figure::Figure;
use crate::grown::{Grown, Plan};
use crate::size::Size;
use procura_ledger::index::{self, IndexFile, RunsIndex};
use redb::{Builder, ReadOnlyDatabase, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PART: &str = "space";

/// The tables of a volume (spec/storage.md): all of one shape.
const TABLES: [(&str, &str); 3] =
    [("vault", "body, opening, filing (vault)"), ("entries", "entry"), ("nodes", "tree")];

/// The first bytes of index rows' keys, and what the rows are.
const ROWS: [(&[u8], &str); 7] = [
    (b"p", "trie pages"),
    (b"s", "status lists"),
    (b"i", "status lists"),
    (b"x", "status lists"),
    (b"t", "tag lists"),
    (b"u", "tag lists"),
    (b"S", "search rows"),
];

/// Measures: the largest ledger there is.
pub(crate) fn run(size: &Size) -> Outcome {
    let grown = Grown::get(&size.data, Plan::of(size.largest()), false)?;
    let ledger = grown.data.join("ledger");
    let mut stored: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut records, mut entries) = (0, 0);
    for volume in files(&ledger.join("main"))? {
        if volume.extension().is_none_or(|extension| extension != "redb") {
            continue;
        }
        let database = Builder::new().open_read_only(&volume)?;
        for (table, what) in TABLES {
            let rows = open(&database, table)?;
            for row in rows.iter()? {
                let (_, row) = row?;
                *stored.entry(what).or_default() += 8 + row.value().len() as u64;
                entries += u64::from(table == "entries");
                // An index commit has none: one byte says so.
                records += u64::from(table == "vault" && row.value().first() == Some(&2));
            }
        }
    }
    let each = |bytes: u64| bytes as f64 / records as f64;
    let figure = |what: &str, bytes: u64| Figure::new(PART, what).is(each(bytes), "bytes");
    let of_main: u64 = stored.values().sum();
    let (main, index) = (occupied(&ledger.join("main"))?, occupied(&ledger.join("index"))?);
    Figure::new(PART, format!("records, in {entries} entries")).is(records as f64, "").print()?;
    figure("all, a record", main + index).print()?;
    figure("main store", main).print()?;
    for (what, bytes) in stored {
        figure(&format!("main store: {what}"), bytes).print()?;
    }
    figure("main store: pages and room in them", main.saturating_sub(of_main)).print()?;
    figure("index", index).print()?;
    let of_index = index_rows(&ledger.join("index"), &grown.names.origin)?;
    for (what, bytes) in &of_index {
        figure(&format!("index: {what}"), *bytes).print()?;
    }
    if !of_index.is_empty() {
        figure("index: parts and rows written over", index.saturating_sub(of_index.values().sum()))
            .print()?;
    }
    Ok(())
}

fn open(database: &ReadOnlyDatabase, table: &str) -> Outcome<ReadOnlyTable<u64, &'static [u8]>> {
    Ok(database.begin_read()?.open_table(TableDefinition::<u64, &[u8]>::new(table))?)
}

/// Keys and rows of the index by what they are.
fn index_rows(folder: &Path, origin: &str) -> Outcome<BTreeMap<&'static str, u64>> {
    let (index, _) = RunsIndex::open(folder, index::FORMAT, origin, 64 << 20)?;
    let rows = index.read()?;
    let (mut found, mut after) = (BTreeMap::new(), None::<Vec<u8>>);
    loop {
        let some = rows.range(&[], after.as_deref(), 10_000)?;
        let Some((last, _)) = some.last() else { return Ok(found) };
        after = Some(last.to_vec());
        for (key, row) in &some {
            let what = ROWS.iter().find(|(first, _)| key.starts_with(first));
            let what = what.map_or("other rows", |(_, what)| what);
            *found.entry(what).or_default() += (key.len() + row.len()) as u64;
        }
    }
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut all = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

/// The bytes that a folder's files take on the disk, holes left out.
pub(crate) fn occupied(folder: &Path) -> Outcome<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for path in files(folder)? {
        bytes += if path.is_dir() { occupied(&path)? } else { fs::metadata(&path)?.blocks() * 512 };
    }
    Ok(bytes)
}
