// Is a sprite new? Its nearest training sprite as it stands, shifted and mirrored, as
// diffusion/novelty measures it. Recoloured and retouched sprites only `report.py` looks for.
"use strict";

const SHIFT = 2; // pixels
const MOVES = [];
for (let dy = -SHIFT; dy <= SHIFT; dy++) {
  for (let dx = -SHIFT; dx <= SHIFT; dx++) MOVES.push([dy, dx]);
}
MOVES.sort(([a, b], [c, d]) => Math.abs(a) + Math.abs(b) - Math.abs(c) - Math.abs(d));

// The training sprites as moves take them: bytes (n, H, W, C) less their ground.
class Training {
  constructor(bytes, n, { channels, height, width }) {
    Object.assign(this, { n, channels, height, width, size: channels * height * width });
    this.pixels = Int16Array.from(bytes);
    this.ground = new Int16Array(n * channels);
    this.framed = new Uint8Array(n).fill(1);
    if (channels !== 4) for (let k = 0; k < n; k++) this.takeGround(k);
    this.left = MOVES.map(() => null);
  }

  // Without alpha, ground is the colour that all four corners share.
  takeGround(k) {
    const { channels, height, width, size, pixels } = this, base = k * size;
    const corners = [0, width - 1, (height - 1) * width, height * width - 1];
    const same = (c) => corners.every((p) => pixels[base + p * channels + c] === pixels[base + c]);
    this.framed[k] = Array.from({ length: channels }, (_, c) => same(c)).every(Boolean) ? 1 : 0;
    if (!this.framed[k]) return;
    const ground = pixels.slice(base, base + channels);
    this.ground.set(ground, k * channels);
    for (let i = 0; i < size; i++) pixels[base + i] -= ground[i % channels];
  }

  // How many values of sprite k are visible after a move; 0 where it cannot be compared.
  values(k, move) {
    if (!this.left[move]) {
      this.left[move] = Float64Array.from({ length: this.n }, (_, each) => {
        const seen = this.count(each, MOVES[move]);
        return move === 0 ? Math.max(1, seen) : this.framed[each] ? seen : 0;
      });
    }
    return this.left[move][k];
  }

  count(k, [dy, dx]) {
    const { channels, height, width, size, pixels } = this;
    let seen = 0;
    for (let y = Math.max(0, -dy); y < height - Math.max(0, dy); y++) {
      for (let x = Math.max(0, -dx); x < width - Math.max(0, dx); x++) {
        if (!this.framed[k] || this.shows(k * size + (y * width + x) * channels)) seen++;
      }
    }
    return seen * channels;
  }

  shows(at) {
    if (this.channels === 4) return this.pixels[at + 3] !== 0;
    for (let c = 0; c < this.channels; c++) if (this.pixels[at + c] !== 0) return true;
    return false;
  }

  // The square of the distance of sprite k after a move to bytes (H, W, C); infinite beyond `most`.
  square(bytes, k, move, most) {
    const { channels, height, width, size, pixels, ground } = this, [dy, dx] = MOVES[move];
    const values = this.values(k, move);
    if (values === 0) return Infinity;
    let sum = 0;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const inside = y >= dy && y - dy < height && x >= dx && x - dx < width;
        const from = k * size + ((y - dy) * width + x - dx) * channels;
        for (let c = 0; c < channels; c++, i++) {
          const d = bytes[i] - ground[k * channels + c] - (inside ? pixels[from + c] : 0);
          sum += d * d;
        }
      }
      if (sum > most * values) return Infinity;
    }
    return sum / values;
  }

  // {row, distance} of the nearest sprite: as it stands, moved by a pixel or two, and also mirrored.
  nearest(bytes) {
    const found = [];
    let best = { row: 0, square: Infinity };
    const look = (image, moves) => {
      for (const move of moves) {
        for (let k = 0; k < this.n; k++) {
          const square = this.square(image, k, move, best.square);
          const nearer = square < best.square || (square === best.square && k < best.row);
          if (nearer) best = { row: k, square };
        }
      }
      found.push({ row: best.row, distance: Math.sqrt(best.square) });
    };
    const all = MOVES.map((_, move) => move);
    look(bytes, all.slice(0, 1));
    look(bytes, all.slice(1));
    look(this.mirrored(bytes), all);
    return found;
  }

  mirrored(bytes) {
    const { channels, width } = this, found = new Uint8ClampedArray(bytes.length);
    for (let p = 0; p < bytes.length / channels; p++) {
      const from = p - (p % width) + width - 1 - (p % width);
      for (let c = 0; c < channels; c++) found[p * channels + c] = bytes[from * channels + c];
    }
    return found;
  }

  // {verdict, row, distance}; limits: below which a sprite repeats, and is unusually near.
  verdict(bytes, { repeats, unusual }) {
    const found = this.nearest(bytes), names = ["copy", "shifted", "mirrored"];
    for (const [limit, variant] of [[repeats, false], [unusual, true]]) {
      const near = found.map(({ distance }) => (distance === 0 || distance < limit ? distance : Infinity));
      const least = Math.min(...near);
      if (least === Infinity) continue;
      const which = near.findIndex((distance) => distance <= 2 * least);
      return { verdict: variant ? "variant" : names[which], ...found[which] };
    }
    return { verdict: "new", ...found[2] };
  }
}
