"""Files of plain data from elsewhere: bounded, and one error that names the file."""

import os
from pathlib import Path

import pytest

from tts.data.file_hashes import FileHashes
from tts.errors import UserError
from tts.plain_data import PlainDataError, read_json, read_yaml
from tts.weights import read_safetensors


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe{", "is not text"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" * 100 + b"]" * 100, "nested more than 64 levels deep"),
        (b"[" + b"0," * 300_000 + b"0]", "more than 200,000 values"),
        (b'["' + b"x" * 2**24 + b'"]', "more than 16,777,216 bytes"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b"[" + b"9" * 5000 + b"]", "is not JSON"),
        (b"[" + b"9" * 40 + b"]", "is too large"),
        (b"", "is not JSON"),
    ],
)
def test_what_is_not_json_is_one_error(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(PlainDataError, match=rf"a\.json.*{message}"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 3000, "not YAML"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        (
            "a: &x [1]\nb: *x",
            "line 1: the tag or reference 'x' .*; remove it$",
        ),
        ("a: !!python/name:os.system", "line 1: the tag or reference"),
        ("a: " + "9" * 40, "is too large"),
        ("x" * (2**20 + 1), "more than 1,048,576 bytes"),
        ('a: "\\uD800"', "not YAML"),
        ("\0", "not YAML"),
        ("a: b: c", "not YAML"),
    ],
)
def test_what_is_not_plain_yaml_is_one_error(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(PlainDataError, match=rf"a\.yaml.*{message}"):
        read_yaml(tmp_path / "a.yaml")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (read_json, read_yaml, read_safetensors):
        with pytest.raises(UserError, match=r"pipe is .*not a file.*; copy it again"):
            read(pipe)
    assert FileHashes().of([pipe]) == {}
