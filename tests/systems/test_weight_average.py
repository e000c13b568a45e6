"""Moving average of the weights: torch's values, and a count that survives a checkpoint."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tts.systems.weight_average import WeightAverage


def reference(averages: list, weights: list, count: torch.Tensor) -> None:
    decay = min(0.9, (1 + float(count)) / (10 + float(count)))
    for average, weight in zip(averages, weights, strict=True):
        average.lerp_(weight, 1 - decay)


def test_equals_torchs_averaged_model_also_after_loading() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    ours, theirs = WeightAverage(model, 0.9), AveragedModel(model, multi_avg_fn=reference)
    for step in range(12):
        with torch.no_grad():
            for tensor in [*model.parameters(), model[1].running_mean]:
                tensor.add_(torch.randn_like(tensor))
        if step == 5:  # a resumed training goes on with the decay it had
            state = ours.state_dict()
            ours = WeightAverage(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), 0.9)
            ours.load_state_dict(state)
        ours.update_parameters(model)
        theirs.update_parameters(model)
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        for key, value in theirs.state_dict().items():
            if "running" not in key:  # torch's averages only parameters, and copies buffers
                torch.testing.assert_close(ours.state_dict()[key], value)
    assert torch.equal(ours.module[1].running_mean, model[1].running_mean)
