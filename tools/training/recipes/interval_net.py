"""Trains the net that recognizes intervals: interval-net.

    muse train interval-net

The examples are rendered by training_spectra.py with General MIDI instruments, which are
split by side, and with synthesizers. --data takes a folder of train.npz, validation.npz and
test.npz instead, as written by `save_examples`. The loss is the sum of the negative log likelihoods
of size and direction together, of "no interval", and of the notes at each moment. The validation
side gives the temperatures that calibrate both answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from muse.models.interval_net.config import STEP, IntervalNetConfig
from muse.models.interval_net.net import IntervalNet, Logits
from muse.models.training.task import Batch, Outcome, Side, Watched
from muse.tools.audio.cqt import ROWS_PER_SEMITONE
from muse.tools.errors import BadInputError
from muse.tools.intervals.calibration import (
    expected_calibration_error,
    fit_temperature,
    size_probabilities,
)
from muse.tools.intervals.instruments import INSTRUMENTS, programs_in_split
from muse.tools.intervals.training_spectra import BYTE, KINDS, NO_INTERVAL, Arrays, make_examples
from muse.tools.progress import Report, scale_report
from muse.tools.training.fingerprint import hash_of
from muse.tools.training.recipe import SIDES, Examples, Prepared, Recipe, Sample, Source

NONE_SHARE, NOTES_SHARE = 1.0, 4.0  # weights of two losses; that of the pairs is 1
NOTE_WEIGHT = 4.0  # of a point with a note; that of one without is 1
LARGEST_SHIFT = 9  # rows by which an example is moved up or down
FILTER_DB = 8.0  # largest standard deviation of a random filter's gain at FILTER_POINTS rows
FILTER_POINTS = 8
LEVEL_DB = 80.0  # range of a level from 0 to 1
SAMPLED = {"lessons": 32, "checks": 8}  # the settings of an estimate
MEASURED = 64  # examples per batch in the evaluation
REPEATED = KINDS.index("repeated")


@dataclass(frozen=True)
class IntervalSettings:
    """Settings of the data and of the net.

    Attributes:
        lessons: approximate number of training examples.
        checks: approximate number of examples on each of the other sides.
        data_seed: seed of the examples.
        channels: of the net's hidden layers.
        faces: of its feature maps that are correlated.
    """

    lessons: int = 24_000
    checks: int = 2000
    data_seed: int = 100
    channels: int = 16
    faces: int = 12


class IntervalNetRecipe(Recipe):
    """The net of models/interval_net/net.py."""

    name = "interval-net"
    what = "recognizes the interval between two notes, unison to two octaves, or that there is none"
    task = "intervals"
    settings = IntervalSettings
    watched = Watched("right", "higher")
    needs_data = False
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 4,
        "batch_size": 32,
        "lr": 4e-3,
        "patience": 0,
        "precision": "bf16",
    }

    def prepare(self, data: Path, settings: IntervalSettings, report: Report) -> Prepared:
        """Make or read the examples of each side; no instrument is on two sides."""
        train, validation, test = (
            examples_of(
                side,
                read_or_make_examples(
                    data, side, settings, scale_report(report, i / 3, (i + 1) / 3)
                ),
            )
            for i, side in enumerate(SIDES)
        )
        return Prepared(
            train,
            validation,
            test,
            vocabulary_hash=hash_of(list(KINDS)),
            sources=(
                Source("FluidR3_GM", "MIT", len(INSTRUMENTS), "notes of General MIDI instruments"),
                Source("muse intervals generate", "MIT", 4, "synthesizers: saw, fm, pluck, sine"),
            ),
            extras={"data_seed": settings.data_seed, "kinds": list(KINDS[:REPEATED])},
        )

    def sample(self, data: Path, settings: IntervalSettings, folder: Path) -> Sample | None:
        """Return a small number of examples; None if a folder holds them."""
        if data != Path() or (data / f"{SIDES[0]}.npz").is_file():
            return None
        counts = dict.fromkeys(SIDES, settings.checks) | {SIDES[0]: settings.lessons}
        few = {name: min(getattr(settings, name), count) for name, count in SAMPLED.items()}
        return Sample(replace(settings, **few), counts)

    def config(self, prepared: Prepared, settings: IntervalSettings) -> IntervalNetConfig:
        """Return the config for the settings."""
        return IntervalNetConfig(channels=settings.channels, faces=settings.faces)

    def build(self, config: IntervalNetConfig) -> nn.Module:
        """Return the net."""
        return IntervalNet(config)

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], rng: np.random.Generator | None
    ) -> Batch:
        """Return examples; in training they are moved up or down and filtered."""
        arrays = {name: array[indices] for name, array in examples.arrays.items()}
        if rng is not None:
            arrays = augment(arrays, rng)
        levels = torch.from_numpy(arrays.pop("levels")).float() / BYTE
        return {"levels": levels} | {
            name: torch.from_numpy(array) for name, array in arrays.items()
        }

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return the sum of the three losses, and the shares of right answers."""
        outputs = cast(Logits, net(batch["levels"]))
        some = batch["semitones"] != NO_INTERVAL
        pairs = pair_losses(outputs.pairs.float(), batch)
        none = functional.binary_cross_entropy_with_logits(
            outputs.none.float(), (~some).float(), reduction="none"
        )
        notes = note_losses(outputs.notes.float(), batch["notes"])
        each = pairs + NONE_SHARE * none + NOTES_SHARE * notes
        probabilities = outputs.pairs.float().flatten(1).softmax(1).view(outputs.pairs.shape)
        size = probabilities.sum(2).argmax(1) == batch["semitones"]
        has_kind = some & (batch["kind"] != REPEATED)
        kind = (probabilities.sum(1).argmax(1) == batch["kind"]) & has_kind
        detected = (outputs.none < 0) == some
        right = detected & (size | ~some)
        count = torch.tensor(len(each), device=each.device)
        return Outcome(
            each.mean(),
            {
                "loss": (each.sum(), count),
                "right": (right.sum(), count),
                "semitones": ((size & some).sum(), some.sum()),
                "kind": (kind.sum(), has_kind.sum()),
                "none": (detected.sum(), count),
                "note_nll": (notes.sum(), count),
            },
        )

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Return temperatures fitted to the validation side, and the calibration errors."""
        net.eval()
        sides = {side: logits_of(self, net, prepared, side, device) for side in SIDES[1:]}
        pairs, none, sizes, targets = sides["validation"]
        some = sizes != NO_INTERVAL
        temperatures = {
            "pairs": fit_temperature(pairs[some].reshape(some.sum(), -1), targets[some]),
            "none": fit_temperature(
                np.stack([np.zeros_like(none), none], 1), np.eye(2, dtype=bool)[(~some).astype(int)]
            ),
        }
        errors = {}
        for side, (pairs, _none, sizes, _targets) in sides.items():
            some = sizes != NO_INTERVAL
            errors[side] = expected_calibration_error(
                size_probabilities(pairs[some], temperatures["pairs"]), sizes[some]
            )
        return {"temperatures": temperatures, "calibration_error": errors}


def read_or_make_examples(
    data: Path, side: Side, settings: IntervalSettings, report: Report
) -> Arrays:
    """Return the examples of a side, from a folder or newly made."""
    file = data / f"{side}.npz"
    if file.is_file():
        with np.load(file) as found:
            return dict(found)
    if data != Path():
        raise BadInputError(f"{file}: no such file; leave --data out to make examples")
    place = SIDES.index(side)
    count = settings.lessons if side == "train" else settings.checks
    return make_examples(side, count, settings.data_seed * (1 + 4 * place), report)


def save_examples(folder: Path, settings: IntervalSettings, report: Report) -> None:
    """Make the examples of all sides and write them into a folder for --data."""
    for side in SIDES:
        arrays: dict[str, Any] = read_or_make_examples(Path(), side, settings, report)
        np.savez(folder / f"{side}.npz", **arrays)


def examples_of(side: str, arrays: Arrays) -> Examples:
    """Return the training examples of a split; instruments stand for songs."""
    names = tuple(INSTRUMENTS[program].name for program in programs_in_split(side))
    return Examples(arrays, names, len(arrays["kind"]))


def augment(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """Return examples moved by whole rows and filtered by a random smooth curve."""
    levels, notes = arrays["levels"], arrays["notes"].copy()
    rows = levels.shape[1]
    moved = np.zeros_like(levels)
    shifts = rng.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, len(levels))
    points = np.linspace(0, FILTER_POINTS - 1, rows)
    for place, shift in enumerate(shifts):
        gain_db = rng.normal(0.0, FILTER_DB * rng.uniform(), FILTER_POINTS)
        gain = np.interp(points, np.arange(FILTER_POINTS), gain_db) * (BYTE / LEVEL_DB)
        source = levels[place, max(-shift, 0) : rows - max(shift, 0)].astype(np.float32)
        filtered = source + gain[max(-shift, 0) : rows - max(shift, 0), None].astype(np.float32)
        kept = np.clip(np.where(source > 0, filtered, 0.0), 0, BYTE)
        moved[place, max(shift, 0) : rows - max(-shift, 0)] = kept
        notes[place, :, 0] += shift * (notes[place, :, 2] > 0)
    return {**arrays, "levels": moved, "notes": notes}


def pair_losses(pairs: Tensor, batch: Batch) -> Tensor:
    """Return the negative log likelihood of size and kind, (batch,); 0 without an interval."""
    logs = pairs.flatten(1).log_softmax(1).view(pairs.shape)
    some = batch["semitones"] != NO_INTERVAL
    size = batch["semitones"].clamp(min=0)
    at = logs[torch.arange(len(size), device=size.device), size]
    one = at.gather(1, batch["kind"].clamp(0, REPEATED - 1)[:, None])[:, 0]
    either = at[:, : REPEATED - 1].logsumexp(1)
    chosen = torch.where(batch["kind"] == REPEATED, either, one)
    return -torch.where(some, chosen, torch.zeros_like(chosen))


def note_losses(logits: Tensor, notes: Tensor) -> Tensor:
    """Return the mean cross entropy of the notes at each semitone and time, (batch,)."""
    target = roll_of(notes, logits.shape[1], logits.shape[2])
    weight = 1 + (NOTE_WEIGHT - 1) * target
    losses = functional.binary_cross_entropy_with_logits(logits, target, weight, reduction="none")
    return losses.mean((1, 2))


def roll_of(notes: Tensor, pitches: int, times: int) -> Tensor:
    """Return notes (batch, notes, 3) as a piano roll (batch, pitches, times) in [0, 1]."""
    pitch = (notes[..., 0] - 1) / ROWS_PER_SEMITONE
    away = (torch.arange(pitches, device=notes.device) - pitch[..., None]).abs()
    near = (1.25 - away).clamp(0.0, 1.0)  # up to a quarter of a semitone off counts fully
    frames = STEP * torch.arange(times, device=notes.device)
    begun = frames >= notes[..., 1, None] - STEP / 2
    sounding = begun & (frames <= notes[..., 2, None]) & (notes[..., 2, None] > 0)
    return (near[..., None] * sounding[:, :, None]).amax(1)


def logits_of(
    recipe: Recipe, net: nn.Module, prepared: Prepared, side: Side, device: torch.device
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return logits of pairs and of none, sizes, and which pairs are right, for a whole side."""
    examples = prepared.side(side)
    pairs, none = [], []
    for start in range(0, len(examples), MEASURED):
        indices = np.arange(start, min(start + MEASURED, len(examples)))
        levels = recipe.batch(examples, indices, None)["levels"]
        with torch.inference_mode():
            outputs = net(levels.to(device))
        pairs.append(outputs.pairs.float().cpu().numpy())
        none.append(outputs.none.float().cpu().numpy())
    sizes, kinds = examples.arrays["semitones"], examples.arrays["kind"]
    logits = np.concatenate(pairs)
    right = np.zeros(logits.shape, bool)
    for place in np.flatnonzero(sizes != NO_INTERVAL):
        allowed = slice(0, 2) if kinds[place] == REPEATED else kinds[place]
        right[place, sizes[place], allowed] = True
    return logits, np.concatenate(none), sizes, right.reshape(len(right), -1)
