//! What mandates and consents mean. Goal: each rule of `spec/kinds.md` about who gives and takes them, what stands under what, and
//! what ends them, with a twin that is refused; each answer over HTTP's own engine and by a verified receipt. Method: the world of
//! `world.rs`, one rule a test.
use procura_core::days::Day;
use procura_core::decide::{Decision, Hint, Level, Reason};
use procura_core::draft::Draft;
use procura_core::kinds::{PartyType, Validity};
use procura_core::receipt::{Mode, Receipt, verify_authority, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock};
use procura_tests::world::{Actor, World};
use serde_json::{Value, json};

const DAY_MS: u64 = 24 * 3600 * 1000;
const MOTHER: &str = "48031500292";
const FATHER: &str = "85073000160";
const SON: &str = "75061200192";
const CHILD: &str = "15061500231";

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn ids(actors: &[&Actor]) -> Value {
    let mut ids: Vec<Hash> = actors.iter().map(|actor| actor.party).collect();
    ids.sort_unstable();
    json!(ids)
}

fn status(world: &World, id: &Hash) -> Status {
    world.ledger.view().status(id).unwrap().unwrap()
}

/// The decision, asked at once and proven: the two agree.
fn ask(world: &World, actor: &Actor, of: &Actor, category: &str, context: Value) -> Decision {
    let request = json!({
        "subject": {"type": "party", "id": format!("party:{}", actor.party)},
        "action": {"name": "read"},
        "resource": {"type": category, "id": format!("party:{}", of.party)},
        "context": context,
    });
    let request = procura_core::decide::AuthZen::read(request.as_object().unwrap().clone()).unwrap();
    let (view, at) = (world.ledger.view(), world.clock.now());
    let decision = view.evaluate(&request, at).unwrap();
    let receipt = view.check(&request, at, &Ask::now(Audience::Anyone)).unwrap().to_json();
    let verified = verify_authority(receipt.as_bytes(), &request, &world.policy(), Mode::Fresh(at)).unwrap();
    assert_eq!(*verified.decision(), decision);
    decision
}

fn says(world: &World, actor: &Actor, of: &Actor, category: &str) -> Reason {
    ask(world, actor, of, category, json!({})).reason
}

fn accept(world: &World, by: &Actor, target: &Hash) {
    world.append(world.transition("acceptance", by, target));
}

/// A mandate that is in force.
fn in_force(world: &World, from: &Actor, draft: Draft, to: &Actor) -> Hash {
    let id = world.append(signed(draft, from)).id;
    accept(world, to, &id);
    assert_eq!(status(world, &id), Status::ACTIVE);
    id
}

/// Time passes, and the ledger says so.
fn later(world: &World, ms: u64) {
    world.clock.pass(ms);
    world.append(signed(Draft::new("note", &world.occasion()), &world.registrar));
}

#[test]
fn joint_mandators_each_sign() {
    let world = World::in_memory();
    let (mother, father, son) = (world.person(MOTHER), world.person(FATHER), world.person(SON));
    let draft = |to: &Actor| {
        world.mandate_draft(&mother, &to.party, &["tax"]).member("mandators", ids(&[&mother, &father]))
    };
    assert_eq!(world.refused(signed(draft(&son), &son)), "not_yours");
    let id = world.append(signed(draft(&son), &mother)).id;
    accept(&world, &son, &id);
    assert_eq!(status(&world, &id), Status::PENDING);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::NotAccepted);
    assert_eq!(world.refused(world.transition("acceptance", &mother, &id)), "signed_twice");
    assert_eq!(world.refused(world.transition("acceptance", &world.registrar, &id)), "not_yours");
    accept(&world, &father, &id);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    assert_eq!(says(&world, &son, &father, "tax"), Reason::Mandate);
    // Either of them takes it back for both.
    world.append(world.transition("revocation", &father, &id));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Ended);
}

