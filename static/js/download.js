// A form whose answer is a file: the page stays, shows that the file is under way, and says when it
// is there. Without this script the browser saves the file by itself.
(() => {
  "use strict";

  function save(blob, disposition) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = /filename="([^"]+)"/.exec(disposition ?? "")?.[1] ?? "labels";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
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

  async function send(form) {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (answer.headers.get("Content-Disposition")) {
      save(await answer.blob(), answer.headers.get("Content-Disposition"));
      const finished = form.querySelector("[data-finished]");
      finished.hidden = false;
      finished.querySelector(".notice-body").textContent = form.dataset.done;
      document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "accepted" }));
    } else {
      show(await answer.text());
    }
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-download]") || event.defaultPrevented) return;
    event.preventDefault();
    const progress = form.querySelector("[data-progress]");
    form.setAttribute("aria-busy", "true");
    form.querySelector("[data-finished]").hidden = true;
    progress.hidden = false;
    try {
      await send(form);
    } catch {
      document.getElementById("connection").hidden = false;
    } finally {
      progress.hidden = true;
      form.removeAttribute("aria-busy");
    }
  });
})();
