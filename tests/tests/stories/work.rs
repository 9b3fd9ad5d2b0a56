//! Employers and those who work for them.

use super::desk::{Desk, Terms, ascending, day, kbo, may};
use procura_core::Hash;
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::status::Status;
use procura_tests::world::Actor;
use serde_json::json;

struct Firm {
    desk: Desk,
    employer: Actor,
    first: Actor,
    second: Actor,
    catalogue: Hash,
}

impl Firm {
    fn new() -> Self {
        let desk = Desk::new();
        let employer = desk.world.organisation("0440966354");
        let first = desk.world.organisation(&kbo(6_060_606)[4..]);
        let second = desk.world.organisation(&kbo(6_060_607)[4..]);
        let categories = json!([
            {"code": "file"},
            {"code": "wages", "period": "quarter"},
            {"code": "wages.flexi", "parent": "wages"},
            {"code": "work"},
            {"code": "work.hours", "parent": "work"},
        ]);
        let catalogue = desk.catalogue("be.onss", 1, categories);
        Self { desk, employer, first, second, catalogue }
    }

    fn terms<'a>(&self, scopes: &'a [&'a str], from: &'a str, until: Option<&'a str>) -> Terms<'a> {
        Terms { catalogue: self.catalogue, scopes, from, until }
    }
}

#[test]
fn story_05_a_secretariat_hands_over_to_another_where_a_quarter_begins() {
    let firm = Firm::new();
    let Firm { desk, employer, first, second, .. } = &firm;
    let from = |day| firm.terms(&["wages"], day, None);
    let give = |to: &Actor, terms: &Terms<'_>| desk.mandate_draft(employer, to, terms);
    assert_eq!(desk.refused(employer, give(first, &from("2026-12-01"))), "period");
    let until = |day| firm.terms(&["wages"], "2027-01-01", Some(day));
    assert_eq!(desk.refused(employer, give(first, &until("2027-05-31"))), "period");
    let mandate = desk.mandate(employer, first, &from("2027-01-01"));
    let (by_first, by_second) =
        (may(first, "wages.flexi", employer, "read"), may(second, "wages.flexi", employer, "read"));
    desk.says(&by_first, Reason::NotYetValid);

    desk.pass_to("2027-02-10");
    desk.says(&by_first, Reason::Mandate);
    let notice = |instant| desk.on("revocation", &mandate).member("effective", json!(instant));
    let quarter = day("2027-04-01").first_instant();
    assert_eq!(desk.refused(employer, notice(day("2027-02-15").first_instant())), "period");
    assert_eq!(desk.refused(employer, notice(procura_core::Millis(quarter.0 + 1))), "period");
    assert_eq!(desk.refused(employer, give(second, &from("2027-02-15"))), "period");
    assert_eq!(desk.refused(second, notice(quarter)), "not_yours");

    let (_, status) = desk.log(employer, notice(quarter));
    assert_eq!(status, Status::ACTIVE, "it holds until then");
    let taken_over = desk.mandate(employer, second, &from("2027-04-01"));
    let before = desk.says(&by_first, Reason::Mandate);
    desk.says(&by_second, Reason::NotYetValid);

    // The last millisecond of the quarter, and the first of the next.
    desk.pass_to_instant(procura_core::Millis(quarter.0 - 1));
    desk.says(&by_first, Reason::Mandate);
    desk.says(&by_second, Reason::NotYetValid);
    desk.pass_to_instant(quarter);
    let no = desk.says(&by_first, Reason::Expired);
    let yes = desk.says(&by_second, Reason::Mandate);
    assert!(no.decision.evidence.contains(&mandate) && yes.decision.evidence.contains(&taken_over));
    desk.replays(&before);
    desk.still_proves(&before);

    // Withdrawing at once knows no boundary.
    desk.pass_to("2027-05-20");
    assert_eq!(desk.act(employer, "revocation", &taken_over), Status::ENDED);
    desk.says(&by_second, Reason::Ended);
    // What asks for no period has none.
    let in_between = desk.mandate(employer, first, &firm.terms(&["file"], "2027-05-21", Some("2027-06-03")));
    assert_eq!(desk.status(employer, &in_between), Status::ACTIVE);
}

/// A mandate of the first secretariat's, given under the one that it has, in the employer's name.
struct Below<'a> {
    terms: Terms<'a>,
    parent: Hash,
}

impl Firm {
    fn below(&self, to: &Actor, below: &Below<'_>) -> Draft {
        self.desk
            .mandate_draft(&self.employer, to, &below.terms)
            .member("under", json!(below.parent))
            .member("by", json!([self.first.party]))
            .member("informed", json!([self.first.party]))
    }
}

