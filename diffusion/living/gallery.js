// A gallery: sprites that `sample.py` has made, to choose from.
"use strict";

const ORDERS = {
  "most real": (a, b) => a.standing - b.standing,
  "furthest from training": (a, b) => b.percentile - a.percentile,
  "as they were made": (a, b) => a.place - b.place,
};

async function start() {
  const [bytes, json] = await Promise.all([block("sprites"), block("model")]);
  const { model, facts, rows, attributes } = JSON.parse(new TextDecoder().decode(json));
  const { channels, height, width } = model, size = channels * height * width;
  Object.assign(app, { model, facts, size, shape: { channels, height, width }, names: [], attributes });
  bench.made = rows.map((row, place) =>
    ({ ...row, place, image: new Uint8ClampedArray(bytes, place * size, size) }));
  const some = (key) => bench.made.some((sprite) => sprite[key] !== null);
  for (const name of Object.keys(ORDERS)) {
    if (name === "most real" && !some("standing")) continue;
    if (name === "furthest from training" && !some("percentile")) continue;
    $("order").append(new Option(name));
  }
  const count = (key, value) => bench.made.filter((sprite) => value(sprite) === key).length;
  const fill = (select, value, name) => {
    select.append(new Option("all", "all"));
    for (const key of new Set(bench.made.map(value))) {
      select.append(new Option(`${name(key)} (${count(key, value)})`, String(key)));
    }
  };
  fill($("verdicts"), verdictOf, (key) => key);
  fill($("label"), ({ label }) => label, (key) => (key < 0 ? "none" : model.labels[key]));
  $("label-box").hidden = model.labels.length === 0;
  for (const name of ["order", "verdicts", "label", "hide"]) $(name).addEventListener("change", arrange);
  $("keep").addEventListener("click", () => keep(bench.chosen));
  $("reject").addEventListener("click", () => reject(bench.chosen));
  $("png").addEventListener("click", () =>
    saveCanvas(canvasOf(bench.chosen.image, app.shape), `${fileOf(bench.chosen)}.png`));
  for (const sprite of bench.made) bench.cells.set(sprite, button(sprite, (it) => choose(it)));
  for (const [sprite, cell] of bench.cells) cell.classList.toggle("repeats", repeats(sprite.verdict));
  startShelf();
  arrange();
}

const verdictOf = ({ verdict }) => (verdict ? verdict.verdict : "not judged");

// The sprites that are asked for, in the order that is asked for.
function arrange() {
  const wanted = bench.made.filter((sprite) =>
    ["all", verdictOf(sprite)].includes($("verdicts").value) &&
    ["all", String(sprite.label)].includes($("label").value) &&
    !($("hide").checked && bench.cells.get(sprite).classList.contains("is-rejected")));
  wanted.sort(ORDERS[$("order").value]);
  $("made").replaceChildren(...wanted.map((sprite) => bench.cells.get(sprite)));
  $("shown").textContent = `${wanted.length.toLocaleString("en")} shown`;
}

function choose(sprite) {
  const before = bench.cells.get(bench.chosen), cell = bench.cells.get(sprite);
  if (before) before.setAttribute("aria-current", "false");
  if (cell) cell.setAttribute("aria-current", "true");
  bench.chosen = sprite;
  $("chosen").hidden = false;
  show($("chosen-canvas"), sprite.image, 288);
  $("line").textContent = steered(sprite) ? "with the words that made this set" : lineOf(sprite);
  $("keep").firstChild.textContent = isKept(sprite) ? "Take down " : "Keep ";
  const looks = sprite.realness === null ? ""
    : sprite.realness > 0 ? " Taken for real." : " Not taken for real.";
  $("verdict").textContent = judged(sprite.verdict) + looks;
}

start().then(() => { document.documentElement.dataset.ready = "true"; }, trouble);
