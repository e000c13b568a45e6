"""Completeness of audio files: what a header announces against what the file holds.

libsndfile takes the length of a shortened file from its size and reports nothing.
"""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

UNKNOWN_LENGTH = 0x7FFF0000  # of programs that write a wav to a pipe: this and all above it
TOLERANCE = 0.002  # share of the announced bytes
OGG_PAGE = 65307  # bytes of the longest page


class _Chunks(NamedTuple):
    """Layout of a format that consists of chunks: identifier, size, content."""

    header: int  # bytes before the first chunk
    size: str  # struct format of a chunk's size
    samples: bytes  # identifier of the chunk of samples
    name: int = 4  # bytes of an identifier
    inclusive: bool = False  # the size counts the chunk's own header
    align: int = 2


_CHUNKS = {
    b"RIFF": _Chunks(12, "<I", b"data"),
    b"RIFX": _Chunks(12, ">I", b"data"),
    b"RF64": _Chunks(12, "<I", b"data"),
    b"BW64": _Chunks(12, "<I", b"data"),
    b"FORM": _Chunks(12, ">I", b"SSND"),
    b"riff": _Chunks(40, "<Q", b"data", name=16, inclusive=True, align=8),  # Sony Wave64
    b"caff": _Chunks(8, ">Q", b"data", align=1),
}


def missing_end(path: Path) -> str | None:
    """Return how one sees that the end of an audio file is missing; None for a complete file.

    It knows wav, W64, AIFF, CAF, AU, Ogg (Vorbis, Opus) and MP3. A flac that was cut off cannot be
    decoded to its end, so that reading it shows the same.
    """
    total = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
        if magic == b"OggS":
            return _ogg(file, total)
        if magic == b".snd":
            offset, announced = struct.unpack(">II", file.read(8))
            return _shorter(announced, total - offset)
        if magic in _CHUNKS:
            return _chunks(file, total, _CHUNKS[magic])
        if magic[:3] == b"ID3" or (magic[:1] == b"\xff" and magic[1] & 0xE0 == 0xE0):
            return _mp3(file, total)
    return None


def _shorter(announced: int, present: int) -> str | None:
    if announced >= UNKNOWN_LENGTH or present >= announced * (1 - TOLERANCE):
        return None
    return f"its header announces {announced} bytes of audio and {max(present, 0)} are there"


def _chunks(file: BinaryIO, total: int, layout: _Chunks) -> str | None:
    width = struct.calcsize(layout.size)
    position, long_size = layout.header, None
    while position + layout.name + width <= total:
        file.seek(position)
        name = file.read(layout.name)[:4]
        (size,) = struct.unpack(layout.size, file.read(width))
        content = position + layout.name + width
        if layout.inclusive:
            size -= layout.name + width
        if name == b"ds64":  # RF64 keeps the size of its chunk of samples here
            file.seek(content + 8)
            (long_size,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
        if name == layout.samples:
            if long_size is not None and size == 0xFFFFFFFF:
                present = total - content
                return _shorter(long_size, present) if long_size < 1 << 62 else None
            return _shorter(size, total - content)
        if size < 0:
            return None
        position = content + size + -size % layout.align
    return None


def _ogg(file: BinaryIO, total: int) -> str | None:
    """Check the last page: its length, and the flag that ends a stream (RFC 3533, section 6)."""
    file.seek(max(total - 2 * OGG_PAGE, 0))
    tail = file.read()
    start = len(tail)
    while (start := tail.rfind(b"OggS\0", 0, start)) >= 0:
        page = tail[start:]
        if len(page) < 27 or len(page) < 27 + page[26]:
            return "its last Ogg page is incomplete"
        if len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
            return "its last Ogg page is incomplete"
        return None if page[5] & 4 else "its last Ogg page is not the end of the stream"
    return "it does not end with an Ogg page"


_BITRATES = {  # kbit/s of layer III, by MPEG version 1 or 2
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3(file: BinaryIO, total: int) -> str | None:
    """Compare with the Xing or VBRI header, or follow the frames to the end."""
    file.seek(0)
    content = file.read()
    start = 0
    if content[:3] == b"ID3" and len(content) >= 10:
        start = 10 + sum(
            (byte & 0x7F) << shift
            for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True)
        )
    size = _mp3_frame(content, start)
    if size is None:
        return None
    first = content[start : start + size]
    for name in (b"Xing", b"Info"):
        place = first.find(name, 4, 64)
        if place >= 0 and len(first) >= place + 16:
            (flags,) = struct.unpack(">I", first[place + 4 : place + 8])
            offset = place + 8 + (4 if flags & 1 else 0)
            if flags & 2:
                (announced,) = struct.unpack(">I", first[offset : offset + 4])
                return _shorter(announced, total - start)
    if first[36:40] == b"VBRI" and len(first) >= 50:
        (announced,) = struct.unpack(">I", first[46:50])
        return _shorter(announced, total - start)
    while (size := _mp3_frame(content, start)) is not None:
        if start + size > total:
            return "its last MP3 frame is incomplete"
        start += size
    return None


def _mp3_frame(content: bytes, start: int) -> int | None:
    """Return the bytes of the layer III frame at ``start``; None where there is no such frame."""
    header = content[start : start + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate == 3 or bitrate in (0, 15):
        return None
    bits = _BITRATES[1 if version == 3 else 2][bitrate] * 1000
    samples = 144 if version == 3 else 72
    return samples * bits // _RATES[version][rate] + (header[2] >> 1 & 1)
