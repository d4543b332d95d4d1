"""Clips of intervals as examples to learn from: made, read, split, and heard by arithmetic."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.models.training.task import Side
from muse.tools.audio.io import read_audio
from muse.tools.audio.mel import log_mel
from muse.tools.errors import BadInputError
from muse.tools.intervals.arithmetic import halves, interval_by_peaks, together_by_peaks
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.data_set import DataSet, generate_folder
from muse.tools.intervals.sample_label import Label
from muse.tools.progress import Report
from muse.tools.training.recipe import SIDES, Examples, Source

log = logging.getLogger("muse")

SHARES = (0.7, 0.15)  # of training and validation; the rest is for the test
PICTURED = 3  # clips whose sound is kept

Ids = NDArray[np.int64]
Clip = NDArray[np.float32]
Spectrograms = NDArray[np.float16]


def generated(folder: Path, count: int, seed: int, jobs: int, report: Report) -> Path:
    """The folder within another of clips by the default recipe, made unless it is whole."""
    named = folder / f"{count}_clips_seed_{seed}"
    log.info("%s: clips that are not there are made, once", named)
    generate_folder(named, ClipSettings(), count, seed, jobs=jobs, report=report)
    return named


def source_of(index: DataSet) -> Source:
    """Where the clips are from."""
    timbres = ", ".join(index.recipe.get("timbres", ()))
    fonts = f"; {', '.join(index.soundfonts)}" if index.soundfonts else ""
    note = f"seed {index.seed}; {timbres}{fonts}; content {index.content_hash[:12]}"
    return Source("muse intervals generate", "made for the run", index.clips, note)


def split(labels: Sequence[Label], of_pitches: bool, seed: int) -> dict[Side, Ids]:
    """Places of the clips of each side, in their order.

    Args:
        labels: of all clips.
        of_pitches: whether all clips of a pair of pitches are on the same side.
        seed: of the split.
    """
    keys = [(x.low_pitch, x.high_pitch) if of_pitches else (x.number, 0) for x in labels]
    groups, members = np.unique(np.array(keys), axis=0, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(groups))
    ends = np.round(np.cumsum(SHARES) * len(groups)).astype(int)
    parts = np.split(order, ends)
    return {
        name: np.flatnonzero(np.isin(members.ravel(), some))
        for name, some in zip(SIDES, parts, strict=True)
    }


def side(
    labels: Sequence[Label], sizes: list[int], spectrograms: Spectrograms, places: Ids
) -> Examples:
    """One side of the data."""
    some = [labels[place] for place in places]
    arrays: dict[str, NDArray[Any]] = {
        "mel": spectrograms[places],
        "size": np.array([sizes.index(label.semitones) for label in some], np.int64),
        "pitches": np.array([(x.low_pitch, x.high_pitch) for x in some], np.int64).reshape(-1, 2),
    }
    return Examples(arrays, tuple(label.file for label in some), len(some))


@dataclass(frozen=True)
class Sounds:
    """The clips of a data set, which are of one rate and length.

    Attributes:
        folder: of the data set.
        labels: of its clips.
    """

    folder: Path
    labels: Sequence[Label]

    @cached_property
    def first(self) -> tuple[Clip, int]:
        """The first clip and its rate in Hz."""
        return self.read(0)

    def read(self, place: int) -> tuple[Clip, int]:
        """A clip (frames,) and its rate in Hz."""
        sound, rate = read_audio(self.folder / self.labels[place].file, mono=True)
        return sound[0], rate

    @property
    def rate(self) -> int:
        """In Hz."""
        return self.first[1]

    def clip(self, place: int) -> Clip:
        """One clip, (frames,).

        Raises:
            BadInputError: it cannot be read, or is not as long as the first.
        """
        first, rate = self.first
        found = self.read(place)
        if (len(found[0]), found[1]) != (len(first), rate):
            path = self.folder / self.labels[place].file
            raise BadInputError(f"{path}: its length is not the others'; make the clips again")
        return found[0]

    def spectrograms(self, report: Report) -> Spectrograms:
        """Log-mel spectrograms (clips, bands, times) of all."""
        count = len(self.labels)
        rows = []
        for place in range(count):
            rows.append(log_mel(self.clip(place), self.rate).astype(np.float16))
            report(f"spectrograms {place + 1}/{count}", (place + 1) / count)
        return np.stack(rows)

    def peaks(self, place: int) -> int:
        """The size that the highest spectral peaks tell, of the halves or of notes together."""
        clip = self.clip(place)
        if self.labels[place].direction == "together":
            return together_by_peaks(clip, self.rate)
        return abs(interval_by_peaks(*halves(clip), self.rate))

    def with_baseline(self, test: Examples, places: Ids) -> Examples:
        """The test side with what arithmetic hears in it, and a few of its sounds."""
        sounds = [self.clip(place) for place in places[:PICTURED]]
        arrays: dict[str, NDArray[Any]] = {
            **test.arrays,
            "peaks": np.array([self.peaks(place) for place in places], np.int64),
            "sounds": np.array(sounds, np.float32),
        }
        return Examples(arrays, test.songs, test.tokens, len(places))
