"""Run the notebooks and keep their outputs: ``python docs/site/run_notebooks.py RUN SWEEP``.

Sounds are kept as Ogg Vorbis, which takes a tenth of the space.
"""

import base64
import io
import os
import re
import sys
from pathlib import Path

import nbformat
import soundfile
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WAV = re.compile(r"data:audio/wav;base64,([A-Za-z0-9+/=]+)")


def to_ogg(match: re.Match[str]) -> str:
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(match[1])))
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format="OGG", subtype="VORBIS")
    return "data:audio/ogg;base64," + base64.b64encode(content.getvalue()).decode()


def main(run: str, sweep: str) -> None:
    os.environ |= {
        "TTS_RUN": run,
        "TTS_SWEEP": sweep,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        resources = {"metadata": {"path": str(NOTEBOOKS)}}
        NotebookClient(notebook, timeout=600, resources=resources).execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
            for output in cell.get("outputs", ()):
                html = output.get("data", {}).get("text/html")
                if html is not None:
                    html = WAV.sub(to_ogg, html).replace('type="audio/wav"', 'type="audio/ogg"')
                    output["data"]["text/html"] = html
        notebook.metadata.pop("language_info", None)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
