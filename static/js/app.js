// What pages do beyond links and forms. Everything here is an extra: each page works without it.
"use strict";

(() => {
  const find = (root, selector) => root.querySelectorAll ? root.querySelectorAll(selector) : [];

  // Shows controls that only work with script.
  const enhance = (root) => {
    for (const b of find(root, "[data-copy]")) b.hidden = !navigator.clipboard;
    for (const b of find(root, "[data-share-system]")) b.hidden = !navigator.share;
    for (const z of find(root, "select[data-zone]")) hereZone(z);
    for (const b of find(root, "[data-step]")) b.hidden = false;
    for (const d of find(root, "dialog[data-now]")) if (!d.open) d.showModal();
    for (const tab of find(root, ".tabs [aria-current]")) { // where one is may lie beyond the edge of a phone
      const row = tab.parentElement;
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    }
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.querySelector("span");
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  };

  // The time zone of the device, also where the list does not know it.
  const hereZone = (select) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone) return;
    if (![...select.options].some((o) => o.value === zone)) select.add(new Option(zone.replaceAll("_", " "), zone));
    select.value = zone;
  };

  // The system's own sheet, with the photograph (data-files) where it takes one.
  const share = async (button) => {
    const { url, title, text, files } = button.closest("[data-share]").dataset;
    const data = { title, text };
    if (url) data.url = url;
    if (files && navigator.canShare) {
      const blob = await fetch(files).then((r) => (r.ok ? r.blob() : null)).catch(() => null);
      const photo = blob && [new File([blob], "relais.jpg", { type: "image/jpeg" })];
      if (photo && navigator.canShare({ files: photo })) data.files = photo;
    }
    navigator.share(data).catch(() => {}); // closed by the person: nothing to do
  };

  const step = (button) => {
    const input = button.parentElement.querySelector("input");
    const before = input.value;
    if (button.dataset.step === "1") input.stepUp(); else input.stepDown();
    if (input.value !== before) input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy],[data-share-system],[data-step],[data-dialog],[data-print]");
    if (!target) return;
    if (target.dataset.copy !== undefined) copy(target);
    else if (target.dataset.shareSystem !== undefined) share(target);
    else if (target.dataset.step !== undefined) step(target);
    else if (target.dataset.print !== undefined) window.print();
    else {
      const dialog = document.getElementById(target.dataset.dialog);
      if (dialog && dialog.showModal) { event.preventDefault(); dialog.showModal(); }
    }
  });

  // A tap beside a dialog closes it.
  document.addEventListener("pointerdown", (event) => {
    if (event.target.tagName !== "DIALOG") return;
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  });

  // Sorting and filtering apply at once (data-auto); a form or its button may ask first (data-confirm) and be sent only once (data-once).
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.dataset.auto !== undefined) form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (question && !window.confirm(question)) { event.preventDefault(); return; }
    if (form.dataset.once === undefined) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    for (const b of form.querySelectorAll("button:not([type=button])")) b.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const b of form.querySelectorAll("[aria-disabled]")) b.removeAttribute("aria-disabled");
    }
  });

  // Uploads sent by htmx show how far they are.
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector("[data-upload] progress");
    if (!bar || !event.detail.total) return;
    bar.hidden = false;
    bar.value = 100 * event.detail.loaded / event.detail.total;
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest && event.target.closest("[data-upload]");
      if (zone) zone.classList.toggle("over", kind === "dragover");
    });
  }

  // The service worker speaks the language of the page. A browser may refuse: nothing needs it.
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready)
      .then((worker) => worker.active.postMessage({ lang: document.documentElement.lang })).catch(() => {});
  }

  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  enhance(document);
})();
