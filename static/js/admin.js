// Names the admin's pickers and their search fields, which come without: each bears its label.
(() => {
  "use strict";

  function labelOf(picker) {
    return picker?.previousElementSibling?.labels?.[0];
  }

  function name(root) {
    for (const field of root.querySelectorAll(".select2-search__field:not([aria-label])")) {
      const open = document.querySelector(".select2-container--open");
      const label = labelOf(field.closest(".select2-container")) ?? labelOf(open);
      if (label) field.setAttribute("aria-label", label.textContent.replace(/:\s*$/, "").trim());
    }
    for (const picker of root.querySelectorAll(".select2-selection--single:not([data-named])")) {
      const label = labelOf(picker.closest(".select2-container"));
      const chosen = picker.querySelector(".select2-selection__rendered");
      if (!label || !chosen) continue;
      // It names itself by what is chosen alone, which may be nothing, and calls that a text field.
      label.id ||= `${chosen.id}-label`;
      picker.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
      chosen.removeAttribute("role");
      chosen.removeAttribute("aria-readonly");
      picker.dataset.named = "";
    }
  }

  const watch = new MutationObserver(() => name(document));
  document.addEventListener("DOMContentLoaded", () => {
    name(document);
    watch.observe(document.body, { childList: true, subtree: true });
  });
})();
