"""What every vocoder is: mel in, samples out, under one contract."""

from torch import Tensor, nn

from tts.audio.mel import MelContract


class Vocoder(nn.Module):
    """Turns log mels of its contract into samples; T frames give exactly T * hop samples."""

    def __init__(self, contract: MelContract) -> None:
        super().__init__()
        self.contract = contract

    def require(self, contract: MelContract, theirs: str) -> None:
        """Raise ContractError, naming the fields, when ``theirs`` makes another mel."""
        self.contract.require(contract, type(self).__name__, theirs)

    def forward(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` natural-log mel -> ``(B, T * hop)`` samples in [-1, 1]."""
        raise NotImplementedError
