// The SD-JWT+KB in each presentation of spec/vectors, put to a library of somebody else's: it says of the digests, of what is disclosed, of the key binding
// and its nonce what our verifiers say, and refuses what was changed. Keys are looked up here and signatures checked by Node; nothing of ours runs.
// The argument: the folder with the library.

import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { SDJwtInstance } = createRequire(`${process.argv[2]}/`)('@sd-jwt/core');
const FOLDER = new URL('../../spec/vectors/presentation/', import.meta.url);

const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url'));
const headerOf = (jws) => decoded(jws.split('.')[0]);
const payloadOf = (jws) => decoded(jws.split('.')[1]);
const idOf = (jws) => createHash('sha256').update('procura/v1/id\0').update(Buffer.from(jws.split('.')[1], 'base64url')).digest('base64url');

/** The records that the receipts open, by id. */
function recordsOf(presentation) {
  const entries = ['mandate', 'key', 'party', 'authority'].flatMap((part) => presentation[part]?.entries ?? []);
  return new Map(entries.filter(({ record }) => record).map((entry) => [idOf(entry.record), entry]));
}

/** Whether a signature is that of the key that a `kid` names. */
const signedBy = (records, kid) => (data, signature) => {
  const { jwk } = payloadOf(records.get(kid).record);
  return verify(null, Buffer.from(data), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url'));
};

/** What the library says of an SD-JWT+KB. */
function told(sdJwt, records, c) {
  const [record, kb] = [sdJwt.split('~')[0], sdJwt.split('~').at(-1)];
  const library = new SDJwtInstance({
    hasher: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
    verifier: signedBy(records, headerOf(record).kid),
    kbVerifier: signedBy(records, headerOf(kb).kid),
  });
  // The record's times count milliseconds; the library compares them with what it is told is now.
  return library.verify(sdJwt, { keyBindingNonce: c.challenge.nonce, currentDate: c.now });
}

const counts = { accepted: 0, refused: 0, disclosed: 0 };
for (const file of readdirSync(FOLDER).sort()) {
  const c = JSON.parse(readFileSync(new URL(file, FOLDER)));
  if (typeof c.presentation === 'string' || c.presentation.kb.split('.').length !== 3) continue;
  const records = recordsOf(c.presentation);
  const { record, disclosures = [] } = records.get(c.presentation.mandate.question.id) ?? {};
  if (record === undefined) continue;
  const sdJwt = [record, ...disclosures, c.presentation.kb].join('~');
  if (c.expect === 'accept') {
    assert.equal(sdJwt, c.sd_jwt, file);
    const { payload, kb } = await told(sdJwt, records, c);
    const { _sd, ...clear } = payloadOf(record);
    const shown = Object.fromEntries(disclosures.map(decoded).map(([, name, value]) => [name, value]));
    assert.deepEqual(payload, { ...clear, ...shown }, file);
    assert.equal(kb.payload.aud, c.challenge.aud, file);
    counts.accepted++;
    counts.disclosed += disclosures.length;
    // Each twin: another nonce, a flipped bit of the key binding's signature, a disclosure less.
    await assert.rejects(told(sdJwt, records, { ...c, challenge: { ...c.challenge, nonce: 'A'.repeat(43) } }), /Nonce/, file);
    const flipped = sdJwt.slice(0, -3) + (sdJwt.at(-3) === 'A' ? 'B' : 'A') + sdJwt.slice(-2);
    await assert.rejects(told(flipped, records, c), /Signature/, file);
    if (disclosures.length > 0) await assert.rejects(told([record, c.presentation.kb].join('~'), records, c), /sd_hash/, file);
  } else if (['kb_sd_hash', 'kb_nonce', 'kb_signature', 'jws_alg', 'jws_typ'].includes(c.expect)) {
    await assert.rejects(told(sdJwt, records, c), file);
    counts.refused++;
  }
}
console.log(`  ${counts.accepted} accepted, with ${counts.disclosed} disclosures, each with its twins; ${counts.refused} refused as we refuse them`);
assert.ok(counts.accepted >= 14 && counts.disclosed >= 3 && counts.refused >= 8, 'too little was tried');
