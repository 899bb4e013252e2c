// Scans that are faster than the answers of a guided flow. While one is under way, what is scanned
// next waits its turn; after a refusal it does not, because it was meant to follow something that
// did not happen.
(() => {
  "use strict";
  const waiting = [];
  let sent = "";
  let typed = "";

  const form = () => document.getElementById("guided-form");
  const box = () => form()?.elements.namedItem("scan");
  const isForm = (element) => element.id === "guided-form";

  // On the window, to come before the listener that stops a second submit.
  window.addEventListener("submit", (event) => {
    if (!isForm(event.target) || !event.target.hasAttribute("aria-busy")) return;
    const text = box().value.trim();
    if (text) waiting.push(text);
    box().value = "";
  }, true);

  document.addEventListener("htmx:configRequest", (event) => {
    if (!isForm(event.target)) return;
    sent = box().value; // what is typed from here on is the next scan
    box().value = "";
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (isForm(event.target)) box().value = sent;
    });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "guided") typed = box()?.value ?? "";
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "guided") return;
    const refused = event.target.querySelector("[data-dropped]");
    if (refused && (waiting.length || typed)) {
      refused.hidden = false;
      waiting.length = 0;
    } else if (waiting.length) {
      // What is half typed by now comes after those that wait: it stays in the box, behind Enter.
      const next = waiting.shift();
      const rest = typed;
      box().value = next;
      form().requestSubmit();
      box().value = rest;
    } else if (typed) {
      box().value = typed;
    }
    typed = "";
  });
})();
