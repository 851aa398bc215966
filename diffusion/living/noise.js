// diffusion/noise.py in the browser: the same normal numbers for the same (seed, index, draw).
//
// numpy's SeedSequence makes two keys of (seed, draw), which permute the index to a seed
// of MT19937; 24-bit uniforms of it become normal numbers by Box and Muller in groups of sixteen,
// as torch's `normal_` makes them on a CPU. What is drawn of labels takes 53 bits, as `torch.rand`.
"use strict";

const SAMPLING = 2, LABELS = 3; // the first word of an address, as in noise.py

// numpy.random.SeedSequence(entropy).generate_state(count), as 32-bit words.
function seedSequence(entropy, count) {
  const unsigned = (x) => x >>> 0;
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value = unsigned(value ^ constant);
    constant = unsigned(Math.imul(constant, 0x931e8875));
    value = unsigned(Math.imul(value, constant));
    return unsigned(value ^ (value >>> 16));
  };
  const mix = (x, y) => {
    const result = unsigned(Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y));
    return unsigned(result ^ (result >>> 16));
  };
  const words = entropy.flatMap((each) =>
    each < 2 ** 32 ? [each] : [each % 2 ** 32, Math.floor(each / 2 ** 32)]);
  const pool = [0, 1, 2, 3].map((i) => hash(words[i] || 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
  }
  for (let from = 4; from < words.length; from++) {
    for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(words[from]));
  }
  let second = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    let value = unsigned(pool[i % 4] ^ second);
    second = unsigned(Math.imul(second, 0x58f38ded));
    value = unsigned(Math.imul(value, second));
    return unsigned(value ^ (value >>> 16));
  });
}

// A permutation of the 32-bit words: the last steps of MurmurHash3.
function mixed(word) {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

// The 32-bit words of MT19937, one for each call.
function twister(seed) {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const before = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, before) + i;
  }
  let next = 624;
  return () => {
    if (next === 624) {
      for (let j = 0; j < 624; j++) {
        const y = (state[j] & 0x80000000) | (state[(j + 1) % 624] & 0x7fffffff);
        state[j] = state[(j + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      next = 0;
    }
    let y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

// Uniform numbers in [0, 1), 24 bits each.
function uniforms(seed, count) {
  const word = twister(seed), found = new Float32Array(count);
  for (let i = 0; i < count; i++) found[i] = (word() & 0xffffff) / 16777216;
  return found;
}

// torch.rand((), dtype=torch.float64, generator=keyed(*address)): the next number with each call.
function keyed(address) {
  const [low, high] = seedSequence(address, 2), word = twister(((low >>> 1) | (high << 31)) >>> 0);
  return () => ((word() & 0x1fffff) * 2 ** 32 + word()) / 2 ** 53;
}

// torch.empty(count).normal_(generator=Generator().manual_seed(seed)), for 16 numbers or more.
function normals(seed, count) {
  const single = Math.fround, over = count % 16 ? 16 : 0;
  const uniform = uniforms(seed, count + over), found = new Float32Array(count);
  const sixteen = (to, from) => {
    for (let j = 0; j < 8; j++) {
      const first = single(1 - uniform[from + j]);
      const radius = single(Math.sqrt(single(-2 * single(Math.log(first)))));
      const angle = single(single(2 * Math.PI) * uniform[from + j + 8]);
      found[to + j] = single(radius * single(Math.cos(angle)));
      found[to + j + 8] = single(radius * single(Math.sin(angle)));
    }
  };
  for (let i = 0; i + 15 < count; i += 16) sixteen(i, i);
  if (over) sixteen(count - 16, count); // the last sixteen are drawn anew
  return found;
}

// Noise (B, H, W, C) of one draw: 0 is what sprites start from, k the fresh noise of step k.
function imageNoise(seed, indices, draw, [channels, height, width]) {
  const keys = seedSequence([SAMPLING, seed, draw], 2);
  const pixels = height * width, size = channels * pixels;
  const found = new Float32Array(indices.length * size);
  indices.forEach((index, b) => {
    const planes = normals(keys.reduce((word, key) => mixed((word ^ key) >>> 0), index), size);
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) found[b * size + p * channels + c] = planes[c * pixels + p];
    }
  });
  return found;
}
