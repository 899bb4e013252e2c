// What Swagger UI leaves out: names for its choices, after their parameter or the words above them, and
// a way for the keyboard into examples that scroll.
(() => {
  "use strict";

  function nameOf(choice) {
    const parameter = choice.closest("[data-param-name]")?.dataset.paramName;
    const above = choice.closest(".response-control-media-type, .response-control-examples, .examples-select, .content-type-wrapper");
    const words = above?.querySelector("small, .examples-select__section-label")?.textContent;
    return (parameter ?? words ?? choice.options[choice.selectedIndex]?.text ?? "").replace(/:\s*$/, "").trim();
  }

  function complete() {
    for (const choice of document.querySelectorAll("#swagger-ui select:not([aria-label])")) {
      choice.setAttribute("aria-label", nameOf(choice) || "Choice");
    }
    for (const example of document.querySelectorAll("#swagger-ui pre:not([tabindex])")) example.tabIndex = 0;
  }

  new MutationObserver(complete).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
})();
