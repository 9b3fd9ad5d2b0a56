//! What happens to people.

use super::desk::{Desk, Terms, ascending, codes, day, may};
use procura_core::decide::{AuthZen, Reason};
use procura_core::draft::Draft;
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use procura_tests::world::Actor;
use serde_json::json;

/// A child, her parents, and a school that asks for something.
struct Family {
    desk: Desk,
    child: Actor,
    parents: [Actor; 2],
    school: Actor,
}

impl Family {
    fn new() -> Self {
        let desk = Desk::new();
        let child = desk.world.person("15061500231");
        let parents = [desk.world.person("75061200192"), desk.world.person("88222999936")];
        let school = desk.world.organisation("0440966354");
        Self { desk, child, parents, school }
    }

    fn terms<'a>(&self, until: Option<&'a str>) -> Terms<'a> {
        Terms {
            catalogue: self.desk.world.catalogue,
            scopes: &["household", "pension"],
            from: "2026-11-23",
            until,
        }
    }

    fn ids(&self) -> [Hash; 2] {
        [self.parents[0].party, self.parents[1].party]
    }

    /// Both parents stand for the child: what they must do, they do together.
    fn representation(&self, until: Option<&str>) -> Draft {
        self.desk
            .mandate_draft(&self.child, &self.parents[0], &self.terms(until))
            .member("mandatees", ascending(&self.ids()))
            .member("needed", json!(2))
            .member("ground", json!("parental"))
    }

    /// The child's consent, in the parents' hands.
    fn consent(&self, representation: Hash, until: Option<&str>, by: &[Hash]) -> Draft {
        let terms = self.terms(until);
        let (scopes, purposes) = (codes(&["household"]), codes(&["read"]));
        let (from, to) = (&self.child.party, &self.school.party);
        let occasion = self.desk.world.occasion();
        Draft::consent(&occasion, from, to, &terms.catalogue, &scopes, &purposes, &terms.validity())
            .member("under", json!(representation))
            .member("by", ascending(by))
            .member("informed", ascending(&self.ids()))
    }

    fn household(&self) -> AuthZen {
        may(&self.school, "household", &self.child, "read")
    }

    /// Recorded and given, both with the same end.
    fn given(&self, until: Option<&str>) -> (Hash, Hash) {
        let Self { desk, parents: [one, other], .. } = self;
        let (representation, status) = desk.log(&desk.authority, self.representation(until));
        assert_eq!(status, Status::ACTIVE, "nobody accepts what the law says");
        let (consent, status) = desk.log(one, self.consent(representation, until, &self.ids()));
        assert_eq!(status, Status::PENDING);
        desk.says(&self.household(), Reason::NotAccepted);
        assert_eq!(desk.refused(one, desk.on("acceptance", &consent)), "signed_twice");
        assert_eq!(desk.refused(&self.school, desk.on("acceptance", &consent)), "not_yours");
        assert_eq!(desk.act(other, "acceptance", &consent), Status::ACTIVE);
        (representation, consent)
    }
}

const LAST_DAY: &str = "2033-06-14";

#[test]
fn story_08_two_parents_consent_for_their_child_until_her_birthday() {
    let family = Family::new();
    let Family { desk, child, parents: [one, other], .. } = &family;
    assert_eq!(desk.refused(one, family.representation(Some(LAST_DAY))), "not_yours");
    let (representation, consent) = family.given(Some(LAST_DAY));
    let yes = desk.says(&family.household(), Reason::Consent);
    assert!([representation, consent].iter().all(|id| yes.decision.evidence.contains(id)));
    assert!([child, one, other].iter().all(|actor| desk.lists(actor, &consent)));

    // Neither one of them alone, nor for longer than they stand for her.
    let alone = family.consent(representation, Some(LAST_DAY), &[one.party]);
    assert_eq!(desk.refused(one, alone), "beyond");
    let longer = family.consent(representation, None, &family.ids());
    assert_eq!(desk.refused(one, longer), "beyond");
    // What the law gave they don't take back.
    assert_eq!(desk.refused(one, desk.on("revocation", &representation)), "not_yours");
    // They act for her together, and not one alone.
    let tax = may(one, "household", child, "read");
    desk.says(&tax, Reason::Together);
    desk.says(&super::desk::together(tax, &[other]), Reason::Mandate);

    let birthday = day("2033-06-15").first_instant();
    desk.pass_to_instant(Millis(birthday.0 - 1));
    desk.says(&family.household(), Reason::Consent);
    desk.pass_to_instant(birthday);
    desk.says(&family.household(), Reason::Expired);
    desk.says(&may(one, "household", child, "read"), Reason::Expired);
    desk.replays(&yes);
}