#[test]
fn joint_mandatees_act_together() {
    let world = World::in_memory();
    let (mother, father, son) = (world.person(MOTHER), world.person(FATHER), world.person(SON));
    let draft = world
        .mandate_draft(&mother, &son.party, &["tax"])
        .member("mandatees", ids(&[&father, &son]))
        .member("needed", json!(2));
    let id = in_force_after(&world, &mother, draft, &[&father, &son]);
    let alone = ask(&world, &son, &mother, "tax", json!({}));
    assert_eq!((alone.reason, alone.hint), (Reason::Together, Some(Hint::Together(2))));
    let both = json!({"together_with": [format!("party:{}", father.party)]});
    assert_eq!(ask(&world, &son, &mother, "tax", both.clone()).reason, Reason::Mandate);
    let stranger = json!({"together_with": [format!("party:{}", world.registrar.party), "niss:nobody"]});
    assert_eq!(ask(&world, &son, &mother, "tax", stranger).reason, Reason::Together);
    // One of them gives it up: it is over for both.
    assert_eq!(world.refused(world.transition("renunciation", &mother, &id)), "not_yours");
    world.append(world.transition("renunciation", &father, &id));
    assert_eq!(ask(&world, &son, &mother, "tax", both).reason, Reason::Ended);
}

fn in_force_after(world: &World, from: &Actor, draft: Draft, takers: &[&Actor]) -> Hash {
    let id = world.append(signed(draft, from)).id;
    for (n, taker) in takers.iter().enumerate() {
        assert_eq!(status(world, &id), Status::PENDING, "before taker {n}");
        accept(world, taker, &id);
    }
    assert_eq!(status(world, &id), Status::ACTIVE);
    id
}

/// A mandate of the mother's for the son under which others may stand, and a draft of one under it.
fn family(world: &World) -> (Actor, Actor, Actor, Hash) {
    let (mother, son, friend) = (world.person(MOTHER), world.person(SON), world.person(FATHER));
    let draft = world.mandate_draft(&mother, &son.party, &["pension"]).member("substitution", json!(1));
    let above = in_force(world, &mother, draft, &son);
    (mother, son, friend, above)
}

fn under(world: &World, mother: &Actor, son: &Actor, to: &Actor, above: &Hash, scope: &str) -> Draft {
    world
        .mandate_draft(mother, &to.party, &[scope])
        .member("under", json!(above))
        .member("by", json!([son.party]))
        .member("informed", json!([son.party]))
}

#[test]
fn a_mandate_stands_under_another() {
    let world = World::in_memory();
    let (mother, son, friend, above) = family(&world);
    let draft = || under(&world, &mother, &son, &friend, &above, "pension.file");
    assert_eq!(world.refused(signed(draft(), &mother)), "not_yours");
    let below = in_force(&world, &son, draft(), &friend);
    assert_eq!(says(&world, &friend, &mother, "pension.file"), Reason::Mandate);
    assert_eq!(says(&world, &friend, &mother, "pension"), Reason::OutOfScope);
    // She sees it in her list, and so does her son.
    for party in [&mother, &son, &friend] {
        assert!(world.ledger.view().record(&below).unwrap().unwrap().parties.contains(&party.party));
    }
    // None stands under this one: it says nothing of substitution.
    let stranger = world.person(CHILD);
    let further = world
        .mandate_draft(&mother, &stranger.party, &["pension.file"])
        .member("under", json!(below))
        .member("by", json!([friend.party]))
        .member("informed", ids(&[&friend, &son]));
    assert_eq!(world.refused(signed(further, &friend)), "beyond");
    // With the one above it ends.
    world.append(world.transition("revocation", &mother, &above));
    assert_eq!(says(&world, &friend, &mother, "pension.file"), Reason::UnderEnded);
    assert_eq!(status(&world, &below), Status::ACTIVE);
    assert_eq!(world.refused(signed(draft(), &son)), "under");
}

