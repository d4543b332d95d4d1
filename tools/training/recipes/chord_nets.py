"""Training the nets that say which chord comes next: chord-transformer and chord-lstm.

Data: whatever tools/corpus reads, in a common key; songs are the examples. Loss: the chord's
negative log likelihood, plus a share of that of its length and bass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_lstm.net import ChordLstm
from muse.models.chord_nets.heads import shift_left
from muse.models.chord_transformer.config import ChordTransformerConfig
from muse.models.chord_transformer.net import ChordTransformer
from muse.models.training.task import Batch, Means, Outcome, Watched
from muse.tools.chords.columns import (
    COLUMN_SIZES,
    CONTEXT_SIZES,
    Columns,
    song_columns,
    stack_songs,
)
from muse.tools.chords.ngram_baselines import train_baseline
from muse.tools.chords.tonnetz import BUCKETS, distance_table
from muse.tools.chords.torch_predictor import TorchPredictor, chord_batch, flat_batch
from muse.tools.datasets.chord_events import DURATIONS, FIRST_TARGET_ID, VOCABULARY_SIZE
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.splits import Split
from muse.tools.evaluation.chords import EVERYTHING, evaluate
from muse.tools.progress import Report
from muse.tools.training.recipe import SIDES, Examples, Prepared, Recipe
from muse.tools.training.recipes.corpora import chosen_sides, figures_of, load_chords, sources_of

DETAIL_SHARE = 0.3  # of the losses of length and bass beside that of the chord
LONGEST_SONG = 400  # rows; the rest of a longer song is not learnt from


@dataclass(frozen=True)
class ChordSettings:
    """What --set changes: of the data and of both nets.

    Attributes:
        split_seed: of the split by song.
        corpora: names with commas between them, of those in --data to learn from; empty for all.
        dropout: share of values dropped in training.
        width: of the hidden states.
        layers: of the net.
    """

    split_seed: int = 0
    corpora: str = ""
    dropout: float = 0.3
    width: int = 128
    layers: int = 3


@dataclass(frozen=True)
class TransformerSettings(ChordSettings):
    """The parts that can be left out of the transformer; see models/chord_transformer/net.py."""

    heads: int = 4
    rope: bool = True
    harmony: bool = True
    copying: bool = True


@dataclass(frozen=True)
class LstmSettings(ChordSettings):
    """Two layers of 128, as in the recurrent generators this net follows."""

    layers: int = 2


ChordNet = ChordTransformer | ChordLstm


class ChordRecipe(Recipe):
    """What both nets share."""

    task = "chords"
    watched = Watched("chord_nll", "lower")

    def __init__(self) -> None:
        """Without songs yet."""
        self.songs: dict[Split, list[ChordSong]] = {}

    def prepare(self, data: Path, settings: Any, report: Report) -> Prepared:
        """Songs of everything under `data` that has chords, split by song."""
        self.songs = chosen_sides(load_chords(data, report), settings, data, "songs with chords")
        train, validation, test = (examples_of(self.songs[side]) for side in SIDES)
        return Prepared(
            train,
            validation,
            test,
            vocabulary_hash=CHORD_VOCABULARY.hash,
            sources=sources_of([song for songs in self.songs.values() for song in songs]),
            extras={"split_seed": settings.split_seed, "durations": list(DURATIONS)},
        )

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], dice: np.random.Generator | None
    ) -> Batch:
        """Songs as padded columns; long ones lose their end, but only in training."""
        longest = LONGEST_SONG if dice is not None else None
        songs = [song_at(examples.arrays, int(index), longest) for index in indices]
        return {
            name: torch.from_numpy(array) for name, array in flat_batch(stack_songs(songs)).items()
        }

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """The loss of chords, lengths and basses, and how many chords were right."""
        songs = chord_batch(batch)
        predicted = net(songs)
        chosen = songs.columns["chord"][:, 1:]
        asked = songs.real[:, 1:] & (chosen >= FIRST_TARGET_ID)
        lengths, basses = cast(ChordNet, net).details(
            predicted, songs, shift_left(songs.columns["chord"])
        )
        chord = likelihood(predicted.chords[:, :-1], chosen, asked)
        length = likelihood(lengths[:, :-1], songs.columns["length"][:, 1:], asked)
        bass = likelihood(basses[:, :-1], songs.columns["bass"][:, 1:], asked)
        count = asked.sum()
        hits = ((predicted.chords[:, :-1].argmax(-1) == chosen) & asked).sum()
        loss = (chord + DETAIL_SHARE * (length + bass)) / count.clamp(min=1)
        sums = {"chord_nll": chord, "length_nll": length, "bass_nll": bass, "top1": hits}
        return Outcome(
            loss, {name: (value, count) for name, value in (sums | {"loss": loss * count}).items()}
        )

    def derived(self, means: Means) -> Means:
        """With the perplexity of the chords."""
        return means | {"perplexity": float(np.exp(means["chord_nll"]))}

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """What counting does with the same songs."""
        train, test = self.songs["train"], self.songs["test"]
        return {
            kind: figures_of(evaluate(train_baseline(kind, train, "corpus"), test)[EVERYTHING])
            for kind in ("unigram", "trigram", "adaptive")
        }

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """The figures by corpus, beside those of the n-gram that learns from the song."""
        train, test = self.songs["train"], self.songs["test"]
        scored = {
            "net": evaluate(TorchPredictor(net, device), test),
            "adaptive": evaluate(train_baseline("adaptive", train, "corpus"), test),
        }
        return {
            name: {corpus: figures_of(row) for corpus, row in rows.items()}
            for name, rows in scored.items()
        }


class ChordTransformerRecipe(ChordRecipe):
    """The transformer of models/chord_transformer/net.py."""

    name = "chord-transformer"
    what = "says which chord comes next, from harmony and from what the song did before"
    settings = TransformerSettings
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 16,
        "batch_size": 8,
        "lr": 1.5e-3,
        "patience": 4,
        "weight_decay": 0.05,
    }

    def config(self, prepared: Prepared, settings: TransformerSettings) -> ChordTransformerConfig:
        """The net of the settings' size."""
        return ChordTransformerConfig(
            **sizes(settings),
            distances=BUCKETS,
            heads=settings.heads,
            rope=settings.rope,
            harmony=settings.harmony,
            copying=settings.copying,
        )

    def build(self, config: ChordTransformerConfig) -> nn.Module:
        """The net, with theory's table of harmonic distances."""
        return ChordTransformer(config, torch.from_numpy(distance_table()))


