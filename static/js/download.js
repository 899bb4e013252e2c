// What takes longer than a moment says that it is under way: a form that was sent, a file that is
// being made. A file comes down behind the page, so that the page can say when it is there; without
// this script the browser saves it by itself.
(() => {
  "use strict";
  const MOMENT_MS = 800; // answers that come sooner need no word

  // --- The sign -----------------------------------------------------------------------------

  let underWay = 0;
  let waiting = 0;

  function begin(word) {
    const sign = document.querySelector("#working > .working");
    if (!sign) return;
    underWay += 1;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      sign.querySelector("[data-word]").textContent = word || sign.dataset.word;
      sign.hidden = false;
    }, MOMENT_MS);
  }

  function end() {
    underWay = Math.max(underWay - 1, 0);
    if (underWay) return; // something else is still awaited
    clearTimeout(waiting);
    const sign = document.querySelector("#working > .working");
    if (sign) sign.hidden = true;
  }

  // What a page asks for by itself, such as the number of alerts, has no part in this.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches("form")) begin();
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.matches("form")) end();
  });
  window.addEventListener("pageshow", () => {
    underWay = 0; // nothing that an earlier view of the page awaited comes any more
    end();
  });

  // --- Files --------------------------------------------------------------------------------

  function save(blob, disposition) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = /filename="([^"]+)"/.exec(disposition)?.[1] ?? "";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  // Whether the answer was a file, which is saved now.
  async function saved(answer) {
    const disposition = answer.headers.get("Content-Disposition");
    if (!answer.ok || !disposition) return false;
    save(await answer.blob(), disposition);
    document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "accepted" }));
    return true;
  }

  // A refusal comes as the page again, with its reasons beside the fields.
  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html").querySelector("main");
    if (!page) return location.reload(); // signed out meanwhile
    const main = document.querySelector("main");
    main.replaceWith(document.adoptNode(page));
    document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "refused" }));
    document.querySelector("main [aria-invalid=true]")?.focus();
  }

  async function send(form, finished) {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!(await saved(answer))) return show(await answer.text());
    if (!finished) return;
    finished.hidden = false;
    finished.querySelector(".notice-body").textContent = form.dataset.done;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    begin(form.dataset.working);
    if (!form.matches("[data-download]")) return; // a new page comes, and takes the sign with it
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    const finished = form.querySelector("[data-finished]");
    if (finished) finished.hidden = true;
    try {
      await send(form, finished);
    } catch {
      document.getElementById("connection").hidden = false;
    } finally {
      end();
      form.removeAttribute("aria-busy");
    }
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[download]");
    if (!link || link.origin !== location.origin || link.protocol === "blob:") return;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    begin(link.dataset.working);
    try {
      if (!(await saved(await fetch(link.href)))) location.assign(link.href);
    } catch {
      location.assign(link.href); // the browser says what is wrong
    } finally {
      end();
    }
  });
})();
