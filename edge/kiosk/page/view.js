// Draws what is shown; knows nothing of the lane.

// What has just appeared under a finger wasn't meant by it.
const SETTLED = 350;
const WIDE = ["type", "MOTORCYCLE", "COMPACT", "REGULAR", "LARGE"];

export const $ = (selector) => document.querySelector(selector);

export function picture(name, wide = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#sign-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.classList.toggle("wide", wide);
  svg.append(use);
  return svg;
}

// Makes `container` hold one button for each name, in order; those that stay keep their focus.
export function buttons(container, names, press) {
  const before = new Map([...container.children].map((each, place) => [each.dataset.name, { each, place }]));
  if (names.length === before.size && names.every((name, place) => before.get(name)?.place === place)) return;
  for (const [name, { each }] of before) if (!names.includes(name)) each.remove();
  names.forEach((name, place) => {
    const button = before.get(name)?.each ?? newButton(name, press);
    if (container.children[place] !== button) container.insertBefore(button, container.children[place] ?? null);
    if (before.get(name)?.place !== place) settle(button);
  });
  container.dataset.count = names.length;
}

function newButton(name, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.name = name;
  button.addEventListener("click", () => press(name));
  return button;
}

export function settle(button) {
  button.disabled = true;
  setTimeout(() => (button.disabled = false), SETTLED);
}

export function label(button, text, pictureName, digit) {
  const wanted = [text, pictureName, digit].join("|");
  if (button.dataset.label === wanted) return;
  button.dataset.label = wanted;
  const said = document.createElement("span");
  said.textContent = text;
  button.replaceChildren(said);
  if (pictureName) button.prepend(picture(pictureName, WIDE.includes(pictureName)));
  if (digit !== null) {
    const badge = document.createElement("b");
    badge.className = "digit";
    badge.setAttribute("aria-hidden", "true");
    badge.textContent = digit;
    button.append(badge);
  }
}

// Changes nothing that is the same already: a screen reader would say it again.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

export function words(all) {
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = all[each.dataset.word];
}
