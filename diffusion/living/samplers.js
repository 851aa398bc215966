// diffusion/samplers/ in the browser: from noise to sprites, step by step.
"use strict";

// x at the next level, from x at this one and its clean estimate; each sampler as in its Python file.
const STEPS = {
  ddpm(x, x0, now, next, draw, { variance }) {
    const ratio = now.alpha / next.alpha, share = next.sigma ** 2 / now.sigma ** 2;
    const beta = 1 - ratio ** 2, towards = next.alpha * beta / now.sigma ** 2;
    const spread = Math.sqrt(beta * (variance === "posterior" ? share : 1));
    const fresh = next.t > 0 ? draw() : null;
    return x.map((value, i) =>
      ratio * share * value + towards * x0[i] + (fresh ? spread * fresh[i] : 0));
  },

  ddim(x, x0, now, next, draw, { eta }) {
    const ratio = now.alpha / next.alpha, share = next.sigma ** 2 / now.sigma ** 2;
    const spread = eta * Math.sqrt((1 - ratio ** 2) * share);
    const kept = Math.sqrt(Math.max(next.sigma ** 2 - spread ** 2, 0));
    const fresh = spread > 0 ? draw() : null;
    return x.map((value, i) => next.alpha * x0[i] +
      kept * ((value - now.alpha * x0[i]) / now.sigma) + (fresh ? spread * fresh[i] : 0));
  },

  dpm_solver(x, x0, now, next, draw, settings, before) {
    return STEPS.ddim(x, foreseen(x0, now, next, before), now, next, draw, settings);
  },
};

const noisiness = ({ alpha, sigma }) => Math.log(alpha / sigma);

// The clean estimate moved on to the middle of the step, as dpm_solver.py says.
function foreseen(x0, now, next, before) {
  if (!before || next.sigma === 0) return x0;
  const length = noisiness(next) - noisiness(now), earlier = noisiness(now) - noisiness(before.level);
  if (earlier === 0) return x0;
  return x0.map((value, i) => value + length / earlier / 2 * (value - before.x0[i]));
}

// Yields {level, x, x0} after each step of `levels`, the last of which is clean.
//   words: seed, indices; start (model range, one sprite) to begin with instead of noise; known and
//   kept (one sprite): values that stay where kept is 1; temperature, where it is not the sampler's;
//   and what `Network.clean` takes.
function* trajectory(network, levels, words) {
  const { model } = network, { seed, indices, start = null, known = null, kept = null } = words;
  const shape = [model.channels, model.height, model.width];
  const noise = (draw) => imageNoise(seed, indices, draw, shape);
  let x = noise(0), before = null;
  if (start) {
    const { alpha, sigma } = levels[0];
    x = x.map((value, i) => alpha * start[i % start.length] + sigma * value);
  }
  for (let k = 1; k < levels.length; k++) {
    const now = levels[k - 1], next = levels[k];
    const x0 = network.clean(x, now, { ...words, temperature: words.temperature || model.sampler.temperature });
    for (let i = 0; i < x0.length; i++) {
      if (kept && kept[i % kept.length]) x0[i] = known[i % known.length];
      if (model.sampler.clip) x0[i] = Math.max(-1, Math.min(1, x0[i]));
    }
    x = STEPS[model.sampler.kind](x, x0, now, next, () => noise(k), model.sampler, before);
    before = { level: now, x0 };
    yield { level: next, x, x0 };
  }
}

// Model range (.., C) -> bytes, as `PixelCodec.decode` does: halves go to the even number.
function toBytes(x, { channels, hard_alpha }, soft = false) {
  const bytes = new Uint8ClampedArray(x.length), single = Math.fround;
  for (let i = 0; i < x.length; i++) bytes[i] = single(single(x[i] + 1) * 127.5);
  if (channels !== 4) return bytes;
  for (let i = 0; i < bytes.length; i += 4) {
    if (hard_alpha && !soft) bytes[i + 3] = bytes[i + 3] >= 128 ? 255 : 0;
    if (bytes[i + 3] === 0) bytes[i] = bytes[i + 1] = bytes[i + 2] = 0;
  }
  return bytes;
}

const fromBytes = (bytes) => Float32Array.from(bytes, (level) => Math.fround(level / 127.5) - 1);
