// The UNet of diffusion/models/unet.py and the predictions, on the arithmetic of kernel.wasm.
//
// Tensors are (B, H, W, C), float32, addressed by where they lie in the memory of the kernel.
"use strict";

const SHARPEST = 1e-4; // a smaller sigma counts as this, as in diffusion/pixels.py
const FORBIDDEN = -1e30; // as a score
const FREQUENCIES = 128; // of the time embedding, half of them sines

const upTo = (n, multiple) => Math.ceil(n / multiple) * multiple;
const filled = (n, value) => new Array(n).fill(value);

// The two of `side` pixels that the i-th of `n` lies between, and how far it is from the first.
function between(i, n, side) {
  const at = Math.max(0, (i + 0.5) * side / n - 0.5), first = Math.floor(at);
  return [first, Math.min(first + 1, side - 1), at - first];
}

// A float16 as its sixteen bits -> the number.
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

// Of pixels with `wide` scores each: what a colour that is not allowed would have goes to the nearest
// that is, as in diffusion/steering/colours.py.
function handOver(scores, wide, allowed, places) {
  const apart = (k, other) => places[k].reduce((sum, v, c) => sum + (v - places[other][c]) ** 2, 0);
  const may = allowed.flatMap((yes, k) => (yes ? [k] : []));
  const moves = allowed.flatMap((yes, k) =>
    yes ? [] : [[k, may.reduce((best, other) => (apart(k, other) < apart(k, best) ? other : best))]]);
  for (let first = 0; first < scores.length; first += wide) {
    for (const [k, to] of moves) {
      const one = scores[first + k], other = scores[first + to];
      scores[first + to] = Math.max(one, other) + Math.log1p(Math.exp(-Math.abs(one - other)));
    }
  }
}

// The memory of the kernel: what is put there stays, what is allocated after `rest` is given back.
class Memory {
  constructor(kernel) {
    this.kernel = kernel;
    this.top = kernel.memory.buffer.byteLength;
  }

  allocate(count) {
    const at = this.top;
    this.top += upTo(count * 4, 16);
    const missing = this.top - this.kernel.memory.buffer.byteLength;
    if (missing > 0) this.kernel.memory.grow(Math.ceil(missing / 65536) + 16);
    return at;
  }

  view(at, count) {
    return new Float32Array(this.kernel.memory.buffer, at, count);
  }

  put(values) {
    const at = this.allocate(values.length);
    this.view(at, values.length).set(values);
    return at;
  }
}

class Network {
  // kernel: bytes of kernel.wasm; model: what diffusion/living/serving.py says of the network;
  // weights: an ArrayBuffer, laid out as `model.tensors` says.
  static async load(kernel, model, weights) {
    const network = new Network();
    network.model = model;
    network.kernel = (await WebAssembly.instantiate(kernel, {})).instance.exports;
    network.memory = new Memory(network.kernel);
    const half = model.weights === "f16";
    network.tensors = {};
    for (const { name, shape, offset } of model.tensors) {
      const count = shape.reduce((a, b) => a * b, 1);
      const values = half
        ? Float32Array.from(new Uint16Array(weights, offset, count), fromHalf)
        : new Float32Array(weights, offset, count);
      network.tensors[name] = { values, shape };
    }
    network.build();
    network.tensors = null;
    network.rest = network.memory.top;
    return network;
  }

