"""Counts of symbols by context, interpolated from short contexts to long ones.

An n-gram blends the counts c of a context, n of them, with the probabilities p of a shorter
context: (c + e p) / (n + e). The escape weight e is the number of types seen in the context
(Witten and Bell) or a constant that is tuned on held-out songs.

Sources: Witten and Bell, "The zero-frequency problem", IEEE Trans. Information Theory 37(4), 1991
(method C, here interpolated); Cleary and Witten, "Data compression using adaptive coding and
partial string matching", IEEE Trans. Communications 32(4), 1984, for contexts of many lengths that
are counted while a sequence is read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Context = tuple[int, ...]
Song = TypeVar("Song")


@dataclass
class Counts:
    """How often each symbol followed one context.

    Attributes:
        of: count by symbol.
        total: sum of all counts.
    """

    of: dict[int, int] = field(default_factory=dict)
    total: int = 0

    def add(self, symbol: int, times: int = 1) -> None:
        """Count a symbol once, or several times."""
        self.of[symbol] = self.of.get(symbol, 0) + times
        self.total += times

    def interpolated(self, shorter: Floats, escape: float) -> Floats:
        """Return (c + e p) / (n + e) for all symbols, shape as `shorter`.

        Args:
            shorter: probabilities p after the next shorter context.
            escape: weight e of those.
        """
        p = shorter * (escape / (self.total + escape))
        self.add_to(p, 1 / (self.total + escape))
        return p

    def add_to(self, p: Floats, weight: float) -> None:
        """Add each count times a weight to `p`, in place."""
        for symbol, count in self.of.items():
            p[symbol] += count * weight

    def likelihoods(self, symbol: int, shorter: Floats, escapes: Floats) -> Floats:
        """Return (c + e p) / (n + e) of one symbol under several escape weights.

        Args:
            symbol: id of the symbol.
            shorter: its probability after the shorter context under each weight, (weights,).
            escapes: the weights, (weights,).
        """
        return (self.of.get(symbol, 0) + escapes * shorter) / (self.total + escapes)


class ContextCounts:
    """Counts of the symbols that followed each context.

    Attributes:
        of: counts by context; contexts that never occurred are missing.
    """

    def __init__(self) -> None:
        """Start without counts."""
        self.of: dict[Context, Counts] = {}

    def add(self, context: Context, symbol: int, times: int = 1) -> None:
        """Count a symbol after a context, once or several times."""
        self.of.setdefault(context, Counts()).add(symbol, times)

    def interpolated(self, context: Context, shorter: Floats, escape: float) -> Floats:
        """Return probabilities after a context; `shorter` itself if it never occurred."""
        counts = self.of.get(context)
        return counts.interpolated(shorter, escape) if counts else shorter

    def seen(self, contexts: Iterable[Context]) -> list[Counts]:
        """Return the counts of contexts up to the first one that never occurred.

        Args:
            contexts: from short to long, each contained in the next: if one never occurred, no
                longer one did.
        """
        seen = []
        for context in contexts:
            counts = self.of.get(context)
            if counts is None:
                break
            seen.append(counts)
        return seen


def tune_escape(
    songs: Sequence[Song],
    escapes: Sequence[float],
    every: int,
    fit: Callable[[Sequence[Song]], Callable[[Song], Floats]],
) -> float | None:
    """Return the escape weight with the least loss on held-out songs.

    Near-duplicates may be on both sides of this split, which can only favor smaller weights.

    Args:
        songs: for training; every `every`-th one is held out.
        escapes: weights to choose from.
        every: 2 or more.
        fit: counts songs and returns a function that gives a song's loss under each of `escapes`.

    Returns:
        None if there are too few songs to hold one out.
    """
    held_out = songs[::every]
    others = [song for index, song in enumerate(songs) if index % every]
    if not others:
        return None
    song_losses = fit(others)
    losses = sum(song_losses(song) for song in held_out)
    return escapes[int(np.argmin(losses))]
