"""The sides of a split on which the benches of nets score them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np

from muse.tools.datasets.splits import SPLITS

TRAIN_SONGS = 200  # of the training side, which is large

S = TypeVar("S")
BySide = Mapping[str, Mapping[str, Mapping[str, Any]]]  # net, side, corpus: figures


def sides_named(text: str) -> list[str]:
    """The sides in a list with commas."""
    names = text.split(",")
    if not set(names) <= set(SPLITS):
        raise argparse.ArgumentTypeError(f"the sides are {', '.join(SPLITS)}, not {text}")
    return names


def some(songs: Sequence[S], side: str, seed: int) -> list[S]:
    """The songs of a side that are scored: all, but of the training side TRAIN_SONGS, drawn."""
    if side != "train":
        return list(songs)
    drawn = np.random.default_rng(seed).permutation(len(songs))[:TRAIN_SONGS]
    return [songs[place] for place in sorted(drawn.tolist())]


def show_sides(by_side: BySide, metrics: Sequence[str], corpus: str) -> None:
    """Each net's figures on each side, for people."""
    for net, own in by_side.items():
        print(f"{net[-24:]:24}" + "".join(f"{name:>20}" for name in metrics), file=sys.stderr)
        for side, rows in own.items():
            row = rows[corpus]
            text = "".join(f"{getattr(row, name):>20.4f}" for name in metrics)
            print(f"  {side:12}{row.songs:>4} songs{text}", file=sys.stderr)


def plain_sides(by_side: BySide) -> dict[str, Any]:
    """The same as JSON holds it."""
    return {
        net: {
            side: {corpus: asdict(row) for corpus, row in rows.items()}
            for side, rows in own.items()
        }
        for net, own in by_side.items()
    }
