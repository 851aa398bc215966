"use strict";
// Arrow keys, Home and End go from cell to cell of a group, which is one stop of the Tab key.
function arrowKeys(group, cellsOf) {
  group.addEventListener("keydown", (event) => {
    const cells = cellsOf(), at = cells.indexOf(document.activeElement);
    const columns = cells.filter((cell) => cell.offsetTop === cells[0].offsetTop).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns,
                    Home: -at, End: cells.length - 1 - at };
    const next = cells[at + steps[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  group.addEventListener("focusin", ({ target }) => {
    for (const cell of cellsOf()) cell.tabIndex = cell === target ? 0 : -1;
  });
}
