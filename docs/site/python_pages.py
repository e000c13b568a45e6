"""Reference of the Python interface: the modules whose names others use, from their docstrings."""

from pathlib import Path

# what programs, notebooks and parts of one's own import
SECTIONS = {
    "Speak": ["synthesizer", "controls", "timings"],
    "Types that cross folders": ["batch", "contract", "corpus", "bounds", "errors"],
    "Text": ["text.frontend", "text.phonemes", "text.symbols", "text.symbol_table"],
    "Audio": ["audio.io", "audio.mel", "audio.mel_filters", "audio.pitch", "audio.energy"],
    "Corpora": ["data.corpora.source", "data.corpora.ljspeech", "data.corpora.recording"],
    "Modules": ["modules"],
    "Alignment": ["alignment"],
    "Models": ["models"],
    "Vocoders and codecs": ["vocoders"],
    "Discriminators": ["discriminators"],
    "Losses": ["losses"],
    "Optimization": ["optim"],
    "Metrics": ["metrics"],
    "Callbacks": ["callbacks"],
    "Any torch model": ["monitoring"],
}


# sections whose classes are read by their fields, with the comments beside them
FIELDS = ("Types that cross folders", "Corpora")
SOURCE = "    options:\n      show_source: true\n"


def python_page(source: Path) -> str:
    """Return the page in Markdown, with a directive for every module."""
    lines = ["# Python\n", "Made from the docstrings of `src/tts`.\n"]
    for title, names in SECTIONS.items():
        lines.append(f"## {title}\n")
        for name in names:
            place = source.joinpath(*name.split("."))
            found = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
            for path in found:
                if path.stem != "__init__" and path.is_file():
                    dotted = ".".join(path.relative_to(source).with_suffix("").parts)
                    lines.append(f"::: tts.{dotted}\n{SOURCE if title in FIELDS else ''}")
    return "\n".join(lines)
