// The tab that compares two voices blind: who speaks first is drawn by lot for every sentence.

import { Player, save } from "./audio.js";
import { speak } from "./speech.js";

const id = (name) => document.getElementById(name);
const OWN = "as set on the Speak tab";

/** Return the two-sided p-value of a sign test: that a fair coin gives so uneven a result. */
export function signTest(wins, losses) {
  const count = wins + losses, least = Math.min(wins, losses);
  let tail = 0, term = 0.5 ** count; // of 0 wins
  for (let k = 0; k <= least; k++) { tail += term; term *= (count - k) / (k + 1); }
  return Math.min(2 * tail, 1);
}

export class BlindPanel {
  constructor(controls, showError) {
    this.controls = controls;
    this.showError = showError;
    this.player = new Player();
    this.player.onend = () => this.#pressed(null);
    id("blind-form").addEventListener("submit", (event) => { event.preventDefault(); this.#start(); });
    for (const place of [0, 1]) id(`play-${place + 1}`).addEventListener("click", () => this.#play(place));
    for (const button of id("trial").querySelectorAll("[data-choice]")) {
      button.addEventListener("click", () => this.#answer(Number(button.dataset.choice)));
    }
    id("tally-again").addEventListener("click", () => this.#show("blind-form"));
    id("tally-csv").addEventListener("click", () => this.#saveCsv());
  }

  showVoices(voices) {
    const names = voices.flatMap(({ id: name, speakers }) => (speakers.length > 1 ? speakers.map((speaker) => `${name}:${speaker}`) : [name]));
    for (const letter of ["a", "b"]) id(`blind-${letter}`).replaceChildren(...[...names, OWN].map((name) => new Option(name, name)));
    id("blind-b").selectedIndex = Math.min(1, names.length);
  }

  #start() {
    const texts = id("blind-texts").value.split("\n").map((text) => text.trim()).filter(Boolean);
    const systems = ["a", "b"].map((letter) => id(`blind-${letter}`).value);
    this.showError(null);
    if (!texts.length) { this.showError({ message: "There are no sentences. Write at least one." }); return; }
    if (systems[0] === systems[1]) { this.showError({ message: "A and B are the same. Choose two that differ." }); return; }
    const bodies = systems.map((name) => (name === OWN ? this.controls.body : { voice: name }));
    this.systems = systems;
    this.trials = texts.map((text) => {
      const order = crypto.getRandomValues(new Uint8Array(1))[0] & 1 ? [0, 1] : [1, 0];
      return { text, order, bodies: bodies.map((body) => ({ ...body, input: text })) };
    });
    this.number = 0;
    this.#show("trial");
    this.#next();
  }

  /** Return the two clips of a trial; asked for once. */
  #clips(trial) {
    trial.clips ??= Promise.all(trial.bodies.map((body) => speak(body).then(({ clip }) => clip)));
    return trial.clips;
  }

  async #next() {
    const trial = this.trials[this.number];
    this.heard = new Set();
    id("trial-title").textContent = `Sentence ${this.number + 1} of ${this.trials.length}`;
    Object.assign(id("trial-progress"), { max: this.trials.length, value: this.number });
    id("trial-text").textContent = trial.text;
    id("trial-hint").textContent = "Synthesizing…";
    this.#enable();
    id("trial-title").focus();
    try {
      await this.#clips(trial);
    } catch (error) {
      trial.clips = null;
      this.showError(error, () => this.#next());
      return;
    }
    if (trial !== this.trials[this.number]) return;
    id("trial-hint").textContent = "Listen to both, as often as you like.";
    trial.ready = true;
    this.#enable();
    if (this.trials[this.number + 1]) this.#clips(this.trials[this.number + 1]).catch(() => { this.trials[this.number + 1].clips = null; });
  }

  async #play(place) {
    const trial = this.trials[this.number], clips = await this.#clips(trial);
    const clip = clips[trial.order[place]];
    // both as loud as the quieter one
    const quiet = Math.min(...clips.map((each) => each.loudness()));
    this.player.start(clip.sampleRate, 0, quiet / (clip.loudness() || 1));
    this.player.write(clip.from());
    this.player.finish();
    this.heard.add(place);
    this.#pressed(place);
    this.#enable();
  }

  #answer(place) {
    this.player.stop();
    const trial = this.trials[this.number];
    trial.winner = place < 0 ? null : trial.order[place];
    this.number++;
    if (this.number < this.trials.length) this.#next();
    else this.#showTally();
  }

  #showTally() {
    const wins = [0, 1].map((system) => this.trials.filter(({ winner }) => winner === system).length);
    const equal = this.trials.length - wins[0] - wins[1], p = signTest(...wins);
    const rows = [[this.systems[0], wins[0]], [this.systems[1], wins[1]], ["no difference", equal]];
    id("tally-bars").replaceChildren(...rows.map(([name, count]) => {
      const row = document.createElement("div"), bar = document.createElement("i"), frame = document.createElement("span");
      row.className = "bar";
      bar.style.width = `${(100 * count) / this.trials.length}%`;
      frame.append(bar);
      row.append(Object.assign(document.createElement("span"), { textContent: name, title: name }), frame, String(count));
      return row;
    }));
    id("tally-text").textContent = wins[0] + wins[1] === 0 ? "You preferred neither."
      : `A coin would give so uneven a result in ${(100 * p).toFixed(p < 0.1 ? 1 : 0)} of 100 cases (sign test)${p > 0.05 ? ": that is no evidence of a difference. More sentences would tell more." : "."}`;
    this.#show("tally");
    id("tally-title").focus();
  }

  #saveCsv() {
    const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
    const rows = this.trials.map(({ text, order, winner }) => [text, this.systems[order[0]], winner === null ? "" : this.systems[winner]]);
    const lines = [["text", "first", "preferred"], ...rows].map((row) => row.map(quoted).join(","));
    save(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }), "preferences.csv");
  }

  #enable() {
    const { ready } = this.trials[this.number];
    for (const place of [1, 2]) id(`play-${place}`).disabled = !ready;
    for (const button of id("trial").querySelectorAll("[data-choice]")) button.disabled = this.heard.size < 2;
  }

  #pressed(place) {
    for (const each of [0, 1]) id(`play-${each + 1}`).setAttribute("aria-pressed", each === place);
  }

  #show(name) {
    this.player.stop();
    for (const each of ["blind-form", "trial", "tally"]) id(each).hidden = each !== name;
  }
}