#[test]
fn nothing_reaches_beyond_what_it_is_under() {
    let world = World::in_memory();
    let (mother, son, friend, above) = family(&world);
    let draft = || under(&world, &mother, &son, &friend, &above, "pension");
    let today = Day::of(world.clock.now()).unwrap();
    let open_end = || {
        let scopes = ["pension".to_owned()];
        let validity = Validity::of_days(today, None);
        Draft::mandate(&world.occasion(), &mother.party, &friend.party, &world.catalogue, &scopes, &validity)
            .member("under", json!(above))
            .member("by", json!([son.party]))
            .member("informed", json!([son.party]))
    };
    let other = world.publish_catalogue(&world.root, 2, json!([]));
    let beyond = [
        ("another scope", under(&world, &mother, &son, &friend, &above, "tax")),
        ("without end", open_end()),
        ("as deep", draft().member("substitution", json!(1))),
        ("another catalogue", draft().member("catalogue", json!(other))),
        ("somebody else is informed", draft().member("informed", json!([mother.party]))),
        ("another mandator", draft().member("mandators", json!([world.registrar.party]))),
    ];
    for (what, draft) in beyond {
        assert_eq!(world.refused(signed(draft, &son)), "beyond", "{what}");
    }
    // Who is no mandatee of it gives nothing under it.
    let stranger = draft().member("by", json!([world.registrar.party]));
    assert_eq!(world.refused(signed(stranger, &world.registrar)), "beyond");
    let nothing = draft().member("under", json!(Hash([9; 32])));
    assert_eq!(world.refused(signed(nothing, &son)), "under");
    let no_mandate = draft().member("under", json!(world.catalogue));
    assert_eq!(world.refused(signed(no_mandate, &son)), "under");
    world.append(signed(draft(), &son));
}

#[test]
fn conditions_of_a_mandate_bind_what_is_under_it() {
    let world = World::in_memory();
    let (mother, son, friend) = (world.person(MOTHER), world.person(SON), world.person(FATHER));
    let at_most = |max: u64| json!([{"type": "range", "of": "context", "property": "amount", "max": max}]);
    let draft = world
        .mandate_draft(&mother, &son.party, &["tax"])
        .member("substitution", json!(1))
        .member("conditions", at_most(100));
    let above = in_force(&world, &mother, draft, &son);
    let below = |conditions: Option<Value>| {
        let draft = under(&world, &mother, &son, &friend, &above, "tax");
        match conditions {
            Some(conditions) => draft.member("conditions", conditions),
            None => draft,
        }
    };
    assert_eq!(world.refused(signed(below(None), &son)), "beyond");
    assert_eq!(world.refused(signed(below(Some(at_most(101))), &son)), "beyond");
    in_force(&world, &son, below(Some(at_most(50))), &friend);
    let of = |amount: u64| ask(&world, &friend, &mother, "tax", json!({"amount": amount}));
    assert_eq!(of(50).reason, Reason::Mandate);
    assert_eq!((of(51).reason, of(51).hint), (Reason::Condition, None));
    let silent = ask(&world, &friend, &mother, "tax", json!({}));
    let missing = Some(Hint::Property("/context/amount".to_owned()));
    assert_eq!((silent.reason, silent.hint), (Reason::Condition, missing));
    // A mandate's uses are counted by nobody.
    let counted = world
        .mandate_draft(&mother, &son.party, &["tax"])
        .member("conditions", json!([{"type": "uses", "times": 1}]));
    assert_eq!(world.refused(signed(counted, &mother)), "member_mistyped");
}

#[test]
fn a_child_is_represented_by_law() {
    let world = World::in_memory();
    let (mother, father, child) = (world.person(MOTHER), world.person(FATHER), world.person(CHILD));
    let court = world.institution("kbo:0202239951", &["authority"]);
    let school = world.organisation("0417497106");
    let represent = || {
        world
            .mandate_draft(&child, &mother.party, &["pension", "tax"])
            .member("mandatees", ids(&[&mother, &father]))
            .member("needed", json!(2))
            .member("ground", json!("parental"))
    };
    assert_eq!(world.refused(signed(represent(), &mother)), "not_yours");
    assert_eq!(world.refused(signed(represent(), &world.registrar)), "not_yours");
    let above = world.append(signed(represent(), &court)).id;
    assert_eq!(status(&world, &above), Status::ACTIVE, "nobody has to accept it");
    let consent = |by: Value| {
        let (scopes, purposes) = (["tax".to_owned()], ["read".to_owned()]);
        let year = world.a_year();
        let (subject, recipient) = (&child.party, &school.party);
        Draft::consent(&world.occasion(), subject, recipient, &world.catalogue, &scopes, &purposes, &year)
            .member("under", json!(above))
            .member("by", by)
            .member("informed", ids(&[&mother, &father]))
    };
    assert_eq!(world.refused(signed(consent(ids(&[&mother])), &mother)), "beyond", "one does not suffice");
    let given = world.append(signed(consent(ids(&[&mother, &father])), &mother)).id;
    assert_eq!(says(&world, &school, &child, "tax"), Reason::NotAccepted);
    accept(&world, &father, &given);
    assert_eq!(says(&world, &school, &child, "tax"), Reason::Consent);
    // On its own birthday the child is heard itself: representation is over, whatever its days say.
    let event = |event: &str, by: &Actor| {
        let now = world.clock.now();
        signed(
            Draft::on("life-event", &world.occasion(), &child.party)
                .member("event", json!(event))
                .member("effective", json!(now)),
            by,
        )
    };
    assert_eq!(world.refused(event("majority", &mother)), "not_yours");
    assert_eq!(world.refused(event("closure", &court)), "move", "a person is not closed");
    world.append(event("majority", &court));
    assert_eq!(says(&world, &school, &child, "tax"), Reason::Lapsed);
    let both = json!({"together_with": [format!("party:{}", father.party)]});
    assert_eq!(ask(&world, &mother, &child, "tax", both).reason, Reason::Lapsed);
}

