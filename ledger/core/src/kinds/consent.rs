//! `consent`: the right to see somebody's data, given by them.

use super::grant::{Giver, Terms};
use super::{Class, Content, Invitation, NotAllowed, Row, Validity, shared};
use crate::Hash;
use crate::conditions::Conditions;
use crate::json::{Field, Members};
use crate::record::RecordError;
use std::slice;

/// Who may see which of somebody's data, for what, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whose data it is.
    pub subject: Hash,
    /// Who may see it.
    pub recipient: Hash,
    /// The catalogue version that the codes are of.
    pub catalogue: Hash,
    /// Category codes, ascending; each covers what stands below it.
    pub scopes: Vec<String>,
    /// Purpose codes, ascending.
    pub purposes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
    /// What else must be so.
    pub conditions: Conditions,
    /// By whose word it came about.
    pub giver: Giver,
    /// How those who must sign it too may do so.
    pub invitation: Invitation,
    /// The request that it answers.
    pub request: Option<Hash>,
}

impl Consent {
    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            from: slice::from_ref(&self.subject),
            to: slice::from_ref(&self.recipient),
            takers: &[],
            giver: &self.giver,
            catalogue: self.catalogue,
            validity: self.validity,
            conditions: &self.conditions,
            substitution: None,
            invitation: &self.invitation,
        }
    }
}

pub(super) static ROW: Row = Row {
    name: "consent",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |record, _| Terms::of(record).map(|terms| terms.starts()),
    may_sign: |signing| Terms::of(signing.record).ok_or(NotAllowed::Signer)?.may_sign(signing),
    concerns: |record, _| Terms::of(record).map(|terms| terms.concerns()).unwrap_or_default(),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let consent = Consent {
        subject: members.take_hash("subject")?,
        recipient: members.take_hash("recipient")?,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        purposes: shared::take_set(members, "purposes", 64, shared::code)?,
        validity: Validity::take(members)?,
        conditions: Conditions::take(members)?,
        giver: Giver::take(members, false)?,
        invitation: Invitation::take(members)?,
        request: members.take_opt("request", Field::hash)?,
    };
    if consent.subject == consent.recipient {
        return Err(RecordError::SameParty { pointer: "/recipient".to_owned() });
    }
    if !consent.terms().invites_well() {
        return Err(members.mistyped("answer_by", "absent where nobody else must sign").into());
    }
    Ok(Content::Consent(consent))
}
