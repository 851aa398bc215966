// The worker of the page: it holds the network and the training sprites, and answers questions.
//
// Every message is {id, ask, ...}; every answer {id, ...}. Sprites are made step by step, and
// between two steps other questions are answered, so that the slider never waits for long.
"use strict";

const AT_ONCE = 8; // sprites in one batch: little memory, and a step takes few milliseconds
let network = null, training = null, sprites = null, count = 0, limits = null;
const stopped = new Set();

const pause = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => { port1.close(); done(); };
  port1.postMessage(0);
});

const ANSWERS = {
  async load({ kernel, model, weights, bytes, n, within }) {
    network = await Network.load(kernel, model, weights);
    if (bytes) {
      const pixels = new Uint8Array(bytes);
      sprites = fromBytes(pixels);
      [count, limits] = [n, within];
      training = new Training(pixels, n, model);
    }
    return {};
  },

  // One sprite at one level: how it looks, what the network thinks of it without being told a
  // label, and what can be known.
  async look({ image, level, seed }) {
    const { model } = network, { channels, height, width } = model;
    const noise = imageNoise(seed, [0], 0, [channels, height, width]), x0 = fromBytes(image);
    const x = x0.map((value, i) => level.alpha * value + level.sigma * noise[i]);
    const answer = { noised: toBytes(x, model, true) };
    answer.network = level.sigma === 0 ? image
      : toBytes(network.clean(x, level), model, true);
    return sprites ? { ...answer, ...known(x, level) } : answer;
  },

  // The band at each of some levels, for the track of the slider.
  async bands({ image, levels, seed }) {
    if (!sprites) return { bands: null };
    const { channels, height, width } = network.model, x0 = fromBytes(image), bands = [];
    const noise = imageNoise(seed, [0], 0, [channels, height, width]);
    for (const level of levels) {
      const x = x0.map((value, i) => level.alpha * value + level.sigma * noise[i]);
      bands.push(bandOf(candidates(posterior(x, sprites, count, level)), count));
      await pause();
    }
    return { bands };
  },

  async verdicts({ images }) {
    const found = [];
    for (const image of images) {
      found.push(training ? training.verdict(image, limits) : null);
      await pause();
    }
    return { verdicts: found };
  },

  // Sprites by their indices; after each step they are shown as they are.
  async make({ id, indices, words, levels }) {
    const { model } = network, { channels, height, width } = model;
    const size = channels * height * width, images = [];
    for (let first = 0; first < indices.length; first += AT_ONCE) {
      const some = indices.slice(first, first + AT_ONCE);
      const labels = words.labels && words.labels.slice(first, first + AT_ONCE);
      const settings = { ...words, indices: some, labels };
      let last = null;
      for (const step of trajectory(network, levels, settings)) {
        if (stopped.delete(id)) return { images: null };
        last = step;
        postMessage({ id, first, step: step.level.t, now: cut(toBytes(step.x, model, true), size),
          thought: cut(toBytes(step.x0, model, true), size) });
        await pause();
      }
      const bytes = words.allowed ? snapped(last.x, words.allowed) : toBytes(last.x, model);
      images.push(...cut(bytes, size));
    }
    return { images };
  },
};

const cut = (bytes, size) =>
  Array.from({ length: bytes.length / size }, (_, k) => bytes.slice(k * size, (k + 1) * size));

// What Bayes' rule says about a noised sprite.
function known(x, level) {
  const shares = posterior(x, sprites, count, level), rows = likeliest(shares);
  return {
    exact: toBytes(meanSprite(shares, sprites, x.length), network.model, true),
    rows, shares: rows.map((row) => shares[row]), candidates: candidates(shares),
  };
}

// Each pixel in the nearest colour that may be used, as `PaletteCodec` paints it.
function snapped(x, allowed) {
  const { channels, colours } = network.model, bytes = new Uint8ClampedArray(x.length);
  const values = colours.map((colour) => colour.map((level) => Math.fround(level / 127.5) - 1));
  for (let p = 0; p < x.length; p += channels) {
    let best = -1, nearest = Infinity;
    values.forEach((colour, k) => {
      if (!allowed[k]) return;
      const square = colour.reduce((sum, value, c) => sum + (x[p + c] - value) ** 2, 0);
      if (square < nearest) [best, nearest] = [k, square];
    });
    bytes.set(colours[best], p);
  }
  return bytes;
}

if (typeof onmessage !== "undefined") {
  onmessage = async ({ data }) => {
    if (data.ask === "stop") {
      stopped.add(data.which);
      return;
    }
    try {
      postMessage({ id: data.id, done: true, ...(await ANSWERS[data.ask](data)) });
    } catch (error) {
      postMessage({ id: data.id, failed: String((error && error.stack) || error) });
    }
  };
}
