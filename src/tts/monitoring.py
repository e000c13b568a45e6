"""Monitoring for any torch model: what this project's callbacks measure, without a trainer.

>>> import torch
>>> from torch import nn
>>> from tts.monitoring import MetricsAggregator, clip_gradients, gradient_report
>>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
>>> history = MetricsAggregator()
>>> for step in range(1, 4):
...     model.zero_grad()
...     loss = model(torch.ones(2, 4)).square().mean()
...     loss.backward()
...     history.add(step, loss=loss, gradient_norm=clip_gradients(model, 1.0))
>>> sorted(gradient_report(model).layers)
['0', '2']
>>> history.statistics()["loss"]["best_at"] in (1, 2, 3)
True
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from tts.callbacks.support.clipping_methods import (
    AdaptiveClipping,
    ClippingMethod,
    GlobalNormClipping,
    PercentileClipping,
    PerParameterClipping,
)
from tts.callbacks.support.layer_gradients import LayerGradient, layer_gradients
from tts.callbacks.support.metric_curve import MetricCurve
from tts.errors import UserError
from tts.metrics.alignment import diagonality
from tts.metrics.snr import mel_snr
from tts.plain_data import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "AdaptiveClipping", "GlobalNormClipping", "GradientReport", "MetricsAggregator",
    "PerParameterClipping", "PercentileClipping", "alignment_diagonality", "clip_gradients",
    "gradient_report", "mel_snr", "plot_alignment",
]  # fmt: skip


def alignment_diagonality(
    attention: Tensor,
    token_lengths: Tensor | None = None,
    frame_lengths: Tensor | None = None,
    band: float = 0.15,
) -> Tensor:
    """Return the share of ``attention (T, N)`` or ``(B, T, N)`` near the diagonal, 0 to 1: a scalar
    or ``(B,)``.

    Without lengths ``(B,)`` nothing is padding. Raises UserError for other shapes. See
    :func:`tts.metrics.alignment.diagonality`.

    >>> round(float(alignment_diagonality(torch.eye(20))), 2)
    1.0
    >>> round(float(alignment_diagonality(torch.full((200, 200), 1 / 200))), 1)
    0.3
    """
    attention = torch.as_tensor(attention)  # also an array of numpy
    if attention.ndim not in (2, 3):
        raise UserError(
            "alignment_diagonality: attention has the shape (T, N) or (B, T, N), not "
            f"{tuple(attention.shape)}"
        )
    batch = attention[None] if attention.ndim == 2 else attention
    frames, tokens = (torch.full((len(batch),), n, device=batch.device) for n in batch.shape[1:])
    for name, given in (("token_lengths", token_lengths), ("frame_lengths", frame_lengths)):
        if given is not None and given.shape != (len(batch),):
            raise UserError(
                f"alignment_diagonality: {name} has the shape ({len(batch)},), one length for each "
                f"utterance, not {tuple(given.shape)}"
            )
    found = diagonality(
        batch,
        tokens if token_lengths is None else token_lengths,
        frames if frame_lengths is None else frame_lengths,
        band,
    )
    return found[0] if attention.ndim == 2 else found


def plot_alignment(
    attention: Tensor,
    symbols: Sequence[str] | None = None,
    title: str = "",
    frames_per_second: float = 1.0,
    path: str | Path | None = None,
) -> "Figure":
    """Draw ``attention (T, N)``; ``path`` writes it as a picture. Return the figure.

    ``symbols``: the N tokens. ``frames_per_second`` gives the axis of time its unit. Raises
    UserError for another shape, and for more or fewer symbols than tokens.

    >>> figure = plot_alignment(torch.eye(6), list("speech"), "a perfect alignment")
    >>> figure.axes[0].get_ylabel()
    'phoneme'
    """
    from tts.callbacks.support.plots import alignment_figure

    attention = torch.as_tensor(attention)  # also an array of numpy
    if attention.ndim != 2:
        raise UserError(
            f"plot_alignment: attention has the shape (T, N), of one utterance and one head, not "
            f"{tuple(attention.shape)}"
        )
    tokens = attention.shape[1]
    if not frames_per_second > 0:
        raise UserError(f"plot_alignment: frames_per_second={frames_per_second} must be above 0")
    named = [str(n) for n in range(tokens)] if symbols is None else symbols
    if len(named) != tokens:
        raise UserError(
            f"plot_alignment: {len(named)} symbols are given for the {tokens} tokens of attention: "
            "give one for each"
        )
    soft = attention.detach().float().cpu().numpy()
    figure = alignment_figure(soft, None, named, frames_per_second, title)
    if path is not None:
        figure.savefig(path)
    return figure


class GradientReport(NamedTuple):
    """Gradients of a model's layers; printed, it is a table."""

    layers: dict[str, LayerGradient]

    @property
    def norm(self) -> float:
        """Norm over all layers."""
        return sum(layer.norm**2 for layer in self.layers.values()) ** 0.5

    @property
    def faults(self) -> dict[str, str]:
        """Return what is wrong, by layer: no gradient, or entries that are NaN or infinite."""
        found = {}
        for name, layer in self.layers.items():
            if layer.non_finite_share:
                found[name] = f"{100 * layer.non_finite_share:.3g} % NaN or infinite"
            elif layer.norm == 0:
                found[name] = "no gradient"
        return found

    def __str__(self) -> str:
        width = max(map(len, self.layers), default=0)
        faults = self.faults
        rows = [
            f"{name:{width}}  {layer.norm:10.3g}  {faults.get(name, '')}".rstrip()
            for name, layer in self.layers.items()
        ]
        return "\n".join([f"{'layer':{width}}        norm", *rows])


