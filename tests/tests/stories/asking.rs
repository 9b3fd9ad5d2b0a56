//! Somebody asks a citizen, or invites one.

use super::desk::{Desk, Terms, codes, day, kbo, may};
use procura_client::{ReadError, Submitted};
use procura_core::decide::{AuthZen, Decision, PartyRef, Reason};
use procura_core::draft::Draft;
use procura_core::hash::link_commitment;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::kinds::{Content, PartyType, Request, Validity, proof_of_possession_message};
use procura_core::source::Logged;
use procura_core::status::Status;
use procura_core::{Hash, Millis, b64};
use procura_tests::world::{Actor, ORIGIN};
use serde_json::json;
use std::sync::Arc;

const HOUR_MS: u64 = 3_600_000;

/// An employer who is not registered as an institution, and the office that knows the answer.
struct Hiring {
    desk: Desk,
    employer: Actor,
    office: Actor,
    catalogue: Hash,
}

impl Hiring {
    fn new() -> Self {
        let desk = Desk::new();
        let employer = desk.world.organisation("0417497106");
        let office = desk.world.institution(&kbo(6_060_606), &[]);
        let categories = json!([
            {"code": "flexi"},
            {"code": "flexi.eligibility", "parent": "flexi", "source": office.party},
            {"code": "flexi.wages", "parent": "flexi"},
        ]);
        let catalogue = desk.catalogue("flexi-jobs", 1, categories);
        Self { desk, employer, office, catalogue }
    }

    /// A request by link for a month from today, to be answered within two days: its id.
    fn ask(&self, link: &[u8; 32]) -> Hash {
        let (desk, occasion) = (&self.desk, self.desk.world.occasion());
        let validity = Validity::of_days(day("2026-11-23"), Some(day("2026-12-23")));
        let asked = (&codes(&["flexi.eligibility"])[..], &codes(&["read"])[..]);
        let until = Millis(desk.now().0 + 48 * HOUR_MS);
        let draft = Draft::request(&occasion, &self.employer.party, &self.catalogue, asked, &validity, until);
        let (id, status) = desk.log(&self.employer, draft.member("link", json!(link_commitment(link))));
        assert_eq!(status, Status::ACTIVE);
        id
    }

    /// What the citizen sees who opens the link, verified; the requester's identifier too.
    fn open(&self, citizen: &Actor, link: &[u8; 32]) -> Result<(Hash, Request), ReadError> {
        let proven = self.desk.client(citizen).linked(link)?;
        let (id, logged) = (proven.answer().logged().entry.id().unwrap(), proven.answer().logged());
        Ok((id, request_of(logged)))
    }

    /// Answers yes: the acceptance of the request, then the consent that it names.
    fn approve(&self, citizen: &Actor, link: &[u8; 32]) -> Hash {
        let (id, request) = self.open(citizen, link).unwrap();
        let grant = self.grant(citizen, &id, &request);
        let consent = grant.id();
        let (_, status) = self.desk.log(citizen, self.yes(&id, link, &consent));
        assert_eq!(status, Status::ENDED, "the request is answered");
        assert_eq!(self.desk.log(citizen, grant), (consent, Status::ACTIVE));
        consent
    }

    fn grant(&self, citizen: &Actor, id: &Hash, request: &Request) -> Draft {
        Draft::asked_for(&self.desk.world.occasion(), (id, request), &citizen.party, &request.validity)
    }

    fn yes(&self, id: &Hash, link: &[u8; 32], consent: &Hash) -> Draft {
        self.no(id, link).member("kind", json!("acceptance")).member("grant", json!(consent))
    }

    fn no(&self, id: &Hash, link: &[u8; 32]) -> Draft {
        self.desk.on("renunciation", id).member("link", json!(b64::encode(link)))
    }

    /// The employer asks for the data: what was decided, and the access's id.
    fn access(&self, citizen: &Actor, category: &str) -> (Hash, Decision) {
        let draft = self
            .desk
            .draft("access")
            .member("actor", json!(self.employer.party))
            .member("subject", json!(citizen.party))
            .member("source", json!(self.office.party))
            .member("category", json!(category))
            .member("purpose", json!("read"));
        let id = draft.id();
        let signed = draft.sign(&self.employer.kid, self.employer.key.as_ref()).unwrap();
        match self.desk.client(&self.employer).submit(&signed).unwrap() {
            Submitted::Access(proven) => (id, proven.answer().decision().clone()),
            other => panic!("{other:?}"),
        }
    }
}

