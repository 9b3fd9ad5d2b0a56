//! Where parties want to be told. Goal: an organisation or institution registers its own hooks, one under each number, and ends them; nobody
//! else does either. Method: the world of `world.rs`, and for each rule of kinds.md#hooks something taken and its refused twin.
use procura_core::admission::Refusal;
use procura_core::draft::Draft;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_ledger::SubmitError;
use procura_tests::world::{Actor, World};
use serde_json::json;
use std::sync::mpsc::channel;

const URL: &str = "https://office.example/procura";

fn hook(world: &World, of: &Actor, by: &Actor, number: u64) -> Submission {
    let draft = Draft::new("hook", &world.occasion())
        .member("party", json!(of.party))
        .member("number", json!(number))
        .member("url", json!(URL));
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

#[test]
fn organisations_and_institutions_register_their_own() {
    let world = World::in_memory();
    let (office, firm) = (world.institution("kbo:0308357159", &[]), world.organisation("0417497106"));
    let person = world.person("48031500292");
    assert_eq!(world.refused(hook(&world, &person, &person, 1)), "not_yours");
    assert_eq!(world.refused(hook(&world, &office, &firm, 1)), "not_yours");
    assert_eq!(world.refused(hook(&world, &office, &world.registrar, 1)), "not_yours");
    for by in [&office, &firm] {
        let id = world.append(hook(&world, by, by, 1)).id;
        let found = world.ledger.view().record(&id).unwrap().unwrap();
        assert_eq!((found.status, found.parties), (Some(Status::ACTIVE), vec![by.party]));
    }
}

#[test]
fn one_hook_has_a_number_at_a_time() {
    let world = World::in_memory();
    let (office, other) = (world.institution("kbo:0308357159", &[]), world.organisation("0417497106"));
    let first = world.append(hook(&world, &office, &office, 1)).id;
    assert_eq!(world.refused(hook(&world, &office, &office, 1)), "number_taken");
    let second = world.append(hook(&world, &office, &office, 2)).id;
    let others = world.append(hook(&world, &other, &other, 1)).id;
    assert_eq!(world.refused(world.transition("revocation", &other, &first)), "not_yours");
    assert_eq!(world.refused(world.transition("revocation", &world.registrar, &first)), "not_yours");
    world.append(world.transition("revocation", &office, &first));
    assert_eq!(world.refused(world.transition("revocation", &office, &first)), "move");
    // The number is free; nothing goes on where the ended one was.
    let third = world.append(hook(&world, &office, &office, 1)).id;
    assert_eq!(world.refused(hook(&world, &office, &office, 1)), "number_taken");
    let view = world.ledger.view();
    let in_force = |party, number| view.hook(party, number).unwrap().map(|found| found.id);
    assert_eq!(in_force(&office.party, 1), Some(third));
    assert_eq!(in_force(&office.party, 2), Some(second));
    assert_eq!(in_force(&office.party, 3), None);
    let all = |after| view.hooks(after, 64).unwrap().into_iter().map(|found| found.id).collect::<Vec<_>>();
    assert_eq!(all(None), [first, second, others, third], "every hook, oldest first");
    let second = view.record(&second).unwrap().unwrap().logged.index;
    assert_eq!(all(Some(second)), [others, third]);
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

/// Two under one number in one batch: the second one sees the first.
#[test]
fn a_number_is_taken_within_a_batch_too() {
    let world = World::in_memory();
    let office = world.institution("kbo:0308357159", &[]);
    let (tell, told) = channel();
    for _ in 0..16 {
        let tell = tell.clone();
        world.ledger.submit(hook(&world, &office, &office, 1), move |outcome| tell.send(outcome).unwrap());
    }
    let taken = (0..16).filter(|_| told.recv().unwrap().is_ok()).count();
    assert_eq!(taken, 1);
    assert_eq!(world.refused(hook(&world, &office, &office, 1)), "number_taken");
    assert_eq!(world.ledger.view().hooks(None, 64).unwrap().len(), 1);
}

#[test]
fn an_ended_hook_may_be_erased_and_its_number_stays_with_the_newer() {
    let world = World::in_memory();
    let (office, authority) =
        (world.institution("kbo:0308357159", &[]), world.institution("kbo:0202239951", &["authority"]));
    let first = world.append(hook(&world, &office, &office, 1)).id;
    world.append(world.transition("revocation", &office, &first));
    let second = world.append(hook(&world, &office, &office, 1)).id;
    let erasure = Draft::new("erasure", &world.occasion())
        .member("targets", json!([first]))
        .member("parties", json!([office.party]));
    world.append(erasure.sign(&authority.kid, authority.key.as_ref()).unwrap());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let is_erased = || world.ledger.view().record(&first).unwrap().unwrap().logged.opened.is_none();
    while !is_erased() {
        assert!(std::time::Instant::now() < deadline, "it was not carried out");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(world.ledger.view().hook(&office.party, 1).unwrap().map(|found| found.id), Some(second));
    // The eraser may log meanwhile, so only what is refused is looked at.
    let again = world.ledger.append(hook(&world, &office, &office, 1));
    assert!(matches!(again, Err(SubmitError::Refused(Refusal::NumberTaken))));
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}