#[test]
fn a_protected_person_is_acted_for() {
    let world = World::in_memory();
    let (mother, son, administrator) = (world.person(MOTHER), world.person(SON), world.person(FATHER));
    let court = world.institution("kbo:0202239951", &["authority"]);
    in_force(&world, &mother, world.mandate_draft(&mother, &son.party, &["tax"]), &son);
    let lasting = world.mandate_draft(&mother, &son.party, &["pension"]).member("survives", json!(true));
    in_force(&world, &mother, lasting, &son);
    let protect = |event: &str, by: &Actor| {
        let draft = Draft::on("life-event", &world.occasion(), &mother.party).member("event", json!(event));
        signed(draft.member("effective", json!(world.clock.now())), by)
    };
    world.append(protect("protection", &court));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Protected);
    assert_eq!(says(&world, &son, &mother, "pension"), Reason::Mandate);
    assert_eq!(says(&world, &mother, &mother, "tax"), Reason::PartyNotActive);
    // She gives nothing herself; her administrator is recorded by the court, and acts.
    assert_eq!(world.refused(world.mandate(&mother, &son.party, &["tax"])), "party_not_active");
    let represent = world
        .mandate_draft(&mother, &administrator.party, &["tax"])
        .member("ground", json!("administration"));
    let above = world.append(signed(represent, &court)).id;
    assert_eq!(says(&world, &administrator, &mother, "tax"), Reason::Mandate);
    // Who is represented does not end that.
    assert_eq!(world.refused(world.transition("revocation", &administrator, &above)), "not_yours");
    world.append(protect("protection-end", &court));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    world.append(world.transition("revocation", &court, &above));
    assert_eq!(says(&world, &administrator, &mother, "tax"), Reason::Ended);
}

#[test]
fn the_dead_are_judged_by_what_was_known() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let court = world.institution("kbo:0202239951", &["authority"]);
    in_force(&world, &mother, world.mandate_draft(&mother, &son.party, &["tax"]), &son);
    world.clock.pass(10 * DAY_MS);
    let died = Millis(world.clock.now().0 - 5 * DAY_MS);
    let death = |effective: Millis| {
        let draft = Draft::on("life-event", &world.occasion(), &mother.party).member("event", json!("death"));
        signed(draft.member("effective", json!(effective)), &court)
    };
    assert_eq!(world.refused(death(Millis(world.clock.now().0 + 1))), "ahead");
    world.append(death(died));
    let request = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    let at =
        |days: u64| world.ledger.view().evaluate(&request, Millis(died.0 - DAY_MS + days * DAY_MS)).unwrap();
    assert_eq!((at(0).reason, at(0).good_faith), (Reason::Mandate, false));
    assert_eq!((at(2).reason, at(2).good_faith), (Reason::Mandate, true));
    assert_eq!((at(6).reason, at(6).permit), (Reason::PartyNotActive, false));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::PartyNotActive);
    assert_eq!(world.refused(death(died)), "move", "once");
}

