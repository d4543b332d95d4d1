"""Sounds of known classes for role-net, rendered by the studio and stored as spectrograms.

A block file holds BLOCK examples: `windows` (examples, bands, frames) in half precision, `labels`
(numbers of CLASSES) and `banks` (names).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.models.role_net.config import CLASSES
from muse.tools.files import replacing
from muse.tools.progress import Report
from muse.tools.training.studio.stream import Side, Studio
from muse.tools.transcription.role_features import SAMPLE_RATE, window_features

BLOCK = 100
LENGTHS_S = (4.0, 4.0, 4.0, 2.0, 1.0)  # of the audio, drawn from
SEEDS = {"train": 0, "held_out": 1}


@dataclass(frozen=True)
class Sounds:
    """Examples of one side.

    Attributes:
        windows: (examples, bands, frames) float16.
        labels: (examples,) numbers of CLASSES.
        banks: (examples,) names.
    """

    windows: NDArray[np.float16]
    labels: NDArray[np.int64]
    banks: NDArray[np.str_]


def make_sounds(
    data: Path, folder: Path, side: Side, count: int, seed: int, songs: int, report: Report
) -> Sounds:
    """Return `count` examples of a side; blocks that are missing in the folder are rendered."""
    paths = [folder / f"{side}-{number:04d}.npz" for number in range(-(-count // BLOCK))]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    if missing:
        studio = Studio(data, side, songs)
        for done, number in enumerate(missing):
            report(f"rendering ({side})", done / len(missing))
            save_block(paths[number], studio, (seed, SEEDS[side]), number)
    parts = [load_block(path) for path in paths]
    fields = zip(*((p.windows, p.labels, p.banks) for p in parts), strict=True)
    return Sounds(*(np.concatenate(field)[:count] for field in fields))


def save_block(path: Path, studio: Studio, seed: tuple[int, int], number: int) -> None:
    """Render one block of examples, the classes in turn, and write it."""
    windows, labels, banks = zip(*examples(studio, seed, number), strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, windows=windows, labels=labels, banks=banks)


def examples(
    studio: Studio, seed: tuple[int, int], number: int
) -> Iterator[tuple[NDArray[np.float16], int, str]]:
    """Yield the spectrogram, label and bank of each example of a block."""
    for index in range(number * BLOCK, (number + 1) * BLOCK):
        role = studio.roles[index % len(studio.roles)]
        length_s = float(np.random.default_rng([*seed, index, 1]).choice(LENGTHS_S))
        example = studio.example(role, length_s, SAMPLE_RATE, (*seed, index))
        window = window_features(example.audio)[0]
        yield window.astype(np.float16), CLASSES.index(role), example.bank


def load_block(path: Path) -> Sounds:
    """Read what `save_block` wrote."""
    with np.load(path) as stored:
        return Sounds(stored["windows"], stored["labels"], stored["banks"])
