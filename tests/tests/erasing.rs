//! What is erased is gone, and nothing else. Goal: of an erased record nothing is left in any file, everything else proves what it proved;
//! nothing is erased that something rests on or that must be kept; nobody erases without a trace. Method: a ledger in a folder whose files
//! are searched for bytes; for each rule of kinds.md#erasing something taken and its refused twin.
use procura_core::days::Day;
use procura_core::decide::{AuthZen, PartyRef, Reason, Search, Sought};
use procura_core::draft::Draft;
use procura_core::kinds::{Content, Validity};
use procura_core::receipt::{AsOf, Mode, verify_complete, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Size, b64};
use procura_ledger::audit::Finding;
use procura_ledger::store::Store;
use procura_ledger::store::redb::{Options as Volumes, RedbStore};
use procura_ledger::{Ask, Audience, Clock, Wanted, audit};
use procura_tests::folders::holds;
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";

struct Desk {
    world: World,
    mother: Actor,
    son: Actor,
    court: Actor,
    folder: tempfile::TempDir,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(&folder.path().join("ledger"));
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let court = world.institution("kbo:0202239951", &["authority"]);
    Desk { world, mother, son, court, folder }
}

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn sorted(ids: &[Hash]) -> Vec<Hash> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

impl Desk {
    fn mandate(&self, reference: &str) -> Hash {
        let (world, scopes) = (&self.world, ["tax".to_owned()]);
        let (from, to) = (&self.mother.party, &self.son.party);
        let draft = Draft::mandate(&world.occasion(), from, to, &world.catalogue, &scopes, &world.a_year());
        let draft = draft.withheld("reference", &json!(reference), &self.world.fresh()).unwrap();
        let id = self.world.append(signed(draft, &self.mother)).id;
        self.world.append(self.world.transition("acceptance", &self.son, &id));
        id
    }

    fn end(&self, by: &Actor, id: &Hash) {
        self.world.append(self.world.transition("revocation", by, id));
    }

    fn dies(&self, who: &Actor) {
        let died = Draft::on("life-event", &self.world.occasion(), &who.party)
            .member("event", json!("death"))
            .member("effective", json!(self.world.clock.now()));
        self.world.append(signed(died, &self.court));
    }

    fn end_key(&self, who: &Actor) {
        let end = Draft::on("key-end", &self.world.occasion(), &who.kid).member("reason", json!("closed"));
        self.world.append(signed(end, &self.court));
    }

    fn parties(&self, targets: &[Hash]) -> Vec<Hash> {
        let view = self.world.ledger.view();
        let parties: BTreeSet<Hash> =
            targets.iter().flat_map(|id| view.parties_of(id).unwrap().unwrap()).collect();
        // Of what was erased nobody knows any more; a record must name somebody.
        if parties.is_empty() { vec![self.court.party] } else { parties.into_iter().collect() }
    }

    fn draft(&self, targets: &[Hash], parties: &[Hash]) -> Draft {
        Draft::new("erasure", &self.world.occasion())
            .member("targets", json!(sorted(targets)))
            .member("parties", json!(sorted(parties)))
    }

    fn erase(&self, targets: &[Hash]) -> Hash {
        let draft = self.draft(targets, &self.parties(targets));
        let acknowledged = self.world.append(signed(draft, &self.court));
        let (id, logged) = (acknowledged.id, acknowledged.view.size());
        drop(acknowledged);
        let started = Instant::now();
        // The bodies go last; then a commit shows everybody the index without what went.
        while targets.iter().any(|target| self.is_readable(target))
            || self.world.ledger.view().size() == logged
        {
            assert!(started.elapsed() < Duration::from_secs(60), "not erased");
            std::thread::sleep(Duration::from_millis(5));
        }
        id
    }

    fn refused(&self, targets: &[Hash]) -> String {
        self.world.refused(signed(self.draft(targets, &self.parties(targets)), &self.court))
    }

    fn retain(&self, targets: &[Hash]) -> Submission {
        let draft = Draft::new("retention", &self.world.occasion()).member("targets", json!(sorted(targets)));
        signed(draft, &self.court)
    }

    fn is_readable(&self, id: &Hash) -> bool {
        self.world.ledger.view().record(id).unwrap().unwrap().logged.opened.is_some()
    }

