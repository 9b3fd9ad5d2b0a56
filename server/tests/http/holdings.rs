//! Goal: an institution learns who holds somebody's data already, and which of them is the authentic source; nobody else learns
//! anything. Method: the demo's town and office say what they hold of one person.

use crate::world::{Answer, World};
use procura_core::draft::Draft;
use procura_server::demo::{EMPLOYER, MOTHER, MUNICIPALITY, SON};
use serde_json::json;

fn ask(world: &World, by: &'static str, subject: &str, category: &str) -> Answer {
    let token = world.token(by);
    world.post_json("/v1/holdings", Some(&token), &json!({"subject": subject, "category": category}))
}

#[test]
fn who_holds_what_is_said_to_whom_it_concerns() {
    let world = World::new();
    let (town, mother) = (world.party(MUNICIPALITY), world.party(MOTHER));
    let catalogues = world.get("/v1/catalogues", Some(&world.token(MUNICIPALITY))).json();
    let catalogue = catalogues["catalogues"][0].clone();
    let holding = world.sign(town, |occasion| {
        Draft::new("holding", occasion)
            .member("source", json!(town.party))
            .member("subject", json!(mother.party))
            .member("catalogue", catalogue.clone())
            .member("scopes", json!(["taxes"]))
            .member("since", json!("2020-02-29"))
    });
    assert_eq!(world.submit(&holding).status, 201);
    let niss = "niss:48031500292";
    let told = ask(&world, MUNICIPALITY, niss, "taxes");
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    let one = &told["holdings"][0];
    assert_eq!((&one["source"], &one["since"]), (&json!(town.party), &json!("2020-02-29")));
    assert_eq!(one["authentic"], json!(false), "it says so itself, the catalogue does not");
    // She sees it herself; others see what there is of nobody.
    assert_eq!(ask(&world, MOTHER, niss, "taxes").json(), told);
    assert_eq!(ask(&world, SON, niss, "taxes").problem(), (404, "not_found".to_owned()));
    assert_eq!(ask(&world, SON, "niss:15061500231", "taxes").problem(), (404, "not_found".to_owned()));
    assert_eq!(
        ask(&world, EMPLOYER, niss, "taxes").status,
        ask(&world, EMPLOYER, "niss:15061500231", "taxes").status
    );
    let none = json!({"holdings": []});
    assert_eq!(ask(&world, MUNICIPALITY, "niss:15061500231", "taxes").json(), none, "nobody registered");
    assert_eq!(ask(&world, MUNICIPALITY, "niss:48031500293", "taxes").json(), none, "nobody's number");
    // What is no reference is told to be none: it is not nobody's.
    let id = mother.party.to_string();
    assert_eq!(ask(&world, MUNICIPALITY, &id, "taxes").problem(), (400, "member_mistyped".to_owned()));
    assert_eq!(ask(&world, MUNICIPALITY, niss, "pensions").json(), none, "another category");
    assert_eq!(ask(&world, MUNICIPALITY, niss, "nothing").json(), none);
    let end = world.sign(town, |occasion| {
        let id = one["id"].as_str().unwrap().parse().unwrap();
        Draft::on("revocation", occasion, &id)
    });
    assert_eq!(world.submit(&end).status, 201);
    assert_eq!(ask(&world, MUNICIPALITY, niss, "taxes").json(), none);
}
