// The tab that speaks: text in, sound, curves, mel and word times out.

import { request } from "./api.js";
import { Player, save } from "./audio.js";
import { CurveEditor, neutralEdits } from "./curves.js";
import { MelPicture } from "./mel.js";
import { speak } from "./speech.js";

const id = (name) => document.getElementById(name);
const round = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);

export class SpeakPanel {
  constructor(controls, showError) {
    this.controls = controls;
    this.showError = showError;
    this.player = new Player();
    this.player.onend = () => this.#buttons();
    this.speech = null;
    this.chosen = 0; // sentence
    this.past = []; // edits before each change
    this.limit = Infinity;
    this.curves = new CurveEditor(id("curves"), (when) => this.#drawn(when));
    this.mel = new MelPicture(id("mel"), (seconds) => this.#play(this.#sentence.start + seconds));
    this.#listen();
    this.settingsChanged();
  }

  get #sentence() { return this.speech.sentences[this.chosen]; }

  #listen() {
    id("speak-form").addEventListener("submit", (event) => { event.preventDefault(); this.speak(); });
    id("text").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); id("speak-form").requestSubmit(); }
    });
    id("text").addEventListener("input", () => this.settingsChanged());
    id("stop").addEventListener("click", () => this.stop());
    id("again").addEventListener("click", () => this.#play(0));
    id("download-wav").addEventListener("click", () => save(this.speech.clip.wav(), "speech.wav"));
    id("download-srt").addEventListener("click", () => this.#downloadSrt());
    id("undo").addEventListener("click", () => this.#undo());
    id("reset").addEventListener("click", () => this.#reset());
    id("curve-kind").addEventListener("change", (event) => { this.curves.kind = event.target.value; this.curves.show(this.#sentence); });
    id("curves").addEventListener("keydown", (event) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.#undo(); }
    });
  }

  /** Speak the text; where curves are drawn and the text is the same, with them. */
  async speak() {
    const text = id("text").value;
    this.showError(null);
    if (!text.trim()) { this.showError({ message: "There is no text. Write a sentence first." }); id("text").focus(); return; }
    if (!id("speak-form").reportValidity()) return;
    this.stop();
    const settings = this.controls.body, drawn = this.#curvesApply;
    const edits = drawn ? this.speech.sentences.map((sentence) => sentence.edits) : null;
    const body = drawn ? this.speech.drawn(settings) : { ...settings, input: text };
    const chosen = drawn ? this.chosen : 0;
    if (!drawn) this.past = [];
    this.following = true;
    const aborter = this.aborter = new AbortController();
    this.#say("Synthesizing…");
    this.#buttons();
    try {
      const speech = await speak(body, edits, aborter.signal, {
        sentence: (growing) => { this.#grow(growing, text, settings.voice, chosen); },
        audio: (growing, samples) => {
          if (!this.player.playing) this.player.start(growing.clip.sampleRate);
          this.player.write(samples);
          this.#watch();
        },
      });
      this.player.finish();
      const speed = speech.clip.seconds / speech.took;
      this.#say(`First sound after ${round(speech.first)} (server ${round(speech.serverFirst)}) · ${speech.clip.seconds.toFixed(1)} s of speech in ${round(speech.took)}, ${speed.toFixed(speed < 10 ? 1 : 0)}× as fast as it sounds${this.#remarks()}`);
    } catch (error) {
      this.#say("");
      if (error.name !== "AbortError") { this.player.stop(); this.showError(error, () => this.speak()); }
    } finally {
      if (this.aborter === aborter) this.aborter = null;
      this.#buttons();
    }
  }

  stop() {
    this.aborter?.abort();
    this.aborter = null;
    this.player.stop();
    this.#buttons();
  }

  /** The text or a setting is another: the button says what it will do. */
  settingsChanged() {
    const { length } = id("text").value, over = length > this.limit;
    id("count").textContent = over ? `${length} of at most ${this.limit} characters` : `${length} characters`;
    id("count").classList.toggle("over", over);
    const drawn = this.speech?.edited;
    id("speak").textContent = this.#curvesApply ? "Speak as drawn" : "Speak";
    id("curve-note").textContent = drawn && !this.#curvesApply ? "The curves belong to another text or voice; speaking now predicts new ones." : "";
  }

  get #curvesApply() {
    return Boolean(this.speech?.complete && this.speech.edited && this.speech.text === id("text").value
      && this.speech.voice === this.controls.voice?.id);
  }

  #grow(speech, text, voice, chosen) {
    const first = this.speech !== speech;
    Object.assign(speech, { text, voice });
    this.speech = speech;
    id("speech").hidden = false;
    this.#listSentences();
    if (first || speech.sentences.length - 1 === chosen) this.#choose(Math.min(chosen, speech.sentences.length - 1));
    this.#showTimes();
  }

  #listSentences() {
    id("sentences").replaceChildren(...this.speech.sentences.map(({ text }, number) => {
      const item = document.createElement("li"), button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text });
      button.addEventListener("click", () => { this.following = false; this.#choose(number); });
      item.append(button);
      return item;
    }));
    this.#markSentences();
  }

  #markSentences() {
    [...id("sentences").querySelectorAll("button")].forEach((button, number) => {
      button.setAttribute("aria-current", number === this.chosen);
      const { edits } = this.speech.sentences[number];
      button.classList.toggle("drawn", JSON.stringify(edits) !== JSON.stringify(neutralEdits(edits.pitch.length)));
    });
  }

  #choose(number) {
    this.chosen = number;
    this.curves.show(this.#sentence);
    this.mel.show(this.#sentence);
    this.#markSentences();
    this.#buttons();
  }

  #showTimes() {
    const rows = this.speech.sentences.flatMap(({ words, start }) => (words ?? []).map((word) => {
      const row = document.createElement("tr");
      for (const text of [word.word, (start + word.start).toFixed(2), (start + word.end).toFixed(2)]) row.insertCell().textContent = text;
      Object.assign(row, { start: start + word.start, end: start + word.end });
      return row;
    }));
    id("times").tBodies[0].replaceChildren(...rows);
  }

  #play(from) {
    this.following = true;
    this.aborter?.abort();
    this.player.start(this.speech.clip.sampleRate, from);
    this.player.write(this.speech.clip.from(from));
    this.player.finish();
    this.#watch();
    this.#buttons();
  }

  /** Move the playhead while something sounds; follow it to the next sentence. */
  #watch() {
    if (this.watching) return;
    this.watching = true;
    const step = () => {
      const now = this.player.position;
      if (now !== null) {
        const sounding = this.speech.at(now);
        if (sounding !== this.chosen && this.following) this.#choose(sounding);
        this.mel.playhead(sounding === this.chosen ? now - this.#sentence.start : null);
        for (const row of id("times").tBodies[0].rows) row.setAttribute("aria-current", now >= row.start && now < row.end);
      }
      if (this.player.playing) { requestAnimationFrame(step); return; }
      this.watching = false;
      this.mel.playhead(null);
      for (const row of id("times").tBodies[0].rows) row.removeAttribute("aria-current");
    };
    requestAnimationFrame(step);
  }

  #drawn(when) {
    this.following = false; // the sentence that is drawn stays
    if (when === "start") { this.past.push({ number: this.chosen, edits: structuredClone(this.#sentence.edits) }); return; }
    this.#markSentences();
    this.#buttons();
  }

  #undo() {
    const before = this.past.pop();
    if (!before) return;
    this.speech.sentences[before.number].edits = before.edits;
    this.#choose(before.number);
  }

  #reset() {
    this.#drawn("start");
    this.#sentence.edits = neutralEdits(this.#sentence.phones.length);
    this.#choose(this.chosen);
  }

  async #downloadSrt() {
    try {
      const response = await request("/v1/timings", { ...this.speech.body, format: "srt" });
      save(await response.blob(), "speech.srt");
    } catch (error) { this.showError(error, () => this.#downloadSrt()); }
  }

  #remarks() {
    const found = this.speech.sentences.flatMap(({ notes, left_out: out }) => [...notes, ...(out.length ? [`left out: ${out.join(" ")}`] : [])]);
    return found.length ? ` · ${found.join("; ")}` : "";
  }

  #say(text) { id("result").textContent = text; }

  #buttons() {
    const there = Boolean(this.speech?.complete), working = Boolean(this.aborter);
    id("stop").disabled = !working && !this.player.playing;
    id("again").disabled = id("download-wav").disabled = !there || working;
    id("download-srt").disabled = !there || working || !this.speech.sentences.every(({ words }) => words);
    id("undo").disabled = !this.past.length;
    id("reset").disabled = !this.speech?.edited;
    this.settingsChanged();
  }
}
