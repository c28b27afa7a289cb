// One lane's screen: what the lane tells is drawn, what the driver presses is passed on.

import { Keypad } from "./keypad.js";
import { Link } from "./link.js";
import { $, buttons, label, words, write } from "./view.js";

const TYPES = ["MOTORCYCLE", "COMPACT", "REGULAR", "LARGE"];
const HELP_SHOWN = 30_000;
const LANGUAGE_KEPT = 30_000;
const SENT_SHOWN = 250;

const lane = location.pathname.split("/")[1];
let setup = null;
let screen = null;
let language = null;
let choosing = false;
let vehicle = null;
let notice = "";
let noticeEnds = null;
let languageEnds = null;

const link = new Link(lane, {
  setup(told) {
    if (setup && setup.release !== told.release) location.reload();
    setup = told;
    language = told.languages.find((each) => each.code === language?.code) ?? told.languages[0];
  },
  screen(told) {
    if (screen && isNextDriver(screen.phase, told.phase)) nextDriver();
    screen = told;
    if (!told.buttons.includes("type")) {
      choosing = false;
      vehicle = null;
    }
    if (!told.buttons.includes("code")) keypad.close();
    $("#away").hidden = true;
    draw();
  },
  away() {
    keypad.close();
    choosing = false;
    $("#away").hidden = false;
    $("#away .stranger").hidden = true;
    draw();
  },
  stranger() {
    $("#away").hidden = false;
    $("#away .stranger").hidden = false;
  },
});
const keypad = new Keypad(
  async (code) => (await link.post("code", { text: code })) !== 422,
  () => draw(),
  () => press("help"),
);
keypad.words = () => language && words(language.words);

// A vehicle close behind is looked at without the lane having been idle.
function isNextDriver(before, now) {
  if (now === "idle") return before !== "idle";
  return now === "reading" && ["vended", "passing", "unsure"].includes(before);
}

// The one who chose a language is gone; the next one reads the lot's own.
function nextDriver() {
  language = setup.languages[0];
  notice = "";
  vehicle = null;
  choosing = false;
  keypad.close();
}

function draw() {
  if (!language || !screen) return;
  document.documentElement.lang = language.code;
  words(language.words);
  drawSaid();
  buttons($("#actions"), screen.buttons, press);
  $("#lane").classList.toggle("crowded", screen.buttons.length > 3);
  buttons($("#languages"), setup.languages.length > 1 ? setup.languages.map((each) => each.code) : [], speak);
  buttons($("#types .choices"), [...TYPES, "back", "help"], choose);
  $("#languages").hidden = setup.languages.length < 2;
  $("#types").hidden = !choosing;
  // What lies behind a panel is out of reach of the keyboard as well.
  $("#lane").inert = choosing || keypad.open || !$("#away").hidden;
  drawLabels();
  const telephone = $("#away .telephone");
  telephone.hidden = !setup.help_number;
  telephone.querySelector("b").textContent = setup.help_number ?? "";
  telephone.classList.toggle("long", (setup.help_number ?? "").length > 16);
}

function drawSaid() {
  const said = $("#said");
  const own = screen.line[language.code];
  said.dataset.tone = screen.tone;
  said.querySelector(".sign use").setAttribute("href", `#sign-${screen.tone}`);
  $("#line").lang = own === undefined ? "en" : language.code;
  write($("#line"), own ?? screen.english);
  write($("#plate"), screen.plate ?? "");
  write($("#price"), screen.price[language.code] ?? screen.price.en);
  $("#plate").classList.toggle("long", (screen.plate ?? "").length > 8);
  write($("#notice"), noticeSaid(own ?? screen.english));
  $("#notice").classList.toggle("bad", notice === "help_failed");
}

// What the lane says by itself isn't said twice.
function noticeSaid(line) {
  if (notice === "help_failed") return [language.words[notice], setup.help_number].filter(Boolean).join(" ");
  const said = notice ? (screen.called[language.code] ?? screen.called.en) : "";
  return said === line ? "" : said;
}

function drawLabels() {
  const digit = (place) => (setup.keypad && place < 9 ? String(place + 1) : null);
  [...$("#actions").children].forEach((button, place) => {
    const name = button.dataset.name;
    label(button, language.words[name], name === "type" ? (vehicle ?? "REGULAR") : name, digit(place));
  });
  [...$("#types .choices").children].forEach((button, place) => {
    const name = button.dataset.name;
    label(button, language.words[name], name, digit(place));
    button.setAttribute("aria-pressed", name === vehicle);
  });
  for (const button of $("#languages").children) {
    const spoken = setup.languages.find((each) => each.code === button.dataset.name);
    label(button, spoken.name, null, null);
    button.lang = spoken.code;
    button.setAttribute("aria-pressed", spoken === language);
  }
}

// --- what the driver presses ---

async function press(name) {
  if (name === "type") {
    choosing = true;
    return draw();
  }
  if (name === "code") {
    keypad.show();
    return draw();
  }
  feel(name);
  const about = name === "confirm" || name === "deny" ? { plate: screen.plate } : {};
  const status = await link.post("press", { button: name, ...about });
  if (name === "help") tell(status === 204 ? "help_called" : "help_failed");
}

function feel(name) {
  const button = $(`#actions [data-name="${name}"]`);
  button?.classList.add("sent");
  setTimeout(() => button?.classList.remove("sent"), SENT_SHOWN);
}

function tell(what) {
  notice = what;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => {
    notice = "";
    draw();
  }, HELP_SHOWN);
  draw();
}

async function choose(name) {
  choosing = false;
  draw();
  if (name === "back") return;
  if (name === "help") return press(name);
  const status = await link.post("type", { vehicle_type: name });
  if (status === 204 && screen.buttons.includes("type")) vehicle = name;
  draw();
}

function speak(code) {
  language = setup.languages.find((each) => each.code === code);
  clearTimeout(languageEnds);
  languageEnds = setTimeout(() => {
    if (screen.phase !== "idle") return;
    language = setup.languages[0];
    draw();
  }, LANGUAGE_KEPT);
  draw();
}

// --- a keypad beside the screen ---

function visibleButtons() {
  return [...(choosing ? $("#types .choices") : $("#actions")).children];
}

function pressedKey(event) {
  if (keypad.open) return keypad.key(event);
  const digit = /^(?:Numpad|Digit)(\d)$/.exec(event.code)?.[1];
  if (digit === undefined) return false;
  if (digit !== "0") visibleButtons()[Number(digit) - 1]?.click();
  else {
    const next = (setup.languages.indexOf(language) + 1) % setup.languages.length;
    speak(setup.languages[next].code);
  }
  return true;
}

addEventListener("keydown", (event) => {
  if (!screen || !$("#away").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  // A key that is held down, or stuck, is one press.
  if (event.repeat || pressedKey(event)) event.preventDefault();
});
addEventListener("contextmenu", (event) => event.preventDefault());
