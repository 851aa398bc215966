// What the bench asks for: a label, or a value of each attribute, how much that counts, and how
// plain the insides shall be.
"use strict";

function startWishes() {
  const { attributes } = app, { labels, sampler } = app.model, insides = $("temperature");
  $("temperature-box").hidden = !app.model.colours; // of those who choose among them
  if (![...insides.options].some(({ value }) => Number(value) === sampler.temperature)) {
    insides.prepend(new Option(`temperature ${sampler.temperature}`, String(sampler.temperature)));
  }
  insides.value = String(sampler.temperature);
  $("label-box").hidden = labels.length === 0;
  $("attributes-box").hidden = attributes.length === 0;
  $("guidance-box").hidden = labels.length + attributes.length === 0;
  if (labels.length) {
    $("label").append(new Option("as in training", "drawn"), new Option("none", "-1"));
    labels.forEach((name, k) => $("label").append(new Option(name, String(k))));
  }
  if (!attributes.length) return;
  for (const [name, values] of attributes) {
    const box = document.createElement("label"), select = document.createElement("select");
    select.append(new Option("any", "-1"), ...values.map((value, k) => new Option(value, String(k))));
    box.append(inPlain(name), select);
    $("attributes").append(box);
  }
  $("drawn-says").hidden = !app.draws;
  $("attributes-box").open = innerWidth >= 600;
  $("attributes").addEventListener("change", wished);
  $("ask-nothing").addEventListener("click", () => attributes.forEach((_, k) => askFor(k, -1)));
  wished();
}

// What is wished, for `telling`.
const wish = () => ({
  choice: $("label").value || "drawn", guidance: Number($("guidance").value || 1),
  asked: all("#attributes select").map(({ value }) => Number(value)),
});

// The temperature that is wished; null for that of the page's own sampler.
function wishedTemperature() {
  const wished = Number($("temperature").value);
  return wished === app.model.sampler.temperature ? null : wished;
}

const inPlain = (name) => name.replaceAll("_", " ");

function askFor(k, value) {
  all("#attributes select")[k].value = String(value);
  wished();
}

function wished() {
  const { asked } = wish(), words = askedWords({ asked });
  $("attributes-head").textContent = `Ask for: ${words.join(", ") || "anything"}`;
  $("guidance").disabled = words.length === 0; // it has nothing to follow
  for (const chip of $("told").children) {
    const [k, value] = chip.told;
    chip.setAttribute("aria-pressed", String(asked[k] === value));
  }
}

// What a sprite was told of its attributes, each a button that asks for it.
function showTold({ told = [] }) {
  $("told-box").hidden = !told.some((value) => value >= 0);
  $("told").replaceChildren(...told.flatMap((value, k) => {
    if (value < 0) return [];
    const [name, values] = app.attributes[k], chip = document.createElement("button");
    chip.type = "button";
    chip.told = [k, value];
    chip.textContent = `${inPlain(name)} ${values[value]}`;
    chip.addEventListener("click", () => askFor(k, wish().asked[k] === value ? -1 : value));
    return [chip];
  }));
  if (told.length) wished();
}
