// How a case of each folder of spec/vectors is put to the module: gives what came out (to be compared with the case's results), or throws the fault.

import { b64url, hex, ofB64url, ofHex, ofText } from '../../server/web/verifier/bytes.js';
import { believe, readCheckpoint, readCosignature, readTlogProof } from '../../server/web/verifier/checkpoint.js';
import { conditions, propertiesOf, whyNot, within } from '../../server/web/verifier/conditions.js';
import { dayOf, firstInstant, instantAfter } from '../../server/web/verifier/days.js';
import { decide } from '../../server/web/verifier/decide.js';
import { disclose } from '../../server/web/verifier/disclosures.js';
import { checkKey, keyOfJwk, thumbprint, wrongSignature } from '../../server/web/verifier/ed25519.js';
import { enabling, isUse, permitted, readEntry } from '../../server/web/verifier/entry.js';
import { Fault } from '../../server/web/verifier/fault.js';
import { checkForm, normal, readForm } from '../../server/web/verifier/identifiers.js';
import { canonical, readCanonical, readStrict } from '../../server/web/verifier/json.js';
import { verify, verifyRenewed } from '../../server/web/verifier/index.js';
import { verifyWithdrawal } from '../../server/web/verifier/inhand.js';
import { verifyRelayed } from '../../server/web/verifier/relayed.js';
import { verifySuccessor } from '../../server/web/verifier/successor.js';
import { verifyPresentation } from '../../server/web/verifier/presentation.js';
import { verifyLogKeys } from '../../server/web/verifier/logkeys.js';
import { idOf, readJws } from '../../server/web/verifier/jws.js';
import { Replay } from '../../server/web/verifier/map.js';
import { decimal, readNote, readVerifierKey, signersOf } from '../../server/web/verifier/note.js';
import { judge, readWitnessing } from '../../server/web/verifier/policy.js';
import { readRecord, readSubmission } from '../../server/web/verifier/record.js';
import { sentence } from '../../server/web/verifier/sentences.js';
import { readBundle, readTilePath } from '../../server/web/verifier/tiles.js';
import { checkBelowPeaks, checkConsistency, checkInclusion, checkRange, peaksBeforeLast } from '../../server/web/verifier/tree.js';
import { Trie } from '../../server/web/verifier/trie.js';
import { aliasOf, output } from '../../server/web/verifier/vrf.js';
import { isSame } from './same.mjs';

const fail = (code) => { throw new Fault(code); };
const bytesOf = (object) => ofText(JSON.stringify(object));
const hashes = (texts) => texts.map(ofB64url);
const keysOf = (vkeys) => Promise.all(vkeys.map(readVerifierKey));

const encoding = {
  json(c) {
    const bytes = c.bytes === undefined ? ofText(c.text) : ofB64url(c.bytes);
    const read = c.form === 'canonical' ? readCanonical(bytes) : readStrict(bytes, c.limit);
    return { canonical: canonical(read) };
  },
  async key(c) {
    const key = c.jwk === undefined ? checkKey(ofB64url(c.key)) : keyOfJwk(c.jwk);
    return { thumbprint: b64url(await thumbprint(key)) };
  },
  async signature(c) {
    const wrong = await wrongSignature(checkKey(ofB64url(c.key)), ofB64url(c.message), ofB64url(c.signature));
    return wrong === null ? {} : fail(wrong);
  },
  async jws(c) {
    const key = checkKey(ofB64url(c.key));
    const jws = readJws(c.jws, c.typ);
    const wrong = await wrongSignature(key, jws.signed, jws.signature);
    return wrong === null ? { kid: jws.kid, id: await idOf(jws) } : fail(wrong);
  },
  async disclosures(c) {
    return { members: await disclose(c.payload, c.disclosures, { all: c.mode === 'admission' }) };
  },
  day: (c) => (c.day !== undefined && c.instant === undefined
    ? { first_instant: firstInstant(c.day), instant_after: instantAfter(c.day) }
    : { day: dayOf(c.instant) }),
  identifier: (c) => ({ normal: normal(c.identifier) }),
  form: (c) => (checkForm(readForm(c.form, '/form'), c.value), {}),
};

const index = {
  entry: (c) => (readEntry(ofHex(c.entry)), {}),
  move: (c) => {
    const all = Array.from({ length: 256 }, (_, status) => status).filter((to) => permitted(c.from, to));
    return { permitted: all, enabling: all.filter((to) => enabling(c.from, to)), use: all.filter((to) => isUse(c.from, to)) };
  },
  async apply(c) {
    const replay = new Replay(c.origin);
    for (const entry of c.entries) await replay.apply(readEntry(ofHex(entry)));
    return { map_root: hex(await replay.root()), keys: replay.keys };
  },
  async trie(c) {
    const trie = Trie.read(ofHex(c.proof));
    await trie.check(ofHex(c.root));
    const answers = c.queries.map(({ key }) => ({ key, answer: trie.ask(ofHex(key)) }));
    return { queries: answers.map(({ key, answer }) => ({ key, answer: typeof answer === 'string' ? answer : hex(answer) })), surplus: trie.surplus().map(hex) };
  },
};

