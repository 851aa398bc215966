// Is a sprite new? Its nearest training sprite as it stands, shifted and mirrored, as
// diffusion/novelty measures it. Recoloured and retouched sprites only `report.py` looks for.
"use strict";

const SHIFT = 2; // pixels
const MOVES = [];
for (let dy = -SHIFT; dy <= SHIFT; dy++) {
  for (let dx = -SHIFT; dx <= SHIFT; dx++) MOVES.push([dy, dx]);
}
MOVES.sort(([a, b], [c, d]) => Math.abs(a) + Math.abs(b) - Math.abs(c) - Math.abs(d));

// The training sprites, bytes (n, H, W, C), each with a border of its ground, which a move brings in.
class Training {
  constructor(bytes, n, { channels, height, width }) {
    Object.assign(this, { n, channels, height, width });
    this.wide = (width + 2 * SHIFT) * channels;
    this.whole = (height + 2 * SHIFT) * this.wide;
    this.bordered = new Uint8Array(n * this.whole);
    this.ground = new Uint8Array(n * channels);
    this.framed = new Uint8Array(n).fill(1); // whether it has a ground
    this.visible = MOVES.map(() => null);
    // Rows from the middle outwards: there sprites differ most, and a comparison ends soonest.
    this.rows = Array.from({ length: height }, (_, y) => y)
      .sort((a, b) => Math.abs(a - height / 2) - Math.abs(b - height / 2));
    const size = channels * height * width, line = width * channels;
    for (let k = 0; k < n; k++) {
      const sprite = bytes.subarray(k * size, (k + 1) * size);
      if (channels !== 4) this.takeGround(sprite, k);
      const ground = this.ground.subarray(k * channels, (k + 1) * channels);
      for (let i = 0; i < this.whole; i++) this.bordered[k * this.whole + i] = ground[i % channels];
      for (let y = 0; y < height; y++) {
        this.bordered.set(sprite.subarray(y * line, (y + 1) * line), this.at(k, y, 0));
      }
    }
  }

  // Where pixel (y, x) of sprite k is.
  at(k, y, x) {
    return k * this.whole + (y + SHIFT) * this.wide + (x + SHIFT) * this.channels;
  }

  // Without alpha, ground is the colour that all four corners share.
  takeGround(sprite, k) {
    const { channels, height, width } = this;
    const corners = [0, width - 1, (height - 1) * width, height * width - 1];
    const shared = (c) => corners.every((p) => sprite[p * channels + c] === sprite[c]);
    this.framed[k] = Array.from({ length: channels }, (_, c) => shared(c)).every(Boolean) ? 1 : 0;
    if (this.framed[k]) this.ground.set(sprite.subarray(0, channels), k * channels);
  }

  // How many values of sprite k are visible after a move; 0 where it cannot be compared.
  values(k, move) {
    if (!this.visible[move]) {
      this.visible[move] = Float64Array.from({ length: this.n }, (_, each) => {
        const seen = this.count(each, MOVES[move]);
        return move === 0 ? Math.max(1, seen) : this.framed[each] ? seen : 0;
      });
    }
    return this.visible[move][k];
  }

  count(k, [dy, dx]) {
    const { channels, height, width } = this;
    let seen = 0;
    for (let y = Math.max(0, -dy); y < height - Math.max(0, dy); y++) {
      for (let x = Math.max(0, -dx); x < width - Math.max(0, dx); x++) {
        if (!this.framed[k] || this.shows(k, this.at(k, y, x))) seen++;
      }
    }
    return seen * channels;
  }

  shows(k, at) {
    for (let c = 0; c < this.channels; c++) {
      if (this.bordered[at + c] !== this.ground[k * this.channels + c]) return true;
    }
    return false;
  }

  // The square of the distance of sprite k after a move to bytes (H, W, C); infinite beyond `most`.
  square(bytes, k, move, most) {
    const values = this.values(k, move), { bordered, wide } = this, [dy, dx] = MOVES[move];
    if (values === 0) return Infinity;
    const line = this.width * this.channels, enough = most * values, first = this.at(k, -dy, -dx);
    let sum = 0;
    for (const y of this.rows) {
      const from = first + y * wide, to = y * line;
      for (let i = 0; i < line; i++) {
        const difference = bytes[to + i] - bordered[from + i];
        sum += difference * difference;
      }
      if (sum > enough) return Infinity;
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
