"""Trains drum-hits, the net that detects drum hits from the bands of a spectrum.

    muse train drum-hits --data DATA

Twenty seconds of each take of the Groove MIDI Dataset's training split are rendered with the kits
of two soundfonts in three versions: alone, as the percussive part of a mix with a POP909 song, and
with the pitched parts of another mix under them (examples/drum_takes.py). Drummers 1, 3 and 7 are
trained on; the others measure the net. Renderings stay in the run's folder, and the next run with
the same seed and soundfonts uses them. `--set takes=8` is a trial of minutes.

The shipped weights were made without --set roland_keys=true: their card says what that means.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muse.models.drum_hits.config import NAME
from muse.models.drum_hits.inference import DrumHits
from muse.tools.audio import onsets
from muse.tools.evaluation.note_scores import CLASS_OF_KEY
from muse.tools.progress import Report
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.drum_takes import (
    HELD_OUT,
    RATE,
    TRAIN,
    VERSIONS,
    Hits,
    Mono,
    load_take,
    material,
)
from muse.tools.training.examples.named_soundfonts import (
    SOUNDFONTS,
    source_records,
    split_names,
)
from muse.tools.training.fit import Fit, FitJob, Fitted
from muse.tools.transcription import drums

log = logging.getLogger("muse")

# percussion keys of each output of the net, in the order of drums.DRUMS. The last one, an open
# hi-hat, is trained with the others but left out of the weights, as it is not reliable enough
OUTPUTS = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "hihat": (22, 26, 42, 44, 46),
    "tom": (41, 43, 45, 47, 48, 50, 58),
    "crash": (49, 52, 55, 57),
    "ride": (51, 53, 59),
    "open": (26, 46),
}

VARIANTS = 3  # of each version: as it is, and filtered
FILTER_DB, FILTER_POINTS = 4.0, 6  # standard deviation of the gain, at points over the bands
COMPRESSION_DECADES = 0.3  # largest change of the compression
GHOST_VELOCITY = 10  # softer hits count neither as right nor as wrong
HIT_FRAMES = (0, 1)  # after a hit, where the target is 1
EDGE_FRAMES = range(-2, 4)  # around a hit, where other frames have no target
KEPT_RISING, KEPT_ANY = 0.3, 0.05  # share of frames without hits that are used, by kind

HIDDEN = 64
BATCH = 2048
LEARNING_RATE, WEIGHT_DECAY = 8e-3, 1e-3
SPREAD_FLOOR = 0.05  # added to the standard deviation of each input
LOGGED_EVERY = 500  # steps
WINDOW_S = 0.05  # of the F-measure
CLASSES = ("kick", "snare", "hihat", "tom", "cymbal")

Rows = NDArray[np.float32]

DATA = (
    {
        "name": "Groove MIDI Dataset",
        "licence": "CC BY 4.0",
        "attribution": "Google LLC, magenta.tensorflow.org/datasets/groove",
        "used": "drummers 1, 3 and 7 of the training split, rendered with 14 kits: alone, as the "
        "percussive part of a mix, and with pitched parts under them",
    },
    {"name": "POP909", "licence": "MIT", "used": "rendered, as music to ignore"},
)


@dataclass(frozen=True)
class DrumHitsSettings:
    """Settings of the training.

    Attributes:
        takes: to train on and to measure on, at most; 0 for all.
        steps: batches.
        roland_keys: whether to render the kit's keys that General MIDI lacks as what they mean.
        soundfonts: names separated by commas.
    """

    takes: int = 0
    steps: int = 5000
    roland_keys: bool = False
    soundfonts: str = ",".join(SOUNDFONTS)


class DrumHitsFit(Fit):
    """The net of models/drum_hits."""

    name = NAME
    what = "which drums are hit in a frame, from the bands around it"
    task = "transcription"
    settings = DrumHitsSettings
    collections: ClassVar[tuple[str, ...]] = ("groove", "pop909")
    is_resumable = True

    def fit(self, job: FitJob) -> Fitted:
        """Render the takes that are missing, train the net, and measure it on other drummers."""
        settings: DrumHitsSettings = job.settings
        soundfonts = split_names(settings.soundfonts)
        count, roland = settings.takes or None, settings.roland_keys
        work = job.folder / "-".join(soundfonts)
        sides = material(job.data, work, job.seed, count, roland, soundfonts)
        log.info("%d takes to train on, %d to measure on", *map(len, sides.values()))
        with deterministic(job.seed):
            rows = examples(sides[TRAIN], np.random.default_rng(job.seed))
            net = train(*rows, settings.steps, job.report)
        return Fitted(
            {name: np.asarray(array) for name, array in vars(net).items()},
            asdict(net.config),
            [*DATA, *source_records(soundfonts)],
            metrics(net, sides[HELD_OUT]),
            {
                "features": {"bands": net.config.inputs // 10, "sample_rate": RATE},
                "outputs": list(OUTPUTS)[: len(drums.DRUMS)],
            },
        )


def metrics(net: DrumHits, paths: Sequence[Path]) -> dict[str, Any]:
    """Return the figures for the card, on takes that were not trained on."""
    on = (
        f"{len(paths)} takes of other drummers of the training split, same kits, F-measure at "
        "50 ms, cymbal is crash and ride together; the thresholds of drums.py were chosen on such "
        "takes"
    )
    return {"on": on, **{version: f_measures(paths, version, net) for version in VERSIONS}}


def magnitudes_of(audio: Mono) -> Rows:
    """Return the bands that the net gets, (frames, bands)."""
    return drums.drum_bands(onsets.mono_blocks(audio), onsets.framing(RATE))[0]


def variant(magnitudes: Rows, rng: np.random.Generator) -> Rows:
    """Return the levels of the same sound, filtered and with another compression."""
    bands = magnitudes.shape[1]
    points = np.linspace(0, bands - 1, FILTER_POINTS)
    gain_db = np.interp(np.arange(bands), points, rng.normal(0.0, FILTER_DB, FILTER_POINTS))
    decades = rng.uniform(-COMPRESSION_DECADES, COMPRESSION_DECADES)
    filtered = magnitudes * (10 ** (gain_db / 20)).astype(np.float32)
    return drums.log_levels(filtered, drums.COMPRESSION * 10**decades)


def targets_of(hits: Hits, frames: int) -> tuple[Rows, Rows]:
    """Return the target of each frame, and whether it has one; both (frames, outputs)."""
    target = np.zeros((frames, len(OUTPUTS)), np.float32)
    counted = np.ones_like(target)
    centers = np.round(hits[:, 0] * onsets.framing(RATE).frame_rate).astype(int)
    for output, keys in enumerate(OUTPUTS.values()):
        hit = np.isin(hits[:, 1], keys)
        for shift in EDGE_FRAMES:
            counted[np.clip(centers[hit] + shift, 0, frames - 1), output] = 0.0
        loud = centers[hit & (hits[:, 2] >= GHOST_VELOCITY)]
        for shift in HIT_FRAMES:
            target[np.clip(loud + shift, 0, frames - 1), output] = 1.0
    return target, np.maximum(counted, target)


def examples(paths: Sequence[Path], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, targets and masks of all frames with hits and of some without.

    Args:
        paths: files of takes.
        rng: draws the variants and the frames without hits.
    """
    parts: list[tuple[Rows, Rows, Rows]] = []
    for path in paths:
        versions, hits = load_take(path)
        for audio in versions.values():
            magnitudes = magnitudes_of(audio)
            target, counted = targets_of(hits, len(magnitudes))
            for number in range(VARIANTS):
                levels = variant(magnitudes, rng) if number else drums.log_levels(magnitudes)
                rows = drums.net_inputs(drums.pad_edges(levels))
                rise = rows[:, : levels.shape[1]].sum(axis=1)
                rising = (rise > np.median(rise)) & (rng.random(len(rise)) < KEPT_RISING)
                keep = target.any(axis=1) | rising | (rng.random(len(rise)) < KEPT_ANY)
                parts.append((rows[keep], target[keep], counted[keep]))
    rows, target, counted = (np.concatenate(part) for part in zip(*parts, strict=True))
    return torch.from_numpy(rows), torch.from_numpy(target), torch.from_numpy(counted)


