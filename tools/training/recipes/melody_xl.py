"""Trains the net that predicts the next melody note over given chords: melody-xl.

    muse train melody-xl --data DATA

Examples are whole songs with a melody, in a common key, read in segments with memory between them.
The loss is the negative log likelihood of a note: the sum for its pitch, its advance (time to the
next note) and its duration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.models.melody_xl.config import MelodyConfig
from muse.models.melody_xl.net import MelodyXL
from muse.models.training.task import Batch, Means, Outcome, Watched
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.melody_events import PITCHES
from muse.tools.datasets.melody_songs import MelodySong
from muse.tools.datasets.splits import Split
from muse.tools.evaluation.melody import EVERYTHING, evaluate, ngram_scores
from muse.tools.melody.columns import (
    ADVANCES,
    COLUMN_SIZES,
    CONTEXT_SIZES,
    DURATIONS,
    INTERVALS,
    NOTE_SIZES,
    PHRASE_BARS,
    Columns,
    song_columns,
    stack_songs,
)
from muse.tools.melody.event_scores import Scorer
from muse.tools.melody.ngram_model import PARTS, MelodyNgram, adaptive_ngram
from muse.tools.melody.torch_predictor import melody_batch, net_scores, note_losses
from muse.tools.progress import Report
from muse.tools.training.recipe import SIDES, Examples, Prepared, Recipe
from muse.tools.training.recipes.corpora import chosen_sides, figures_of, load_melodies, sources_of

LONGEST_SONG = 640  # rows; longer songs are cut in training


@dataclass(frozen=True)
class MelodySettings:
    """Settings of the data and of the net.

    Attributes:
        split_seed: seed of the split by song.
        corpora: names of corpora in --data separated by commas; empty for all.
        dropout: share of values dropped in training.
        width: size of the hidden states.
        layers: number of layers.
        heads: number of attention heads.
        segment: notes that are computed together.
        memory: earlier notes that are remembered; 0 disables recurrence.
        chords: whether the chords are an input.
        copying: whether the net has biases by match, and pointers.
    """

    split_seed: int = 0
    corpora: str = ""
    dropout: float = 0.2
    width: int = 128
    layers: int = 3
    heads: int = 4
    segment: int = 64
    memory: int = 512
    chords: bool = True
    copying: bool = True


class MelodyXLRecipe(Recipe):
    """The net of models/melody_xl/net.py."""

    name = "melody-xl"
    what = "predicts the next melody note over given chords, with memory of the song so far"
    task = "melody"
    settings = MelodySettings
    watched = Watched("note_nll", "lower")
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 12,
        "batch_size": 8,
        "lr": 1.5e-3,
        "patience": 3,
        "weight_decay": 0.05,
    }

    def __init__(self) -> None:
        """Start without songs; `prepare` reads them."""
        self.songs: dict[Split, list[MelodySong]] = {}

    def prepare(self, data: Path, settings: MelodySettings, report: Report) -> Prepared:
        """Read the songs with a melody, split by song."""
        self.songs = chosen_sides(load_melodies(data, report), settings, data, "melodies")
        train, validation, test = (examples_of(self.songs[side]) for side in SIDES)
        return Prepared(
            train,
            validation,
            test,
            vocabulary_hash=CHORD_VOCABULARY.hash,
            sources=sources_of([song for songs in self.songs.values() for song in songs]),
            extras={
                "split_seed": settings.split_seed,
                "advances": list(ADVANCES),
                "durations": list(DURATIONS),
            },
        )

    def config(self, prepared: Prepared, settings: MelodySettings) -> MelodyConfig:
        """Return the config for the settings."""
        return MelodyConfig(
            pitches=PITCHES,
            intervals=INTERVALS,
            advances=len(ADVANCES),
            durations=len(DURATIONS),
            columns=dict(COLUMN_SIZES if settings.chords else NOTE_SIZES),
            contexts=dict(CONTEXT_SIZES),
            width=settings.width,
            heads=settings.heads,
            layers=settings.layers,
            dropout=settings.dropout,
            segment=settings.segment,
            memory=settings.memory,
            copying=settings.copying,
            phrase=PHRASE_BARS,
        )

    def build(self, config: MelodyConfig) -> nn.Module:
        """Return the net."""
        return MelodyXL(config)

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], rng: np.random.Generator | None
    ) -> Batch:
        """Return songs as padded columns; in training, long songs are cut."""
        longest = LONGEST_SONG if rng is not None else None
        songs = [song_at(examples.arrays, int(index), longest) for index in indices]
        return {name: torch.from_numpy(array) for name, array in stack_songs(songs).items()}

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return the loss of pitches, advances and durations, and the number of right ones."""
        net = cast(MelodyXL, net)
        losses, hits = note_losses(net, melody_batch(batch, net.config))
        is_note = batch["is_row"][:, 1:]
        has_next = torch.cat([is_note[:, 1:], torch.zeros_like(is_note[:, :1])], 1)
        mask = torch.stack([is_note, has_next, has_next], -1)
        counts = mask.sum((0, 1))
        missed, right = (losses * mask).sum((0, 1)), (hits & mask).sum((0, 1))
        sums = {
            **{f"{part}_nll": (missed[i], counts[i]) for i, part in enumerate(PARTS)},
            **{f"{part}_accuracy": (right[i], counts[i]) for i, part in enumerate(PARTS)},
        }
        notes = counts[0].clamp(min=1)
        loss = missed.sum() / notes
        return Outcome(
            loss, {**sums, "loss": (missed.sum(), notes), "note_nll": (missed.sum(), notes)}
        )

    def derived(self, means: Means) -> Means:
        """Return the metrics with the loss of a whole note, and of an event."""
        note = sum(means[f"{part}_nll"] for part in PARTS)
        return means | {"note_nll": note, "event_nll": note / len(PARTS)}

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Return the figures of n-gram models of the same songs."""
        return {
            name: figures_of(evaluate(scorer, self.songs["test"])[EVERYTHING])
            for name, scorer in ngram_models(self.songs["train"]).items()
            if self.songs["test"]
        }

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Return the figures by corpus, of the net and of the n-gram that adapts to the song."""
        scorers = {
            "net": net_scores(cast(MelodyXL, net), device),
            "adaptive": ngram_models(self.songs["train"])["adaptive"],
        }
        return {
            name: {
                corpus: figures_of(row)
                for corpus, row in evaluate(scorer, self.songs["test"]).items()
            }
            for name, scorer in scorers.items()
        }


