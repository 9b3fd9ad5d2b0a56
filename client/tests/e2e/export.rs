//! Goal: what concerns somebody is written into a file that is whole, says what was decided on each access, and runs nothing where it is
//! opened. Method: the command, for a mother whose son looks, against a server in this process.

use super::command::{code, json_of, text};
use super::steps::{MOTHER, SON, Three};
use procura_core::draft::Draft;
use serde_json::{Value, json};

/// A mother whose son looked at her file, which he may, and at her taxes, which he may not.
fn looked_at() -> Three {
    let three = Three::new();
    let mother = three.desk.family.mother.identifier.clone();
    for (category, expected) in [("pension", 0), ("tax", 1)] {
        let words = [
            "access",
            "--subject",
            &mother,
            "--source",
            &mother,
            "--category",
            category,
            "--purpose",
            "read",
        ];
        assert_eq!(three.run(SON, &words).0, expected, "{category}");
    }
    let given = ["consent", "--to", &three.desk.family.son.identifier, "--scope", "household"];
    three.done(MOTHER, &[&given[..], &["--purpose", "read", "--reference", "=1+1"]].concat());
    three
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_list_is_exported_whole_with_what_was_decided() {
    let three = looked_at();
    let path = three.desk.path("mine.jsonl");
    let said = three.done(MOTHER, &["export", text(&path), "--decisions"]);
    let rows = rows(&std::fs::read_to_string(&path).unwrap());
    assert_eq!((said["written"].clone(), said["records"].clone()), (json!(rows.len()), json!(rows.len())));
    assert_eq!(said["complete"], true);
    let accesses: Vec<_> = rows.iter().filter(|row| row["kind"] == "access").collect();
    let told: Vec<_> =
        accesses.iter().map(|row| (&row["categories"], &row["decision"], &row["reason"])).collect();
    assert_eq!(
        told,
        [
            (&json!("pension"), &json!("yes"), &json!("mandate")),
            (&json!("tax"), &json!("no"), &json!("out_of_scope"))
        ]
    );
    let mandate = json!(three.desk.family.mandate);
    assert!(accesses[0]["rests_on"].as_array().unwrap().contains(&mandate), "under what");
    assert!(rows.iter().any(|row| row["id"] == mandate && row["status"] == "active"));
    // The same file again would lose the first.
    let (code, said) = three.run(MOTHER, &["export", text(&path)]);
    assert_eq!((code, &said["error"]), (2, &json!("file_exists")));
}

#[test]
fn a_filter_shows_less_and_checks_the_whole() {
    let three = looked_at();
    let son = three.desk.family.son.identifier.clone();
    let export = |name: &str, filter: &[&str]| {
        let path = three.desk.path(name);
        let said = three.done(MOTHER, &[&["export", text(&path)], filter].concat());
        (said, rows(&std::fs::read_to_string(&path).unwrap()))
    };
    let (said, looks) = export("looks.jsonl", &["--kind", "access", "--with", &son]);
    assert_eq!(looks.len(), 2);
    assert!(said["records"].as_u64().unwrap() > 4, "{said}");
    assert_eq!(export("tax.jsonl", &["--category", "tax"]).1.len(), 1);
    assert_eq!(export("later.jsonl", &["--since", "2199-01-01"]).1.len(), 0);
    assert_eq!(export("before.jsonl", &["--until", "2019-12-31"]).1.len(), 0);
    // On the screen too.
    let shown = three.done(MOTHER, &["records", "--kind", "access"]);
    assert_eq!(shown["records"].as_array().unwrap().len(), 2);
}

#[test]
fn a_table_runs_nothing() {
    let three = looked_at();
    let path = three.desk.path("mine.csv");
    three.done(MOTHER, &["export", text(&path), "--decisions"]);
    let mut table = csv::Reader::from_path(&path).unwrap();
    let headings = table.headers().unwrap().clone();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let consent = rows.iter().find(|row| &row[at("kind")] == "consent").unwrap();
    assert_eq!(&consent[at("said")], "'=1+1");
    let refused = rows.iter().find(|row| &row[at("categories")] == "tax").unwrap();
    assert_eq!((&refused[at("decision")], &refused[at("reason")]), ("no", "out_of_scope"));
}

#[test]
fn what_is_not_known_to_be_whole_is_no_file() {
    let three = looked_at();
    let (path, key) = (three.desk.path("half.csv"), three.desk.path("mother"));
    let words = ["export", text(&path), "--json", "--key", text(&key), "--policy"];
    let failed = three.desk.offline(&[&words[..], &[text(&policy(&three))]].concat());
    assert_eq!(code(&failed), 2, "{}", json_of(&failed));
    assert!(!path.exists() && !three.desk.path("half.csv.part").exists());
}

fn policy(three: &Three) -> std::path::PathBuf {
    let ledger = &three.desk.family.world.ledger;
    let policy =
        procura_core::receipt::Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300);
    let path = three.desk.path("policy");
    std::fs::write(&path, policy.to_string()).unwrap();
    path
}

/// Who holds what of somebody concerns them: it stands in their list and in their export, and in nobody else's.
#[test]
fn who_holds_somebodys_data_is_in_their_list_and_export() {
    let three = Three::new();
    let family = &three.desk.family;
    let (world, mother) = (&family.world, family.mother.party);
    let office = world.institution("kbo:0308357159", &[]);
    let holding = Draft::new("holding", &world.occasion())
        .member("source", json!(office.party))
        .member("subject", json!(mother))
        .member("catalogue", json!(world.catalogue))
        .member("scopes", json!(["tax"]))
        .member("since", json!("2020-02-29"));
    let id = world.append(holding.sign(&office.kid, office.key.as_ref()).unwrap()).id;
    let export = |who: usize, name: &str| {
        let path = three.desk.path(name);
        three.done(who, &["export", text(&path)]);
        let rows = rows(&std::fs::read_to_string(&path).unwrap());
        rows.into_iter().filter(|row| row["kind"] == "holding").collect::<Vec<_>>()
    };
    let rows = export(MOTHER, "mother.jsonl");
    assert_eq!(rows.len(), 1);
    let told =
        ["id", "source", "whose", "categories", "valid_from", "status"].map(|name| rows[0][name].clone());
    assert_eq!(
        told,
        [json!(id), json!(office.party), json!(mother), json!(["tax"]), json!("2020-02-29"), json!("active")]
    );
    let shown = three.done(MOTHER, &["records", "--kind", "holding"]);
    assert_eq!(shown["records"].as_array().unwrap().len(), 1);
    assert!(export(SON, "son.jsonl").is_empty());
}
