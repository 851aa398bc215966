// The workbench: new sprites without end, and one of them chosen.
"use strict";

const BATCH = 16, MOST_SHOWN = 400; // sprites; older ones that are not kept make room

function startBench() {
  const { colours } = app.model;
  startWishes();
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
  startShelf({ v: moreLike, p: ({ image }) => putOnEasel(image) });
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
  const indices = app.takeIndices(BATCH), { seed } = app.facts;
  const hands = { allowed: bench.allowed, temperature: wishedTemperature() };
  bench.busy = add(indices, { seed, ...telling(indices, wish()), ...hands });
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
    cell.classList.toggle("is-kept", isKept(sprite));
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
  showTold(sprite);
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

// Eight variants: the sprite is noised as far as the slider says, and finished in other ways.
async function moreLike(sprite) {
  if (bench.busy) return;
  const stop = Math.max(app.firstStop, Number($("unlike").value)), indices = [...Array(8).keys()];
  const { label: choice, asked = anything().asked } = sprite;
  const told = telling(indices, { choice, asked, guidance: 1 }, true);
  const words = { seed: app.facts.seed, stop, start: fromBytes(sprite.image), from: fileOf(sprite), ...told,
    temperature: wishedTemperature() };
  bench.busy = add(indices, words);
  try {
    await bench.busy;
  } finally {
    bench.busy = null;
  }
}
