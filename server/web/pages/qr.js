// A QR code, drawn here as a path: what the library makes is a table of dots, and nothing of it is read as markup.

import { drawn } from './parts.js';

/** Loaded once it is needed. @param {string} text @param {string} label what it leads to, for those who can't see it */
export async function qrOf(text, label) {
  const { encodeQR } = await import('../vendor/qr/index.js');
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 3 });
  const dots = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return drawn('svg', { class: 'qr', viewBox: `0 0 ${rows.length} ${rows.length}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    drawn('path', { d: dots.join(''), fill: '#000' }));
}
