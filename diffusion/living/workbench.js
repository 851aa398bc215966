// The workbench: new sprites without end, one of them chosen, and those that are kept.
"use strict";

const BATCH = 16, MOST_SHOWN = 400; // sprites; older ones that are not kept make room
const bench = { made: [], cells: new Map(), chosen: null, busy: null, kept: [], allowed: null };

function startBench() {
  const { labels, colours } = app.model;
  $("label-box").hidden = $("guidance-box").hidden = labels.length === 0;
  if (labels.length) {
    $("label").append(new Option("as in training", "drawn"), new Option("none", "-1"));
    labels.forEach((name, k) => $("label").append(new Option(name, String(k))));
  }
  $("colours-box").hidden = !colours;
  if (colours) startColours(colours);
  $("more").addEventListener("click", makeMore);
  $("endless").addEventListener("click", async ({ currentTarget }) => {
    const on = currentTarget.getAttribute("aria-pressed") === "false";
    currentTarget.setAttribute("aria-pressed", String(on));
    while ($("endless").getAttribute("aria-pressed") === "true") await makeMore();
  });
  $("keep").addEventListener("click", () => keep(bench.chosen));
  $("reject").addEventListener("click", () => reject(bench.chosen));
  $("like").addEventListener("click", () => moreLike(bench.chosen));
  $("paint-it").addEventListener("click", () => putOnEasel(bench.chosen.image));
  $("teach").addEventListener("click", () => {
    teach(bench.chosen);
    $("lesson").scrollIntoView({ behavior: still ? "auto" : "smooth" });
  });
  $("png").addEventListener("click", () =>
    saveCanvas(canvasOf(bench.chosen.image, app.shape), `${fileOf(bench.chosen)}.png`));
  for (const place of ["made", "kept", "ways", "finished"]) $(place).addEventListener("keydown", keys);
  startShelf();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !bench.chosen) return;
  const does = { k: keep, x: reject, v: moreLike, p: (sprite) => putOnEasel(sprite.image) };
  const action = does[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action(bench.chosen);
}

function startColours(colours) {
  const may = colours.map(() => true);
  const changed = () => { bench.allowed = may.every(Boolean) ? null : [...may]; };
  const swatches = colours.map((colour, k) => {
    const swatch = swatchOf(colour, "may");
    swatch.setAttribute("aria-pressed", "true");
    swatch.addEventListener("click", () => {
      may[k] = !may[k];
      if (may.every((each) => !each)) may[k] = true; // one must be left
      swatch.setAttribute("aria-pressed", String(may[k]));
      changed();
    });
    return swatch;
  });
  $("colours").append(...swatches.filter((_, k) => seenColour(colours[k])));
  $("all-colours").addEventListener("click", () => {
    may.fill(true);
    swatches.forEach((swatch) => swatch.setAttribute("aria-pressed", "true"));
    changed();
  });
}

function swatchOf(colour, kind) {
  const swatch = document.createElement("button");
  swatch.type = "button";
  swatch.className = kind;
  swatch.style.background = `#${hex(colour)}`;
  swatch.setAttribute("aria-label", `#${hex(colour)}`);
  return swatch;
}

async function makeMore() {
  if (bench.busy) return bench.busy;
  const guidance = Number($("guidance").value || 1), choice = $("label").value || "drawn";
  const indices = app.takeIndices(BATCH), labels = app.labelsOf(indices, choice);
  bench.busy = add(indices, { seed: app.facts.seed, labels, guidance, allowed: bench.allowed });
  $("more").disabled = true;
  try {
    await bench.busy;
  } finally {
    bench.busy = null;
    $("more").disabled = false;
  }
  return null;
}

// Makes sprites into the grid, each shown from noise on.
async function add(indices, words) {
  const empty = new Uint8ClampedArray(app.size), began = performance.now();
  const cells = indices.map((index) =>
    button({ image: empty, index, seed: words.seed, label: -1 }, (_, cell) => cell.sprite && choose(cell.sprite)));
  $("made").prepend(...cells);
  const made = make(indices, words, ({ first, now }) =>
    now.forEach((image, k) => show(cells[first + k].firstChild, image, SMALL)));
  const sprites = await made;
  sprites.forEach((sprite, k) => {
    const cell = cells[k];
    show(cell.firstChild, sprite.image, SMALL);
    cell.sprite = sprite;
    cell.setAttribute("aria-label", called(sprite));
    bench.cells.set(sprite, cell);
  });
  bench.made.unshift(...sprites);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  $("made-says").textContent = `${sprites.length} sprites in ${seconds} s`;
  makeRoom();
  const { verdicts } = await ask("verdicts", { images: sprites.map(({ image }) => image) });
  sprites.forEach((sprite, k) => {
    sprite.verdict = verdicts[k];
    if (repeats(sprite.verdict)) cells[k].classList.add("repeats");
    if (sprite === bench.chosen) choose(sprite);
  });
  if (!bench.chosen) choose(sprites[0]);
  return sprites;
}

