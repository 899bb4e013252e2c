// Names the search fields of the admin's pickers, which come without: each bears its picker's label.
(() => {
  "use strict";

  function name(root) {
    for (const field of root.querySelectorAll(".select2-search__field:not([aria-label])")) {
      const select = field.closest(".select2-container")?.previousElementSibling;
      const label = select?.labels?.[0] ?? document.querySelector(".select2-container--open")?.previousElementSibling?.labels?.[0];
      if (label) field.setAttribute("aria-label", label.textContent.replace(/:\s*$/, "").trim());
    }
  }

  const watch = new MutationObserver(() => name(document));
  document.addEventListener("DOMContentLoaded", () => {
    name(document);
    watch.observe(document.body, { childList: true, subtree: true });
  });
})();
