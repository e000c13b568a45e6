"""Watch runs in the terminal: steps, speed, losses, utilization, memory, time left.

python -m tts monitor                       all runs under outputs/, until Ctrl-C
python -m tts monitor outputs/lj --every 5  seconds between two looks
python -m tts monitor outputs/ once=true    the table once, for logs and scripts

It reads config.yaml, summary.json and TensorBoard's event files, and changes nothing.
"""

from pathlib import Path

from tts.config.arguments import ArgumentParser, positive
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports

ONCE = ("once=true", "once=false")


def main() -> None:
    with reported():
        parser = ArgumentParser("monitor", __doc__)
        parser.add_argument("folders", nargs="*", help="folders of runs (outputs), and once=true")
        parser.add_argument("--every", type=positive, default=2, help="seconds between looks (2)")
        parser.add_argument("--once", action="store_true", help="the same as once=true")
        arguments = parser.parse_args()
        folders = [Path(word) for word in arguments.folders if word not in ONCE]
        once = arguments.once or ONCE[0] in arguments.folders
        with gc_frozen_imports():
            from tts.training.monitor import monitor

        monitor(folders or [Path("outputs")], once, arguments.every)


if __name__ == "__main__":
    main()
