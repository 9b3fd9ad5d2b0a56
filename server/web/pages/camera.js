// The button that reads a code through the camera, and the picture beside it.

import { byId, el } from './parts.js';
import { t } from './words.js';

/** @param {(text: string) => Promise<any> | void} given gets what a code says */
export function onScan(given) {
  /** @type {AbortController | null} */
  let scanning = null;
  byId('scan').addEventListener('click', async () => {
    if (scanning !== null) return scanning.abort();
    scanning = new AbortController();
    const [video, button, told] = [byId('video'), byId('scan'), byId('scanning')];
    video.hidden = false;
    button.textContent = t('verify.camera-stop');
    told.replaceChildren(el('p', { class: 'small' }, t('verify.camera-look')));
    let text = null;
    try {
      // Only who scans loads what reads codes.
      const { scan } = await import('./scan.js');
      text = await scan(video, scanning.signal);
      told.replaceChildren();
    } catch {
      told.replaceChildren(el('p', { class: 'note wait' }, t('verify.camera-none')));
    }
    scanning = null;
    video.hidden = true;
    button.textContent = t('verify.camera');
    if (text !== null) await given(text);
  });
}
