// The lesson: one sprite, one slider, five steps of which each adds one thing.
"use strict";

const LESSON = [
  ["A drop of ink", (name) =>
    `This is ${name}. Pull the slider. Every pixel gets a little random noise at a time and drifts, as ` +
    "particles of ink drift in water. At the left end you know who it is; at the right nobody could, and " +
    "every drop, like every sprite, looks the same: pure Gaussian noise."],
  ["Who could it be?", (name, n) =>
    `The network has seen ${n} sprites. For each of them it can be computed how likely it is to be under ` +
    `this noise. At first: that is ${name}. Then: probably ${name}. Then one of a few, and in the end no ` +
    "idea. The mean of the candidates is the best single answer that anyone could give."],
  ["What the network thinks", () =>
    "The network looks nothing up. It was shown noised sprites and learned, at every level of noise, to say " +
    "which clean sprite it sees. Where one is certain it keeps that one; where several are possible it " +
    "proposes what they share; and of pure noise the outline of a sprite, for that is all one can say."],
  ["Let it go on from here", (name) =>
    "Stop at a level, and let the network take the noise away, step by step, in eight ways. From little " +
    `noise ${name} comes back. From more, somebody like ${name}. From the right end, anybody.`],
  ["Out of nothing", () =>
    "Now begin with noise under which nobody ever was. At every step the network says what it thinks, and " +
    "a little of the noise is taken away in that direction: first an outline, then what is inside. So " +
    "sprites come into being that nobody drew."],
];
const INK = 700; // particles

const lesson = { step: 0, subject: null, seed: 0, schedule: null, making: null, turn: 0 };

function startLesson(subject) {
  LESSON.forEach(([title], k) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.setAttribute("role", "tab");
    tab.textContent = `${k + 1} ${title}`;
    tab.addEventListener("click", () => goTo(k));
    document.querySelector(".steps").append(tab);
  });
  for (const name of Object.keys(app.ways)) $("schedule").append(new Option(name));
  lesson.schedule = Object.keys(app.ways)[0];
  $("schedule").addEventListener("change", ({ target }) => {
    lesson.schedule = target.value;
    track();
    look();
  });
  $("level").addEventListener("input", () => { stopRunning(); look(); });
  $("back").addEventListener("click", () => goTo(lesson.step - 1));
  $("next").addEventListener("click", () => goTo(lesson.step + 1));
  $("other").addEventListener("click", () => teach(anotherSubject()));
  $("shuffle").addEventListener("click", () => { lesson.seed += 1; track(); look(); });
  $("play").addEventListener("click", play);
  $("go-on").addEventListener("click", goOn);
  $("from-nothing").addEventListener("click", fromNothing);
  $("lesson").addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "n" && !event.ctrlKey && !event.metaKey) $("shuffle").click();
  });
  teach(subject);
  goTo(0);
}

function goTo(step) {
  stopRunning();
  lesson.step = Math.max(0, Math.min(LESSON.length - 1, step));
  all(".steps button").forEach((tab, k) => {
    tab.setAttribute("aria-selected", String(k === lesson.step));
  });
  for (const part of all("#lesson [data-in]")) {
    const wanted = part.dataset.in.split(" ").includes(String(lesson.step));
    const possible = part.dataset.needs ? Boolean(app.sprites) : !(part.dataset.lacks && app.sprites);
    part.hidden = !wanted || !possible;
  }
  $("back").disabled = lesson.step === 0;
  $("next").disabled = lesson.step === LESSON.length - 1;
  $("finished").replaceChildren();
  if (lesson.step === 3 && $("level").value < 25) $("level").value = 45;
  if (lesson.step >= 3 && lesson.schedule !== $("schedule").options[0].value) {
    $("schedule").selectedIndex = 0;
    lesson.schedule = $("schedule").value; // the network goes back on its own way
    track();
  }
  tell();
  look();
}

function tell() {
  const [title, text] = LESSON[lesson.step], n = app.names.length || app.facts.seen;
  $("step-title").textContent = title;
  $("step-text").textContent = text(lesson.subject.name, n.toLocaleString("en"));
  for (const place of all("#lesson .name")) place.textContent = lesson.subject.name;
  $("clean-name").textContent = lesson.subject.name;
}

// Another training sprite, or one that was made.
function anotherSubject() {
  const { subject } = lesson;
  if (app.sprites && subject.row !== undefined) {
    return app.subject((subject.row + 1) % app.names.length);
  }
  const made = bench.made.filter((sprite) => sprite !== subject);
  return made.length ? made[Math.floor(Math.random() * made.length)] : subject;
}