    fn reason(
        &self,
        subject: PartyRef,
        as_of: Option<(Size, procura_core::Millis)>,
    ) -> Result<Reason, String> {
        let request = AuthZen {
            subject,
            ..World::ask(&format!("niss:{SON}"), "tax", &format!("niss:{MOTHER}"), "read")
        };
        let view = self.world.ledger.view();
        let (as_of, at) =
            as_of.map_or((None, self.world.clock.now()), |(size, at)| (Some(AsOf { size, time: None }), at));
        let ask = Ask { as_of, from: None, reader: Audience::Anyone };
        match view.check(&request, at, &ask) {
            Ok(receipt) => match receipt.question {
                procura_core::receipt::Question::Authority(asked) => Ok(asked.decision.reason),
                other => panic!("{other:?}"),
            },
            Err(error) => Err(error.name().to_owned()),
        }
    }

    /// Closes the ledger and opens it again.
    fn reopened(self, meanwhile: impl FnOnce()) -> Self {
        let path = self.folder.path().join("ledger");
        Self { world: self.world.reopened(&path, meanwhile), ..self }
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        holds(self.folder.path(), bytes)
    }
}

#[test]
fn what_is_erased_is_in_no_file_and_everything_else_proves() {
    let desk = desk();
    let (erased, kept) = (desk.mandate("the first file"), desk.mandate("the second file"));
    desk.end(&desk.mother, &erased);
    let old = desk.world.ledger.view();
    let found = old.record(&erased).unwrap().unwrap();
    let opened = found.logged.opened().unwrap();
    // Of the body its signature and, as the payload says it, its nonce: as text, and as what that says.
    let of_body =
        [opened.record.jws().signature().to_vec(), b64::encode(&opened.record.common().nonce).into()];
    let parts = [&of_body[0][..], &of_body[1], b"the first file", &opened.r];
    assert!(parts.iter().all(|part| desk.holds(part)));
    let before = old.size();
    drop(old);

    let erasure = desk.erase(&[erased]);
    assert!(!parts.iter().any(|part| desk.holds(part)));
    assert!(desk.holds(b"the second file"));
    let view = desk.world.ledger.view();
    assert_eq!(view.status(&erased).unwrap(), Some(Status::ENDED), "that it was there, and ended, stays");
    assert_eq!(desk.reason(PartyRef::Id(desk.mother.party), None), Ok(Reason::Mandate));
    let receipt = view.receipt(&kept, &Ask { as_of: None, from: None, reader: Audience::Anyone });
    let receipt = receipt.unwrap().unwrap().to_json();
    let now = Mode::Fresh(desk.world.clock.now());
    assert!(verify_status(receipt.as_bytes(), &kept, None, &desk.world.policy(), now).is_ok());
    // Everybody concerned can see who erased it.
    let parties = view.record(&erasure).unwrap().unwrap().parties;
    assert!([&desk.mother, &desk.son, &desk.court].iter().all(|actor| parties.contains(&actor.party)));
    let report = desk.world.ledger.audit(&mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.counts.unopened, 3, "the mandate, its acceptance, its revocation");
    // What was decided between the two cannot be told again.
    let then = Some((before, desk.world.clock.now()));
    assert_eq!(desk.reason(PartyRef::Id(desk.mother.party), then), Err("erased".to_owned()));

    // An index made anew has nothing of it either.
    drop((found, view));
    let path = desk.folder.path().join("ledger");
    let desk = desk.reopened(|| std::fs::remove_dir_all(path.join("index")).unwrap());
    assert_eq!(desk.reason(PartyRef::Id(desk.mother.party), then), Err("erased".to_owned()));
    assert_eq!(desk.reason(PartyRef::Id(desk.mother.party), None), Ok(Reason::Mandate));
    let log_key = desk.world.ledger.log_key().clone();
    desk.world.ledger.close();
    drop(desk.world);
    let report = audit(&path, ORIGIN, &log_key, &mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

#[test]
fn a_search_finds_by_what_is_left() {
    let desk = desk();
    let (erased, kept) = (desk.mandate("the first file"), desk.mandate("the second file"));
    desk.end(&desk.mother, &erased);
    let (mother, son) = (desk.mother.party, desk.son.party);
    let row = |id: &Hash| {
        let index = desk.world.ledger.view().record(id).unwrap().unwrap().logged.index.0;
        [&son.0[..], &mother.0, &(!index).to_be_bytes()].concat()
    };
    let (of_erased, of_kept) = (row(&erased), row(&kept));
    let found = || {
        let [subjects, actors] =
            [(Sought::Subjects, son), (Sought::Actors, mother)].map(|(sought, party)| {
                let request = json!({
                    "subject": {"type": "party", "id": format!("party:{party}")},
                    "action": {"name": "read"},
                    "resource": {"type": "tax", "id": format!("party:{party}")},
                });
                let search = Search::read(sought, request.as_object().unwrap().clone()).unwrap();
                let page = Wanted { after: None, most: 50 };
                let at = desk.world.clock.now();
                let page = desk.world.ledger.view().permitted_parties(&search, at, page, &|_| true).unwrap();
                page.found.iter().map(|party| party.id).collect::<Vec<_>>()
            });
        (subjects, actors)
    };
    assert_eq!(found(), (vec![mother], vec![son]));
    desk.erase(&[erased]);
    assert_eq!(found(), (vec![mother], vec![son]), "by the mandate that is left");
    assert!(desk.holds(&of_kept) && !desk.holds(&of_erased));
    desk.end(&desk.mother, &kept);
    desk.erase(&[kept]);
    assert_eq!(found(), (vec![], vec![]));
    assert!(!desk.holds(&of_kept));
}

#[test]
fn what_says_the_same_stays() {
    let desk = desk();
    let block = || {
        let draft = Draft::new("block", &desk.world.occasion());
        let draft = draft.member("party", json!(desk.mother.party)).member("blocked", json!(desk.son.party));
        desk.world.append(signed(draft, &desk.mother)).id
    };
    let is_blocked = || desk.world.ledger.view().has_blocked(&desk.mother.party, &desk.son.party).unwrap();
    let first = block();
    desk.end(&desk.mother, &first);
    let second = block();
    desk.erase(&[first]);
    assert!(is_blocked(), "the other block stands");
    desk.end(&desk.mother, &second);
    assert!(!is_blocked());
    desk.erase(&[second]);
    assert!(!is_blocked());
}

#[test]
fn what_must_be_kept_is_kept() {
    let desk = desk();
    let (one, two) = (desk.mandate("one"), desk.mandate("two"));
    assert_eq!(desk.refused(&[one]), "in_force");
    desk.end(&desk.mother, &one);
    desk.end(&desk.mother, &two);
    let hold = desk.world.append(desk.retain(&[one])).id;
    assert_eq!(desk.world.ledger.view().record(&hold).unwrap().unwrap().parties, [desk.court.party]);
    assert_eq!(desk.refused(&[one, two]), "legal_hold");
    assert!(desk.is_readable(&two), "all or nothing");
    desk.erase(&[two]);
    assert_eq!(desk.refused(&[two]), "erased");
    assert_eq!(desk.world.refused(desk.retain(&[two])), "erased");
    assert_eq!(desk.world.refused(desk.world.transition("revocation", &desk.mother, &hold)), "not_yours");
    desk.end(&desk.court, &hold);
    desk.erase(&[one]);
}

#[test]
fn only_an_authority_erases_and_says_whom_it_concerns() {
    let desk = desk();
    let mandate = desk.mandate("one");
    desk.end(&desk.mother, &mandate);
    let parties = desk.parties(&[mandate]);
    let by = |actor: &Actor, targets: &[Hash], parties: &[Hash]| {
        desk.world.refused(signed(desk.draft(targets, parties), actor))
    };
    assert_eq!(by(&desk.mother, &[mandate], &parties), "not_yours");
    assert_eq!(by(&desk.court, &[mandate], &parties[..1]), "parties");
    assert_eq!(by(&desk.court, &[mandate], &[&parties[..], &[desk.court.party]].concat()), "parties");
    assert_eq!(by(&desk.court, &[Hash([9; 32])], &parties), "unknown_target");
    let retained = Draft::new("retention", &desk.world.occasion()).member("targets", json!([mandate]));
    assert_eq!(desk.world.refused(signed(retained, &desk.mother)), "not_yours");
    // What the ledger itself rests on stays, and so does what says that something was erased.
    let list = desk.world.ledger.view();
    let root = desk.world.logged.lock().unwrap().clone();
    for id in [desk.world.catalogue, desk.court.party, desk.court.kid, desk.world.registrar.party] {
        let name = desk.refused(&[id]);
        assert!(["unknown_target", "in_force"].contains(&name.as_str()), "{name}");
    }
    let acceptance = root.iter().find(|id| {
        list.record(id).unwrap().is_some_and(|found| {
            matches!(found.logged.opened.as_ref().map(|o| o.record.content()), Some(Content::Acceptance(_)))
        })
    });
    assert_eq!(desk.refused(&[*acceptance.unwrap()]), "unknown_target", "a transition goes with its target");
    let erasure = desk.erase(&[mandate]);
    assert_eq!(desk.refused(&[erasure]), "unknown_target");
}

#[test]
fn a_person_goes_once_nothing_rests_on_them() {
    let desk = desk();
    let mandate = desk.mandate("one");
    desk.dies(&desk.mother);
    let all = [desk.mother.party, desk.mother.kid];
    assert_eq!(desk.refused(&[desk.mother.kid]), "in_force", "the key has not ended");
    desk.end_key(&desk.mother);
    assert_eq!(desk.refused(&all), "in_force", "the mandate has not ended");
    desk.world.append(desk.world.transition("renunciation", &desk.son, &mandate));
    assert!(desk.holds(MOTHER.as_bytes()) && desk.holds(&desk.mother.handle));
    desk.erase(&all);
    assert!(!desk.holds(MOTHER.as_bytes()) && !desk.holds(&desk.mother.handle));
    assert!(desk.holds(SON.as_bytes()));
    let by_identifier = World::ask(SON, "tax", MOTHER, "read").subject;
    let known = format!("niss:{MOTHER}").parse().unwrap();
    assert_eq!(desk.world.ledger.view().party_of(&known).unwrap(), None);
    for nobody in [PartyRef::Id(desk.mother.party), PartyRef::Id(Hash([9; 32])), by_identifier] {
        assert_eq!(desk.reason(nobody, None), Ok(Reason::NoAuthority), "as if they had never been");
    }
    let unknown = desk.world.mandate_draft(&desk.son, &desk.mother.party, &["tax"]);
    assert_eq!(desk.world.refused(signed(unknown, &desk.son)), "unknown_party");
    let desk = desk.reopened(|| {});
    assert!(!desk.holds(MOTHER.as_bytes()));
    assert!(desk.world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn a_mandate_stays_while_others_are_under_it() {
    let desk = desk();
    let draft =
        desk.world.mandate_draft(&desk.mother, &desk.son.party, &["tax"]).member("substitution", json!(1));
    let above = desk.world.append(signed(draft, &desk.mother)).id;
    desk.world.append(desk.world.transition("acceptance", &desk.son, &above));
    let third = desk.world.person("15061500231");
    let child = desk
        .world
        .mandate_draft(&desk.mother, &third.party, &["tax"])
        .member("under", json!(above))
        .member("by", json!([desk.son.party]))
        .member("informed", json!([desk.son.party]));
    let child = desk.world.append(signed(child, &desk.son)).id;
    desk.end(&desk.mother, &above);
    assert_eq!(desk.refused(&[above]), "in_force");
    desk.end(&desk.mother, &child);
    desk.erase(&[above]);
    assert!(desk.is_readable(&child));
    assert!(desk.world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn what_has_lapsed_goes_without_being_ended() {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let desk = desk();
    let (world, mother) = (&desk.world, &desk.mother);
    let today = Day::of(world.clock.now()).unwrap();
    let until_today = |draft: Draft| {
        let validity = Validity::of_days(today, Some(today));
        draft.member("valid_until", json!(today.to_string())).member("not_after", json!(validity.not_after))
    };
    let give = |draft: Draft| {
        let id = world.append(signed(draft, mother)).id;
        world.append(world.transition("acceptance", &desk.son, &id));
        id
    };
    let draft = || world.mandate_draft(mother, &desk.son.party, &["tax"]);
    let third = world.person("15061500231");
    let above = give(until_today(draft()).member("substitution", json!(1)));
    let child = until_today(world.mandate_draft(mother, &third.party, &["tax"]))
        .member("under", json!(above))
        .member("by", json!([desk.son.party]))
        .member("informed", json!([desk.son.party]));
    let child = world.append(signed(child, &desk.son)).id;
    world.append(world.transition("acceptance", &third, &child));
    let disputed = give(until_today(draft()));
    let dispute = Draft::on("dispute", &world.occasion(), &disputed).member("step", json!("open"));
    world.append(signed(dispute, &desk.court));
    let lasting = give(draft());
    let waiting = draft().member("answer_by", json!(world.clock.now().0 + DAY_MS));
    let waiting = world.append(signed(waiting, mother)).id;
    for id in [above, child, waiting, lasting, disputed] {
        assert_eq!(desk.refused(&[id]), "in_force");
    }

    world.clock.pass(2 * DAY_MS);
    assert_eq!(desk.refused(&[lasting]), "in_force", "it has a year to go");
    assert_eq!(desk.refused(&[disputed]), "in_force", "somebody is at it");
    desk.erase(&[child]);
    desk.erase(&[above]);
    desk.erase(&[waiting]);
    for id in [above, child] {
        assert_eq!(world.ledger.view().status(&id).unwrap(), Some(Status::ACTIVE), "nobody ended it");
        assert_eq!(world.refused(world.transition("revocation", mother, &id)), "erased");
    }
    assert_eq!(world.refused(world.transition("acceptance", &desk.son, &waiting)), "erased");
    let late = world
        .mandate_draft(mother, &third.party, &["tax"])
        .member("under", json!(above))
        .member("by", json!([desk.son.party]))
        .member("informed", json!([desk.son.party]));
    assert_eq!(world.refused(signed(late, &desk.son)), "erased");
    assert_eq!(desk.reason(PartyRef::Id(mother.party), None), Ok(Reason::Mandate), "by what is left");
    // Nothing rests on who was in what lapsed.
    desk.dies(&third);
    desk.end_key(&third);
    desk.erase(&[third.party, third.kid]);
    assert!(world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    let desk = desk.reopened(|| {});
    assert!(desk.world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    // A list with it proves whole.
    let view = desk.world.ledger.view();
    let ask = Ask { as_of: None, from: None, reader: Audience::Party(desk.mother.party) };
    let receipt = view.complete(&desk.mother.party, 0, &ask).unwrap();
    let receipt = receipt.unwrap().to_json();
    let now = Mode::Fresh(desk.world.clock.now());
    verify_complete(receipt.as_bytes(), &desk.mother.party, 0, &desk.world.policy(), now).unwrap();
}

#[test]
fn an_erasure_cut_short_is_carried_out_at_the_next_start() {
    let desk = desk();
    let mandate = desk.mandate("the first file");
    desk.end(&desk.mother, &mandate);
    // Logged and not carried out, as after a kill: the ledger is closed before its thread gets to it.
    let draft = desk.draft(&[mandate], &desk.parties(&[mandate]));
    desk.world.append(signed(draft, &desk.court));
    let desk = desk.reopened(|| {});
    let started = Instant::now();
    while desk.is_readable(&mandate) {
        assert!(started.elapsed() < Duration::from_secs(60), "not erased");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!desk.holds(b"the first file"));
    assert!(desk.world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn nobody_erases_without_a_trace() {
    let desk = desk();
    let mandate = desk.mandate("one");
    let path = desk.folder.path().join("ledger");
    let index = desk.world.ledger.view().record(&mandate).unwrap().unwrap().logged.index;
    let log_key = desk.world.ledger.log_key().clone();
    desk.world.ledger.close();
    drop(desk.world);
    let store = RedbStore::open(&path.join("main"), Volumes::default()).unwrap();
    store.erase(&[index].into()).unwrap();
    drop(store);
    let report = audit(&path, ORIGIN, &log_key, &mut |_, _| {}).unwrap();
    assert!(report.findings.contains(&Finding::NotOpened { index }), "{:?}", report.findings);
}
