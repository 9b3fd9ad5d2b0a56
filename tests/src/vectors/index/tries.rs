//! Pruned tries: presence, absence, and each forgery. Proofs are written by hand from the layout, independently of `prove`.

use super::{Case, hex};
use procura_core::hash::{self, Hash};
use serde_json::{Value, json};

/// A node of a proof as this file writes it.
#[derive(Clone)]
enum Node {
    Stub(Hash),
    Leaf(Hash, Hash),
    Inner(u8, Box<Node>, Box<Node>),
}

pub(super) fn cases() -> Vec<Case> {
    [presence_and_absence(), forgeries(), layouts()].concat()
}

/// The trie of the cases: 0x00, 0x40, 0x80 and 0xc0, each followed by 31 zero bytes, branching at bits 0 and 1.
fn left() -> Node {
    inner(1, leaf(0x00), leaf(0x40))
}

fn right() -> Node {
    inner(1, leaf(0x80), leaf(0xc0))
}

fn root() -> Hash {
    digest(&inner(0, left(), right()))
}

fn presence_and_absence() -> Vec<Case> {
    let pruned = inner(0, inner(1, stub(&leaf(0x00)), leaf(0x40)), stub(&right()));
    let mut close = key(0x40);
    if let Some(last) = close.0.last_mut() {
        *last = 1;
    }
    let apart = inner(0xff, Node::Leaf(key(0x40), value(1)), Node::Leaf(close, value(2)));
    vec![
        case(
            "present-and-absent",
            "One leaf shows one key present and every other key that leads there absent; a stub shows nothing.",
            "accept",
            root(),
            &pruned,
            json!([
                query(key(0x40), &hex(&value(0x40).0)),
                query(key(0x7f), "absent"),
                query(close, "absent"),
                query(key(0x00), "missing"),
                query(key(0x80), "missing"),
            ]),
        ),
        case(
            "one-key",
            "A trie of one key is its leaf: any other key is absent.",
            "accept",
            digest(&leaf(0x40)),
            &leaf(0x40),
            json!([query(key(0x40), &hex(&value(0x40).0)), query(key(0xff), "absent")]),
        ),
        case(
            "last-bit",
            "Two keys that differ in their last bit only.",
            "accept",
            digest(&apart),
            &apart,
            json!([query(key(0x40), &hex(&value(1).0)), query(close, &hex(&value(2).0))]),
        ),
        Case::new(
            "trie-empty",
            "The empty trie has the root H(\"\"), and every key is absent.",
            "accept",
            json!({ "type": "trie", "root": hex(&hash::empty().0), "proof": "03", "queries": [query(key(0), "absent")] }),
        ),
        case(
            "stub-of-empty",
            "A stub that hashes as the empty trie does shows nothing.",
            "accept",
            hash::empty(),
            &Node::Stub(hash::empty()),
            json!([query(key(0), "missing")]),
        ),
        case(
            "stub-alone",
            "A stub alone is a proof of nothing.",
            "accept",
            root(),
            &Node::Stub(root()),
            json!([query(key(0), "missing")]),
        ),
        surplus(),
    ]
}

fn surplus() -> Case {
    let proof = inner(0, left(), stub(&right()));
    let reason = "A leaf that no query needed is surplus: a receipt that carries it is refused.";
    let members = json!({
        "type": "trie", "root": hex(&root().0), "proof": hex(&bytes(&proof)),
        "queries": [query(key(0x40), &hex(&value(0x40).0))], "surplus": [hex(&key(0).0)],
    });
    Case::new("trie-surplus-leaf", reason, "accept", members)
}

