// The shelf. What is kept survives reloading where the browser lets a page remember.
//
// A page that has one says with `choose(sprite)` what happens when a sprite is chosen.
"use strict";

const bench = { made: [], cells: new Map(), chosen: null, kept: [], busy: null, allowed: null };
// A sprite that is made again, after the page was loaded anew, is still the same.
const same = (a, b) => a === b ||
  (a.seed === b.seed && a.index === b.index && a.image.every((byte, i) => byte === b.image[i]));
const placeOf = (sprite) => bench.kept.findIndex((kept) => same(kept, sprite));
const isKept = (sprite) => placeOf(sprite) >= 0;
const memory = () => `kept ${app.facts.sha256}`;

// keys: what other keys than K and X do with the chosen sprite.
function startShelf(keys = {}) {
  try {
    for (const sprite of JSON.parse(localStorage.getItem(memory()) || "[]")) {
      if (sprite.image.length === app.size) {
        bench.kept.push({ ...sprite, image: Uint8ClampedArray.from(sprite.image) });
      }
    }
  } catch { /* a page without storage begins with an empty shelf */ }
  $("save-sheet").addEventListener("click", () =>
    saveCanvas(sheetOf(bench.kept.map(({ image }) => image), app.shape), "sheet.png"));
  $("save-pngs").addEventListener("click", async () => {
    for (const sprite of bench.kept) {
      saveCanvas(canvasOf(sprite.image, app.shape), `${fileOf(sprite)}.png`);
      await wait(150); // a browser drops downloads that come all at once
    }
  });
  $("save-npz").addEventListener("click", () => save(npz(bench.kept, app.shape), "sprites.npz"));
  $("save-kept").addEventListener("click", () =>
    save(new Blob([keptJson()], { type: "application/json" }), "kept.json"));
  $("drop-kept").addEventListener("click", () => {
    for (const sprite of [...bench.kept]) keep(sprite);
  });
  for (const place of all(".sprites")) {
    place.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !bench.chosen) return;
      const action = { k: keep, x: reject, ...keys }[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action(bench.chosen);
    });
  }
  $("kept-line").textContent = `${app.facts.command} kept=kept.json`;
  showShelf();
}

// Made by more than seed, index, label or attributes, guidance and temperature.
const steered = ({ from, painted, allowed }) => Boolean(from || painted || allowed);

// What `sample.py kept=` reads: sprites that an address alone makes again.
function keptJson() {
  const sprites = bench.kept.filter((sprite) => !steered(sprite)).map((sprite) => {
    const { seed, index, label, guidance } = sprite, asked = askedFor(sprite);
    const address = { seed, index, label: label < 0 ? null : app.model.labels[label] };
    address.guidance = isTold(sprite) ? guidance : 1;
    if (sprite.temperature) address.temperature = sprite.temperature;
    if (asked.length) address.attributes = Object.fromEntries(asked.map(({ name, value }) => [name, value]));
    return address;
  });
  return JSON.stringify({ checkpoint: app.facts.checkpoint, sprites }, null, 1) + "\n";
}

function keep(sprite) {
  if (isKept(sprite)) bench.kept.splice(placeOf(sprite), 1);
  else bench.kept.push(sprite);
  showShelf();
  if (bench.chosen === sprite) choose(sprite);
  try {
    const plain = bench.kept.map((each) => ({ ...each, image: [...each.image] }));
    localStorage.setItem(memory(), JSON.stringify(plain));
  } catch { /* then the files below are the way to keep them */ }
}

function reject(sprite) {
  if (isKept(sprite)) keep(sprite);
  const cell = bench.cells.get(sprite);
  if (cell) cell.classList.toggle("is-rejected");
}

function showShelf() {
  const { kept } = bench, more = kept.filter(steered).length;
  for (const [sprite, cell] of bench.cells) cell.classList.toggle("is-kept", isKept(sprite));
  $("kept").replaceChildren(...kept.map((sprite) => button(sprite, (it) => choose(it))));
  $("count").textContent = kept.length || "";
  $("takeaway").hidden = kept.length === 0;
  $("shelf-note").textContent = kept.length === 0 ? "Nothing yet. K keeps the chosen sprite."
    : more ? `${more} of them were steered; kept.json leaves those out, the other files have them.` : "";
}
