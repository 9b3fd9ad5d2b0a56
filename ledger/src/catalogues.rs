//! The catalogues that have not ended, kept at hand: whoever registers a party or asks needs them, and what that costs must not
//! grow with the catalogues that were.

use crate::index::Rows;
use crate::search;
use procura_core::index::status_of;
use procura_core::kinds::Content;
use procura_core::kv::Unreadable;
use procura_core::record::Record;
use procura_core::source::{Lack, Source};
use procura_core::status::Status;
use procura_core::{Hash, Size};
use std::sync::Arc;

/// The ids of the catalogues that have not ended, oldest first, as of one entry. A clone is cheap.
#[derive(Clone)]
pub(crate) struct Catalogues(Arc<[Hash]>);

impl Catalogues {
    /// None: as of an empty log.
    pub(crate) fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Reads them out of all that there ever were: when a ledger is opened.
    pub(crate) fn read(rows: &dyn Rows) -> Result<Self, Unreadable> {
        let mut ids = Vec::new();
        for id in ever(rows)? {
            if status_of(rows, &id)?.is_some_and(|header| !header.status.is_ended()) {
                ids.push(id);
            }
        }
        Ok(Self(ids.into()))
    }

    /// Takes note of a record that was logged, and of the status that it led to.
    pub(crate) fn note(&mut self, record: &Record, status: Option<Status>) {
        if matches!(record.content(), Content::Catalogue(_)) {
            self.0 = [&self.0, &[record.id()][..]].concat().into();
        } else if let Some(target) = record.common().target
            && status.is_some_and(Status::is_ended)
            && self.0.contains(&target)
        {
            let rest: Vec<Hash> = self.0.iter().copied().filter(|id| *id != target).collect();
            self.0 = rest.into();
        }
    }

    /// The ids.
    pub(crate) fn ids(&self) -> &[Hash] {
        &self.0
    }
}

/// Those of these catalogues that were in force at `size`.
pub(crate) fn in_force<S: Source>(source: &S, catalogues: &[Hash], size: Size) -> Result<Vec<Hash>, Lack> {
    let mut in_force = Vec::new();
    for id in catalogues {
        if source.list(id)?.status_as_of(size) == Some(Status::ACTIVE) {
            in_force.push(*id);
        }
    }
    Ok(in_force)
}

/// All catalogues that there ever were, oldest first.
pub(crate) fn ever(rows: &dyn Rows) -> Result<Vec<Hash>, Unreadable> {
    let rows = rows.range(&search::catalogues_prefix(), None, usize::MAX)?;
    rows.iter().map(|(_, row)| search::id_of(row)).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: the list holds what has not ended, so that it does not grow with what has. Method: records noted one by one.

    use super::*;
    use procura_core::Millis;
    use procura_core::draft::{Draft, Occasion};
    use procura_core::key::SoftKey;
    use serde_json::json;

    fn record(draft: Draft) -> Record {
        let signed = draft.sign(&Hash([7; 32]), &SoftKey::from_seed(&[1; 32])).unwrap();
        Record::parse(&signed.record).unwrap()
    }

    #[test]
    fn what_has_ended_is_gone() {
        let occasion = |n| Occasion { origin: "trial/x", nonce: [n; 32], now: Millis(1) };
        let catalogue = |n: u8| {
            let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
            let words = json!([{"code": "x", "title": title}]);
            record(
                Draft::new("catalogue", &occasion(n))
                    .member("code", json!("x"))
                    .member("version", json!(n))
                    .member("categories", words.clone())
                    .member("purposes", words)
                    .member("bases", json!([])),
            )
        };
        let (one, two) = (catalogue(1), catalogue(2));
        let on = |kind: &str, target: &Record| record(Draft::on(kind, &occasion(9), &target.id()));
        let mut catalogues = Catalogues::none();
        catalogues.note(&one, Some(Status::PENDING));
        catalogues.note(&two, Some(Status::ACTIVE));
        assert_eq!(catalogues.ids(), [one.id(), two.id()]);
        catalogues.note(&on("acceptance", &one), Some(Status::ACTIVE));
        let other = Draft::on("revocation", &occasion(9), &Hash([3; 32]));
        catalogues.note(&record(other), Some(Status::ENDED));
        assert_eq!(catalogues.ids(), [one.id(), two.id()]);
        catalogues.note(&on("revocation", &one), Some(Status::ENDED));
        assert_eq!(catalogues.ids(), [two.id()]);
    }
}
