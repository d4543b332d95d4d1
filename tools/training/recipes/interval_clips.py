"""Clips of intervals as training examples: made, read, split, and classified by arithmetic."""

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
from muse.tools.intervals.data_set import INDEX, DataSet, generate_folder
from muse.tools.intervals.sample_label import Label
from muse.tools.progress import Report
from muse.tools.training.recipe import SIDES, Examples, Source

log = logging.getLogger("muse")

SHARES = (0.7, 0.15)  # of training and validation; the rest is for the test
SAMPLE_BYTES = 2  # of a sample in the files
PICTURED = 3  # clips whose audio stays in memory, for plots

Ids = NDArray[np.int64]
Clip = NDArray[np.float32]
Spectrograms = NDArray[np.float16]


def clips_bytes(count: int) -> int:
    """Return the size of clips with the default settings, without labels and the files' heads."""
    settings = ClipSettings()
    return count * round(settings.clip_s * settings.sample_rate) * SAMPLE_BYTES


def generated(folder: Path, count: int, seed: int, jobs: int, report: Report) -> None:
    """Make clips with the default settings in a folder, unless it holds them already."""
    if not (folder / INDEX).is_file():
        log.info("making %d clips in %s, %.0f MB", count, folder, clips_bytes(count) / 1e6)
    generate_folder(folder, ClipSettings(), count, seed, jobs=jobs, overwrite=True, report=report)


def source_of(index: DataSet) -> Source:
    """Return the source of the clips, for the card."""
    timbres = ", ".join(index.recipe.get("timbres", ()))
    fonts = f"; {', '.join(index.soundfonts)}" if index.soundfonts else ""
    note = f"seed {index.seed}; {timbres}{fonts}; content {index.content_hash[:12]}"
    return Source("muse intervals generate", "made for the run", index.clips, note)


def split(labels: Sequence[Label], of_pitches: bool, seed: int) -> dict[Side, Ids]:
    """Return the numbers of the clips of each side, in ascending order.

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
    labels: Sequence[Label], sizes: list[int], spectrograms: Spectrograms, numbers: Ids
) -> Examples:
    """Return the clips with these numbers as one side of the data."""
    some = [labels[number] for number in numbers]
    arrays: dict[str, NDArray[Any]] = {
        "mel": spectrograms[numbers],
        "size": np.array([sizes.index(label.semitones) for label in some], np.int64),
        "pitches": np.array([(x.low_pitch, x.high_pitch) for x in some], np.int64).reshape(-1, 2),
    }
    return Examples(arrays, tuple(label.file for label in some), len(some))


@dataclass(frozen=True)
class Sounds:
    """The audio of a data set; all clips have one sample rate and length.

    Attributes:
        folder: of the data set.
        labels: of its clips.
    """

    folder: Path
    labels: Sequence[Label]

    @cached_property
    def first(self) -> tuple[Clip, int]:
        """Return the first clip and its sample rate in Hz."""
        return self.read(0)

    def read(self, number: int) -> tuple[Clip, int]:
        """Return a clip (frames,) and its sample rate in Hz."""
        sound, rate = read_audio(self.folder / self.labels[number].file, mono=True)
        return sound[0], rate

    @property
    def rate(self) -> int:
        """The sample rate in Hz."""
        return self.first[1]

    def clip(self, number: int) -> Clip:
        """Return one clip, (frames,).

        Raises:
            BadInputError: it cannot be read, or has another length than the first.
        """
        first, rate = self.first
        found = self.read(number)
        if (len(found[0]), found[1]) != (len(first), rate):
            path = self.folder / self.labels[number].file
            raise BadInputError(
                f"{path}: differs in length or rate from the first clip; make the clips again"
            )
        return found[0]

    def spectrograms(self, report: Report) -> Spectrograms:
        """Return the log-mel spectrograms of all clips, (clips, bands, times)."""
        count = len(self.labels)
        rows = []
        for number in range(count):
            rows.append(log_mel(self.clip(number), self.rate).astype(np.float16))
            report(f"spectrograms {number + 1}/{count}", (number + 1) / count)
        return np.stack(rows)

    def peaks(self, number: int) -> int:
        """Return the interval between the highest spectral peaks, in semitones."""
        clip = self.clip(number)
        if self.labels[number].direction == "together":
            return together_by_peaks(clip, self.rate)
        return abs(interval_by_peaks(*halves(clip), self.rate))

    def with_baseline(self, test: Examples, numbers: Ids) -> Examples:
        """Return the test side with the answers of arithmetic and the audio of a few clips."""
        sounds = [self.clip(number) for number in numbers[:PICTURED]]
        arrays: dict[str, NDArray[Any]] = {
            **test.arrays,
            "peaks": np.array([self.peaks(number) for number in numbers], np.int64),
            "sounds": np.array(sounds, np.float32),
        }
        return Examples(arrays, test.songs, test.tokens, len(numbers))
