// The page wakes up: blocks are unpacked, the network goes to the worker, a first sprite appears.
"use strict";

async function start() {
  const lacking = ["Worker", "WebAssembly", "DecompressionStream"].filter((name) => !(name in globalThis));
  if (lacking.length) throw new Error(`this browser has no ${lacking.join(", no ")}; a newer one has.`);
  const [kernel, weights, bytes, json] = await Promise.all([
    block("kernel", false), block("weights"), block("sprites"), block("model"),
  ]);
  const { model, ways, facts } = JSON.parse(new TextDecoder().decode(json));
  model.sampler.temperature ??= 1; // in a page that was made before there was any
  const row = ([t, alpha, sigma]) => ({ t, alpha, sigma });
  const { channels, height, width } = model, size = channels * height * width;
  Object.assign(app, {
    model, facts, size, shape: { channels, height, width }, names: facts.names,
    levels: model.levels.map((levels) => levels.map(row)),
    ways: Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, way.map(row)])),
    attributes: model.attributes || [], draws: model.draws ? new AttributeDraws(model.draws) : null,
    sprites: bytes && facts.names.map((_, k) => new Uint8ClampedArray(bytes, k * size, size)),
    next: 0,
  });
  app.firstStop = 1 + app.levels.findIndex((levels) => levels.length > 1);
  app.subject = (k) =>
    ({ image: app.sprites[k], name: app.names[k], label: facts.classes ? facts.classes[k] : -1, row: k });
  app.takeIndices = (n) => Array.from({ length: n }, () => app.next++);
  startWorker();
  const within = facts.limits, n = facts.names.length, handed = [kernel, weights];
  await ask("load", { kernel, model, weights, bytes: bytes && bytes.slice(0), n, within }, null, handed);
  const first = await hero();
  startBench();
  startEasel();
  startLesson(app.sprites ? app.subject(0) : first);
  $("again").addEventListener("click", hero);
  await makeMore();
}

// A sprite out of noise, large, at a pace that one can follow.
async function hero() {
  $("again").disabled = true;
  const indices = app.takeIndices(1), frames = [], side = innerWidth < 600 ? 256 : 320;
  $("hero-says").textContent = "Noise, and a network that takes it away.";
  const made = make(indices, { seed: app.facts.seed, ...telling(indices, anything()) },
    ({ now }) => frames.push(now[0]));
  const [sprite] = await made;
  if (!still) {
    for (const frame of frames) {
      show($("hero-canvas"), frame, side);
      await wait(1200 / frames.length);
    }
  }
  show($("hero-canvas"), sprite.image, side);
  const { verdicts } = await ask("verdicts", { images: [sprite.image] });
  [sprite.verdict] = verdicts;
  const is = `This is ${called(sprite)}. Nobody drew it. `;
  $("hero-says").textContent = repeats(sprite.verdict) ? judged(sprite.verdict) : is + judged(sprite.verdict);
  $("again").disabled = false;
  return sprite;
}

start().then(() => { document.documentElement.dataset.ready = "true"; }, trouble);
