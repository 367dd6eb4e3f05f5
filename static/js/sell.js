// Selling with a phone that loses its network: what was picked meanwhile is kept in the phone, said so, and sent when it is back. Every
// form says how many the basket is to hold, so that sending it twice is sending it once. Without script the forms are sent as they are.
"use strict";

(() => {
  const root = document.querySelector("[data-sale]");
  if (!root) return;
  const key = "sell:" + root.dataset.sale;
  const banner = document.getElementById("offline");
  const read = () => { try { return JSON.parse(localStorage.getItem(key)) || {}; } catch { return {}; } };
  const write = (kept) => {
    try {
      if (Object.keys(kept).length) localStorage.setItem(key, JSON.stringify(kept)); else localStorage.removeItem(key);
    } catch { /* a phone that keeps nothing: the page still shows it */ }
  };
  const away = (is) => { if (banner) banner.hidden = !is; };

  // Shows a quantity that the server does not know yet.
  const show = (variant, quantity) => {
    const form = [...root.querySelectorAll("form[data-put]")].find((f) => f.elements.variant.value === variant);
    if (!form) return;
    form.querySelector("[data-count]").textContent = quantity;
    const [less, more] = [form.querySelector("[data-less]"), form.querySelector("[data-more]")];
    less.value = Math.max(0, quantity - 1);
    less.disabled = quantity === 0;
    more.value = Math.min(99, quantity + 1);
    const total = root.querySelector("[data-total]");
    if (total) total.textContent = "…";
  };
  const keep = (variant, quantity) => {
    const kept = read();
    kept[variant] = quantity;
    write(kept);
    show(variant, Number(quantity));
    away(true);
  };

  // An amount that was typed: its form is kept as it is, under the one-time value that makes it one line however often it is sent.
  const waiting = () => {
    const list = root.querySelector("[data-waiting]");
    if (!list) return;
    const typed = Object.entries(read()).filter(([name]) => name.startsWith("typed:"));
    list.replaceChildren(...typed.map(([, body]) => {
      const form = new URLSearchParams(body), line = document.createElement("li");
      line.textContent = form.get("title") + " · " + form.get("price");
      return line;
    }));
    list.hidden = !typed.length;
  };
  const keepTyped = (form) => {
    const body = new URLSearchParams(new FormData(form)), kept = read();
    kept["typed:" + body.get("operation")] = body.toString();
    write(kept);
    form.elements.operation.value = crypto.randomUUID();
    form.elements.title.value = form.elements.price.value = "";
    waiting();
    away(true);
  };
  // One that is refused goes back into its form, with what is wrong.
  const refused = async (answer) => {
    const at = document.getElementById("picking");
    at.outerHTML = await answer.text();
    if (window.htmx) window.htmx.process(document.getElementById("picking"));
    waiting();
  };
  const post = (name, value) => name.startsWith("typed:")
    ? fetch("/sell/" + root.dataset.sale + "/typed", { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(value) })
    : fetch("/sell/" + root.dataset.sale + "/lines", { method: "POST", body: new URLSearchParams({ variant: name, quantity: value }) });

  let sending = false;
  const send = async () => {
    const kept = read();
    if (sending || !navigator.onLine || !Object.keys(kept).length) return;
    sending = true;
    try {
      for (const [variant, quantity] of Object.entries(kept)) {
        const answer = await post(variant, quantity);
        if (answer.status >= 500) return;
        const now = read();
        if (now[variant] === quantity) { delete now[variant]; write(now); } // else it was changed while it was sent
        if (answer.status === 422 && variant.startsWith("typed:")) return await refused(answer);
      }
      if (!Object.keys(read()).length) location.reload();
    } catch { /* no network yet: again soon */ } finally { sending = false; }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!root.contains(form) || navigator.onLine && !Object.keys(read()).length) return;
    if (form.dataset.typed !== undefined) {
      event.preventDefault();
      event.stopImmediatePropagation();
      keepTyped(form);
      send();
    } else if (form.dataset.put !== undefined && event.submitter) {
      event.preventDefault();
      event.stopImmediatePropagation();
      keep(form.elements.variant.value, event.submitter.value);
      send();
    } else if (!navigator.onLine || form.dataset.show !== undefined) { // the code is made by the server, of what it knows
      event.preventDefault();
      event.stopImmediatePropagation();
      away(true);
      send();
    }
  }, true);

  document.addEventListener("htmx:sendError", (event) => {
    const form = event.detail.elt;
    const submitter = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent && event.detail.requestConfig.triggeringEvent.submitter;
    if (form && form.dataset && form.dataset.put !== undefined && submitter) keep(form.elements.variant.value, submitter.value);
    if (form && form.dataset && form.dataset.typed !== undefined) keepTyped(form);
    away(true);
  });
  document.addEventListener("htmx:afterOnLoad", () => { if (!Object.keys(read()).length) away(false); });
  window.addEventListener("offline", () => away(true));
  window.addEventListener("online", () => { if (!Object.keys(read()).length) away(false); send(); });
  setInterval(send, 4000);
  for (const [variant, quantity] of Object.entries(read())) show(variant, Number(quantity));
  waiting();
  away(!navigator.onLine || Object.keys(read()).length > 0);
  send();
})();
