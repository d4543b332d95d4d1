"""The weights of the net over melodies as the reader takes them: checked, and put together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.melody_xl.config import FACTS, LIKENESSES, ROOT, ROOTS, WAYS, MelodyConfig
from muse.models.numpy_layers import Floats

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Embeddings:
    """Several tables as one, of which a row of each is summed up.

    Attributes:
        counts: ids that each table has, by its name.
        firsts: where each table begins, by its name.
        rows: (ids of all tables, width).
    """

    counts: Mapping[str, int]
    firsts: Mapping[str, int]
    rows: Floats

    def total(self, ids: Mapping[str, int]) -> Floats:
        """The sum of one row of each table, (width,).

        Args:
            ids: one for each table; others are left alone.

        Raises:
            ValueError: an id is not one.
        """
        places = [self.place(name, ids[name]) for name in self.counts]
        total: Floats = self.rows[places].sum(axis=0)
        return total

    def one(self, name: str, number: int) -> Floats:
        """The row of one id of one table, (width,)."""
        row: Floats = self.rows[self.place(name, number)]
        return row

    def place(self, name: str, number: int) -> int:
        """Where the row of an id is.

        Raises:
            ValueError: it is no id of that table.
        """
        if not 0 <= number < self.counts[name]:  # numpy would take -1 for the last
            raise ValueError(f"{number} is no id of {name}: there are {self.counts[name]}")
        return self.firsts[name] + number


def embeddings(weights: Mapping[str, Floats], counts: Mapping[str, int], width: int) -> Embeddings:
    """The tables of columns or of contexts; there may be none."""
    firsts = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
    tables = [weights[f"tables.{name}.weight"] for name in counts]
    return Embeddings(dict(counts), firsts, np.concatenate([np.empty((0, width), "f4"), *tables]))


@dataclass(frozen=True)
class Stacked:
    """Several linear layers on one vector, computed at once.

    Attributes:
        spans: where in the result each layer's is, by its name.
        weight: (classes of all layers, width).
        bias: (classes of all layers,).
    """

    spans: Mapping[str, slice]
    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> dict[str, Floats]:
        """What each layer gives for (width,)."""
        y = self.all(x)
        return {name: y[span] for name, span in self.spans.items()}

    def all(self, x: Floats) -> Floats:
        """The same, behind each other."""
        y: Floats = self.weight @ x + self.bias
        return y


def stacked(weights: Mapping[str, Floats], names: Sequence[str]) -> Stacked:
    """The linear layers of these names."""
    tables = [weights[f"{name}.weight"] for name in names]
    ends = accumulate((len(table) for table in tables), initial=0)
    spans = (slice(*pair) for pair in pairwise(ends))
    bias = np.concatenate([weights[f"{name}.bias"] for name in names])
    return Stacked(dict(zip(names, spans, strict=True)), np.concatenate(tables), bias)


@dataclass(frozen=True)
class BiasTables:
    """What is added to logits, of all heads of all layers and then of the two pointers.

    Attributes:
        match_phrase: (heads, (longest_match + 1) * (phrase + 1)).
        rhythm_alike: (heads, (longest_match + 1) * LIKENESSES).
    """

    match_phrase: Floats
    rhythm_alike: Floats


def bias_tables(weights: Mapping[str, Floats]) -> BiasTables:
    """Sums of two tables each for every pair of ids, so that there are half as many to look up."""
    tables = {
        part: np.concatenate(
            [weights[f"{place}.{part}.weight"] for place in ("biases.copying", "pointer.bias")], 1
        ).T
        for part in ("match", "phrase", "rhythm", "alike")
    }
    return BiasTables(
        joined(tables["match"], tables["phrase"]), joined(tables["rhythm"], tables["alike"])
    )


def joined(first: Floats, second: Floats) -> Floats:
    """The sums of two tables, (heads, ids of the first * ids of the second)."""
    both = first[:, :, None] + second[:, None, :]
    return np.ascontiguousarray(both.reshape(len(both), -1))


def checked(config: MelodyConfig, tensors: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """All weights in 32 bits, if they are those of a net of that config.

    Raises:
        ValueError: some are missing, too many, of other sizes or no numbers.
    """
    wanted = dict(shapes(config))
    if missing := sorted(wanted.keys() - tensors.keys()):
        raise ValueError(f"the weights have no {missing[0]}, which the config asks for")
    if strange := sorted(tensors.keys() - wanted.keys()):
        raise ValueError(f"the weights have {strange[0]}, which the config tells nothing of")
    for name, shape in wanted.items():
        if tensors[name].shape != shape:
            raise ValueError(
                f"{name} is {tensors[name].shape}, and not {shape} as the config tells"
            )
        if not np.isfinite(tensors[name]).all():
            raise ValueError(f"{name} holds what is no number; the training went wrong")
    return {name: np.ascontiguousarray(tensors[name], np.float32) for name in wanted}


def shapes(config: MelodyConfig) -> Iterator[tuple[str, Shape]]:
    """Name in torch and shape of each weight."""
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
    """Those of one layer."""
    yield from norm_shapes(f"{name}.norm", width)
    yield from norm_shapes(f"{name}.norm_forward", width)
    yield from linear_shapes(f"{name}.attention.query", width, width)
    yield from linear_shapes(f"{name}.attention.both", width, 2 * width)
    yield from linear_shapes(f"{name}.attention.out", width, width)
    yield from linear_shapes(f"{name}.widen", width, 4 * width)
    yield from linear_shapes(f"{name}.narrow", 4 * width, width)


def copying_shapes(config: MelodyConfig) -> Iterator[tuple[str, Shape]]:
    """Those of biases and pointers."""
    width, classes = config.width, {"match": config.longest_match + 1, "phrase": config.phrase + 1}
    for name, heads in (("biases.copying", config.layers * config.heads), ("pointer.bias", 2)):
        for part, count in {**classes, "rhythm": classes["match"], "alike": LIKENESSES}.items():
            yield f"{name}.{part}.weight", (count, heads)
    for name in ("pointer.query", "pointer.key"):
        yield from linear_shapes(name, width, width)
    for part, count in classes.items():
        yield from linear_shapes(f"pointer.{part}", width, 2 * count)
    yield from linear_shapes("ways", width + FACTS, WAYS)


def norm_shapes(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    """Those of a layer norm."""
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def linear_shapes(name: str, width: int, classes: int) -> Iterator[tuple[str, Shape]]:
    """Those of a linear layer."""
    yield f"{name}.weight", (classes, width)
    yield f"{name}.bias", (classes,)
