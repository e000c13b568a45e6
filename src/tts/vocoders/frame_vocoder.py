"""Base of the vocoders that predict a spectrum at the frame rate with ConvNeXt blocks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.contract import MelContract
from tts.modules.conv import ChannelsLastConv1d, to_bucket
from tts.modules.exporting import is_exporting
from tts.vocoders.convnext import KERNEL, ConvNeXt
from tts.vocoders.inverse_mel import InverseMel, check_magnitude_weight
from tts.vocoders.inverse_stft import InverseSTFT
from tts.vocoders.polar import magnitude_of
from tts.vocoders.vocoder import Vocoder

PRIOR_STEPS = 3  # updates of the mel inversion
MAX_MAGNITUDE = 100.0  # louder than any speech: keeps an early exp from infinity


class FrameVocoder(Vocoder):
    """Vocoder of ``depth`` ConvNeXt blocks with ``dim`` channels, ``hidden`` inside a block."""

    spectrum: nn.Linear  # log magnitudes and phases, of those that predict a spectrum
    inverse_stft: InverseSTFT
    inverse_mel: InverseMel
    refinements: int
    magnitude_weight: float
    context: int

    def __init__(self, contract: MelContract, dim: int, hidden: int, depth: int) -> None:
        super().__init__(contract)
        self.dim = dim
        self.embed = ChannelsLastConv1d(contract.bands, dim, KERNEL, padding=KERNEL // 2)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.blocks = nn.ModuleList(ConvNeXt(dim, hidden, 1 / depth) for _ in range(depth))
        self.last_norm = nn.LayerNorm(dim, eps=1e-6)
        self.context = KERNEL // 2 * (depth + 1)  # of the convolutions

    def add_inversion(self, refinements: int, magnitude_weight: float) -> None:
        """Add what turns a spectrum into samples; the context grows with it.

        Arguments as in :class:`~tts.vocoders.vocos.Vocos`. Raises UserError for a weight outside
        of [0, 1].
        """
        check_magnitude_weight(magnitude_weight, "model")
        contract = self.contract
        self.refinements, self.magnitude_weight = refinements, magnitude_weight
        self.inverse_stft = InverseSTFT(contract)
        self.inverse_mel = InverseMel(contract, PRIOR_STEPS)
        # the overlap of frames in each refinement, then of frames and samples
        self.context += (contract.n_fft - 1) // contract.hop * refinements
        self.context += contract.n_fft // contract.hop // 2 + 1

    def initialize(self) -> None:
        """Give all layers the initial weights of Vocos."""
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def use_bfloat16(self) -> None:
        """Compute the linear layers of the blocks in bf16: nine tenths of the arithmetic."""
        for block in self.blocks:
            block.expand.bfloat16()
            block.contract.bfloat16()

    def reconstruct(self, spectrum: Tensor, mel: Tensor) -> Tensor:
        """Map a complex spectrum ``(B, T, n_fft // 2 + 1)`` and its mel to ``(B, T * hop)``."""
        with torch.autocast(mel.device.type, enabled=False):
            update = self.inverse_mel.relax_magnitudes(
                magnitude_of(spectrum), mel.float(), self.magnitude_weight
            )
            refined = self.inverse_stft.refine_phases(
                spectrum, self.refinements, update_magnitude=update
            )
            return self.inverse_stft(refined)

    def _embedded(self, mel: Tensor) -> Tensor:
        """Return ``self.embed(mel)`` by a matrix product.

        oneDNN's convolution rounds a frame differently in every length of chunk, and bf16 layers
        and phase refinement amplify that.
        """
        windows = F.pad(mel, (0, 0, KERNEL // 2, KERNEL // 2)).unfold(1, KERNEL, 1)
        return F.linear(windows.flatten(2), self.embed.weight.flatten(1), self.embed.bias)

    def _transformed(self, x: Tensor) -> Tensor:
        """Apply the blocks to ``x (B, T, dim)``; in synthesis on a CPU, to a length that recurs."""
        frames = x.shape[1]
        recurs = x.device.type == "cpu" and not torch.is_grad_enabled() and not is_exporting()
        after = to_bucket(frames) if recurs else 0
        x = F.pad(x, (0, 0, 0, after)) if after else x
        for block in self.blocks:
            x = block(x)
            if after:
                x[:, frames:] = 0  # as the convolution pads
        return x[:, :frames]

    def features(self, mel: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return the output of the blocks, ``(B, T, dim)``."""
        x = self.embed(mel) if torch.is_grad_enabled() else self._embedded(mel)
        x = self.norm(x if condition is None else x + condition)
        return self._transformed(x)

    def target_spectrum(self, audio: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames of a clip's spectrum that lie within it, predicted and recorded.

        ``audio (B, T * hop)``, ``spectrum (B, T, n_fft // 2 + 1)``. The windows of the first and
        the last frames reach beyond the clip.
        """
        edge = self.contract.n_fft // self.contract.hop // 2
        return spectrum[:, edge:-edge], self.inverse_stft.stft(audio)[:, edge:-edge]
