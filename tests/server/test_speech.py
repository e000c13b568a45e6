"""The project's own endpoints: prosody, curves, timings, styles; and the Wyoming protocol."""

import asyncio
import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from server.conftest import LIMITS, Live, port_of

from tts.server.app import Service
from tts.server.run import listen
from tts.server.scheduler import Scheduler
from tts.server.voices import Voices
from tts.server.wyoming_protocol import start_wyoming
from tts.synthesis.timing_files import FORMATS

TEXT = "Good morning. How are you?"


def post(live: Live, path: str, **body: object) -> httpx.Response:
    return httpx.post(f"{live.url}{path}", json=body, timeout=60)


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def samples(found: list[dict[str, Any]]) -> np.ndarray:
    audio = b"".join(base64.b64decode(line["pcm"]) for line in found if line["type"] == "audio")
    return np.frombuffer(audio, "<i2") / 32767


def test_lines_carry_prosody_and_the_speech(live: Live) -> None:
    found = lines(post(live, "/v1/speech", input=TEXT, voice="lj"))
    sentences = [line for line in found if line["type"] == "sentence"]
    assert [line["text"] for line in sentences] == ["Good morning.", "How are you?"]
    assert found[-1] == {"type": "done"}
    spoken = live.service.voices.voices["lj"].speak(TEXT, seed=1).waveform
    assert np.abs(samples(found) - spoken).max() < 1e-4
    for line in sentences:
        count = len(line["symbols"])
        assert len(line["seconds"]) == len(line["pitch"]) == len(line["energy"]) == count
        assert "".join(phone["text"] for phone in line["phones"]) == "".join(line["symbols"])
        assert [p["end"] for p in line["phones"][:-1]] == [p["begin"] for p in line["phones"][1:]]
        mel = line["mel"]
        assert len(base64.b64decode(mel["data"])) == mel["frames"] * mel["bands"]
        assert sum(line["seconds"]) == pytest.approx(mel["frames"] * mel["frame_seconds"], abs=1e-3)
        assert mel["band_hz"] == sorted(mel["band_hz"])
        assert all(80 < hertz < 500 for hertz in line["pitch"])
    assert [word["word"] for word in sentences[1]["words"]] == ["How", "are", "you"]


def test_curves_are_spoken(live: Live) -> None:
    plain = post(live, "/v1/prosody", input=TEXT, voice="lj").json()["sentences"]
    curves = [
        {
            "text": line["text"], "pause": line["pause"], "rate": [0.5] * len(line["symbols"]),
            "pitch": [12.0] * len(line["symbols"]), "energy": [6.0] * len(line["symbols"]),
        }
        for line in plain
    ]  # fmt: skip
    found = lines(post(live, "/v1/speech", sentences=curves, voice="lj"))
    drawn = [line for line in found if line["type"] == "sentence"]
    for before, after in zip(plain, drawn, strict=True):
        assert after["symbols"] == before["symbols"]
        assert after["pause"] == before["pause"]
        assert sum(after["seconds"]) == pytest.approx(2 * sum(before["seconds"]), rel=0.05)
        assert after["pitch"] == pytest.approx([2 * hertz for hertz in before["pitch"]], rel=1e-3)
    seconds = sum(sum(line["seconds"]) + line["pause"] for line in drawn)
    assert len(samples(found)) / 22050 == pytest.approx(seconds, abs=1e-2)
    curves[0]["rate"] = [1.0]
    wrong = post(live, "/v1/speech", sentences=curves, voice="lj")
    assert wrong.status_code == 400
    assert "rate has 1 values and the sentence" in wrong.json()["error"]["message"]


@pytest.mark.parametrize("form", FORMATS)
def test_timings_are_those_of_the_files(live: Live, form: str) -> None:
    voice = live.service.voices.voices["lj"]
    expected = FORMATS[form](voice.timings(voice.sentences(TEXT, seed=1)))
    assert post(live, "/v1/timings", input=TEXT, voice="lj", format=form).text == expected


