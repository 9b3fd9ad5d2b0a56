//! A record that the root signs, with the signatures that it has so far: a file that goes from holder to holder, each at a machine of
//! their own, and then to the ledger.
//!
//! spec: records.md#root-files

use crate::admission::{Candidate, Refusal};
use crate::draft::{Draft, Occasion};
use crate::json::{Field, JsonError, MemberError, Members};
use crate::key::{SignError, SignatureError, Signer};
use crate::kinds::{Content, Root, root_quorum};
use crate::record::{Record, RecordError};
use crate::submission::Submission;
use crate::{Hash, b64};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The largest such file in bytes.
const MAX_BYTES: usize = 2 << 20;

/// A record of the root's with its signatures. Each of them was verified.
#[derive(Debug, Clone)]
pub struct RootFile {
    root: Record,
    record: Record,
    submission: Submission,
    disclosed: BTreeMap<String, Value>,
    acceptances: Vec<Record>,
}

/// Why there is no such file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RootFileError {
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A record's form is wrong.
    #[error("a record in it is wrong: {0}")]
    Record(#[from] RecordError),
    /// No ledger would take the record with what came beside it.
    #[error("no ledger would take it: {0}")]
    Refused(#[from] Refusal),
    /// `root` is no root's record, or another ledger's.
    #[error("it names no root of this ledger")]
    Root,
    /// A signature does not verify.
    #[error("a signature does not verify: {0}")]
    Signature(#[from] SignatureError),
    /// Signed by a key that is none of the root's.
    #[error("a key signed that is none of the root's")]
    Signer,
    /// A root key signed twice.
    #[error("this root key has signed already")]
    Twice,
    /// `quorum` is not the root's.
    #[error("the record's quorum is not the root's")]
    Quorum,
    /// An acceptance of something else.
    #[error("an acceptance in it accepts something else")]
    Acceptance,
    /// All have signed that must.
    #[error("it has all signatures that it needs")]
    Complete,
    /// More root keys must sign.
    #[error("it still needs {0} of the root's signatures")]
    Incomplete(usize),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl RootFileError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Record(error) => error.name(),
            Self::Refused(refusal) => refusal.name(),
            Self::Root => "root",
            Self::Signature(_) => "signature",
            Self::Signer => "not_yours",
            Self::Twice => "signed_twice",
            Self::Quorum => "quorum",
            Self::Acceptance => "move",
            Self::Complete => "root_file_complete",
            Self::Incomplete(_) => "root_file_incomplete",
            Self::Sign(error) => error.name(),
        }
    }
}

impl RootFile {
    /// The first holder signs `draft`. `root` is entry 0's record; `None`: the draft is that record.
    ///
    /// # Errors
    /// [`RootFileError`].
    pub fn begin(root: Option<Record>, draft: Draft, holder: &dyn Signer) -> Result<Self, RootFileError> {
        let submission = draft.sign(&holder.public_key().thumbprint(), holder)?;
        let record = Record::parse(&submission.record)?;
        Self::of(root.unwrap_or_else(|| record.clone()), submission, Vec::new())
    }

    /// Entry 0's record, signed by one of its keys.
    ///
    /// # Errors
    /// [`RootFileError`].
    pub fn of_one(root: Submission) -> Result<Self, RootFileError> {
        Self::of(Record::parse(&root.record)?, root, Vec::new())
    }

