"""Sides of a split, train, validation and test, on which the benchmarks of nets score them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np

from muse.tools.datasets.splits import SPLITS

TRAIN_SONGS = 200  # scored of the training side, which is large

S = TypeVar("S")
BySide = Mapping[str, Mapping[str, Mapping[str, Any]]]  # figures by net, side and corpus


def parse_sides(text: str) -> list[str]:
    """Parse names of sides separated by commas."""
    names = text.split(",")
    if not set(names) <= set(SPLITS):
        raise argparse.ArgumentTypeError(f"the sides are {', '.join(SPLITS)}, not {text}")
    return names


def songs_to_score(songs: Sequence[S], side: str, seed: int) -> list[S]:
    """Return all songs of a side, or TRAIN_SONGS random ones of the training side."""
    if side != "train":
        return list(songs)
    chosen = np.random.default_rng(seed).permutation(len(songs))[:TRAIN_SONGS]
    return [songs[place] for place in sorted(chosen.tolist())]


def print_sides(by_side: BySide, metrics: Sequence[str], corpus: str) -> None:
    """Print the figures of each net on each side."""
    for net, own in by_side.items():
        print(f"{net[-24:]:24}" + "".join(f"{name:>20}" for name in metrics), file=sys.stderr)
        for side, rows in own.items():
            row = rows[corpus]
            text = "".join(f"{getattr(row, name):>20.4f}" for name in metrics)
            print(f"  {side:12}{row.songs:>4} songs{text}", file=sys.stderr)


def sides_to_json(by_side: BySide) -> dict[str, Any]:
    """Return the figures as JSON values."""
    return {
        net: {
            side: {corpus: asdict(row) for corpus, row in rows.items()}
            for side, rows in own.items()
        }
        for net, own in by_side.items()
    }
