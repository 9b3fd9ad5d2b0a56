//! Goal: a mirror reads what it checked whole, and nothing else; what convicts the ledger stops it, with evidence. Method: a follower
//! in a folder, of a server that serves one log and then another.

use super::monitor::{clients, lies_in_entries, serve};
use super::stub::Family;
use procura_client::evidence::Evidence;
use procura_client::mirror::Follower;
use procura_core::receipt::{Mode, StatusAsk, verify_status};
use procura_core::status::Status;
use procura_core::tree::Root;
use procura_ledger::mirror::MirrorView;
use procura_ledger::{Ask, Audience, Clock as _};
use procura_tests::hostile::Liar;
use procura_tests::world::ORIGIN;
use std::path::Path;

fn follower(family: &Family, folder: &Path) -> Follower {
    Follower::open(folder, clients(family).0, None).unwrap()
}

fn view(follower: &Follower) -> MirrorView {
    follower.standing().view().unwrap()
}

/// A receipt of the mandate, and what a mirror's view makes of it.
fn renewed(family: &Family, view: &MirrorView) -> Status {
    let ask = Ask::now(Audience::Anyone);
    let receipt = family.world.ledger.view().receipt(&family.mandate, &ask).unwrap().unwrap();
    let proof = view.status(&StatusAsk::of(&receipt, None).unwrap()).unwrap().unwrap();
    let now = family.world.clock.now();
    let renewed = receipt.renewed(&proof, now).unwrap().to_json();
    let policy = family.world.policy();
    *verify_status(renewed.as_bytes(), &family.mandate, None, &policy, Mode::Fresh(now)).unwrap().status()
}

#[test]
fn what_is_published_is_read_once_it_was_checked() {
    let family = Family::new();
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = follower(&family, folder.path());
    assert!(mirror.standing().view().is_none());
    assert_eq!(mirror.standing().not_ready().unwrap(), "catching_up");
    mirror.look();
    assert_eq!(mirror.standing().not_ready(), None);
    assert_eq!(view(&mirror).root(), family.world.ledger.view().root());
    assert_eq!(renewed(&family, &view(&mirror)), Status::ACTIVE);

    // What comes later is read later; who holds a view keeps it.
    let before = view(&mirror);
    family.world.append(family.world.transition("revocation", &family.mother, &family.mandate));
    assert_eq!(view(&mirror).root(), before.root());
    mirror.look();
    assert_eq!(view(&mirror).root(), family.world.ledger.view().root());
    assert_eq!(renewed(&family, &view(&mirror)), Status::ENDED);

    // Another process of the same folder stands where this one stood, and asks nobody for that.
    let (stood, asked) = (view(&mirror).root(), family.stub.asked().len());
    drop((mirror, before));
    let mut again = follower(&family, folder.path());
    assert_eq!((view(&again).root(), family.stub.asked().len()), (stood, asked));
    assert_eq!(renewed(&family, &view(&again)), Status::ENDED);
    family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    again.look();
    assert_eq!(view(&again).root(), family.world.ledger.view().root());

    // And it says how old that is.
    family.world.clock.pass(301_000);
    assert_eq!(again.standing().not_ready().unwrap(), "stale");
    assert_eq!(again.standing().age_s(&view(&again)), 301);
}

#[test]
fn a_ledger_that_breaks_a_rule_is_followed_no_further() {
    for n in 0..lies_in_entries(&Family::new()).len() {
        let family = Family::new();
        let (liar, fault, verdict) = lies_in_entries(&family).remove(n);
        let folder = tempfile::tempdir().unwrap();
        let (client, store) = clients(&family);
        let mut mirror = Follower::open(folder.path(), client, None).unwrap();
        mirror.look();
        let honest = view(&mirror).root();
        serve(&family.stub, &liar);
        mirror.look();
        assert_eq!(mirror.standing().fault().unwrap().name, fault);
        assert_eq!(mirror.standing().not_ready().unwrap(), fault);
        let evidence = store.evidence().pop().unwrap();
        let file = evidence.to_json(ORIGIN).to_string();
        let (origin, read) = Evidence::parse(file.as_bytes()).unwrap();
        assert_eq!(read.check(&origin, &family.world.policy()).unwrap(), verdict, "{fault}");

        // What was right is read on; nothing more is followed, not even what is right.
        assert_eq!(view(&mirror).root(), honest);
        family.stub.lie(|_, reply| reply);
        family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
        mirror.look();
        assert_eq!(view(&mirror).root(), honest, "{fault}");
        // Nothing of it was stored either: begun again, it goes on.
        drop(mirror);
        let mut again = follower(&family, folder.path());
        again.look();
        assert_eq!(view(&again).root(), family.world.ledger.view().root(), "{fault}");
    }
}

#[test]
fn two_histories_are_followed_no_further() {
    let family = Family::new();
    let folder = tempfile::tempdir().unwrap();
    let (client, store) = clients(&family);
    let mut mirror = Follower::open(folder.path(), client, None).unwrap();
    let liar = Liar::copy(&family.world);
    family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    mirror.look();
    let seen: Root = view(&mirror).root();
    // As many entries, others.
    let mut other = liar;
    other.now.0 += 1;
    other.commit();
    other.commit();
    assert_eq!(other.rows.len() as u64, seen.size.0);
    serve(&family.stub, &other);
    mirror.look();
    assert_eq!(mirror.standing().fault().unwrap().name, "fork");
    assert_eq!(store.evidence().len(), 1);
    assert_eq!(view(&mirror).root(), seen);
}

/// Anybody may stand between the two, and break what passes: nobody is blamed, and the next look makes up for it.
#[test]
fn what_is_broken_on_its_way_is_not_read_and_blames_nobody() {
    let family = Family::new();
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = follower(&family, folder.path());
    let broken = ["/checkpoint", "/tile/0/", "/tile/entries/"];
    for part in broken {
        family.stub.lie(move |path, (status, mut body)| {
            if path.starts_with(part) {
                let last = body.len() - 1;
                body[last / 2] ^= 1;
            }
            (status, body)
        });
        mirror.look();
        assert!(mirror.standing().view().is_none(), "{part}");
        assert!(mirror.standing().fault().is_none(), "{part}");
    }
    family.stub.lie(|_, _| super::stub::problem(503, "busy"));
    mirror.look();
    assert!(mirror.standing().view().is_none());
    family.stub.lie(|_, reply| reply);
    mirror.look();
    assert_eq!(view(&mirror).root(), family.world.ledger.view().root());
}