#[test]
fn story_08_one_parent_takes_it_back() {
    let family = Family::new();
    let Family { desk, parents: [_, other], .. } = &family;
    let (_, consent) = family.given(Some(LAST_DAY));
    assert_eq!(desk.refused(&family.school, desk.on("revocation", &consent)), "not_yours");
    assert_eq!(desk.act(other, "revocation", &consent), Status::ENDED);
    desk.says(&family.household(), Reason::Ended);
}

#[test]
fn story_08_what_has_no_end_ends_when_the_child_comes_of_age() {
    let family = Family::new();
    let Family { desk, child, parents: [one, _], .. } = &family;
    let (representation, consent) = family.given(None);
    let yes = desk.says(&family.household(), Reason::Consent);
    let of_age = |effective| {
        desk.on("life-event", &child.party)
            .member("event", json!("majority"))
            .member("effective", json!(effective))
    };
    let birthday = day("2033-06-15").first_instant();
    assert_eq!(desk.refused(&desk.authority, of_age(birthday)), "ahead");
    desk.pass_to("2033-06-15");
    assert_eq!(desk.refused(one, of_age(birthday)), "not_yours");
    desk.says(&family.household(), Reason::Consent);
    assert_eq!(desk.log(&desk.authority, of_age(birthday)).1, Status::ACTIVE);
    let no = desk.says(&family.household(), Reason::Lapsed);
    // Nobody hides that she came of age: what happened to somebody who is there must be shown.
    assert_eq!(desk.hiding(&no, &child.party), "unopened");
    assert!(no.decision.evidence.contains(&consent) && no.decision.evidence.contains(&representation));
    desk.says(&may(one, "household", child, "read"), Reason::Lapsed);
    // She stays who she is, and gives what she likes herself.
    let terms = Terms { from: "2033-06-15", ..family.terms(None) };
    desk.mandate(child, one, &terms);
    desk.says(&may(one, "household", child, "read"), Reason::Mandate);
    desk.replays(&yes);
}

#[test]
fn story_09_a_death_that_is_told_later_makes_what_was_done_meanwhile_good_faith() {
    let desk = Desk::new();
    let (mother, son) = (desk.world.person("48031500292"), desk.world.person("75061200192"));
    let terms =
        Terms { catalogue: desk.world.catalogue, scopes: &["pension"], from: "2026-11-23", until: None };
    let mandate = desk.mandate(&mother, &son, &terms);
    let pensions = may(&son, "pension", &mother, "read");

    desk.pass_to("2027-03-09");
    let on_9 = desk.says(&pensions, Reason::Mandate);
    desk.pass_to("2027-03-12");
    let on_12 = desk.says(&pensions, Reason::Mandate);
    assert!(!on_12.decision.good_faith, "nobody could know yet");

    desk.pass_to("2027-03-15");
    let died = |effective: Millis| {
        desk.on("life-event", &mother.party)
            .member("event", json!("death"))
            .member("effective", json!(effective))
    };
    let on_10 = Millis(day("2027-03-10").first_instant().0 + 9 * 3_600_000);
    assert_eq!(desk.refused(&desk.authority, died(Millis(desk.now().0 + 1))), "ahead");
    assert_eq!(desk.refused(&desk.institution, died(on_10)), "not_yours");
    assert_eq!(desk.log(&desk.authority, died(on_10)).1, Status::ENDED);
    assert_eq!(desk.refused(&desk.authority, died(on_10)), "move", "once");

    desk.pass_to("2027-03-16");
    let on_16 = desk.says(&pensions, Reason::PartyNotActive);
    // What is known on the 16th, said of each of the three days.
    let now = on_16.size;
    let of = |at| desk.replay(&pensions, now, at).unwrap();
    assert_eq!((of(on_9.at).permit, of(on_9.at).good_faith), (true, false));
    assert_eq!((of(on_12.at).permit, of(on_12.at).good_faith), (true, true));
    assert_eq!(of(on_12.at).reason, Reason::Mandate);
    assert_eq!(of(on_16.at), on_16.decision);
    // The instant of death, and the one before.
    assert!(of(on_10).good_faith && !of(Millis(on_10.0 - 1)).good_faith);

    // Nothing was rewritten: what was answered then is answered for then, and proves itself.
    for answer in [&on_9, &on_12, &on_16] {
        desk.replays(answer);
        desk.still_proves(answer);
    }
    assert_eq!(desk.status(&son, &mandate), Status::ACTIVE, "the mandate was ended by nobody");
    // The dead give nothing more.
    let more = desk.mandate_draft(&mother, &son, &Terms { from: "2027-03-16", ..terms });
    assert_eq!(desk.refused(&mother, more), "party_not_active");
}
