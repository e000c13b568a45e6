"""The page in a headless browser: speak, draw, listen, compare, and what goes wrong."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from server.conftest import LIMITS, Live, Start

from tests.metrics.recordings import synthesize

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("there is no chromium: apt-get install chromium", allow_module_level=True)

expect = api.expect
TEXT = "Good morning. How are you?"
# controls that a screen reader would read without a name
NAMELESS = """() => [...document.querySelectorAll(
  'button, input, select, textarea, a, progress, canvas, [role=slider], [role=tabpanel]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
    || e.labels?.length || e.textContent.trim()))
  .map((e) => e.outerHTML)"""


# of the mel, scrolled to its end, in the first pixels that are in sight
COLORS_LEFT_OF_THE_AXIS = """async () => {
  const canvas = document.querySelector('#mel'), box = canvas.parentElement;
  box.scrollLeft = box.scrollWidth;
  await new Promise((done) => setTimeout(done, 100));
  const ratio = canvas.width / canvas.clientWidth;
  const strip = canvas.getContext('2d').getImageData(box.scrollLeft * ratio + 2, 0, 1, 200 * ratio);
  return Array.from(new Uint32Array(strip.data.buffer));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        arguments = [
            "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
        ]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(accept_downloads=True)
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield page
        browser.close()


@pytest.fixture
def page(browser: Any, live: Live) -> Iterator[Any]:
    """The page with its voices; whatever it reports as an error fails the test."""
    errors: list[str] = []

    def report(error: Any) -> None:
        errors.append(str(error))

    browser.on("pageerror", report)
    browser.set_viewport_size({"width": 900, "height": 900})
    browser.goto(live.url)
    expect(browser.locator("#voice option")).to_have_count(2)
    browser.fill("#text", TEXT)
    yield browser
    browser.remove_listener("pageerror", report)
    browser.unroute_all()
    assert not errors


def speak(page: Any) -> dict[str, Any]:
    """Press the button and wait for the end; return the body of the request."""
    with page.expect_response("**/v1/speech") as answer:
        page.click("#speak")
    expect(page.locator("#again")).to_be_enabled()
    expect(page.locator("#result")).to_contain_text("First sound after")
    found = json.loads(answer.value.request.post_data)
    assert isinstance(found, dict)
    return found


def test_speak_draw_and_save(page: Any, tmp_path: Path) -> None:
    assert speak(page) == {"voice": "lj", "controls": {}, "input": TEXT}
    expect(page.locator("#sentences button")).to_have_text(["Good morning.", "How are you?"])
    page.click("#sentences button >> nth=0")
    page.click("text=Word times")
    words = page.locator("#times tbody tr td:first-child")
    expect(words).to_have_text(["Good", "morning", "How", "are", "you"])
    colors = page.evaluate(
        "() => new Set(document.getElementById('mel').getContext('2d')"
        ".getImageData(60, 0, 200, 150).data).size"
    )
    assert colors > 100, "the mel is drawn"

    box = page.locator("#curves .plot").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 160, steps=4)
    page.mouse.up()
    assert page.locator("#curves .handle.edited").count() > 3
    expect(page.locator("#speak")).to_have_text("Speak as drawn")
    asked = speak(page)
    assert [sentence["text"] for sentence in asked["sentences"]] == [
        "Good morning.",
        "How are you?",
    ]
    pitch = asked["sentences"][0]["pitch"]
    assert max(pitch) > 1 > -1 > min(pitch)
    assert asked["sentences"][1]["pitch"] == [0] * len(asked["sentences"][1]["pitch"])
    expect(page.locator("#sentences button.drawn")).to_have_count(1)

    with page.expect_download() as download:
        page.click("#download-wav")
    wave, rate = soundfile.read(download.value.path())
    last = float(page.locator("#times tbody tr:last-child td:last-child").inner_text())
    assert rate == 22050
    assert last < len(wave) / rate < last + 1
    assert np.abs(wave).max() > 0.05
    with page.expect_download() as download:
        page.click("#download-srt")
    assert Path(download.value.path()).read_text().startswith("1\n00:00:00,000 --> 00:00:0")

    page.click("#undo")
    expect(page.locator("#curves .handle.edited")).to_have_count(0)
    expect(page.locator("#speak")).to_have_text("Speak")
    page.click("#again")
    expect(page.locator("#stop")).to_be_enabled()
    page.click("#stop")
    expect(page.locator("#stop")).to_be_disabled()


def test_the_keyboard_does_everything_and_all_has_a_name(page: Any) -> None:
    page.focus("#text")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#again")).to_be_enabled()
    page.locator("input[value=pitch]").focus()
    page.keyboard.press("ArrowRight")  # of radio buttons
    page.keyboard.press("ArrowLeft")
    slider = page.locator("#curves [role=slider][tabindex='0']")
    expect(slider).to_have_count(1)
    slider.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^\d+ Hz, \+2\.5 semitones$"))
    first = slider.get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-label") != first
    page.keyboard.press("ArrowDown")
    expect(page.locator("#curves .handle.edited")).to_have_count(2)
    page.keyboard.press("Backspace")
    expect(page.locator("#curves .handle.edited")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator("#curves .handle.edited")).to_have_count(2)
    for kind, unit in (("duration", " ms, 110 %"), ("energy", " dB, +1.0 dB")):
        page.locator(f"input[value={kind}]").check(force=True)
        slider.focus()
        page.keyboard.press("ArrowUp")
        expect(slider).to_have_attribute("aria-valuetext", re.compile(re.escape(unit)))
        assert page.evaluate(NAMELESS) == []
    page.focus("#tab-speak")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-blind")).to_be_visible()
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("() => document.activeElement.id") == "tab-blind"


