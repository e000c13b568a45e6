// The page: tabs, theme, state of the server and error messages around the two panels.

import { getJson, token } from "./api.js";
import { BlindPanel } from "./blind_panel.js";
import { Controls } from "./controls.js";
import { SpeakPanel } from "./speak_panel.js";

const id = (name) => document.getElementById(name);
const HEALTH_SECONDS = 10;

let retry = null, countdown = null;

/** Show an error with what to do; null hides it. `again` is tried where that can help. */
function showError(error, again = null) {
  clearInterval(countdown);
  retry = again;
  id("alert").hidden = !error;
  if (!error) return;
  if (error.status === 401) askForToken();
  let left = error.retryAfter ?? 0;
  const say = () => { id("alert-text").textContent = left ? `${error.message} Trying again in ${left} s.` : error.message; };
  say();
  id("alert-retry").hidden = !again;
  if (!left || !again) return;
  countdown = setInterval(() => {
    left--;
    say();
    if (left <= 0) { clearInterval(countdown); id("alert-retry").click(); }
  }, 1000);
}

function askForToken() {
  id("token-form").hidden = false;
  id("token").focus();
}

const controls = new Controls(() => speakPanel.settingsChanged());
const speakPanel = new SpeakPanel(controls, showError);
const blindPanel = new BlindPanel(controls, showError);

async function load() {
  try {
    const { data } = await getJson("/v1/voices");
    controls.show(data);
    blindPanel.showVoices(data);
    id("token-form").hidden = true;
    id("speak").disabled = false;
    showError(null);
  } catch (error) {
    id("speak").disabled = true;
    const first = error.status === 401 && !token.get();
    const asked = { status: 401, message: "This server needs its token." };
    showError(first ? asked : error, error.status === 401 ? null : load);
  }
  speakPanel.settingsChanged();
}

async function watchServer() {
  const state = id("server-state");
  try {
    const health = await getJson("/health");
    state.dataset.state = health.status;
    const words = health.status === "ok" ? "ready" : "busy";
    if (state.textContent !== words) state.textContent = words;
    speakPanel.limit = health.max_characters;
    if (!controls.voices.length && id("token-form").hidden) await load();
  } catch {
    state.dataset.state = "off";
    if (state.textContent !== "no answer") state.textContent = "no answer";
  }
  setTimeout(watchServer, HEALTH_SECONDS * 1000);
}

function listenToTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const show = (tab) => {
    for (const each of tabs) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", chosen);
      each.tabIndex = chosen ? 0 : -1;
      id(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    showError(null);
    tab.focus();
  };
  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (way) show(tabs.at((number + way) % tabs.length));
    });
  });
}

function listenToTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const set = (theme) => { document.documentElement.dataset.theme = theme; speakPanel.mel.draw(); };
  set(localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => { if (!localStorage.getItem("theme")) set(dark.matches ? "dark" : "light"); });
  id("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", theme);
    set(theme);
  });
}

id("alert-close").addEventListener("click", () => showError(null));
id("alert-retry").addEventListener("click", () => { const again = retry; showError(null); again?.(); });
id("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set(id("token").value.trim());
  load();
});
listenToTabs();
listenToTheme();
watchServer();
