"""Train a text-to-speech model: ``python train.py --help``."""

from tts.signals import ending_on_signals

if __name__ == "__main__":
    with ending_on_signals():
        from tts.cli.train import main

        main()
