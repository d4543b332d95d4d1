"""Trains the nets that predict the next chord: chord-transformer and chord-lstm.

    muse train chord-transformer --data DATA

Examples are whole songs with chords, in a common key. The loss is the negative log likelihood of
each chord, plus a share of those of its length and its bass.
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
from muse.tools.training.recipes.corpora import (
    chosen_sides,
    figures_of,
    load_chords,
    repeated,
    sources_of,
)

DETAIL_SHARE = 0.3  # weight of the losses of length and bass; that of the chord is 1
LONGEST_SONG = 400  # rows; longer songs are cut in training


@dataclass(frozen=True)
class ChordSettings:
    """Settings of the data and of both nets.

    Attributes:
        split_seed: seed of the split by song.
        corpora: names of corpora in --data separated by commas; empty for all.
        dropout: share of values dropped in training.
        width: size of the hidden states.
        layers: number of layers.
    """

    split_seed: int = 0
    corpora: str = ""
    dropout: float = 0.3
    width: int = 128
    layers: int = 3


@dataclass(frozen=True)
class TransformerSettings(ChordSettings):
    """Settings of the transformer and its parts; see models/chord_transformer/net.py."""

    heads: int = 4
    rope: bool = True
    harmony: bool = True
    copying: bool = True


@dataclass(frozen=True)
class LstmSettings(ChordSettings):
    """Settings of the LSTM."""

    layers: int = 2


ChordNet = ChordTransformer | ChordLstm


class ChordRecipe(Recipe):
    """The common part of both recipes."""

    task = "chords"
    watched = Watched("chord_nll", "lower")

    def __init__(self) -> None:
        """Start without songs; `prepare` reads them."""
        self.songs: dict[Split, list[ChordSong]] = {}

    def prepare(self, data: Path, settings: Any, report: Report) -> Prepared:
        """Read the songs with chords, split by song."""
        self.songs = chosen_sides(load_chords(data, report), settings, data, "songs with chords")
        train = examples_of(repeated(self.songs["train"]))
        validation, test = (examples_of(self.songs[side]) for side in SIDES[1:])
        return Prepared(
            train,
            validation,
            test,
            vocabulary_hash=CHORD_VOCABULARY.hash,
            sources=sources_of([song for songs in self.songs.values() for song in songs]),
            extras={"split_seed": settings.split_seed, "durations": list(DURATIONS)},
        )

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], rng: np.random.Generator | None
    ) -> Batch:
        """Return songs as padded columns; in training, long songs are cut."""
        longest = LONGEST_SONG if rng is not None else None
        songs = [song_at(examples.arrays, int(index), longest) for index in indices]
        return {
            name: torch.from_numpy(array) for name, array in flat_batch(stack_songs(songs)).items()
        }

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return the loss of chords, lengths and basses, and the number of right chords."""
        songs = chord_batch(batch)
        predicted = net(songs)
        chosen = songs.columns["chord"][:, 1:]
        mask = songs.real[:, 1:] & (chosen >= FIRST_TARGET_ID)
        lengths, basses = cast(ChordNet, net).details(
            predicted, songs, shift_left(songs.columns["chord"])
        )
        chord = total_nll(predicted.chords[:, :-1], chosen, mask)
        length = total_nll(lengths[:, :-1], songs.columns["length"][:, 1:], mask)
        bass = total_nll(basses[:, :-1], songs.columns["bass"][:, 1:], mask)
        count = mask.sum()
        hits = ((predicted.chords[:, :-1].argmax(-1) == chosen) & mask).sum()
        loss = (chord + DETAIL_SHARE * (length + bass)) / count.clamp(min=1)
        sums = {"chord_nll": chord, "length_nll": length, "bass_nll": bass, "top1": hits}
        return Outcome(
            loss, {name: (value, count) for name, value in (sums | {"loss": loss * count}).items()}
        )

    def derived(self, means: Means) -> Means:
        """Return the metrics with the perplexity of the chords."""
        return means | {"perplexity": float(np.exp(means["chord_nll"]))}

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Return the figures of n-gram models of the same songs."""
        train, test = self.songs["train"], self.songs["test"]
        return {
            kind: figures_of(evaluate(train_baseline(kind, train, "corpus"), test)[EVERYTHING])
            for kind in ("unigram", "trigram", "adaptive")
        }

    def evaluate(self, net: nn.Module, prepared: Prepared, device: torch.device) -> dict[str, Any]:
        """Return the figures by corpus, of the net and of the n-gram that adapts to the song."""
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
    what = "predicts the next chord from harmony and from earlier passages of the song"
    settings = TransformerSettings
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 16,
        "batch_size": 8,
        "lr": 1.5e-3,
        "patience": 4,
        "weight_decay": 0.05,
    }

    def config(self, prepared: Prepared, settings: TransformerSettings) -> ChordTransformerConfig:
        """Return the config for the settings."""
        return ChordTransformerConfig(
            **sizes(settings),
            distances=BUCKETS,
            heads=settings.heads,
            rope=settings.rope,
            harmony=settings.harmony,
            copying=settings.copying,
        )

    def build(self, config: ChordTransformerConfig) -> nn.Module:
        """Return the net, with the table of harmonic distances."""
        return ChordTransformer(config, torch.from_numpy(distance_table()))


class ChordLstmRecipe(ChordRecipe):
    """The recurrent net of models/chord_lstm/net.py."""

    name = "chord-lstm"
    what = "predicts the next chord with two layers of LSTM"
    settings = LstmSettings
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 16,
        "batch_size": 8,
        "lr": 3e-3,
        "patience": 4,
        "weight_decay": 0.01,
    }

    def config(self, prepared: Prepared, settings: LstmSettings) -> ChordLstmConfig:
        """Return the config for the settings."""
        return ChordLstmConfig(**sizes(settings))

    def build(self, config: ChordLstmConfig) -> nn.Module:
        """Return the net."""
        return ChordLstm(config)


def sizes(settings: ChordSettings) -> dict[str, Any]:
    """Return the fields that the configs of both nets share."""
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
    """Return songs as flat arrays, with `offsets` of shape (songs + 1,) into them."""
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
    """Return one song of the flat arrays, or its first `longest` rows."""
    start, end = (int(offset) for offset in arrays["offsets"][index : index + 2])
    rows = slice(start, end if longest is None else min(end, start + longest))
    ids = {name: arrays[name][rows] for name in COLUMN_SIZES}
    contexts = {name: int(arrays[name][index]) for name in CONTEXT_SIZES}
    return Columns(ids, contexts, arrays["onsets"][rows])


def total_nll(logs: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return the summed negative log probability of the targets.

    Args:
        logs: (songs, steps, classes) log probabilities.
        targets: (songs, steps) classes; may be out of range where the mask is False.
        mask: (songs, steps) which targets count.
    """
    index = targets.clamp(max=logs.shape[-1] - 1)[..., None]
    return -(logs.gather(-1, index)[..., 0] * mask).sum()
