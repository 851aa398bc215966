// What pages stand on: their blocks, and sprites as buttons with names and sentences.
"use strict";

const $ = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const app = {}; // model, facts, shape, names, sprites: known once the blocks are unpacked

function trouble(error) {
  $("trouble").textContent = `Something went wrong: ${error.message || error}`;
  console.error(error);
}
addEventListener("error", ({ error }) => error && trouble(error));
addEventListener("unhandledrejection", ({ reason }) => trouble(reason));

// A block of the page as an ArrayBuffer; null where it is not there.
async function block(name, zipped = true) {
  const element = $(`block-${name}`);
  if (!element) return null;
  const text = atob(element.textContent), bytes = new Uint8Array(text.length);
  element.remove();
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  if (!zipped) return bytes.buffer;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// Whole screen pixels for one of the sprite's, so that it is about `side` wide.
const zoom = (side) => Math.max(1, Math.floor(side / Math.max(app.shape.width, app.shape.height)));

function show(canvas, image, side) {
  paint(canvas, image, app.shape);
  canvas.style.width = `${app.shape.width * zoom(side)}px`;
  canvas.style.height = `${app.shape.height * zoom(side)}px`;
}

const SMALL = 64, PICTURE = () => (innerWidth < 600 ? 104 : 160); // screen pixels of a sprite

// A sprite as a button in a group; the group is one stop of the Tab key, arrows move within it.
function button(sprite, chosen) {
  const made = document.createElement("button");
  made.type = "button";
  made.append(document.createElement("canvas"));
  show(made.firstChild, sprite.image, SMALL);
  made.setAttribute("aria-label", called(sprite));
  made.addEventListener("click", () => chosen(sprite, made));
  made.addEventListener("focus", () => chosen(sprite, made));
  return made;
}

for (const group of all(".sprites")) {
  group.setAttribute("role", "group");
  arrowKeys(group, () => [...group.children]);
  new MutationObserver(() => {
    const cells = [...group.children], current = cells.find((cell) => cell.tabIndex === 0);
    cells.forEach((cell) => { cell.tabIndex = cell === (current || cells[0]) ? 0 : -1; });
  }).observe(group, { childList: true });
}

function called(sprite) {
  if (sprite.name) return sprite.name;
  const words = sprite.label >= 0 ? [app.model.labels[sprite.label]] : askedWords(sprite);
  const told = words.map((word) => `, ${word}`).join("");
  const from = sprite.from ? `, like ${sprite.from}` : "";
  return `sprite ${sprite.index} of seed ${sprite.seed}${told}${from}`;
}

// What a sprite was asked for, as {name, value} and as words: `hair=long`.
const askedFor = ({ asked = [] }) => asked.flatMap((value, k) =>
  (value < 0 ? [] : [{ k, name: app.attributes[k][0], value: app.attributes[k][1][value] }]));
const askedWords = (sprite) => askedFor(sprite).map(({ name, value }) => `${name}=${value}`);

const fileOf = (sprite) =>
  `sprite-${sprite.seed}-${sprite.index}${sprite.from ? `-like-${sprite.from}` : ""}`
    .replace(/[^\w-]+/g, "_").slice(0, 100);

// The words of sample.py that make a sprite again.
function lineOf(sprite) {
  const words = [app.facts.command, `seed=${sprite.seed}`, `index=${sprite.index}`];
  if (sprite.label >= 0) {
    words.push(`label_index=${sprite.label}`);
  } else if (app.model.labels.length) {
    words.push("label=none");
  }
  for (const { k, value } of askedFor(sprite)) {
    words.push(inShell(`${app.facts.asking[k]}=${/^['"]/.test(value) ? inQuotes(value) : value}`));
  }
  if (sprite.guidance !== 1 && isTold(sprite)) words.push(`guidance=${sprite.guidance}`);
  if (sprite.temperature) words.push(`sampler.temperature=${sprite.temperature}`);
  if (sprite.from) words.push(`from=${sprite.from}.png`, `noise_level=${sprite.level}`);
  if (sprite.painted) words.push("from=picture.png", "keep=mask.png");
  if (sprite.allowed) {
    const used = app.model.colours.filter((colour, k) => sprite.allowed[k] && seenColour(colour));
    words.push(`colours=[${used.map(hex).join(",")}]`);
  }
  return words.join(" ");
}

// Whether there is anything that guidance could follow.
const isTold = (sprite) => sprite.label >= 0 || askedFor(sprite).length > 0;
// A value that begins with a quotation mark, which sample.py would take for its own; and a word as
// a shell takes it.
const inQuotes = (value) => `'${value.replace(/(\\*)(?='|$)/g, "$1$1").replaceAll("'", "\\'")}'`;
const inShell = (word) => (/^[\w=.,:+/@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const hex = (colour) => [0, 1, 2]
  .map((c) => colour[colour.length < 3 ? 0 : c].toString(16).padStart(2, "0")).join("");
const seenColour = (colour) => colour.length !== 4 || colour[3] > 0;

// A verdict in a sentence; nothing without the training sprites.
function judged(verdict) {
  if (!verdict) return "";
  const name = verdict.name || app.names[verdict.row], away = `${verdict.distance.toFixed(1)} of 255 levels away`;
  switch (verdict.verdict) {
    case "new": return `New. The nearest training sprite is ${name}, ${away}.`;
    case "variant": return `A variant of ${name}, ${away}: nearer than unseen real sprites usually are.`;
    case "copy": return `A copy of ${name}, ${away}.`;
    default: return `${name}, ${verdict.verdict}, ${away}.`;
  }
}
const repeats = (verdict) => verdict && !["new", "variant"].includes(verdict.verdict);
