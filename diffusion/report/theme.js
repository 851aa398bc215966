"use strict";
// Colours: as the system has them, light, dark.
{
  const theme = document.getElementById("theme");
  const themes = { auto: "as the system has them", light: "light", dark: "dark" };
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const wear = (name) => {
    document.documentElement.dataset.theme = name;
    theme.textContent = name[0].toUpperCase() + name.slice(1);
    theme.setAttribute("aria-label", `Colours: ${themes[name]}`);
    try { localStorage.setItem("theme", name); } catch { /* a page without storage forgets it */ }
  };
  theme.addEventListener("click", () => {
    const names = Object.keys(themes);
    wear(names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length]);
  });
  wear(remembered() in themes ? remembered() : "auto");
}
