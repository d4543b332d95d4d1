"""Trains intervals, a convolutional net that classifies clips by the size of the interval.

    muse train intervals
    muse train intervals --data clips/

Without --data the clips are made first, with the default settings of `muse intervals generate`,
in the folder for files that can be made again, where later runs find them. If --data names a
folder that does not exist, they are made there. Spectrograms are computed once and stay in memory.
Clips are split at random, or, with --set split=pitches, so that no pair of pitches is on two sides.

Among pure tones without detuning, many clips of a pair of pitches differ in phase only. Therefore
the results include the answer of the nearest training clip, and of arithmetic on the clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from muse.models.interval_cnn.config import IntervalCnnConfig
from muse.models.interval_cnn.net import IntervalCnn
from muse.models.training.task import Batch, Means, Outcome, Watched
from muse.tools.errors import BadInputError
from muse.tools.intervals.clip_plots import clip_figure
from muse.tools.intervals.data_set import INDEX, read_index, read_labels
from muse.tools.progress import Report, scale_report
from muse.tools.theory.intervals import INTERVAL_NAMES
from muse.tools.training.fingerprint import hash_of
from muse.tools.training.recipe import SIDES, Confusion, Examples, Prepared, Recipe, Sample
from muse.tools.training.recipes.interval_clips import (
    SHARES,
    Ids,
    Sounds,
    Spectrograms,
    clips_bytes,
    generated,
    side,
    source_of,
    split,
)
from muse.tools.weights import cache_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLED = 100  # clips that an estimate makes, among which all sizes occur
GENERATED = 0.4  # share of the preparation in which the clips are made
EVALUATED_AT_ONCE = 250  # clips
COMPARED_AT_ONCE = 2000  # training clips whose distances to all test clips are computed


@dataclass(frozen=True)
class IntervalSettings:
    """Settings of the data and of the net.

    Attributes:
        clips: number of clips to make without --data.
        data_seed: seed of the clips.
        folder: in which the folder of the clips is made; empty for muse's cache.
        jobs: processes that make the clips.
        split: what is on one side only: clips, or (pairs of) pitches.
        split_seed: seed of the split.
        segments: of time that the net averages over.
        dropout: share of values dropped in training.
    """

    clips: int = 5000
    data_seed: int = 0
    folder: str = ""
    jobs: int = 2
    split: Literal["clips", "pitches"] = "clips"
    split_seed: int = 0
    segments: int = 4
    dropout: float = 0.1


class IntervalsRecipe(Recipe):
    """Three blocks of convolution over a mel spectrogram."""

    name = "intervals"
    what = "classifies the interval in a clip with three blocks of convolution"
    task = "intervals"
    settings = IntervalSettings
    watched = Watched("loss", "lower")
    needs_data = False
    makes_data = True
    keep_every = 10
    plotted = ("accuracy",)
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 150,
        "batch_size": 32,
        "lr": 1e-3,
        "patience": 15,
        "schedule": "constant",
        "warmup": 0.0,
        "weight_decay": 0.0,
        "clip": 0.0,
    }

    def prepare(self, data: Path, settings: IntervalSettings, report: Report) -> Prepared:
        """Return the spectrograms of all clips, split; make the clips that are missing."""
        folder = data
        if makes_clips(data):
            folder = clips_folder(data, settings)
            count, seed = settings.clips, settings.data_seed
            generated(folder, count, seed, settings.jobs, scale_report(report, 0.0, GENERATED))
        index, labels = read_index(folder), read_labels(folder)
        sizes = sorted({label.semitones for label in labels})
        if len(sizes) < 2:
            raise BadInputError(f"{folder}: all clips hold the same interval")
        sounds = Sounds(folder, labels)
        spectrograms = sounds.spectrograms(scale_report(report, GENERATED, 1.0))
        places = split(labels, settings.split == "pitches", settings.split_seed)
        sides = [side(labels, sizes, spectrograms, places[name]) for name in SIDES]
        return Prepared(
            sides[0],
            sides[1],
            sounds.with_baseline(sides[2], places["test"]),
            vocabulary_hash=hash_of(sizes),
            sources=(source_of(index),),
            extras={
                "semitones": sizes,
                "sample_rate": sounds.rate,
                "split_by": settings.split,
                "split_seed": settings.split_seed,
            },
        )

    def sample(self, data: Path, settings: IntervalSettings, folder: Path) -> Sample | None:
        """Return a small number of clips; None if `data` holds clips."""
        if not makes_clips(data):
            return None
        ends = np.round(np.cumsum((0.0, *SHARES, 1.0 - sum(SHARES))) * settings.clips)
        counts = dict(zip(SIDES, np.diff(ends).astype(int).tolist(), strict=True))
        few = replace(settings, clips=min(settings.clips, SAMPLED), folder=str(folder), jobs=1)
        place = clips_folder(data, settings)
        return Sample(few, counts, clips_bytes(settings.clips), place)

    def config(self, prepared: Prepared, settings: IntervalSettings) -> IntervalCnnConfig:
        """Return the config for the settings and the size of the spectrograms."""
        _, bands, times = prepared.train.arrays["mel"].shape
        return IntervalCnnConfig(
            classes=len(prepared.extras["semitones"]),
            bands=bands,
            times=times,
            segments=min(settings.segments, times),
            dropout=settings.dropout,
        )

    def build(self, config: IntervalCnnConfig) -> nn.Module:
        """Return the net."""
        return IntervalCnn(config)

    def batch(self, examples: Examples, indices: Ids, rng: np.random.Generator | None) -> Batch:
        """Return spectrograms; there is no augmentation."""
        spectrograms = examples.arrays["mel"][indices].astype(np.float32)
        return {
            "mel": torch.from_numpy(spectrograms),
            "size": torch.from_numpy(examples.arrays["size"][indices]),
        }

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return the loss and the number of right answers."""
        scores = net(batch["mel"]).float()
        loss = cross_entropy(scores, batch["size"])
        count = len(scores)
        hits = (scores.argmax(-1) == batch["size"]).sum()
        return Outcome(loss, {"loss": (loss * count, count), "accuracy": (hits, count)})

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Return the figures of arithmetic, the nearest training clip and the commonest size."""
        test = prepared.test.arrays
        sizes = np.array(prepared.extras["semitones"])
        commonest = np.bincount(prepared.train.arrays["size"]).argmax()
        right = {
            "two spectral peaks": test["peaks"] == sizes[test["size"]],
            "nearest training clip": nearest(prepared) == test["size"],
            "always the commonest": test["size"] == commonest,
        }
        return {name: {"accuracy": float(hits.mean())} for name, hits in right.items()}

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Return precision, recall and F1 of each size, and accuracy on new pairs of pitches."""
        predictions = predict(net, prepared.test, device)
        counts = count_predictions(prepared, predictions)
        names = names_of(prepared)
        classes = {name: class_figures(place, counts) for place, name in enumerate(names)}
        new = ~np.isin(pairs(prepared.test), pairs(prepared.train))
        hits = predictions == prepared.test.arrays["size"]
        return {
            "macro_f1": float(np.mean([each["f1"] for each in classes.values()])),
            "classes": classes,
            "new_pairs_of_pitches": {
                "clips": int(new.sum()),
                "accuracy": float(hits[new].mean()) if new.any() else None,
            },
        }

    def confusion(self, net: nn.Module, prepared: Prepared, device: torch.device) -> Confusion:
        """Return the confusion matrix of the test side."""
        counts = count_predictions(prepared, predict(net, prepared.test, device))
        return Confusion(tuple(names_of(prepared)), counts)

    def pictures(self, prepared: Prepared) -> dict[str, Figure]:
        """Return waveform, spectrogram and mel spectrogram of a few test clips."""
        test, names = prepared.test.arrays, names_of(prepared)
        rate = prepared.extras["sample_rate"]
        return {
            f"audio_features_{place + 1}": clip_figure(sound, rate, names[test["size"][place]])
            for place, sound in enumerate(test["sounds"])
        }


