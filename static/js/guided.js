// Scans of a guided flow: those that are faster than the answers, and those without a network.
(() => {
  "use strict";
  const kept = window.forestageKept;
  const ABOUT_THE_PAGE = ["key", "scan", "choice", "csrfmiddlewaretoken"];
  const root = document.documentElement;
  const waiting = [];
  let sent = null; // the request that is under way
  let typed = "";
  let keeping = false; // scans are kept on this device, until what was kept is sent
  let since = null; // what is known beyond what the page shows, as the server has said

  const form = () => document.getElementById("guided-form");
  const box = () => form()?.elements.namedItem("scan");
  const isForm = (element) => element.form === form() || element.id === "guided-form";

  // --- Scans that are faster than the answers ---------------------------------------------
  // While one is under way, what is scanned next waits its turn; after a refusal it does not,
  // because it was meant to follow something that did not happen.

  // On the window, to come before the listener that stops a second submit.
  window.addEventListener("submit", (event) => {
    if (event.target.id !== "guided-form") return;
    const text = box().value.trim();
    if (keeping) {
      event.preventDefault();
      event.stopImmediatePropagation();
      box().value = "";
      if (text) keep([{ scan: text }]);
    } else if (event.target.hasAttribute("aria-busy")) {
      if (text) waiting.push(text);
      box().value = "";
    }
  }, true);

  document.addEventListener("htmx:configRequest", (event) => {
    if (!isForm(event.target)) return;
    const { scan = "", choice = "", key = "" } = event.detail.parameters;
    sent = { key, at: new Date().toISOString(), ...(choice ? { choice } : { scan }) };
    // What is typed from here on is the next scan.
    if (event.target.id === "guided-form") box().value = "";
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "guided") typed = box()?.value ?? "";
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "guided") return;
    since = null;
    document.querySelector("[data-kept-unable]").replaceChildren();
    settleRetry(event.target);
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
    look();
  });

  // --- Without a network ------------------------------------------------------------------

  // On the window: what is kept is no trouble that others need to tell.
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    window.addEventListener(name, (event) => {
      if (!isForm(event.target)) return;
      const noAnswer = name !== "htmx:responseError" || kept.isNoServer(event.detail.xhr.status);
      if (noAnswer && sent && kept.possible()) {
        event.stopPropagation();
        // Perhaps it did arrive: under the key of its page it has one effect.
        keep([sent, ...waiting.splice(0).map((scan) => ({ scan }))]);
      } else {
        box().value = sent?.scan ?? "";
        if (noAnswer) unable("unable");
      }
      sent = null;
    }, true);
  }

  function run() {
    const { user, name } = whoIsHere();
    const given = since?.given ?? Object.fromEntries(
      [...new FormData(form())].filter(([field, text]) => !ABOUT_THE_PAGE.includes(field) && text));
    return { user, name, tab: tab(), given, flow: form().dataset.flow, label: form().dataset.label, path: here() };
  }

  const here = () => location.pathname + location.search;

  function tab() {
    const id = sessionStorage.getItem("forestage.tab") ?? crypto.randomUUID();
    sessionStorage.setItem("forestage.tab", id);
    return id;
  }

  // Who is signed in, or was when there was a network; nobody after the time that a sign-in lasts
  // while nobody is there.
  function whoIsHere() {
    const said = kept.lastUser();
    const away = Date.now() - Number(localStorage.getItem("forestage.seen"));
    return said.user && away < Number(said.idle) * 1000 ? said : {};
  }

  // Nothing is shown as kept before it is on the disk; one after the other, in their order.
  let last = Promise.resolve();
  function keep(scans) {
    keeping = true;
    const at = new Date().toISOString();
    const reason = form().elements.namedItem("reason")?.value ?? "";
    last = last.then(async () => {
      for (const scan of scans) {
        try {
          const made = run();
          if (!made.user) return unable("away", scan);
          await kept.add(made, { key: crypto.randomUUID(), at, reason, ...scan });
          localStorage.setItem("forestage.seen", String(Date.now()));
          navigator.storage?.persist?.();
        } catch {
          return unable("unable", scan);
        }
      }
      document.querySelector("[data-kept-unable]").replaceChildren();
      document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "kept" }));
      await look();
      document.dispatchEvent(new CustomEvent("forestage:kept"));
    });
  }

  // Nothing was kept: the scan goes back into the box, and the page says so.
  function unable(why, scan) {
    if (scan?.scan) box().value = scan.scan;
    const place = document.querySelector("[data-kept-unable]");
    place.replaceChildren(document.querySelector(`template[data-kept-${why}]`).content.cloneNode(true));
    document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "refused" }));
    look();
  }

  // Whether scans are to be kept: as long as any of this person are not sent, so that none overtakes.
  async function look() {
    const { user } = whoIsHere();
    const runs = await kept.all().catch(() => []);
    const offline = "offline" in (form()?.dataset ?? {});
    keeping = offline || Boolean(since) || runs.some((run) => run.state === "queued" && run.user === user);
    root.toggleAttribute("data-keeping", keeping && !offline);
    if (keeping) document.dispatchEvent(new CustomEvent("forestage:keeping"));
  }

  // What was scanned on this page is sent: it goes on with what is known now.
  document.addEventListener("forestage:sent", async (event) => {
    const { path, tab: of, url, after } = event.detail;
    if (!form() || path !== here() || of !== tab() || "offline" in form().dataset) return;
    since = { given: after };
    await kept.takeUp(event.detail);
    history.replaceState(history.state, "", url);
    window.htmx.ajax("GET", url, { target: "#guided", swap: "outerHTML" });
  });

  // A refused step that was opened again is off the list once a step was recorded here.
  function settleRetry(part) {
    const order = sessionStorage.getItem("forestage.retry");
    if (!order || !part.querySelector("[data-accepted]")) return;
    sessionStorage.removeItem("forestage.retry");
    kept.decide(JSON.parse(order), null).then(() => document.dispatchEvent(new CustomEvent("forestage:kept")));
  }

  document.addEventListener("forestage:kept", look);
  document.addEventListener("DOMContentLoaded", look);
})();
