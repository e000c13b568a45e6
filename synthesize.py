"""Synthesize speech with a trained model: ``python synthesize.py --help``."""

from tts.cli.synthesize import main

if __name__ == "__main__":
    main()
