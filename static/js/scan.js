// The scanner's side of a form: which field has the focus, what Enter means, and where a scan
// goes that was made with no field in focus. A wedge scanner types the code and presses Enter.
(() => {
  "use strict";
  const FIELDS = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=submit]), select, textarea";
  const TYPING = "input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]";
  const BURST_MS = 35; // keystrokes closer together than this come from a scanner, not from fingers
  const BURST_LENGTH = 7;
  // What may be a label that says more than one field holds; the server knows for sure.
  const LABEL = /^(\]|\(\d|https?:\/\/|\d{8})|\u001d/i;

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
      const typed = field.dataset.scan === "quantity"; // a number is asked for: bring the keys at once
      if (window.matchMedia("(pointer: coarse)").matches && !typed) addKeyboardButton(field);
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
    // Where nothing is required, as when one of several codes will do, the first one is named.
    const any = fields.some((field) => field.required || !isEmpty(field)) ? null : fields[0];
    const next = fields.find(isWrong) || fields.find(isDue) || any;
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
    forgetRefusal(event.target);
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
      fields.find((field) => field.dataset.focus === "first") ||
      scans.find(isEmpty) ||
      scans.find((field) => field.required) ||
      fields.find((field) => field.autofocus) ||
      (root.matches("main") && !fields.length && document.querySelector("[data-scan-box] input"));
    if (target) focusOn(target);
  }

  // --- A label that says more than the field ----------------------------------------------

  const isLabel = (field) => "scan" in field.dataset && field.form?.dataset.labelUrl && LABEL.test(field.value.trim());

  // `stay`: keep a refused label's field in focus, as after Enter; who has left it is let go.
  async function readLabel(field, stay = true) {
    const form = field.form;
    if ("reading" in form.dataset) return false;
    form.dataset.reading = "";
    try {
      const data = new FormData(form);
      for (const secret of form.querySelectorAll("input[type=password]")) data.delete(secret.name);
      data.set("scanned", field.name);
      const answer = await fetch(form.dataset.labelUrl, { method: "POST", body: data });
      const said = await answer.json();
      if (answer.status === 409) return refuseLabel(field, said, stay);
      forgetRefusal(field);
      field.removeAttribute("aria-invalid");
      fillIn(field, said.values);
    } catch {
      // No answer, or none of ours: the server reads the label when the form is sent.
    } finally {
      delete form.dataset.reading;
    }
    return true;
  }

  function fillIn(scanned, values) {
    for (const [name, value] of Object.entries(values)) {
      const field = scanned.form.elements.namedItem(name);
      if (!field || (field !== scanned && !isEmpty(field))) continue;
      field.value = value;
      field.closest("details")?.setAttribute("open", "");
      field.classList.add("just-filled");
      field.addEventListener("animationend", () => field.classList.remove("just-filled"), { once: true });
    }
    nameNext(scanned.form);
  }

  function refuseLabel(field, { why, hint }, stay) {
    forgetRefusal(field);
    const error = document.querySelector("template[data-field-error]").content.firstElementChild.cloneNode(true);
    error.querySelector("[data-why]").textContent = why;
    error.querySelector("[data-hint]").textContent = hint;
    const whole = field.closest(".field");
    whole?.classList.add("field-wrong");
    whole?.append(error);
    field.setAttribute("aria-invalid", "true");
    document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "refused" }));
    if (stay) focusOn(field);
    nameNext(field.form);
    return false;
  }

  function forgetRefusal(field) {
    const error = field.closest(".field")?.querySelector("[data-label-error]");
    if (error) error.parentElement.classList.remove("field-wrong");
    error?.remove();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("input") && isLabel(event.target)) readLabel(event.target, false); // left without Enter
  });

  // GS, which parts a label's values, is Ctrl+] on the keyboard that a scanner pretends to be. On
  // another layout than the scanner thinks of, it is the same key, pressed as only scanners press.
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!event.ctrlKey || event.altKey || !field.matches?.("input[data-scan]")) return;
    const asScanner = burst.field === field && event.timeStamp - burst.last < BURST_MS;
    if (event.key !== "]" && !(event.code === "BracketRight" && asScanner)) return;
    event.preventDefault();
    field.setRangeText("\u001d", field.selectionStart, field.selectionEnd, "end");
    burst = { ...burst, last: event.timeStamp };
  });

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
    if ("reading" in field.form.dataset) {
      event.preventDefault(); // the second Enter of a scanner that ends with two
      return;
    }
    if (isLabel(field)) {
      event.preventDefault();
      readLabel(field).then((wasRead) => wasRead && goOn(field) && field.form.requestSubmit());
      return;
    }
    if (!goOn(field)) event.preventDefault();
  });

  // To the next field that is due. Whether there was none: then the form is ready to be sent.
  function goOn(field) {
    // A field still empty keeps the focus: some scanners end with two Enters.
    const due = isDue(field) ? field : nextDue(field);
    if (!due) return true;
    focusOn(due);
    nameNext(field.form);
    return false;
  }

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
    const isNumber = field.type === "number" || (field.inputMode === "decimal" && !("scan" in field.dataset));
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