def ngram_models(songs: Sequence[MelodySong]) -> dict[str, Scorer]:
    """Return two n-gram models: of the corpus alone, and adapting to the song so far."""
    adaptive = adaptive_ngram(songs)
    corpus = MelodyNgram([])
    corpus.tables, corpus.cache = adaptive.tables, adaptive.cache
    return {"ngram": ngram_scores(corpus), "adaptive": ngram_scores(adaptive)}


def examples_of(songs: Sequence[MelodySong]) -> Examples:
    """Return songs as flat arrays, with `offsets` of shape (songs + 1,) into them."""
    columns = [song_columns(song) for song in songs]
    arrays: dict[str, NDArray[np.int64]] = {
        "offsets": np.cumsum([0, *(len(song.bars) for song in columns)])
    }
    none = np.empty(0, np.int64)
    for name in COLUMN_SIZES:
        arrays[name] = np.concatenate([none, *(song.ids[name] for song in columns)])
    arrays["bars"] = np.concatenate([none, *(song.bars for song in columns)])
    for name in CONTEXT_SIZES:
        arrays[name] = np.array([song.contexts[name] for song in columns], np.int64)
    notes = int(arrays["offsets"][-1]) - len(songs)
    tokens = len(PARTS) * notes
    return Examples(arrays, tuple(song.id for song in songs), tokens, len(songs))


def song_at(arrays: Mapping[str, NDArray[Any]], index: int, longest: int | None) -> Columns:
    """Return one song of the flat arrays, or its first `longest` rows."""
    start, end = (int(offset) for offset in arrays["offsets"][index : index + 2])
    rows = slice(start, end if longest is None else min(end, start + longest))
    ids = {name: arrays[name][rows] for name in COLUMN_SIZES}
    contexts = {name: int(arrays[name][index]) for name in CONTEXT_SIZES}
    return Columns(ids, contexts, arrays["bars"][rows])
