//! Asking and answering. Goal: a request is answered once, by whom it asks, with no more than it asked for; an invitation lets in who has
//! the link, in time; a block stays between its party and the ledger. Method: the world of `world.rs`, and for each rule of
//! kinds.md#asking something taken and its refused twin.
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::hash::link_commitment;
use procura_core::kinds::{Content, Request};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::Clock;
use procura_tests::world::{Actor, World};
use serde_json::json;

const HOUR_MS: u64 = 3600 * 1000;
const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";
const LINK: [u8; 32] = [7; 32];

struct Desk {
    world: World,
    mother: Actor,
    son: Actor,
    employer: Actor,
}

fn desk() -> Desk {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let employer = world.organisation("0417497106");
    Desk { world, mother, son, employer }
}

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

impl Desk {
    fn until(&self) -> Millis {
        Millis(self.world.clock.now().0 + 48 * HOUR_MS)
    }

    /// A request for a consent on tax data to read them.
    fn draft(&self) -> Draft {
        let (scopes, purposes) = (["tax".to_owned()], ["read".to_owned()]);
        let (world, until) = (&self.world, self.until());
        let asked = (&scopes[..], &purposes[..]);
        Draft::request(
            &world.occasion(),
            &self.employer.party,
            &world.catalogue,
            asked,
            &world.a_year(),
            until,
        )
    }

    fn by_link(&self) -> Hash {
        self.world
            .append(signed(self.draft().member("link", json!(link_commitment(&LINK))), &self.employer))
            .id
    }

    fn of(&self, subject: &Actor) -> Hash {
        self.world.append(signed(self.draft().member("subject", json!(subject.party)), &self.employer)).id
    }

