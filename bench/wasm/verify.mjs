// Times the verification of receipts in Node: node verify.mjs MODULE POLICY RECEIPT… prints the median ms of each as JSON. A
// receipt that does not verify, or that verifies with another byte in it, ends it with an error.
import { readFileSync } from "node:fs";

const [modulePath, policyPath, ...receiptPaths] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(modulePath), {});
const { memory, room, policy, ask, verify } = instance.exports;

function put(bytes) {
  const at = room(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
}

put(readFileSync(policyPath));
policy();
const took = {};
for (const path of receiptPaths) {
  const receipt = readFileSync(path);
  put(receipt);
  if (ask() !== 1 || verify() !== 1) throw new Error(`${path} does not verify`);
  const times = [];
  // The engine compiles anew what runs often: the first calls warm up.
  for (let n = 0; n < 60; n++) {
    const began = performance.now();
    if (verify() !== 1) throw new Error(`${path} does not verify again`);
    if (n >= 20) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  took[path] = times[times.length >> 1];
  const other = Buffer.from(receipt);
  const at = other.length >> 1;
  other[at] = other[at] === 0x41 ? 0x42 : 0x41;
  put(other);
  if (verify() !== 0) throw new Error(`${path} verifies with another byte`);
}
console.log(JSON.stringify(took));
