// diffusion/exact/posterior.py in the browser: who of a finite set of sprites is under this noise?
"use strict";

const CERTAIN = 1.05, PROBABLE = 2, UNDECIDED = 0.5; // cuts between the bands, in candidates
const BANDS = ["that is", "probably", "one of", "no idea"];

// Probability of each of n sprites (n, size), by Bayes' rule, in float64.
function posterior(x, sprites, n, { alpha, sigma }) {
  const size = x.length, precision = 0.5 / Math.max(sigma, 1e-4) ** 2;
  const shares = new Float64Array(n);
  let most = -Infinity, total = 0;
  for (let k = 0, at = 0; k < n; k++) {
    let square = 0;
    for (let i = 0; i < size; i++, at++) {
      const difference = x[i] - alpha * sprites[at];
      square += difference * difference;
    }
    shares[k] = -precision * square;
    if (shares[k] > most) most = shares[k];
  }
  for (let k = 0; k < n; k++) total += shares[k] = Math.exp(shares[k] - most);
  for (let k = 0; k < n; k++) shares[k] /= total;
  return shares;
}

// e^entropy: 1 when one sprite is certain, n when all are equally likely.
function candidates(shares) {
  let entropy = 0;
  for (const share of shares) if (share > 0) entropy -= share * Math.log(share);
  return Math.exp(entropy);
}

// The mean of the sprites, each counted as it is likely: the best single answer on this set.
function meanSprite(shares, sprites, size) {
  const mean = new Float64Array(size);
  shares.forEach((share, k) => {
    if (share < 1e-20) return;
    for (let i = 0, at = k * size; i < size; i++, at++) mean[i] += share * sprites[at];
  });
  return Float32Array.from(mean);
}

// Which of BANDS so many candidates of n are.
function bandOf(count, n) {
  const borders = [CERTAIN, PROBABLE, Math.max(PROBABLE, UNDECIDED * n)];
  return borders.filter((border) => count >= border).length;
}

// The likeliest sprites, best first.
function likeliest(shares, most = 5) {
  const found = [];
  shares.forEach((share, k) => {
    if (found.length === most && share <= shares[found[most - 1]]) return;
    const at = found.findIndex((other) => share > shares[other]);
    found.splice(at < 0 ? found.length : at, 0, k);
    if (found.length > most) found.pop();
  });
  return found;
}

// A band as a person would say it.
function inWords(count, n, names) {
  const others = Math.round(count) - Math.min(3, names.length);
  switch (bandOf(count, n)) {
    case 0: return `that is ${names[0]}`;
    case 1: return `probably ${names[0]}`;
    case 2: {
      const words = names.slice(0, Math.min(3, Math.max(1, Math.round(count))));
      if (others > 0) words.push(`${others.toLocaleString("en")} other${others > 1 ? "s" : ""}`);
      const last = words.pop();
      return words.length ? `${words.join(", ")} or ${last}` : last;
    }
    default: return `no idea: about ${Math.round(count).toLocaleString("en")} candidates`;
  }
}
