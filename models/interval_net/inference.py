"""Recognize the interval of two notes in a sound, in numpy; the net is described in net.py.

Batch norms are folded into the convolutions before them. Feature maps are (channels, rows, time).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muse.models.interval_net.config import LEAST, STEP, IntervalNetConfig
from muse.models.numpy_layers import NORM_EPSILON, sigmoid
from muse.models.weight_files import Arrays, config_from

Array = NDArray[np.float32]

NORMED = ("first", "spread", "near", "again", "last")  # convolutions with a batch norm
DENSE = ("weigh", "compare", "pair", "count", "none")


class Scores(NamedTuple):
    """Output of the net for one sound.

    Attributes:
        pairs: (sizes, kinds) logits of one distribution; -inf for a unison together.
        none: logit that the sound holds no interval.
        notes: (notes, frames / STEP) logits that a note sounds on each semitone.
    """

    pairs: NDArray[np.float64]
    none: float
    notes: Array


@dataclass(frozen=True)
class Layer:
    """A convolution with zero padding to the same size, and a bias.

    Attributes:
        weight: (outputs, inputs, rows, time).
        bias: (outputs,).
    """

    weight: Array
    bias: Array

    def __call__(self, x: Array, stride: tuple[int, int] = (1, 1)) -> Array:
        """Map (inputs, rows, time) to (outputs, rows / stride, time / stride)."""
        outputs, inputs, high, wide = self.weight.shape
        if (high, wide) == (1, 1):
            columns = x.reshape(inputs, -1)
            shape = x.shape[1:]
        else:
            padded = np.pad(x, ((0, 0), (high // 2,) * 2, (wide // 2,) * 2))
            windows = np.lib.stride_tricks.sliding_window_view(padded, (high, wide), (1, 2))
            windows = windows[:, :: stride[0], :: stride[1]]
            shape = windows.shape[1:3]
            columns = windows.transpose(0, 3, 4, 1, 2).reshape(inputs * high * wide, -1)
        y: Array = self.weight.reshape(outputs, -1) @ columns + self.bias[:, None]
        return y.reshape(outputs, *shape)


class IntervalInference:
    """The net with its weights, ready to run."""

    def __init__(self, config: dict[str, object], tensors: Arrays) -> None:
        """Take the weights, and fold batch norms into convolutions.

        Args:
            config: fields of IntervalNetConfig.
            tensors: IntervalNet's state, by name.

        Raises:
            ValueError: they are of another net.
        """
        self.config = config_from(IntervalNetConfig, config)
        try:
            normed = {name: fold_norm(tensors, name) for name in NORMED}
            plain = {name: Layer(*weight_and_bias(tensors, name)) for name in ("note", "face")}
            self._layers = normed | plain
            self._dense = {name: weight_and_bias(tensors, name) for name in DENSE}
            self._place = tensors["place"].astype(np.float32)
        except KeyError as error:
            raise ValueError(f"the weights lack {error}") from error

    def score(self, levels: Array) -> Scores:
        """Score every interval in a sound, given levels (rows, time) in [0, 1].

        Raises:
            ValueError: the levels have another number of rows.
        """
        if levels.ndim != 2 or levels.shape[0] != self.config.rows:
            raise ValueError(
                f"the levels have shape {levels.shape}; they must have {self.config.rows} rows"
            )
        layers, sizes = self._layers, self.config
        x = relu(layers["first"](levels[None], (sizes.semitone, STEP)))
        x = relu(layers["spread"](stack_partials(x, sizes)))
        x = x + relu(layers["near"](x))
        y = relu(layers["again"](stack_partials(x, sizes)))
        both = np.concatenate([x, y + relu(layers["last"](y))])
        pairs, none = self._score_pairs(sigmoid(layers["face"](both)))
        return Scores(pairs, none, layers["note"](both)[0])

    def _score_pairs(self, faces: Array) -> tuple[NDArray[np.float64], float]:
        """Return the logits of pairs and of no interval, from faces (faces, notes, time)."""
        sums = np.log(totals(faces) + LEAST)
        lags = np.log(correlations(faces, self.config) + LEAST)
        measures = np.concatenate([lags, np.repeat(sums[:, None], lags.shape[1], axis=1)])
        x = relu(convolve_sizes(measures, *self._dense["weigh"]) + self._place)
        x = x + relu(convolve_sizes(x, *self._dense["compare"]))
        pairs = convolve_sizes(x, *self._dense["pair"]).T.astype(np.float64)
        pairs[0, -1] = -np.inf
        pooled = np.concatenate([sums, x.max(axis=1), x.mean(axis=1)])
        weight, bias = self._dense["count"]
        weight_none, bias_none = self._dense["none"]
        none = weight_none @ relu(weight @ pooled + bias) + bias_none
        return pairs, float(none[0])


def weight_and_bias(tensors: Arrays, name: str) -> tuple[Array, Array]:
    """Return a layer's weight and bias as float32."""
    return tensors[f"{name}.weight"].astype(np.float32), tensors[f"{name}.bias"].astype(np.float32)


