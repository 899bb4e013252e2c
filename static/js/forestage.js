// What every page shares: sound and flash, clocks, confirmation, one submit at a time,
// preferences, and what to say when the server does not answer. Markup asks by data attributes;
// docs/interface.md lists them.
(() => {
  "use strict";
  const root = document.documentElement;
  const BUSY_MS = 15_000;

  // --- Preferences, kept on this device ---------------------------------------------------

  const UNCHOSEN = { sound: "on", catch: "on", touch: "off" };

  function preference(name) {
    try {
      return localStorage.getItem(`forestage.${name}`) ?? UNCHOSEN[name];
    } catch {
      return UNCHOSEN[name];
    }
  }

  function showPreferences() {
    root.dataset.catch = preference("catch");
    for (const button of document.querySelectorAll("[data-preference]")) {
      const { preference: name, value } = button.dataset;
      button.setAttribute("aria-pressed", String(preference(name) === value));
    }
  }

  // --- Accepted or refused ----------------------------------------------------------------

  const TONES = {
    accepted: [{ at: 0, hertz: 1320, seconds: 0.1, shape: "sine" }],
    scanned: [{ at: 0, hertz: 1760, seconds: 0.06, shape: "sine" }],
    kept: [
      { at: 0, hertz: 587, seconds: 0.09, shape: "triangle" },
      { at: 0.13, hertz: 440, seconds: 0.12, shape: "triangle" },
    ],
    refused: [
      { at: 0, hertz: 233, seconds: 0.18, shape: "square" },
      { at: 0.24, hertz: 196, seconds: 0.26, shape: "square" },
    ],
  };
  let audio = null;

  function play(kind) {
    if (preference("sound") === "off" || !window.AudioContext) return;
    audio ??= new AudioContext();
    audio.resume?.().catch(() => {}); // no gesture on this page yet: the flash has to do
    for (const tone of TONES[kind]) {
      const start = audio.currentTime + tone.at;
      const volume = audio.createGain();
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.25, start + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + tone.seconds);
      const oscillator = audio.createOscillator();
      oscillator.type = tone.shape;
      oscillator.frequency.value = tone.hertz;
      oscillator.connect(volume).connect(audio.destination);
      oscillator.start(start);
      oscillator.stop(start + tone.seconds);
    }
  }

  function feedback(kind) {
    if (!(kind in TONES)) return;
    const flash = document.createElement("div");
    flash.className = `flash flash-${kind}`;
    flash.setAttribute("aria-hidden", "true");
    flash.addEventListener("animationend", () => flash.remove());
    document.body.append(flash);
    play(kind);
    if (kind === "refused" && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([120, 80, 120]);
  }

  function giveFeedback(scope) {
    const found = [...scope.querySelectorAll("[data-feedback]")];
    if (scope.matches?.("[data-feedback]")) found.push(scope);
    const kinds = found.map((element) => element.dataset.feedback);
    for (const element of found) delete element.dataset.feedback; // once each
    const loudest = ["refused", "accepted", "scanned"].find((kind) => kinds.includes(kind));
    if (loudest) feedback(loudest);
  }

  // --- Clocks -----------------------------------------------------------------------------

  function duration(seconds) {
    const minutes = Math.floor(Math.max(0, seconds) / 60);
    const hours = Math.floor(minutes / 60);
    if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
    if (hours) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return `${minutes} min`;
  }

  const STATES = {
    fresh: ["tone-ok", "clock"],
    calm: ["tone-calm", "clock"],
    soon: ["tone-warn", "hourglass-split"],
    late: ["tone-bad", "exclamation-triangle-fill"],
  };

  function showState(clock, state) {
    const [tone, icon] = STATES[state];
    clock.classList.remove("tone-ok", "tone-calm", "tone-warn", "tone-bad");
    clock.classList.add(tone);
    const use = clock.querySelector("use");
    use?.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  }

  function tick() {
    const now = Date.now() / 1000;
    for (const time of document.querySelectorAll("time[data-age]")) {
      time.textContent = duration(now - Date.parse(time.dateTime) / 1000);
    }
    for (const span of document.querySelectorAll("[data-duration]")) {
      span.textContent = duration(Number(span.dataset.duration));
    }
    for (const clock of document.querySelectorAll("[data-clock=age]")) {
      const state = now >= clock.dataset.limit ? "late" : now >= clock.dataset.warn ? "soon" : "fresh";
      const word = clock.querySelector(".age-word");
      word.textContent = state === "late"
        ? `${word.dataset.late} ${duration(now - clock.dataset.limit)}` : word.dataset[state];
      showState(clock, state);
    }
    for (const clock of document.querySelectorAll("[data-clock=due]")) {
      const left = clock.dataset.limit - now;
      const word = clock.querySelector(".age-word");
      word.textContent = left < 0
        ? `${word.dataset.late} ${duration(-left)}` : `${word.dataset.in} ${duration(left)}`;
      showState(clock, left < 0 ? "late" : left <= clock.dataset.soon ? "soon" : "calm");
    }
  }

  // --- Confirmation -----------------------------------------------------------------------

  function ask(question) {
    const dialog = document.getElementById("confirm");
    dialog.querySelector("#confirm-text").textContent = question;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  const confirmed = new WeakSet();

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (form.hasAttribute("aria-busy")) {
      stop(event); // a second press, or the scanner's second Enter
    } else if (question && !confirmed.delete(form)) {
      stop(event);
      const { submitter } = event;
      if (await ask(question)) {
        confirmed.add(form);
        form.requestSubmit(submitter);
      }
    }
  }, true);

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (!link) return;
    event.preventDefault();
    if (await ask(link.dataset.confirm)) location.assign(link.href);
  });

  document.addEventListener("htmx:confirm", async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.question)) event.detail.issueRequest(true);
  });

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // --- One submit at a time ---------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    // htmx and dialogs prevent the default; what is left goes to the server as a new page.
    if (event.defaultPrevented || event.target.method !== "post") return;
    const form = event.target;
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), BUSY_MS); // an answer that is a file leaves the page standing
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("form")) event.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => event.target.removeAttribute("aria-busy"));
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
  });

  // --- The server does not answer, or asks to sign in -------------------------------------

  function showConnection(lost) {
    const notice = document.getElementById("connection");
    if (notice && notice.hidden === lost) {
      notice.hidden = !lost;
      if (lost) feedback("refused");
    }
  }

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      // Where scans are kept, what asks by itself may fail; a step that somebody takes may not.
      if (!keepsScans() || event.detail.requestConfig?.verb !== "get") showConnection(true);
    });
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) showConnection(false);
  });
  const keepsScans = () => "keeping" in root.dataset || document.querySelector("[data-keeps]") !== null;
  window.addEventListener("offline", () => keepsScans() || showConnection(true));
  document.addEventListener("forestage:keeping", () => showConnection(false));
  window.addEventListener("online", () => showConnection(false));

  document.addEventListener("htmx:beforeSwap", (event) => {
    // The session has ended: a sign-in form must not land in the middle of a board.
    const { loginUrl } = document.body.dataset;
    const answered = event.detail.xhr.responseURL;
    if (loginUrl && answered && new URL(answered).pathname === loginUrl) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // --- Clicks, beginnings -----------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".notice").remove();
    const button = event.target.closest("[data-preference]");
    if (!button) return;
    try {
      localStorage.setItem(`forestage.${button.dataset.preference}`, button.dataset.value);
    } catch {
      // Storage is blocked: there is nowhere to keep it.
    }
    showPreferences();
    document.dispatchEvent(new CustomEvent("forestage:preference"));
  });

  document.addEventListener("forestage:feedback", (event) => feedback(event.detail));
  document.addEventListener("DOMContentLoaded", () => {
    showPreferences();
    tick();
    giveFeedback(document);
    setInterval(tick, 30_000);
  });
  document.addEventListener("forestage:updated", tick);
  document.addEventListener("htmx:afterSettle", (event) => {
    tick();
    giveFeedback(event.target);
  });
})();
