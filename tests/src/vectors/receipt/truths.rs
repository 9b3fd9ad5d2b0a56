//! What is true is believed: each question once, and each way to ask it.

use super::{Told, Trial};
use crate::world::{Actor, World};
use procura_core::decide::AuthZen;
use procura_core::receipt::{AsOf, Receipt};
use procura_core::{Hash, Millis, Size};
use procura_ledger::{Ask, Audience, Clock};
use serde_json::{Value, json};

/// The policy of who trusts a world's ledger, as JSON.
pub(super) fn policy(world: &World) -> Value {
    procura_core::receipt::Policy::plain(
        world.ledger.origin(),
        world.ledger.log_key(),
        world.ledger.entry0(),
        300,
    )
}

pub(super) fn told(world: &World, receipt: Receipt, ask: Value) -> Told {
    Told { receipt, ask, policy: policy(world) }
}

pub(super) fn status_ask(id: Hash) -> Value {
    json!({"type": "status", "id": id})
}

pub(super) fn now() -> Ask {
    Ask::now(Audience::Anyone)
}

/// Mother and son, and a mandate that she gave him.
pub(super) fn family() -> (World, Actor, Actor, Hash) {
    let world = World::in_memory();
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let given = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
    (world, mother, son, given)
}

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    world.clock.pass(10_000);
    let accepted = world.append(world.transition("acceptance", &son, &given)).id;
    let was_active = world.ledger.view().size();
    let was_active_at = world.clock.now();
    world.clock.pass(10_000);
    let note = world.append(
        procura_core::draft::Draft::new("note", &world.occasion())
            .member("parties", json!([son.party]))
            .sign(&mother.kid, mother.key.as_ref())
            .unwrap(),
    );
    let fresh = json!({"fresh": world.clock.now()});
    let seen = world.ledger.view().root();
    let receipt = |id: &Hash, ask: &Ask| world.ledger.view().receipt(id, ask).unwrap().unwrap();
    let accept = |name, reason, of: &Told| Trial::new(name, reason, "accept", of);

    let existence = told(&world, receipt(&note.id, &now()), json!({"type": "existence", "id": note.id}));
    let status = told(&world, receipt(&given, &now()), status_ask(given));
    let through = json!({"type": "status", "id": given, "through": accepted});
    let through = told(&world, receipt(&accepted, &now()), through);
    let party = told(&world, receipt(&world.registrar.party, &now()), status_ask(world.registrar.party));

    let request = World::ask(&son.identifier, "pension.file", &mother.identifier, "read");
    let other = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    let decided = |request: &AuthZen, ask: &Ask| {
        let receipt = world.ledger.view().check(request, world.clock.now(), ask).unwrap();
        told(&world, receipt, json!({"type": "authority", "request": request.write()}))
    };
    let permit = decided(&request, &now());
    let deny = decided(&other, &now());
    let nobody = World::ask("niss:90010100123", "tax", &mother.identifier, "read");
    let nobody = decided(&nobody, &now());

    let complete = |from: u64| {
        let ask = Ask::now(Audience::Party(mother.party));
        let receipt = world.ledger.view().complete(&mother.party, from, &ask).unwrap().unwrap();
        told(&world, receipt, json!({"type": "complete", "party": mother.party, "from": from}))
    };

    world.clock.pass(10_000);
    let revoked = world.append(world.transition("revocation", &mother, &given)).id;
    let pinned = told(&world, receipt(&given, &Ask { from: Some(seen.size), ..now() }), status_ask(given));
    let past = |point: AsOf| Ask { as_of: Some(point), ..now() };
    let by_size = past(AsOf { size: was_active, time: None });
    let asked_at = Millis(was_active_at.0 + 1);
    let by_time = past(world.ledger.view().as_of_time(asked_at).unwrap().unwrap());
    let last_time = past(world.ledger.view().as_of_time(Millis(world.clock.now().0 - 1)).unwrap().unwrap());
    let at_size = told(&world, receipt(&given, &by_size), status_ask(given));
    let at_time = told(&world, receipt(&given, &by_time), status_ask(given));
    let at_last = told(&world, receipt(&given, &last_time), status_ask(given));
    let permit_then = decided(&request, &by_size);
    let ended = json!({"type": "status", "id": given, "through": revoked});
    let ended = told(&world, receipt(&revoked, &now()), ended);

    vec![
        accept("existence", "A trace was logged, signed by a key that was active then.", &existence),
        accept("status", "A mandate with its acceptance, fresh.", &status).mode(fresh.clone()),
        accept("status-through", "A mandate's status through the acceptance that made it.", &through),
        accept("status-of-a-party", "A party that the root registered: two entries.", &party),
        accept("status-ended", "A mandate's status through its revocation.", &ended),
        accept("complete", "All that concerns a person, with the end.", &complete(0)),
        accept("complete-from", "What concerns a person from segment 2 on.", &complete(2)),
        accept("authority-permit", "A permit by a mandate, fresh.", &permit).mode(fresh),
        accept("authority-deny", "A denial: the mandate does not cover taxes.", &deny),
        accept("authority-nobody", "A denial: the actor is not registered.", &nobody),
        accept("as-of-size", "The status at a size before the revocation.", &at_size)
            .mode(json!({"as_of": was_active})),
        accept("as-of-time", "The status at an instant between two index commits.", &at_time)
            .mode(json!({"as_of_time": asked_at})),
        accept(
            "as-of-time-settled-by-the-last-commit",
            "The next index commit is the receipt's own.",
            &at_last,
        )
        .mode(json!({"as_of_time": world.clock.now().0 - 1})),
        accept("authority-as-of-size", "A permit at a size before the revocation.", &permit_then)
            .mode(json!({"as_of": was_active})),
        accept("pinned", "A consistency proof leads from what was seen to the receipt.", &pinned).pin(seen),
        Trial::new(
            "as-of-not-asked",
            "A true answer as of before the revocation, to somebody who asks without a point in time.",
            "other_question",
            &at_size,
        ),
        Trial::new("as-of-another-size", "As of another size than was asked.", "other_question", &at_size)
            .mode(json!({"as_of": Size(was_active.0 + 1)})),
    ]
}