def test_voices_offer_what_they_have(page: Any) -> None:
    for name in ("speaker", "language", "style"):
        expect(page.locator(f"#{name}-field")).to_be_hidden()
    page.select_option("#voice", "pair")
    page.select_option("#speaker", "speaker1")
    expect(page.locator("#language")).to_have_value("de")
    page.click("#speak")
    assert page.locator("#style").evaluate("(e) => e.validity.valueMissing")
    recording = io.BytesIO()
    spoken = synthesize("A recording of some seconds.", "f3")
    soundfile.write(recording, spoken, 22050, format="WAV")
    page.set_input_files(
        "#style", {"name": "a.wav", "mimeType": "audio/wav", "buffer": recording.getvalue()}
    )
    page.fill("#text", "Hallo.")
    page.click("text=Delivery")
    page.fill("#slider-rate", "2")
    asked = speak(page)
    assert asked["speaker"] == "speaker1"
    assert asked["language"] == "de"
    assert asked["controls"] == {"rate": 2}
    assert len(asked["reference"]) > 1000


def test_errors_say_what_to_do(page: Any, start: Start) -> None:
    alert = page.locator("#alert")
    page.fill("#text", " ")
    page.click("#speak")
    expect(alert).to_contain_text("There is no text. Write a sentence first.")
    page.fill("#text", "…")
    page.click("#speak")
    expect(alert).to_contain_text("it has no letter and no digit")
    page.fill("#text", "x" * 4097)
    expect(page.locator("#count")).to_have_text("4097 of at most 4096 characters")
    page.fill("#text", "Hello.")

    refused: list[str] = []

    def busy_once(route: Any) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        body = json.dumps({"error": {"message": "the server is busy"}})
        route.fulfill(status=503, body=body, headers={"Retry-After": "1"})

    page.route("**/v1/speech", busy_once)
    page.click("#speak")
    expect(alert).to_contain_text("The server is busy. Trying again in 1 s.")
    expect(page.locator("#again")).to_be_enabled()  # it has tried again
    expect(alert).to_be_hidden()
    page.unroute("**/v1/speech")
    page.route("**/v1/speech", lambda route: route.abort())
    page.click("#speak")
    expect(alert).to_contain_text("The server does not answer.")
    page.click("#alert-close")
    expect(alert).to_be_hidden()

    with start(LIMITS, token="secret") as closed:
        page.goto(closed.url)
        expect(page.locator("#token")).to_be_focused()
        page.fill("#token", "guess")
        page.keyboard.press("Enter")
        expect(alert).to_contain_text("The token is missing or wrong")
        page.fill("#token", "secret")
        page.keyboard.press("Enter")
        expect(page.locator("#token-form")).to_be_hidden()
        expect(page.locator("#voice option")).to_have_count(2)
        page.goto("about:blank")


def test_two_settings_are_compared_blind(page: Any) -> None:
    page.click("text=Delivery")
    page.fill("#slider-rate", "1.5")
    page.click("#tab-blind")
    page.fill("#blind-texts", "Good morning.\n\nHow are you?\n")
    page.select_option("#blind-a", "lj")
    page.select_option("#blind-b", "lj")
    page.click("#blind-form button")
    expect(page.locator("#alert")).to_contain_text("A and B are the same.")
    page.select_option("#blind-b", "as set on the Speak tab")
    page.click("#blind-form button")
    for number, choice in ((1, "0"), (2, "-1")):
        expect(page.locator("#trial-title")).to_have_text(f"Sentence {number} of 2")
        expect(page.locator("#trial")).not_to_contain_text("lj")
        page.click("#play-1")
        expect(page.locator("[data-choice='0']")).to_be_disabled()
        page.click("#play-2")
        page.click(f"[data-choice='{choice}']")
    expect(page.locator("#tally-title")).to_be_focused()
    counts = [int(bar.split("\n")[-1]) for bar in page.locator(".bar").all_inner_texts()]
    assert sum(counts) == 2
    assert counts[2] == 1
    with page.expect_download() as download:
        page.click("#tally-csv")
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0] == '"text","first","preferred"'
    assert rows[1].count('"lj"') + rows[1].count('"as set on the Speak tab"') == 2


def test_a_phone_shows_it_without_scrolling_sideways(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    speak(page)
    colors = page.evaluate(COLORS_LEFT_OF_THE_AXIS)
    assert len(set(colors)) == 1  # the background of the axis, not the mel
    width = "() => document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 360
    page.click("#theme")
    page.click("#tab-blind")
    assert page.evaluate(width) <= 360
    page.goto(f"{page.url}docs")
    expect(page.locator(".operation").first).to_be_visible()
    assert page.evaluate(width) <= 360
