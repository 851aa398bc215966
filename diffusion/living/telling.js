// What the network is told of sprites: a label, or attributes, some of them asked for.
"use strict";

const anything = () => ({ choice: "drawn", guidance: 1, asked: app.attributes.map(() => -1) });

// The words of `make` about it, for sprites as `sample.py` makes them.
//   choice: a label's number, -1 for none, or "drawn" as in training; asked: a value of each
//   attribute, -1 for one that is not asked for, and drawn; guidance: how much they count;
//   alone: whether nothing is drawn, as of sprites that are there already.
function telling(indices, { choice, asked, guidance }, alone = false) {
  const { seed, drawn } = app.facts, some = asked.some((value) => value >= 0);
  if (app.attributes.length) {
    const labels = app.draws && !alone ? indices.map((index) => app.draws.draw(seed, index, asked))
      : some ? indices.map(() => asked) : null;
    return { labels, asked, guidance: some ? guidance : 1 };
  }
  if (!app.model.labels.length) return { labels: null };
  const label = (index) => (choice === "drawn" ? drawn[index % drawn.length] : Number(choice));
  return { labels: indices.map(label), guidance };
}

// What of such words is said of sprite k afterwards.
function toldOf({ labels, asked }, k) {
  if (!asked) return { label: labels ? labels[k] : -1 };
  return { label: -1, asked, told: labels ? labels[k] : asked };
}
