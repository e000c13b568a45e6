"""Train a text-to-speech model: ``python train.py --help``."""

from tts.search_path import leave_out_current_folder

leave_out_current_folder()

from tts.signals import ending_on_signals  # noqa: E402

if __name__ == "__main__":
    with ending_on_signals():
        from tts.cli.train import main

        main()
