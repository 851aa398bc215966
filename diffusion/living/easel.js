// The easel: painted pixels stay, and the network finishes the rest.
"use strict";

const easel = { image: null, kept: null, brush: null, at: 0 };
const OPEN = "open", CLEAR = "clear"; // brushes beside the colours

function startEasel() {
  $("tool-open").addEventListener("click", () => take(OPEN));
  $("tool-clear").addEventListener("click", () => take(CLEAR));
  $("tool-clear").hidden = app.shape.channels !== 4;
  const { width, height } = app.shape, halfway = Math.ceil(height / 2);
  const keepRows = (from, to) => {
    for (let p = 0; p < width * height; p++) easel.kept[p] = p >= from * width && p < to * width ? 1 : 0;
    drawPaper();
  };
  $("all-open").addEventListener("click", () => keepRows(0, 0));
  $("top-half").addEventListener("click", () => keepRows(0, halfway));
  $("bottom-half").addEventListener("click", () => keepRows(height - halfway, height));
  $("finish").addEventListener("click", finish);
  $("save-mask").addEventListener("click", saveMask);
  const paper = $("paper");
  const touched = (event) => {
    const box = paper.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left) / box.width * width);
    const y = Math.floor((event.clientY - box.top) / box.height * height);
    if (x >= 0 && x < width && y >= 0 && y < height) dot(easel.at = y * width + x);
  };
  paper.addEventListener("pointerdown", (event) => {
    paper.setPointerCapture(event.pointerId);
    touched(event);
  });
  paper.addEventListener("pointermove", (event) => { if (event.buttons) touched(event); });
  paper.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width };
    const to = easel.at + (steps[event.key] || 0);
    if (event.key === " " || event.key === "Enter") dot(easel.at);
    else if (event.key === "Delete" || event.key === "Backspace") dot(easel.at, OPEN);
    else if (steps[event.key] && to >= 0 && to < width * height) easel.at = to;
    else return;
    event.preventDefault();
    drawPaper();
  });
}

// All of the picture stays until something of it is opened.
function putOnEasel(image) {
  $("easel").hidden = false;
  easel.image = Uint8ClampedArray.from(image);
  easel.kept = new Uint8Array(app.shape.width * app.shape.height).fill(1);
  const colours = (app.model.colours || coloursOf(image)).filter(seenColour);
  $("brushes").replaceChildren(...colours.map((colour) => {
    const swatch = swatchOf(colour, "brush");
    swatch.addEventListener("click", () => take(colour));
    swatch.colour = colour;
    return swatch;
  }));
  take(OPEN);
  drawPaper();
  $("easel").scrollIntoView({ behavior: still ? "auto" : "smooth" });
}

function coloursOf(image) {
  const { channels } = app.shape, found = new Map();
  for (let p = 0; p < image.length; p += channels) {
    const colour = [...image.slice(p, p + channels)];
    found.set(colour.join(), colour);
  }
  return [...found.values()];
}

function take(brush) {
  easel.brush = brush;
  $("tool-open").setAttribute("aria-pressed", String(brush === OPEN));
  $("tool-clear").setAttribute("aria-pressed", String(brush === CLEAR));
  for (const swatch of $("brushes").children) {
    swatch.setAttribute("aria-pressed", String(swatch.colour === brush));
  }
}

function dot(p, brush = easel.brush) {
  const { channels } = app.shape;
  easel.kept[p] = brush === OPEN ? 0 : 1;
  if (brush !== OPEN) easel.image.set(brush === CLEAR ? [0, 0, 0, 0] : brush, p * channels);
  drawPaper();
}

function drawPaper() {
  const paper = $("paper"), { width, height } = app.shape, scale = zoom(innerWidth < 600 ? 320 : 384);
  const style = getComputedStyle(document.body), picture = canvasOf(easel.image, app.shape);
  paper.width = width * scale;
  paper.height = height * scale;
  const draw = paper.getContext("2d");
  for (let p = 0; p < width * height; p++) {
    const x = (p % width) * scale, y = Math.floor(p / width) * scale;
    draw.fillStyle = easel.kept[p] ? ((p % width + Math.floor(p / width)) % 2 ? "#c6cad1" : "#d5d8dd")
      : style.getPropertyValue("--raised");
    draw.fillRect(x, y, scale, scale);
    if (easel.kept[p]) {
      draw.imageSmoothingEnabled = false;
      draw.drawImage(picture, p % width, Math.floor(p / width), 1, 1, x, y, scale, scale);
    } else {
      draw.strokeStyle = style.getPropertyValue("--faint");
      draw.beginPath();
      draw.moveTo(x + scale * 0.25, y + scale * 0.75);
      draw.lineTo(x + scale * 0.75, y + scale * 0.25);
      draw.stroke();
    }
  }
  if (document.activeElement === paper) {
    draw.strokeStyle = style.color;
    draw.lineWidth = 2;
    draw.strokeRect((easel.at % width) * scale, Math.floor(easel.at / width) * scale, scale, scale);
  }
}

async function finish() {
  if (bench.busy) return;
  const { channels } = app.shape, indices = [...Array(8).keys()];
  const words = {
    seed: app.facts.seed, ...telling(indices, wish(), true), temperature: wishedTemperature(),
    known: fromBytes(easel.image), kept: Uint8Array.from(easel.image, (_, i) => easel.kept[Math.floor(i / channels)]),
  };
  const empty = new Uint8ClampedArray(app.size);
  const cells = indices.map((index) => button({ image: empty, index, seed: 0, label: -1 }, () => {}));
  $("ways").replaceChildren(...cells);
  $("finish").disabled = true;
  try {
    bench.busy = make(indices, words, ({ first, now }) =>
      now.forEach((image, k) => show(cells[first + k].firstChild, image, SMALL)));
    const sprites = await bench.busy;
    $("ways").replaceChildren(...sprites.map((sprite) => button(sprite, (it) => choose(it))));
  } finally {
    bench.busy = null;
    $("finish").disabled = false;
  }
}

// For `sample.py from=picture.png keep=mask.png`: the mask is white where pixels stay.
function saveMask() {
  const { width, height } = app.shape, mask = new Uint8ClampedArray(width * height);
  easel.kept.forEach((kept, p) => { mask[p] = kept ? 255 : 0; });
  saveCanvas(canvasOf(easel.image, app.shape), "picture.png");
  saveCanvas(canvasOf(mask, { channels: 1, height, width }), "mask.png");
}
