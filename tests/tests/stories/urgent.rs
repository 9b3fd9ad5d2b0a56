//! Somebody is brought in unconscious: the law lets a hospital look, and the person learns who did, and why.

use super::desk::{Desk, hint, kbo, may};
use procura_client::Submitted;
use procura_client::guard::{Guard, Withheld};
use procura_core::Hash;
use procura_core::decide::{AuthZen, Decision, Reason};
use procura_core::draft::Draft;
use procura_core::kinds::Content;
use procura_tests::world::Actor;
use serde_json::{Value, json};

struct Ward {
    desk: Desk,
    hospital: Actor,
    network: Actor,
    patient: Actor,
}

impl Ward {
    fn new() -> Self {
        let desk = Desk::new();
        let hospital = desk.world.institution(&kbo(7_171_717), &[]);
        let network = desk.world.institution(&kbo(7_272_727), &[]);
        let patient = desk.world.person("48031500292");
        let title = json!({"de": "T", "en": "T", "fr": "T", "nl": "T"});
        let draft = desk
            .draft("catalogue")
            .member("code", json!("health"))
            .member("version", json!(1))
            .member("categories", json!([{"code": "health", "title": title}]))
            .member("purposes", json!([{"code": "care", "title": title}]))
            .member(
                "bases",
                json!([{
                    "code": "vital", "title": title, "categories": ["health"], "purposes": ["care"],
                    "recipients": [hospital.party], "emergency": true,
                }]),
            );
        desk.log(&desk.world.root, draft);
        Self { desk, hospital, network, patient }
    }

    fn draft(&self) -> Draft {
        self.desk
            .draft("access")
            .member("actor", json!(self.hospital.party))
            .member("subject", json!(self.patient.party))
            .member("source", json!(self.network.party))
            .member("category", json!("health"))
            .member("purpose", json!("care"))
    }

    fn urgent(&self, why: &str) -> Draft {
        self.draft()
            .member("emergency", json!(true))
            .withheld("justification", &json!(why), &[5; 16])
            .unwrap()
    }

    /// Logs an access: its id, its receipt, and what was decided.
    fn access(&self, draft: Draft) -> (Hash, Vec<u8>, Decision) {
        let id = draft.id();
        let signed = draft.sign(&self.hospital.kid, self.hospital.key.as_ref()).unwrap();
        match self.desk.client(&self.hospital).submit(&signed).unwrap() {
            Submitted::Access(proven) => (id, proven.receipt().to_vec(), proven.answer().decision().clone()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_emergency_is_said_justified_and_seen() {
    let ward = Ward::new();
    let desk = &ward.desk;
    let asked = may(&ward.hospital, "health", &ward.patient, "care");
    let answer = desk.says(&asked, Reason::NoAuthority);
    assert_eq!(hint(&answer), json!({"emergency": true}), "it is told what the law would permit");
    desk.replays(&answer);
    // To a check it can be said too, to know beforehand; nothing is let go on that.
    let what_if = desk.says(&AuthZen { emergency: true, ..asked.clone() }, Reason::Emergency);
    let guard = Guard::new(desk.world.policy(), ward.network.party);
    let release = |receipt: &[u8]| guard.release(receipt, &ward.patient.party, "health", desk.now());
    assert_eq!(release(&what_if.receipt), Err(Withheld::NotAnAccess));
    // Whom the law does not name has no emergency.
    let town = may(&desk.institution, "health", &ward.patient, "care");
    desk.says(&AuthZen { emergency: true, ..town }, Reason::NoAuthority);

    // An emergency without a reason is refused, and so is a reason for what was none.
    assert_eq!(
        desk.refused(&ward.hospital, ward.draft().member("emergency", json!(true))),
        "withheld_member"
    );
    let justified = ward.draft().withheld("justification", &json!("curious"), &[5; 16]).unwrap();
    assert_eq!(desk.refused(&ward.hospital, justified), "withheld_member");

    let (refused, receipt, no) = ward.access(ward.draft());
    assert_eq!((no.permit, no.reason), (false, Reason::NoAuthority));
    assert_eq!(release(&receipt), Err(Withheld::Denied(Reason::NoAuthority)));
    let (looked, receipt, yes) = ward.access(ward.urgent("Brought in unconscious"));
    assert_eq!((yes.permit, yes.reason), (true, Reason::Emergency));
    let released = release(&receipt).unwrap();
    assert!(released.access.emergency);
    assert_eq!(released.reason, Reason::Emergency);

    // The person reads both, the emergency with why; so does who asked. Nobody else does.
    let all = desk.client(&ward.patient).records(&ward.patient.party, &|_| {}).unwrap();
    let seen = |id: &Hash| -> Value {
        let filed = all.records().iter().find(|filed| filed.logged.entry.id() == Some(*id)).unwrap();
        let opened = filed.logged.opened().unwrap();
        let Content::Access(access) = opened.record.content() else { panic!("{opened:?}") };
        json!([access.emergency, opened.disclosed_str("justification")])
    };
    assert_eq!(seen(&refused), json!([false, null]));
    assert_eq!(seen(&looked), json!([true, "Brought in unconscious"]));
    assert!(!String::from_utf8(receipt).unwrap().contains("justification"), "a receipt shows no reason");
    assert!(!desk.lists(&desk.world.registrar, &looked));
}
