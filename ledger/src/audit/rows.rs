//! The stored index against the rebuilt one, row by row.

use super::finding::Finding;
use super::rebuild::Rebuilt;
use crate::index::Rows;
use crate::search;

/// How many rows are read at a time.
const PAGE: usize = 4096;

impl Rebuilt<'_> {
    /// Compares all rows, which must stand at the size that was rebuilt: statuses, tags, items, the trie's pages and the
    /// rows that find things. Which pages the trie has is a function of its keys, so that they compare too.
    ///
    /// Where bodies were erased, rows that only bodies give are there no more, and may be stored still.
    pub(super) fn compare_rows(&mut self, stored: &dyn Rows) {
        let mut found = Vec::new();
        let mut rebuilt = self.kv.0.iter().peekable();
        let mut after: Option<Vec<u8>> = None;
        let forgiven = |key: &[u8]| self.counts.unopened > 0 && search::comes_from_body(key);
        loop {
            let page = match stored.range(&[], after.as_deref(), PAGE) {
                Ok(page) => page,
                Err(error) => {
                    found.push(Finding::RowsUnreadable(error.to_string()));
                    break;
                }
            };
            let Some((last, _)) = page.last() else { break };
            after = Some(last.to_vec());
            for (key, row) in page {
                while let Some((missing, _)) = rebuilt.next_if(|(own, _)| own.as_slice() < &*key) {
                    found.push(Finding::RowMissing { key: missing.clone() });
                }
                match rebuilt.next_if(|(own, _)| own.as_slice() == &*key) {
                    Some((_, own)) if *own == row => {}
                    _ if forgiven(&key) => {}
                    Some(_) => found.push(Finding::RowDiffers { key: key.to_vec() }),
                    None => found.push(Finding::RowSurplus { key: key.to_vec() }),
                }
            }
        }
        if !matches!(found.last(), Some(Finding::RowsUnreadable(_))) {
            found.extend(rebuilt.map(|(key, _)| Finding::RowMissing { key: key.clone() }));
        }
        found.into_iter().for_each(|finding| self.find(finding));
    }
}