def train(rows: Tensor, target: Tensor, counted: Tensor, steps: int, report: Report) -> DrumHits:
    """Train the net with binary cross entropy on random batches.

    Args:
        rows: (frames, inputs).
        target: (frames, outputs), 0 or 1.
        counted: (frames, outputs), 0 where there is no target.
        steps: batches.
        report: called with the fraction done.
    """
    mean, spread = rows.mean(0), rows.std(0) + SPREAD_FLOOR
    rows = (rows - mean) / spread
    hidden, output = nn.Linear(rows.shape[1], HIDDEN), nn.Linear(HIDDEN, len(OUTPUTS))
    net = nn.Sequential(hidden, nn.ReLU(), output)
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    for step in range(steps):
        batch = torch.randint(len(rows), (BATCH,))
        loss = (loss_of(net(rows[batch]), target[batch]) * counted[batch]).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if step % LOGGED_EVERY == 0:
            report("training", step / steps)
            log.info("step %d of %d, loss %.4f", step, steps, loss.item())
    return folded(hidden, output, mean, spread)


def folded(hidden: nn.Linear, output: nn.Linear, mean: Tensor, spread: Tensor) -> DrumHits:
    """Return the layers as arrays that include the scaling of the inputs, one output per drum."""
    weight = hidden.weight.detach() / spread
    bias = hidden.bias.detach() - weight @ mean
    count = len(drums.DRUMS)
    parts = (weight.T, bias, output.weight.detach()[:count].T, output.bias.detach()[:count])
    return DrumHits(*(np.ascontiguousarray(part.numpy(), np.float32) for part in parts))


def f_measures(paths: Sequence[Path], version: str, net: DrumHits | None) -> dict[str, float]:
    """Return the F-measure of each class over all takes together, and over all hits.

    Args:
        paths: files of takes.
        version: one of VERSIONS.
        net: to measure; None measures without a net.
    """
    from mir_eval.util import match_events

    counts = dict.fromkeys(CLASSES, np.zeros(2))  # twice the matched hits, hits of both sides
    for path in paths:
        versions, hits = load_take(path)
        predicted = drums.transcribe_drums(versions[version], RATE, net)
        for name in CLASSES:
            truth = np.array([time for time, key, _ in hits if CLASS_OF_KEY.get(int(key)) == name])
            found = np.array([hit.onset_s for hit in predicted if CLASS_OF_KEY[hit.pitch] == name])
            both = len(truth) and len(found)
            matched = len(match_events(np.sort(truth), found, WINDOW_S)) if both else 0
            counts[name] = counts[name] + (2 * matched, len(truth) + len(found))
    counts["all"] = np.sum(list(counts.values()), axis=0)
    return {name: round(float(a / max(b, 1)), 3) for name, (a, b) in counts.items()}