#[test]
fn a_merged_organisation_goes_on_in_the_other() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let court = world.institution("kbo:0202239951", &["authority"]);
    let (old, new) = (world.organisation("0417497106"), world.organisation("0308357159"));
    in_force(&world, &mother, world.mandate_draft(&mother, &old.party, &["tax"]), &old);
    assert_eq!(says(&world, &new, &mother, "tax"), Reason::NoAuthority);
    let merge = |into: &Hash| {
        let draft = Draft::on("life-event", &world.occasion(), &old.party).member("event", json!("merger"));
        signed(draft.member("effective", json!(world.clock.now())).member("into", json!(into)), &court)
    };
    assert_eq!(world.refused(merge(&mother.party)), "unknown_party");
    assert_eq!(world.refused(merge(&old.party)), "move");
    let merged = world.append(merge(&new.party)).id;
    assert_eq!(says(&world, &new, &mother, "tax"), Reason::Mandate);
    assert_eq!(says(&world, &old, &mother, "tax"), Reason::PartyNotActive);
    assert!(world.ledger.view().record(&merged).unwrap().unwrap().parties.contains(&new.party));
}

#[test]
fn a_suspension_is_lifted_and_a_dispute_settled() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let court = world.institution("kbo:0202239951", &["authority"]);
    let id = in_force(&world, &mother, world.mandate_draft(&mother, &son.party, &["tax"]), &son);
    let suspend = |by: &Actor, lift: bool| {
        let draft = Draft::on("suspension", &world.occasion(), &id);
        signed(if lift { draft.member("lift", json!(true)) } else { draft }, by)
    };
    assert_eq!(world.refused(suspend(&son, false)), "not_yours");
    assert_eq!(world.refused(suspend(&mother, true)), "move");
    world.append(suspend(&mother, false));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Suspended);
    assert_eq!(world.refused(suspend(&son, true)), "not_yours");
    world.append(suspend(&mother, true));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);

    let dispute = |by: &Actor, step: &str| {
        let salt = world.fresh();
        let draft = Draft::on("dispute", &world.occasion(), &id).member("step", json!(step));
        signed(draft.withheld("statement", &json!("I never signed this."), &salt).unwrap(), by)
    };
    assert_eq!(world.refused(dispute(&world.registrar, "open")), "not_yours");
    assert_eq!(world.refused(dispute(&court, "dismissed")), "move");
    world.append(dispute(&mother, "open"));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Disputed);
    assert_eq!(world.refused(dispute(&mother, "dismissed")), "not_yours");
    world.append(dispute(&court, "dismissed"));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    world.append(dispute(&son, "open"));
    world.append(dispute(&court, "upheld"));
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Ended);
    assert_eq!(world.refused(dispute(&son, "open")), "move");
}

#[test]
fn a_frozen_key_signs_nothing_until_a_registrar_lifts_it() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let freeze = |by: &Actor, lift: bool| {
        let draft = Draft::on("suspension", &world.occasion(), &mother.kid);
        signed(if lift { draft.member("lift", json!(true)) } else { draft }, by)
    };
    assert_eq!(world.refused(freeze(&son, false)), "not_yours");
    world.append(freeze(&mother, false));
    assert_eq!(world.refused(world.mandate(&mother, &son.party, &["tax"])), "key_not_active");
    assert_eq!(world.refused(freeze(&mother, true)), "key_not_active");
    world.append(freeze(&world.registrar, true));
    world.append(world.mandate(&mother, &son.party, &["tax"]));
}

#[test]
fn a_notice_ends_a_mandate_later_and_at_a_periods_end() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let quarterly = world.publish(&world.root, 2, |categories| categories[2]["period"] = json!("quarter"));
    let day = |y, m, d| Day::new(y, m, d).unwrap();
    let draft = |from: Day, until: Option<Day>| {
        let scopes = ["tax".to_owned()];
        let validity = Validity::of_days(from, until);
        Draft::mandate(&world.occasion(), &mother.party, &son.party, &quarterly, &scopes, &validity)
    };
    assert_eq!(world.refused(signed(draft(day(2026, 12, 1), None), &mother)), "period");
    let half = draft(day(2027, 1, 1), Some(day(2027, 2, 28)));
    assert_eq!(world.refused(signed(half, &mother)), "period");
    let id = in_force(&world, &mother, draft(day(2027, 1, 1), None), &son);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::NotYetValid);
    later(&world, 60 * DAY_MS);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    let notice = |by: &Actor, end: Millis| {
        signed(Draft::on("revocation", &world.occasion(), &id).member("effective", json!(end)), by)
    };
    let end = day(2027, 4, 1).first_instant();
    assert_eq!(world.refused(notice(&mother, Millis(end.0 - DAY_MS))), "period");
    assert_eq!(world.refused(notice(&son, end)), "not_yours");
    world.append(notice(&mother, end));
    assert_eq!(status(&world, &id), Status::ACTIVE);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    later(&world, end.0 - world.clock.now().0 - 1);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);
    later(&world, 1);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Expired);
    // Taking it back at once knows no boundary.
    world.append(world.transition("revocation", &mother, &id));
}