const log = {
  inclusion: (c) => checkInclusion({ index: BigInt(c.index), leaf: ofB64url(c.leaf), size: BigInt(c.size), root: ofB64url(c.root), hashes: hashes(c.hashes) }),
  consistency(c) {
    const [old, now] = [c.old, c.new].map(({ size, root }) => ({ size: BigInt(size), root: ofB64url(root) }));
    return checkConsistency(old, now, hashes(c.hashes));
  },
  'peaks-of-last': (c) => ({ peaks: peaksBeforeLast(BigInt(c.size), hashes(c.hashes)).map(b64url) }),
  'below-peaks': (c) => checkBelowPeaks({
    size: BigInt(c.size),
    peaks: hashes(c.peaks),
    leaves: c.leaves.map(({ index: at, leaf }) => ({ index: BigInt(at), leaf: ofB64url(leaf) })),
    hashes: hashes(c.hashes),
  }),
  range: (c) => checkRange({ first: BigInt(c.first), leaves: hashes(c.leaves), size: BigInt(c.size), root: ofB64url(c.root), hashes: hashes(c.hashes) }),
  'tile-path': (c) => {
    const { kind, index: at, width } = readTilePath(c.path);
    return { kind: String(kind), index: String(at), width: String(width) };
  },
  bundle: (c) => ({ entries: readBundle(ofB64url(c.bytes), BigInt(c.width)).map(b64url) }),
  async note(c) {
    const note = readNote(c.bytes === undefined ? c.text : ofB64url(c.bytes));
    const signed = await signersOf(note, await keysOf(c.keys));
    return { signed: c.keys.flatMap((vkey) => [...signed].filter(([key]) => key.vkey === vkey).map(([key, time]) => ({ key: key.vkey, time_s: time === null ? null : String(time) }))) };
  },
  async checkpoint(c) {
    const checkpoint = await readCheckpoint(c.text);
    await believe(checkpoint, c.origin, await keysOf(c.log_keys));
    return { size: String(checkpoint.size), root: b64url(checkpoint.root) };
  },
  async cosignature(c) {
    return { time_s: String(await readCosignature(c.line, await readVerifierKey(c.key), c.text)) };
  },
  async 'tlog-proof'(c) {
    const { index: at, hashes: path, checkpoint } = await readTlogProof(c.text);
    await believe(checkpoint, c.origin, await keysOf(c.log_keys));
    await checkInclusion({ index: at, leaf: ofB64url(c.leaf), size: checkpoint.size, root: checkpoint.root, hashes: path });
  },
  async policy(c) {
    const policy = await readWitnessing(c.text);
    if (c.checkpoint === undefined) return {};
    const time = await judge(policy, c.checkpoint);
    return { quorum_time_s: time === null ? null : String(time) };
  },
  // No browser is a witness: read here with what the module has for proofs, notes and checkpoints.
  async witness(c) {
    const [head, ...rest] = c.text.split('\n\n');
    if (rest.length === 0) fail('witness_form');
    const [first, ...lines] = head.split('\n');
    const old = first.startsWith('old ') ? decimal(first.slice(4)) : null;
    if (old === null) fail('old_line');
    if (lines.length > 63) fail('too_many_hashes');
    const proof = lines.map((line) => (/^[A-Za-z0-9+/]{43}=$/.test(line) ? ofB64url(line.slice(0, -1).replaceAll('+', '-').replaceAll('/', '_')) : fail('hash_line')));
    const checkpoint = await readCheckpoint(rest.join('\n\n'));
    if (c.log_keys.length === 0) fail('unknown_log');
    await believe(checkpoint, checkpoint.origin, await keysOf(c.log_keys));
    if (old > checkpoint.size) fail('old_larger');
    const known = { size: BigInt(c.known.size), root: ofB64url(c.known.root) };
    if (old !== known.size) fail('other_size');
    await checkConsistency(known, checkpoint, proof);
    return { size: String(checkpoint.size), root: b64url(checkpoint.root) };
  },
  async successor(c) {
    const { payload } = await readRecord(c.root);
    return { policy: await verifySuccessor(c.text, payload) };
  },
};

