// The price of what is chosen in a poll, as it is chosen. Without this a button asks the server for it.
(() => {
  "use strict";
  const form = document.querySelector("[data-ballot]");
  if (!form) return;
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: form.dataset.currency });
  const digits = money.resolvedOptions().maximumFractionDigits;
  const say = (minor) => money.format(minor / 10 ** digits);

  function show() {
    let low = Number(form.dataset.base), high = low;
    for (const question of form.querySelectorAll("fieldset")) {
      const options = [...question.querySelectorAll("input[data-effect]")];
      const chosen = options.filter((o) => o.checked);
      const effects = (chosen.length ? chosen : options).map((o) => Number(o.dataset.effect));
      low += Math.min(...effects);
      high += Math.max(...effects);
    }
    form.querySelector("output").textContent = low === high ? say(low) : form.dataset.range.replace("{low}", say(low)).replace("{high}", say(high));
  }
  form.querySelector("[data-price]").hidden = true;
  form.addEventListener("change", show);
  show();
})();
