// The camera in place of a scanner. A button beside each scan field opens it; what it sees is put
// into the field and entered, as a scanner would. The decoder is loaded when it is first opened.
(() => {
  "use strict";
  const PAUSE_MS = 80; // between two pictures, for the battery's sake
  const FORGET_MS = 1200; // a code out of sight for so long counts again
  const IDLE_MS = 90_000; // nobody is scanning any more
  const WIDEST = 1280;

  let hasCamera = false;
  let panel = null;
  let opener = null; // the field whose button was pressed
  let stream = null;
  let worker = null;
  let canvas = null;
  let last = { text: "", seen: 0 };
  let idleSince = 0;

  const template = () => document.querySelector("template[data-camera]");
  const part = (name) => panel.querySelector(`[data-camera-${name}]`);
  const say = (word) => {
    const status = part("status");
    status.textContent = status.dataset[word];
    panel.dataset.state = word;
  };

  // --- Buttons ----------------------------------------------------------------------------

  function addButtons() {
    if (!hasCamera || !template()) return;
    for (const field of document.querySelectorAll("input[data-scan]:not([data-camera-ready])")) {
      field.dataset.cameraReady = "";
      const button = template().content.querySelector("[data-camera-open]").cloneNode(true);
      button.addEventListener("click", () => open(field));
      field.parentElement.append(button);
      field.parentElement.classList.add("has-camera");
    }
  }

  async function lookForCamera() {
    // Not there on a page without HTTPS. Names and pictures stay hidden until somebody agrees.
    const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
    hasCamera = Boolean(devices?.some((device) => device.kind === "videoinput"));
    addButtons();
  }

  // --- Open and close ---------------------------------------------------------------------

  async function open(field) {
    opener = field;
    if (panel) return;
    panel = template().content.querySelector("[data-camera-panel]").cloneNode(true);
    part("close").addEventListener("click", () => close());
    part("torch").addEventListener("click", toggleTorch);
    document.body.append(panel);
    document.body.classList.add("camera-is-open");
    say("starting");
    focusBack();
    try {
      await Promise.all([startVideo(), startWorker()]);
    } catch (error) {
      stop();
      if (panel) say(error.name === "NotAllowedError" ? "denied" : "failed");
      return;
    }
    if (!panel) return stop(); // closed meanwhile
    say("looking");
    idleSince = Date.now();
    look();
  }

  async function startVideo() {
    const wanted = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const video = part("video");
    video.srcObject = stream;
    await video.play();
    const [track] = stream.getVideoTracks();
    part("torch").hidden = !track.getCapabilities?.().torch;
  }

  function startWorker() {
    const { worker: script, reader, wasm } = template().dataset;
    worker = new Worker(script);
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (data.failed) return reject(new Error(data.failed));
        if (data.ready) return resolve();
        seen(data.text);
      };
      const here = (path) => new URL(path, location.href).href;
      worker.postMessage({ reader: here(reader), wasm: here(wasm) });
    });
  }

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop(); // the lamp beside the lens goes out
    worker?.terminate();
    stream = worker = null;
  }

  function close() {
    stop();
    panel?.remove();
    panel = null;
    document.body.classList.remove("camera-is-open");
    focusBack();
  }

  function toggleTorch() {
    const torch = part("torch");
    const on = torch.getAttribute("aria-pressed") !== "true";
    stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: on }] })
      .then(() => torch.setAttribute("aria-pressed", String(on)), () => { torch.hidden = true; });
  }

  // --- Look, and enter what is seen -------------------------------------------------------

  function look() {
    const video = panel && part("video");
    if (!video || !worker) return;
    if (Date.now() - idleSince > IDLE_MS) return close();
    const scale = Math.min(1, WIDEST / Math.max(video.videoWidth, 1));
    const width = Math.round(video.videoWidth * scale);
    const height = Math.round(video.videoHeight * scale);
    if (!width || !height || document.hidden) return void setTimeout(look, 4 * PAUSE_MS);
    canvas ??= document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(video, 0, 0, width, height);
    const { buffer } = drawing.getImageData(0, 0, width, height).data;
    worker.postMessage({ pixels: buffer, width, height }, [buffer]);
  }

  function seen(text) {
    const now = Date.now();
    if (text && text !== last.text) {
      last = { text, seen: now }; // also where there is no field for it: it is not for the next one
      idleSince = now;
      if (enter(text)) document.dispatchEvent(new CustomEvent("forestage:feedback", { detail: "scanned" }));
    } else if (text) {
      last.seen = now;
    } else if (now - last.seen > FORGET_MS) {
      last = { text: "", seen: now };
    }
    setTimeout(look, PAUSE_MS);
  }

  function target() {
    const active = document.activeElement;
    if (active?.matches("input[data-scan]")) return active;
    if (active?.matches("input, select, textarea")) return null; // something has to be typed first
    if (opener?.isConnected) return opener;
    return document.querySelector("main input[data-scan]");
  }

  function enter(text) {
    const field = target();
    if (!field || field.readOnly || field.disabled) return false;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    if (field.dispatchEvent(key)) field.form?.requestSubmit(); // as Enter does, unless it went on
    return true;
  }

  function focusBack() {
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }

  // --- Beginnings -------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel) close();
  });
  document.addEventListener("DOMContentLoaded", lookForCamera);
  document.addEventListener("htmx:afterSettle", addButtons);
  window.addEventListener("pagehide", () => panel && close());
})();
