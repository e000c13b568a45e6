"""Share a voice: push its folder to the Hugging Face hub, or pull one from it.

python -m tts hub push voices/anna me/anna --report outputs/anna/evaluation/report.json
python -m tts hub pull me/anna voices/anna

The card is the voice's README.md, or made of the measured results of --report. A folder stands in
for the hub where its path begins with / or ./. Pushing needs a login: hf auth login.
"""

from tts.config.arguments import ArgumentParser
from tts.config.reporting import reported
from tts.memory import gc_frozen_imports


def main() -> None:
    with reported():
        parser = ArgumentParser("hub", __doc__)
        parser.add_argument("action", choices=("push", "pull"))
        parser.add_argument("source", help="folder of a voice to push, or repository to pull")
        parser.add_argument("target", help="repository to push to, or folder to pull into")
        parser.add_argument("--report", help="report.json of an evaluation, for the card")
        parser.add_argument("--private", action="store_true", help="create a private repository")
        arguments = parser.parse_args()
        with gc_frozen_imports():
            from tts.export.hub import pull, push

        if arguments.action == "push":
            place = push(arguments.source, arguments.target, arguments.report, arguments.private)
        else:
            if arguments.report or arguments.private:
                parser.error("--report and --private are for push")
            place = str(pull(arguments.source, arguments.target))
        print(f"-> {place}")


if __name__ == "__main__":
    main()
