// Prosody curves over the phonemes of a sentence, drawn by mouse, pen, finger or keyboard.

import { sum } from "./mel.js";

const SVG = "http://www.w3.org/2000/svg";
const TOP = 12, HEIGHT = 190, LEFT = 56, PHONE = 36, SILENCE = 18, LABELS = 52;

/** What each kind of curve shows: `base` of a phone, and what an edit makes of it. */
export const KINDS = {
  pitch: {
    neutral: 0, most: 12, step: 0.5, silences: false,
    apply: (base, edit) => base * 2 ** (edit / 12),
    edit: (base, value) => 12 * Math.log2(value / base),
    scale: Math.log, inverse: Math.exp,
    range: (all) => [Math.min(...all) * 2 ** (-6 / 12), Math.max(...all) * 2 ** (6 / 12)],
    show: (value, edit) => `${Math.round(value)} Hz, ${signed(edit)} semitones`,
    tick: (value) => `${Math.round(value)} Hz`,
  },
  duration: {
    neutral: 1, most: 8, step: 0.1, silences: true,
    apply: (base, edit) => base * edit,
    edit: (base, value) => value / base,
    scale: Math.sqrt, inverse: (y) => y * y,
    range: (all) => [0, Math.max(0.4, 1.6 * Math.max(...all))],
    show: (value, edit) => `${Math.round(value * 1000)} ms, ${Math.round(edit * 100)} %`,
    tick: (value) => `${Math.round(value * 1000)} ms`,
  },
  energy: {
    neutral: 0, most: 20, step: 1, silences: false,
    apply: (base, edit) => base + edit,
    edit: (base, value) => value - base,
    scale: (y) => y, inverse: (y) => y,
    range: (all) => [Math.min(...all) - 8, Math.max(...all) + 10],
    show: (value, edit) => `${value.toFixed(0)} dB, ${signed(edit)} dB`,
    tick: (value) => `${value.toFixed(0)} dB`,
  },
};

const signed = (number) => (number >= 0 ? "+" : "−") + Math.abs(number).toFixed(1);

/** Return edits that change nothing, one value per phone. */
export const neutralEdits = (count) => Object.fromEntries(
  Object.entries(KINDS).map(([kind, { neutral }]) => [kind, Array(count).fill(neutral)]));

export const isEdited = (edits) => Object.entries(KINDS).some(
  ([kind, { neutral }]) => edits[kind].some((value) => value !== neutral));

function element(name, attributes = {}, parent = null, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  parent?.append(made);
  return made;
}

/** Shows one kind of curve of one sentence. `onchange(finished)` follows every edit. */
export class CurveEditor {
  constructor(root, onchange) {
    this.root = root;
    this.onchange = onchange;
    this.kind = "pitch";
    this.focused = 0;
    root.addEventListener("scroll", () => this.axis?.setAttribute("transform", `translate(${root.scrollLeft} 0)`));
  }

  /** `sentence`: {phones, base: {kind: [value per phone] or null}, edits}. */
  show(sentence) {
    this.sentence = sentence;
    const base = sentence.base[this.kind];
    if (!base) {
      this.handles = [];
      this.axis = null;
      this.root.replaceChildren("This voice does not predict it, so there is nothing to draw.");
      return;
    }
    this.rules = KINDS[this.kind];
    const voiced = base.filter((_, n) => this.#editable(n));
    const [low, high] = this.rules.range(voiced.length ? voiced : base);
    this.low = this.rules.scale(low);
    this.high = this.rules.scale(high);
    this.columns = [];
    let x = LEFT;
    for (const phone of sentence.phones) {
      const width = phone.silent ? SILENCE : PHONE;
      this.columns.push({ x, width, middle: x + width / 2 });
      x += width;
    }
    this.width = x + 8;
    const active = this.root.contains(document.activeElement);
    const scrolled = this.root.scrollLeft;
    this.#build();
    this.root.scrollLeft = scrolled;
    this.axis.setAttribute("transform", `translate(${this.root.scrollLeft} 0)`);
    if (active) this.handles[this.focused]?.focus({ preventScroll: true });
  }

  #editable(n) { return this.rules.silences || !this.sentence.phones[n].silent; }

  get #least() { return this.kind === "duration" ? 1 / this.rules.most : -this.rules.most; }

  #y(value) {
    const share = (this.rules.scale(value) - this.low) / (this.high - this.low);
    return TOP + HEIGHT * (1 - Math.min(Math.max(share, 0), 1));
  }

