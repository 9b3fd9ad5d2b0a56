// Numbers of people and enterprises, as they are typed.

/** Digits in any spelling are a number of the usual kind; what is written out is left as it is. @param {string} typed @param {'kbo' | 'niss'} scheme */
export function identifier(typed, scheme) {
  const digits = typed.replace(/[\s./-]/g, '');
  return /^[0-9]+$/.test(digits) ? `${scheme}:${scheme === 'kbo' ? digits.padStart(10, '0') : digits}` : typed.trim();
}
