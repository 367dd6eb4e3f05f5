// Designing with pointer and keys. The form stays what is true: dragging, pinching, keys and undo write into it, it is sent, and what comes back is shown. Without
// script its buttons do the same, a step at a time.
"use strict";

(() => {
  let form = document.querySelector("[data-studio]");
  if (!form) return;
  const past = [], future = [];
  let sending = false, wanted = null, timer = 0, chosen = null, dirty = false;

  const field = (at, name) => form.elements.namedItem(at + "." + name);
  const value = (at, name) => Number(String(field(at, name)?.value || "0").replace(",", ".")) || 0;
  const put = (at, name, n) => { const f = field(at, name); if (f) f.value = String(Math.round(n * 100) / 100); };
  const degrees = (n) => { const t = Math.round(n) % 360; return t > 180 ? t - 360 : t <= -180 ? t + 360 : t; };
  const state = (text) => { const out = form.querySelector("[data-state]"); if (out) out.textContent = text; };

  const buttons = () => {
    for (const [name, list] of [["undo", past], ["redo", future]]) {
      const b = form.querySelector(`[data-${name}]`);
      b.hidden = false;
      b.disabled = !list.length;
    }
    if (chosen) form.querySelector(`[data-at="${chosen}"]`)?.classList.add("is-chosen");
  };

  // Shows an answer: all of the form, or only the picture and the sum, while somebody is typing in it.
  const show = (html, all) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-studio]");
    if (!fresh) return false;
    if (all) {
      const focus = document.activeElement;
      const mark = focus && form.contains(focus) ? [focus.id, focus.name, focus.value] : null;
      form.replaceWith(fresh);
      form = fresh;
      if (mark) (document.getElementById(mark[0]) || [...form.querySelectorAll("button")].find((b) => b.name === mark[1] && b.value === mark[2]))?.focus({ preventScroll: true });
    } else {
      for (const id of ["stage", "sum"]) document.getElementById(id).replaceWith(fresh.querySelector("#" + id));
      form.elements.revision.value = fresh.elements.revision.value;
      form.dataset.doc = fresh.dataset.doc;
      // What is wrong is said where it is wrong, and no longer once it is right.
      for (const old of form.querySelectorAll(".field > .error")) old.remove();
      for (const f of form.elements) {
        const wrong = f.id ? fresh.querySelector("#" + CSS.escape(f.id))?.getAttribute("aria-invalid") : null;
        if (wrong) f.setAttribute("aria-invalid", wrong); else f.removeAttribute("aria-invalid");
      }
      for (const now of fresh.querySelectorAll(".field > .error")) document.getElementById(now.id.replace(/-error$/, ""))?.closest(".field").append(now);
    }
    buttons();
    return true;
  };

  // One request at a time; what is wanted meanwhile follows.
  const send = async (extra, all, travel) => {
    clearTimeout(timer);
    if (sending) { wanted = [{ ...(wanted?.[0] || {}), ...extra }, all || !!wanted?.[1], travel]; return; }
    sending = true;
    state(form.dataset.saving);
    const before = form.dataset.doc, body = new URLSearchParams(new FormData(form));
    for (const [name, v] of Object.entries(extra)) body.set(name, v);
    dirty = false;
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
      if (answer.status === 409) { state(form.dataset.elsewhere); dirty = true; wanted = null; return; }
      if (answer.status === 422) { show(await answer.text(), false); dirty = true; state(form.dataset.refused); return; }
      if (!answer.ok || !show(await answer.text(), all)) throw new Error(String(answer.status));
      if (!travel && form.dataset.doc !== before) { past.push(before); future.length = 0; if (past.length > 100) past.shift(); }
      buttons();
      state(form.dataset.saved);
    } catch {
      dirty = true;
      state(form.dataset.waiting);
      timer = setTimeout(() => send(extra, all, travel), 4000);
    } finally {
      sending = false;
      if (wanted) { const next = wanted; wanted = null; send(...next); }
    }
  };
  const later = () => { dirty = true; state(form.dataset.saving); clearTimeout(timer); timer = setTimeout(() => send({}, false), 500); };

  const travel = (from, to) => {
    if (!from.length || sending) return;
    to.push(form.dataset.doc);
    send({ doc: from.pop() }, true, true);
  };

  document.addEventListener("input", (e) => { if (form.contains(e.target) && e.target.type !== "file") later(); });
  document.addEventListener("submit", (e) => {
    if (e.target !== form) return;
    e.preventDefault();
    send(e.submitter?.name === "do" ? { do: e.submitter.value } : {}, true);
  });
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-undo]")) travel(past, future);
    if (e.target.closest("[data-redo]")) travel(future, past);
  });
  window.addEventListener("beforeunload", (e) => { if (dirty) e.preventDefault(); });

  const choose = (at) => {
    chosen = at;
    for (const f of form.querySelectorAll(".is-chosen")) f.classList.remove("is-chosen");
    form.querySelector(`[data-at="${at}"]`)?.classList.add("is-chosen");
  };
  document.addEventListener("focusin", (e) => { const f = e.target.closest?.("[data-at]"); if (f) choose(f.dataset.at); });

  // Keys, in the picture or with Alt in a layer's fields: arrows move, plus and minus scale, brackets turn; Ctrl+Z and Ctrl+Y go back and forth.
  document.addEventListener("keydown", (e) => {
    const typing = e.target.matches?.("input, select, textarea");
    if ((e.ctrlKey || e.metaKey) && !typing && (e.key === "z" || e.key === "y")) {
      e.preventDefault();
      return e.key === "y" || e.shiftKey ? travel(future, past) : travel(past, future);
    }
    if (!chosen || !field(chosen, "x") || (!e.altKey && (typing || !document.getElementById("stage").contains(e.target)))) return;
    const by = e.shiftKey ? 10 : 1;
    const move = { ArrowLeft: ["x", -by], ArrowRight: ["x", by], ArrowUp: ["y", -by], ArrowDown: ["y", by], "+": ["size", by], "-": ["size", -by], "[": ["turn", -by], "]": ["turn", by] }[e.key];
    if (!move) return;
    e.preventDefault();
    const n = value(chosen, move[0]) + move[1];
    put(chosen, move[0], move[0] === "turn" ? degrees(n) : move[0] === "size" ? Math.max(1, n) : n);
    later();
  });

  // Pointers: one drags, two scale and turn about the middle of the layer.
  const held = new Map();
  let grip = null;
  const begin = () => {
    const [a, b] = [...held.values()];
    grip = { ...grip, from: b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.hypot(a.x - b.x, a.y - b.y), w: Math.atan2(b.y - a.y, b.x - a.x) } : { x: a.x, y: a.y },
      x: value(grip.at, "x"), y: value(grip.at, "y"), size: value(grip.at, "size"), turn: value(grip.at, "turn") };
  };
  const follow = () => {
    const [a, b] = [...held.values()], { from, at } = grip;
    const now = b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : a;
    const dx = (now.x - from.x) * grip.mm, dy = (now.y - from.y) * grip.mm;
    const scale = b && from.d ? Math.hypot(a.x - b.x, a.y - b.y) / from.d : 1;
    const turn = b && from.d ? (Math.atan2(b.y - a.y, b.x - a.x) - from.w) * 180 / Math.PI : 0;
    put(at, "x", grip.x + dx);
    put(at, "y", grip.y + dy);
    put(at, "size", Math.max(1, grip.size * scale));
    put(at, "turn", degrees(grip.turn + turn));
    const cx = grip.x0 + grip.start.x, cy = grip.y0 + grip.start.y;
    grip.g.setAttribute("transform", `translate(${value(at, "x") - grip.start.x} ${value(at, "y") - grip.start.y}) translate(${cx} ${cy}) rotate(${value(at, "turn") - grip.start.turn}) scale(${value(at, "size") / grip.start.size || 1}) translate(${-cx} ${-cy})`);
  };
  document.addEventListener("pointerdown", (e) => {
    const g = e.target.closest?.("#stage [data-layer]");
    if (!grip) {
      if (!g || e.button) return;
      const at = g.dataset.zone + "." + g.dataset.layer, set = form.querySelector(`[data-at="${at}"]`), svg = g.ownerSVGElement.closest(".studio-view").querySelector("svg");
      if (!set || !field(at, "x")) return;
      choose(at);
      grip = { at, g, mm: 1 / (svg.getScreenCTM()?.a || 1), x0: Number(set.dataset.x0), y0: Number(set.dataset.y0),
        start: { x: value(at, "x"), y: value(at, "y"), size: value(at, "size"), turn: value(at, "turn") } };
      g.classList.add("is-held");
    } else if (held.size > 1) {
      return;
    }
    e.preventDefault();
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
    grip.g.classList.remove("is-held");
    grip = null;
    send({}, false);
  };
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);

  buttons();
})();
