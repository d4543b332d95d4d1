"""The net of models/interval_net/net.py at work: the same sums in numpy, so that torch stays away.

Batch norm is folded into the convolution before it. An array is (channels, rows, time), of one
sound.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muse.models.interval_net.config import LEAST, STEP, IntervalNetConfig
from muse.models.weight_files import Arrays, config_from

Array = NDArray[np.float32]

NORM_LEAST = 1e-5  # torch's, beside variances


class Scores(NamedTuple):
    """What the net says of a sound.

    Attributes:
        pairs: (sizes, kinds) logits of one distribution; of a unison together -inf.
        none: logit of no interval.
        notes: (notes, frames / STEP) logits of a note on a semitone.
    """

    pairs: NDArray[np.float64]
    none: float
    notes: Array


@dataclass(frozen=True)
class Layer:
    """Convolution and what is added after it.

    Attributes:
        weight: (outputs, inputs, rows, time).
        bias: (outputs,).
    """

    weight: Array
    bias: Array

    def __call__(self, x: Array, stride: tuple[int, int] = (1, 1)) -> Array:
        """(inputs, rows, time) to (outputs, rows, time), by the stride fewer."""
        outputs, inputs, high, wide = self.weight.shape
        if (high, wide) == (1, 1):
            columns = x.reshape(inputs, -1)
            shape = x.shape[1:]
        else:
            padded = np.pad(x, ((0, 0), (high // 2,) * 2, (wide // 2,) * 2))
            seen = np.lib.stride_tricks.sliding_window_view(padded, (high, wide), (1, 2))
            seen = seen[:, :: stride[0], :: stride[1]]
            shape = seen.shape[1:3]
            columns = seen.transpose(0, 3, 4, 1, 2).reshape(inputs * high * wide, -1)
        found: Array = self.weight.reshape(outputs, -1) @ columns + self.bias[:, None]
        return found.reshape(outputs, *shape)


class IntervalReader:
    """The net with its weights."""

    def __init__(self, config: dict[str, object], tensors: Arrays) -> None:
        """Fold what can be folded.

        Args:
            config: fields of IntervalNetConfig.
            tensors: of IntervalNet's state.

        Raises:
            ValueError: they are of another net.
        """
        self.config = config_from(IntervalNetConfig, config)
        try:
            self._layers = {
                name: folded(tensors, name) for name in ("first", "spread", "near", "again", "last")
            } | {name: Layer(*plain(tensors, name)) for name in ("note", "face")}
            self._dense = {
                name: plain(tensors, name) for name in ("weigh", "compare", "pair", "count", "none")
            }
            self._place = tensors["place"].astype(np.float32)
        except KeyError as error:
            raise ValueError(f"the weights have no {error}") from error

    def read(self, levels: Array) -> Scores:
        """What the net says of levels (rows, time) in [0, 1].

        Raises:
            ValueError: they have another number of rows.
        """
        if levels.ndim != 2 or levels.shape[0] != self.config.rows:
            raise ValueError(f"{self.config.rows} rows of levels are needed, not {levels.shape}")
        layers, sizes = self._layers, self.config
        x = positive(layers["first"](levels[None], (sizes.semitone, STEP)))
        x = positive(layers["spread"](stack(x, sizes)))
        x = x + positive(layers["near"](x))
        y = positive(layers["again"](stack(x, sizes)))
        both = np.concatenate([x, y + positive(layers["last"](y))])
        pairs, none = self._judged(sigmoid(layers["face"](both)))
        return Scores(pairs, none, layers["note"](both)[0])

    def _judged(self, faces: Array) -> tuple[NDArray[np.float64], float]:
        """Logits of pairs and of none from the pictures (faces, notes, time)."""
        sums = np.log(totals(faces) + LEAST)
        lags = np.log(correlations(faces, self.config) + LEAST)
        measures = np.concatenate([lags, np.repeat(sums[:, None], lags.shape[1], axis=1)])
        x = positive(across(measures, *self._dense["weigh"]) + self._place)
        x = x + positive(across(x, *self._dense["compare"]))
        pairs = across(x, *self._dense["pair"]).T.astype(np.float64)
        pairs[0, -1] = -np.inf
        pooled = np.concatenate([sums, x.max(axis=1), x.mean(axis=1)])
        weight, bias = self._dense["count"]
        weight_none, bias_none = self._dense["none"]
        none = weight_none @ positive(weight @ pooled + bias) + bias_none
        return pairs, float(none[0])


def plain(tensors: Arrays, name: str) -> tuple[Array, Array]:
    """Weight and bias."""
    return tensors[f"{name}.weight"].astype(np.float32), tensors[f"{name}.bias"].astype(np.float32)


def folded(tensors: Arrays, name: str) -> Layer:
    """A convolution with its batch norm."""
    norm = {part: tensors[f"{name}.norm.{part}"] for part in ("weight", "bias")}
    mean, variance = (tensors[f"{name}.norm.running_{part}"] for part in ("mean", "var"))
    gain = norm["weight"] / np.sqrt(variance + NORM_LEAST)
    weight = tensors[f"{name}.conv.weight"] * gain[:, None, None, None]
    return Layer(weight.astype(np.float32), (norm["bias"] - mean * gain).astype(np.float32))


def positive(x: Array) -> Array:
    """What is above 0."""
    return np.maximum(x, np.float32(0))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    found: Array = (1 / (1 + np.exp(-np.clip(x, -60, 60)))).astype(np.float32, copy=False)
    return found


def across(x: Array, weight: Array, bias: Array) -> Array:
    """Convolution (outputs, inputs, odd width) over the sizes of (inputs, sizes)."""
    width = weight.shape[2]
    padded = np.pad(x, ((0, 0), (width // 2,) * 2))
    count = x.shape[1]
    parts = [weight[:, :, place] @ padded[:, place : place + count] for place in range(width)]
    found: Array = sum(parts[1:], parts[0]) + bias[:, None]
    return found


def stack(x: Array, sizes: IntervalNetConfig) -> Array:
    """(channels, n, time) to (partials x channels, notes, time), row + partial at row."""
    shifts, rows = sizes.partials, sizes.notes
    before, after = -min(shifts), max(0, rows + max(shifts) - x.shape[1])
    padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
    return np.concatenate([padded[:, before + shift : before + shift + rows] for shift in shifts])


def totals(faces: Array) -> Array:
    """How much there is: at most, on semitones at any time, in all; (3 faces,)."""
    ever = faces.max(axis=2)
    return np.concatenate([ever.max(axis=1), ever.sum(axis=1), faces.mean(axis=2).sum(axis=1)])


def correlations(faces: Array, sizes: IntervalNetConfig) -> Array:
    """How much of two notes an interval apart there is, (kinds x faces, sizes); see the net."""
    frames = faces.shape[2]
    later = (np.cumsum(faces[..., ::-1], axis=2)[..., ::-1] - faces) / np.float32(frames)
    together, in_turn = faces @ faces.transpose(0, 2, 1), faces @ later.transpose(0, 2, 1)
    count = range(sizes.sizes)
    found = [
        [np.trace(table, offset, 1, 2) for offset in offsets]
        for table, offsets in (
            (in_turn, count),
            (in_turn, [-size for size in count]),
            (together, count),
        )
    ]
    rows = np.concatenate([np.stack(row, axis=1) for row in found]) / np.float32(frames)
    return np.maximum(rows, np.float32(0))