#[test]
fn story_06_what_is_given_on_reaches_no_further_and_ends_with_what_it_is_under() {
    let firm = Firm::new();
    let Firm { desk, employer, first, second, .. } = &firm;
    let terms = firm.terms(&["work"], "2026-11-23", Some("2027-11-30"));
    let closed = desk.mandate(employer, first, &terms);
    let (parent, _) =
        desk.log(employer, desk.mandate_draft(employer, first, &terms).member("substitution", json!(1)));
    let inside = firm.terms(&["work.hours"], "2027-01-01", Some("2027-11-30"));
    let below = |terms| firm.below(second, &Below { terms, parent });
    assert_eq!(desk.refused(first, below(inside)), "under", "nobody has accepted it yet");
    assert_eq!(desk.act(first, "acceptance", &parent), Status::ACTIVE);

    // Longer, wider, earlier, deeper, behind somebody's back, or under one that may not be handed on.
    for terms in [
        firm.terms(&["work.hours"], "2027-01-01", Some("2027-12-01")),
        firm.terms(&["work.hours"], "2027-01-01", None),
        firm.terms(&["file", "work.hours"], "2027-01-01", Some("2027-11-30")),
    ] {
        assert_eq!(desk.refused(first, below(terms)), "beyond");
    }
    assert_eq!(desk.refused(first, below(inside).member("substitution", json!(1))), "beyond");
    assert_eq!(desk.refused(first, below(inside).member("informed", json!([employer.party]))), "beyond");
    let other_mandator = below(inside).member("mandators", json!([desk.institution.party]));
    assert_eq!(desk.refused(first, other_mandator), "beyond");
    let under_closed = firm.below(second, &Below { terms: inside, parent: closed });
    assert_eq!(desk.refused(first, under_closed), "beyond");
    assert_eq!(desk.refused(employer, below(inside)), "not_yours", "it is given by the first");

    let (child, status) = desk.log(first, below(inside));
    assert_eq!(status, Status::PENDING);
    assert_eq!(desk.act(second, "acceptance", &child), Status::ACTIVE);
    // Everybody above sees it.
    assert!([employer, first, second].iter().all(|actor| desk.lists(actor, &child)));
    let hours = may(second, "work.hours", employer, "read");
    desk.says(&hours, Reason::NotYetValid);
    desk.pass_to("2027-01-02");
    let yes = desk.says(&hours, Reason::Mandate);
    assert!([parent, child].iter().all(|id| yes.decision.evidence.contains(id)));
    desk.says(&may(second, "work", employer, "read"), Reason::OutOfScope);

    // Out of force above, out of force below.
    assert_eq!(desk.act(employer, "suspension", &parent), Status::SUSPENDED);
    desk.says(&hours, Reason::UnderEnded);
    let lift = desk.on("suspension", &parent).member("lift", json!(true));
    assert_eq!(desk.log(employer, lift).1, Status::ACTIVE);
    desk.says(&hours, Reason::Mandate);

    assert_eq!(desk.refused(second, desk.on("revocation", &parent)), "not_yours");
    assert_eq!(desk.act(employer, "revocation", &parent), Status::ENDED);
    let no = desk.says(&hours, Reason::UnderEnded);
    assert!([parent, child].iter().all(|id| no.decision.evidence.contains(id)));
    assert_eq!(desk.status(second, &child), Status::ACTIVE, "itself it was ended by nobody");
    let later = firm.terms(&["work.hours"], "2027-01-02", Some("2027-11-30"));
    assert_eq!(desk.refused(first, below(later)), "under");
    desk.replays(&yes);

    // The employer may end it too, though others gave it.
    assert_eq!(desk.act(employer, "revocation", &child), Status::ENDED);
    desk.says(&hours, Reason::Ended);
}

#[test]
fn two_of_three_must_act_together() {
    let firm = Firm::new();
    let Firm { desk, employer, first, second, .. } = &firm;
    let third = desk.world.person("75061200192");
    let terms = firm.terms(&["file"], "2026-11-23", None);
    let mandatees = [first.party, second.party, third.party];
    let draft = desk
        .mandate_draft(employer, first, &terms)
        .member("mandatees", ascending(&mandatees))
        .member("needed", json!(2));
    let (mandate, _) = desk.log(employer, draft);
    for (actor, status) in [(first, Status::PENDING), (second, Status::PENDING), (&third, Status::ACTIVE)] {
        desk.says(&may(first, "file", employer, "read"), Reason::NotAccepted);
        assert_eq!(desk.act(actor, "acceptance", &mandate), status);
    }
    let alone = may(first, "file", employer, "read");
    let no = desk.says(&alone, Reason::Together);
    assert_eq!(super::desk::hint(&no), json!({"together": 2}));
    desk.says(&super::desk::together(alone.clone(), &[&desk.institution]), Reason::Together);
    desk.says(&super::desk::together(alone.clone(), &[first]), Reason::Together);
    desk.says(&super::desk::together(alone, &[&third]), Reason::Mandate);
}
