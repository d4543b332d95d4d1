"""Measures real melodies for melody-realism, the norms that `muse melody` ranks melodies by.

    muse train melody-realism --data DATA

The songs are those on the training side of the split with seed 0. For each length, the figures are
measured on the first bars of the songs that are at least as long. The log probability that the net
gives a note is measured on the validation side, which the net was not trained on.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import ClassVar

import numpy as np

from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.evaluation.symbolic.passage import passage_of
from muse.tools.melody.event_scores import Scorer
from muse.tools.melody.realism import MEASURES, NATS, Measures, measures
from muse.tools.melody.realism_norms import NAME
from muse.tools.melody.torch_predictor import load_melody_net, net_scores
from muse.tools.song.document import Song
from muse.tools.training.data_folder import MELODY_COLLECTIONS, collections_in
from muse.tools.training.fit import Arrays, Fit, FitJob, Fitted
from muse.tools.training.recipes.corpora import load_melodies, log_skipped, source_records
from muse.tools.weights import SHIPPED_FOLDER

LENGTHS = (4, 8, 16, 32, 64)  # bars
DIGITS = 4  # of a figure, after the decimal point
FIGURES = (*MEASURES, NATS)

Norm = tuple[float, float]  # mean, standard deviation
Table = dict[int, dict[str, Norm]]


@dataclass(frozen=True)
class RealismSettings:
    """Settings of the measurement.

    Attributes:
        split_seed: of the split by song.
        net: weights of a melody-xl, by name or path.
    """

    split_seed: int = 0
    net: str = "melody-xl"


class MelodyRealismFit(Fit):
    """Mean and standard deviation of each figure of tools/melody/realism.py, by length."""

    name = NAME
    what = "mean and standard deviation of figures of real melodies, by number of bars"
    task = "melody"
    settings = RealismSettings
    collections: ClassVar[tuple[str, ...]] = MELODY_COLLECTIONS
    minutes = 2.0

    def fit(self, job: FitJob) -> Fitted:
        """Measure the training side, and the net on the validation side."""
        sides = load_melodies(job.data, job.report).sides(job.settings.split_seed)
        train, validation = sides["train"], sides["validation"]
        songs = read_chosen(job.data, {song.id for song in train})
        by_net = nats_by_length(net_scores(load_melody_net(job.settings.net)[0]), validation)
        table = {bars: norms_of(songs, bars) for bars in LENGTHS}
        for bars, norm in by_net.items():
            table[bars][NATS] = norm
        return Fitted(
            arrays_of(table),
            {"bars": list(LENGTHS), "figures": list(FIGURES)},
            source_records(train),
            {"songs": len(songs), "songs_for_the_net": len(validation)},
            {"net": net_name(job.settings.net), "split_seed": job.settings.split_seed},
        )


def read_chosen(data: Path, ids: set[str]) -> list[Song]:
    """Return the songs of the data folder with these ids."""
    problems: list[BadInputError] = []
    paths = collections_in(data, MELODY_COLLECTIONS)
    found = [
        song for path in paths for name, song in read_songs(path, problems.append) if name in ids
    ]
    log_skipped(problems)
    return found


def norms_of(songs: Sequence[Song], bars: int) -> dict[str, Norm]:
    """Return the norm of each figure over the first bars of the songs that have as many."""
    passages = [passage_of(song, "lead", bars) for song in songs]
    rows = [measures(each) for each in passages if each.bars == bars]
    return {name: norm for name in MEASURES if (norm := norm_of(known_values(rows, name)))}


def known_values(rows: Iterable[Measures], name: str) -> list[float]:
    """Return the values of a figure where it could be measured."""
    return [value for row in rows if (value := row[name]) is not None]


def norm_of(values: Sequence[float]) -> Norm | None:
    """Return mean and standard deviation; None for fewer than two values."""
    if len(values) < 2:
        return None
    return round(fmean(values), DIGITS), round(stdev(values), DIGITS)


def nats_by_length(scorer: Scorer, songs: Sequence[MelodySong]) -> dict[int, Norm]:
    """Return the norm over songs of the mean negative log probability of a note, in nats.

    Args:
        scorer: gives the losses of the notes of a song.
        songs: that the net was not trained on.
    """
    found: dict[int, list[float]] = {bars: [] for bars in LENGTHS}
    for song in songs:
        scores = scorer(song)
        for bars in LENGTHS:
            if song.bar[-1] - song.bar[0] + 1 >= bars:
                notes = int((song.bar - song.bar[0] < bars).sum())
                total = sum(float(loss[:notes].sum()) for loss, _ in scores.values())
                found[bars].append(total / notes)
    return {bars: norm for bars, values in found.items() if (norm := norm_of(values))}


def arrays_of(table: Table) -> Arrays:
    """Return `mean` and `deviation`, (lengths, figures); NaN where there is no norm."""
    missing = (np.nan, np.nan)
    norms = np.array(
        [[table[bars].get(name, missing) for name in FIGURES] for bars in LENGTHS], np.float64
    )
    return {"mean": norms[..., 0], "deviation": norms[..., 1]}


def net_name(name_or_path: str) -> str:
    """Return the name of a net's weights and the first digits of their SHA-256."""
    path = Path(name_or_path)
    if not path.is_file():
        path = SHIPPED_FOLDER / f"{name_or_path}.safetensors"
    return f"{path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
