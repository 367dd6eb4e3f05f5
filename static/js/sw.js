// The service worker: static files from memory, a page of its own while there is no network, and what web push brings. It keeps no page and
// nothing of anybody: only files whose address names their content.
"use strict";

const CACHE = "relais-VERSION";
const ASSETS = ["ASSETS"];
const ICON = "ICON-ADDRESS";
const OFFLINE = "/offline"; // the page without a network as it was last spoken; in each language it is kept at an address of its own
const LANGS = ["fr", "en"];
const spoken = (lang) => OFFLINE + "?lang=" + lang;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    for (const lang of LANGS) {
      const page = await fetch(OFFLINE, { credentials: "omit", cache: "no-store", headers: { "Accept-Language": lang } });
      if (!page.ok) throw new Error("the offline page answers " + page.status);
      if (lang === LANGS[0]) await cache.put(OFFLINE, page.clone());
      await cache.put(spoken(lang), page);
    }
    await cache.addAll(ASSETS);
  })());
});

// A new worker waits until no page is open that the one before it looks after: a navigation that the old one has in hand while it is replaced
// stands still in Chromium until somebody gives up.
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("relais-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

// Every page says which language it speaks.
self.addEventListener("message", (event) => {
  const lang = event.data && event.data.lang;
  if (!LANGS.includes(lang)) return;
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const page = await cache.match(spoken(lang));
    if (page) await cache.put(OFFLINE, page);
  })());
});

const offline = async () => (await caches.match(OFFLINE)) || Response.error();

const kept = async (request) => {
  const cache = await caches.open(CACHE);
  const hit = await cache.match(request);
  if (hit) return hit;
  const answer = await fetch(request);
  if (answer.ok && (answer.headers.get("Cache-Control") || "").includes("immutable")) await cache.put(request, answer.clone());
  return answer;
};

self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  // What a worker fetches no longer says that somebody opens a page: a share link would not count. It goes to the network as it is.
  if (url.pathname.startsWith("/r/")) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(offline));
  else if (url.pathname.startsWith("/static/") && url.searchParams.has("v")) event.respondWith(kept(request));
});

self.addEventListener("push", (event) => {
  let m = {};
  try { m = event.data.json(); } catch { /* not ours: shown as what it is, as every push must be */ }
  event.waitUntil(self.registration.showNotification(m.title || "Relais", {
    body: m.body || "", tag: m.tag || "relais", lang: m.lang || LANGS[0], icon: ICON, badge: ICON, data: { url: m.url || "/me/notices" },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL((event.notification.data || {}).url || "/me/notices", self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil((async () => {
    for (const client of await self.clients.matchAll({ type: "window" })) {
      if (!("navigate" in client)) continue;
      const there = await client.navigate(url.href).catch(() => null);
      if (there) return there.focus();
    }
    return self.clients.openWindow(url.href);
  })());
});

// A push service may give the browser another address: it is told to us like the first one.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil((async () => {
    const before = event.oldSubscription;
    const now = event.newSubscription || (before && await self.registration.pushManager.subscribe(before.options));
    if (before) await fetch("/me/notices/devices/off", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ endpoint: before.endpoint }) });
    if (now) await fetch("/me/notices/devices", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(now) });
  })());
});
