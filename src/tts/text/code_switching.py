"""Code-switching: runs of another script inside of a sentence, each with a language of its own.

Latin letters are never split off: units, addresses and abbreviations in them belong to the
sentence's own rules, and espeak-ng reads Latin words in every language.
"""

from collections.abc import Sequence

from tts.text.language_id import detect_language
from tts.text.scripts import script_of
from tts.text.spans import Span

_NEVER = frozenset({"LATIN", "COMBINING", "UNUSUAL", "MODIFIER", "MODIFYING"})
_HAN = {"ja", "ko"}  # written with Chinese characters too


def switched(
    spans: Sequence[Span],
    language: str,
    scripts: frozenset[str] | None,
    languages: Sequence[str] = (),
) -> list[Span]:
    """Return spans with runs of letters in other scripts than ``scripts`` marked by a language.

    ``scripts``: of ``language``; None: all are its own. ``languages``: those preferred for a run.
    Nothing is marked in a text without a letter of its own language, and in a script that no known
    language is written in.
    """
    if scripts is None or all(span.text.isascii() for span in spans):
        return list(spans)
    own = scripts | _NEVER | ({"CJK"} if language.split("-")[0] in _HAN else set())
    letters = [s for span in spans if _is_free(span) for s in map(script_of, span.text)]
    if not any(script in scripts for script in letters):
        return list(spans)
    return [piece for span in spans for piece in _pieces(span, own, languages)]


def _is_free(span: Span) -> bool:
    return span.phonemes is None and span.language is None


def _pieces(span: Span, own: frozenset[str], languages: Sequence[str]) -> list[Span]:
    if not _is_free(span) or span.text.isascii():
        return [span]
    found: list[Span] = []
    start = 0
    for begin, end in _runs(span.text, own):
        run = span.text[begin:end]
        language = detect_language(run, languages) or detect_language(run)
        if language is None:
            continue
        found += [
            span._replace(text=span.text[start:begin]),
            span._replace(text=run, language=language),
        ]
        start = end
    found.append(span._replace(text=span.text[start:]))
    return [piece for piece in found if piece.text]


def _runs(text: str, own: frozenset[str]) -> list[tuple[int, int]]:
    """Return where runs of foreign letters begin and end, with what stands between two of them."""
    runs: list[tuple[int, int]] = []
    joins = False  # whether only marks, spaces and digits stand behind the last run
    for place, character in enumerate(text):
        script = script_of(character)
        if script in own and script != "COMBINING":
            joins = False
        elif script is not None and script != "COMBINING":
            if joins:
                runs[-1] = (runs[-1][0], place + 1)
            else:
                runs.append((place, place + 1))
            joins = True
        elif script == "COMBINING" and runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
    return runs
