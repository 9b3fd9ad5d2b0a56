//! Records and answers as short sentences.

use super::context::Context;
use super::time;
use procura_client::records::kind_of;
use procura_core::Hash;
use procura_core::decide::{Decision, Hint, Level, Reason};
use procura_core::kinds::{Asked, Content, Dispute, Event, PartyType, Revocation};
use procura_core::receipt::VerifiedReceipt;

use procura_core::source::Logged;
use serde_json::{Value, json};

/// What kind a record is.
pub(crate) fn kind(logged: &Logged) -> String {
    logged.opened.as_ref().map_or_else(|| "erased".to_owned(), |opened| kind_of(&opened.record))
}

/// What a record says, to the party `me`.
pub(crate) fn what(context: &Context, logged: &Logged, me: Option<&Hash>) -> String {
    let Some(opened) = &logged.opened else { return "its body was erased".to_owned() };
    let name = |party: &Hash| {
        if me == Some(party) { "you".to_owned() } else { format!("party {}", context.shown(party)) }
    };
    let names = |parties: &[Hash]| parties.iter().map(name).collect::<Vec<_>>().join(" and ");
    let mut text = match opened.record.content() {
        Content::Root(_) => "the ledger's constitution".to_owned(),
        Content::Party(party) => {
            let who = opened.disclosed_str("name").map_or_else(|| "somebody".to_owned(), clean);
            let until = party.until.map(|until| format!(", until {}", time::at(until))).unwrap_or_default();
            format!("{who}, {}{until}", party_type(party.party_type))
        }
        Content::Key(key) => format!("a key of {}", name(&key.party)),
        Content::KeyEnd(_) => "the end of a key".to_owned(),
        Content::LogKeys(list) => format!("the log's keys, {} of them", list.log_keys.len()),
        Content::Catalogue(catalogue) => {
            let schemes: Vec<&str> = catalogue.schemes.iter().map(|scheme| scheme.code.as_str()).collect();
            let named = if schemes.is_empty() {
                String::new()
            } else {
                format!(", identifiers by {}", schemes.join(", "))
            };
            format!("{} version {}{named}", catalogue.code, catalogue.version)
        }
        Content::Mandate(mandate) => {
            let together =
                if mandate.needed > 1 { format!(", {} together,", mandate.needed) } else { String::new() };
            format!(
                "{}{together} may act for {}: {}, {}",
                names(&mandate.mandatees),
                names(&mandate.mandators),
                mandate.scopes.join(", "),
                time::days(&mandate.validity)
            )
        }
        Content::Consent(consent) => format!(
            "{} may see {} of {} for {}, {}",
            name(&consent.recipient),
            consent.scopes.join(", "),
            name(&consent.subject),
            consent.purposes.join(", "),
            time::days(&consent.validity)
        ),
        Content::Acceptance(_) => "accepts".to_owned(),
        Content::Renunciation(_) => "gives up".to_owned(),
        Content::Revocation(Revocation { effective: None }) => "ends".to_owned(),
        Content::Revocation(Revocation { effective: Some(end) }) => {
            format!("ends, from {} on,", time::at(*end))
        }
        Content::Suspension(suspension) => {
            if suspension.lift { "lifts the suspension of" } else { "suspends" }.to_owned()
        }
        Content::Dispute(Dispute::Open) => "disputes".to_owned(),
        Content::Dispute(Dispute::Dismissed) => "dismisses the dispute about".to_owned(),
        Content::Dispute(Dispute::Upheld) => "ends, as was disputed,".to_owned(),
        Content::LifeEvent(happened) => {
            format!("{} on {}:", event(happened.event), time::at(happened.effective))
        }
        Content::Request(request) => {
            let asked = request.subject.as_ref().map_or_else(|| "whoever holds the link".to_owned(), name);
            let what = match &request.grant {
                Asked::Mandate => "may act for them".to_owned(),
                Asked::Consent(purposes) => format!("may see, for {},", purposes.join(", ")),
            };
            format!(
                "{} asks {asked} whether it {what}: {}, {}",
                name(&request.requester),
                request.scopes.join(", "),
                time::days(&request.validity)
            )
        }
        Content::Block(block) => {
            format!("{} wants no more requests of {}", name(&block.party), name(&block.blocked))
        }
        Content::Hook(hook) => format!("{} is told of its records at {}", name(&hook.party), hook.url),
        Content::Holding(holding) => format!(
            "{} holds {} of {} since {}",
            name(&holding.source),
            holding.scopes.join(", "),
            name(&holding.subject),
            holding.since
        ),
        Content::Retention(_) => "keeps records from being erased".to_owned(),
        Content::Erasure(_) => "erases records".to_owned(),
        Content::Access(access) => {
            let principal =
                access.on_behalf_of.as_ref().map_or_else(String::new, |id| format!(" for {}", name(id)));
            let urgent = if access.emergency { ", in an emergency" } else { "" };
            format!(
                "{}{principal} asks for {} of {} for {}, held by {}{urgent}",
                name(&access.actor),
                access.category,
                name(&access.subject),
                access.purpose,
                name(&access.source)
            )
        }
        Content::Other(_) => "a record that changes no answer".to_owned(),
    };
    if let Some(target) = opened.record.common().target {
        text.push_str(&format!(" {}", context.shown(&target)));
    }
    for member in ["justification", "reference"] {
        if let Some(said) = opened.disclosed_str(member) {
            text.push_str(&format!(" ({})", clean(said)));
        }
    }
    text
}

