"""Run a step that was skipped again, and say where it goes wrong.

python -m tts.cli.replay outputs/.../failures/step-0001234.pt
python -m tts.cli.replay BUNDLE --device cuda

A bundle is what callbacks.bad_steps leaves of a step. The same batch with the same weights and the
same random numbers goes through the same system, watched module by module.
"""

import argparse
import sys

from tts.errors import UserError
from tts.memory import gc_frozen_imports


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tts.cli.replay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", help="failures/step-....pt of a run")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    with gc_frozen_imports():
        from tts.training.replay import replay

    try:
        print(replay(arguments.bundle, arguments.device))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