def test_a_speaker_a_language_and_the_style_of_a_recording(live: Live) -> None:
    described = httpx.get(f"{live.url}/v1/voices").json()["data"]
    pair = next(each for each in described if each["id"] == "pair")
    assert pair["speakers"] == ["speaker0", "speaker1"]
    assert pair["speaker_languages"] == pair["languages"] == ["en-us", "de"]
    assert pair["reference"] == "required"
    file = io.BytesIO()
    spoken = live.service.voices.voices["lj"].speak("A recording of three seconds.", seed=1)
    soundfile.write(file, spoken.waveform, spoken.sample_rate, format="WAV")
    style = base64.b64encode(file.getvalue()).decode()
    asked = {"input": "Hallo.", "voice": "pair:speaker1", "reference": style}
    [sentence, *_] = lines(post(live, "/v1/speech", **asked))
    assert sentence["language"] == "de"
    answer = post(live, "/v1/audio/speech", **asked, response_format="flac")
    assert len(soundfile.read(io.BytesIO(answer.content))[0]) > 0
    for change, message in (
        ({"reference": "%%"}, "reference: expected an audio file in base64"),
        ({"reference": "aGVsbG8="}, "reference"),
        ({"controls": {"rate": 99}}, "rate=99: expected a number from 0.1 to 10"),
        ({"controls": {"speed": 1}}, "speed: no such synthesis control; choose from rate"),
        ({"controls": {"steps": 4}}, "this model does not take steps"),
        ({"sentences": [{"text": "a"}]}, "give either input or sentences"),
        ({"rate": 2}, 'rate: it has no effect here: give {"controls": {"rate": 2}}'),
        ({"pitch": [2, 2]}, 'pitch: it has no effect here: give {"sentences": [{"text": "..."'),
        (
            {"input": None, "sentences": [{"text": "a", "pitch_range": 2}]},
            "sentences.0.pitch_range: it has no effect here",
        ),
        ({"seed": True}, "seed: Input should be a valid integer"),
        ({"voice": "lj"}, "reference: this model was not trained with"),
    ):
        answer = post(live, "/v1/speech", **(asked | change))
        assert answer.status_code == 400, change
        found = answer.json()["error"]["message"]
        assert message in found, answer.text
        assert "tts-reference-" not in found, "a temporary file of the server"


def test_the_api_describes_itself_without_the_network(live: Live) -> None:
    described = httpx.get(f"{live.url}/openapi.json").json()
    assert {"/v1/audio/speech", "/v1/speech", "/v1/prosody", "/health"} <= set(described["paths"])
    for path in ("/", "/docs", "/page/main.js", "/page/style.css", "/page/reference.js"):
        page = httpx.get(f"{live.url}{path}")
        assert page.status_code == 200
        assert "https://" not in page.text, path
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_wyoming_clients_get_speech(voices: Voices) -> None:
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.error import Error
    from wyoming.event import Event
    from wyoming.info import Describe, Info
    from wyoming.tts import Synthesize, SynthesizeVoice

    async def talk() -> None:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: failures.append(about))
        service = Service(voices, Scheduler(1, 2), LIMITS, seed=1)
        with listen("127.0.0.1", 0, "wyoming_port") as listening:
            server = await start_wyoming(service, listening)
            async with AsyncTcpClient("127.0.0.1", port_of(listening)) as client:
                await client.write_event(Describe().event())
                info = Info.from_event(await client.read_event())
                assert [voice.name for voice in info.tts[0].voices] == ["lj", "pair"]
                asked = Synthesize("Hello.", SynthesizeVoice(name="lj"))
                await client.write_event(asked.event())
                start = AudioStart.from_event(await client.read_event())
                audio = b""
                while AudioChunk.is_type((event := await client.read_event()).type):
                    audio += AudioChunk.from_event(event).audio
                assert AudioStop.is_type(event.type)
                spoken = voices.voices["lj"].speak("Hello.", seed=1).waveform
                assert start.rate == 22050
                assert np.abs(np.frombuffer(audio, "<i2") / 32767 - spoken).max() < 1e-4
                for text, name, message in (("…", "lj", "no letter"), ("a", "bob", "unknown")):
                    asked = Synthesize(text, SynthesizeVoice(name=name))
                    await client.write_event(asked.event())
                    assert message in Error.from_event(await client.read_event()).text
                for data in ({}, {"text": 5}, {"text": "a", "voice": {"name": 5}}):
                    await client.write_event(Event("synthesize", data))
                    assert "expected a text" in Error.from_event(await client.read_event()).text
            for written in (b"no event\n", b"[]\n", b'{"type":"describe","data_length":9}\n'):
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
                writer.write(written)
                writer.write_eof()
                assert await reader.read() == b"", written
                writer.close()
            assert not failures
            server.close()
        service.scheduler.close()

    asyncio.run(talk())
