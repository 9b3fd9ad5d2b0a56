//! The form, the key binding, and what is disclosed.

use super::{Stage, Trial};
use procura_core::key::Signer as _;
use procura_core::presentation::{Presentation, Showable};
use procura_core::{Hash, Millis, b64};
use procura_ledger::Clock;
use serde_json::{Value, json};

/// Changes a presentation as JSON.
fn changed(of: &Trial, names: [&'static str; 3], change: impl FnOnce(&mut Value)) -> Trial {
    let mut trial = of.clone();
    [trial.name, trial.reason, trial.expect] = names;
    change(&mut trial.presentation);
    trial
}

/// The key binding with another header, and the same signature.
fn with_header(presentation: &mut Value, header: &str) {
    let kb = presentation["kb"].as_str().unwrap().to_owned();
    let (_, rest) = kb.split_once('.').unwrap();
    presentation["kb"] = json!(format!("{}.{rest}", b64::encode(header.as_bytes())));
}

pub(super) fn trials() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let right = stage.told(["", "", "accept"], &stage.shown(&given, &son));
    let forms = [
        changed(&right, ["unknown-member", "A member that nobody knows.", "malformed"], |value| {
            value["exp"] = json!(1)
        }),
        changed(
            &right,
            ["mandate-no-receipt", "The mandate's receipt lacks its lists.", "malformed"],
            |value| {
                drop(value["mandate"].as_object_mut().unwrap().remove("lists"));
            },
        ),
        changed(&right, ["twice", "The key binding twice.", "malformed"], |value| {
            let text = value.to_string();
            let again = format!(",\"kb\":{}}}", value["kb"]);
            *value = json!(text.strip_suffix('}').unwrap().to_owned() + &again);
        }),
        changed(&right, ["later-version", "A later version.", "unknown_version"], |value| {
            value["v"] = json!(2)
        }),
        changed(&right, ["no-binding", "The record alone, without a key binding.", "jws_parts"], |value| {
            value["kb"] = json!("")
        }),
        changed(
            &right,
            ["alg-none", "A key binding that nobody signed, by its own word.", "jws_alg"],
            |value| {
                with_header(
                    value,
                    &format!("{{\"alg\":\"none\",\"kid\":\"{}\",\"typ\":\"kb+jwt\"}}", son.kid),
                );
            },
        ),
        changed(
            &right,
            ["alg-hmac", "A key binding under a key that everybody knows.", "jws_alg"],
            |value| {
                with_header(
                    value,
                    &format!("{{\"alg\":\"HS256\",\"kid\":\"{}\",\"typ\":\"kb+jwt\"}}", son.kid),
                );
            },
        ),
        changed(
            &right,
            ["key-in-the-header", "A key binding that brings its key along.", "jws_header_members"],
            |value| {
                let jwk = son.key.public_key().jwk();
                with_header(
                    value,
                    &format!(
                        "{{\"alg\":\"Ed25519\",\"jwk\":{jwk},\"kid\":\"{}\",\"typ\":\"kb+jwt\"}}",
                        son.kid
                    ),
                );
            },
        ),
        changed(
            &right,
            ["a-record-as-binding", "A record of the holder's in the place of the key binding.", "jws_typ"],
            |value| {
                let note = procura_core::draft::Draft::new("note", &stage.world.occasion());
                value["kb"] = json!(note.sign(&son.kid, son.key.as_ref()).unwrap().record);
            },
        ),
    ];
    [forms.to_vec(), claims(&stage, &son, &right), disclosures(&stage, &mother, &son, &given)].concat()
}

