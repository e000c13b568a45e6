"""OpenAI's Python client with the server."""

import base64
import io
import threading

import httpx
import numpy as np
import openai
import pytest
import soundfile
from server.conftest import LIMITS, Live, Start

from tts.server.encoding import MEDIA_TYPES

TEXT = "Good morning. How are you?"


@pytest.fixture(scope="module")
def client(live: Live) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{live.url}/v1", api_key="none", max_retries=0)


def decode(content: bytes, form: str) -> tuple[np.ndarray, int]:
    if form == "pcm":
        return np.frombuffer(content, "<i2") / 32767, 24000
    return soundfile.read(io.BytesIO(content))


@pytest.fixture(scope="module")
def spoken(live: Live) -> np.ndarray:
    return live.service.voices.voices["lj"].speak(TEXT, seed=1).waveform


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_every_format_has_the_whole_speech(
    client: openai.OpenAI, spoken: np.ndarray, form: str
) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=TEXT, response_format=form
    ) as response:
        assert response.headers["content-type"] == MEDIA_TYPES[form]
        assert float(response.headers["x-first-sound"]) < 30
        pieces = list(response.iter_bytes())
    wave, rate = decode(b"".join(pieces), form)
    seconds = len(spoken) / 22050
    assert len(wave) / rate == pytest.approx(seconds, abs=0.11)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(np.sqrt(np.mean(spoken**2)), rel=0.1)
    if form == "wav":
        assert len(pieces) > 2, "it is streamed"
        assert np.abs(wave - spoken).max() < 1e-4


def test_speed_and_speaker(client: openai.OpenAI) -> None:
    def samples(**more: object) -> int:
        answer = client.audio.speech.create(
            model="any", input=TEXT, response_format="pcm", extra_body={"unheard": 1}, **more
        )
        return len(answer.content)

    assert samples(voice="lj", speed=2.0) == pytest.approx(samples(voice="lj") / 2, rel=0.1)
    assert samples(voice={"id": "lj"}) == samples(voice="lj")
    known = [model.id for model in client.models.list()]
    assert known == ["lightning-tts"]
    assert client.models.retrieve(known[0]).id == known[0]


def test_events_carry_the_same_bytes(client: openai.OpenAI) -> None:
    asked = {"model": "any", "voice": "lj", "input": "Hello.", "response_format": "wav"}
    with client.audio.speech.with_streaming_response.create(
        **asked, stream_format="sse"
    ) as response:
        lines = [line for line in response.iter_lines() if line]
    events = [httpx.Response(200, text=line.removeprefix("data: ")).json() for line in lines]
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert events[-1]["type"] == "speech.audio.done"
    assert audio == client.audio.speech.create(**asked).content


def test_clients_at_once_get_what_each_alone_gets(live: Live) -> None:
    texts = ["Good morning.", "How are you?", "It rains."]

    def ask(text: str) -> bytes:
        body = {"input": text, "voice": "lj", "response_format": "pcm"}
        return httpx.post(f"{live.url}/v1/audio/speech", json=body, timeout=60).content

    alone = {text: ask(text) for text in texts}
    together: dict[str, bytes] = {}
    threads = [
        threading.Thread(target=lambda t=text: together.update({t: ask(t)})) for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.parametrize(
    ("change", "param", "message"),
    [
        ({"voice": "bob"}, "voice", "voice='bob' is unknown; choose from lj, pair, alloy"),
        ({"input": ""}, "input", "input: String should have at least 1 character"),
        ({"input": "x" * 4097}, "input", "input has 4,097 characters; at most 4,096 are spoken"),
        ({"input": "…"}, None, "has no letter and no digit"),
        ({"input": "<speak>no"}, None, "tag"),
        ({"response_format": "aac"}, None, "response_format=aac: not available; choose from mp3"),
        ({"speed": 9}, "speed", "speed: Input should be less than or equal to 4"),
        ({"language": "xx"}, None, "language='xx' is unknown to this model; choose from en-us"),
        ({"speaker": "bob"}, None, "speaker='bob' is unknown; choose from lj"),
        ({"pitch": 2}, "pitch", 'no effect here: give {"controls": {"pitch": 2}}'),
        ({"speed": 2, "controls": {"rate": 2}}, None, "speed and controls.rate are one"),
        ({"controls": {"top_k": 2}}, None, "this model does not take top_k"),
        ({"voice": "pair"}, None, "this model copies the style of a recording"),
    ],
)
def test_a_mistake_is_one_clear_error(
    client: openai.OpenAI, change: dict[str, object], param: str | None, message: str
) -> None:
    body = {"input": "Hello.", "voice": "lj"} | change
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/audio/speech", body=body, cast_to=httpx.Response)
    assert message in str(caught.value)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_a_token_is_asked_for(start: Start) -> None:
    with start(LIMITS, token="secret") as live:
        client = openai.OpenAI(base_url=f"{live.url}/v1", api_key="guess", max_retries=0)
        with pytest.raises(openai.AuthenticationError, match="the token is missing or wrong"):
            client.models.list()
        assert httpx.get(f"{live.url}/health").json()["status"] == "ok"
        assert httpx.get(live.url).status_code == 200, "the page asks for it"
        right = openai.OpenAI(base_url=f"{live.url}/v1", api_key="secret", max_retries=0)
        assert len(right.models.list().data) == 1
