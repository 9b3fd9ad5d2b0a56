//! Where the corpus comes from: the vectors of `spec/`, and a few inputs by hand for what has none.

use crate::index::{ORIGIN, hash, key};
use crate::input::chunk;
use procura_core::b64;
use procura_core::entry::{Entry, Head, Tags};
use procura_core::hash::leaf;
use procura_core::index::Working;
use procura_core::kv::MemoryKv;
use procura_core::receipt::{Receipt, StatusAsk};
use procura_core::status::{Initial, Status};
use procura_core::{Index, Millis};
use procura_ledger::side::{SideFile, SideMark};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The time at which the servers of the targets stand still: `procura_tests::world::START`.
pub(crate) const NOW_MS: u64 = 1_795_424_400_000;

/// The vectors of one area, by name.
pub(crate) fn vectors(area: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(area);
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("the vectors").map(|entry| entry.expect("the vectors").path()).collect();
    paths.sort();
    let read =
        |path: &Path| serde_json::from_str(&fs::read_to_string(path).expect("a vector")).expect("a vector");
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// Every seed: the target's name and the input.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    for area in [encoding, conditions, records, log, index, receipts, requests, files] {
        seeds.extend(area());
    }
    seeds
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn text(value: &Value) -> Vec<u8> {
    value.as_str().expect("a text").as_bytes().to_vec()
}

