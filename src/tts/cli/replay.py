"""Replay a skipped training step and report where it went wrong.

python -m tts replay outputs/.../failures/step-0001234.pt
python -m tts replay BUNDLE --device cuda

callbacks.bad_steps writes a bundle for every step that it skips. The same batch, weights and random
states go through the same system, and every module is checked for NaN and infinite values.
"""

from tts.config.arguments import ArgumentParser
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports
from tts.trust import trusting


def main() -> None:
    with reported():
        parser = ArgumentParser("replay", __doc__)
        parser.add_argument("bundle", help="failures/step-....pt of a run")
        parser.add_argument("--device", default="cpu", help="cpu or cuda")
        parser.add_argument(
            "--trust", default=[], action="append", metavar="PACKAGE",
            help="package of your own whose classes the bundle may name",
        )  # fmt: skip
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.training.replay import replay

        with trusting(arguments.trust):
            print(replay(arguments.bundle, arguments.device))


if __name__ == "__main__":
    main()
