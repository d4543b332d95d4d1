"""How soon and how surely `muse jam` hears the key of a melody.

The melody track of each POP909 song is played to the ear beat by beat; the annotated key
(key_audio.txt) is the truth. "8 bars": the key that is heard eight bars behind the bar line before
the first note; "later": share of the beats from there on. Relative keys, which have the same notes
and are often a matter of taste, are counted apart. Beside it, the correlation with profiles from
the literature over the same notes, without memory. Only songs whose number is a multiple of 5:
nothing was learnt from them.

    OMP_NUM_THREADS=1 python tests/bench/jam_keys.py [--data DIR]
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import (
    ends_at,
    listened,
    on_grid,
    place_of,
    sounds_in,
)
from muse.tools.jam.harmony.key_tracker import KeyEar
from muse.tools.jam.harmony.parameters import load_tables
from muse.tools.theory.key_finding import key_of_weights
from muse.tools.theory.key_profiles import PROFILES
from muse.tools.theory.keys import Tonality, relative, tonality_of
from muse.tools.training.jam.songs import JamSong, is_for_test, read_jam_songs

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
BARS = 8  # after which a key is to be found

Hear = Callable[[Sequence[SoloNote], int, int], Tonality]  # notes of a beat, it, its place -> key


@dataclass
class Count:
    """How often a key was the annotated one, its relative, or another."""

    same: int = 0
    relative: int = 0
    all: int = 0

    def add(self, key: Tonality, truth: Tonality) -> None:
        """Count one."""
        is_same = (key.tonic_pc, key.mode) == (truth.tonic_pc, truth.mode)
        other = relative(truth)
        self.same += is_same
        self.relative += (key.tonic_pc, key.mode) == (other.tonic_pc, other.mode)
        self.all += 1

    def shares(self, name: str) -> dict[str, float]:
        """As figures."""
        same, other = self.same / max(self.all, 1), self.relative / max(self.all, 1)
        return {
            f"{name}_same": round(same, 4),
            f"{name}_relative": round(other, 4),
            f"{name}_either": round(same + other, 4),
        }


def main() -> None:
    """Play all songs to all ears, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the collections")
    options = parser.parse_args()
    root = options.data / "pop909"
    names = [f.name for f in root.iterdir() if f.name.isdigit() and is_for_test(f.name)]
    songs = read_jam_songs(root, names)
    ways: dict[str, Callable[[], Hear]] = {"jam": listening}
    ways |= {name: partial(correlating, name) for name in PROFILES}
    told = {name: figures(songs, way) for name, way in ways.items()}
    table(told)
    print(json.dumps({"songs": len(songs), "ways": told}, indent=2))


def listening() -> Hear:
    """As `muse jam` hears it."""
    ear = KeyEar(load_tables())

    def hear(notes: Sequence[SoloNote], beat: int, place: int) -> Tonality:
        ear.hear(listened(notes, beat, place))
        return ear.heard.tonality

    return hear


def correlating(profile: str) -> Hear:
    """By correlation of all that sounded so far with a profile."""
    weights = np.zeros(12)

    def hear(notes: Sequence[SoloNote], beat: int, _place: int) -> Tonality:
        for note in notes:
            if sounds_in(note, beat):
                begin = max(on_grid(note.start_beat), beat)
                weights[note.pitch % 12] += ends_at(note, beat) - begin
        return tonality_of(key_of_weights(weights, profile))

    return hear


def figures(songs: Sequence[JamSong], way: Callable[[], Hear]) -> dict[str, float]:
    """How a way did on all songs."""
    at_once, later = Count(), Count()
    changes = annotated = 0
    for song in songs:
        hear, heard = way(), list[Tonality]()
        deadline = round(BARS * song.bar)
        for beat in range(len(song.triads)):
            near = [n for n in song.notes if beat - song.bar < n.start_beat < beat + 1]
            heard.append(hear(near, beat, place_of(beat, song.meter)))
            if beat + 1 == deadline:
                at_once.add(heard[-1], song.key_at(beat))
            elif beat >= deadline:
                later.add(heard[-1], song.key_at(beat))
                changes += heard[-1] != heard[-2]
        annotated += len(song.keys) - 1
    told = {**at_once.shares("8_bars"), **later.shares("later")}
    per_song = {"changes": changes / len(songs), "annotated_changes": annotated / len(songs)}
    return told | {name: round(value, 2) for name, value in per_song.items()}


def table(told: dict[str, dict[str, float]]) -> None:
    """The figures for people."""
    columns = list(next(iter(told.values())))
    print(f"{'':18}" + "".join(f"{name:>18}" for name in columns), file=sys.stderr)
    for way, row in told.items():
        print(f"{way:18}" + "".join(f"{row[name]:18.3f}" for name in columns), file=sys.stderr)


if __name__ == "__main__":
    main()
