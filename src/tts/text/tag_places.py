"""Places of tags in a text, for messages about what a tag asks for."""

from collections.abc import Collection

from tts.text import bracket_markup, ssml


def tag_place(text: str, control: str, symbols: Collection[str]) -> str:
    """Return the first tag that changes ``control``, a name of ``spans.BOUNDS``, with its place."""
    if ssml.is_ssml(text):
        found = ssml.control_tag(text, control, symbols)
    else:
        found = bracket_markup.control_tag(text, control)
    return found or "the markup of the text"
