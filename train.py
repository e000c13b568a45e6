"""Train a text-to-speech model: ``python train.py --help``."""

from tts.cli.train import main

if __name__ == "__main__":
    main()
