// The ticket's code, typed: eight characters of the tickets' alphabet, the last of which is a check.

import { $, settle } from "./view.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS = "*~$=U";
const LENGTH = 8;
const MISHEARD = { O: "0", I: "1", L: "1" };

export class Keypad {
  #typed = ""; #send; #panel = $("#code"); #closed;

  // `send` gets eight characters and answers whether they are a code; `help` calls for it.
  constructor(send, closed, help) {
    this.#send = send;
    this.#closed = closed;
    for (const character of ALPHABET + CHECKS) {
      const key = document.createElement("button");
      key.type = "button";
      key.textContent = character;
      key.addEventListener("click", () => this.type(character));
      $("#code .keys").append(key);
    }
    const called = () => {
      this.close();
      help();
    };
    const ends = { back: () => this.close(), help: called, rub_out: () => this.rubOut(), done: () => this.done() };
    for (const end of document.querySelectorAll("#code .ends button"))
      end.addEventListener("click", ends[end.dataset.end]);
  }

  get open() {
    return !this.#panel.hidden;
  }

  show() {
    this.#typed = "";
    this.#panel.hidden = false;
    this.#panel.querySelectorAll("button").forEach(settle);
    // A browser takes the focus from what lies behind a panel only at its next frame; until then the space key would
    // press the button that opened this one once more, and clear the code.
    this.#panel.focus();
    this.#right();
    setTimeout(() => this.#draw(), 400);
  }

  close() {
    if (!this.open) return;
    this.#panel.hidden = true;
    this.#closed();
  }

  type(key) {
    const character = MISHEARD[key] ?? key;
    const fits = ALPHABET.includes(character) || (this.#typed.length === LENGTH - 1 && CHECKS.includes(character));
    if (this.#typed.length < LENGTH && fits) this.#typed += character;
    this.#right();
  }

  rubOut() {
    this.#typed = this.#typed.slice(0, -1);
    this.#right();
  }

  async done() {
    if (this.#typed.length < LENGTH) return this.#wrong();
    if (await this.#send(this.#typed)) this.close();
    else this.#wrong();
  }

  // A key of a keyboard; true when it was meant for the code.
  key(event) {
    const digit = /^(?:Numpad|Digit)(\d)$/.exec(event.code)?.[1];
    const character = digit ?? event.key.toUpperCase();
    if (event.key === "Escape") this.close();
    else if (event.key === "Backspace") this.rubOut();
    else if (event.key === "Enter") {
      if (document.activeElement.closest("#code button")) return false;
      this.done();
    } else if (character.length === 1 && character !== " ") this.type(character);
    else return false;
    return true;
  }

  #right() {
    this.#panel.classList.remove("wrong");
    this.#draw();
  }

  #wrong() {
    this.#panel.classList.add("wrong");
    this.#draw();
  }

  #draw() {
    const shown = this.#typed.padEnd(LENGTH, "_");
    $("#typed").textContent = `${shown.slice(0, 4)}-${shown.slice(4)}`;
    const last = this.#typed.length === LENGTH - 1;
    for (const key of document.querySelectorAll("#code .keys button"))
      if (CHECKS.includes(key.textContent)) key.disabled = !last;
    const said = $("#code-said");
    const word = this.#panel.classList.contains("wrong") ? "wrong_code" : "type_code";
    if (said.dataset.word !== word) said.dataset.word = word;
    this.words?.();
  }
}
