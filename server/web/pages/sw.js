// Keeps the pages' own files, and nothing else, so that they open without the register. No answer of the register is kept.

const VERSION = '{{version}}';
const FILES = ['{{files}}'];
const LANGUAGES = ['fr', 'nl', 'de', 'en'];

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(VERSION);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: 'no-cache' })));
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** The file that a request is for, if it is one of ours: a page without a language is the one in the browser's. */
function fileOf(request) {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return undefined;
  if (FILES.includes(url.pathname)) return url.pathname;
  const asked = url.searchParams.get('lang');
  const likes = [asked, ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  const language = likes.find((one) => LANGUAGES.includes(one)) ?? 'en';
  const page = `${url.pathname}?lang=${language}`;
  return FILES.includes(page) ? page : undefined;
}

self.addEventListener('fetch', (event) => {
  const file = fileOf(event.request);
  if (file === undefined) return;
  event.respondWith((async () => {
    try {
      return await fetch(event.request);
    } catch (error) {
      const kept = await (await caches.open(VERSION)).match(file);
      if (kept !== undefined) return kept;
      throw error;
    }
  })());
});