#[test]
fn a_category_may_ask_for_surer_keys() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let town = world.institution("kbo:0202239951", &["counter"]);
    let sure = world.publish(&world.root, 2, |categories| categories[2]["assurance"] = json!("substantial"));
    let surer = world.publish(&world.root, 3, |categories| categories[2]["assurance"] = json!("high"));
    let draft = |catalogue: &Hash| {
        let scopes = ["tax".to_owned()];
        Draft::mandate(&world.occasion(), &mother.party, &son.party, catalogue, &scopes, &world.a_year())
    };
    // The world's keys are bound as substantial.
    let high = in_force(&world, &mother, draft(&surer), &son);
    let denied = ask(&world, &son, &mother, "tax", json!({}));
    let hint = |level| Some(Hint::Assurance(level));
    assert_eq!((denied.reason, denied.hint), (Reason::Assurance, hint(Level::High)));
    world.append(world.transition("revocation", &mother, &high));
    in_force(&world, &mother, draft(&sure), &son);
    assert_eq!(says(&world, &son, &mother, "tax"), Reason::Mandate);

    // A clerk of the town writes down what the mother wishes: as sure as a word at the counter.
    let clerk = world.role(&town, &["counter"]);
    let father = world.person(FATHER);
    let assisted = |catalogue: &Hash| {
        let scopes = ["tax".to_owned()];
        let paper = json!({"channel": "paper", "document": Hash([7; 32])});
        Draft::mandate(&world.occasion(), &mother.party, &father.party, catalogue, &scopes, &world.a_year())
            .member("assisted", paper)
    };
    assert_eq!(world.refused(signed(assisted(&sure), &mother)), "not_yours");
    assert_eq!(world.refused(signed(assisted(&sure), &world.registrar)), "not_yours");
    let paper = in_force(&world, &clerk, assisted(&sure), &father);
    let denied = ask(&world, &father, &mother, "tax", json!({}));
    assert_eq!((denied.reason, denied.hint), (Reason::Assurance, hint(Level::Substantial)));
    in_force(&world, &clerk, assisted(&world.catalogue), &father);
    assert_eq!(says(&world, &father, &mother, "tax"), Reason::Mandate);
    // She takes it back herself.
    world.append(world.transition("revocation", &mother, &paper));
}

#[test]
fn a_role_acts_as_its_institution_while_it_lasts() {
    let world = World::in_memory();
    let (mother, town) = (world.person(MOTHER), world.institution("kbo:0202239951", &[]));
    world.append(world.consent(&mother, &town.party, &["tax"], &["read"]));
    let other = world.institution("kbo:0308357159", &["counter"]);
    let draft = |under: &Actor, roles: Value| {
        let draft = world.role_draft(&under.party, world.fresh());
        if roles == json!([]) { draft } else { draft.member("roles", roles) }
    };
    assert_eq!(world.refused(signed(draft(&town, json!([])), &other)), "not_yours");
    assert_eq!(world.refused(signed(draft(&town, json!([])), &world.registrar)), "not_yours");
    assert_eq!(world.refused(signed(draft(&town, json!(["counter"])), &town)), "under", "it is none itself");
    assert_eq!(world.refused(signed(draft(&mother, json!([])), &mother)), "under", "a person has no clerks");
    let clerk = world.role(&town, &[]);
    assert_eq!(says(&world, &clerk, &mother, "tax"), Reason::Consent);
    assert_eq!(world.refused(world.transition("revocation", &world.registrar, &clerk.party)), "not_yours");
    world.append(world.transition("revocation", &town, &clerk.party));
    assert_eq!(says(&world, &clerk, &mother, "tax"), Reason::PartyNotActive);
    assert_eq!(says(&world, &town, &mother, "tax"), Reason::Consent);
}

