"""Model card of a voice: what it is, its licenses, and its measured scores, as Markdown."""

import math

from tts.checkpoint import Run
from tts.errors import UserError
from tts.plain_data import PlainData

INTERVAL = 3  # numbers of an estimate: mean, lower and upper end


def model_card(name: str, run: Run, about: PlainData, report: PlainData | None) -> str:
    """Return the card of a voice called ``name``, with the front matter that the hub reads.

    ``about``: the section of ``voice.json``. ``report``: ``report.json`` of an evaluation; None
    leaves the scores out. Raises UserError for a report of another form.
    """
    parameters = sum(weight.numel() for weight in run.weights.values()) / 1e6
    languages = [] if run.facts is None else list(run.facts.languages)
    speakers = [] if run.facts is None else list(run.facts.speakers)
    license_ = str(about.get("license", "other"))
    lines = ["---", "library_name: lightning-tts", "pipeline_tag: text-to-speech",
             f"license: {license_.lower()}"]  # fmt: skip
    if languages:
        lines += ["language:", *(f"- {code}" for code in dict.fromkeys(x[:2] for x in languages))]
    lines += ["---", ""]
    lines += [f"# {name}", "", "```bash", f"python -m tts hub pull REPOSITORY voices/{name}"]
    if run.facts is not None:
        lines.append(f'python -m tts synthesize run=voices/{name} text="..." out=speech.wav')
    lines += ["```", "", "| property | value |", "|---|---|"]
    rows = {
        "model": str(run.config["model"].get("_target_", "")).rpartition(".")[2],
        "parameters": f"{parameters:.1f} M",
        "training": f"{run.step:,} steps",
        "speakers": ", ".join(speakers[:20]) + (" ..." if len(speakers) > 20 else ""),
        "languages": ", ".join(languages),
        "data": str(about.get("data", "")),
        "license": license_,
        "sample rate": f"{run.contract.sample_rate} Hz",
    }
    lines += [f"| {key} | {value} |" for key, value in rows.items() if value]
    lines += ["", "## Scores", "", *(["Not measured."] if report is None else _scores(report))]
    return "\n".join(lines) + "\n"


def _scores(report: PlainData) -> list[str]:
    """Return a table of the measures of all systems, with their 95 % intervals."""
    try:
        systems, measures = report["systems"], report["measures"]
        lines = [
            f"{report['utterances']} sentences; means with 95 % intervals.",
            "",
            "| measure | " + " | ".join(systems) + " |",
            "|---|" + "---|" * len(systems),
        ]
        for name, info in measures.items():
            unit = f", {info['unit']}" if info["unit"] else ""
            cells = [_cell(values.get(name), int(info["digits"])) for values in systems.values()]
            lines.append(f"| {info['label']}{unit} | " + " | ".join(cells) + " |")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"the report has another form ({error!r}): give report.json of python -m tts evaluate"
        ) from error
    return lines


def _cell(estimate: object, digits: int) -> str:
    if not isinstance(estimate, list) or len(estimate) != INTERVAL:
        return ""
    if not all(isinstance(x, int | float) and math.isfinite(x) for x in estimate):
        return ""
    value, low, high = estimate
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