fn request_of(logged: &Logged) -> Request {
    match logged.opened().unwrap().record.content() {
        Content::Request(request) => request.clone(),
        other => panic!("{other:?}"),
    }
}

fn refusal(error: &ReadError) -> (u16, String) {
    match error {
        ReadError::Call(procura_client::CallError::Refused(problem)) => {
            (problem.status, problem.name.clone())
        }
        ReadError::NotFound => (404, "not_found".to_owned()),
        other => panic!("{other:?}"),
    }
}

/// Story 1, told of a worker with a national number and of one whom only an eIDAS identifier names.
fn flexi_check(hiring: &Hiring, worker: &Actor) {
    let (desk, link) = (&hiring.desk, hiring.desk.world.fresh());
    let (refused_before, no) = hiring.access(worker, "flexi.eligibility");
    assert_eq!(no.reason, Reason::NoAuthority);
    let id = hiring.ask(&link);
    assert_eq!(
        hiring.access(worker, "flexi.eligibility").1.reason,
        Reason::NoAuthority,
        "asking gives nothing"
    );

    let (opened, request) = hiring.open(worker, &link).unwrap();
    assert_eq!((opened, request.requester), (id, hiring.employer.party));
    let consent = hiring.approve(worker, &link);
    let (seen, yes) = hiring.access(worker, "flexi.eligibility");
    assert_eq!((yes.permit, yes.reason), (true, Reason::Consent));
    let (wages, no) = hiring.access(worker, "flexi.wages");
    assert_eq!((no.permit, no.reason), (false, Reason::OutOfScope));
    desk.says(&may(&hiring.employer, "flexi.eligibility", worker, "read"), Reason::Consent);

    // The worker sees every attempt, what was refused too, proven complete.
    for attempt in [refused_before, seen, wages, consent] {
        assert!(desk.lists(worker, &attempt));
    }
}

#[test]
fn story_01_an_employer_asks_once_sees_one_thing_for_a_month_and_the_worker_sees_who_looked() {
    let hiring = Hiring::new();
    let worker = hiring.desk.world.person("75061200192");
    // A worker from another country, whom no Belgian number names.
    let abroad = foreign(&hiring.desk, "eidas:FR/BE/4711-AB");
    flexi_check(&hiring, &worker);
    flexi_check(&hiring, &abroad);
    let desk = &hiring.desk;
    desk.pass_to("2026-12-23");
    for worker in [&worker, &abroad] {
        assert!(hiring.access(worker, "flexi.eligibility").1.permit, "the last day");
    }
    desk.pass_to("2026-12-24");
    for worker in [&worker, &abroad] {
        let (id, no) = hiring.access(worker, "flexi.eligibility");
        assert_eq!((no.permit, no.reason), (false, Reason::Expired));
        assert!(desk.lists(worker, &id));
    }
}

/// A person registered under an identifier of another scheme, with a first key.
fn foreign(desk: &Desk, identifier: &str) -> Actor {
    let handle = desk.world.fresh();
    let draft = desk.world.party_draft(PartyType::Person, identifier, handle);
    let (party, _) = desk.log(&desk.world.registrar, draft);
    let (key, kid) = desk.bind(&desk.world.registrar, &party, "first", "substantial");
    Actor { party, kid, key, identifier: identifier.to_owned(), handle }
}

