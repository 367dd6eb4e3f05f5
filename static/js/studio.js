// Designing with fingers, pointer and keys. The form stays what is true: dragging, pinching, keys and undo write into it, it is sent, and what comes back is put in its
// place, piece by piece, so that neither the focus nor the side of the piece that is looked at is lost. Without script its buttons do the same, a step at a time.
"use strict";

(() => {
  const form = document.querySelector("[data-studio]");
  if (!form) return;
  const stage = document.getElementById("stage"), views = stage.querySelector("[data-views]");
  const past = [], future = []; // documents before and after this one
  const queue = []; // what is to be sent, one after the other
  const edits = new Map(); // fields that changed since the form was sent last, by name
  let busy = false, retry = 0, pause = 0, chosen = null, grip = null, freed = null, over = false;

  const field = (at, name) => form.elements.namedItem(at + "." + name);
  const number = (text) => Number(String(text || "0").replace(",", ".")) || 0;
  const value = (at, name) => number(field(at, name)?.value);
  const degrees = (n) => { const t = Math.round(n) % 360; return t > 180 ? t - 360 : t <= -180 ? t + 360 : t; };
  const state = (text) => { const out = form.querySelector("[data-state]"); if (out.textContent !== text) out.textContent = text; };
  const layerOf = (at) => form.querySelector(`[data-at="${at}"]`);
  const put = (at, name, n) => {
    const f = field(at, name);
    if (!f) return;
    f.value = String(Math.round(n * 100) / 100);
    edits.set(f.name, f.value);
  };

  const buttons = () => {
    for (const [name, list] of [["undo", past], ["redo", future]]) {
      const b = form.querySelector(`[data-${name}]`);
      b.hidden = false;
      b.disabled = !list.length && !(name === "undo" && edits.size);
    }
  };

  // ---- What is looked at ----

  const side = (figure) => {
    if (!figure || views.scrollWidth <= views.clientWidth) return;
    views.scrollTo({ left: figure.offsetLeft, behavior: "instant" }); // at once: one that glides gives way to the next answer
  };
  const mark = () => {
    for (const f of form.querySelectorAll(".is-chosen")) f.classList.remove("is-chosen");
    if (!chosen) return;
    layerOf(chosen)?.classList.add("is-chosen");
    const [zone, layer] = chosen.split(".");
    const handle = stage.querySelector(`[data-grip-zone="${zone}"][data-grip-layer="${layer}"]`);
    if (!handle) return;
    handle.classList.add("is-chosen");
    handle.parentNode.insertBefore(handle, handle.parentNode.querySelector("[data-grip-zone]")); // below the others, and large enough for two fingers
    if (handle.dataset.wide) return;
    handle.dataset.wide = "yes";
    const more = 36 / (handle.getScreenCTM()?.a || 1), at = (name) => Number(handle.getAttribute(name));
    for (const [name, n] of [["x", at("x") - more], ["y", at("y") - more], ["width", at("width") + 2 * more], ["height", at("height") + 2 * more]]) handle.setAttribute(name, n);
  };
  const choose = (at, look) => {
    chosen = at;
    mark();
    if (look) side(document.getElementById(layerOf(at)?.closest("[data-view]")?.dataset.view));
  };

  // Shows a layer where its fields say, before the answer does: the drawing is that of the document kept last.
  const preview = (at) => {
    const [zone, layer] = at.split("."), set = layerOf(at);
    const was = JSON.parse(form.dataset.doc).parts.find((p) => p.zone === zone)?.layers[layer];
    if (!was || !set || !field(at, "x")) return;
    const x = (was.x || 0) / 100, y = (was.y || 0) / 100, cx = Number(set.dataset.x0) + x, cy = Number(set.dataset.y0) + y;
    const scale = was.size ? value(at, "size") / (was.size / 100) : 1;
    const move = `translate(${value(at, "x") - x} ${value(at, "y") - y}) translate(${cx} ${cy}) rotate(${value(at, "turn") - (was.turn || 0)}) scale(${scale || 1}) translate(${-cx} ${-cy})`;
    for (const g of stage.querySelectorAll(`[data-zone="${zone}"][data-layer="${layer}"], [data-grip-zone="${zone}"][data-grip-layer="${layer}"]`)) g.setAttribute("transform", move);
  };

  // ---- Answers ----

  const shown = new Map(); // what the server said last of a part of the page
  const swap = (id, fresh) => { // what is the same stays: nobody hears it twice
    const old = document.getElementById(id), now = fresh.getElementById(id), html = now?.innerHTML;
    if (!old || !now) return;
    old.hidden = now.hidden;
    if ((shown.get(id) ?? old.innerHTML) !== html) {
      const held = old.contains(document.activeElement) ? document.activeElement : null;
      old.replaceChildren(...now.childNodes);
      if (held) ((held.id && document.getElementById(held.id)) || [...old.querySelectorAll("button, input, select")].find((e) => e.name === held.name && e.type === held.type))?.focus({ preventScroll: true });
      document.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: old } }));
    }
    shown.set(id, html);
  };
  const set = (name, v) => {
    const f = form.elements.namedItem(name);
    if (!f) return;
    if (f instanceof RadioNodeList) f.value = v; else if (f.type === "checkbox") f.checked = v === "yes"; else f.value = v;
  };
  // The name that a field has after a button changed the order of the layers of its zone.
  const renamed = (name, does) => {
    const [what, zone, layer] = (does || "").split("."), parts = name.split("."), n = Number(layer), i = Number(parts[1]);
    if (parts[0] !== zone || parts.length < 3) return name;
    const to = what === "remove" ? (i === n ? null : i > n ? i - 1 : i) : what === "lower" ? ({ [n]: n - 1, [n - 1]: n }[i] ?? i) : what === "upper" ? ({ [n]: n + 1, [n + 1]: n }[i] ?? i) : i;
    return to === null ? null : [zone, to, ...parts.slice(2)].join(".");
  };

  const draw = (fresh) => {
    for (const figure of views.querySelectorAll(".studio-view")) {
      const now = fresh.getElementById(figure.id)?.querySelector("svg");
      if (now) figure.querySelector("svg").replaceWith(now);
    }
  };
  // What is wrong is said where it is wrong, and no longer once it is right.
  const faults = (fresh) => {
    const twin = fresh.getElementById("studio");
    for (const old of form.querySelectorAll(".field > .error")) old.remove();
    for (const now of twin.querySelectorAll(".field > .error")) document.getElementById(now.id.replace(/-error$/, ""))?.closest(".field").append(now);
    for (const f of form.elements) {
      const now = f.id ? fresh.getElementById(f.id) : null;
      for (const name of ["aria-invalid", "aria-describedby"]) {
        const v = now?.getAttribute(name);
        if (v) f.setAttribute(name, v); else if (f.id) f.removeAttribute(name);
      }
    }
    for (const f of form.querySelectorAll('details [aria-invalid="true"]')) f.closest("details").open = true;
  };
  // All fields anew, as a button or undo left them; what was typed meanwhile stays.
  const fields = (fresh, does) => {
    const zones = document.getElementById("zones"), now = fresh.getElementById("zones");
    const focus = zones.contains(document.activeElement) ? document.activeElement : null;
    const mark = focus ? [focus.id && renamed(focus.id.replace(/^f-/, ""), does), focus.name, focus.value] : null;
    for (const d of zones.querySelectorAll("details[open]")) { const same = now.querySelector("#" + CSS.escape(d.id)); if (same) same.open = true; }
    zones.replaceChildren(...now.childNodes);
    const kept = [...edits];
    edits.clear();
    for (const [name, v] of kept) {
      const to = renamed(name, does);
      if (to) { set(to, v); edits.set(to, v); }
    }
    if (!mark) return;
    const again = (mark[0] && document.getElementById("f-" + mark[0])) || [...zones.querySelectorAll("button, input")].find((b) => b.name === mark[1] && b.value === mark[2]);
    (again || document.getElementById("z-" + (does || "").split(".")[1])?.querySelector("button, input:not([type=hidden])"))?.focus({ preventScroll: true });
  };
  const order = (fresh) => { // what was chosen there stays chosen
    const old = [...document.querySelectorAll("#order form")].map((f) => [...new FormData(f)]).flat();
    swap("order", fresh);
    for (const f of document.querySelectorAll("#order form")) {
      for (const [name, v] of old) { const e = f.elements.namedItem(name); if (e && e.type !== "hidden") e.value = v; }
    }
  };

  const show = async (html, job) => {
    const fresh = new DOMParser().parseFromString(html, "text/html"), twin = fresh.getElementById("studio");
    if (!twin) return false;
    if (grip) await new Promise((r) => { freed = r; }); // nothing is taken out of somebody's fingers
    if (!job.refused) {
      form.dataset.doc = twin.dataset.doc;
      form.elements.revision.value = twin.elements.revision.value;
      draw(fresh);
      document.getElementById("name").textContent = fresh.getElementById("f-title").value;
    }
    if (job.all) fields(fresh, job.does);
    faults(fresh);
    for (const id of ["sum", "refused", "standing"]) swap(id, fresh);
    if (!uploading) swap("photos", fresh);
    order(fresh);
    for (const name of edits.keys()) if (/\.(x|y|size|turn)$/.test(name)) preview(name.split(".").slice(0, 2).join("."));
    if (chosen && !layerOf(chosen)) chosen = null;
    if (job.does?.startsWith("add.")) {
      const added = [...document.querySelectorAll(`#z-${job.does.split(".")[1]} [data-at]`)].pop();
      if (added) { choose(added.dataset.at, true); added.querySelector("input:not([type=hidden])")?.focus(); }
    }
    mark();
    buttons();
    return true;
  };

  // ---- Sending ----

  // What is typed is kept in this tab while its author logs in again.
  const store = "studio " + location.pathname;
  const leave = (address) => {
    const all = [...new FormData(form)].filter(([, v]) => typeof v === "string");
    try { sessionStorage.setItem(store, JSON.stringify(all)); } catch { /* a browser without room: the page is kept by whoever stays on it */ }
    over = true;
    location.assign(address);
  };
  const says = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".flash")?.textContent.trim();
  const unsent = () => edits.size > 0 || queue.length > 0 || busy;

  // perform sends the form once: "done", "again" where there was no answer, or "refused".
  const perform = async (job) => {
    const extra = {};
    if (job.does) extra.do = job.does;
    if (job.travel) {
      const [from] = job.travel;
      if (!from.length) return "refused";
      extra.doc = from[from.length - 1];
    }
    clearTimeout(pause);
    state(form.dataset.saving);
    // What may have arrived is sent again as it was: the server knows it, and takes nothing else for the same revision. What was typed since follows.
    const before = form.dataset.doc, again = !!job.body, body = job.body ?? new URLSearchParams(new FormData(form)), sent = job.sent ?? (job.travel ? [] : [...edits]);
    if (!again) for (const [name, v] of Object.entries(extra)) body.set(name, v);
    for (const [name, v] of sent) if (edits.get(name) === v) edits.delete(name);
    const back = () => { for (const [name, v] of sent) if (!edits.has(name)) edits.set(name, v); };
    let answer, html;
    try {
      answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
      html = await answer.text();
    } catch {
      back();
      Object.assign(job, { body, sent });
      state(form.dataset.waiting);
      return "again";
    }
    const away = answer.headers.get("HX-Redirect");
    if (away) { back(); leave(away); return "refused"; }
    if (answer.status === 409) { back(); queue.length = 1; over = true; state(form.dataset.elsewhere); return "refused"; }
    if (answer.status === 422) {
      back();
      if (!(await show(html, { refused: true }))) state(says(html) || form.dataset.refused); else state(form.dataset.refused);
      return "refused";
    }
    if (answer.status === 429 || answer.status >= 500) { back(); state(says(html) || form.dataset.waiting); return "again"; }
    if (!answer.ok) { back(); state(says(html) || form.dataset.failed); return "refused"; }
    if (job.travel) {
      const [from, to] = job.travel;
      from.pop();
      to.push(before);
    }
    if (!(await show(html, job))) { back(); state(form.dataset.failed); return "refused"; }
    if (!job.travel && form.dataset.doc !== before) { past.push(before); future.length = 0; if (past.length > 100) past.shift(); }
    buttons();
    if (!edits.size && queue.length < 2) state(form.dataset.saved);
    return "done";
  };
  const work = async () => {
    if (busy) return;
    busy = true;
    clearTimeout(retry);
    retry = 0;
    while (queue.length) {
      const came = await perform(queue[0]);
      if (came === "again") { retry = setTimeout(work, 4000); break; }
      const job = queue.shift();
      if (came !== "done") continue;
      if (job.body && edits.size && !queue.length) queue.push({});
      if (job.then) setTimeout(job.then); // once nothing is under way any more: an order waits for what is
    }
    busy = false;
  };
  // Buttons and undo go as they were pressed; one plain save is enough for all that is typed.
  const want = (job) => {
    if (over) return state(form.dataset.elsewhere);
    const plain = !job.does && !job.travel && !job.all && !job.then;
    if (plain && queue.slice(busy ? 1 : 0).some((j) => !j.travel)) return;
    queue.push(job);
    if (!retry || !plain) work();
  };
  const later = () => {
    state(form.dataset.saving);
    buttons();
    clearTimeout(pause);
    pause = setTimeout(() => want({}), 500);
  };
  const travel = (from, to) => {
    if (edits.size) { clearTimeout(pause); want({ flush: true, all: false, then: () => {} }); } // what was typed is a step of its own
    want({ travel: [from, to], all: true });
  };

  document.addEventListener("input", (e) => {
    const f = e.target;
    if (!form.contains(f) || !f.name) return;
    edits.set(f.name, f.type === "checkbox" ? (f.checked ? "yes" : "") : f.value);
    later();
  });
  document.addEventListener("submit", (e) => {
    if (e.target === form) {
      e.preventDefault();
      return want(e.submitter?.name === "do" ? { does: e.submitter.value, all: true } : { all: false, then: () => {} });
    }
    // What is ordered is what was saved last: nobody orders past what they just wrote.
    if (e.target.closest("#buy") && unsent() && !over) {
      e.preventDefault();
      e.stopImmediatePropagation();
      want({ then: () => document.querySelector("#buy form")?.requestSubmit() });
    }
  }, true);
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-undo]")) travel(past, future);
    if (e.target.closest("[data-redo]")) travel(future, past);
    const to = e.target.closest("[data-side]");
    if (to) { e.preventDefault(); side(document.getElementById(to.dataset.side)); }
  });
  window.addEventListener("beforeunload", (e) => { if (unsent() && !(over && sessionStorage.getItem(store))) e.preventDefault(); });

  // ---- Keys ----

  document.addEventListener("focusin", (e) => {
    const f = e.target.closest?.("[data-at]");
    if (f) return choose(f.dataset.at, true);
    const figure = e.target.closest?.(".studio-view");
    const here = figure ? [...form.querySelectorAll(`[data-view="${figure.id}"] [data-at]`)].filter((l) => field(l.dataset.at, "x")) : [];
    if (here.length && !here.some((l) => l.dataset.at === chosen)) choose(here[0].dataset.at);
  });
  const wish = (e) => {
    const by = e.shiftKey ? 10 : 1, move = { ArrowLeft: ["x", -by], ArrowRight: ["x", by], ArrowUp: ["y", -by], ArrowDown: ["y", by] }[e.key];
    if (move) return move;
    if (e.key === "+" || e.key === "=") return ["size", 1];
    if (e.key === "-" || e.key === "_" || e.key === "\u2212") return ["size", -1];
    return { BracketLeft: ["turn", -by], BracketRight: ["turn", by] }[e.code]; // the two keys to the right of P, whatever is written on them
  };
  document.addEventListener("keydown", (e) => {
    const typing = e.target.matches?.("input:not([type=radio]), select, textarea"), key = e.key.toLowerCase();
    if ((e.ctrlKey || e.metaKey) && !e.altKey && !typing && (key === "z" || key === "y")) {
      e.preventDefault();
      return key === "y" || e.shiftKey ? travel(future, past) : travel(past, future);
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const measure = e.target.closest?.(".studio-numbers") && e.target.name?.match(/^(.+)\.(x|y|size|turn|arc)$/);
    if (measure && (e.key === "ArrowUp" || e.key === "ArrowDown")) {
      e.preventDefault();
      return nudge(measure[1], measure[2], (e.key === "ArrowUp" ? 1 : -1) * (e.shiftKey ? 10 : 1));
    }
    const figure = e.target.closest?.(".studio-view");
    if (!figure) return;
    if (e.key === "PageUp" || e.key === "PageDown") {
      const here = [...form.querySelectorAll(`[data-view="${figure.id}"] [data-at]`)].filter((l) => field(l.dataset.at, "x"));
      if (!here.length) return;
      e.preventDefault();
      const i = here.findIndex((l) => l.dataset.at === chosen);
      return choose(here[(i + (e.key === "PageDown" ? 1 : here.length - 1)) % here.length].dataset.at);
    }
    const move = chosen && field(chosen, "x") && wish(e);
    if (!move) return;
    e.preventDefault();
    nudge(chosen, ...move);
  });
  const nudge = (at, name, by) => {
    const n = value(at, name) + by;
    put(at, name, name === "turn" ? degrees(n) : name === "size" ? Math.max(1, n) : name === "arc" ? Math.max(-360, Math.min(360, n)) : n);
    preview(at);
    later();
  };

  // ---- Fingers and pointer: one drags, two scale and turn about the middle of the layer ----

  const held = new Map();
  const begin = () => {
    const [a, b] = [...held.values()];
    grip = { ...grip, from: b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.hypot(a.x - b.x, a.y - b.y), w: Math.atan2(b.y - a.y, b.x - a.x) } : { x: a.x, y: a.y },
      x: value(grip.at, "x"), y: value(grip.at, "y"), size: value(grip.at, "size"), turn: value(grip.at, "turn") };
  };
  const follow = () => {
    const [a, b] = [...held.values()], { from, at } = grip;
    const now = b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : a;
    if (!grip.moved && !b && Math.hypot(now.x - from.x, now.y - from.y) < 3) return; // a finger that only taps does not shift anything
    grip.moved = true;
    put(at, "x", grip.x + (now.x - from.x) * grip.mm);
    put(at, "y", grip.y + (now.y - from.y) * grip.mm);
    if (b && from.d) {
      put(at, "size", Math.max(1, grip.size * Math.hypot(a.x - b.x, a.y - b.y) / from.d));
      put(at, "turn", degrees(grip.turn + (Math.atan2(b.y - a.y, b.x - a.x) - from.w) * 180 / Math.PI));
    }
    preview(at);
  };
  const taken = (e) => {
    const g = e.target.closest?.("#stage [data-layer], #stage [data-grip-layer]");
    if (!g) return null;
    const at = g.dataset.layer ? g.dataset.zone + "." + g.dataset.layer : g.dataset.gripZone + "." + g.dataset.gripLayer;
    return field(at, "x") ? { at, mm: 1 / (g.ownerSVGElement.closest(".studio-view").querySelector("svg").getScreenCTM()?.a || 1) } : null;
  };
  document.addEventListener("pointerdown", (e) => {
    if (!grip) {
      grip = e.button ? null : taken(e);
      if (!grip) return;
      choose(grip.at);
      stage.classList.add("is-held");
    } else if (held.size > 1 || !stage.contains(e.target)) {
      return;
    }
    e.preventDefault();
    try { stage.setPointerCapture(e.pointerId); } catch { /* the finger is up already */ }
    e.target.closest?.(".studio-view")?.focus({ preventScroll: true }); // the arrows go on from here
    held.set(e.pointerId, { x: e.clientX, y: e.clientY });
    begin();
  });
  document.addEventListener("pointermove", (e) => {
    if (!grip || !held.has(e.pointerId)) return;
    held.set(e.pointerId, { x: e.clientX, y: e.clientY });
    follow();
  });
  const end = (e) => {
    if (!grip || !held.delete(e.pointerId)) return;
    if (held.size) return begin();
    const { moved, at } = grip;
    grip = null;
    stage.classList.remove("is-held");
    freed?.();
    freed = null;
    if (moved) want({}); else layerOf(at)?.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
    buttons();
  };
  // Not every browser knows touch-action on a piece of a drawing: the page stays where it is under a finger that holds a layer.
  for (const kind of ["touchstart", "touchmove"]) stage.addEventListener(kind, (e) => { if (grip && e.cancelable) e.preventDefault(); }, { passive: false });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);

  // ---- Photographs: sent beside all else, with how far they are ----

  let uploading = false;
  const send = (f) => {
    const file = f.elements.photo.files[0], bar = f.querySelector("progress"), out = f.querySelector("[data-photo-state]");
    const ends = (text) => { uploading = false; bar.hidden = true; bar.value = 0; f.elements.photo.disabled = false; delete f.dataset.sent; for (const b of f.querySelectorAll("button")) b.removeAttribute("aria-disabled"); out.textContent = text; };
    if (!file || uploading) return;
    if (file.size > Number(f.dataset.most)) { out.textContent = f.dataset.large; return; }
    const x = new XMLHttpRequest(), body = new FormData(f);
    uploading = true;
    bar.hidden = false;
    out.textContent = f.dataset.sending;
    f.elements.photo.disabled = true;
    for (const b of f.querySelectorAll("button")) b.setAttribute("aria-disabled", "true");
    x.open("POST", f.action);
    x.setRequestHeader("HX-Request", "true");
    x.upload.addEventListener("progress", (e) => { if (e.total) bar.value = 100 * e.loaded / e.total; });
    x.addEventListener("error", () => ends(f.dataset.failed));
    x.addEventListener("load", () => {
      const away = x.getResponseHeader("HX-Redirect"), fresh = new DOMParser().parseFromString(x.responseText, "text/html");
      if (away) { ends(f.dataset.failed); return leave(away); }
      const wrong = fresh.getElementById("f-photo-error")?.textContent.trim();
      if (x.status !== 200) return ends(wrong || says(x.responseText) || f.dataset.failed);
      ends("");
      want({ all: true, then: () => { const now = document.querySelector("[data-photo-state]"); if (now) now.textContent = f.dataset.added; } });
    });
    x.send(body);
  };
  document.addEventListener("submit", (e) => {
    if (e.target.dataset.photos === undefined) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    send(e.target);
  }, true);

  // What was typed before its author had to log in again is typed again, and kept.
  try {
    const kept = JSON.parse(sessionStorage.getItem(store) || "null");
    sessionStorage.removeItem(store);
    if (kept?.find(([name]) => name === "revision")?.[1] === form.elements.revision.value) {
      for (const [name, v] of kept) {
        const f = form.elements.namedItem(name);
        if (f && name !== "revision" && !/\.kind$/.test(name) && f.value !== v) { set(name, v); edits.set(name, v); }
      }
      if (edits.size) later();
    }
  } catch { /* nothing was kept */ }
  buttons();
  mark();
})();