fn claims(stage: &Stage, son: &crate::world::Actor, right: &Trial) -> Vec<Trial> {
    use procura_core::json::canonical;
    use procura_core::jws::Jws;
    let kb = right.presentation["kb"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(Jws::parse(kb, "kb+jwt").unwrap().payload()).unwrap();
    let now_s = stage.world.clock.now().0 / 1000;
    // Each is signed by the holder's own key.
    let claiming = |names: [&'static str; 3], change: &dyn Fn(&mut Value)| {
        changed(right, names, |value| {
            let mut claims = claims.clone();
            change(&mut claims);
            let kb = Jws::sign(&son.kid, "kb+jwt", &canonical(&claims), son.key.as_ref()).unwrap();
            value["kb"] = json!(kb);
        })
    };
    let mut elsewhere = right.clone();
    [elsewhere.name, elsewhere.reason, elsewhere.expect] =
        ["other-ledger", "The challenge is for a ledger that the policy does not trust.", "wrong_origin"];
    elsewhere.challenge.origin = "trial/elsewhere".to_owned();
    let mut replayed = right.clone();
    [replayed.name, replayed.reason, replayed.expect] =
        ["replayed", "What was shown for one challenge, for the next one of the same verifier.", "kb_nonce"];
    replayed.challenge.nonce = Hash([0x5B; 32]);
    let mut passed_on = right.clone();
    [passed_on.name, passed_on.reason, passed_on.expect] =
        ["passed-on", "What was shown to one verifier, to another with the same nonce.", "kb_aud"];
    passed_on.challenge.aud = "https://bank.example".parse().unwrap();
    let mut late = right.clone();
    [late.name, late.reason, late.expect] = ["late", "Five minutes and a second later.", "kb_iat"];
    late.now = Millis(now_s * 1000 + 300_001);
    vec![
        elsewhere,
        replayed,
        passed_on,
        late,
        claiming(["signed-ahead", "Signed for a time that lies ahead.", "kb_iat"], &|claims| {
            claims["iat"] = json!(now_s + 302)
        }),
        claiming(["signed-in-milliseconds", "A time in milliseconds.", "kb_iat"], &|claims| {
            claims["iat"] = json!(now_s * 1000)
        }),
        claiming(["another-claim", "A claim more.", "kb_claims"], &|claims| {
            claims["exp"] = json!(now_s + 60)
        }),
        claiming(["no-nonce", "A claim less.", "kb_claims"], &|claims| {
            drop(claims.as_object_mut().unwrap().remove("nonce"))
        }),
        claiming(["several-audiences", "More than one audience.", "kb_claims"], &|claims| {
            claims["aud"] = json!([claims["aud"]])
        }),
        claiming(["another-record", "A key binding over another record.", "kb_sd_hash"], &|claims| {
            claims["sd_hash"] = json!(Hash([1; 32]))
        }),
    ]
}

fn disclosures(
    stage: &Stage,
    mother: &crate::world::Actor,
    son: &crate::world::Actor,
    given: &Hash,
) -> Vec<Trial> {
    let all = stage.asking(&Showable::ALL, None);
    let reference = stage.asking(&[Showable::Reference], None);
    let shown = stage.made(stage.parts(given, son), son, &all, &son.party);
    let withheld = stage.made(stage.parts(given, son), son, &stage.challenge, &son.party);
    let bare = |of: &Presentation, kb: &Presentation| Presentation { kb: kb.kb.clone(), ..of.clone() };
    let as_read = stage.signed(stage.parts(given, son), son, &stage.challenge);
    let mut of_hers = shown.parts.clone();
    let hers = stage.receipt(&mother.party, mother);
    let identifier = hers
        .entries
        .iter()
        .filter_map(|entry| entry.sealed.as_ref())
        .find(|sealed| procura_core::record::Record::parse(&sealed.body).unwrap().id() == mother.party);
    for sealed in of_hers.mandate.entries.iter_mut().filter_map(|entry| entry.sealed.as_mut()) {
        if identifier.is_some_and(|hers| hers.body == sealed.body) {
            sealed.disclosures = identifier.unwrap().disclosures.clone();
            sealed.alias_proof = identifier.unwrap().alias_proof;
        }
    }
    let of_hers = stage.signed(of_hers, son, &all);
    let mut handled = withheld.parts.clone();
    for sealed in handled.mandate.entries.iter_mut().filter_map(|entry| entry.sealed.as_mut()) {
        if procura_core::record::Record::parse(&sealed.body).unwrap().id() == son.party {
            sealed.handle = Some(son.handle);
        }
    }
    let handled = stage.signed(handled, son, &stage.challenge);
    vec![
        stage.asked(
            ["disclosure-added", "A disclosure put there after the key signed.", "kb_sd_hash"],
            &bare(&shown, &withheld),
            &stage.challenge,
        ),
        stage.asked(
            ["disclosure-dropped", "A disclosure taken away after the key signed.", "kb_sd_hash"],
            &bare(&withheld, &shown),
            &all,
        ),
        stage.told(
            [
                "all-withheld-shown",
                "The receipt as its holder got it, with all that a verifier need not see.",
                "unasked",
            ],
            &as_read,
        ),
        stage.told(["handle-shown", "A party's handle is shown.", "unasked"], &handled),
        stage.asked(
            ["hers-shown-too", "The identifiers of both parties, where they were asked for.", "accept"],
            &of_hers,
            &all,
        ),
        stage.asked(
            ["reference-withheld", "The reference was asked for, and is withheld.", "not_shown"],
            &stage.made(stage.parts(given, son), son, &stage.challenge, &son.party),
            &reference,
        ),
        stage.asked(
            [
                "name-of-another",
                "The name was asked for, and it is the other party's that is shown.",
                "not_shown",
            ],
            &stage.made(
                stage.parts(given, mother),
                son,
                &stage.asking(&[Showable::Name], None),
                &mother.party,
            ),
            &stage.asking(&[Showable::Name], None),
        ),
    ]
}
