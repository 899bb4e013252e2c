// Sets light or dark, and large or usual, before the first paint; loaded in <head> without defer for
// that reason. Light or dark is kept under the same key and in the same words as the Django admin's
// toggle, so that both sides of the product follow one choice.
(() => {
  "use strict";
  const KEY = "theme";
  const root = document.documentElement;
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

  function choice() {
    try {
      const kept = localStorage.getItem(KEY);
      return kept === "light" || kept === "dark" ? kept : "auto";
    } catch {
      return "auto"; // storage is blocked: follow the system
    }
  }

  function apply() {
    const chosen = choice();
    root.dataset.bsTheme = chosen === "auto" ? (systemDark.matches ? "dark" : "light") : chosen;
    root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark"); // as Swagger UI has it
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    }
  }

  function size() {
    try {
      root.dataset.touch = localStorage.getItem("forestage.touch") ?? "off";
    } catch {
      root.dataset.touch = "off";
    }
  }

  apply();
  size();
  document.addEventListener("forestage:preference", size);
  systemDark.addEventListener("change", apply);
  window.addEventListener("storage", () => {
    apply();
    size();
  });
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      // Storage is blocked: there is nowhere to keep the choice.
    }
    apply();
  });
})();
