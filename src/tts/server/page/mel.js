// Picture of a sentence: its mel with a frequency axis, phonemes and words on the time axis.

const LEFT = 56, RIGHT = 10, HEIGHT = 200, LANES = 62, PIXELS_A_SECOND = 240;
const COLORS = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];

const PALETTE = Array.from({ length: 256 }, (_, value) => {
  const place = (value / 255) * (COLORS.length - 1), at = Math.min(Math.floor(place), COLORS.length - 2);
  return COLORS[at].map((c, i) => c + (place - at) * (COLORS[at + 1][i] - c));
});

/** Draws into a canvas; `onseek(seconds)` follows a click. */
export class MelPicture {
  constructor(canvas, onseek) {
    this.canvas = canvas;
    this.sentence = null;
    canvas.addEventListener("click", (event) => {
      const seconds = (event.offsetX - LEFT) / this.scale;
      const onAxis = event.offsetX < canvas.parentElement.scrollLeft + LEFT;
      if (this.sentence && !onAxis) onseek(Math.min(seconds, this.seconds));
    });
    canvas.parentElement.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
  }

  show(sentence) {
    this.sentence = sentence;
    this.image = paint(sentence.mel);
    this.seconds = sentence.mel.frames * sentence.mel.frame_seconds;
    this.mark = null;
    this.draw();
  }

  draw() {
    if (!this.sentence) return;
    const room = this.canvas.parentElement.clientWidth - LEFT - RIGHT - 2;
    this.scale = Math.max(room, PIXELS_A_SECOND * this.seconds) / this.seconds;
    const width = Math.round(LEFT + this.scale * this.seconds + RIGHT), height = HEIGHT + LANES;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const colors = getComputedStyle(this.canvas);
    const ink = colors.getPropertyValue("--ink"), soft = colors.getPropertyValue("--soft");
    context.drawImage(this.image, LEFT, 0, width - LEFT - RIGHT, HEIGHT);
    this.#phones(context, ink, soft);
    this.#words(context, ink, colors.getPropertyValue("--accent-soft"));
    if (this.mark !== null) {
      const x = LEFT + this.mark * this.scale;
      context.fillStyle = "#fff";
      context.fillRect(x - 1, 0, 2, HEIGHT);
      context.fillStyle = colors.getPropertyValue("--accent");
      context.fillRect(x - 1, HEIGHT, 2, LANES);
    }
    this.#frequencies(context, soft, colors.getPropertyValue("--card"));
  }

  /** Show where it sounds, in seconds of the sentence; null: nowhere. */
  playhead(seconds) {
    if (seconds === this.mark) return;
    this.mark = seconds;
    this.draw();
    const box = this.canvas.parentElement, x = LEFT + (seconds ?? 0) * this.scale;
    if (seconds !== null && (x < box.scrollLeft + LEFT || x > box.scrollLeft + box.clientWidth - 40)) box.scrollLeft = x - 80;
  }

  /** The axis stays in sight while the rest scrolls. */
  #frequencies(context, color, ground) {
    const left = this.canvas.parentElement.scrollLeft;
    context.fillStyle = ground;
    context.fillRect(left, 0, LEFT, HEIGHT + LANES);
    const { band_hz: hz, bands } = this.sentence.mel;
    Object.assign(context, { fillStyle: color, font: "11px system-ui", textAlign: "right", textBaseline: "middle" });
    for (const khz of [0.5, 1, 2, 4, 8]) {
      const band = hz.findIndex((center) => center >= khz * 1000);
      const place = band < 0 ? (khz * 1000 < 1.05 * hz.at(-1) ? bands : null) : band;
      if (place === null) continue;
      context.fillText(`${khz} kHz`, left + LEFT - 5, Math.max(7, HEIGHT * (1 - place / bands)));
    }
  }

  #phones(context, ink, soft) {
    const { phones, seconds } = this.sentence;
    if (!seconds) return;
    Object.assign(context, { font: "13px system-ui", textAlign: "center", textBaseline: "middle" });
    for (const { text, begin, end, silent } of phones) {
      const from = LEFT + this.scale * sum(seconds, 0, begin), to = from + this.scale * sum(seconds, begin, end);
      context.fillStyle = "#ffffff66";
      context.fillRect(to - 0.5, 0, 1, HEIGHT);
      context.fillStyle = soft;
      context.fillRect(to - 0.5, HEIGHT, 1, 8);
      context.fillStyle = ink;
      if (!silent && to - from > 7) context.fillText(text, (from + to) / 2, HEIGHT + 18, to - from + 6);
    }
  }

  #words(context, ink, ground) {
    Object.assign(context, { font: "13px system-ui", textAlign: "center", textBaseline: "middle" });
    for (const { word, start, end } of this.sentence.words ?? []) {
      const from = LEFT + this.scale * start, width = this.scale * (end - start);
      context.fillStyle = ground;
      context.beginPath();
      context.roundRect(from + 1, HEIGHT + 32, Math.max(width - 2, 1), 26, 5);
      context.fill();
      context.fillStyle = ink;
      if (width > 12) context.fillText(word, from + width / 2, HEIGHT + 45, width - 6);
    }
  }
}

export const sum = (values, begin, end) => values.slice(begin, end).reduce((a, b) => a + b, 0);

function paint({ frames, bands, data }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: frames, height: bands });
  const context = canvas.getContext("2d"), image = context.createImageData(frames, bands);
  const bytes = atob(data);
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < bands; band++) {
      const color = PALETTE[bytes.charCodeAt(frame * bands + band)];
      image.data.set([...color, 255], 4 * ((bands - 1 - band) * frames + frame));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