  // The layers, with their weights packed as the kernel takes them.
  build() {
    const { widths, blocks, colours } = this.model, has = (name) => name in this.tensors;
    const layer = (name) => this.packed(name);
    const norm = (name) => ({
      gain: this.memory.put(this.tensors[`${name}.weight`].values),
      offset: this.memory.put(this.tensors[`${name}.bias`].values),
    });
    const block = (name) => ({
      normIn: norm(`${name}.norm_in`), convIn: layer(`${name}.conv_in`),
      modulation: layer(`${name}.modulation`), convOut: layer(`${name}.conv_out`),
      skip: has(`${name}.skip.weight`) ? layer(`${name}.skip`) : null,
    });
    const stage = (name, count) => Array.from({ length: count }, (_, k) => block(`${name}.${k}`));
    this.time = [layer("time.mlp.0"), layer("time.mlp.2")];
    this.told = has("label.table.weight") ? this.tellable(this.tensors["label.table.weight"]) : null;
    const pictures = this.tensors["layout.pictures.table.weight"];
    this.pictures = pictures ? this.tellable(pictures) : null;
    const looks = this.tensors["looks.pictures"];
    this.looks = looks ? this.tellable(looks) : [];
    this.pointed = has("looks.usual") ? ["usual", "share"].map((name) =>
      this.tellable(this.tensors[`looks.${name}`])) : null;
    this.stem = layer("stem");
    this.down = widths.map((_, level) => stage(`down.${level}`, blocks));
    this.shrink = widths.slice(1).map((_, level) => layer(`shrink.${level}`));
    this.middle = [block("middle_in"), block("middle_out")];
    this.attention = {
      norm: norm("attention.norm"), qkv: layer("attention.qkv"), out: layer("attention.out"),
    };
    this.up = widths.map((_, level) => stage(`up.${level}`, blocks + 1));
    this.grow = widths.slice(1).map((_, level) => layer(`grow.${level}`));
    this.norm = norm("norm");
    this.out = layer("out");
    if (colours) this.keepColours(colours);
  }

  // What can be told: an attribute, or several, each with rows of the table for its values and a
  // last one for "not told". A label is one attribute.
  tellable({ values, shape: [rows, ...rest] }) {
    const width = rest.reduce((a, b) => a * b);
    const counts = this.model.attributes ? this.model.attributes.map(([, words]) => words.length)
      : [rows - 1];
    let first = 0;
    return counts.map((count) => {
      const from = first * width, to = (first += count + 1) * width;
      return { count, vectors: values.slice(from, to) };
    });
  }

