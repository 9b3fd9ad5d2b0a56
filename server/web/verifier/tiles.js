// The names of tiles and the bundles of entries in them. spec: log.md#tiles

import { refuse } from './fault.js';
import { decimal } from './note.js';

/**
 * @typedef {{kind: bigint | 'entries', index: bigint, width: bigint}} TilePath `kind`: the level, or `entries`
 * @param {string} path without the leading slash
 * @returns {TilePath}
 */
export function readTilePath(path) {
  const parts = /^tile\/([^/]*)\/(.*)$/s.exec(path);
  if (parts === null) return refuse('tile_form');
  const [, level, rest] = parts;
  const kind = level === 'entries' ? 'entries' : within(level, 0n, 63n) ?? refuse('tile_level');
  const [number, ...widths] = rest.split('.p/');
  const width = widths.length === 0 ? 256n : within(widths.join('.p/'), 1n, 255n) ?? refuse('tile_width');
  return { kind, index: readNumber(number), width };
}

/** @param {string} text @param {bigint} least @param {bigint} most */
function within(text, least, most) {
  const value = decimal(text);
  return value !== null && value >= least && value <= most ? value : null;
}

/** @param {string} text groups of three digits */
function readNumber(text) {
  if (!/^(?:x[0-9]{3}\/)*[0-9]{3}$/.test(text) || text.startsWith('x000/')) refuse('tile_index');
  const value = BigInt(text.replace(/[x/]/g, ''));
  return value < 2n ** 64n ? value : refuse('tile_index');
}

/**
 * The entries of a bundle.
 * @param {Uint8Array} bytes
 * @param {bigint} width how many there are
 */
export function readBundle(bytes, width) {
  if (width < 1n || width > 256n) refuse('bundle_width');
  const entries = [];
  let at = 0;
  while (BigInt(entries.length) < width) {
    if (at === bytes.length) refuse('bundle_missing_entry');
    const start = at + 2;
    const end = start + ((bytes[at] << 8) | bytes[at + 1]);
    if (start > bytes.length || end > bytes.length) refuse('bundle_truncated');
    entries.push(bytes.slice(start, end));
    at = end;
  }
  if (at < bytes.length) refuse('bundle_surplus');
  return entries;
}
