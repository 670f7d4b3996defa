"use strict";
const search = document.querySelector("#search");
const items = [...document.querySelectorAll("nav li")].map((item) => {
  const article = document.getElementById(item.dataset.call);
  return { item, article, text: `${item.dataset.call} ${article.textContent}`.toLowerCase() };
});

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { item, article, text } of items) {
    const isFound = words.every((word) => text.includes(word));
    item.hidden = article.hidden = !isFound;
    found += isFound;
  }
  for (const section of document.querySelectorAll("nav section")) {
    const isEmpty = !section.querySelector("li:not([hidden])");
    const heading = document.querySelector(section.querySelector("a").getAttribute("href"));
    section.hidden = heading.hidden = heading.nextElementSibling.hidden = isEmpty;
  }
  document.querySelector("#none").hidden = found > 0;
}

function choose(language) {
  for (const one of document.querySelectorAll("pre[data-language]")) {
    one.hidden = one.dataset.language !== language;
  }
  for (const one of document.querySelectorAll("button[data-language]")) {
    one.setAttribute("aria-pressed", String(one.dataset.language === language));
  }
}

search.addEventListener("input", find);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.language) return choose(button.dataset.language);
  const shown = button.closest(".snippets").querySelector("pre:not([hidden])");
  await navigator.clipboard.writeText(shown.textContent);
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});
choose("curl");
find();
