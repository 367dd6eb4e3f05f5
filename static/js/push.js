// The settings of notices: this browser as a device that is told by web push.
"use strict";

(() => {
  const box = document.querySelector("[data-push]");
  if (!box) return;
  const on = box.querySelector("[data-push-on]");
  const off = box.querySelector("[data-push-off]");
  const says = box.querySelector("[data-push-says]");
  const say = (word) => { says.textContent = word ? box.dataset[word] : ""; };

  const key = () => {
    const text = atob(box.dataset.push.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
  };
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(path + " answers " + answer.status);
  };
  const show = (subscribed) => { on.hidden = subscribed; off.hidden = !subscribed; };
  // Another key than ours of today: the subscription is of no use any more.
  const ours = (subscription) => {
    const used = subscription.options && subscription.options.applicationServerKey;
    if (!used) return true;
    const a = new Uint8Array(used), b = key();
    return a.length === b.length && a.every((x, i) => x === b[i]);
  };

  const subscribe = async () => {
    say("working");
    if (await Notification.requestPermission() !== "granted") { say("denied"); return; }
    const worker = await navigator.serviceWorker.ready;
    const before = await worker.pushManager.getSubscription();
    if (before && !ours(before)) await before.unsubscribe();
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key() });
    await post("/me/notices/devices", subscription);
    location.reload();
  };
  const unsubscribe = async () => {
    say("working");
    const worker = await navigator.serviceWorker.ready;
    const subscription = await worker.pushManager.getSubscription();
    if (subscription) {
      await post("/me/notices/devices/off", { endpoint: subscription.endpoint });
      await subscription.unsubscribe();
    }
    location.reload();
  };

  const begin = async () => {
    if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) { say("unsupported"); return; }
    const guarded = (what) => () => { what().catch(() => say("failed")); };
    on.addEventListener("click", guarded(subscribe));
    off.addEventListener("click", guarded(unsubscribe));
    show(false);
    const worker = await navigator.serviceWorker.ready;
    const subscription = await worker.pushManager.getSubscription();
    const row = subscription && document.querySelector('[data-endpoint="' + CSS.escape(subscription.endpoint) + '"]');
    if (row) row.querySelector("[data-here]").hidden = false;
    show(!!row);
    say(row ? "ison" : "");
  };
  begin().catch(() => say("failed"));
})();