function teach(sprite) {
  stopRunning();
  lesson.subject = { ...sprite, name: called(sprite) };
  show($("clean"), sprite.image, PICTURE());
  $("finished").replaceChildren();
  tell();
  track();
  look();
}

const levelNow = () => app.ways[lesson.schedule][Number($("level").value)];

// The bands of this sprite on the track of the slider.
async function track() {
  const image = lesson.subject.image, levels = app.ways[lesson.schedule].filter((_, k) => k % 3 === 0);
  const { bands } = await ask("bands", { image, levels, seed: lesson.seed });
  if (!bands || image !== lesson.subject.image) return;
  document.querySelector(".track").replaceChildren(...bands.map((band) => {
    const part = document.createElement("i");
    part.className = `band-${band}`;
    return part;
  }));
}

let looking = false, again = false;

// Everything about the sprite at the slider's level; while one look is under way others wait for it.
async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  do {
    again = false;
    const { subject } = lesson, level = levelNow();
    if (!$("ink").parentElement.hidden) ink(level);
    if (!$("curve").hidden) curve();
    const answer = await ask("look", { image: subject.image, level, seed: lesson.seed });
    if (lesson.making) continue; // which shows what it makes
    show($("noised"), answer.noised, PICTURE());
    show($("thought"), answer.network, PICTURE());
    const left = Math.round(100 * level.alpha ** 2);
    const share = `${left}% sprite, ${100 - left}% noise.`;
    if (!app.sprites || ![1, 2].includes(lesson.step)) {
      $("words").textContent = share;
      continue;
    }
    show($("exact"), answer.exact, PICTURE());
    suspects(answer, share);
  } while (again);
  looking = false;
}

function suspects({ rows, shares, candidates: count }, share) {
  const n = app.names.length, names = rows.map((row) => app.names[row]);
  const stranger = lesson.subject.row === undefined && bandOf(count, n) < 3 ? "nearest: " : "";
  const dot = document.createElement("i");
  dot.className = `band-${bandOf(count, n)}`;
  $("words").replaceChildren(dot, `${share} One could say: ${stranger}${inWords(count, n, names)}.`);
  $("suspects").replaceChildren(...rows.map((row, k) => {
    const item = document.createElement("li"), canvas = document.createElement("canvas");
    const bar = document.createElement("div"), inner = document.createElement("i");
    show(canvas, app.sprites[row], SMALL);
    bar.className = "share";
    inner.style.width = `${100 * shares[k]}%`;
    bar.append(inner);
    const per = 100 * shares[k];
    item.append(canvas, bar, `${per < 0.1 ? "<0.1" : per.toFixed(per < 10 ? 1 : 0)}% ${names[k]}`);
    return item;
  }));
}

// The same arithmetic on a drop of ink: every particle is alpha times where it was, plus sigma times
// a random step.
function ink({ alpha, sigma }) {
  const canvas = $("ink"), side = PICTURE(), dense = devicePixelRatio || 1;
  canvas.width = canvas.height = side * dense;
  canvas.style.width = canvas.style.height = `${side}px`;
  const draw = canvas.getContext("2d");
  const noise = imageNoise(lesson.seed, [1, 2, 3, 4], 0, [1, 1, INK]);
  draw.fillStyle = getComputedStyle(document.body).color;
  for (let k = 0; k < INK; k++) {
    const turn = noise[k] * 9, far = 0.16 * Math.abs(noise[INK + k]) + 0.02;
    const x = alpha * far * Math.cos(turn) + sigma * 0.42 * noise[2 * INK + k];
    const y = alpha * (far * Math.sin(turn) - 0.1) + sigma * 0.42 * noise[3 * INK + k];
    draw.fillRect((x / 2 + 0.5) * canvas.width, (y / 2 + 0.5) * canvas.height, 1.6 * dense, 1.6 * dense);
  }
}