const LANGUAGES = ['de', 'en', 'fr', 'nl'];
const condition = {
  read: (c) => {
    const all = conditions(c.conditions, '/conditions');
    return { sentences: Object.fromEntries(LANGUAGES.map((language) => [language, all.map((one) => sentence(one, language))])) };
  },
  request: (c) => ({ properties: propertiesOf(c.request) }),
  holds(c) {
    const wrong = whyNot(conditions(c.conditions, '/conditions'), { properties: propertiesOf(c.request), purpose: c.request.action.name, at: c.at, uses: c.uses });
    if (wrong === null) return {};
    throw Object.assign(new Fault(wrong.reason), { property: wrong.property });
  },
  within: (c) => (within(c.child, c.parent) ? {} : fail('wider')),
};

const record = {
  async default(c) {
    await readSubmission(typeof c.submission === 'string' ? ofText(c.submission) : bytesOf(c.submission), c.origin, c.time);
  },
};

const decision = {
  default(c) {
    const made = decide(c.request, c.at, c.facts);
    // Over its evidence and the catalogues of that alone it is the same.
    const kept = c.facts.grants.filter(({ id }) => made.evidence.includes(id));
    const named = new Set([...made.evidence, ...kept.map(({ catalogue }) => catalogue)]);
    const catalogues = Object.fromEntries(Object.entries(c.facts.catalogues).filter(([id]) => named.has(id)));
    const again = decide(c.request, c.at, { ...c.facts, grants: kept, catalogues });
    for (const one of [made, again]) if (!isSame(one, c.decision)) throw new Error(`${one === made ? 'decided' : 'decided again'}: ${JSON.stringify(one)}, not ${JSON.stringify(c.decision)}`);
    return made.permit ? {} : fail(made.reason);
  },
};

const receipt = {
  async default(c) {
    const bytes = typeof c.receipt === 'string' ? c.receipt : JSON.stringify(c.receipt);
    if (c.ask.type === 'log_keys') return void (await verifyLogKeys(bytes, c.policy, c.mode, c.pin));
    if (c.ask.type === 'withdrawal') return void (await verifyWithdrawal(bytes, c.ask.record, (c.ask.keys ?? []).map((key) => JSON.stringify(key)), c.policy, c.mode.fresh));
    if (c.ask.type === 'relayed') return void (await verifyRelayed(c.ask.note, c.ask.record, bytes, c.policy));
    await verify(bytes, c.ask, c.policy, c.mode, c.pin);
  },
};

const renewal = {
  async default(c) {
    const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
    const answer = await verifyRenewed(text(c.receipt), text(c.proof), c.ask, c.policy, c.mode, c.pin);
    return { status: answer.status };
  },
};

const presentation = {
  async default(c) {
    const bytes = typeof c.presentation === 'string' ? c.presentation : JSON.stringify(c.presentation);
    const { side, party, by } = await verifyPresentation(bytes, c.challenge, c.policy, c.now);
    const { entries, question } = c.presentation.mandate;
    const shown = (await Promise.all(entries.filter(({ record: text }) => text).map(async (one) => ({ ...one, of: (await readRecord(one.record)).id })))).find(({ of }) => of === question.id);
    return { side, party, by, sd_jwt: [shown.record, ...(shown.disclosures ?? []), c.presentation.kb].join('~') };
  },
};

const vrf = {
  async output(c) {
    return { output: b64url(await output(checkKey(ofB64url(c.key)), ofB64url(c.alpha), ofB64url(c.proof))) };
  },
  async alias(c) {
    return { alias: b64url(await aliasOf(normal(c.identifier), checkKey(ofB64url(c.key)), ofB64url(c.proof))) };
  },
};

/** By folder, by `type`; folders whose cases have no type have a `default`. */
export const FOLDERS = { condition, decision, encoding, index, log, presentation, receipt, record, renewal, vrf };

/** Results that an accepted case of a type may state (* in the pages): each that it states is compared. */
export const RESULTS = {
  json: ['canonical'], key: ['thumbprint'], jws: ['kid', 'id'], disclosures: ['members'], day: ['first_instant', 'instant_after'], identifier: ['normal'],
  move: ['permitted', 'enabling', 'use'], apply: ['map_root', 'keys'], trie: ['surplus'],
  'peaks-of-last': ['peaks'], 'tile-path': ['kind', 'index', 'width'], bundle: ['entries'], note: ['signed'], checkpoint: ['size', 'root'], cosignature: ['time_s'], policy: ['quorum_time_s'], successor: ['policy'], witness: ['size', 'root'],
  output: ['output'], alias: ['alias'],
  read: ['sentences'], request: ['properties'],
};

/** What a refused case states besides the name, against what the fault says. */
export const details = (c, fault) => ({
  ...(c.pointer !== undefined && { pointer: fault.where }),
  ...(c.property !== undefined && { property: fault.property }),
});
