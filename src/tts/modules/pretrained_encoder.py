"""Text encoder with the layers of M2M100 and NLLB, whose pretrained weights it can start from."""

from collections.abc import Callable

from torch import Tensor, nn

from tts.bounds import Channels
from tts.modules.context import Context
from tts.modules.stack import Stack


class PretrainedEncoder(nn.Module):
    """A linear into ``width`` channels, ``stack``, a linear back. ``(B, N, dim) -> (B, N, dim)``.

    ``stack(dim=, style_dim=)`` makes pre-normalized Transformer layers, as those of M2M100 (Fan et
    al. 2020) and NLLB are; the option ``encoder_from`` fills them. The linear before them replaces
    the vocabulary of the pretrained model, so phonemes or letters can be read. ``frozen``: the
    layers keep their weights, and only the linears and the style's FiLM learn.
    """

    def __init__(
        self,
        dim: int,
        stack: Callable[..., Stack],
        width: Channels = 1024,
        frozen: bool = False,
        style_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.input, self.output = nn.Linear(dim, width), nn.Linear(width, dim)
        self.stack = stack(dim=width, style_dim=style_dim)
        if frozen:
            for name, parameter in self.stack.named_parameters():
                parameter.requires_grad_(".film." in name)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.output(self.stack(self.input(x), context)) * context.mask[..., None]
