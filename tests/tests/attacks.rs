//! The attacks of the design that receipts must withstand. Goal: an operator who holds the log key and every record
//! deceives no verifier. Method: [`Liar`] builds the lying log, map or receipt and signs it; the verifier must refuse with
//! the name that fits; beside each the same without the lie is believed.

use procura_core::Hash;
use procura_core::receipt::{Mode, Question, verify_status};
use procura_core::status::Status;
use procura_tests::hostile::Liar;
use procura_tests::vectors::receipt;
use procura_tests::world::{Actor, World};

const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";

/// A mother, her son, and what she may have given him.
struct Family {
    world: World,
    mother: Actor,
    son: Actor,
}

fn family() -> Family {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    Family { world, mother, son }
}

fn ask_status(id: Hash) -> Question {
    Question::Status { id, through: None, as_of: None }
}

/// What a verifier says of the liar's answer about a status.
fn status(world: &World, liar: &Liar, id: Hash) -> Result<Status, &'static str> {
    let receipt = liar.receipt(&ask_status(id)).to_json();
    let verified = verify_status(receipt.as_bytes(), &id, None, &world.policy(), Mode::Historic);
    verified.map(|verified| *verified.status()).map_err(|error| error.name())
}

#[test]
fn the_liar_telling_the_truth_is_believed() {
    let Family { world, mother, son } = family();
    let given = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    assert_eq!(status(&world, &Liar::copy(&world), given), Ok(Status::PENDING));
    world.append(world.transition("acceptance", &son, &given));
    assert_eq!(status(&world, &Liar::copy(&world), given), Ok(Status::ACTIVE));
}

/// Every lie of `spec/vectors/receipt/`, made anew.
#[test]
fn every_trial_ends_as_it_must() {
    let wrong: Vec<String> = receipt::cases()
        .iter()
        .filter_map(|case| {
            let (said, expect) = (receipt::run(&case.body), case.body["expect"].as_str().unwrap());
            (said != expect).then(|| format!("{}: {said}, not {expect}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
