//! Goal: a mirror reads what it checked whole, and nothing else; what convicts the ledger stops it, with evidence. Method: a follower
//! in a folder, of a server that serves one log and then another.

use super::monitor::{clients, lies_in_entries, serve};
use super::stub::Family;
use procura_client::evidence::Evidence;
use procura_client::keyfile::Protection;
use procura_client::mirror::Follower;
use procura_client::witness::{AddError, WitnessFolder};
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::cosignature::check_cosignature;
use procura_core::entry::Entry;
use procura_core::hash::tag;
use procura_core::key::Signer as _;
use procura_core::policy::TlogPolicy;
use procura_core::receipt::{Mode, StatusAsk, verify_status};
use procura_core::status::Status;
use procura_core::tree::{Root, prove_consistency};
use procura_core::witness::{AddCheckpoint, read_answer};
use procura_core::{Hash, Size};
use procura_ledger::mirror::MirrorView;
use procura_ledger::{Ask, Audience, Clock as _};
use procura_tests::hostile::Liar;
use procura_tests::world::ORIGIN;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// The log asks it as it asks a witness; the same request gets a cosignature of who checks no entries.
#[test]
fn a_map_checker_cosigns_what_it_checked_and_nothing_else() {
    let family = Family::new();
    let key = family.world.ledger.log_key();
    let logs = TlogPolicy::parse(format!("log {key}\nquorum none\n").as_bytes()).unwrap();
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cosigner = |folder: &Path, name: &str| {
        let made = WitnessFolder::new(&folder.join("cosigner"));
        made.make(name, &Protection::Plain).unwrap();
        made.open(None, &logs, || panic!("it is plain")).unwrap()
    };
    let checker = cosigner(folder.path(), "checker.example");
    let witness = cosigner(other.path(), "witness.example");
    let ours = checker.key().clone();
    let mut follower = Follower::open(folder.path(), clients(&family).0, Some(checker)).unwrap();
    follower.look();
    let (standing, checker) = (follower.standing(), follower.checker().unwrap());
    // What it reads it has cosigned, for its own readers.
    let read = SignedCheckpoint::parse(standing.view().unwrap().checkpoint().as_bytes()).unwrap();
    let read = read.verify(ORIGIN, std::slice::from_ref(key)).unwrap();
    assert_eq!(read.cosignatures(std::slice::from_ref(&ours)).unwrap().len(), 1);

    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // It does not look by itself: what it is asked about was not published to it.
    let following = std::thread::spawn(move || follower.run(Duration::from_secs(3600), &stopped));
    let request = |liar: &Liar, old: Size| {
        let nodes = liar.nodes(liar.rows.len());
        let checkpoint = Checkpoint::new(ORIGIN, nodes.root()).unwrap();
        let sign = |message: &[u8]| liar.log_key.sign(message).unwrap();
        let checkpoint = checkpoint.sign(&liar.vkey(), &sign).unwrap();
        let proof = prove_consistency(&nodes, old, nodes.root().size);
        let proof = if old == Size(0) { Vec::new() } else { proof.unwrap() };
        AddCheckpoint { old, proof, checkpoint }.to_string()
    };
    let old = family.world.ledger.view().size();
    let mut more = Liar::copy(&family.world);
    more.log(
        &family.world.mandate(&family.mother, &family.son.party, &["tax"]),
        Some(Status::PENDING),
        &[tag(&family.mother.handle, 9)],
    );
    more.commit();
    serve(&family.stub, &more);
    let line = checker.add_checkpoint(request(&more, old).as_bytes()).unwrap();
    let text = Checkpoint::new(ORIGIN, more.nodes(more.rows.len()).root()).unwrap().to_string();
    let lines = read_answer(line.as_bytes()).unwrap();
    check_cosignature(&ours, &text, &lines[0]).unwrap();

    // The next one has a root that its entries do not make.
    let old = Size(more.rows.len() as u64);
    let mut commit = more.true_commit();
    commit.map_root = Hash([9; 32]);
    more.push(Entry::Commit(commit), None);
    serve(&family.stub, &more);
    witness.add_checkpoint(request(&more, Size(0)).as_bytes()).unwrap();
    for _ in 0..2 {
        let refused = checker.add_checkpoint(request(&more, old).as_bytes()).unwrap_err();
        assert!(matches!(&refused, AddError::NotChecked(why) if why == "commit_root"), "{refused}");
    }
    assert_eq!(standing.fault().unwrap().name, "commit_root");
    stop.store(true, Ordering::Relaxed);
    following.join().unwrap();
}