    fn read(&self, id: &Hash) -> Request {
        let found = self.world.ledger.view().record(id).unwrap().unwrap();
        match found.logged.opened().unwrap().record.content() {
            Content::Request(request) => request.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What is asked for, given by `giver`.
    fn grant(&self, request: &Hash, giver: &Actor) -> Draft {
        let occasion = self.world.occasion();
        Draft::asked_for(&occasion, (request, &self.read(request)), &giver.party, &self.world.a_year())
    }

    fn yes(&self, request: &Hash, grant: &Draft) -> Draft {
        Draft::on("acceptance", &self.world.occasion(), request).member("grant", json!(grant.id()))
    }

    fn no(&self, request: &Hash) -> Draft {
        Draft::on("renunciation", &self.world.occasion(), request)
    }

    fn with_link(draft: Draft) -> Draft {
        draft.member("link", json!(procura_core::b64::encode(&LINK)))
    }

    fn status(&self, id: &Hash) -> Status {
        self.world.ledger.view().status(id).unwrap().unwrap()
    }

    fn reason(&self, subject: &str, category: &str) -> Reason {
        let request = World::ask("kbo:0417497106", category, &format!("niss:{subject}"), "read");
        self.world.ledger.view().evaluate(&request, self.world.clock.now()).unwrap().reason
    }
}

#[test]
fn a_link_works_once_for_one_grant() {
    let desk = desk();
    let request = desk.by_link();
    assert_eq!(desk.reason(MOTHER, "tax"), Reason::NoAuthority, "asking gives nothing");
    let found = desk.world.ledger.view().linked(&LINK).unwrap().unwrap();
    assert_eq!((found.id, found.status), (request, Some(Status::ACTIVE)));
    assert!(desk.world.ledger.view().linked(&[8; 32]).unwrap().is_none());

    let grant = desk.grant(&request, &desk.mother);
    let yes = || desk.yes(&request, &grant);
    assert_eq!(desk.world.refused(signed(grant.clone(), &desk.mother)), "request", "not answered yet");
    assert_eq!(desk.world.refused(signed(yes(), &desk.mother)), "link", "without the link");
    let wrong = yes().member("link", json!(procura_core::b64::encode(&[8; 32])));
    assert_eq!(desk.world.refused(signed(wrong, &desk.mother)), "link");
    let bare = Desk::with_link(Draft::on("acceptance", &desk.world.occasion(), &request));
    assert_eq!(desk.world.refused(signed(bare, &desk.mother)), "move", "to what?");
    assert_eq!(desk.world.refused(signed(Desk::with_link(yes()), &desk.employer)), "not_yours");
    assert_eq!(desk.status(&request), Status::ACTIVE);

    desk.world.append(signed(Desk::with_link(yes()), &desk.mother));
    assert_eq!(desk.status(&request), Status::ENDED);
    assert_eq!(desk.reason(MOTHER, "tax"), Reason::NoAuthority, "the answer alone gives nothing");
    // Somebody else who saw the link comes too late, whether with a grant of their own or with an answer.
    let other = desk.grant(&request, &desk.son);
    assert_eq!(desk.world.refused(signed(Desk::with_link(desk.yes(&request, &other)), &desk.son)), "move");
    assert_eq!(desk.world.refused(signed(other, &desk.son)), "request");
    assert_eq!(desk.world.refused(signed(Desk::with_link(desk.no(&request)), &desk.son)), "move");

    let given = desk.world.append(signed(grant, &desk.mother)).id;
    assert_eq!(desk.reason(MOTHER, "tax"), Reason::Consent);
    assert_eq!(desk.reason(MOTHER, "pension"), Reason::OutOfScope);
    // It is a consent like any other.
    desk.world.append(desk.world.transition("revocation", &desk.mother, &given));
    assert_eq!(desk.reason(MOTHER, "tax"), Reason::Ended);
}

#[test]
fn no_more_is_given_than_was_asked_for() {
    let desk = desk();
    let answered_with = |change: &dyn Fn(Draft) -> Draft| {
        let request = desk.of(&desk.mother);
        let grant = change(desk.grant(&request, &desk.mother));
        desk.world.append(signed(desk.yes(&request, &grant), &desk.mother));
        desk.world
            .ledger
            .append(signed(grant, &desk.mother))
            .map(drop)
            .map_err(|error| error.name().to_owned())
    };
    let beyond = Err("beyond".to_owned());
    assert_eq!(answered_with(&|grant| grant), Ok(()));
    assert_eq!(answered_with(&|grant| grant.member("scopes", json!(["pension", "tax"]))), beyond);
    assert_eq!(answered_with(&|grant| grant.member("scopes", json!(["pension"]))), beyond);
    assert_eq!(answered_with(&|grant| grant.member("recipient", json!(desk.son.party))), beyond);
    let longer = desk.world.a_year();
    let longer = procura_core::kinds::Validity::of_days(longer.valid_from, None);
    let open = |grant: Draft| grant.validity(&longer).without("valid_until").without("not_after");
    assert_eq!(answered_with(&open), beyond);
    let condition = json!([{"type": "uses", "times": 3}]);
    assert_eq!(answered_with(&|grant| grant.member("conditions", condition.clone())), Ok(()), "less is more");

    // What the requester was bound by, the grant is.
    let bound = desk.draft().member("subject", json!(desk.mother.party)).member("conditions", condition);
    let request = desk.world.append(signed(bound, &desk.employer)).id;
    let grant = desk.grant(&request, &desk.mother).without("conditions");
    desk.world.append(signed(desk.yes(&request, &grant), &desk.mother));
    assert_eq!(desk.world.refused(signed(grant, &desk.mother)), "beyond");

    // A mandate where a consent was asked for, and one that names a record which is no request.
    let request = desk.of(&desk.mother);
    let mandate = desk.world.mandate_draft(&desk.mother, &desk.employer.party, &["tax"]);
    let mandate = mandate.member("request", json!(request));
    desk.world.append(signed(desk.yes(&request, &mandate), &desk.mother));
    assert_eq!(desk.world.refused(signed(mandate, &desk.mother)), "beyond");
    let stray = desk.world.mandate_draft(&desk.mother, &desk.employer.party, &["tax"]);
    let stray = stray.member("request", json!(desk.world.catalogue));
    assert_eq!(desk.world.refused(signed(stray, &desk.mother)), "request");
}

#[test]
fn whoever_is_asked_answers_and_nobody_else() {
    let desk = desk();
    let request = desk.of(&desk.mother);
    let grant = desk.grant(&request, &desk.son);
    assert_eq!(desk.world.refused(signed(desk.yes(&request, &grant), &desk.son)), "not_yours");
    assert_eq!(desk.world.refused(signed(desk.no(&request), &desk.son)), "not_yours");
    assert_eq!(
        desk.world.refused(signed(Desk::with_link(desk.no(&request)), &desk.mother)),
        "link",
        "it has none"
    );
    // For somebody else than who was asked: that is more than was asked for.
    let grant = desk.grant(&request, &desk.son);
    desk.world.append(signed(desk.yes(&request, &grant), &desk.mother));
    assert_eq!(desk.world.refused(signed(grant, &desk.son)), "beyond");

    let refused = desk.of(&desk.mother);
    desk.world.append(signed(desk.no(&refused), &desk.mother));
    assert_eq!(desk.status(&refused), Status::ENDED);
    let grant = desk.grant(&refused, &desk.mother);
    assert_eq!(desk.world.refused(signed(desk.yes(&refused, &grant), &desk.mother)), "move");
    assert_eq!(desk.world.refused(signed(grant, &desk.mother)), "request");

    let withdrawn = desk.of(&desk.mother);
    assert_eq!(
        desk.world.refused(desk.world.transition("revocation", &desk.mother, &withdrawn)),
        "not_yours"
    );
    desk.world.append(desk.world.transition("revocation", &desk.employer, &withdrawn));
    assert_eq!(desk.status(&withdrawn), Status::ENDED);
    let forged = desk.draft().member("subject", json!(desk.mother.party));
    assert_eq!(desk.world.refused(signed(forged, &desk.son)), "not_yours", "only for oneself");
}

#[test]
fn an_answer_comes_in_time() {
    let desk = desk();
    let request = desk.of(&desk.mother);
    desk.world.clock.pass(48 * HOUR_MS);
    let grant = desk.grant(&request, &desk.mother);
    assert_eq!(desk.world.refused(signed(desk.yes(&request, &grant), &desk.mother)), "answer_by");
    desk.world.append(signed(desk.no(&request), &desk.mother));
    for by in [desk.world.clock.now(), Millis(desk.world.clock.now().0 + 367 * 24 * HOUR_MS)] {
        let draft = desk.draft().member("subject", json!(desk.mother.party)).member("answer_by", json!(by));
        assert_eq!(desk.world.refused(signed(draft, &desk.employer)), "answer_by");
    }
}

#[test]
fn a_request_says_whom_it_asks() {
    let desk = desk();
    assert_eq!(desk.world.refused(signed(desk.draft(), &desk.employer)), "member_mistyped", "nobody");
    let itself = desk.draft().member("subject", json!(desk.employer.party));
    assert_eq!(desk.world.refused(signed(itself, &desk.employer)), "same_party");
    let of = |name: &str, value| {
        let draft = desk.draft().member("subject", json!(desk.mother.party)).member(name, value);
        desk.world.refused(signed(draft, &desk.employer))
    };
    assert_eq!(of("scopes", json!(["nothing"])), "unknown_scope");
    assert_eq!(of("purposes", json!(["nothing"])), "unknown_purpose");
    assert_eq!(of("catalogue", json!(desk.mother.party)), "unknown_catalogue");
    assert_eq!(of("subject", json!(Hash([9; 32]))), "unknown_party");
    let until = desk.draft().member("subject", json!(desk.mother.party)).without("answer_by");
    assert_eq!(desk.world.refused(signed(until, &desk.employer)), "member_missing");
}

#[test]
fn a_mandate_by_invitation_is_taken_by_who_has_the_link() {
    let desk = desk();
    let invited = |link: bool| {
        let draft = desk.world.mandate_draft(&desk.mother, &desk.son.party, &["tax"]);
        let draft = draft.member("answer_by", json!(desk.until()));
        if link { draft.member("link", json!(link_commitment(&LINK))) } else { draft }
    };
    let accept = |id: &Hash| Draft::on("acceptance", &desk.world.occasion(), id);
    let mandate = desk.world.append(signed(invited(true), &desk.mother)).id;
    assert_eq!(desk.world.ledger.view().linked(&LINK).unwrap().unwrap().id, mandate);
    assert_eq!(desk.world.refused(signed(accept(&mandate), &desk.son)), "link");
    assert_eq!(desk.world.refused(signed(Desk::with_link(accept(&mandate)), &desk.employer)), "not_yours");
    desk.world.append(signed(Desk::with_link(accept(&mandate)), &desk.son));
    assert_eq!(desk.status(&mandate), Status::ACTIVE);

    let late = desk.world.append(signed(invited(false), &desk.mother)).id;
    desk.world.clock.pass(48 * HOUR_MS);
    assert_eq!(desk.world.refused(signed(accept(&late), &desk.son)), "answer_by");
    assert_eq!(desk.status(&late), Status::PENDING);

    // Nobody is invited where nobody else must sign.
    let alone = desk.world.mandate_draft(&desk.mother, &desk.son.party, &["tax"]);
    let consent = Draft::consent(
        &desk.world.occasion(),
        &desk.mother.party,
        &desk.son.party,
        &desk.world.catalogue,
        &["tax".to_owned()],
        &["read".to_owned()],
        &desk.world.a_year(),
    );
    let consent = consent.member("answer_by", json!(desk.until()));
    assert_eq!(desk.world.refused(signed(consent, &desk.mother)), "member_mistyped");
    let uninvited = desk.world.append(signed(alone, &desk.mother)).id;
    assert_eq!(desk.world.refused(signed(Desk::with_link(accept(&uninvited)), &desk.son)), "link");
}

#[test]
fn a_block_concerns_its_party_alone() {
    let desk = desk();
    let block = |by: &Actor, blocked: &Actor| {
        let draft = Draft::new("block", &desk.world.occasion());
        signed(draft.member("party", json!(desk.mother.party)).member("blocked", json!(blocked.party)), by)
    };
    assert_eq!(desk.world.refused(block(&desk.son, &desk.employer)), "not_yours");
    assert_eq!(desk.world.refused(block(&desk.mother, &desk.mother)), "same_party");
    let blocked = desk.world.append(block(&desk.mother, &desk.employer)).id;
    let view = desk.world.ledger.view();
    assert!(view.has_blocked(&desk.mother.party, &desk.employer.party).unwrap());
    assert!(!view.has_blocked(&desk.son.party, &desk.employer.party).unwrap());
    assert_eq!(view.record(&blocked).unwrap().unwrap().parties, [desk.mother.party]);
    // The blocked one is told nothing: its requests are logged as ever.
    let request = desk.of(&desk.mother);
    assert_eq!(desk.status(&request), Status::ACTIVE);
    assert_eq!(
        desk.world.refused(desk.world.transition("revocation", &desk.employer, &blocked)),
        "not_yours"
    );
    desk.world.append(desk.world.transition("revocation", &desk.mother, &blocked));
    assert!(!desk.world.ledger.view().has_blocked(&desk.mother.party, &desk.employer.party).unwrap());
}

#[test]
fn a_source_says_what_it_holds() {
    let desk = desk();
    let office = desk.world.institution("kbo:0308357159", &[]);
    let holding = |by: &Actor, scope: &str| {
        let draft = Draft::new("holding", &desk.world.occasion())
            .member("source", json!(office.party))
            .member("subject", json!(desk.mother.party))
            .member("catalogue", json!(desk.world.catalogue))
            .member("scopes", json!([scope]))
            .member("since", json!("2020-02-29"));
        signed(draft, by)
    };
    assert_eq!(desk.world.refused(holding(&desk.son, "tax")), "not_yours");
    assert_eq!(desk.world.refused(holding(&office, "nothing")), "unknown_scope");
    let (tax, pension) =
        (desk.world.append(holding(&office, "tax")).id, desk.world.append(holding(&office, "pension")).id);
    let held = || {
        let found = desk.world.ledger.view().holdings(&desk.mother.party).unwrap();
        found.iter().map(|found| found.id).collect::<Vec<_>>()
    };
    assert_eq!(held(), [pension, tax], "the newest first");
    assert_eq!(desk.reason(MOTHER, "tax"), Reason::NoAuthority, "it gives no right");
    desk.world.append(desk.world.transition("revocation", &office, &pension));
    assert_eq!(held(), [tax]);
}