fn base64(value: &Value) -> Vec<u8> {
    b64::decode(value.as_str().expect("a text")).unwrap_or_default()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("a text").as_bytes();
    digits.chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn encoding() -> Seeds {
    let mut seeds = Seeds::new();
    for (_, case) in vectors("encoding") {
        match case["type"].as_str() {
            Some("json") if case.get("text").is_some() => seeds.push(("json", text(&case["text"]))),
            Some("json") => seeds.push(("json", base64(&case["bytes"]))),
            Some("jws") => seeds.push(("jws", text(&case["jws"]))),
            Some("key") if case.get("jwk").is_some() => seeds.push(("texts", case["jwk"].to_string().into())),
            Some("key") => seeds.push(("texts", base64(&case["key"]))),
            Some("signature") => {
                let parts = ["key", "signature", "message"].map(|name| base64(&case[name]));
                seeds.push(("texts", parts.concat()));
            }
            Some("day") if case.get("day").is_some() => seeds.push(("texts", text(&case["day"]))),
            Some("identifier") => seeds.push(("texts", text(&case["identifier"]))),
            Some("disclosures") => {
                let disclosures = case["disclosures"].as_array().cloned().unwrap_or_default();
                let lines: Vec<Vec<u8>> = std::iter::once(case["payload"].to_string().into_bytes())
                    .chain(disclosures.iter().map(base64))
                    .collect();
                seeds.push(("disclosures", lines.join(&b'\n')));
            }
            _ => {}
        }
    }
    seeds
}

fn conditions() -> Seeds {
    let mut seeds = Seeds::new();
    for (_, case) in vectors("condition") {
        if case.get("conditions").is_some() {
            let given = json!({
                "conditions": case["conditions"], "request": case["request"], "at": case["at"], "uses": case["uses"],
            });
            seeds.push(("conditions", given.to_string().into()));
        }
        if case["type"] == "request" {
            seeds.push(("authzen", case["request"].to_string().into()));
        }
    }
    seeds
}

fn records() -> Seeds {
    let mut seeds = Seeds::new();
    for (_, case) in vectors("record") {
        let submission = &case["submission"];
        let record = submission["record"].as_str().unwrap_or_default();
        seeds.push(("submission", submission.to_string().into()));
        seeds.push(("jws", record.into()));
        if let Some(payload) = record.split('.').nth(1).and_then(|payload| b64::decode(payload).ok()) {
            seeds.push(("record", payload));
        }
    }
    seeds
}

fn log() -> Seeds {
    let mut seeds = Seeds::new();
    for (_, case) in vectors("log") {
        match case["type"].as_str() {
            Some("note") if case.get("bytes").is_some() => seeds.push(("note", base64(&case["bytes"]))),
            Some("note") => seeds.push(("note", text(&case["text"]))),
            Some("checkpoint") => {
                seeds.push(("note", text(&case["text"])));
                seeds.push(("checkpoint", text(&case["text"])));
                seeds.push(("add-checkpoint", [b"old 0\n\n".to_vec(), text(&case["text"])].concat()));
                let hash = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";
                let head = format!("old 3\n{hash}{hash}\n").into_bytes();
                seeds.push(("add-checkpoint", [head, text(&case["text"])].concat()));
            }
            Some("cosignature") => {
                let note = [text(&case["text"]), b"\n".to_vec(), text(&case["line"]), b"\n".to_vec()];
                seeds.push(("note", note.concat()));
                seeds.push(("texts", text(&case["key"])));
                seeds.push(("add-checkpoint", [text(&case["line"]), b"\n".to_vec()].concat()));
            }
            Some("tlog-proof") => seeds.push(("tlog-proof", text(&case["text"]))),
            Some("policy") => seeds.push(("tlog-policy", text(&case["text"]))),
            Some("successor") => {
                seeds.push(("successor", text(&case["text"])));
                // Entry 0's record with its first signature, as its holder hands it on.
                let file = json!({"v": 1, "record": case["root"], "acceptances": []});
                seeds.push(("root-file", file.to_string().into()));
            }
            Some("tile-path") => seeds.push(("tiles", text(&case["path"]))),
            Some("bundle") => {
                let path = format!("tile/entries/000.p/{}\n", case["width"]);
                seeds.push(("tiles", [path.into_bytes(), base64(&case["bytes"])].concat()));
            }
            _ => {}
        }
    }
    seeds.push(("tiles", [&b"tile/0/000.p/2\n"[..], &[7; 64]].concat()));
    seeds
}

fn index() -> Seeds {
    let mut seeds = Seeds::new();
    for (_, case) in vectors("index") {
        match case["type"].as_str() {
            Some("entry") => seeds.push(("entry", hex(&case["entry"]))),
            Some("apply") => {
                seeds.extend(
                    case["entries"].as_array().into_iter().flatten().map(|entry| ("entry", hex(entry))),
                );
            }
            Some("trie") => seeds.push(("trie", [vec![0], hex(&case["proof"])].concat())),
            _ => {}
        }
    }
    for n in 0..24_u8 {
        // Choices without a meaning of their own: any bytes spell some.
        let bytes: Vec<u8> = (0..4).flat_map(|part| leaf(&[n, part]).0).collect();
        seeds.push(("apply", bytes.clone()));
        seeds.push(("proof", bytes.iter().map(|byte| byte % 8).collect()));
        seeds.push(("tampered", bytes[..24].to_vec()));
        seeds.push(("trie", [&[1], &bytes[..24]].concat()));
    }
    for kept in [2, 5, 40] {
        seeds.push(("rows", rows(kept)));
    }
    seeds
}

/// The rows of a small index as the target `rows` spells them, `kept` of them at most.
fn rows(kept: usize) -> Vec<u8> {
    let head = |n: u8| Head {
        time: Millis(1000),
        id: hash(n),
        commitment: leaf(&[n]),
        tags: Tags::new(vec![hash(n)]).expect("one tag"),
    };
    let empty = MemoryKv::default();
    let mut working = Working::new(&empty, ORIGIN).expect("an index of nothing");
    let entries = [
        Entry::Create { head: head(0), status: Initial::new(2).expect("active") },
        Entry::Party { head: head(1), status: Initial::new(1).expect("pending"), alias: hash(2) },
        Entry::Transition { head: head(3), target: Index(1), target_id: hash(1), status: Status::ACTIVE },
        Entry::Create { head: head(4), status: Initial::new(1).expect("pending") },
    ];
    for entry in entries {
        working.apply(&entry.encode()).expect("a valid entry");
    }
    let mut kv = MemoryKv::default();
    kv.write(working.finish().expect("rows in memory"));
    let mut out = Vec::new();
    for kind in 0..8 {
        for n in 0..24 {
            if let Some(row) = kv.0.get(&key(kind, n)).filter(|_| kind != 7 || n == 0) {
                out.push([&[kind, n], &chunk(row)[..]].concat());
            }
        }
    }
    // What a trie needs first.
    out.reverse();
    out.truncate(kept);
    out.concat()
}

fn receipts() -> Seeds {
    let mut seeds = Seeds::new();
    for (name, case) in vectors("renewal") {
        if ["existence", "key-ended-since", "unknown-member"].contains(&name.as_str()) {
            seeds.push(("status-proof", case["proof"].to_string().into()));
            let receipt = Receipt::parse(case["receipt"].to_string().as_bytes()).expect("a receipt");
            let ask = StatusAsk::of(&receipt, None).expect("a receipt that can be renewed");
            seeds.push(("status-proof", ask.to_json().into()));
        }
    }
    for (name, case) in vectors("presentation") {
        if ["mandatee", "notice-ahead", "another-record"].contains(&name.as_str()) {
            seeds.push(("presentation", case["presentation"].to_string().into()));
            seeds.push(("presentation", case["challenge"].to_string().into()));
        }
    }
    for (name, case) in vectors("receipt") {
        let receipt = match &case["receipt"] {
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let shown =
            ["status", "existence", "complete-page", "authority-nobody", "witnessed", "malformed-text"];
        if shown.contains(&name.as_str()) {
            seeds.push(("receipt", receipt.into()));
        }
        seeds.push(("policy", case["policy"].to_string().into()));
        if let Some(request) = case["ask"].get("request") {
            seeds.push(("authzen", request.to_string().into()));
        }
    }
    seeds.extend(evidence());
    for (actor, kind) in
        [("kbo:0999999922", "party"), ("party:x", "party"), ("", "robot"), ("kbo:0999999922", "robot")]
    {
        let request = json!({
            "subject": {"type": kind, "id": actor, "properties": {"x": [1, null]}},
            "action": {"name": "read"},
            "resource": {"type": "tax", "id": "niss:48.03.15-002.92"},
            "context": {"on_behalf_of": "niss:48031500292"},
        });
        seeds.push(("authzen", request.to_string().into()));
    }
    seeds
}

/// Files of evidence that convict nobody by themselves, a form each; and what somebody has in hand.
fn evidence() -> Seeds {
    let cases: std::collections::BTreeMap<_, _> = vectors("receipt").into_iter().collect();
    let case = |name: &str| cases.get(name).expect("a vector");
    let receipt = |name: &str| case(name)["receipt"].to_string();
    let note = json!({"note": case("relayed")["ask"]["note"], "key": "{}"});
    let record = &case("in-hand-revocation")["ask"]["record"];
    let in_hand = json!({"v": 1, "record": record, "notes": [note], "key": "{}"});
    let head = |fault: &str| json!({"v": 1, "origin": "trial/world", "fault": fault, "explanation": "…"});
    let proof = case("pinned")["receipt"]["proof"].as_str().unwrap_or_default();
    let checkpoint = proof.split_once("\n\n").map_or("", |(_, checkpoint)| checkpoint);
    let zero = hash(0);
    let placed = json!({"index": 3, "bytes": "AAAA", "path": [zero]});
    let with = |fault: &str, members: Value| {
        let mut file = head(fault);
        if let (Some(file), Some(members)) = (file.as_object_mut(), members.as_object()) {
            file.extend(members.clone());
        }
        ("evidence", file.to_string().into_bytes())
    };
    vec![
        ("evidence", in_hand.to_string().into()),
        ("evidence", text(record)),
        with("suppressed", json!({"in_hand": in_hand, "receipt": receipt("in-hand-revocation")})),
        with("fork", json!({"seen": checkpoint, "shown": checkpoint, "consistency": [zero], "begins": zero})),
        with("time_backwards", json!({"checkpoint": checkpoint, "entry": placed, "previous": placed})),
        with("misfiled", json!({"party": zero, "receipts": [receipt("complete-page")]})),
    ]
}

fn requests() -> Seeds {
    let bearer = "Authorization: Bearer {token}";
    let ask = r#"{"subject":{"type":"party","id":"niss:75061200192"},"action":{"name":"help"},"resource":{"type":"pensions","id":"niss:48031500292"}}"#;
    let submission = vectors("record")
        .into_iter()
        .find(|(_, case)| case["expect"] == "accept")
        .map(|(_, case)| case["submission"].to_string());
    let requests = [
        "GET /v1/log".to_owned(),
        "GET /checkpoint".to_owned(),
        "GET /healthz".to_owned(),
        "GET /readyz".to_owned(),
        "GET /openapi.json".to_owned(),
        "GET /docs".to_owned(),
        "GET /.well-known/authzen-configuration".to_owned(),
        "GET /tile/0/000.p/9".to_owned(),
        "GET /tile/1/x001/000".to_owned(),
        format!("GET /tile/entries/000.p/9\n{bearer}"),
        "GET /v1/proofs/inclusion?index=0".to_owned(),
        "GET /v1/proofs/inclusion?index=01&index=x".to_owned(),
        "GET /v1/proofs/consistency?from=3&to=9".to_owned(),
        "GET /v1/proofs/consistency?from=0".to_owned(),
        format!("GET /v1/catalogues\n{bearer}"),
        format!("GET /v1/records/{{catalogue}}\n{bearer}\nX-Request-ID: 7"),
        format!("GET /v1/records/{{catalogue}}/receipt?as_of=30&from=2\n{bearer}"),
        format!("GET /v1/records/{{pensions-for-mother}}\n{bearer}"),
        format!("GET /v1/parties/{{municipality}}/records?from=0&pinned=7\n{bearer}"),
        format!("GET /v1/parties/{{mother}}/records?pinned=9\n{bearer}"),
        format!("POST /v1/parties/resolve\n{bearer}\nContent-Type: application/json\n\n{{\"identifier\":\"niss:48031500292\"}}"),
        format!("POST /access/v1/evaluation\n{bearer}\nContent-Type: application/json; charset=utf-8\n\n{ask}"),
        format!("POST /access/v1/evaluation\n\n{ask}"),
        format!("POST /access/v1/evaluations\n{bearer}\nContent-Type: application/json\n\n{{\"options\":{{\"evaluations_semantic\":\"deny_on_first_deny\"}},\"evaluations\":[{ask},{{}}]}}"),
        format!("POST /access/v1/search/subject\n{bearer}\nContent-Type: application/json\n\n{ask}"),
        format!("POST /access/v1/search/resource\n{bearer}\nContent-Type: application/json\n\n{}", ask.replacen('{', "{\"page\":{\"limit\":1,\"token\":\"AA\"},", 1)),
        format!("POST /access/v1/search/action\n{bearer}\nContent-Type: application/json\n\n{ask}"),
        format!("POST /v1/checks?from=3\n{bearer}\nContent-Type: application/json\n\n{ask}"),
        format!("POST /v1/records?from=2\nContent-Type: application/json\n\n{}", submission.unwrap_or_default()),
        "POST /v1/records\nContent-Type: application/jose\n\na.b.c".to_owned(),
        "POST /oauth/token\nContent-Type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c&client_id={son}".to_owned(),
        "DELETE /v1/records".to_owned(),
        "GET /nothing".to_owned(),
    ];
    let mut seeds: Seeds = requests.into_iter().map(|request| ("request", request.into_bytes())).collect();
    let header = r#"{"typ":"JWT","alg":"EdDSA","kid":"{son-key}"}"#;
    for claims in [
        r#"{"iss":"{son}","sub":"{son}","aud":"{origin}","iat":{now},"exp":{now},"jti":"1"}"#,
        r#"{"iss":"{son}","sub":"{son}","aud":"{origin}","iat":1795424390,"exp":1795424600.5,"jti":"2"}"#,
        r#"{"iss":"{son}","sub":"{mother}","aud":["http://127.0.0.1:8080/oauth/token"],"iat":1795424390,"nbf":1795424399.25,"exp":1795424600,"jti":"3"}"#,
    ] {
        seeds.push(("token", format!("{header}\n{claims}").into_bytes()));
    }
    for path in
        ["records/{id}", "records/{id}/receipt?as_of=30", "parties/{id}/records?from=1", "records/{id}?x=1"]
    {
        seeds.push(("answer", path.into()));
    }
    seeds
}

fn files() -> Seeds {
    let seed = b64::encode(&[7; 32]);
    let id = hash(1).to_string();
    // A party's: kid, signature, opening, handle, alias proof; under whom it is filed; a disclosure; the payload.
    let filed = [&[1][..], &hash(1).0, &4_u64.to_be_bytes()].concat();
    let vault =
        [&[3, 6][..], &[7; 32 + 64 + 64 + 32 + 80], &filed, b"\x01\0\x0f[\"AA\",\"name\",1]{}"].concat();
    let mut seeds: Seeds = vec![
        ("file-key", format!(r#"{{"v":1,"seed":"{seed}"}}"#).into()),
        ("file-key", format!(r#"{{"v":1,"seed":"{seed}","kid":"{id}","party":"{id}","origin":"trial/x","name":"a","identifier":null}}"#).into()),
        ("file-key", format!(r#"{{"seed":"{seed}"}}"#).into()),
        ("file-key", b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 18\n".to_vec()),
        ("vault", [&[2][..], &vault].concat()),
        ("vault", vault),
        ("vault", [&[0, 0, 0, 0, 0, 0, 0, 9][..], b"trial/x\n9\n"].concat()),
        ("vault", [&[1][..], &[0; 44]].concat()),
    ];
    if let Some((_, case)) = vectors("receipt").into_iter().find(|(name, _)| name == "pinned") {
        let proof = case["receipt"]["proof"].as_str().unwrap_or_default();
        let checkpoint = proof.split_once("\n\n").map_or("", |(_, checkpoint)| checkpoint);
        let trusted = json!({
            "v": 1,
            "origin": ORIGIN,
            "trusted_by": "first_use",
            "servers": ["http://127.0.0.1:8080"],
            "policy": case["policy"],
            "checkpoint": checkpoint,
        });
        seeds.push(("file-trusted", trusted.to_string().into()));
    }
    let head = format!("{{\"v\":1,\"import\":\"{ORIGIN}\",\"mandator\":\"{id}\",\"salt\":\"{id}\"}}\n");
    let key = hash(2);
    if let Some((_, case)) =
        vectors("record").into_iter().find(|(_, case)| case["submission"]["record"].is_string())
    {
        let (record, link) = (&case["submission"]["record"], b64::encode(&[7; 32]));
        let signed = json!({"key": key, "record": record, "disclosures": ["x"], "link": link});
        let given = json!({"key": key, "given": 7});
        seeds.push(("file-journal", format!("{head}{signed}\n{given}\n{{\"key\"").into()));
    }
    seeds.push(("file-journal", head.into()));
    for (layout, file) in [
        (
            0,
            "48031500292;a@b.be;10;FR;file 7;20990101;\n\n0440966354;;;;;20990101;20991231\n75061200193;;;x;;;\n",
        ),
        (
            1,
            "INSZ;scopes;reference;valid_until\r\n48.03.15-002.92;\"taxes,flexi\";\"a \"\"b\"\"\";2099-12-31\r\n",
        ),
        (1, "\u{feff}mandatee,conditions\nniss:48031500292,\"[{\"\"type\"\":\"\"purpose\"\"}]\"\n"),
        (
            2,
            "{\"mandatee\":\"48031500292\",\"scopes\":[\"taxes\"],\"substitution\":2,\"reference\":null}\n[]\n",
        ),
    ] {
        seeds.push(("import", [&[layout], file.as_bytes()].concat()));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("side");
    let side = SideFile::open(&path).expect("a new side file");
    seeds.push(("file-side", Vec::new()));
    for size in [1, 2, 3] {
        let mark = SideMark { size: procura_core::Size(size), checkpoint: format!("trial/x\n{size}\n") };
        side.record(&mark).expect("it fits");
        // To the last byte that says something.
        let bytes = fs::read(&path).expect("what was just written");
        seeds.push(("file-side", bytes));
    }
    seeds
}
