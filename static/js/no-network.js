// The page for when there is no network: opens what was asked for as soon as the server answers, and
// takes scans until then where a guided flow was asked for. What it knew stands in the address.
(() => {
  "use strict";
  const EVERY_MS = 5000;
  const UNSAID = ["stays", "asking", "line", "reason", "all"];

  function takeScans() {
    const name = /^\/guided\/([\w-]+)\/$/.exec(location.pathname)?.[1];
    const flow = name && document.querySelector(`template[data-flow="${name}"]`);
    const who = window.forestageKept.lastUser();
    if (!flow || !who.user || !window.forestageKept.possible()) return;
    const form = document.getElementById("guided-form");
    Object.assign(form.dataset, { flow: name, label: flow.dataset.label });
    document.getElementById("guided-asks").textContent = flow.dataset.label;
    form.querySelector("[data-help]").textContent = flow.dataset.help;
    for (const [field, text] of new URLSearchParams(location.search)) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name: field, value: text });
      form.append(input);
      if (!UNSAID.includes(field)) form.querySelector("[data-known]").append(chip(text));
    }
    form.hidden = false;
    document.querySelector("[data-can-scan]").hidden = false;
    document.querySelector("[data-who]").textContent = who.name;
    form.elements.namedItem("scan").focus();
  }

  function chip(text) {
    const item = document.querySelector("template[data-chip]").content.firstElementChild.cloneNode(true);
    item.firstElementChild.textContent = text;
    return item;
  }

  async function look() {
    try {
      const answer = await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
      if (answer.ok && location.pathname !== "/offline/") location.reload();
    } catch {
      // Not yet.
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    try {
      takeScans();
    } catch {
      // Storage is blocked: nothing can be kept, and no box says otherwise.
    }
    setInterval(look, EVERY_MS);
  });
  window.addEventListener("online", look);
})();
