//! `request`: somebody asks for a mandate or a consent, and is answered once.
//!
//! spec: kinds.md#asking

use super::grant::Terms;
use super::{Class, Consent, Content, Invitation, NotAllowed, Row, Signing, Validity, shared};
use crate::Hash;
use crate::conditions::Conditions;
use crate::json::{Field, Members};
use crate::record::{Record, RecordError};
use crate::status::Status;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The right to act.
    Mandate,
    /// The right to see, for these purpose codes, ascending.
    Consent(Vec<String>),
}

/// Who asks for what, of whom, and until when they wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks, and signs.
    pub requester: Hash,
    /// What for.
    pub grant: Asked,
    /// Who is asked; `None`: whoever holds the link.
    pub subject: Option<Hash>,
    /// The catalogue version that the codes are of.
    pub catalogue: Hash,
    /// Category codes, ascending.
    pub scopes: Vec<String>,
    /// From when to when, at most.
    pub validity: Validity,
    /// What must be so, at least.
    pub conditions: Conditions,
    /// How it may be answered; `answer_by` is stated always.
    pub invitation: Invitation,
}

impl Request {
    /// Whether this signer may answer it, showing this link.
    pub(super) fn check_answer(
        &self,
        signing: &Signing<'_>,
        link: Option<&[u8; 32]>,
    ) -> Result<(), NotAllowed> {
        let may_answer = match &self.subject {
            Some(subject) => signing.signer.is_party(subject),
            None => !signing.signer.is_root() && !signing.signer.is_party(&self.requester),
        };
        if may_answer { self.invitation.opens(link) } else { Err(NotAllowed::Signer) }
    }
}

pub(super) static ROW: Row = Row {
    name: "request",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: |signing| match signing.record.content() {
        Content::Request(request) if signing.signer.is_party(&request.requester) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Request(request) => {
            [Some(request.requester), request.subject].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let is_consent = members.take_enum("grant", &[("consent", true), ("mandate", false)])?;
    let request = Request {
        requester: members.take_hash("requester")?,
        grant: if is_consent {
            Asked::Consent(shared::take_set(members, "purposes", 64, shared::code)?)
        } else {
            Asked::Mandate
        },
        subject: members.take_opt("subject", Field::hash)?,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        validity: Validity::take(members)?,
        conditions: Conditions::take(members)?,
        invitation: Invitation {
            answer_by: Some(members.take_millis("answer_by")?),
            link: members.take_opt("link", Field::hash)?,
        },
    };
    if request.subject == Some(request.requester) {
        return Err(RecordError::SameParty { pointer: "/subject".to_owned() });
    }
    if request.subject.is_none() && request.invitation.link.is_none() {
        return Err(members.mistyped("link", "there where no subject is named").into());
    }
    if matches!(request.grant, Asked::Mandate) && request.conditions.uses().is_some() {
        return Err(members.mistyped("conditions", "without uses: those are a consent's").into());
    }
    Ok(Content::Request(request))
}

/// Holds a mandate or consent against the request that it names: whether it gives no more than was asked for, as far as the
/// records say without a catalogue.
///
/// # Errors
/// [`NotAllowed::Request`] if that is no request, [`NotAllowed::Beyond`] if the grant reaches further.
pub fn check_asked(record: &Record, request: &Record) -> Result<(), NotAllowed> {
    let (Some(terms), Content::Request(request)) = (Terms::of(record), request.content()) else {
        return Err(NotAllowed::Request);
    };
    let is_for_it = match (record.content(), &request.grant) {
        (Content::Mandate(_), Asked::Mandate) => true,
        (Content::Consent(Consent { purposes, .. }), Asked::Consent(asked)) => {
            purposes.iter().all(|purpose| asked.contains(purpose))
        }
        _ => false,
    };
    let is_within = is_for_it
        && terms.to == [request.requester]
        && request.subject.is_none_or(|subject| terms.from == [subject])
        && terms.catalogue == request.catalogue
        && terms.validity.is_within(&request.validity)
        && terms.conditions.imply(&request.conditions);
    if is_within { Ok(()) } else { Err(NotAllowed::Beyond) }
}

/// The request that a mandate or consent answers.
#[must_use]
pub fn request_of(record: &Record) -> Option<Hash> {
    match record.content() {
        Content::Mandate(mandate) => mandate.request,
        Content::Consent(consent) => consent.request,
        _ => None,
    }
}

/// What commits to the link with which a record may be answered.
#[must_use]
pub fn link_of(record: &Record) -> Option<Hash> {
    match record.content() {
        Content::Mandate(mandate) => mandate.invitation.link,
        Content::Consent(consent) => consent.invitation.link,
        Content::Request(request) => request.invitation.link,
        _ => None,
    }
}
