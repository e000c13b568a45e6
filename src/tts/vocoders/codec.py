"""Audio codecs: what every codec is, and loading or saving one.

A codec turns waveforms into discrete codes and back. Models that predict codes train on a corpus
whose codes one codec made (``data.codec=VOICE``), and only that codec can decode what they
generate: its :class:`~tts.contract.CodecContract` holds a hash of its weights.
"""

import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from tts.checkpoint import CheckpointError, Run, load_run, save_voice
from tts.chunks import in_chunks
from tts.contract import CodecContract, MelContract
from tts.errors import UserError
from tts.parts import MODEL_NAMES
from tts.plain_data import PlainData
from tts.trust import locate
from tts.vocoders.vocoder import VocoderOutput


class Codec(nn.Module):
    """Encode ``S`` samples as ``T = ceil(S / hop)`` frames of ``codebooks`` codes, and decode them.

    ``mel``: the settings of the audio the codec was made for, of which every codec takes the sample
    rate. A subclass is built as ``Class(mel, **settings)`` and implements :meth:`encode` and
    :meth:`decode`.
    """

    # frames on either side that the samples of a frame depend on; None: all frames
    context: int | None = None
    predicts_spectrum = False  # whether its output in training has one

    def __init__(self, mel: MelContract, hop: int, codebooks: int, codebook_size: int) -> None:
        super().__init__()
        self.mel = mel
        self.sample_rate, self.hop = mel.sample_rate, hop
        self.codebooks, self.codebook_size = codebooks, codebook_size

    @property
    def contract(self) -> CodecContract:
        """What the codes of the present weights mean; computed, so it changes with the weights."""
        return CodecContract(
            sample_rate=self.sample_rate,
            hop=self.hop,
            name=type(self).__name__,
            weights=_digest(self.state_dict()),
            codebooks=self.codebooks,
            codebook_size=self.codebook_size,
        )

    def encode(self, waveform: Tensor) -> Tensor:
        """``(B, S)`` samples in [-1, 1] -> ``(B, T, K)`` int64 codes, T = ceil(S / hop)."""
        raise NotImplementedError

    def decode(self, codes: Tensor) -> Tensor:
        """``(B, T, K)`` int64 codes -> ``(B, T * hop)`` samples in [-1, 1]."""
        raise NotImplementedError

    def code_vectors(self) -> Tensor | None:
        """Return vectors ``(K, V, D)`` that lie close together where codes sound alike.

        Models of codes start their embeddings from them; None: the codec has none.
        """
        return None

    def training_output(
        self, mel: Tensor, audio: Tensor, pitch: Tensor | None = None
    ) -> VocoderOutput:
        """Return what the losses read of a clip: log mel ``(B, T, M)``, its samples ``(B, S)``."""
        raise NotImplementedError

    def stream(self, codes: Tensor, frames: int | None = None) -> Iterator[Tensor]:
        """Yield the samples of :meth:`decode` in chunks ``(B, frames * hop)``, without gradients.

        With constant memory; a codec that is not local yields one chunk. Raises UserError.
        """
        if frames is not None and frames < 1:
            raise UserError(f"frames={frames} must be at least 1")
        self.check(codes)
        with torch.inference_mode():
            if frames is None or self.context is None:
                yield self.decode(codes)
            else:
                yield from in_chunks([(codes,)], self.decode, self.context, frames, self.hop)

    @property
    def bits_per_second(self) -> float:
        """Bits of the codes of a second, without entropy coding."""
        return self.codebooks * math.log2(self.codebook_size) * self.sample_rate / self.hop

    def check_waveform(self, waveform: Tensor) -> None:
        """Raise UserError unless ``waveform`` is ``(B, S)`` floats with at least one sample."""
        valid = isinstance(waveform, Tensor) and waveform.is_floating_point()
        if not valid or waveform.ndim != 2 or not waveform.shape[1]:
            raise UserError(
                f"a waveform for {type(self).__name__} has the shape (utterances, samples) and "
                f"floats in [-1, 1], not {_described(waveform)}"
            )

    def check(self, codes: Tensor) -> None:
        """Raise UserError unless ``codes`` is ``(B, T, K)`` integers, all in the codebooks."""
        given = isinstance(codes, Tensor)
        if not given or codes.ndim != 3 or codes.shape[2] != self.codebooks or not codes.shape[1]:
            raise UserError(
                f"codes for {type(self).__name__} have the shape (utterances, frames, "
                f"{self.codebooks}) with at least one frame, not {_described(codes)}"
            )
        if codes.dtype == torch.bool or codes.is_floating_point():
            raise UserError(
                f"codes for {type(self).__name__} are integers (int64), not {_described(codes)}"
            )
        lowest, highest = int(codes.min()), int(codes.max())
        if lowest < 0 or highest >= self.codebook_size:
            raise UserError(
                f"codes for {type(self).__name__} must lie in 0..{self.codebook_size - 1}; these "
                f"reach from {lowest} to {highest}"
            )


def is_codec(config: PlainData) -> bool:
    """Return whether a run's model is a codec. Raises TrustError for a class not trusted."""
    made = locate(config["model"]["_target_"], "the config", MODEL_NAMES)
    return isinstance(made, type) and issubclass(made, Codec)


def load_codec(path: str | os.PathLike[str], contract: CodecContract | None = None) -> Codec:
    """Load the codec of a run, a checkpoint or a voice, ready to encode and decode.

    ``contract``: of the codes to decode, None = any. Nothing in the file is executed. Raises
    CheckpointError for a file that is missing, damaged or not a codec, and ContractError naming the
    field when it is another codec.
    """
    run = load_run(path)
    if not is_codec(run.config):
        raise CheckpointError(
            f"{run.path} is not a codec: its model is {run.config['model']['_target_']}; "
            "give the folder of a codec's voice or run"
        )
    codec: Codec = run.build(**run.speaking)
    if contract is not None:
        contract.require(codec.contract, "the model", str(run.path))
    return codec.eval()


def save_codec(
    codec: Codec,
    folder: str | os.PathLike[str],
    settings: PlainData,
    about: PlainData | None = None,
) -> None:
    """Write a codec as a voice: ``voice.json`` and ``weights.safetensors``.

    ``settings``: the constructor's arguments after the mel contract. ``about``: plain data on the
    codec's origin.
    """
    target = f"{type(codec).__module__}.{type(codec).__qualname__}"
    config = {"model": {"_target_": target, "_partial_": True, **settings}}
    run = Run(
        path=Path(folder), config=config, contract=codec.mel, facts=None, frontend=None,
        weights=codec.state_dict(), step=0,
    )  # fmt: skip
    save_voice(run, folder, about or {})


def _described(tensor: object) -> str:
    if not isinstance(tensor, Tensor):
        return f"a {type(tensor).__name__}; torch.as_tensor makes a tensor of it"
    return f"{tuple(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def _digest(weights: dict[str, Tensor]) -> str:
    """Hash names, shapes, types and values, so that a run and its exported voice agree."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
