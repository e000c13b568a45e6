"""Show how text is read: its sentences, words, phonemes and pauses.

python -m tts phonemize text="Dr. Smith paid $5."
python -m tts phonemize language=de file=text.txt format=text
echo "Good morning." | python -m tts phonemize run=outputs/...

Prints one JSON object a line for each sentence, as synthesis uses it:
{"sentence", "normalized", "phonemes", "pause", "unknown", "language"}.
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without them
    with gc_frozen_imports():
        from tts.synthesis.phonemize import phonemize

    phonemize(config)


def main() -> None:
    launch(run, "phonemize", __doc__ or "")


if __name__ == "__main__":
    main()
