// The connection to the lane: a session, then what the lane tells; it comes back by itself, for ever.

const TRY_AGAIN = 700;
const STRANGER_AGAIN = 5000;
const ANSWER_WITHIN = 4000;

export class Link {
  #lane; #heard; #source = null; #last = 0; #alive = 3000; #again = null;
  #token = location.hash.slice(1) || null;

  // `heard` has the methods setup, screen, away and stranger.
  constructor(lane, heard) {
    this.#lane = lane;
    this.#heard = heard;
    addEventListener("hashchange", () => location.reload());
    setInterval(() => this.#source && performance.now() - this.#last > 3 * this.#alive && this.#lost(), 500);
    this.#connect();
  }

  // The answer's status; 0 when there was none.
  async post(what, body) {
    try {
      const answer = await fetch(`/${this.#lane}/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      if (answer.status === 401 && what !== "session") this.#lost();
      return answer.status;
    } catch {
      if (what !== "session") this.#lost();
      return 0;
    }
  }

  async #connect() {
    const status = await this.post("session", { token: this.#token });
    if (status === 401) {
      this.#heard.stranger();
      return this.#later(STRANGER_AGAIN);
    }
    if (status !== 204) return this.#later(TRY_AGAIN);
    // The cookie stands for the token from now on; nobody shall photograph it off the screen.
    if (location.hash) history.replaceState(null, "", location.pathname);
    this.#listen();
  }

  #listen() {
    const source = new EventSource(`/${this.#lane}/events`);
    const on = (name, then) =>
      source.addEventListener(name, (event) => {
        this.#last = performance.now();
        then(JSON.parse(event.data));
      });
    on("setup", (setup) => {
      this.#alive = 1000 * setup.alive_seconds;
      this.#heard.setup(setup);
    });
    on("screen", (screen) => this.#heard.screen(screen));
    on("alive", () => {});
    source.onerror = () => source === this.#source && this.#lost();
    this.#source = source;
    this.#last = performance.now();
  }

  #lost() {
    this.#source?.close();
    this.#source = null;
    this.#heard.away();
    this.#later(TRY_AGAIN);
  }

  #later(milliseconds) {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#connect(), milliseconds);
  }
}
