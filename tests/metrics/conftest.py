"""A recording that the tests of several measures share."""

import numpy as np
import pytest

from tests.metrics.recordings import synthesize


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    return synthesize("The harbour was full of painted ships.", "f3")
