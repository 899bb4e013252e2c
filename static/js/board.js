// Keeps a board true: asks every second whether anything has happened, and puts what is new in its
// place. Cards that have not changed are left alone, so nothing jumps, and focus and scroll stay.
(() => {
  "use strict";
  const EVERY_MS = 1000;
  const SLOWER_MS = 5000;
  const TIMEOUT_MS = 10_000;
  const LOST_AFTER_MS = 4000;
  const MARKED_MS = 3000;
  const HEADER = "Board-Seen";

  let board = null;
  let seen = "";
  let address = location.href;
  let heard = Date.now();
  let timer = 0;
  let asking = false;

  // --- What is new goes into its place -----------------------------------------------------

  function patch(old, fresh, changed) {
    const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
    let cursor = old.firstElementChild;
    for (const next of [...fresh.children]) {
      const there = known.get(next.dataset.key);
      known.delete(next.dataset.key);
      let place = next;
      if (there && "list" in next.dataset) {
        there.className = next.className;
        patch(there, next, changed);
        place = there;
      } else if (there && there.dataset.mark === next.dataset.mark) {
        place = there;
      } else {
        if (there === cursor && there) cursor = there.nextElementSibling;
        there?.remove();
        changed.push(next);
      }
      if (place === cursor) cursor = cursor.nextElementSibling;
      else old.insertBefore(place, cursor);
    }
    for (const gone of known.values()) gone.remove();
  }

  function show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const focused = board.contains(document.activeElement) ? document.activeElement.id : "";
    const changed = [];
    patch(board, fresh.content, changed);
    if (focused && document.activeElement?.id !== focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    document.dispatchEvent(new CustomEvent("forestage:updated"));
    return changed;
  }

  function point(changed) {
    for (const card of changed) {
      if (!card.matches("article")) continue;
      card.classList.add("is-changed");
      setTimeout(() => card.classList.remove("is-changed"), MARKED_MS);
    }
  }

  // --- Asking ------------------------------------------------------------------------------

  async function ask(where, { turn = false } = {}) {
    asking = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(where, {
        headers: { "HX-Request": "true", [HEADER]: turn ? "0.-.0" : seen },
        cache: "no-store",
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.redirected || answer.status === 403) return location.reload(); // signed out, revoked
      if (!answer.ok) throw new Error(String(answer.status));
      heard = Date.now();
      if (where !== address && !turn) return; // the screen has turned to another page since
      const html = answer.status === 200 ? await answer.text() : null;
      seen = answer.headers.get(HEADER) || seen;
      address = where;
      if (html !== null) {
        const changed = show(html);
        if (!turn) point(changed);
      }
    } catch {
      // Said by the sign once it has lasted.
    } finally {
      asking = false;
      sign();
      later();
    }
  }

  function later() {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => ask(address), Date.now() - heard > LOST_AFTER_MS ? SLOWER_MS : EVERY_MS);
  }

  // --- Whether it is true --------------------------------------------------------------------

  function sign() {
    const state = Date.now() - heard > LOST_AFTER_MS ? "lost" : "live";
    document.documentElement.dataset.boardState = state;
    for (const shown of document.querySelectorAll("[data-live-sign]")) {
      if (shown.dataset.liveState !== state) shown.dataset.liveState = state;
    }
    const zone = document.querySelector("[data-zone]")?.dataset.zone;
    const spelled = new Intl.DateTimeFormat(document.documentElement.lang, {
      timeStyle: "medium", hourCycle: "h23", ...(zone && { timeZone: zone }),
    }).format(now(heard));
    for (const time of document.querySelectorAll("[data-live-at]")) {
      if (time.textContent !== spelled) time.textContent = spelled;
    }
  }

  // A wall's own clock may be wrong; the server said what time it was when the page was made.
  const started = Date.now();
  function now(at = Date.now()) {
    const said = Number(document.querySelector("[data-now]")?.dataset.now || started);
    return said + (at - started);
  }

  document.addEventListener("DOMContentLoaded", () => {
    board = document.querySelector("[data-live]");
    if (!board) return;
    seen = board.dataset.seen;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !asking) ask(address);
    });
    window.addEventListener("online", () => !asking && ask(address));
    setInterval(sign, EVERY_MS);
    sign();
    later();
  });

  window.forestageBoard = {
    now,
    turnTo: (where) => ask(where, { turn: true }),
    isLost: () => Date.now() - heard > LOST_AFTER_MS,
  };
})();