#[test]
fn story_02_a_link_is_used_once_and_a_refusal_gives_nothing() {
    let hiring = Hiring::new();
    let (desk, link) = (&hiring.desk, hiring.desk.world.fresh());
    let (worker, other) = (desk.world.person("75061200192"), desk.world.person("48031500292"));
    let ask = |worker: &Actor| may(&hiring.employer, "flexi.eligibility", worker, "read");
    let refused = hiring.ask(&link);
    let error = hiring.open(&worker, &desk.world.fresh()).unwrap_err();
    assert_eq!(refusal(&error), (404, "not_found".to_owned()), "a link that nobody made");
    let (id, request) = hiring.open(&worker, &link).unwrap();
    let (_, status) = desk.log(&worker, hiring.no(&id, &link));
    assert_eq!((id, status), (refused, Status::ENDED));
    // Whoever opens it now, is told that it was used.
    for actor in [&worker, &other] {
        assert_eq!(refusal(&hiring.open(actor, &link).unwrap_err()), (410, "link_used".to_owned()));
        let grant = hiring.grant(actor, &id, &request);
        assert_eq!(desk.refused(actor, hiring.yes(&id, &link, &grant.id())), "move");
        assert_eq!(desk.refused(actor, grant), "request");
        desk.says(&ask(actor), Reason::NoAuthority);
    }
    assert_eq!(desk.status(&hiring.employer, &refused), Status::ENDED, "declined, and not why");

    // One that is answered yes is used just so.
    let link = desk.world.fresh();
    let id = hiring.ask(&link);
    hiring.approve(&worker, &link);
    assert_eq!(refusal(&hiring.open(&other, &link).unwrap_err()), (410, "link_used".to_owned()));
    let grant = hiring.grant(&other, &id, &request);
    assert_eq!(desk.refused(&other, hiring.yes(&id, &link, &grant.id())), "move");
    desk.says(&ask(&worker), Reason::Consent);
    desk.says(&ask(&other), Reason::NoAuthority);

    // One that nobody answered in time is gone; so is one that was taken back.
    let (late, back) = (desk.world.fresh(), desk.world.fresh());
    let id = hiring.ask(&late);
    assert_eq!(desk.act(&hiring.employer, "revocation", &hiring.ask(&back)), Status::ENDED);
    desk.pass_to_instant(Millis(desk.now().0 + 48 * HOUR_MS));
    for link in [&late, &back] {
        assert_eq!(refusal(&hiring.open(&other, link).unwrap_err()), (410, "link_used".to_owned()));
    }
    let grant = hiring.grant(&other, &id, &request);
    assert_eq!(desk.refused(&other, hiring.yes(&id, &late, &grant.id())), "answer_by");
}

/// A mandate for somebody who is not registered yet: named by the identifier, invited by a letter, bound once enrolled.
#[test]
fn a_mandate_waits_for_somebody_who_enrols_by_invitation() {
    let desk = Desk::new();
    let (mother, link) = (desk.world.person("48031500292"), desk.world.fresh());
    let son = desk.client(&mother).resolve_unverified(&"niss:75061200192".parse().unwrap()).unwrap();
    let question = AuthZen {
        actor: PartyRef::parse("niss:75061200192"),
        ..may(&mother, "pension.file", &mother, "read")
    };
    let terms =
        Terms { catalogue: desk.world.catalogue, scopes: &["pension"], from: "2026-11-23", until: None };
    let invited = |until: Millis| {
        let (scopes, validity) = (codes(terms.scopes), terms.validity());
        let occasion = desk.world.occasion();
        Draft::mandate(&occasion, &mother.party, &son, &terms.catalogue, &scopes, &validity)
            .member("answer_by", json!(until))
            .member("link", json!(link_commitment(&link)))
    };
    let until = Millis(desk.now().0 + 14 * 24 * HOUR_MS);
    let (mandate, status) = desk.log(&mother, invited(until));
    assert_eq!(status, Status::PENDING);
    desk.says(&question, Reason::NoAuthority);
    // The letter shows him what it is, before anybody knows him.
    let shown = desk.client(&mother).linked(&link).unwrap();
    assert_eq!(shown.answer().logged().entry.id(), Some(mandate));

    // A registrar confirms who he is, and binds his key.
    assert_eq!(desk.act(&desk.world.registrar, "acceptance", &son), Status::ACTIVE);
    let key = Arc::new(SoftKey::from_seed(&desk.world.fresh()));
    let (occasion, public) = (desk.world.occasion(), key.public_key());
    let possession = key.sign(&proof_of_possession_message(ORIGIN, &son, &public, &occasion.nonce)).unwrap();
    let draft = Draft::key(&occasion, &son, &public, &possession, "first", "substantial");
    let (kid, _) = desk.log(&desk.world.registrar, draft);
    let identifier = "niss:75061200192".to_owned();
    let enrolled = Actor { party: son, kid, key, identifier, handle: [0; 32] };

    desk.says(&question, Reason::NotAccepted);
    assert_eq!(desk.refused(&enrolled, desk.on("acceptance", &mandate)), "link");
    let accept = || desk.on("acceptance", &mandate).member("link", json!(b64::encode(&link)));
    assert_eq!(desk.log(&enrolled, accept()).1, Status::ACTIVE);
    desk.says(&question, Reason::Mandate);
    assert_eq!(refusal(&desk.client(&mother).linked(&link).unwrap_err()), (410, "link_used".to_owned()));

    // An invitation that is too old binds nobody.
    let (late, _) = desk.log(&mother, invited(until));
    desk.pass_to_instant(until);
    let accept = desk.on("acceptance", &late).member("link", json!(b64::encode(&link)));
    assert_eq!(desk.refused(&enrolled, accept), "answer_by");
}
