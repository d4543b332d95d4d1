"""A recipe small enough for tests: it predicts the next number in files of numbers.

muse train tests.training_recipe:Numbers --data FOLDER
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from muse.models.training.task import Outcome, Watched
from muse.tools.errors import BadInputError
from muse.tools.training.fingerprint import hash_of
from muse.tools.training.recipe import Confusion, Examples, Prepared, Recipe, Source

TELL_AT = "NUMBERS_TELL_AT"  # environment: after how many batches a line goes to stderr
NAME = "tests.training_recipe:Numbers"
IDS = 7
SONGS, LENGTH = 20, 24  # files, and numbers in each


@dataclass(frozen=True)
class NumbersSettings:
    width: int = 8
    dropout: float = 0.2


@dataclass(frozen=True)
class NumbersConfig:
    ids: int
    width: int
    dropout: float


class NumbersNet(nn.Module):
    """Predicts the next id; input and output share their table."""

    def __init__(self, config: NumbersConfig) -> None:
        super().__init__()
        self.table = nn.Embedding(config.ids, config.width)
        self.hidden = nn.Linear(config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.width, config.ids)
        self.out.weight = self.table.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.dropout(torch.tanh(self.hidden(self.table(ids)))))


class Numbers(Recipe):
    name, what, task = "numbers", "which number follows", "tests"
    settings = NumbersSettings
    defaults = {"epochs": 3, "batch_size": 16, "lr": 0.01, "patience": 0, "device": "cpu"}  # noqa: RUF012
    watched = Watched("top1", "higher")
    on_outcome: Callable[[bool], None] | None = None  # called with net.training, for the tests
    outcomes = itertools.count()

    def prepare(self, data, settings, report) -> Prepared:
        songs = {path.stem: np.loadtxt(path, dtype=np.int64) for path in sorted(data.glob("*.txt"))}
        if not songs:
            raise BadInputError(f"{data}: no .txt file in it")
        names = list(songs)
        parts = names[: len(names) * 3 // 5], names[len(names) * 3 // 5 : -2], names[-2:]
        return Prepared(
            *(examples({name: songs[name] for name in part}) for part in parts),
            vocabulary_hash=hash_of(list(range(IDS))),
            sources=(Source("numbers", "CC0", len(songs)),),
            extras={"ids": IDS},
        )

    def config(self, prepared, settings) -> NumbersConfig:
        return NumbersConfig(IDS, settings.width, settings.dropout)

    def build(self, config) -> nn.Module:
        return NumbersNet(config)

    def batch(self, examples, indices, rng):
        before = examples.arrays["before"][indices]
        if rng is not None:  # random errors as augmentation
            before = np.where(rng.random(len(before)) < 0.05, rng.integers(IDS), before)
        after = examples.arrays["after"][indices]
        return {"before": torch.from_numpy(before), "after": torch.from_numpy(after)}

    def outcome(self, net, batch) -> Outcome:
        if Numbers.on_outcome:
            Numbers.on_outcome(net.training)
        if next(Numbers.outcomes) == int(os.environ.get(TELL_AT, -1)):
            sys.stderr.write("at work\n")
        logits, wanted = net(batch["before"]), batch["after"]
        loss = nn.functional.cross_entropy(logits, wanted)
        count = len(wanted)
        hits = (logits.argmax(-1) == wanted).sum()
        return Outcome(loss, {"loss": (loss * count, count), "top1": (hits, count)})

    def derived(self, means):
        return means | {"perplexity": float(np.exp(means["loss"]))}

    def baselines(self, prepared):
        return {"always the same": {"top1": 1 / IDS}}

    def confusion(self, net, prepared, device) -> Confusion:
        arrays = prepared.test.arrays
        predicted = net(torch.from_numpy(arrays["before"]).to(device)).argmax(-1).cpu().numpy()
        counts = np.zeros((IDS, IDS), np.int64)
        np.add.at(counts, (arrays["after"], predicted), 1)
        return Confusion(tuple(map(str, range(IDS))), counts)


def examples(songs: dict[str, np.ndarray]) -> Examples:
    """Return pairs of neighbors in songs."""
    pairs = [np.stack([song[:-1], song[1:]]) for song in songs.values()]
    before, after = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.int64)
    return Examples({"before": before, "after": after}, tuple(songs), len(after))


def write_songs(folder: Path, songs: int = SONGS) -> Path:
    """Write files in which the next number is mostly three times the last, plus one."""
    rng = np.random.default_rng(1)
    folder.mkdir(exist_ok=True)
    for number in range(songs):
        song = [int(rng.integers(IDS))]
        for _ in range(LENGTH):
            guess = (song[-1] * 3 + 1) % IDS
            song.append(guess if rng.random() < 0.8 else int(rng.integers(IDS)))
        (folder / f"{number:02}.txt").write_text("\n".join(map(str, song)))
    return folder


def terminate(count: int) -> Callable[[bool], None]:
    """Return a callback that sends SIGTERM to this process at the given batch, from 0."""
    seen = itertools.count()

    def note(_training: bool) -> None:
        if next(seen) == count:
            os.kill(os.getpid(), signal.SIGTERM)

    return note
