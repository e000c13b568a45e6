"""Dynamic time warping against exhaustive search."""

import numpy as np
import pytest

from tts.metrics.dtw import dtw


def test_dtw_finds_the_cheapest_path() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        features, reference = random.normal(size=(6, 3)), random.normal(size=(5, 3))
        cost = np.linalg.norm(features[:, None] - reference[None], axis=-1)

        def cheapest(i: int, j: int, cost: np.ndarray = cost) -> float:
            if i == j == 0:
                return float(cost[0, 0])
            before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
            return float(cost[i, j]) + min(cheapest(a, b) for a, b in before if min(a, b) >= 0)

        path = dtw(features, reference)
        assert tuple(path[0]) == (0, 0)
        assert tuple(path[-1]) == (5, 4)
        assert cost[path[:, 0], path[:, 1]].sum() == pytest.approx(cheapest(5, 4))