def gradient_report(model: nn.Module, depth: int = 2) -> GradientReport:
    """Return the gradient norm of each layer and what is wrong with it, after ``backward()``.

    ``depth``: names below the model that make a layer.

    >>> model = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(2, 1)})
    >>> model["used"](torch.ones(1, 2)).sum().backward()
    >>> gradient_report(model).faults
    {'unused': 'no gradient'}
    """
    return GradientReport(layer_gradients(model.named_parameters(), depth))


def clip_gradients(
    parameters: nn.Module | Iterable[nn.Parameter], method: ClippingMethod | float = 1.0
) -> Tensor:
    """Clip the gradients in place; return the norm of all of them before it.

    ``method``: a largest total norm, or one of this module's methods, of which each optimizer
    needs its own instance. Raises UserError for a norm that is not above 0.

    >>> layer = nn.Linear(2, 1)
    >>> (100 * layer(torch.ones(1, 2))).sum().backward()
    >>> round(float(clip_gradients(layer, 1.0)), 1)
    173.2
    >>> round(float(clip_gradients(layer, PercentileClipping())), 2)
    1.0
    """
    if not isinstance(method, ClippingMethod):
        method = _largest_norm(method)
    given = parameters.parameters() if isinstance(parameters, nn.Module) else parameters
    return method([parameter for parameter in given if parameter.requires_grad])


def _largest_norm(value: float) -> ClippingMethod:
    try:
        norm = float(value)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"clip_gradients: method={quoted(value)}: give a largest total norm, or a clipping "
            "method of tts.monitoring"
        ) from error
    if not norm > 0:
        raise UserError(f"clip_gradients: method={norm:g}, a largest total norm, must be above 0")
    return GlobalNormClipping(norm)


class MetricsAggregator:
    """The course of named metrics in bounded memory, with means, trends and best values.

    ``window``: values of which mean, standard deviation and trend are computed.

    >>> history = MetricsAggregator(higher_is_better=("accuracy",))
    >>> for step, accuracy in enumerate((0.5, 0.8, 0.7)):
    ...     history.add(step, accuracy=accuracy)
    >>> history.statistics()["accuracy"]["best"]
    0.8
    """

    def __init__(self, window: int = 20, higher_is_better: Sequence[str] = ()) -> None:
        if window < 1:
            raise UserError(f"MetricsAggregator: window={window} must be at least 1")
        self.window, self.higher_is_better = window, tuple(higher_is_better)
        self.curves: dict[str, MetricCurve] = {}

    def add(self, step: int, **values: float | Tensor) -> None:
        """Append the values of a step; those that are NaN or infinite are ignored.

        Raises UserError for a value that is not one number.
        """
        for name, value in values.items():
            number = _number(name, value)
            self.curves.setdefault(name, MetricCurve(self.window)).add(step, number)

    def statistics(self) -> dict[str, dict[str, float]]:
        """Return last, mean, std, trend, best and best_at of each metric."""
        return {
            name: curve.statistics(name in self.higher_is_better)
            for name, curve in self.curves.items() if curve.recent
        }  # fmt: skip


def _number(name: str, value: object) -> float:
    if isinstance(value, Tensor) and value.numel() != 1:
        raise UserError(
            f"MetricsAggregator.add: {name} has the shape {tuple(value.shape)}: give one number, "
            "such as its mean"
        )
    try:
        return float(value.detach() if isinstance(value, Tensor) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UserError(
            f"MetricsAggregator.add: {name}={quoted(value)}: expected a number"
        ) from error
