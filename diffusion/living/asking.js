// The worker that holds the network, and questions to it.
"use strict";

// The worker; `ask` resolves with its answer, `seen` is told what comes before it.
const asked = new Map();
let worker = null, questions = 0;

function startWorker() {
  const address = URL.createObjectURL(new Blob([$("source").textContent], { type: "text/javascript" }));
  worker = new Worker(address);
  worker.onerror = (event) => trouble(new Error(event.message || "the worker did not start"));
  worker.onmessage = ({ data }) => {
    const question = asked.get(data.id);
    if (!question) return;
    if (!data.done && !data.failed) {
      if (question.seen) question.seen(data);
      return;
    }
    asked.delete(data.id);
    if (data.failed) question.refuse(new Error(data.failed));
    else question.answer(data);
  };
}

function ask(what, message, seen = null, handed = []) {
  const id = ++questions;
  const promise = new Promise((answer, refuse) => asked.set(id, { answer, refuse, seen }));
  worker.postMessage({ id, ask: what, ...message }, handed);
  promise.stop = () => worker.postMessage({ ask: "stop", which: id });
  return promise;
}

// Sprites by their indices, as `sample.py` makes them; words as for `trajectory`, and stop: where
// of the way they begin, 100 for noise alone. Resolves with sprites, or null if it was stopped.
function make(indices, { stop = 100, ...words }, seen = null) {
  const made = ask("make", { indices, levels: app.levels[stop - 1], words }, seen);
  const whole = made.then(({ images }) => images && images.map((image, k) => ({
    image, seed: words.seed, index: indices[k],
    ...toldOf(words, k), guidance: words.guidance || 1,
    from: words.start ? words.from : null, level: stop / 100,
    temperature: words.temperature || null, allowed: words.allowed || null, painted: Boolean(words.known),
  })));
  whole.stop = made.stop;
  return whole;
}
