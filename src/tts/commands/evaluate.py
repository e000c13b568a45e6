"""Score a run on sentences it never saw, beside the recordings and their vocoder copies.

python -m tts.commands.evaluate run=outputs/... utterances=40
"""

from typing import Any

from tts.commands.app import launch


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    from tts.commands.evaluation import evaluate

    evaluate(config)


if __name__ == "__main__":
    launch(main, "evaluate", __doc__ or "", literal=("run", "out"))
