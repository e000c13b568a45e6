// One spoken text: its sentences with prosody and edits, its samples, and how it is asked for.

import { jsonLines, request } from "./api.js";
import { Clip } from "./audio.js";
import { KINDS, isEdited, neutralEdits } from "./curves.js";
import { sum } from "./mel.js";

/** Ask for speech; `on.sentence`, `on.audio` and `on.first` follow as they arrive. */
export async function speak(body, edits, signal, on = {}) {
  const began = performance.now();
  const response = await request("/v1/speech", body, signal);
  const speech = new Speech(body);
  speech.serverFirst = Number(response.headers.get("X-First-Sound"));
  for await (const line of jsonLines(response)) {
    if (line.type === "error") throw new Error(line.error.message);
    if (line.type === "done") speech.complete = true;
    if (line.type === "sentence") {
      speech.add(line, edits?.[speech.sentences.length]);
      on.sentence?.(speech);
    }
    if (line.type === "audio") {
      if (!speech.clip.length) speech.first = (performance.now() - began) / 1000;
      on.audio?.(speech, speech.clip.append(line.pcm));
    }
  }
  if (!speech.complete) throw new Error("The speech broke off. Try again.");
  speech.took = (performance.now() - began) / 1000;
  return speech;
}

export class Speech {
  constructor(body) {
    this.body = body; // what was asked for
    this.sentences = [];
    this.clip = null;
  }

  /** Add a sentence that arrives; `edits` are those that it was spoken with. */
  add(line, edits = neutralEdits(line.phones.length)) {
    this.clip ??= new Clip(line.sample_rate);
    this.sentences.push({ ...line, start: this.clip.seconds, edits, base: base(line, edits) });
  }

  get edited() { return this.sentences.some(({ edits }) => isEdited(edits)); }

  /** Return the number of the sentence that sounds at a second. */
  at(seconds) {
    return Math.max(this.sentences.findLastIndex(({ start }) => start <= seconds), 0);
  }

  /** Return the body of the request that speaks this text with its curves. */
  drawn(body) {
    const { rate = 1, pitch = 0, energy = 0, ...controls } = body.controls;
    const tokens = ({ phones }, values) => phones.flatMap(
      ({ begin, end }, n) => Array(end - begin).fill(values[n]));
    const limited = (value, low, high) => Math.min(Math.max(value, low), high);
    const sentences = this.sentences.map((sentence) => ({
      text: sentence.text,
      pause: sentence.pause,
      rate: tokens(sentence, sentence.edits.duration.map((edit) => limited(rate / edit, 0.1, 10))),
      pitch: tokens(sentence, sentence.edits.pitch.map((edit) => limited(pitch + edit, -48, 48))),
      energy: tokens(sentence, sentence.edits.energy.map((edit) => limited(energy + edit, -60, 60))),
    }));
    return { ...body, controls, sentences };
  }
}

/** Return what the voice does by itself, per phone: what it did, without the edits. */
function base({ phones, seconds, pitch, energy }, edits) {
  const without = (kind, values) => values && values.map((value, n) => {
    const edit = edits[kind][n];
    return kind === "duration" ? value / edit : KINDS[kind].apply(value, -edit);
  });
  // a phone's stress and length marks are symbols too: its longest symbol stands for it
  const ofLongest = (values) => values && phones.map(({ begin, end }) => {
    const lengths = seconds ? seconds.slice(begin, end) : [1];
    return values[begin + lengths.indexOf(Math.max(...lengths))];
  });
  return {
    duration: without("duration", seconds && phones.map(({ begin, end }) => sum(seconds, begin, end))),
    pitch: without("pitch", ofLongest(pitch)),
    energy: without("energy", ofLongest(energy)),
  };
}
