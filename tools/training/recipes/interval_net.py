"""Training the net that hears intervals: interval-net.

    muse train interval-net

Data: training_spectra.py makes it, of General MIDI instruments that are split by side, and
synthesizers; a folder of train.npz, validation.npz and test.npz written by `save_lessons` is taken
instead with --data. Loss: the likelihood of size and direction together, that of no interval, and
of the notes that are there at each moment. Temperatures that calibrate both answers come from the
validation side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from muse.tools.intervals.instruments import INSTRUMENTS, of_side
from muse.tools.intervals.training_spectra import BYTE, KINDS, NO_INTERVAL, Arrays, lessons
from muse.tools.progress import Report, part
from muse.tools.training.fingerprint import hash_of
from muse.tools.training.recipe import SIDES, Examples, Prepared, Recipe, Source

NONE_SHARE, NOTES_SHARE = 1.0, 4.0  # of both losses beside that of the pairs
NOTE_WEIGHT = 4.0  # of a point where a note is, beside one where none is
TURN = 9  # rows by which a lesson is moved at most, to either side
TILT_DB = 8.0  # standard deviation of a random filter's gain, at TILT_POINTS rows
TILT_POINTS = 8
LEVEL_DB = 80.0  # that a level of 1 stands for
MEASURED = 64  # lessons at once when the net is measured
REPEATED = KINDS.index("repeated")


@dataclass(frozen=True)
class IntervalSettings:
    """What --set changes.

    Attributes:
        lessons: about how many are made to learn from.
        checks: about how many for each of the other sides.
        data_seed: of the lessons.
        channels: of the net's hidden layers.
        faces: of its pictures that are correlated.
    """

    lessons: int = 24_000
    checks: int = 2000
    data_seed: int = 100
    channels: int = 16
    faces: int = 12


class IntervalNetRecipe(Recipe):
    """The net of models/interval_net/net.py."""

    name = "interval-net"
    what = "hears which interval two notes make, from unison to two octaves, or that there is none"
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
        """Lessons of the three sides of the instruments, which have none in common."""
        train, validation, test = (
            examples_of(side, side_lessons(data, side, settings, part(report, i / 3, (i + 1) / 3)))
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

    def config(self, prepared: Prepared, settings: IntervalSettings) -> IntervalNetConfig:
        """The net of the settings' size."""
        return IntervalNetConfig(channels=settings.channels, faces=settings.faces)

    def build(self, config: IntervalNetConfig) -> nn.Module:
        """The net."""
        return IntervalNet(config)

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], dice: np.random.Generator | None
    ) -> Batch:
        """Lessons; those that are learnt from are moved up or down, and filtered."""
        arrays = {name: array[indices] for name, array in examples.arrays.items()}
        if dice is not None:
            arrays = varied(arrays, dice)
        levels = torch.from_numpy(arrays.pop("levels")).float() / BYTE
        return {"levels": levels} | {
            name: torch.from_numpy(array) for name, array in arrays.items()
        }

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """The three losses, and shares of right answers."""
        heard = cast(Logits, net(batch["levels"]))
        some = batch["semitones"] != NO_INTERVAL
        pairs = pair_losses(heard.pairs.float(), batch)
        none = functional.binary_cross_entropy_with_logits(
            heard.none.float(), (~some).float(), reduction="none"
        )
        notes = note_losses(heard.notes.float(), batch["notes"])
        each = pairs + NONE_SHARE * none + NOTES_SHARE * notes
        chances = heard.pairs.float().flatten(1).softmax(1).view(heard.pairs.shape)
        size = chances.sum(2).argmax(1) == batch["semitones"]
        turned = some & (batch["kind"] != REPEATED)
        kind = (chances.sum(1).argmax(1) == batch["kind"]) & turned
        said = (heard.none < 0) == some
        right = said & (size | ~some)
        count = torch.tensor(len(each), device=each.device)
        return Outcome(
            each.mean(),
            {
                "loss": (each.sum(), count),
                "right": (right.sum(), count),
                "semitones": ((size & some).sum(), some.sum()),
                "kind": (kind.sum(), turned.sum()),
                "none": (said.sum(), count),
                "note_nll": (notes.sum(), count),
            },
        )

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Temperatures from the validation side, and what they do to both other sides."""
        net.eval()
        sides = {side: logits_of(self, net, prepared, side, device) for side in SIDES[1:]}
        pairs, none, sizes, targets = sides["validation"]
        some = sizes != NO_INTERVAL
        warmth = {
            "pairs": fit_temperature(pairs[some].reshape(some.sum(), -1), targets[some]),
            "none": fit_temperature(
                np.stack([np.zeros_like(none), none], 1), np.eye(2, dtype=bool)[(~some).astype(int)]
            ),
        }
        errors = {}
        for side, (pairs, _none, sizes, _targets) in sides.items():
            some = sizes != NO_INTERVAL
            errors[side] = expected_calibration_error(
                size_probabilities(pairs[some], warmth["pairs"]), sizes[some]
            )
        return {"temperatures": warmth, "calibration_error": errors}


def side_lessons(data: Path, side: Side, settings: IntervalSettings, report: Report) -> Arrays:
    """The lessons of a side: those of a folder, or new ones."""
    file = data / f"{side}.npz"
    if file.is_file():
        with np.load(file) as found:
            return dict(found)
    if data != Path():
        raise BadInputError(f"{file}: no such file; leave --data out to make lessons")
    place = SIDES.index(side)
    count = settings.lessons if side == "train" else settings.checks
    return lessons(side, count, settings.data_seed * (1 + 4 * place), report)


def save_lessons(folder: Path, settings: IntervalSettings, report: Report) -> None:
    """Make the lessons of all sides, and write them into a folder for --data."""
    for side in SIDES:
        arrays: dict[str, Any] = side_lessons(Path(), side, settings, report)
        np.savez(folder / f"{side}.npz", **arrays)


def examples_of(side: str, arrays: Arrays) -> Examples:
    """The lessons of a side; its songs are the instruments."""
    names = tuple(INSTRUMENTS[program].name for program in of_side(side))
    return Examples(arrays, names, len(arrays["kind"]))


def varied(arrays: Arrays, dice: np.random.Generator) -> Arrays:
    """Lessons moved by whole rows, and with a random smooth filter over them."""
    levels, notes = arrays["levels"], arrays["notes"].copy()
    rows = levels.shape[1]
    moved = np.zeros_like(levels)
    turns = dice.integers(-TURN, TURN + 1, len(levels))
    points = np.linspace(0, TILT_POINTS - 1, rows)
    for place, turn in enumerate(turns):
        gain_db = dice.normal(0.0, TILT_DB * dice.uniform(), TILT_POINTS)
        gain = np.interp(points, np.arange(TILT_POINTS), gain_db) * (BYTE / LEVEL_DB)
        source = levels[place, max(-turn, 0) : rows - max(turn, 0)].astype(np.float32)
        filtered = source + gain[max(-turn, 0) : rows - max(turn, 0), None].astype(np.float32)
        kept = np.clip(np.where(source > 0, filtered, 0.0), 0, BYTE)
        moved[place, max(turn, 0) : rows - max(-turn, 0)] = kept
        notes[place, :, 0] += turn * (notes[place, :, 2] > 0)
    return {**arrays, "levels": moved, "notes": notes}


def pair_losses(pairs: Tensor, batch: Batch) -> Tensor:
    """Negative log likelihood of size and kind, (batch,); 0 where there is no interval."""
    logs = pairs.flatten(1).log_softmax(1).view(pairs.shape)
    some = batch["semitones"] != NO_INTERVAL
    size = batch["semitones"].clamp(min=0)
    at = logs[torch.arange(len(size), device=size.device), size]
    one = at.gather(1, batch["kind"].clamp(0, REPEATED - 1)[:, None])[:, 0]
    either = at[:, : REPEATED - 1].logsumexp(1)
    chosen = torch.where(batch["kind"] == REPEATED, either, one)
    return -torch.where(some, chosen, torch.zeros_like(chosen))


def note_losses(logits: Tensor, notes: Tensor) -> Tensor:
    """Mean cross entropy of the notes at each semitone and time, (batch,)."""
    target = roll_of(notes, logits.shape[1], logits.shape[2])
    weight = 1 + (NOTE_WEIGHT - 1) * target
    losses = functional.binary_cross_entropy_with_logits(logits, target, weight, reduction="none")
    return losses.mean((1, 2))


def roll_of(notes: Tensor, pitches: int, times: int) -> Tensor:
    """(batch, notes, 3) of rows and frames as a picture (batch, pitches, times) in [0, 1]."""
    pitch = (notes[..., 0] - 1) / ROWS_PER_SEMITONE
    away = (torch.arange(pitches, device=notes.device) - pitch[..., None]).abs()
    near = (1.25 - away).clamp(0.0, 1.0)  # a quarter of a semitone off is on it
    frames = STEP * torch.arange(times, device=notes.device)
    begun = frames >= notes[..., 1, None] - STEP / 2
    sounding = begun & (frames <= notes[..., 2, None]) & (notes[..., 2, None] > 0)
    return (near[..., None] * sounding[:, :, None]).amax(1)


def logits_of(
    recipe: Recipe, net: nn.Module, prepared: Prepared, side: Side, device: torch.device
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Logits of pairs and none, sizes, and which pairs are right, of all lessons of a side."""
    examples = prepared.side(side)
    pairs, none = [], []
    for start in range(0, len(examples), MEASURED):
        indices = np.arange(start, min(start + MEASURED, len(examples)))
        levels = recipe.batch(examples, indices, None)["levels"]
        with torch.inference_mode():
            heard = net(levels.to(device))
        pairs.append(heard.pairs.float().cpu().numpy())
        none.append(heard.none.float().cpu().numpy())
    sizes, kinds = examples.arrays["semitones"], examples.arrays["kind"]
    logits = np.concatenate(pairs)
    right = np.zeros(logits.shape, bool)
    for place in np.flatnonzero(sizes != NO_INTERVAL):
        allowed = slice(0, 2) if kinds[place] == REPEATED else kinds[place]
        right[place, sizes[place], allowed] = True
    return logits, np.concatenate(none), sizes, right.reshape(len(right), -1)
