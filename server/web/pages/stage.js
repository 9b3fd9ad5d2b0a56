// What the page of a further device shows of itself: one part, what it says above it, and a text for the other device. spec: http.md#a-further-device

import { digitsOf } from './between.js';
import { byId, el, fact } from './parts.js';
import { qrOf } from './qr.js';
import { language, t } from './words.js';

/** @param {string} kind @param {...any} what */
export function say(kind, ...what) {
  byId('said').replaceChildren(el('p', { class: `note ${kind}`, tabindex: '-1' }, ...what));
  byId('said').firstElementChild.focus();
}

export const toMe = () => el('a', { class: 'go', href: `/me?lang=${language}` }, t('start.me-go'));

/** A text for the other device: as a code, and as an address to take there. @param {string} box @param {string} behind @param {string} label */
export async function showText(box, behind, label) {
  const address = `${location.origin}/device#${behind}`;
  const copied = el('p', { role: 'status', class: 'small' });
  const copy = async () => {
    await navigator.clipboard.writeText(address);
    copied.textContent = t('pairing.copied');
  };
  byId(box).replaceChildren(await qrOf(address, label),
    el('p', { class: 'actions' }, el('button', { class: 'button quiet', type: 'button', onclick: copy }, t('pairing.copy')), ' ', el('a', { href: address, target: '_blank' }, t('pairing.address'))), copied);
}

/** What is compared on both devices. @param {string} id the key record's */
export const digitsFact = (id) => fact(t('pairing.digits'), el('span', { class: 'digits' }, digitsOf(id)));

const SECTIONS = ['join', 'wait', 'sum', 'invite'];

/** Shows these and no others. @param {...string} shown */
export const only = (...shown) => SECTIONS.forEach((id) => (byId(id).hidden = !shown.includes(id)));