def makes_clips(data: Path) -> bool:
    """Return whether clips are made, as no folder is given or it does not exist."""
    return not (data / INDEX).is_file() if data == Path() else not data.exists()


def clips_folder(data: Path, settings: IntervalSettings) -> Path:
    """Return the folder in which clips are made."""
    if data != Path():
        return data
    folder = Path(settings.folder) if settings.folder else cache_folder() / "interval-clips"
    return folder / f"{settings.clips}_clips_seed_{settings.data_seed}"


def names_of(prepared: Prepared) -> list[str]:
    """Return the names of the classes."""
    return [INTERVAL_NAMES[size] for size in prepared.extras["semitones"]]


def pairs(examples: Examples) -> Ids:
    """Return a number for each clip's pair of pitches."""
    low, high = examples.arrays["pitches"].T
    numbers: Ids = low * 1000 + high
    return numbers


def nearest(prepared: Prepared) -> Ids:
    """Return the class of the nearest training clip for each test clip, by spectrogram."""
    test, train = flat(prepared.test.arrays["mel"]), prepared.train.arrays
    best = np.full(len(test), np.inf)
    found = np.zeros(len(test), np.int64)
    for start in range(0, len(train["mel"]), COMPARED_AT_ONCE):
        some = flat(train["mel"][start : start + COMPARED_AT_ONCE])
        away = (some**2).sum(1) - 2 * test @ some.T  # of squares; |test|^2 is the same for all
        closest = away.argmin(1)
        least = away[np.arange(len(test)), closest]
        found = np.where(least < best, train["size"][start + closest], found)
        best = np.minimum(best, least)
    return found


def flat(spectrograms: Spectrograms) -> NDArray[np.float32]:
    """Return spectrograms as rows, (clips, values)."""
    return spectrograms.reshape(len(spectrograms), -1).astype(np.float32)


def predict(net: nn.Module, examples: Examples, device: torch.device) -> Ids:
    """Return the predicted class of each clip."""
    net.to(device).eval()
    found = []
    for start in range(0, len(examples), EVALUATED_AT_ONCE):
        some = examples.arrays["mel"][start : start + EVALUATED_AT_ONCE]
        batch = torch.from_numpy(some.astype(np.float32)).to(device)
        with torch.inference_mode():
            found.append(net(batch).argmax(-1).cpu().numpy())
    return np.concatenate(found)


def count_predictions(prepared: Prepared, predictions: Ids) -> NDArray[np.int64]:
    """Return counts, (true class, predicted class)."""
    classes = len(prepared.extras["semitones"])
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (prepared.test.arrays["size"], predictions), 1)
    return counts


def class_figures(place: int, counts: NDArray[np.int64]) -> dict[str, float]:
    """Return precision, recall and F1 of one class, and its number of clips."""
    hits, true, predicted = counts[place, place], counts[place].sum(), counts[:, place].sum()
    return {
        "precision": float(hits / max(predicted, 1)),
        "recall": float(hits / max(true, 1)),
        "f1": float(2 * hits / max(true + predicted, 1)),
        "clips": int(true),
    }
