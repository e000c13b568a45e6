"""Detection of tags outside of SSML, which would be read aloud."""

import re

from tts.text.errors import TextError, UnreadableTextError

_NAMES = (
    "speak|break|prosody|emphasis|say-as|phoneme|sub|voice|audio|mark|lang|lexicon|lookup|metadata|"
    "meta|desc|token|p|s|w|a|b|i|u|em|strong|br|hr|div|span|html|head|body|title|h[1-6]|ul|ol|li|"
    "table|tr|td|th|img|pre|code|script|style|small|sup|font|q|blockquote|[a-z]+:[a-z-]+"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[\w.%+-]+))*"""
# a<b>c compares numbers
_TAG = re.compile(
    rf"</\s*(?:{_NAMES})\s*>|(?<![\w)])<(?:{_NAMES})\s*/?>|<(?:{_NAMES}){_ATTRIBUTES}\s*/>"
    rf"|<(?:{_NAMES})(?=\s){_ATTRIBUTES}\s*>|<\?xml\b|<!--|<!\[CDATA\[|<!DOCTYPE\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]")


def require_no_markup(text: str) -> None:
    """Raise TextError if ``text`` holds tags of SSML or HTML; UnreadableTextError if only tags."""
    if "<" in text and (match := _TAG.search(text)):
        if not _WORD.search(_TAG.sub("", text)):
            raise UnreadableTextError(f"the text {match[0]!r} has only tags, and no word to speak")
        raise TextError(
            f"the text has the tag {match[0]}, and only SSML has tags: remove them, or put the "
            "whole text in <speak>...</speak>"
        )