fn forgeries() -> Vec<Case> {
    let refuse = |name: &str, reason: &str, expect: &str, proof: Node| {
        case(name, reason, expect, root(), &proof, json!([query(key(0x40), "absent")]))
    };
    let itself = |name: &str, reason: &str, expect: &str, proof: Node| {
        case(name, reason, expect, digest(&proof), &proof, json!([query(key(0x40), "absent")]))
    };
    vec![
        refuse(
            "forged-other-value",
            "A leaf with another value gives another root.",
            "trie_wrong_root",
            inner(0, inner(1, stub(&leaf(0x00)), Node::Leaf(key(0x40), value(9))), stub(&right())),
        ),
        refuse(
            "forged-node-left-out",
            "A node left out, so that the key leads to its neighbour.",
            "trie_wrong_root",
            inner(0, leaf(0x00), stub(&right())),
        ),
        refuse(
            "forged-other-bit",
            "A node said to branch at another bit, so that the key leads to its neighbour.",
            "trie_wrong_root",
            inner(0, inner(2, leaf(0x00), stub(&leaf(0x40))), stub(&right())),
        ),
        refuse(
            "forged-sides-swapped",
            "Two leaves with their places exchanged.",
            "trie_misplaced",
            inner(0, inner(1, leaf(0x40), leaf(0x00)), stub(&right())),
        ),
        refuse(
            "forged-node-as-leaf",
            "The two hashes of a node given as a leaf's key and value: the node hashes 65 bytes, the leaf 64.",
            "trie_wrong_root",
            Node::Leaf(digest(&left()), digest(&right())),
        ),
        Case::new(
            "trie-forged-empty",
            "The empty trie in place of one that is not.",
            "trie_wrong_root",
            json!({ "type": "trie", "root": hex(&root().0), "proof": "03", "queries": [query(key(0x40), "absent")] }),
        ),
        Case::new(
            "trie-forged-zero-root",
            "A root of zeros is no empty map.",
            "trie_wrong_root",
            json!({ "type": "trie", "root": hex(&[0; 32]), "proof": "03", "queries": [query(key(0x40), "absent")] }),
        ),
        itself(
            "bits-descend",
            "Under this root a node branches before the one above it: no trie has it.",
            "trie_bit_order",
            inner(1, inner(0, leaf(0x00), leaf(0x80)), stub(&right())),
        ),
        itself(
            "bit-twice",
            "Under this root two nodes on a path branch at the same bit.",
            "trie_bit_order",
            inner(0, leaf(0x00), inner(0, leaf(0x80), leaf(0xc0))),
        ),
        itself(
            "wrong-side-of-stub",
            "Under this root a leaf stands on the side that is not its own, beside a stub.",
            "trie_misplaced",
            inner(0, stub(&left()), leaf(0x00)),
        ),
        itself(
            "wrong-side-above",
            "Under this root a leaf is on its side of the node above it, and not of the next one up.",
            "trie_misplaced",
            inner(0, stub(&left()), inner(1, stub(&right()), leaf(0x40))),
        ),
        itself(
            "bit-skipped",
            "Under this root two leaves differ before the bit at which their node says they part.",
            "trie_misplaced",
            inner(1, leaf(0x00), leaf(0xc0)),
        ),
    ]
}

fn layouts() -> Vec<Case> {
    let good = bytes(&inner(0, left(), stub(&right())));
    let raw = |name: &str, reason: &str, expect: &str, proof: &[u8]| {
        let members = json!({ "type": "trie", "root": hex(&root().0), "proof": hex(proof), "queries": [] });
        Case::new(&format!("trie-{name}"), reason, expect, members)
    };
    let stub = [&[0][..], &[5; 32]].concat();
    let mut deep = [2, 0].repeat(257);
    deep.extend(stub.repeat(258));
    vec![
        raw(
            "two-stubs",
            "A node with two stubs is surplus: its hash says as much.",
            "trie_surplus",
            &[&[2, 0], &stub[..], &stub].concat(),
        ),
        raw("no-bytes", "No byte at all.", "trie_truncated", &[]),
        raw(
            "truncated",
            "The last byte is missing.",
            "trie_truncated",
            good.split_last().map_or(&[], |(_, rest)| rest),
        ),
        raw("trailing", "A byte follows the trie.", "trie_trailing_bytes", &[&good[..], &[0]].concat()),
        raw("empty-trailing", "A byte follows the empty trie.", "trie_trailing_bytes", &[3, 3]),
        raw("unknown-node", "No node starts with 4.", "trie_unknown_node", &[4]),
        raw("empty-inside", "The empty trie stands inside another.", "trie_empty_inside", &[2, 0, 3]),
        raw("too-deep", "257 inner nodes on a path.", "trie_too_deep", &deep),
    ]
}

fn case(name: &str, reason: &str, expect: &str, root: Hash, proof: &Node, queries: Value) -> Case {
    let members =
        json!({ "type": "trie", "root": hex(&root.0), "proof": hex(&bytes(proof)), "queries": queries });
    Case::new(&format!("trie-{name}"), reason, expect, members)
}

fn query(key: Hash, answer: &str) -> Value {
    json!({ "key": hex(&key.0), "answer": answer })
}

fn key(first: u8) -> Hash {
    let mut key = [0; 32];
    if let Some(byte) = key.first_mut() {
        *byte = first;
    }
    Hash(key)
}

fn value(byte: u8) -> Hash {
    Hash([byte; 32])
}

fn leaf(first: u8) -> Node {
    Node::Leaf(key(first), value(first))
}

fn stub(of: &Node) -> Node {
    Node::Stub(digest(of))
}

fn inner(bit: u8, left: Node, right: Node) -> Node {
    Node::Inner(bit, Box::new(left), Box::new(right))
}

fn digest(node: &Node) -> Hash {
    match node {
        Node::Stub(hash) => *hash,
        Node::Leaf(key, value) => hash::sha256(&[&key.0, &value.0]),
        Node::Inner(bit, left, right) => hash::sha256(&[&digest(left).0, &digest(right).0, &[*bit]]),
    }
}

fn bytes(node: &Node) -> Vec<u8> {
    match node {
        Node::Stub(hash) => [&[0][..], &hash.0].concat(),
        Node::Leaf(key, value) => [&[1][..], &key.0, &value.0].concat(),
        Node::Inner(bit, left, right) => [&[2, *bit][..], &bytes(left), &bytes(right)].concat(),
    }
}
