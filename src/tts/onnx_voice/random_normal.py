"""Standard normal numbers as torch draws them on a CPU, from the same seed, without torch.

The Mersenne Twister (Matsumoto & Nishimura 1998) and the Box-Muller transform, in the order in
which torch.randn calls them: a voice in ONNX and in torch say the same for a seed.
"""

import numpy as np

BLOCK = 16  # numbers that one call of torch's transform makes


class TorchNormal:
    """``torch.randn(size, generator=torch.Generator().manual_seed(seed))``, to float32's rounding.

    ``seed``: its lowest 32 bits count.
    """

    def __init__(self, seed: int) -> None:
        self.random = np.random.RandomState(seed & 0xFFFFFFFF)
        self.next: float | None = None  # the second number of a pair, of small draws

    def draw(self, *shape: int) -> np.ndarray:
        """Return float32 numbers of this shape."""
        count = int(np.prod(shape))
        made = self._many(count) if count >= BLOCK else self._few(count)
        return made.astype(np.float32).reshape(shape)

    def state(self) -> tuple[object, float | None]:
        """Return where the sequence of numbers stands."""
        return self.random.get_state(), self.next

    def restore(self, state: tuple[object, float | None]) -> None:
        """Go back to an earlier :meth:`state`."""
        found, self.next = state
        self.random.set_state(found)  # type: ignore[arg-type]

    def _many(self, count: int) -> np.ndarray:
        """16 or more: pairs lie eight apart, and the last 16 are drawn again if one is left."""
        uniform = self._uniform(count)
        whole = count // BLOCK * BLOCK
        if whole == count:
            return _pairs(uniform)
        tail = _pairs(self._uniform(BLOCK))
        return np.concatenate([_pairs(uniform[:whole])[: count - BLOCK], tail])

    def _few(self, count: int) -> np.ndarray:
        """Fewer than 16: one after the other, in double precision."""
        return np.array([self._one() for _ in range(count)])

    def _one(self) -> float:
        if self.next is not None:
            number, self.next = self.next, None
            return number
        first, second = (self._double() for _ in range(2))
        radius = np.sqrt(-2 * np.log1p(-second))
        self.next = float(radius * np.sin(2 * np.pi * first))
        return float(radius * np.cos(2 * np.pi * first))

    def _words(self, count: int) -> np.ndarray:
        return self.random.randint(0, 1 << 32, size=count, dtype=np.uint32)

    def _uniform(self, count: int) -> np.ndarray:
        """Numbers in [0, 1) of 24 bits."""
        return (self._words(count) & 0xFFFFFF).astype(np.float64) * 2.0**-24

    def _double(self) -> float:
        """A number in [0, 1) of 53 bits."""
        high, low = self._words(2).tolist()
        return (((high << 32) | low) & ((1 << 53) - 1)) * 2.0**-53


def _pairs(uniform: np.ndarray) -> np.ndarray:
    first, second = uniform.reshape(-1, 2, BLOCK // 2).transpose(1, 0, 2)
    radius, angle = np.sqrt(-2 * np.log(1 - first)), 2 * np.pi * second
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    return pairs.reshape(-1)
