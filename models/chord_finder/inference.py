"""Cut a row of beats into segments and give each a chord class, in numpy.

A semi-Markov conditional random field (Sarawagi and Cohen, NIPS 2004). The score of a segmentation
is a sum over its segments: features of the notes in the segment, its length, its metrical position
and the class before it. All roots share the same weights, so that transposing the input transposes
the result. The same model with gradients is in net.py; classes and sizes are in config.py.
"""

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.chord_finder.config import NAME, ROOTS, ChordFinderConfig, array_shapes

Array = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """Cells `start` to `start + length` have one class, with a probability in [0, 1]."""

    start: int
    length: int
    label: int
    probability: float


@dataclass(frozen=True)
class ChordFinder:
    """The model's weights, each a term of a segment's score.

    Attributes:
        config: sizes.
        content: (kinds, blocks, 12) of each feature, by interval above the class's root.
        kind: (kinds,) of each chord kind.
        length: (longest,) of each length in cells, from 1.
        strength: (strengths,) of the metrical strength of the segment's first cell.
        none: (scalars,) of each scalar feature, for the class "no chord".
        follow: (kinds, kinds, 12) of a kind after a kind whose root is that many semitones lower.
        to_none: (kinds,) of no chord after a kind.
        from_none: (kinds,) of a kind after no chord.
        stay_none: (1,) of no chord after no chord.
    """

    config: ChordFinderConfig
    content: Array
    kind: Array
    length: Array
    strength: Array
    none: Array
    follow: Array
    to_none: Array
    from_none: Array
    stay_none: Array

    def segment_scores(self, rows: Array, scalars: Array) -> Array:
        """Score each class in each segment, metrical position aside.

        Args:
            rows: (cells, longest, blocks, 12).
            scalars: (cells, longest, scalars).

        Returns:
            (cells, longest, classes), by first cell and length - 1; segments that run past the
            last cell have -inf.
        """
        cells, longest = rows.shape[:2]
        by_root = np.stack([np.roll(self.content, root, axis=-1) for root in range(ROOTS)])
        weights = by_root.reshape(self.config.no_chord, -1)
        chords = rows.reshape(cells, longest, -1) @ weights.T + np.tile(self.kind, ROOTS)
        none = scalars @ self.none
        scores: Array = np.concatenate([chords, none[..., None]], axis=-1) + self.length[:, None]
        past = np.arange(cells)[:, None] + np.arange(1, longest + 1) > cells
        scores[past] = -np.inf
        return scores

    def transitions(self) -> Array:
        """Return (classes, classes): the score of the second class after the first."""
        steps = (np.arange(ROOTS) - np.arange(ROOTS)[:, None]) % ROOTS  # from, to
        chords = self.follow[:, :, steps].transpose(2, 0, 3, 1).reshape(self.config.no_chord, -1)
        to_none = np.tile(self.to_none, ROOTS)[:, None]
        last = np.concatenate([np.tile(self.from_none, ROOTS), self.stay_none])
        return np.vstack([np.hstack([chords, to_none]), last])

    def best_segments(self, scores: Array, strengths: Ids) -> list[Segment]:
        """Return the segmentation with the largest score, in order.

        Args:
            scores: from `segment_scores`.
            strengths: (cells,) metrical strength of each cell; see the config.
        """
        follow = self.transitions()
        path = best_path(scores + self.strength[strengths][:, None, None], follow)
        return [
            Segment(start, length, label, self.probability(scores, follow, path, i))
            for i, (start, length, label) in enumerate(path)
        ]

    def probability(
        self, scores: Array, follow: Array, path: list[tuple[int, int, int]], i: int
    ) -> float:
        """Return the probability of segment i's class, given its bounds and its neighbors."""
        start, length, label = path[i]
        total = scores[start, length - 1].copy()
        if i > 0:
            total += follow[path[i - 1][2]]
        if i + 1 < len(path):
            total += follow[:, path[i + 1][2]]
        odds = np.exp((total - total.max()) * self.config.sharpness)
        return float(odds[label] / odds.sum())


def best_path(scores: Array, follow: Array) -> list[tuple[int, int, int]]:
    """Return the segments (start, length, class) with the largest sum (semi-Markov Viterbi).

    Args:
        scores: (cells, longest, classes).
        follow: (classes, classes) score of the second after the first.
    """
    cells, longest, classes = scores.shape
    arriving = np.zeros((cells + 1, classes))  # best score of all before a cell, by the next class
    before = np.zeros((cells + 1, classes), np.int64)  # class of the last segment on that path
    lengths = np.zeros((cells + 1, classes), np.int64)
    into = np.ascontiguousarray(follow.T)  # next, last
    for end in range(1, cells + 1):
        reach = np.arange(1, min(longest, end) + 1)
        candidates = arriving[end - reach] + scores[end - reach, reach - 1]
        lengths[end] = candidates.argmax(axis=0)
        ended = candidates[lengths[end], np.arange(classes)]
        onward = into + ended
        before[end] = onward.argmax(axis=1)
        arriving[end] = onward[np.arange(classes), before[end]]
    return trace_back(ended, before, lengths + 1)


def trace_back(ended: Array, before: Ids, lengths: Ids) -> list[tuple[int, int, int]]:
    """Follow the best path back from the best class at the end.

    Args:
        ended: (classes,) best score of a path whose last segment has each class.
        before: (cells + 1, classes) class of the segment before each.
        lengths: (cells + 1, classes) length of the segment that ends there.
    """
    end, label = len(before) - 1, int(ended.argmax())
    path = []
    while end > 0:
        start = end - int(lengths[end, label])
        path.append((start, end - start, label))
        end, label = start, int(before[start, label])
    return path[::-1]


def load_chord_finder(folder: Path | None = None) -> ChordFinder:
    """Load the model from a folder with its two files; None loads the one that ships with muse.

    Raises:
        ValueError: the arrays have other sizes than the card's config says.
    """
    from safetensors.numpy import load

    source: Traversable = folder or files("muse.models") / "weights"
    values = json.loads((source / f"{NAME}.json").read_text())["config"]
    config = ChordFinderConfig(**{**values, "kinds": tuple(values["kinds"])})
    weights = load((source / f"{NAME}.safetensors").read_bytes())
    if {name: array.shape for name, array in weights.items()} != array_shapes(config):
        raise ValueError(f"{NAME}.safetensors has other sizes than {NAME}.json says")
    return ChordFinder(
        config, **{name: array.astype(np.float64) for name, array in weights.items()}
    )


def save_chord_finder(finder: ChordFinder, folder: Path, card: dict[str, object]) -> None:
    """Write the model as .safetensors and .json; `card` is added to the config in the JSON."""
    from safetensors.numpy import save

    arrays = {
        name: np.ascontiguousarray(getattr(finder, name), np.float32)
        for name in array_shapes(finder.config)
    }
    (folder / f"{NAME}.safetensors").write_bytes(save(arrays))
    text = json.dumps({"config": asdict(finder.config), **card}, indent=2)
    (folder / f"{NAME}.json").write_text(text + "\n")
