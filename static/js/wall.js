// A board on a wall: its clock, the next page when not all fits, the sign that it is cut off, and a
// fresh page once a day.
(() => {
  "use strict";
  const DAY_MS = 24 * 3600 * 1000;

  document.addEventListener("DOMContentLoaded", () => {
    const wall = document.querySelector("[data-wall]");
    if (!wall) return;
    const { now, turnTo, isLost } = window.forestageBoard;
    const seconds = Number(wall.dataset.seconds);
    const started = Date.now();
    const first = new URL(location.href);
    const spelled = new Intl.DateTimeFormat(document.documentElement.lang, {
      hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: wall.dataset.zone,
    });
    const bar = wall.querySelector("[data-wall-turn]");
    let shown = 0; // seconds for which this page has been shown
    let further = false;

    // Pages are found by `after` (lanes) or by a query of their own (demands).
    function following() {
      const next = wall.querySelector("[data-next]")?.dataset.next || "";
      if (!next) return further ? first.href : "";
      const where = new URL(first.href);
      if (next.startsWith("?")) where.search = next;
      else where.searchParams.set("after", next);
      return where.href;
    }

    function step() {
      const clock = wall.querySelector("[data-wall-clock]");
      clock.textContent = spelled.format(now());
      wall.querySelector("[data-wall-lost]").hidden = !isLost();
      const where = following();
      shown = where ? shown + 1 : 0;
      bar.hidden = !where;
      bar.firstElementChild.style.width = `${Math.min(100, (shown / seconds) * 100)}%`;
      if (where && shown >= seconds && !isLost()) {
        shown = 0;
        further = where !== first.href;
        turnTo(where);
      }
      if (Date.now() - started > DAY_MS && !isLost()) location.reload();
    }

    step();
    setInterval(step, 1000);
  });
})();