#[test]
fn a_role_is_over_without_anybody_ending_it() {
    let world = World::in_memory();
    let (mother, father) = (world.person(MOTHER), world.person("85073000160"));
    let town = world.institution("kbo:0308357159", &["counter"]);
    world.append(world.consent(&mother, &town.party, &["tax"], &["read"]));
    let until = Millis(world.clock.now().0 + 8 * 3_600_000);
    let officer = world.role_until(&town, &["counter"], until);
    let wish = |scope: &str| {
        let draft = world.mandate_draft(&mother, &father.party, &[scope]);
        draft.member("assisted", json!({"channel": "spoken"}))
    };
    let note = |by: &Actor| signed(Draft::new("note", &world.occasion()), by);
    let recorded = in_force(&world, &officer, wish("tax"), &father);
    world.append(world.mandate(&mother, &officer.party, &["pension"]));
    world.clock.pass(until.0 - 1 - world.clock.now().0);
    world.append(note(&officer));
    assert_eq!(says(&world, &officer, &mother, "tax"), Reason::Consent);

    world.clock.pass(1);
    // Dated back it is no better: the entry's time counts.
    let mut occasion = world.occasion();
    occasion.now = Millis(until.0 - 1);
    let dated_back = Draft::new("note", &occasion);
    assert_eq!(world.refused(signed(dated_back, &officer)), "party_not_active");
    assert_eq!(world.refused(signed(wish("household"), &officer)), "party_not_active");
    assert_eq!(world.refused(world.mandate(&mother, &officer.party, &["tax"])), "party_not_active");
    world.append(note(&mother));
    assert_eq!(says(&world, &officer, &mother, "tax"), Reason::PartyNotActive);
    // What was recorded holds, and proves itself; the town still acts, and may end the role besides.
    assert_eq!(says(&world, &father, &mother, "tax"), Reason::Mandate);
    assert_eq!(status(&world, &recorded), Status::ACTIVE);
    assert_eq!(says(&world, &town, &mother, "tax"), Reason::Consent);
    world.append(world.transition("revocation", &town, &officer.party));

    let person = Draft::party(
        &world.occasion(),
        PartyType::Person,
        [9; 32],
        &"niss:75061200192".parse().unwrap(),
        None,
        &[[1; 16], [2; 16]],
    );
    let mortal = person.unwrap().member("until", json!(until));
    assert_eq!(world.refused(signed(mortal, &world.registrar)), "member_mistyped", "only a role");
}

#[test]
fn an_authority_dates_a_compromise_back_as_far_as_it_goes() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let court = world.institution("kbo:0202239951", &["authority"]);
    world.clock.pass(100 * DAY_MS);
    let since = world.clock.now().0 - 90 * DAY_MS;
    let end = |by: &Actor| {
        let draft =
            Draft::on("key-end", &world.occasion(), &mother.kid).member("reason", json!("compromised"));
        signed(draft.member("compromised_since", json!(since)), by)
    };
    assert_eq!(world.refused(end(&world.registrar)), "too_far_back");
    world.append(end(&court));
}

#[test]
fn a_status_shows_the_notice_that_ends_it() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let id = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    world.append(world.transition("acceptance", &son, &id));
    let receipt = || world.ledger.view().receipt(&id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let verify = |receipt: &Receipt| {
        let now = Mode::Fresh(world.clock.now());
        verify_status(receipt.to_json().as_bytes(), &id, None, &world.policy(), now)
    };
    assert_eq!(*verify(&receipt()).unwrap().ends(), None);

    let later = Millis(world.clock.now().0 + 2 * 3_600_000);
    for effective in [later, Millis(later.0 - 3_600_000)] {
        let draft = Draft::on("revocation", &world.occasion(), &id).member("effective", json!(effective));
        world.append(signed(draft, &mother));
    }
    let first = Millis(later.0 - 3_600_000);
    let shown = receipt();
    let verified = verify(&shown).unwrap();
    assert_eq!(
        (*verified.status(), *verified.ends()),
        (Status::ACTIVE, Some(first)),
        "the first of them counts"
    );

    // Of one that is kept closed nobody knows when it ends.
    let mut closed = shown;
    closed.entries.last_mut().unwrap().sealed = None;
    assert_eq!(*verify(&closed).unwrap().ends(), Some(Millis(0)));
}