function makeRoom() {
  const old = bench.made.filter((sprite) => !isKept(sprite) && sprite !== bench.chosen).slice(MOST_SHOWN);
  for (const sprite of old) {
    bench.cells.get(sprite).remove();
    bench.cells.delete(sprite);
  }
  const gone = new Set(old);
  bench.made = bench.made.filter((sprite) => !gone.has(sprite));
}

async function choose(sprite) {
  bench.chosen = sprite;
  for (const [other, cell] of bench.cells) cell.setAttribute("aria-current", String(other === sprite));
  $("chosen").hidden = false;
  show($("chosen-canvas"), sprite.image, 144);
  $("line").textContent = lineOf(sprite);
  $("keep").firstChild.textContent = isKept(sprite) ? "Take down " : "Keep ";
  if (sprite.verdict === undefined) {
    const { verdicts } = await ask("verdicts", { images: [sprite.image] });
    [sprite.verdict] = verdicts;
    if (bench.chosen !== sprite) return;
  }
  $("nearest-canvas").hidden = !sprite.verdict;
  $("verdict").textContent = judged(sprite.verdict);
  if (sprite.verdict) show($("nearest-canvas"), app.sprites[sprite.verdict.row], 144);
}

function reject(sprite) {
  if (isKept(sprite)) keep(sprite);
  const cell = bench.cells.get(sprite);
  if (cell) cell.classList.toggle("is-rejected");
}

// Eight variants: the sprite is noised as far as the slider says, and finished in other ways.
async function moreLike(sprite) {
  if (bench.busy) return;
  const stop = Math.max(app.firstStop, Number($("unlike").value)), indices = [...Array(8).keys()];
  const labels = app.model.labels.length ? indices.map(() => sprite.label) : null;
  const words = { seed: app.facts.seed, stop, start: fromBytes(sprite.image), from: fileOf(sprite), labels };
  bench.busy = add(indices, words);
  try {
    await bench.busy;
  } finally {
    bench.busy = null;
  }
}

// The shelf. What is kept survives reloading where the browser lets a page remember.

const isKept = (sprite) => bench.kept.includes(sprite);
const memory = () => `kept ${app.facts.sha256}`;

function startShelf() {
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
  $("kept-line").textContent = `${app.facts.command} kept=kept.json`;
  showShelf();
}

// What `sample.py kept=` reads: sprites that an address alone makes again.
function keptJson() {
  const plain = bench.kept.filter(({ from, painted, allowed }) => !from && !painted && !allowed);
  const sprites = plain.map(({ seed, index, label, guidance }) =>
    ({ seed, index, label: label < 0 ? null : app.model.labels[label], guidance: label < 0 ? 1 : guidance }));
  return JSON.stringify({ checkpoint: app.facts.checkpoint, sprites }, null, 1) + "\n";
}

function keep(sprite) {
  if (isKept(sprite)) bench.kept.splice(bench.kept.indexOf(sprite), 1);
  else bench.kept.push(sprite);
  showShelf();
  if (bench.chosen === sprite) choose(sprite);
  try {
    const plain = bench.kept.map((each) => ({ ...each, image: [...each.image] }));
    localStorage.setItem(memory(), JSON.stringify(plain));
  } catch { /* then the files below are the way to keep them */ }
}

function showShelf() {
  const { kept } = bench, drawn = kept.filter(({ from, painted, allowed }) => from || painted || allowed);
  for (const [sprite, cell] of bench.cells) cell.classList.toggle("is-kept", isKept(sprite));
  $("kept").replaceChildren(...kept.map((sprite) => button(sprite, (it) => choose(it))));
  $("count").textContent = kept.length || "";
  $("takeaway").hidden = kept.length === 0;
  $("shelf-note").textContent = kept.length === 0 ? "Nothing yet. K keeps the chosen sprite."
    : drawn.length ? `${drawn.length} of them were steered; kept.json leaves those out, the other files have them.`
      : "";
}
