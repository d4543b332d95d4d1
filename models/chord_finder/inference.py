"""A segmental model of chords: cuts a row of beats into segments and gives each a class.

A semi-Markov conditional random field (Sarawagi and Cohen, NIPS 2004): the score of a way to cut
and to name is a sum over segments of what stands in them, how long they are, where in the bar they
begin, and which class follows which. Classes are a kind on one of twelve places, and one more class
for none; every place has the same weights, so that turning the input by a place turns the answer.
It runs in numpy and is trained by scripts/train_chord_finder.py.
"""

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAME = "chord-finder"
PLACES = 12

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChordFinderConfig:
    """Sizes.

    Attributes:
        kinds: names of the kinds, in the order of their numbers.
        blocks: rows of twelve numbers that describe a segment.
        scalars: numbers that describe a segment as one without a class.
        longest: cells of the longest segment.
        strengths: kinds of place in a bar, the strongest first, the last one "not known".
        sharpness: what scores are multiplied by before they are turned into probabilities.
    """

    kinds: tuple[str, ...]
    blocks: int
    scalars: int
    longest: int
    strengths: int
    sharpness: float = 1.0


@dataclass(frozen=True)
class Segment:
    """Cells `start` to `start + length` are of one class, with a probability in [0, 1]."""

    start: int
    length: int
    label: int
    probability: float


@dataclass(frozen=True)
class ChordFinder:
    """The model's weights; a class is place * kinds + kind, the last one none.

    Attributes:
        config: sizes.
        content: (kinds, blocks, 12) weight of what stands so many places above the class's own.
        kind: (kinds,) for every segment of a kind.
        length: (longest,) for every segment of so many cells.
        strength: (strengths,) for every segment that begins at such a place of the bar.
        none: (scalars,) what speaks for no class.
        follow: (kinds, kinds, 12) for a kind after a kind, so many places above it.
        to_none: (kinds,) for none after a kind.
        from_none: (kinds,) for a kind after none.
        stay_none: (1,) for none after none.
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

    @property
    def no_class(self) -> int:
        """The number of the class for none."""
        return PLACES * len(self.config.kinds)

    def segment_scores(self, rows: Array, scalars: Array) -> Array:
        """What speaks for each class in each segment, without its place in the bar.

        Args:
            rows: (cells, longest, blocks, 12).
            scalars: (cells, longest, scalars).

        Returns:
            (cells, longest, classes); segments past the end have -inf.
        """
        cells, longest = rows.shape[:2]
        turned = np.stack([np.roll(self.content, place, axis=-1) for place in range(PLACES)])
        weights = turned.reshape(self.no_class, -1)
        named = rows.reshape(cells, longest, -1) @ weights.T + np.tile(self.kind, PLACES)
        none = scalars @ self.none
        scores: Array = np.concatenate([named, none[..., None]], axis=-1) + self.length[:, None]
        past = np.arange(cells)[:, None] + np.arange(1, longest + 1) > cells
        scores[past] = -np.inf
        return scores

    def transitions(self) -> Array:
        """(classes, classes) score of the second class after the first."""
        steps = (np.arange(PLACES) - np.arange(PLACES)[:, None]) % PLACES  # from, to
        between = self.follow[:, :, steps].transpose(2, 0, 3, 1).reshape(self.no_class, -1)
        to_none = np.tile(self.to_none, PLACES)[:, None]
        last = np.concatenate([np.tile(self.from_none, PLACES), self.stay_none])
        return np.vstack([np.hstack([between, to_none]), last])

    def best_segments(self, scores: Array, strengths: NDArray[np.int64]) -> list[Segment]:
        """The way to cut and to name with the largest score, in order.

        Args:
            scores: as `segment_scores` gives them.
            strengths: (cells,) how strong the place in the bar is; see the config.
        """
        follow = self.transitions()
        found = best_path(scores + self.strength[strengths][:, None, None], follow)
        return [
            Segment(start, length, label, self.probability(scores, follow, found, i))
            for i, (start, length, label) in enumerate(found)
        ]

    def probability(
        self, scores: Array, follow: Array, found: list[tuple[int, int, int]], i: int
    ) -> float:
        """How likely the i-th segment's class is among all, the cut and its neighbours given."""
        start, length, label = found[i]
        fits = scores[start, length - 1].copy()
        if i > 0:
            fits += follow[found[i - 1][2]]
        if i + 1 < len(found):
            fits += follow[:, found[i + 1][2]]
        odds = np.exp((fits - fits.max()) * self.config.sharpness)
        return float(odds[label] / odds.sum())


