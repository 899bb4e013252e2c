// Rows that are ticked: all at once, and how many there are. Without this script each is ticked by
// hand, and the server counts. Markup: docs/interface.md.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("[data-ticks]")) {
    const all = form.querySelector("[data-tick-all]");
    const said = form.querySelector("[data-ticked]");
    const boxes = [...form.querySelectorAll(".cell-tick input")];

    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
      said.textContent = said.dataset.ticked.replace("#", ticked);
    };

    form.addEventListener("change", (event) => {
      if (event.target === all) for (const box of boxes) box.checked = all.checked;
      show();
    });
    window.addEventListener("pageshow", show); // ticks that the browser has put back
    all.closest("label").hidden = false;
    said.hidden = false;
    show();
  }
})();
