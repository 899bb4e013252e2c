// The scanner's side of a form: which field has the focus, what Enter means, and where a scan
// goes that was made with no field in focus. A wedge scanner types the code and presses Enter.
(() => {
  "use strict";
  const FIELDS = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=submit]), select, textarea";
  const TYPING = "input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]";
  const BURST_MS = 35; // keystrokes closer together than this come from a scanner, not from fingers
  const BURST_LENGTH = 7;

  const catching = () => document.documentElement.dataset.catch !== "off";
  // A closed <details> keeps its content laid out in Chromium, so its rectangles prove nothing.
  const isVisible = (field) =>
    field.getClientRects().length > 0 && !field.closest("details:not([open])") && !field.disabled && !field.readOnly;
  const fieldsOf = (form) => [...form.querySelectorAll(FIELDS)].filter(isVisible);
  const isEmpty = (field) => field.value.trim() === "";
  const isWrong = (field) => field.getAttribute("aria-invalid") === "true";
  const isDue = (field) => field.required && isEmpty(field);

  function focusOn(field) {
    field.focus({ preventScroll: Boolean(field.closest("[data-scan-box]")) });
    if (!isEmpty(field) && field.select) field.select(); // the next scan replaces what stands there
  }

  // --- Setting fields up ------------------------------------------------------------------

  function addKeyboardButton(field) {
    // No on-screen keyboard over half the page for a field that is scanned; one tap brings it.
    field.inputMode = "none";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field-keyboard";
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", document.body.dataset.keyboardLabel);
    const icon = document.querySelector("template[data-keyboard-icon]");
    if (icon) button.append(icon.content.cloneNode(true));
    button.addEventListener("click", () => {
      const typing = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(typing));
      field.inputMode = typing ? "text" : "none";
      field.blur();
      field.focus();
    });
    field.parentElement.append(button);
    field.parentElement.classList.add("has-keyboard-toggle");
  }

  function prepare(root) {
    for (const field of root.querySelectorAll("input[data-scan]:not([data-ready])")) {
      field.dataset.ready = "";
      field.autocomplete = "off";
      field.spellcheck = false;
      if (!field.hasAttribute("autocapitalize")) field.setAttribute("autocapitalize", "characters");
      if (!field.hasAttribute("enterkeyhint")) field.enterKeyHint = "next";
      if (window.matchMedia("(pointer: coarse)").matches) addKeyboardButton(field);
    }
    for (const field of root.querySelectorAll("input[type=number]:not([data-ready])")) {
      field.dataset.ready = "";
      if (!field.inputMode) field.inputMode = "decimal";
      field.addEventListener("wheel", () => field.blur(), { passive: true }); // no count changed by scrolling
    }
    for (const form of document.querySelectorAll("form")) nameNext(form);
  }

  // --- Naming the next thing --------------------------------------------------------------

  function labelOf(field) {
    const label = field.labels?.[0];
    if (!label) return field.name;
    const copy = label.cloneNode(true);
    for (const extra of copy.querySelectorAll(".field-optional")) extra.remove();
    return copy.textContent.trim();
  }

  function nameNext(form) {
    const line = form.querySelector("[data-scan-next]");
    if (!line || !form.querySelector("[data-scan]")) return;
    const fields = fieldsOf(form);
    const next = fields.find(isWrong) || fields.find(isDue);
    const words = line.querySelector("[data-scan-word]");
    line.hidden = false;
    words.textContent = next
      ? ("scan" in next.dataset ? words.dataset.scanWord : words.dataset.enterWord)
      : words.dataset.doneWord;
    line.querySelector("strong").textContent = next ? labelOf(next) : "";
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (isWrong(event.target)) event.target.removeAttribute("aria-invalid"); // it is being corrected
    nameNext(form);
  });

  // --- Focus after load and after a swap --------------------------------------------------

  function focusFirst(root) {
    if (root.querySelector("[data-focus=none]")) return;
    const fields = [...root.querySelectorAll(`:is(${FIELDS})`)].filter(
      (field) => isVisible(field) && !field.closest("[data-scan-box], .filters"),
    );
    const scans = fields.filter((field) => "scan" in field.dataset);
    const target =
      fields.find(isWrong) ||
      scans.find(isEmpty) ||
      scans.find((field) => field.required) ||
      fields.find((field) => field.autofocus) ||
      (root.matches("main") && !fields.length && document.querySelector("[data-scan-box] input"));
    if (target) focusOn(target);
  }

  // --- Enter ------------------------------------------------------------------------------

  function nextDue(field) {
    const fields = fieldsOf(field.form);
    const at = fields.indexOf(field);
    return [...fields.slice(at + 1), ...fields.slice(0, at + 1)].find(isDue);
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.isComposing || !field.matches?.("input")) return;
    if (!field.form || field.closest("[data-scan-box]") || !field.form.querySelector("[data-scan]")) return;
    if (refuseScanInNumber(field)) {
      event.preventDefault();
      return;
    }
    // A field still empty keeps the focus: some scanners end with two Enters.
    const due = isDue(field) ? field : nextDue(field);
    if (!due) return; // all filled: Enter submits
    event.preventDefault();
    focusOn(due);
    nameNext(field.form);
  });

  // --- A code scanned into a number -------------------------------------------------------

  let burst = { field: null, before: "", length: 0, last: 0 };

  document.addEventListener("keydown", (event) => {
    if (event.key.length !== 1) return;
    const now = event.timeStamp;
    const goesOn = burst.field === event.target && now - burst.last < BURST_MS;
    burst = goesOn
      ? { ...burst, length: burst.length + 1, last: now }
      : { field: event.target, before: event.target.value, length: 1, last: now };
  }, true);

  function refuseScanInNumber(field) {
    const isNumber = field.type === "number" || field.inputMode === "decimal";
    if (!isNumber || burst.field !== field || burst.length < BURST_LENGTH) return false;
    field.value = burst.before ?? "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "refused" }));
    field.select();
    return true;
  }

  // --- A scan with nothing in focus, and the / key ----------------------------------------

  document.addEventListener("keydown", (event) => {
    // A button keeps the focus after it is pressed: the scan must not press it again with its Enter.
    const idle = !document.activeElement?.matches(TYPING);
    if (!catching() || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    const box = document.querySelector("[data-scan-box] input");
    if (event.key === "/" && idle) {
      if (!box) return;
      event.preventDefault();
      focusOn(box);
      return;
    }
    if (!idle || event.key === " " || document.querySelector("dialog[open], .offcanvas.show, .dropdown-menu.show")) return;
    const scans = [...document.querySelectorAll("main [data-scan]")].filter(isVisible);
    const target = scans.find(isEmpty) || (scans.length ? null : box);
    if (target) focusOn(target); // before the character arrives, so that none is lost
  });

  // --- Beginnings -------------------------------------------------------------------------

  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    const main = document.getElementById("main");
    if (main && !location.hash) focusFirst(main);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    prepare(event.target);
    // A poll must not pull the focus away from somebody; an answer to a person may.
    const cause = event.detail.requestConfig?.triggeringEvent?.type;
    if (["submit", "click", "change"].includes(cause)) focusFirst(event.target);
  });
})();