  // A convolution or linear layer (outputs, inputs, k, k), packed in eights of outputs.
  packed(name) {
    const { values, shape } = this.tensors[`${name}.weight`];
    const [outputs, given] = shape, k = shape[2] || 1, taps = k * k;
    const inputs = upTo(given, 4), wide = upTo(outputs, 8);
    const weight = new Float32Array(wide * taps * inputs), bias = new Float32Array(wide);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < given; i++) {
        for (let tap = 0; tap < taps; tap++) {
          const to = (((o >> 3) * taps + tap) * inputs + i) * 8 + (o & 7);
          weight[to] = values[(o * given + i) * taps + tap];
        }
      }
    }
    bias.set(this.tensors[`${name}.bias`].values);
    return { weight: this.memory.put(weight), bias: this.memory.put(bias), inputs, outputs: wide, k };
  }

  keepColours(colours) {
    const count = colours.length, wide = upTo(count, 8);
    const values = new Float32Array(wide * 4), halves = new Float32Array(wide);
    colours.forEach((colour, k) => {
      colour.forEach((level, c) => { values[4 * k + c] = level / 127.5 - 1; });
      halves[k] = values.subarray(4 * k, 4 * k + 4).reduce((sum, v) => sum + v * v, 0) / 2;
    });
    this.colours = { count, wide, values: this.memory.put(values), halves: this.memory.put(halves) };
  }

  linear(layer, x, rows, residual = 0) {
    const out = this.memory.allocate(rows * layer.outputs), { weight, bias, inputs, outputs } = layer;
    this.kernel.convolve(x, weight, bias, residual, out, 1, 1, rows, inputs, 1, rows, outputs, 1, 1);
    return out;
  }

  // A 3 x 3 convolution of padded (B, H + 2, W + 2, inputs).
  convolve(layer, padded, batch, height, width, { residual = 0, stride = 1, out = 0 } = {}) {
    const high = height / stride, wide = width / stride, { weight, bias, inputs, outputs } = layer;
    out ||= this.memory.allocate(batch * high * wide * outputs);
    this.kernel.convolve(padded, weight, bias, residual, out, batch, height + 2, width + 2, inputs,
      high, wide, outputs, 3, stride);
    return out;
  }

  pad(x, batch, height, width, channels, times = 1) {
    const side = (n) => n * times + 2;
    const out = this.memory.allocate(batch * side(height) * side(width) * channels);
    this.kernel.pad(x, out, batch, height, width, channels, times);
    return out;
  }

  residual(block, x, embedding, batch, height, width) {
    const { kernel, memory } = this, { inputs, outputs } = block.convIn, pixels = batch * height * width;
    const out = memory.allocate(pixels * outputs), rest = memory.top;
    const padded = memory.allocate(batch * (height + 2) * (width + 2) * Math.max(inputs, outputs));
    const { gain, offset } = block.normIn;
    kernel.normalise(x, gain, offset, 0, padded, batch, height, width, inputs, 1, 1);
    const inner = this.convolve(block.convIn, padded, batch, height, width);
    const modulation = this.linear(block.modulation, embedding, batch);
    kernel.normalise(inner, 0, 0, modulation, padded, batch, height, width, outputs, 1, 1);
    const residual = block.skip ? this.linear(block.skip, x, pixels) : x;
    this.convolve(block.convOut, padded, batch, height, width, { residual, out });
    memory.top = rest;
    return out;
  }

  attend(x, batch, height, width, channels) {
    const { memory, kernel } = this, n = height * width, pixels = batch * n;
    const { norm, qkv, out } = this.attention, normed = memory.allocate(pixels * channels);
    kernel.normalise(x, norm.gain, norm.offset, 0, normed, batch, height, width, channels, 0, 0);
    const seen = memory.allocate(pixels * channels);
    kernel.attend(this.linear(qkv, normed, pixels), seen, memory.allocate(n), batch, n, channels);
    return this.linear(out, seen, pixels, x);
  }

  // What the network is told beside the picture (B, 4 widths[0]); labels as for `clean`.
  embedding(batch, t, labels) {
    const half = FREQUENCIES / 2, waves = new Float32Array(batch * FREQUENCIES), single = Math.fround;
    for (let i = 0; i < half; i++) {
      const rate = single(Math.exp(single(i * single(-Math.log(10000) / half))));
      const angle = single(single(1000 * single(t)) * rate);
      for (let b = 0; b < batch; b++) {
        waves[b * FREQUENCIES + i] = Math.sin(angle);
        waves[b * FREQUENCIES + half + i] = Math.cos(angle);
      }
    }
    const [first, second] = this.time;
    const hidden = this.linear(first, this.memory.put(waves), batch);
    this.kernel.silu(hidden, batch * first.outputs);
    const out = this.linear(second, hidden, batch), width = second.outputs;
    if (this.told) {
      const view = this.memory.view(out, batch * width);
      labels.forEach((label, b) => {
        const values = [label].flat();
        this.told.forEach(({ count, vectors }, k) => {
          const row = (values[k] >= 0 ? values[k] : count) * width;
          for (let i = 0; i < width; i++) view[b * width + i] += vectors[row + i];
        });
      });
    }
    this.kernel.silu(out, batch * width);
    return out;
  }

  // Features (B, h, w, C) with the coarse pictures of what is told, stretched bilinearly.
  layOut(x, batch, rows, columns, channels, labels) {
    const size = batch * rows * columns * channels, out = this.memory.allocate(size);
    const view = this.memory.view(out, size);
    view.set(this.memory.view(x, size)); // x itself is a skip
    const { side } = this.model, area = side * side;
    labels.forEach((label, b) => {
      const values = [label].flat(), sum = new Float32Array(channels * area);
      this.pictures.forEach(({ count, vectors }, k) => {
        const from = (values[k] >= 0 ? values[k] : count) * sum.length;
        for (let i = 0; i < sum.length; i++) sum[i] += vectors[from + i];
      });
      for (let y = 0, at = b * rows * columns * channels; y < rows; y++) {
        const [top, below, down] = between(y, rows, side);
        for (let u = 0; u < columns; u++, at += channels) {
          const [left, right, across] = between(u, columns, side);
          for (let c = 0; c < channels; c++) {
            const pixel = (i, j) => sum[c * area + i * side + j];
            view[at + c] += (1 - down) * ((1 - across) * pixel(top, left) + across * pixel(top, right))
              + down * ((1 - across) * pixel(below, left) + across * pixel(below, right));
          }
        }
      }
    });
    return out;
  }

  // What the network puts out for noised sprites (B, H, W, C) at time t: (B, H, W, `stride`).
  output(x, batch, t, labels) {
    const { channels, height, width, patch, widths, outputs } = this.model, { memory } = this;
    const multiple = patch * 2 ** (widths.length - 1);
    let rows = upTo(height, multiple) / patch, columns = upTo(width, multiple) / patch;
    const [allRows, allColumns] = [rows, columns];
    const area = patch * patch, size = height * width;
    const deep = upTo(channels * (1 + this.looks.length) * area, 4);
    const unshuffled = new Float32Array(batch * rows * columns * deep);
    for (let b = 0, i = 0; b < batch; b++) {
      for (let y = 0; y < height; y++) {
        for (let u = 0; u < width; u++) {
          const at = (b * rows + Math.floor(y / patch)) * columns + Math.floor(u / patch);
          const within = (y % patch) * patch + (u % patch);
          for (let c = 0; c < channels; c++) unshuffled[at * deep + c * area + within] = x[i++];
          this.looks.forEach(({ count, vectors }, k) => { // what is told, as it looks on average
            const value = [labels[b]].flat()[k], first = (value >= 0 ? value : count) * channels;
            for (let c = 0; c < channels; c++) {
              unshuffled[at * deep + (channels * (k + 1) + c) * area + within] =
                vectors[(first + c) * size + y * width + u];
            }
          });
        }
      }
    }
    const embedding = this.embedding(batch, t, labels);
    const padded = this.pad(memory.put(unshuffled), batch, rows, columns, deep);
    let v = this.convolve(this.stem, padded, batch, rows, columns), wide = this.stem.outputs;
    const skips = [[v, wide]];
    this.down.forEach((stage, level) => {
      if (level) {
        const around = this.pad(v, batch, rows, columns, wide);
        v = this.convolve(this.shrink[level - 1], around, batch, rows, columns, { stride: 2 });
        rows /= 2;
        columns /= 2;
        skips.push([v, wide]);
      }
      for (const block of stage) {
        v = this.residual(block, v, embedding, batch, rows, columns);
        wide = block.convIn.outputs;
        skips.push([v, wide]);
      }
    });
    if (this.pictures) v = this.layOut(v, batch, rows, columns, wide, labels);
    v = this.residual(this.middle[0], v, embedding, batch, rows, columns);
    v = this.attend(v, batch, rows, columns, wide);
    v = this.residual(this.middle[1], v, embedding, batch, rows, columns);
    this.up.forEach((stage, level) => {
      if (level) {
        const larger = this.pad(v, batch, rows, columns, wide, 2);
        rows *= 2;
        columns *= 2;
        v = this.convolve(this.grow[level - 1], larger, batch, rows, columns);
      }
      for (const block of stage) {
        const [skip, more] = skips.pop(), pixels = batch * rows * columns;
        const both = memory.allocate(pixels * (wide + more));
        this.kernel.concatenate(v, skip, both, pixels, wide, more);
        v = this.residual(block, both, embedding, batch, rows, columns);
        wide = block.convIn.outputs;
      }
    });
    const last = memory.allocate(batch * (rows + 2) * (columns + 2) * wide), { gain, offset } = this.norm;
    this.kernel.normalise(v, gain, offset, 0, last, batch, rows, columns, wide, 1, 1);
    const found = this.convolve(this.out, last, batch, rows, columns);
    const stride = this.colours ? this.colours.wide : upTo(outputs, 4);
    const shuffled = memory.allocate(batch * height * width * stride);
    this.kernel.shuffle(found, shuffled, batch, allRows, allColumns, this.out.outputs, patch,
      height, width, outputs, stride);
    if (this.pointed) {
      const more = outputs + this.looks.length, apart = upTo(more, 4);
      const trust = memory.allocate(batch * size * apart);
      this.kernel.shuffle(found, trust, batch, allRows, allColumns, this.out.outputs, patch,
        height, width, more, apart);
      const view = memory.view(trust, batch * size * apart);
      this.point(memory.view(shuffled, batch * size * stride), stride, view, apart, labels);
    }
    return [shuffled, stride];
  }

  // Raises the scores of the usual colours of what is told, by how far the network trusts each.
  point(scores, stride, trust, apart, labels) {
    const { outputs } = this.model, [usual, share] = this.pointed;
    labels.forEach((label, b) => {
      usual.forEach(({ count, vectors }, k) => {
        const value = [label].flat()[k], size = vectors.length / (count + 1);
        const first = (value >= 0 ? value : count) * size;
        for (let p = 0; p < size; p++) {
          const pixel = b * size + p;
          scores[pixel * stride + vectors[first + p]] +=
            trust[pixel * apart + outputs + k] * share[k].vectors[first + p];
        }
      });
    });
  }

  // The clean estimate (B, H, W, C) of noised sprites at one level {t, alpha, sigma}.
  //   labels: of each sprite its label, or of attributes a value each; -1 tells nothing;
  //   guidance: how much they count, 1 as the network believes; asked: of attributes the values
  //   for which that is so, -1 for those that are told anyway;
  //   allowed: true for each colour of the palette that may be used, or null for all;
  //   temperature: of its choice among colours, as palette.py says.
  clean(x, { t, alpha, sigma },
    { labels = null, guidance = 1, asked = null, allowed = null, temperature = 1 } = {}) {
    const { channels, height, width, prediction } = this.model, { memory } = this;
    const pixels = height * width, batch = x.length / (pixels * channels);
    memory.top = this.rest;
    const none = filled(batch, -1), told = labels || none;
    const [found, stride] = this.output(x, batch, t, told);
    if (guidance !== 1 && told.flat().some((value) => value >= 0)) {
      const anyway = asked ? told.map((row) => row.map((value, k) => (asked[k] < 0 ? value : -1))) : none;
      const [untold] = this.output(x, batch, t, anyway);
      this.kernel.guide(found, untold, batch * pixels * stride, guidance);
    }
    if (this.colours) return this.choose(found, x, batch, alpha, sigma, allowed, temperature);
    const values = memory.view(found, batch * pixels * stride), estimate = new Float32Array(x.length);
    const meant = {
      epsilon: (x_t, value) => (x_t - sigma * value) / alpha,
      velocity: (x_t, value) => alpha * x_t - sigma * value,
      clean: (x_t, value) => value,
    }[prediction];
    for (let p = 0, i = 0; p < batch * pixels; p++) {
      for (let c = 0; c < channels; c++, i++) estimate[i] = meant(x[i], values[p * stride + c]);
    }
    return estimate;
  }

  choose(scores, x, batch, alpha, sigma, allowed, temperature) {
    const { channels, height, width, prediction } = this.model, { memory } = this;
    const { count, wide, values, halves } = this.colours, pixels = batch * height * width;
    const four = new Float32Array(pixels * 4), bias = new Float32Array(wide);
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) four[4 * p + c] = x[p * channels + c];
    }
    if (allowed) {
      allowed.forEach((may, k) => { bias[k] = may ? 0 : FORBIDDEN; });
      handOver(memory.view(scores, pixels * wide), wide, allowed, this.model.places);
    }
    if (temperature !== 1) {
      const surer = 1 + (1 / temperature - 1) * alpha ** 2 / (alpha ** 2 + sigma ** 2);
      const all = memory.view(scores, pixels * wide);
      for (let i = 0; i < all.length; i++) all[i] *= surer;
    }
    const sharp = prediction === "sharppalette" ? Math.min(1, 2 * (alpha / sigma) ** 2) : 0;
    const each = (value) => memory.put(new Float32Array(batch).fill(value));
    const out = memory.allocate(pixels * 4);
    this.kernel.choose(scores, memory.put(four), values, halves, memory.put(bias), each(alpha),
      each(Math.max(sigma, SHARPEST) ** -2), each(sharp), out, batch, height * width, count, wide);
    const found = memory.view(out, pixels * 4), estimate = new Float32Array(x.length);
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) estimate[p * channels + c] = found[4 * p + c];
    }
    return estimate;
  }
}