    /// Reads a file, and verifies every signature in it.
    ///
    /// # Errors
    /// [`RootFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RootFileError> {
        let mut members = Members::parse_strict(bytes, MAX_BYTES)?;
        if members.take_u64("v")? != 1 {
            return Err(members.mistyped("v", "1").into());
        }
        let submission = Submission {
            record: members.take_str("record")?,
            disclosures: members
                .take_opt("disclosures", |field| field.array_of(Field::str))?
                .unwrap_or_default(),
            handle: members.take_opt("handle", Field::bytes)?,
        };
        let root = members.take_opt("root", Field::str)?;
        let acceptances = members.take_array("acceptances", Field::str)?;
        members.finish()?;
        let root = Record::parse(root.as_ref().unwrap_or(&submission.record))?;
        let acceptances = acceptances.iter().map(|text| Record::parse(text));
        Self::of(root, submission, acceptances.collect::<Result<_, _>>()?)
    }

    fn of(root: Record, submission: Submission, acceptances: Vec<Record>) -> Result<Self, RootFileError> {
        let record = Record::parse(&submission.record)?;
        // What is withheld is in no signature but by its digest, so it is held against these before a holder is shown it.
        let read = Candidate::read(submission.clone(), &record.common().origin)?;
        let disclosed = read.disclosed().clone();
        let mut file = Self { root, record, submission, disclosed, acceptances: Vec::new() };
        if file.constitution().is_none() || file.root.common().origin != file.record.common().origin {
            return Err(RootFileError::Root);
        }
        if root_quorum(&file.record) != file.quorum() {
            return Err(RootFileError::Quorum);
        }
        file.check(&file.record)?;
        for acceptance in acceptances {
            file.add(acceptance)?;
        }
        Ok(file)
    }

    fn add(&mut self, acceptance: Record) -> Result<(), RootFileError> {
        let accepts = matches!(acceptance.content(), Content::Acceptance(_))
            && acceptance.common().target == Some(self.record.id())
            && acceptance.common().origin == self.record.common().origin;
        if !accepts {
            return Err(RootFileError::Acceptance);
        }
        self.check(&acceptance)?;
        if self.signers().contains(acceptance.jws().kid()) {
            return Err(RootFileError::Twice);
        }
        if self.missing() == 0 {
            return Err(RootFileError::Complete);
        }
        self.acceptances.push(acceptance);
        Ok(())
    }

    /// A root key signed it.
    fn check(&self, record: &Record) -> Result<(), RootFileError> {
        let key = self.constitution().and_then(|root| root.key(record.jws().kid()));
        Ok(record.jws().verify(key.ok_or(RootFileError::Signer)?)?)
    }

    /// A further holder signs.
    ///
    /// # Errors
    /// [`RootFileError`]; nothing was added then.
    pub fn sign(&mut self, occasion: &Occasion<'_>, holder: &dyn Signer) -> Result<(), RootFileError> {
        let draft = Draft::on("acceptance", occasion, &self.record.id());
        let signed = draft.sign(&holder.public_key().thumbprint(), holder)?;
        self.add(Record::parse(&signed.record)?)
    }

    /// What is signed.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// What is withheld in it from others.
    #[must_use]
    pub const fn disclosed(&self) -> &BTreeMap<String, Value> {
        &self.disclosed
    }

    /// Entry 0's record.
    #[must_use]
    pub const fn root(&self) -> &Record {
        &self.root
    }

    /// What entry 0 says.
    #[must_use]
    pub fn constitution(&self) -> Option<&Root> {
        match self.root.content() {
            Content::Root(root) => Some(root),
            _ => None,
        }
    }

    /// The thumbprints of those who have signed, in their order.
    #[must_use]
    pub fn signers(&self) -> Vec<Hash> {
        std::iter::once(&self.record).chain(&self.acceptances).map(|record| *record.jws().kid()).collect()
    }

    /// How many root keys must sign.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.constitution().and_then(|root| usize::try_from(root.quorum).ok()).unwrap_or(usize::MAX)
    }

    /// How many more must.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.quorum().saturating_sub(1 + self.acceptances.len())
    }

    /// What is handed in, in this order.
    ///
    /// # Errors
    /// [`RootFileError::Incomplete`].
    pub fn submissions(&self) -> Result<Vec<Submission>, RootFileError> {
        match self.missing() {
            0 => {
                let accepted =
                    self.acceptances.iter().map(|record| Submission::bare(record.text().to_owned()));
                Ok(std::iter::once(self.submission.clone()).chain(accepted).collect())
            }
            missing => Err(RootFileError::Incomplete(missing)),
        }
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut file = json!({
            "v": 1,
            "record": self.submission.record,
            "acceptances": self.acceptances.iter().map(Record::text).collect::<Vec<_>>(),
        });
        if let Some(members) = file.as_object_mut() {
            if self.root.id() != self.record.id() {
                members.insert("root".to_owned(), json!(self.root.text()));
            }
            if !self.submission.disclosures.is_empty() {
                members.insert("disclosures".to_owned(), json!(self.submission.disclosures));
            }
            if let Some(handle) = &self.submission.handle {
                members.insert("handle".to_owned(), json!(b64::encode(handle)));
            }
        }
        format!("{file:#}\n")
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a file has only signatures of distinct root keys over its own record, and says how many are missing. Method: three
    //! holders of whom two must sign; then one thing wrong at a time.

    use super::*;
    use crate::Millis;
    use crate::key::SoftKey;
    use serde_json::Value;

    fn holder(seed: u8) -> SoftKey {
        SoftKey::from_seed(&[seed; 32])
    }

    fn occasion(nonce: u8) -> Occasion<'static> {
        Occasion { origin: "example.org/ledger", nonce: [nonce; 32], now: Millis(1) }
    }

    fn constitution() -> Draft {
        let keys: Vec<Value> = (1..=3).map(|seed| holder(seed).public_key().jwk()).collect();
        Draft::new("root", &occasion(1))
            .member("keys", json!(keys))
            .member("quorum", json!(2))
            .member("key_delay", json!(1))
            .member("trial", json!(false))
            .vrf_key(&holder(7).public_key())
    }

    #[test]
    fn two_of_three_sign() {
        let mut file = RootFile::begin(None, constitution(), &holder(1)).unwrap();
        assert_eq!(file.missing(), 1);
        assert_eq!(file.submissions(), Err(RootFileError::Incomplete(1)));
        assert_eq!(file.sign(&occasion(2), &holder(1)), Err(RootFileError::Twice));
        assert_eq!(file.sign(&occasion(2), &holder(9)), Err(RootFileError::Signer));
        file.sign(&occasion(2), &holder(3)).unwrap();
        assert_eq!(file.sign(&occasion(3), &holder(2)), Err(RootFileError::Complete));
        let read = RootFile::parse(file.to_json().as_bytes()).unwrap();
        assert_eq!(read.submissions().unwrap().len(), 2);
        assert_eq!(read.signers(), file.signers());
    }

    #[test]
    fn what_is_withheld_is_what_was_signed() {
        let root = RootFile::begin(None, constitution(), &holder(1)).unwrap();
        let identifier = "kbo:0308357159".parse().unwrap();
        let salts = [[6; 16], [7; 16]];
        let draft = Draft::party(
            &occasion(4),
            crate::kinds::PartyType::Institution,
            [5; 32],
            &identifier,
            Some("Town"),
            &salts,
        );
        let draft = draft.unwrap().member("quorum", json!(2));
        let file = RootFile::begin(Some(root.record().clone()), draft, &holder(2)).unwrap();
        assert_eq!(file.disclosed()["name"], "Town");

        let changed = |change: &dyn Fn(&mut Value)| {
            let mut json: Value = serde_json::from_str(&file.to_json()).unwrap();
            change(&mut json);
            RootFile::parse(json.to_string().as_bytes()).map(|_| ()).map_err(|error| error.name())
        };
        assert_eq!(changed(&|_| {}), Ok(()));
        let another = |file: &mut Value| {
            let name = crate::disclosure::Disclosure::new(&[7; 16], "name", &json!("Town hall")).unwrap();
            file["disclosures"][1] = json!(name.text());
        };
        assert_eq!(changed(&another), Err("disclosure_surplus"));
        assert_eq!(changed(&|file| file["disclosures"] = json!([])), Err("disclosure_missing"));
        assert_eq!(changed(&|file| file["handle"] = json!(b64::encode(&[9; 32]))), Err("handle"));
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let root = RootFile::begin(None, constitution(), &holder(1)).unwrap();
        let draft = |quorum: u64| {
            let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
            let words = json!([{"code": "x", "title": title}]);
            Draft::new("catalogue", &occasion(4))
                .member("code", json!("x"))
                .member("version", json!(1))
                .member("categories", words.clone())
                .member("purposes", words)
                .member("bases", json!([]))
                .member("quorum", json!(quorum))
        };
        let begin = |quorum| RootFile::begin(Some(root.record().clone()), draft(quorum), &holder(2));
        assert_eq!(begin(3).unwrap_err(), RootFileError::Quorum);
        let mut file = begin(2).unwrap();
        file.sign(&occasion(5), &holder(3)).unwrap();

        let changed = |change: &dyn Fn(&mut Value)| {
            let mut json: Value = serde_json::from_str(&file.to_json()).unwrap();
            change(&mut json);
            RootFile::parse(json.to_string().as_bytes()).map(|_| ())
        };
        assert_eq!(changed(&|_| {}), Ok(()));
        let other = root.record().text();
        assert_eq!(changed(&|file| file["acceptances"][0] = json!(other)), Err(RootFileError::Acceptance));
        assert_eq!(changed(&|file| file["root"] = file["record"].clone()), Err(RootFileError::Root));
        let twice = |file: &mut Value| {
            let acceptance = file["acceptances"][0].clone();
            file["acceptances"].as_array_mut().unwrap().push(acceptance);
        };
        assert_eq!(changed(&twice), Err(RootFileError::Twice));
        let flip = |file: &mut Value| {
            // The last character but one: of the last one some bits mean nothing.
            let text = file["record"].as_str().unwrap().to_owned();
            let (head, tail) = text.split_at(text.len() - 2);
            let flipped = if tail.starts_with('A') { 'B' } else { 'A' };
            file["record"] = json!(format!("{head}{flipped}{}", &tail[1..]));
        };
        assert!(matches!(changed(&flip), Err(RootFileError::Signature(_))));
    }
}