/// What a record's payload says; null if its body was erased.
pub(crate) fn payload(logged: &Logged) -> Value {
    let opened = logged.opened.as_ref();
    opened.and_then(|opened| serde_json::from_slice(opened.record.jws().payload()).ok()).unwrap_or_default()
}

/// A record for programs.
pub(crate) fn json(logged: &Logged) -> Value {
    let mut value = json!({
        "id": logged.entry.id(), "index": logged.index, "time": logged.entry.time(), "kind": kind(logged),
    });
    if let (Some(opened), Some(object)) = (&logged.opened, value.as_object_mut()) {
        object.insert("payload".to_owned(), payload(logged));
        object.insert("disclosed".to_owned(), json!(opened.disclosed));
    }
    value
}

/// Texts that others wrote reach no terminal with control characters.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

const fn party_type(party_type: PartyType) -> &'static str {
    match party_type {
        PartyType::Person => "a person",
        PartyType::Organisation => "an organisation",
        PartyType::Institution => "an institution",
        PartyType::Role => "a role",
    }
}

const fn event(event: Event) -> &'static str {
    match event {
        Event::Death => "died",
        Event::Closure => "ceased to be",
        Event::Merger(_) => "was merged into another",
        Event::Protection => "came under protection",
        Event::ProtectionEnd => "is no longer under protection",
        Event::Majority => "came of age",
    }
}

/// What an answer rests on, in a sentence or two.
pub(crate) fn ground(receipt: &VerifiedReceipt) -> String {
    let (size, time) = (receipt.checkpoint().size(), time::at(receipt.time()));
    let witnesses = match receipt.witnesses() {
        0 => "No witness has cosigned: it is the operator's signed word.".to_owned(),
        1 => "One witness has cosigned.".to_owned(),
        n => format!("{n} witnesses have cosigned."),
    };
    format!("Verified here, as of {time} ({size} entries). {witnesses}")
}

/// What an answer rests on, for programs.
pub(crate) fn ground_json(receipt: &VerifiedReceipt) -> Value {
    let root = receipt.checkpoint().root();
    json!({
        "origin": receipt.checkpoint().origin(), "size": root.size, "root": root.hash,
        "time": receipt.time(), "witnesses": receipt.witnesses(),
    })
}

/// What else there is to say of a decision: what nobody had recorded yet, or what would turn it into a permit.
pub(crate) fn more(decision: &Decision) -> Option<String> {
    if decision.good_faith {
        let text = "Something stood against it that nobody had recorded yet: it was given in good faith.";
        return Some(text.to_owned());
    }
    decision.hint.as_ref().map(|hint| match hint {
        Hint::Together(needed) => format!("{needed} of them must act together: name the others."),
        Hint::Assurance(Level::Substantial) => "That key must be bound substantially.".to_owned(),
        Hint::Assurance(Level::High) => "That key must be bound with high assurance.".to_owned(),
        Hint::Emergency(_) => "In an emergency the law permits an access that says so, and why.".to_owned(),
        Hint::Property(pointer) => format!("It looks at {}, which was not sent.", clean(pointer)),
    })
}

/// A decision in a sentence.
pub(crate) fn decision(decision: &Decision) -> &'static str {
    match decision.reason {
        Reason::Own => "It is their own data.",
        Reason::LegalBasis => "The law permits it.",
        Reason::Consent => "The person has consented.",
        Reason::Mandate => "There is a mandate.",
        Reason::Emergency => "The law permits it in an emergency.",
        Reason::UnknownCategory => "No catalogue in force has that category.",
        Reason::UnknownPurpose => "No catalogue in force has that purpose.",
        Reason::PartyNotActive => "One of the parties is not active.",
        Reason::Together => "More of those who have the mandate must act together.",
        Reason::Assurance => "It must be given anew, with a key that is bound more surely.",
        Reason::Condition => "A condition of what would permit it is not met.",
        Reason::Disputed => "What would permit it is disputed.",
        Reason::Suspended => "What would permit it is suspended.",
        Reason::Protected => "It is from somebody under protection.",
        Reason::NotAccepted => "What would permit it waits for signatures.",
        Reason::NotYetValid => "What would permit it starts later.",
        Reason::Expired => "What would permit it has expired.",
        Reason::SignatureVoid => "A signature under it no longer counts.",
        Reason::Lapsed => "Those whom it was from or to are no more.",
        Reason::UnderEnded => "What it was given under does not hold.",
        Reason::Ended => "What permitted it was ended.",
        Reason::OutOfScope => "Nothing between these parties covers it.",
        Reason::NoAuthority => "Nothing permits it.",
    }
}
