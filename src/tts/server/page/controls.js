// Voice, speaker, language, style recording and sliders: how the page asks for speech.

const SLIDERS = [
  { name: "rate", label: "Rate", low: 0.5, high: 2, step: 0.05, neutral: 1, show: (v) => `${v.toFixed(2)}×` },
  { name: "pitch", label: "Pitch", low: -12, high: 12, step: 0.5, neutral: 0, show: (v) => `${v} semitones` },
  { name: "energy", label: "Energy", low: -20, high: 20, step: 1, neutral: 0, show: (v) => `${v} dB` },
  { name: "pitch_range", label: "Liveliness", low: 0, high: 2, step: 0.1, neutral: 1, show: (v) => `${v.toFixed(1)}×` },
  { name: "prosody_temperature", label: "Variation of prosody", low: 0, high: 1.5, step: 0.1, neutral: null, show: (v) => v.toFixed(1) },
  { name: "temperature", label: "Variation of sound", low: 0, high: 1.5, step: 0.1, neutral: null, show: (v) => v.toFixed(1) },
];

const field = (id) => document.getElementById(id);

function fill(select, values, chosen) {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
  if (values.includes(chosen)) select.value = chosen;
}

/** The settings of the Speak tab. `onchange` follows every change. */
export class Controls {
  constructor(onchange) {
    this.voices = [];
    this.style = null; // base64
    this.onchange = onchange;
    field("voice").addEventListener("change", () => { this.#showVoice(); onchange(); });
    field("speaker").addEventListener("change", () => { this.#suggestLanguage(); onchange(); });
    field("language").addEventListener("change", onchange);
    field("style").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      this.style = file ? await base64(file) : null;
      onchange();
    });
  }

  show(voices) {
    const chosen = field("voice").value;
    this.voices = voices;
    fill(field("voice"), voices.map(({ id }) => id), chosen);
    this.#showVoice();
  }

  get voice() { return this.voices.find(({ id }) => id === field("voice").value); }

  /** Return the body of a request but for its text. */
  get body() {
    const { voice } = this, body = { voice: voice.id, controls: this.values };
    if (voice.speakers.length > 1) body.speaker = field("speaker").value;
    if (voice.languages.length > 1) body.language = field("language").value;
    if (this.style && voice.reference !== "none") body.reference = this.style;
    return body;
  }

  /** Return the controls that are not neutral. */
  get values() {
    const moved = [...field("sliders").querySelectorAll("input")].filter((input) => input.dataset.moved);
    return Object.fromEntries(moved.map((input) => [input.name, Number(input.value)]));
  }

  #showVoice() {
    const { voice } = this;
    fill(field("speaker"), voice.speakers, field("speaker").value);
    fill(field("language"), voice.languages, field("language").value);
    field("speaker-field").hidden = voice.speakers.length < 2;
    field("language-field").hidden = voice.languages.length < 2;
    field("style-field").hidden = voice.reference === "none";
    field("style").required = voice.reference === "required";
    field("style-need").textContent = voice.reference === "optional" ? "(optional)" : "";
    this.#suggestLanguage();
    this.#showSliders(voice);
  }

  #suggestLanguage() {
    const { voice } = this, number = Math.max(field("speaker").selectedIndex, 0);
    field("language").value = voice.speaker_languages[number];
  }

  #showSliders(voice) {
    const before = this.values;
    const taken = SLIDERS.filter(({ name }) => voice.controls.includes(name));
    field("sliders").replaceChildren(...taken.map((slider) => this.#slider(slider, before[slider.name])));
  }

  #slider({ name, label, low, high, step, neutral, show }, value) {
    const root = document.createElement("div"), input = document.createElement("input");
    root.className = "slider";
    const title = Object.assign(document.createElement("label"), { htmlFor: `slider-${name}`, textContent: label });
    const output = document.createElement("output");
    Object.assign(input, { type: "range", id: `slider-${name}`, name, min: low, max: high, step, value: value ?? neutral ?? 0 });
    const update = () => {
      const number = Number(input.value);
      const moved = neutral === null ? Boolean(input.dataset.touched) : number !== neutral;
      input.dataset.moved = moved ? "yes" : "";
      output.textContent = neutral === null && !moved ? "the voice's own" : show(number);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => { input.dataset.touched = "yes"; update(); this.onchange(); });
    input.addEventListener("dblclick", () => { input.value = neutral ?? 0; input.dataset.touched = ""; update(); this.onchange(); });
    if (value !== undefined) input.dataset.touched = "yes";
    update();
    root.append(title, output, input);
    return root;
  }
}

async function base64(file) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(",") + 1);
}