def fold_norm(tensors: Arrays, name: str) -> Layer:
    """Return a convolution with its batch norm folded in."""
    norm = {part: tensors[f"{name}.norm.{part}"] for part in ("weight", "bias")}
    mean, variance = (tensors[f"{name}.norm.running_{part}"] for part in ("mean", "var"))
    gain = norm["weight"] / np.sqrt(variance + NORM_EPSILON)
    weight = tensors[f"{name}.conv.weight"] * gain[:, None, None, None]
    return Layer(weight.astype(np.float32), (norm["bias"] - mean * gain).astype(np.float32))


def relu(x: Array) -> Array:
    """Set negative values to 0."""
    return np.maximum(x, np.float32(0))


def convolve_sizes(x: Array, weight: Array, bias: Array) -> Array:
    """Convolve (inputs, sizes) along the sizes, with weights (outputs, inputs, odd width)."""
    width = weight.shape[2]
    padded = np.pad(x, ((0, 0), (width // 2,) * 2))
    count = x.shape[1]
    parts = [weight[:, :, place] @ padded[:, place : place + count] for place in range(width)]
    y: Array = sum(parts[1:], parts[0]) + bias[:, None]
    return y


def stack_partials(x: Array, sizes: IntervalNetConfig) -> Array:
    """Put each partial's row on its note: (partials * channels, notes, time).

    Args:
        x: (channels, rows, time), one row per semitone.
        sizes: the net's config.
    """
    shifts, rows = sizes.partials, sizes.notes
    before, after = -min(shifts), max(0, rows + max(shifts) - x.shape[1])
    padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
    return np.concatenate([padded[:, before + shift : before + shift + rows] for shift in shifts])


def totals(faces: Array) -> Array:
    """Return (3 * faces,): maximum, sum over notes of the maximum in time, and sum of the mean."""
    ever = faces.max(axis=2)
    return np.concatenate([ever.max(axis=1), ever.sum(axis=1), faces.mean(axis=2).sum(axis=1)])


def correlations(faces: Array, sizes: IntervalNetConfig) -> Array:
    """Correlate faces with themselves over notes: (kinds * faces, sizes); see net.correlations."""
    frames = faces.shape[2]
    later = (np.cumsum(faces[..., ::-1], axis=2)[..., ::-1] - faces) / np.float32(frames)
    together, in_turn = faces @ faces.transpose(0, 2, 1), faces @ later.transpose(0, 2, 1)
    count = range(sizes.sizes)
    sums = [
        [np.trace(table, offset, 1, 2) for offset in offsets]
        for table, offsets in (
            (in_turn, count),
            (in_turn, [-size for size in count]),
            (together, count),
        )
    ]
    rows = np.concatenate([np.stack(row, axis=1) for row in sums]) / np.float32(frames)
    return np.maximum(rows, np.float32(0))