  #value(y) {
    const share = Math.min(Math.max(1 - (y - TOP) / HEIGHT, 0), 1);
    return this.rules.inverse(this.low + share * (this.high - this.low));
  }

  #build() {
    const { phones } = this.sentence;
    const svg = element("svg", {
      width: this.width, height: TOP + HEIGHT + LABELS, "data-kind": this.kind,
      role: "group", "aria-label": `${this.kind} of each phoneme`,
    });
    this.plot = element("rect", {
      class: "plot", x: LEFT, y: TOP, width: this.width - LEFT - 8, height: HEIGHT, rx: 6,
    }, svg);
    this.#drawGrid(svg);
    this.#drawWords(svg);
    phones.forEach((phone, n) => {
      if (!phone.text.trim()) return;
      element("text", { class: "phone", x: this.columns[n].middle, y: TOP + HEIGHT + 20, "aria-hidden": true }, svg, phone.text);
    });
    this.before = element("path", { class: "before" }, svg);
    this.after = element("path", { class: "after" }, svg);
    this.handles = phones.map((phone, n) => this.#handle(svg, phone, n));
    if (!this.handles[this.focused]) this.focused = this.handles.findIndex(Boolean);
    this.handles[this.focused]?.setAttribute("tabindex", 0);
    this.#drawAxis(svg);
    this.#listen(svg);
    this.root.replaceChildren(svg);
    this.#draw();
  }

  #ticks() {
    return [0.1, 0.5, 0.9].map((share) => ({
      y: TOP + HEIGHT * (1 - share),
      text: this.rules.tick(this.rules.inverse(this.low + share * (this.high - this.low))),
    }));
  }

  #drawGrid(svg) {
    for (const { y } of this.#ticks()) element("line", { class: "grid", x1: LEFT, x2: this.width - 8, y1: y, y2: y }, svg);
  }

  /** The axis stays in sight while the rest scrolls. */
  #drawAxis(svg) {
    this.axis = element("g", { "aria-hidden": true }, svg);
    element("rect", { class: "ground", width: LEFT - 2, height: TOP + HEIGHT + LABELS }, this.axis);
    for (const { y, text } of this.#ticks()) element("text", { class: "axis", x: LEFT - 8, y: y + 4 }, this.axis, text);
  }

  #drawWords(svg) {
    const { words, phones, seconds } = this.sentence;
    const middle = ({ begin, end }) => sum(seconds, 0, begin) + sum(seconds, begin, end) / 2;
    for (const { word, start, end } of words ?? []) {
      const inside = this.columns.filter((_, n) => { const at = middle(phones[n]); return at > start && at < end; });
      if (!inside.length) continue;
      const { x } = inside[0], width = inside.at(-1).x + inside.at(-1).width - x;
      element("rect", { class: "word", x: x + 1, y: TOP + HEIGHT + 28, width: width - 2, height: 22, rx: 5 }, svg);
      element("text", { x: x + width / 2, y: TOP + HEIGHT + 43, "aria-hidden": true, ...(word.length * 7 > width && { textLength: width - 6, lengthAdjust: "spacingAndGlyphs" }) }, svg, word);
    }
  }

  #handle(svg, phone, n) {
    if (!this.#editable(n)) return null;
    const handle = element("g", {
      class: "handle", role: "slider", tabindex: -1, "aria-orientation": "vertical",
      "aria-label": `${phone.silent ? "pause" : phone.text}, ${n + 1} of ${this.sentence.phones.length}`,
    }, svg);
    const { x, width } = this.columns[n];
    if (this.kind === "duration") element("rect", { x: x + 2, width: width - 4, rx: 3 }, handle);
    element("circle", { r: 5, cx: this.columns[n].middle }, handle);
    element("rect", { class: "ring", x: x + 1, y: TOP + 1, width: width - 2, height: HEIGHT - 2, rx: 5 }, handle);
    return handle;
  }

  /** Move lines and handles to the values. */
  #draw() {
    const base = this.sentence.base[this.kind], edits = this.sentence.edits[this.kind];
    const points = { before: [], after: [] };
    this.handles.forEach((handle, n) => {
      if (!handle) return;
      const value = this.rules.apply(base[n], edits[n]);
      const y = this.#y(value), x = this.columns[n].middle;
      handle.querySelector("circle").setAttribute("cy", y);
      const bar = this.kind === "duration" && handle.querySelector("rect");
      if (bar) { bar.setAttribute("y", y); bar.setAttribute("height", TOP + HEIGHT - y); }
      handle.classList.toggle("edited", edits[n] !== this.rules.neutral);
      const { most } = this.rules;
      handle.setAttribute("aria-valuemin", this.#least);
      handle.setAttribute("aria-valuemax", most);
      handle.setAttribute("aria-valuenow", edits[n].toFixed(2));
      handle.setAttribute("aria-valuetext", this.rules.show(value, edits[n]));
      points.before.push([x, this.#y(base[n])]);
      points.after.push([x, y]);
    });
    const bars = this.kind === "duration"; // each has a mark where it was, instead of a line
    for (const [name, line] of Object.entries(points)) {
      this[name].setAttribute("d", line.map(([x, y], i) => (bars
        ? (name === "before" ? `M${x - 8} ${y.toFixed(1)}h16` : "")
        : `${i ? "L" : "M"}${x} ${y.toFixed(1)}`)).join(""));
    }
  }

  /** Set the value of one phone; `edit` is limited to what sounds like speech. */
  #set(n, edit) {
    if (!this.handles[n]) return;
    const near = Math.abs(edit - this.rules.neutral) < 0.02 ? this.rules.neutral : edit;
    this.sentence.edits[this.kind][n] = Math.min(Math.max(near, this.#least), this.rules.most);
  }

  #listen(svg) {
    let last = null;
    const point = (event) => {
      const box = svg.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const paint = (from, to) => {
      this.columns.forEach(({ middle, x, width }, n) => {
        const inside = to.x >= x && to.x < x + width;
        const crossed = (middle - from.x) * (middle - to.x) < 0;
        if (!inside && !crossed) return;
        const share = crossed ? (middle - from.x) / (to.x - from.x) : 1;
        const value = this.#value(from.y + share * (to.y - from.y));
        this.#set(n, this.rules.edit(this.sentence.base[this.kind][n], value));
        if (this.handles[n]) this.#focus(n, false);
      });
      this.#draw();
    };
    this.plot.addEventListener("pointerdown", (event) => {
      this.onchange("start");
      this.plot.setPointerCapture(event.pointerId);
      last = point(event);
      paint(last, last);
      event.preventDefault();
    });
    this.plot.addEventListener("pointermove", (event) => {
      if (!last) return;
      const now = point(event);
      paint(last, now);
      last = now;
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.plot.addEventListener(name, () => { if (last) { last = null; this.onchange("end"); } });
    }
    svg.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const n = this.focused, many = event.shiftKey ? 4 : 1;
    const edits = this.sentence.edits[this.kind];
    const changes = {
      ArrowUp: this.rules.step * many, ArrowDown: -this.rules.step * many,
      PageUp: this.rules.step * 4, PageDown: -this.rules.step * 4,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in changes || ["Backspace", "Delete"].includes(event.key)) {
      this.onchange("start");
      this.#set(n, event.key in changes ? edits[n] + changes[event.key] : this.rules.neutral);
      this.#draw();
      this.onchange("end");
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const way = event.key === "ArrowRight" ? 1 : -1;
      for (let m = n + way; m in this.handles; m += way) {
        if (this.handles[m]) { this.#focus(m, true); break; }
      }
    } else if (event.key === "Home" || event.key === "End") {
      const all = this.handles.map((handle, m) => (handle ? m : -1)).filter((m) => m >= 0);
      this.#focus(event.key === "Home" ? all[0] : all.at(-1), true);
    } else return;
    event.preventDefault();
  }

  #focus(n, take) {
    this.handles[this.focused]?.setAttribute("tabindex", -1);
    this.focused = n;
    this.handles[n].setAttribute("tabindex", 0);
    if (take) this.handles[n].focus();
  }
}