def best_path(scores: Array, follow: Array) -> list[tuple[int, int, int]]:
    """The segments (start, length, class) of the largest summed score (semi-Markov Viterbi).

    Args:
        scores: (cells, longest, classes).
        follow: (classes, classes) score of the second after the first.
    """
    cells, longest, classes = scores.shape
    arriving = np.zeros((cells + 1, classes))  # best score of all before a cell, by the class next
    before = np.zeros((cells + 1, classes), np.int64)  # and the class that it ended with
    lengths = np.zeros((cells + 1, classes), np.int64)
    into = np.ascontiguousarray(follow.T)  # next, last
    for end in range(1, cells + 1):
        reach = np.arange(1, min(longest, end) + 1)
        ways = arriving[end - reach] + scores[end - reach, reach - 1]
        lengths[end] = ways.argmax(axis=0)
        ended = ways[lengths[end], np.arange(classes)]
        onward = into + ended
        before[end] = onward.argmax(axis=1)
        arriving[end] = onward[np.arange(classes), before[end]]
    return traced(ended, before, lengths + 1)


def traced(
    ended: Array, before: NDArray[np.int64], lengths: NDArray[np.int64]
) -> list[tuple[int, int, int]]:
    """The path back from the best class at the end; `before` holds the class before each."""
    end, label = len(before) - 1, int(ended.argmax())
    found = []
    while end > 0:
        start = end - int(lengths[end, label])
        found.append((start, end - start, label))
        end, label = start, int(before[start, label])
    return found[::-1]


def load_chord_finder(folder: Path | None = None) -> ChordFinder:
    """The model in a folder with its .safetensors and .json; None is the one that ships with muse.

    Raises:
        ValueError: the two files do not belong together.
    """
    from safetensors.numpy import load

    place: Traversable = folder or files("muse.models") / "weights"
    told = json.loads((place / f"{NAME}.json").read_text())["config"]
    config = ChordFinderConfig(**{**told, "kinds": tuple(told["kinds"])})
    weights = load((place / f"{NAME}.safetensors").read_bytes())
    if {name: rows.shape for name, rows in weights.items()} != shapes_of(config):
        raise ValueError(f"{NAME}.safetensors has other sizes than {NAME}.json tells")
    return ChordFinder(config, **{name: rows.astype(np.float64) for name, rows in weights.items()})


def shapes_of(config: ChordFinderConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each of the model's arrays, by its name in the file."""
    kinds = len(config.kinds)
    return {
        "content": (kinds, config.blocks, PLACES),
        "kind": (kinds,),
        "length": (config.longest,),
        "strength": (config.strengths,),
        "none": (config.scalars,),
        "follow": (kinds, kinds, PLACES),
        "to_none": (kinds,),
        "from_none": (kinds,),
        "stay_none": (1,),
    }


def save_chord_finder(finder: ChordFinder, folder: Path, card: dict[str, object]) -> None:
    """Write the model as .safetensors and .json; `card` tells of its making."""
    from safetensors.numpy import save

    arrays = {
        name: np.ascontiguousarray(getattr(finder, name), np.float32)
        for name in shapes_of(finder.config)
    }
    (folder / f"{NAME}.safetensors").write_bytes(save(arrays))
    told = {"config": asdict(finder.config), **card}
    (folder / f"{NAME}.json").write_text(json.dumps(told, indent=2) + "\n")
