"""A voice in one ONNX file: its graph, run by onnxruntime, and the card in its metadata.

No module of this package imports torch: a voice speaks in less time than that import takes.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tts.batch import Prompt
from tts.controls import SynthesisControls, shown
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.onnx_voice.graph_speaker import Arrays, GraphSpeaker, Spoken
from tts.onnx_voice.graph_style import CONTROLS
from tts.plain_data import PlainData, PlainDataError, parse_json, quoted
from tts.project_files import install_advice, to_path
from tts.threads import COUNT, usable_cpus
from tts.trust import require_trusted

FORMAT = 1  # of the card
KEY = "lightning_tts"  # of the card, among the file's metadata
SUFFIX = ".onnx"


class Copied(NamedTuple):
    """What a voice in ONNX copies of a recording."""

    mel: np.ndarray  # (1, T, M) natural-log magnitude
    statistics: np.ndarray  # (1, 4)
    embedding: np.ndarray | None  # (1, E)


class OnnxVoice:
    """Runs the graph of ``path`` on ``threads``, by default the CPUs that this process may use.

    ``meanwhile`` is called while the graph is loaded. Raises UserError for a file that is no voice
    in ONNX.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        threads: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.path = Path(path)
        try:
            import onnxruntime
        except ImportError as error:
            raise UserError(
                f"{path}: a voice in ONNX needs onnxruntime: {install_advice('onnx')}"
            ) from error
        if not self.path.is_file():
            raise UserError(f"there is no voice {self.path}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        asked = os.environ.get(COUNT, "")
        options.intra_op_num_threads = threads or (int(asked) if asked.isdigit() else usable_cpus())
        # waiting threads of an idle voice use no CPU
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # the file is optimized when it is exported
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        opening = _Opening(
            lambda: onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"]
            )
        )
        if meanwhile is not None:
            meanwhile()
        try:
            self.session = opening.result()
        except Exception as error:  # onnxruntime's own types
            raise UserError(
                f"{self.path} is not an ONNX file that onnxruntime reads: copy or export it again"
            ) from error
        self.card = self._card()
        self.facts = CorpusFacts.from_dict(self.card["facts"], f"{self.path}, facts")
        self.speaking = SynthesisControls.parse(self.card["speaking"])
        self.inputs = {one.name: one.shape[-1] for one in self.session.get_inputs()}
        rate = self.facts.contract.frames_per_second
        self.speaker = GraphSpeaker(self._run, self.inputs, self.card, rate)

    @property
    def controls(self) -> frozenset[str]:
        """Names of the controls that the graph takes."""
        names = {"rate", "pitch", "energy", "pitch_range", "variance_scale", "prosody_temperature"}
        if "style" in self.card:
            names |= CONTROLS
        return frozenset({*names, "temperature"} if "temperature" in self.inputs else names)

    def require_controls(self, controls: SynthesisControls) -> None:
        """Raise UserError naming the first changed control that the graph does not take."""
        for name, value in controls.changed().items():
            if name not in self.controls:
                fixed = " (steps, solver and guidance are fixed when a voice is exported)"
                raise UserError(
                    f"{name}={shown(value)}: {self.path} does not take {name}; it takes "
                    f"{', '.join(sorted(self.controls))}{fixed}"
                )

    def reference(self, path: str | os.PathLike[str] | None) -> Copied | None:
        """Return what is copied of a recording; it is computed with torch.

        Raises UserError for a recording that is required or that the graph does not take.
        """
        if path is None:
            if "reference" in self.inputs:
                raise UserError("this model copies the style of a recording: give reference=FILE")
            return None
        if not {"reference", "reference_steps", "embedding"} & set(self.inputs):
            raise UserError(
                f"reference={path}: this model was not trained with model/style=reference or "
                "model/style=composed"
            )
        from tts.speakers.reference import read_reference

        read = read_reference(path, self.facts.contract, "embedding" in self.inputs)
        embedding = None if read.embedding is None else read.embedding.numpy()
        return Copied(read.mel.numpy(), read.statistics.numpy(), embedding)

    def speak(self, prompt: Prompt) -> Spoken:
        """Speak a prompt of one utterance, as :meth:`GraphSpeaker.speak` does."""
        return self.speaker.speak(prompt)

    def _run(self, inputs: Arrays) -> Spoken:
        return Spoken(*self.session.run(list(Spoken._fields), dict(inputs)))

    def _card(self) -> PlainData:
        """Return the card, checked to be plain data that names only trusted classes."""
        text = self.session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            raise UserError(
                f"{self.path} is not a voice of this project: export one with python -m tts export "
                "run=... format=onnx"
            )
        where = f"{self.path}, metadata"
        card = parse_json(text, where)
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            raise PlainDataError(f"{where}: expected a card of format {FORMAT}")
        kinds = {
            "facts": dict, "frontend": dict, "speaking": dict, "neutral": dict, "stride": int,
        }  # fmt: skip
        for name, kind in kinds.items():
            if not isinstance(card.get(name), kind):
                raise PlainDataError(f"{where}, {name}: not {quoted(card.get(name))}")
        require_trusted(card, where)
        return card


class _Opening:
    """Opens a session in a thread: onnxruntime lets Python's other threads run meanwhile."""

    def __init__(self, open_: Callable[[], Any]) -> None:
        self.open, self.found = open_, None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.found = self.open()
        except Exception as error:
            self.error = error

    def result(self) -> Any:
        """Return the session, or raise what opening it raised."""
        self.thread.join()
        if self.error is not None:
            raise self.error
        return self.found


def is_onnx(path: str | os.PathLike[str] | None) -> bool:
    """Return whether ``path`` names a voice in ONNX."""
    return path is not None and to_path(path).suffix.lower() == SUFFIX
