// Keeps the files of the product and one page for when there is no network. Nothing that a person
// has to be signed in for is ever kept or answered from here: what is on the screen came from the
// server just now, or is that one page, which says so.
"use strict";
const TOLD = JSON.parse("{{ told|escapejs }}");
const NAME = `forestage-${TOLD.version}`;
const HASHED = /\.[0-9a-f]{12}\.\w+$/; // never changes under this name
const NO_SERVER = [502, 503, 504]; // a proxy answers, with nothing behind it

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || /^\/(api|health)\//.test(pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (pathname.startsWith(TOLD.static)) event.respondWith(file(request, pathname));
});

async function fill() {
  const cache = await caches.open(NAME);
  // Without cookies: nobody's page.
  await cache.addAll(TOLD.files.map((url) => new Request(url, { credentials: "omit", cache: "no-cache" })));
  await self.skipWaiting();
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith("forestage-") && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
}

async function page(request) {
  try {
    const answer = await fetch(request);
    if (!NO_SERVER.includes(answer.status)) return answer;
  } catch {
    // No network, or no server.
  }
  return (await caches.match(TOLD.offline)) ?? Response.error();
}

async function file(request, pathname) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request);
  if (kept && HASHED.test(pathname)) return kept;
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.type === "basic") await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
