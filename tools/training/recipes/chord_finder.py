"""Trains chord-finder, the segmental model that names the chords of notes.

    muse train chord-finder --data DATA

Songs of POP909 are cut at their annotated beats; training raises the likelihood of the annotated
segmentation among all segmentations. In four songs of ten the melody is not marked as such, so that
the model also learns from songs whose melody track is unknown. Songs whose number is a multiple of
five are left out, for the benchmarks. `--set songs=20 --set epochs=1` is a quick trial.
"""

import logging
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from muse.models.chord_finder.config import NAME, ROOTS, ChordFinderConfig, array_shapes
from muse.models.chord_finder.net import ChordFinderNet, SegmentBatch
from muse.tools.datasets.pop909 import is_pop909
from muse.tools.errors import BadInputError
from muse.tools.progress import Report
from muse.tools.theory.chord_features import BLOCKS, LONGEST, SCALARS
from muse.tools.theory.chord_finding import NOT_KNOWN
from muse.tools.theory.qualities import quality
from muse.tools.training.deterministic import deterministic
from muse.tools.training.examples.chord_segments import KINDS, song_examples
from muse.tools.training.fit import Fit, FitJob, Fitted

log = logging.getLogger("muse")

HELD_OUT = 5  # songs whose number is a multiple of this are left out
UNMARKED_MELODY = 0.4  # share of the songs whose melody is not marked
BATCH = 32  # examples
LEARNING_RATE, LAST_LEARNING_RATE = 0.03, 1e-4  # along a cosine
# initial weight of a pitch class that belongs to the chord; its negative for one that does not
PRIOR = 0.7
PRIOR_BASS = 0.3  # factor for a chord tone other than the root in the bass
# inverse temperature, chosen on the training songs: chords with probability 0.9 are right in 0.9
SHARPNESS = 0.8
PENALTIES = {"content": 3e-5, "follow": 1e-5, "kind": 3e-6}  # of distances from the start
BASS_BLOCKS = [BLOCKS.index(name) for name in ("bass", "start", "lowest")]
TONE_BLOCKS = {
    BLOCKS.index("accompaniment"): 1.0,
    BLOCKS.index("presence"): 1.0,
    BLOCKS.index("melody"): 0.3,
}


@dataclass(frozen=True)
class ChordFinderSettings:
    """Settings of the training.

    Attributes:
        songs: largest number of songs; 0 for all.
        epochs: passes over the examples.
    """

    songs: int = 0
    epochs: int = 12


class ChordFinderFit(Fit):
    """The segmental model of models/chord_finder."""

    name = NAME
    what = "groups the beats of a song into chords, by the notes that sound (models/chord_finder)"
    task = "chords"
    settings = ChordFinderSettings
    collections: ClassVar[tuple[str, ...]] = ("pop909",)
    minutes = 12.0

    def fit(self, job: FitJob) -> Fitted:
        """Train the net; the figure is the loss of the last epoch."""
        songs = training_songs(job.collection("pop909"), job.settings.songs)
        with deterministic(job.seed):
            examples = read_examples(songs, random.Random(job.seed))
            log.info("%d songs, %d examples", len(songs), len(examples.cells))
            sizes = (len(BLOCKS), len(SCALARS), LONGEST, NOT_KNOWN + 1)
            config = ChordFinderConfig(KINDS, *sizes, sharpness=SHARPNESS)
            net = ChordFinderNet(config, initial_content())
            loss = train(net, examples, job.settings.epochs, job.report)
        arrays = {name: net.arrays[name].detach().numpy() for name in array_shapes(config)}
        used = f"notes and chords of {len(songs)} songs whose number is no multiple of five"
        return Fitted(
            arrays,
            asdict(config),
            [
                {
                    "name": "POP909",
                    "licence": "MIT",
                    "attribution": "Wang et al., POP909: A Pop-song Dataset, ISMIR 2020",
                    "used": used,
                }
            ],
            {"loss": round(loss, 4), "unit": "nats a beat", "on": "the training songs"},
            {"blocks": BLOCKS},
        )


def training_songs(pop909: Path, count: int) -> list[Path]:
    """Return the first folders of songs that are not left out; raises BadInputError for none."""
    folders = sorted(p for p in pop909.iterdir() if p.name.isdigit() and is_pop909(p))
    found = [folder for folder in folders if int(folder.name) % HELD_OUT][: count or None]
    if not found:
        raise BadInputError(f"{pop909}: no songs of POP909 in it")
    return found


def read_examples(songs: list[Path], rng: random.Random) -> SegmentBatch:
    """Return the examples of all songs as one batch."""
    examples = [
        example for song in songs for example in song_examples(song, rng.random() < UNMARKED_MELODY)
    ]
    return SegmentBatch(*(torch.stack(part) for part in zip(*examples, strict=True)))


def initial_content() -> Tensor:
    """Return (kinds, blocks, 12) content weights that know the tones of each kind of chord."""
    weights = torch.zeros(len(KINDS), len(BLOCKS), ROOTS)
    for kind, name in enumerate(KINDS):
        tones = [step % ROOTS for step in quality(name).semitones]
        for block, share in TONE_BLOCKS.items():
            weights[kind, block] = -share
            weights[kind, block, tones] = share
        for block in BASS_BLOCKS:
            weights[kind, block, tones] = PRIOR_BASS
            weights[kind, block, 0] = 1.0
    return PRIOR * weights


def train(net: ChordFinderNet, examples: SegmentBatch, epochs: int, report: Report) -> float:
    """Train with Adam on shuffled batches; return the last epoch's loss in nats per cell."""
    batches = -(-len(examples.cells) // BATCH)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, epochs * batches, LAST_LEARNING_RATE
    )
    mean, start = 0.0, initial_content()
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.split(torch.randperm(len(examples.cells)), BATCH):
            loss = net(SegmentBatch(*(part[chosen] for part in examples)))
            optimizer.zero_grad()
            torch.autograd.backward(loss / len(chosen) + net.penalty(PENALTIES, start))
            optimizer.step()
            schedule.step()
            total += loss.item()
        mean = total / int(examples.cells.sum())
        report("training", (epoch + 1) / epochs)
        log.info("epoch %d of %d: %.4f nats per beat", epoch + 1, epochs, mean)
    return mean
