// Sends what this device has kept, in order, and shows what came of it. One tab sends at a time.
// What was refused waits for a person here. Markup: components/kept.html; the store: kept.js.
(() => {
  "use strict";
  const kept = window.forestageKept;
  const EVERY_MS = 10_000;
  const PATIENCE_MS = 60_000;
  const MOST_SCANS = 200; // as many as the server takes at once
  const { userName = "", idle = "", worker = "" } = document.body.dataset;
  const withoutNetwork = Boolean(document.querySelector("[data-without-network]")); // the service worker's page: nothing can be sent
  const user = withoutNetwork ? userBefore() : document.body.dataset.user ?? "";
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("forestage-kept") : null;
  const panel = () => document.getElementById("kept");
  let trouble = ""; // why sending stopped
  let recorded = []; // what was recorded, by any tab, since this page was opened

  const tell = (name, detail) => {
    document.dispatchEvent(new CustomEvent(name, { detail }));
    channel?.postMessage({ name, detail });
  };
  channel?.addEventListener("message", ({ data }) =>
    document.dispatchEvent(new CustomEvent(data.name, { detail: data.detail })));
  const feedback = (kind) => document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: kind }));

  // --- Sending ----------------------------------------------------------------------------

  async function send() {
    if (!user || withoutNetwork || !kept.possible() || !(await queued()).length) return;
    await navigator.locks.request("forestage-kept", { ifAvailable: true }, async (lock) => {
      while (lock && (await sendNext()));
    });
    tell("forestage:kept");
  }

  const queued = async () => (await kept.all()).filter((run) => run.state === "queued" && run.user === user);

  // The oldest run. Whether there may be more to send.
  async function sendNext() {
    const [run] = await queued();
    if (!run) return false;
    const before = (await kept.all()).filter((other) => indexedDB.cmp(other.order, run.order) < 0);
    const held = before.flatMap((other) => (other.state === "waiting" ? other.part.marks : []));
    const scans = run.scans.slice(0, MOST_SCANS);
    const answer = await ask(run, "kept", { scans, held });
    if (!answer) return false;
    const stuck = scans.length === MOST_SCANS && answer.parts.length === 1; // no end of a step in so many
    await kept.settle(run.order, answer, stuck);
    const done = answer.parts.filter(kept.isDone);
    if (answer.parts.some((part) => part.why || part.fate === "held")) feedback("refused");
    else if (done.length) feedback("accepted");
    tell("forestage:sent", { user: run.user, path: run.path, tab: run.tab, url: answer.url, after: answer.after, done });
    return true;
  }

  // The server's answer, or nothing where there is none that settles anything.
  async function ask(run, what, more) {
    trouble = "";
    let answer;
    try {
      answer = await fetch(`${run.path.split("?")[0]}${what}/`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
        body: JSON.stringify({ user: run.user, given: run.given, ...more }),
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.ok) return await answer.json();
    } catch {
      return stopped("network");
    }
    if (kept.isNoServer(answer.status)) return stopped("network");
    if (answer.status === 401 || answer.type === "opaqueredirect") return stopped("signin");
    if (answer.status === 409) return refusedWhole(await answer.json(), run, more);
    if (answer.status === 422) return refusedWhole({ code: "unreadable" }, run, more);
    return stopped(answer.status === 403 ? "reload" : "server");
  }

  function stopped(why) {
    trouble = why;
    return null;
  }

  // Of somebody else, or not permitted: the run waits, as a whole. A discard is merely told.
  function refusedWhole({ code, why, hint }, run, { scans, held }) {
    if (code === "other_user") return stopped("reload");
    if (!held) return { refused: why, hint };
    const said = panel()?.dataset.unreadable ?? code;
    const part = { fate: "refused", scans: scans.length, given: run.given, why: why ?? said, hint, code, marks: ["*"], url: run.path };
    return { parts: [part], given: run.given, after: run.given, url: run.path };
  }

  const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

  // --- Showing ----------------------------------------------------------------------------

  async function show() {
    let runs;
    try {
      runs = await kept.all();
    } catch {
      return; // no store here: the flow's page says so when it would be needed
    }
    const mine = runs.filter((run) => run.user === user);
    const note = document.getElementById("kept-note");
    if (note) note.hidden = Boolean(panel()) || !mine.length;
    if (!panel()) return;
    const shown = [];
    if (trouble && mine.some((run) => run.state === "queued")) shown.push(copy(trouble));
    const waiting = mine.filter((run) => run.state === "queued");
    if (waiting.length) shown.push(unsent(waiting));
    if (!withoutNetwork) shown.push(...decisions(mine.filter((run) => run.state !== "queued")));
    shown.push(...ofOthers(runs.filter((run) => run.user !== user)));
    if (recorded.length) shown.push(results());
    const empty = panel().querySelector("[data-kept-empty]");
    if (empty) empty.hidden = shown.length > 0;
    keepTyping(() => panel().querySelector("[data-kept-list]").replaceChildren(...shown));
    panel().hidden = !shown.length && !empty;
  }

  // A reason that is being written when a poll draws the list anew.
  function keepTyping(draw) {
    const field = document.activeElement?.closest?.("#kept input");
    const { value, dataset } = field ?? { dataset: {} };
    draw();
    const again = field && panel().querySelector(`input[data-order="${dataset.order}"]`);
    if (!again) return;
    again.value = value;
    again.focus();
  }

  const copy = (name) =>
    panel().querySelector(`template[data-kept-${name}]`).content.firstElementChild.cloneNode(true);

  function write(node, texts) {
    for (const [name, text] of Object.entries(texts)) {
      const place = node.querySelector(`[data-${name}]`);
      if (!place) continue;
      place.textContent = text ?? "";
      const whole = place.closest("[data-optional]");
      if (whole) whole.hidden = !text;
    }
    return node;
  }

  const textOf = (scan) => scan.scan || new URLSearchParams(scan.choice).values().next().value || "";
  const when = (scan) => new Date(scan.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

  function list(scans, bad) {
    return scans.map((scan, number) => {
      const item = write(copy("scan"), { text: textOf(scan), at: when(scan) });
      if (number === bad) item.classList.add("kept-bad");
      return item;
    });
  }

  function unsent(runs) {
    const node = copy("unsent");
    const count = runs.reduce((sum, run) => sum + run.scans.length, 0);
    write(node, { count: String(count) });
    node.querySelector("[data-scans]").replaceChildren(...runs.flatMap((run) => list(run.scans)).slice(-12));
    node.querySelector("[data-send]")?.addEventListener("click", send);
    return node;
  }

  // On their own page; elsewhere the scan box comes first, and a line leads there.
  function decisions(runs) {
    if (!runs.length || panel().querySelector("[data-kept-empty]")) return runs.map(decision);
    return [write(copy("decide"), { count: String(runs.length) })];
  }

  function decision(run) {
    const { part } = run;
    const node = copy(part.fate);
    const cleared = part.cleared_by;
    write(node, { label: run.label, why: part.why, hint: part.hint, cleared });
    node.querySelector("[data-scans]").replaceChildren(...list(run.scans, part.bad));
    const open = node.querySelector("[data-open]");
    open?.setAttribute("href", part.url);
    open?.addEventListener("click", () => remember(run.order));
    for (const { label, url } of part.instead ?? []) {
      const link = write(copy("offer"), { label });
      link.href = url;
      link.addEventListener("click", () => remember(run.order));
      node.querySelector("[data-offers]")?.append(link);
    }
    node.querySelector("[data-again]")?.addEventListener("click", () => again(run.order, {}));
    for (const field of node.querySelectorAll("input")) field.dataset.order = `${field.name} ${run.order}`;
    node.querySelector("[data-replace]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const right = { ...run.scans[part.bad], key: crypto.randomUUID(), choice: "", scan: event.target.elements.instead.value };
      again(run.order, { scans: run.scans.with(part.bad, right) });
    });
    const form = node.querySelector("[data-discard]");
    const field = form.elements.namedItem("reason");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      give(run, field.value, event.submitter?.hasAttribute("data-one"), node);
    });
    return node;
  }

  function ofOthers(runs) {
    const names = new Map();
    for (const run of runs) names.set(run.name, (names.get(run.name) ?? 0) + run.scans.length);
    return [...names].map(([name, count]) => write(copy("others"), { name, count: String(count) }));
  }

  function results() {
    const node = copy("done");
    const lines = recorded.slice(-8).map((part) => `${part.label}: ${part.texts.join("; ")}`);
    node.querySelector("[data-texts]").replaceChildren(...lines.map((line) => write(copy("line"), { text: line })));
    node.querySelector("[data-clear]").addEventListener("click", () => {
      recorded = [];
      show();
    });
    return write(node, { count: String(recorded.length) });
  }

  // --- Deciding ---------------------------------------------------------------------------

  // The flow's page takes it off the list once a step of it was recorded (guided.js).
  const remember = (order) => sessionStorage.setItem("forestage.retry", JSON.stringify(order));

  async function again(order, more) {
    await kept.decide(order, { state: "queued", part: undefined, ...more });
    await send();
    tell("forestage:kept");
  }

  // Give up these scans, or the one that could not be followed, with a reason that is recorded.
  async function give(run, reason, one, node) {
    const { bad } = run.part;
    const scans = one ? [run.scans[bad]] : run.scans;
    for (let at = 0; at < scans.length; at += MOST_SCANS) {
      const answer = await ask(run, "discard", { scans: scans.slice(at, at + MOST_SCANS), reason });
      if (!answer || answer.refused) {
        write(node, { failed: answer?.refused ?? panel().dataset[trouble] ?? panel().dataset.failed });
        feedback("refused");
        return;
      }
    }
    if (one && run.scans.length > 1) await again(run.order, { scans: run.scans.filter((scan) => scan !== scans[0]) });
    else await kept.decide(run.order, null);
    await send();
    tell("forestage:kept");
  }

  // --- Beginnings -------------------------------------------------------------------------

  function userBefore() {
    try {
      return kept.lastUser().user ?? "";
    } catch {
      return "";
    }
  }

  // Who is signed in at this device, for the page that is shown without a network.
  function noteUser() {
    if (withoutNetwork) return;
    try {
      if (user) {
        localStorage.setItem("forestage.user", JSON.stringify({ user, name: userName, idle }));
        localStorage.setItem("forestage.seen", String(Date.now()));
      } else if (document.querySelector("input[type=password]")) localStorage.removeItem("forestage.user");
    } catch {
      // Storage is blocked: nothing is kept without a network then.
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    noteUser();
    if (worker) navigator.serviceWorker?.register(worker, { updateViaCache: "none" }).catch(() => {});
    show().then(send).catch(() => {});
    setInterval(() => send().catch(() => {}), EVERY_MS);
  });
  window.addEventListener("online", () => send().catch(() => {}));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    if (event.detail.requestConfig.verb === "post") noteUser(); // a poll is nobody being there
    send().catch(() => {});
  });
  document.addEventListener("forestage:kept", () => show());
  // Whichever tab has sent it: the one in which it was decided says so as well.
  document.addEventListener("forestage:sent", ({ detail }) => {
    if (detail.user === user) recorded.push(...(detail.done ?? [])); // a tab of an older page does not say
    show();
  });
})();
