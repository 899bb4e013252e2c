// Names Swagger UI's choices, which come without: after their parameter, or the words above them.
(() => {
  "use strict";

  function nameOf(choice) {
    const parameter = choice.closest("[data-param-name]")?.dataset.paramName;
    const above = choice.closest(".response-control-media-type, .response-control-examples, .examples-select, .content-type-wrapper");
    const words = above?.querySelector("small, .examples-select__section-label")?.textContent;
    return (parameter ?? words ?? choice.options[choice.selectedIndex]?.text ?? "").replace(/:\s*$/, "").trim();
  }

  function name() {
    for (const choice of document.querySelectorAll("#swagger-ui select:not([aria-label])")) {
      choice.setAttribute("aria-label", nameOf(choice) || "Choice");
    }
  }

  new MutationObserver(name).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
})();
