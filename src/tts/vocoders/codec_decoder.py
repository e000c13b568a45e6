"""Decoder of a codec in the place of a vocoder: codes in, waveform out.

A run or a voice whose model yields codes carries its codec in the folder ``codec``, as a voice of
its own; :class:`~tts.contract.CodecContract` tells whether it is the right one.
"""

from pathlib import Path

from torch import Tensor

from tts.checkpoint import VOICE, WEIGHTS, CheckpointError, Run, load_run, save_voice
from tts.contract import CodecContract, Contract
from tts.files import make_folder, write_bytes
from tts.vocoders.codec import Codec, load_codec
from tts.vocoders.vocoder import Vocoder

FOLDER = "codec"


class CodecDecoder(Vocoder):
    """Maps codes ``(B, T, K)`` of ``codec`` to waveforms; its methods take codes for mels."""

    contract: CodecContract  # type: ignore[assignment]

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec.contract)  # type: ignore[arg-type]
        self.codec, self.context = codec, codec.context

    def require(self, contract: Contract, owner: str) -> None:
        contract.require(self.contract, owner, "the codec")

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes ``(B, T, K)`` int64 to samples ``(B, T * hop)`` in [-1, 1]."""
        return self.codec.decode(codes)

    def copy(self, mel: Tensor, waveform: Tensor) -> Tensor:
        return self.synthesize(self.codec.encode(waveform))

    def check_mel(self, mel: Tensor) -> None:
        """Raise UserError unless ``mel`` holds codes ``(B, T, K)`` of the codec."""
        self.codec.check(mel)


def codec_folder(path: Path) -> Path:
    """Return where the codec of a run's checkpoint or of a voice at ``path`` is kept."""
    folder = path if path.is_dir() else path.parent
    return (folder.parent if folder.name == "checkpoints" else folder) / FOLDER


def load_codec_decoder(run: Run) -> CodecDecoder:
    """Load the codec that a run or a voice carries.

    Raises CheckpointError where it is missing or damaged, ContractError naming the field where it
    is another codec.
    """
    contract, folder = run.require_facts().codec, codec_folder(run.path)
    assert contract is not None
    if not (folder / VOICE).is_file():
        raise CheckpointError(
            f"{run.path} predicts the codes of {contract.name} ({contract.weights}), and there is "
            f"no {folder}: copy the voice of this codec to it"
        )
    return CodecDecoder(load_codec(folder, contract))


def keep_codec(source: Path, folder: Path) -> None:
    """Write the codec of a run, a checkpoint or a voice to ``folder / "codec"``."""
    target = folder / FOLDER
    if not (source / VOICE).is_file():
        save_voice(load_run(source), target, {})
        return
    make_folder(target)
    for name in (WEIGHTS, VOICE):  # the card last: it makes the folder a voice
        write_bytes(target / name, (source / name).read_bytes())
