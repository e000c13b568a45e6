"""Autoregressive Transformer TTS: tokens to mels or codes, one decoder step after another.

Li et al. 2019, "Neural speech synthesis with Transformer network", after Tacotron 2 (Shen et al.
2018). The main changes: the mixers of encoder and decoder are configurable, one step covers several
frames, a few heads learn to read where an aligner says (or by guided attention and the forward-sum
loss), and a step writes mel frames with a density to sample from, or the tokens of a codec.
"""

from typing import Any

from tts.corpus import CorpusFacts
from tts.models.autoregressive_base import Autoregressive, Parts
from tts.models.autoregressive_mel import AutoregressiveMel


class AutoregressiveParts(Parts):
    """The config choices of an autoregressive model. Called with corpus facts, it makes one."""

    __slots__ = ()

    def __call__(self, facts: CorpusFacts) -> Autoregressive[Any]:
        return (self.output or AutoregressiveMel)(facts, self)
