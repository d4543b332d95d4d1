"""The weights as the numpy inference uses them: checked, and joined so that a step is faster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_nets.columns import ROOTS
from muse.models.melody_xl.config import LIKENESSES, MATCH_FEATURES, ROOT, SOURCES, MelodyConfig
from muse.models.numpy_layers import Floats

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Embeddings:
    """Several embedding tables joined into one.

    Attributes:
        counts: number of ids of each table, by name.
        firsts: first row of each table in `rows`, by name.
        rows: (ids of all tables, width).
    """

    counts: Mapping[str, int]
    firsts: Mapping[str, int]
    rows: Floats

    def total(self, ids: Mapping[str, int]) -> Floats:
        """Return the sum of one embedding of each table, (width,).

        Args:
            ids: one for each table; other names are ignored.

        Raises:
            ValueError: an id is out of range.
        """
        numbers = [self.row_number(name, ids[name]) for name in self.counts]
        total: Floats = self.rows[numbers].sum(axis=0)
        return total

    def one(self, name: str, number: int) -> Floats:
        """Return the embedding of one id of one table, (width,)."""
        row: Floats = self.rows[self.row_number(name, number)]
        return row

    def row_number(self, name: str, number: int) -> int:
        """Return the row of an id of a table.

        Raises:
            ValueError: the id is out of range.
        """
        if not 0 <= number < self.counts[name]:  # numpy would take -1 for the last
            raise ValueError(f"{number} is not an id of {name}, which has {self.counts[name]}")
        return self.firsts[name] + number


def join_embeddings(
    weights: Mapping[str, Floats], counts: Mapping[str, int], width: int
) -> Embeddings:
    """Join the tables of columns or of contexts, which may be empty."""
    firsts = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
    tables = [weights[f"tables.{name}.weight"] for name in counts]
    return Embeddings(dict(counts), firsts, np.concatenate([np.empty((0, width), "f4"), *tables]))


@dataclass(frozen=True)
class JoinedLinear:
    """Several linear layers on one vector, computed with one product.

    Attributes:
        spans: slice of the result that is each layer's, by name.
        weight: (outputs of all layers, width).
        bias: (outputs of all layers,).
    """

    spans: Mapping[str, slice]
    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> dict[str, Floats]:
        """Return each layer's output for (width,), by name."""
        y = self.all(x)
        return {name: y[span] for name, span in self.spans.items()}

    def all(self, x: Floats) -> Floats:
        """Return the outputs of all layers as one vector."""
        y: Floats = self.weight @ x + self.bias
        return y


def join_linear(weights: Mapping[str, Floats], names: Sequence[str]) -> JoinedLinear:
    """Join the linear layers of these names."""
    tables = [weights[f"{name}.weight"] for name in names]
    ends = accumulate((len(table) for table in tables), initial=0)
    spans = (slice(*pair) for pair in pairwise(ends))
    bias = np.concatenate([weights[f"{name}.bias"] for name in names])
    return JoinedLinear(dict(zip(names, spans, strict=True)), np.concatenate(tables), bias)


@dataclass(frozen=True)
class BiasTables:
    """Copying biases of all heads of all layers, then of the two pointers.

    Attributes:
        match_phrase: (heads, (longest_match + 1) * (phrase + 1)).
        rhythm_alike: (heads, (longest_match + 1) * LIKENESSES).
    """

    match_phrase: Floats
    rhythm_alike: Floats


def bias_tables(weights: Mapping[str, Floats]) -> BiasTables:
    """Add tables in pairs, for every pair of ids, which halves the number of lookups."""
    tables = {
        part: np.concatenate(
            [weights[f"{place}.{part}.weight"] for place in ("biases.copying", "pointer.bias")], 1
        ).T
        for part in ("match", "phrase", "rhythm", "alike")
    }
    return BiasTables(
        sum_tables(tables["match"], tables["phrase"]), sum_tables(tables["rhythm"], tables["alike"])
    )


def sum_tables(first: Floats, second: Floats) -> Floats:
    """Return the sum for every pair of ids, (heads, ids of the first * ids of the second)."""
    both = first[:, :, None] + second[:, None, :]
    return np.ascontiguousarray(both.reshape(len(both), -1))


def check_weights(config: MelodyConfig, tensors: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """Return all weights as float32, if they fit the config.

    Raises:
        ValueError: weights are missing, unexpected, of other sizes or not finite.
    """
    expected = dict(weight_shapes(config))
    if missing := sorted(expected.keys() - tensors.keys()):
        raise ValueError(f"the weights lack {missing[0]}, which the config needs")
    if unexpected := sorted(tensors.keys() - expected.keys()):
        raise ValueError(f"the weights have {unexpected[0]}, which the config does not need")
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise ValueError(f"{name} is {tensors[name].shape}; the config says {shape}")
        if not np.isfinite(tensors[name]).all():
            raise ValueError(f"{name} has infinite or undefined values; train the net again")
    return {name: np.ascontiguousarray(tensors[name], np.float32) for name in expected}


def weight_shapes(config: MelodyConfig) -> Iterator[tuple[str, Shape]]:
    """Yield the name in torch and the shape of each weight."""
    width = config.width
    for name, count in {**config.columns, **config.contexts}.items():
        yield f"tables.{name}.weight", (count, width)
    for layer in range(config.layers):
        yield from block_shapes(f"blocks.{layer}", width)
    yield from norm_shapes("norm", width)
    yield from linear_shapes("fresh.pitch", width, config.pitches)
    yield from linear_shapes("fresh.interval", width, config.intervals)
    if ROOT in config.columns:
        yield from linear_shapes("fresh.tone", width, ROOTS)
    for name, classes in (("advance", config.advances), ("duration", config.durations)):
        yield from linear_shapes(f"{name}.hidden", 2 * width, width)
        yield from linear_shapes(f"{name}.out", width, classes)
        if config.copying:
            yield from linear_shapes(f"{name}.gate", width, 1)
    if config.copying:
        yield from copying_shapes(config)


def block_shapes(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    """Yield names and shapes of one layer."""
    yield from norm_shapes(f"{name}.norm", width)
    yield from norm_shapes(f"{name}.norm_forward", width)
    yield from linear_shapes(f"{name}.attention.query", width, width)
    yield from linear_shapes(f"{name}.attention.both", width, 2 * width)
    yield from linear_shapes(f"{name}.attention.out", width, width)
    yield from linear_shapes(f"{name}.widen", width, 4 * width)
    yield from linear_shapes(f"{name}.narrow", 4 * width, width)


def copying_shapes(config: MelodyConfig) -> Iterator[tuple[str, Shape]]:
    """Yield names and shapes of copying biases, pointers and gates."""
    width, classes = config.width, {"match": config.longest_match + 1, "phrase": config.phrase + 1}
    for name, heads in (("biases.copying", config.layers * config.heads), ("pointer.bias", 2)):
        for part, count in {**classes, "rhythm": classes["match"], "alike": LIKENESSES}.items():
            yield f"{name}.{part}.weight", (count, heads)
    for name in ("pointer.query", "pointer.key"):
        yield from linear_shapes(name, width, width)
    for part, count in classes.items():
        yield from linear_shapes(f"pointer.{part}", width, 2 * count)
    yield from linear_shapes("ways", width + MATCH_FEATURES, SOURCES)


def norm_shapes(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    """Yield names and shapes of a layer norm."""
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def linear_shapes(name: str, width: int, outputs: int) -> Iterator[tuple[str, Shape]]:
    """Yield names and shapes of a linear layer."""
    yield f"{name}.weight", (outputs, width)
    yield f"{name}.bias", (outputs,)