class ChordLstmRecipe(ChordRecipe):
    """The recurrent net of models/chord_lstm/net.py."""

    name = "chord-lstm"
    what = "says which chord comes next: two layers of LSTM"
    settings = LstmSettings
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 16,
        "batch_size": 8,
        "lr": 3e-3,
        "patience": 4,
        "weight_decay": 0.01,
    }

    def config(self, prepared: Prepared, settings: LstmSettings) -> ChordLstmConfig:
        """The net of the settings' size."""
        return ChordLstmConfig(**sizes(settings))

    def build(self, config: ChordLstmConfig) -> nn.Module:
        """The net."""
        return ChordLstm(config)


def sizes(settings: ChordSettings) -> dict[str, Any]:
    """What the configs of both nets have in common."""
    return {
        "chords": VOCABULARY_SIZE,
        "lengths": len(DURATIONS),
        "columns": dict(COLUMN_SIZES),
        "contexts": dict(CONTEXT_SIZES),
        "width": settings.width,
        "layers": settings.layers,
        "dropout": settings.dropout,
    }


def examples_of(songs: Sequence[ChordSong]) -> Examples:
    """Songs as flat arrays, with `offsets` of shape (songs + 1,) into them."""
    columns = [song_columns(song) for song in songs]
    lengths = [len(song.onsets) for song in columns]
    arrays: dict[str, NDArray[np.int64]] = {"offsets": np.cumsum([0, *lengths])}
    none = np.empty(0, np.int64)
    for name in COLUMN_SIZES:
        arrays[name] = np.concatenate([none, *(song.ids[name] for song in columns)])
    arrays["onsets"] = np.concatenate([none, *(song.onsets for song in columns)])
    for name in CONTEXT_SIZES:
        arrays[name] = np.array([song.contexts[name] for song in columns], np.int64)
    tokens = int(arrays["offsets"][-1]) - len(songs)
    return Examples(arrays, tuple(song.id for song in songs), tokens, len(songs))


def song_at(arrays: Mapping[str, NDArray[Any]], index: int, longest: int | None) -> Columns:
    """One song of the flat arrays, or its first `longest` rows."""
    start, end = (int(offset) for offset in arrays["offsets"][index : index + 2])
    rows = slice(start, end if longest is None else min(end, start + longest))
    ids = {name: arrays[name][rows] for name in COLUMN_SIZES}
    contexts = {name: int(arrays[name][index]) for name in CONTEXT_SIZES}
    return Columns(ids, contexts, arrays["onsets"][rows])


def likelihood(logs: Tensor, wanted: Tensor, asked: Tensor) -> Tensor:
    """Sum of minus the log probabilities of what was wanted, where it was asked for.

    Args:
        logs: (songs, steps, classes).
        wanted: (songs, steps); what is not asked for may be out of range.
        asked: (songs, steps).
    """
    index = wanted.clamp(max=logs.shape[-1] - 1)[..., None]
    return -(logs.gather(-1, index)[..., 0] * asked).sum()