// How much of the sprite is left on the way, for every schedule; the chosen one is strong.
function curve() {
  const canvas = $("curve"), width = 420, height = 120, dense = devicePixelRatio || 1;
  canvas.width = width * dense;
  canvas.height = height * dense;
  const draw = canvas.getContext("2d"), now = levelNow(), style = getComputedStyle(document.body);
  const ink = style.color;
  draw.scale(dense, dense);
  draw.font = "12px system-ui, sans-serif";
  draw.fillStyle = ink;
  draw.fillText("share of the sprite that is left", 4, 12);
  const at = (k, level) => [4 + k * (width - 8) / 100, height - 4 - level.alpha ** 2 * (height - 24)];
  for (const [name, way] of Object.entries(app.ways)) {
    const chosen = name === lesson.schedule;
    draw.globalAlpha = chosen ? 1 : 0.25;
    draw.lineWidth = chosen ? 2 : 1;
    draw.strokeStyle = ink;
    draw.beginPath();
    way.forEach((level, k) => draw.lineTo(...at(k, level)));
    draw.stroke();
    if (chosen) draw.fillText(name, at(45, way[45])[0] + 10, at(45, way[45])[1] - 4);
  }
  draw.globalAlpha = 1;
  draw.fillStyle = getComputedStyle(canvas).color;
  draw.beginPath();
  draw.arc(...at(Number($("level").value), now), 5, 0, 7);
  draw.fill();
}

// Whatever runs by itself ends: what is made is given up, and the slider stays where it is.
function stopRunning() {
  if (lesson.making) lesson.making.stop();
  lesson.making = null;
  lesson.turn += 1;
}

// The slider goes to noise and back by itself.
async function play() {
  stopRunning();
  const { turn } = lesson, from = Number($("level").value);
  const there = [...Array(51).keys()].map((k) => 2 * k), back = [...there].reverse();
  for (const value of [...there, ...back, from]) {
    if (lesson.turn !== turn) return;
    $("level").value = value;
    await look();
    await wait(still ? 0 : 40);
  }
}

const pace = () => (still ? 0 : 900 / app.model.sampler.steps);

// Shows what `make` does in a group of buttons, at a pace that one can follow.
async function unfold(group, indices, words, seen = () => {}) {
  const cells = indices.map((index) => button({ image: lesson.subject.image, index, seed: 0, label: -1 },
                                              () => {}));
  group.replaceChildren(...cells);
  const frames = [];
  const made = make(indices, words, (step) => frames.push(step));
  lesson.making = made;
  const done = made.then((sprites) => { frames.push({ sprites }); return sprites; });
  let last = -1;
  for (;;) {
    const frame = frames.shift();
    if (lesson.making !== made) return null;
    if (!frame) {
      await Promise.race([done, wait(10)]);
      continue;
    }
    if (frame.sprites !== undefined) break;
    frame.now.forEach((image, k) => show(cells[frame.first + k].firstChild, image, SMALL));
    seen(frame);
    if (frame.step !== last) await wait(pace());
    last = frame.step;
  }
  const sprites = await done;
  if (!sprites) return null;
  group.replaceChildren(...sprites.map((sprite) => button(sprite, (it) => choose(it))));
  lesson.making = null;
  return sprites;
}

async function goOn() {
  stopRunning();
  const { subject } = lesson, stop = Math.max(app.firstStop, Number($("level").value));
  $("level").value = stop;
  const indices = [...Array(8).keys()], start = fromBytes(subject.image);
  const words = { seed: lesson.seed, stop, start, from: fileOf(subject) };
  const sprites = await unfold($("finished"), indices, words);
  if (!sprites) return;
  const same = sprites.filter(({ image }) => image.every((byte, i) => byte === subject.image[i])).length;
  const came = same === 8 ? "all eight are" : same === 0 ? "none of the eight is" : `${same} of eight are`;
  $("words").textContent = `From ${stop}% of the way: ${came} ${subject.name} to the pixel.`;
}

// New sprites; the large pictures follow the first of them, and the slider goes with it.
async function fromNothing() {
  stopRunning();
  const indices = app.takeIndices(8), words = { seed: app.facts.seed, ...telling(indices, anything()) };
  $("words").textContent = "Pure noise.";
  const sprites = await unfold($("finished"), indices, words, (frame) => {
    if (frame.first !== 0) return;
    show($("noised"), frame.now[0], PICTURE());
    show($("thought"), frame.thought[0], PICTURE());
    $("level").value = Math.round(100 * frame.step);
    $("words").textContent = "A little of the noise is taken away in the direction of what it thinks.";
  });
  if (!sprites) return;
  show($("clean"), sprites[0].image, PICTURE());
  const { verdicts } = await ask("verdicts", { images: [sprites[0].image] });
  $("clean-name").textContent = called(sprites[0]);
  $("words").textContent = `The first of them: ${judged(verdicts[0]) || called(sprites[0])}`;
}
