"use strict";
// The page is complete without this: it adds sorting, filtering, enlarging, pointing and colours.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Runs: sort by a column, filter by words.
if (document.getElementById("table")) {
  new DataTable("#table", {
    paging: false,
    order: [],
    autoWidth: false,
    layout: { topStart: "search", topEnd: "info", bottomStart: null, bottomEnd: null },
    language: { search: "Filter", info: "_TOTAL_ runs", infoEmpty: "No runs", infoFiltered: "of _MAX_",
                zeroRecords: "No run has these words." },
  });
}

// Sprites: one stop of the Tab key per group, arrow keys inside it.
for (const group of all(".sprites")) {
  const cells = all(".sprite", group);
  cells.forEach((cell, k) => { cell.tabIndex = k ? -1 : 0; });
  arrowKeys(group, () => cells);
}

// Enlarging: Enter or a click opens, Escape closes, and the focus is where it was.
const zoom = document.getElementById("zoom");
const enlarged = (cell, style) => {
  const copy = document.createElement("span");
  copy.className = cell.className;
  copy.style = style;
  const side = Math.min(innerWidth * 0.8, innerHeight * 0.7, 480);
  const { width, height } = cell.getBoundingClientRect();
  const now = getComputedStyle(cell);
  const longer = Math.max(now.getPropertyValue("--w"), now.getPropertyValue("--h"));
  copy.style.setProperty("--s", Math.max(1, Math.floor(side / longer)));
  return copy;
};
document.addEventListener("click", (event) => {
  const cell = event.target.closest("button.sprite, button.picture");
  if (cell) {
    const shown = zoom.querySelector("div");
    if (cell.matches(".picture")) {
      shown.replaceChildren(cell.firstElementChild.cloneNode());
    } else {
      const styles = [cell.getAttribute("style"), cell.dataset.twin].filter(Boolean);
      shown.replaceChildren(...styles.map((style) => enlarged(cell, style)));
    }
    zoom.querySelector("p").textContent = cell.getAttribute("aria-label").replace(/^Enlarge: /, "");
    zoom.showModal();
  } else if (event.target === zoom) {
    zoom.close();
  }
});

// A legend points out its configuration in all plots; pressed again it lets go.
for (const button of all("[data-points]")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") === "false";
    const series = button.dataset.points;
    document.body.classList.toggle("pointing", on);
    for (const other of all("[data-points]")) {
      other.setAttribute("aria-pressed", String(on && other.dataset.points === series));
    }
    for (const drawn of all("[data-series]")) {
      drawn.classList.toggle("pointed", drawn.dataset.series === series);
    }
  });
}

// A link to what is folded away opens it; print shows everything.
const openLinked = () => {
  const linked = location.hash && document.getElementById(location.hash.slice(1));
  if (!linked || !linked.matches("details")) return;
  linked.open = true;
  linked.scrollIntoView();
};
addEventListener("hashchange", openLinked);
openLinked();
addEventListener("beforeprint", () => { for (const each of all("details")) each.open = true; });
