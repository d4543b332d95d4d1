"""Trains note-lstm, a recurrent net over the notes of a folder of MIDI files.

    muse train note-lstm --data midi/

A token is a set of pitches that start together, with their duration (datasets/forms/notes.py), in C
major or A minor. Songs begin with a start token and are cut into windows; every token of a window
but the first is predicted. `muse chords --model PATH` samples from the exported net.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_lstm.net import ChordLstm
from muse.models.chord_nets.batch import ChordBatch
from muse.models.training.task import Batch, Means, Outcome, Watched
from muse.tools.datasets.forms.build import build_form
from muse.tools.datasets.forms.notes import MODE_CONTEXT, MODES, NOTE_COLUMN
from muse.tools.datasets.forms.options import WHOLE, FormOptions
from muse.tools.datasets.vocabulary import PAD_ID, SPECIALS, START_ID, UNKNOWN_ID, Vocabulary
from muse.tools.errors import BadInputError
from muse.tools.progress import Report
from muse.tools.training.recipe import SIDES, Examples, Prepared, Recipe, Source

COLUMN, MODE = NOTE_COLUMN, MODE_CONTEXT


@dataclass(frozen=True)
class NoteSettings:
    """Settings of the data and of the net.

    Attributes:
        split_seed: seed of the split by song.
        window: tokens in an example.
        least: number of times that a token occurs in the training songs; rarer ones are unknown.
        width: size of the hidden states.
        layers: number of LSTM layers.
        dropout: share of values dropped in training.
    """

    split_seed: int = 0
    window: int = 64
    least: int = 1
    width: int = 128
    layers: int = 2
    dropout: float = 0.3


class NoteLstmRecipe(Recipe):
    """Two layers of LSTM and a softmax over note tokens."""

    name = "note-lstm"
    what = "predicts the next notes with two layers of LSTM"
    task = "notes"
    settings = NoteSettings
    watched = Watched("loss", "lower")
    defaults: ClassVar[Mapping[str, Any]] = {
        "epochs": 30,
        "batch_size": 32,
        "lr": 2e-3,
        "patience": 5,
    }

    def prepare(self, data: Path, settings: NoteSettings, report: Report) -> Prepared:
        """Read the songs with notes as windows, split by song."""
        options = FormOptions(window=WHOLE, seed=settings.split_seed, transpose="common")
        found = build_form("notes", [str(data)], options, report)
        rows = list(found.rows())
        if found.vocabulary is None or all(row["split"] != "train" for row in rows):
            raise BadInputError(f"{data}: no songs with notes on the training side")
        rows, vocabulary = without_rare(rows, found.vocabulary, settings.least)
        sides = {side: [row for row in rows if row["split"] == side] for side in SIDES}
        train, validation, test = (windows_of(sides[side], settings.window) for side in SIDES)
        return Prepared(
            train,
            validation,
            test,
            vocabulary_hash=vocabulary.hash,
            sources=(Source(data.name, "that of the files", len(rows)),),
            extras={"split_seed": settings.split_seed, "tokens": list(vocabulary.tokens)},
        )

    def config(self, prepared: Prepared, settings: NoteSettings) -> ChordLstmConfig:
        """Return the config for the settings and the vocabulary of the data."""
        size = len(prepared.extras["tokens"])
        return ChordLstmConfig(
            chords=size,
            lengths=0,
            columns={COLUMN: size},
            contexts={MODE: len(MODES)},
            width=settings.width,
            layers=settings.layers,
            dropout=settings.dropout,
        )

    def build(self, config: ChordLstmConfig) -> nn.Module:
        """Return the net."""
        return ChordLstm(config)

    def batch(
        self, examples: Examples, indices: NDArray[np.int64], rng: np.random.Generator | None
    ) -> Batch:
        """Return windows; there is no augmentation."""
        return {name: torch.from_numpy(examples.arrays[name][indices]) for name in (COLUMN, MODE)}

    def outcome(self, net: nn.Module, batch: Batch) -> Outcome:
        """Return the loss of every token but the first, and the number of right ones."""
        ids, contexts = batch[COLUMN], {MODE: batch[MODE]}
        is_row = ids != PAD_ID
        predicted = net(ChordBatch({COLUMN: ids}, contexts, torch.zeros_like(ids), is_row))
        logs = predicted.chords[:, :-1]
        wanted = ids[:, 1:]
        mask = is_row[:, 1:] & (wanted != UNKNOWN_ID)
        nll = -(logs.gather(-1, wanted[..., None])[..., 0] * mask).sum()
        count = mask.sum()
        hits = ((logs.argmax(-1) == wanted) & mask).sum()
        return Outcome(nll / count.clamp(min=1), {"loss": (nll, count), "top1": (hits, count)})

    def derived(self, means: Means) -> Means:
        """Return the metrics with the perplexity."""
        return means | {"perplexity": float(np.exp(means["loss"]))}

    def baselines(self, prepared: Prepared) -> dict[str, Means]:
        """Return the figures of the token frequencies in the training songs."""
        count = np.bincount(
            prepared.train.arrays[COLUMN].ravel(), minlength=len(prepared.extras["tokens"])
        )
        shares = (count + 1) / (count + 1).sum()
        wanted = prepared.test.arrays[COLUMN][:, 1:].ravel()
        wanted = wanted[(wanted != PAD_ID) & (wanted != UNKNOWN_ID)]
        if not len(wanted):
            return {}
        count[[PAD_ID, UNKNOWN_ID]] = 0
        loss = float(-np.log(shares[wanted]).mean())
        hits = float((wanted == count.argmax()).mean())
        return {"unigram": {"loss": loss, "top1": hits, "perplexity": float(np.exp(loss))}}


def without_rare(
    rows: Sequence[Mapping[str, Any]], vocabulary: Vocabulary, least: int
) -> tuple[list[dict[str, Any]], Vocabulary]:
    """Return rows and vocabulary without the tokens of fewer than `least` uses in training."""
    used = Counter(number for row in rows if row["split"] == "train" for number in row["ids"])
    kept = [token for token, n in vocabulary.ids.items() if token in SPECIALS or used[n] >= least]
    smaller = Vocabulary(vocabulary.name, tuple(kept))
    return [dict(row) | {"ids": smaller.encode(vocabulary.decode(row["ids"]))} for row in rows], (
        smaller
    )


def windows_of(rows: Sequence[Mapping[str, Any]], size: int) -> Examples:
    """Return songs cut into windows of `size` tokens that overlap by one; the last is padded.

    The first window of a song begins with the start token.
    """
    songs = [([START_ID, *row["ids"]], MODES.index(row["mode"])) for row in rows]
    windows = [
        (ids[start : start + size], mode)
        for ids, mode in songs
        for start in range(0, len(ids) - 1, size - 1)
    ]
    starts = [ids for ids, _ in windows]
    modes = np.array([mode for _, mode in windows], np.int64)
    padded = np.full((len(starts), size), PAD_ID, np.int64)
    for place, ids in enumerate(starts):
        padded[place, : len(ids)] = ids
    tokens = int((padded[:, 1:] != PAD_ID).sum())
    return Examples({COLUMN: padded, MODE: modes}, tuple(row["song"] for row in rows), tokens)
