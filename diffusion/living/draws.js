// diffusion/samplers/attribute_draws.py in the browser: attributes that nobody asked for.
"use strict";

class AttributeDraws {
  // What `AttributeDraws.plain` wrote: the share of each value, for each attribute; and of each value
  // of all attributes how often it occurs with each other, as a byte, or in older cards as a bit.
  constructor({ attribute_frequencies: frequencies, attribute_lifts: lifts, attribute_pairs: pairs }) {
    this.frequencies = frequencies;
    this.firsts = [0];
    for (const shares of frequencies) this.firsts.push(this.firsts.at(-1) + shares.length);
    const read = (row) => Uint8Array.from(atob(row), (byte) => byte.charCodeAt(0));
    this.rows = (lifts || pairs).map(read);
    this.lift = lifts
      ? (one, other) => (this.rows[one][other] ? 2 ** ((this.rows[one][other] - 128) / 16) : 0)
      : (one, other) => (this.rows[one][other >> 3] >> (7 - (other & 7))) & 1;
  }

  // The values of one sprite, -1 for one that is not told.
  //   asked: those that are not drawn, -1 for the others.
  draw(seed, index, asked) {
    const uniform = keyed([LABELS, seed, index]), row = [...asked];
    const chosen = asked.flatMap((value, k) => (value < 0 ? [] : [this.firsts[k] + value]));
    this.frequencies.forEach((shares, k) => {
      if (asked[k] >= 0) return;
      const weights = shares.map((share, value) =>
        share * chosen.reduce((beside, other) => beside * this.lift(other, this.firsts[k] + value), 1));
      const place = uniform() * weights.reduce((sum, weight) => sum + weight, 0);
      let sum = 0;
      const beyond = weights.findIndex((weight) => (sum += weight) > place);
      row[k] = beyond < 0 ? weights.findLastIndex((weight) => weight > 0) : beyond;
      if (row[k] >= 0) chosen.push(this.firsts[k] + row[k]);
    });
    return row;
  }
}
