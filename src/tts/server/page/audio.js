// Samples: a clip that grows while it arrives, a player of it, and WAV files.

export class Clip {
  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.chunks = []; // Int16Array
    this.length = 0; // samples
  }

  get seconds() { return this.length / this.sampleRate; }

  /** Append samples of 16 bits in base64 and return them. */
  append(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const samples = new Int16Array(bytes.buffer);
    this.chunks.push(samples);
    this.length += samples.length;
    return samples;
  }

  /** Return all samples from a time on. */
  from(seconds = 0) {
    const all = new Int16Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) { all.set(chunk, at); at += chunk.length; }
    return all.subarray(Math.round(seconds * this.sampleRate));
  }

  /** Return the root mean square of the samples that are not silence, 0 to 1. */
  loudness() {
    let sum = 0, count = 0;
    for (const chunk of this.chunks) {
      for (const sample of chunk) if (Math.abs(sample) > 300) { sum += sample * sample; count++; }
    }
    return count ? Math.sqrt(sum / count) / 32768 : 0;
  }

  /** Return a WAV file. */
  wav() {
    const header = new DataView(new ArrayBuffer(44));
    const text = (at, letters) => [...letters].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)));
    text(0, "RIFF"); text(8, "WAVEfmt "); text(36, "data");
    header.setUint32(4, 36 + 2 * this.length, true);
    header.setUint32(16, 16, true);
    header.setUint16(20, 1, true);
    header.setUint16(22, 1, true);
    header.setUint32(24, this.sampleRate, true);
    header.setUint32(28, 2 * this.sampleRate, true);
    header.setUint16(32, 2, true);
    header.setUint16(34, 16, true);
    header.setUint32(40, 2 * this.length, true);
    return new Blob([header, this.from()], { type: "audio/wav" });
  }
}

/** Plays chunks one behind the other; knows which second of the clip sounds now. */
export class Player {
  constructor() {
    this.context = null;
    this.sources = new Map(); // source -> its start and end in the clip, and start in the context
    this.onend = () => {};
  }

  /** Start at a second of a clip; call it in a click, as browsers ask. */
  start(sampleRate, at = 0, gain = 1) {
    this.stop();
    this.context ??= new AudioContext();
    this.context.resume();
    this.output = this.context.createGain();
    this.output.gain.value = gain;
    this.output.connect(this.context.destination);
    this.sampleRate = sampleRate;
    this.written = at; // seconds of the clip that are scheduled
    this.next = 0; // of the context, when the next chunk starts
    this.complete = false;
  }

  write(samples) {
    if (!this.output || !samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, this.sampleRate);
    buffer.copyToChannel(Float32Array.from(samples, (s) => s / 32768), 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.output);
    this.next = Math.max(this.next, this.context.currentTime + 0.03);
    source.start(this.next);
    this.sources.set(source, { begin: this.written, end: this.written + buffer.duration, at: this.next });
    this.next += buffer.duration;
    this.written += buffer.duration;
    source.onended = () => { this.sources.delete(source); this.#endIfSilent(); };
  }

  /** No more chunks follow. */
  finish() { this.complete = true; this.#endIfSilent(); }

  stop() {
    for (const source of this.sources.keys()) { source.onended = null; source.stop(); }
    this.sources.clear();
    this.output?.disconnect();
    this.output = null;
  }

  get playing() { return Boolean(this.output); }

  /** The second of the clip that sounds now; null in silence. */
  get position() {
    for (const { begin, end, at } of this.sources.values()) {
      const now = begin + this.context.currentTime - at;
      if (now >= begin && now < end) return now;
    }
    return null;
  }

  #endIfSilent() {
    if (!this.complete || this.sources.size || !this.output) return;
    this.stop();
    this.onend();
  }
}

/** Let the browser save a file. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
