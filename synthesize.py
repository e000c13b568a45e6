"""Synthesize speech with a trained model: ``python synthesize.py --help``."""

from tts.signals import ending_on_signals

if __name__ == "__main__":
    with ending_on_signals():
        from tts.cli.synthesize import main

        main()
