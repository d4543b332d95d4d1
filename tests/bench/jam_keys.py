"""How soon and how reliably `muse jam` detects the key of a melody.

The melody track of each POP909 song is given to the key tracker beat by beat; the annotated key
(key_audio.txt) is the truth. "8 bars": the detected key eight bars after the bar line before the
first note; "later": share of the beats from there on. Relative keys, which have the same notes and
are often a matter of taste, are counted separately. For comparison, correlation of all notes so far
with key profiles from the literature. Only songs whose number is a multiple of 5, which were not
used for fitting. The same for generated melodies, of another seed than those of the fit: twelve-bar
blues, which count as the major key on their tonic, and minor and major keys.

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
    clipped_end,
    extract_beat_features,
    metrical_position,
    round_to_grid,
    sounds_in,
)
from muse.tools.jam.harmony.key_tracker import KeyTracker
from muse.tools.jam.harmony.parameters import load_harmony_parameters
from muse.tools.theory.key_finding import key_of_weights
from muse.tools.theory.key_profiles import PROFILES
from muse.tools.theory.keys import Tonality, relative, tonality_of
from muse.tools.training.jam.generated_songs import IDIOMS
from muse.tools.training.jam.songs import JamSong, is_for_test, read_jam_songs

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
GENERATED, GENERATED_SEED = 60, 3000  # number of melodies of an idiom, and their seed
BARS = 8  # after which the key must be detected

# notes of a beat, the beat, its metrical position -> key
Detect = Callable[[Sequence[SoloNote], int, int], Tonality]


@dataclass
class Count:
    """Number of keys that were the annotated one, its relative, or another."""

    same: int = 0
    relative: int = 0
    all: int = 0

    def add(self, key: Tonality, truth: Tonality) -> None:
        """Count a key."""
        is_same = (key.tonic_pc, key.mode) == (truth.tonic_pc, truth.mode)
        other = relative(truth)
        self.same += is_same
        self.relative += (key.tonic_pc, key.mode) == (other.tonic_pc, other.mode)
        self.all += 1

    def shares(self, name: str) -> dict[str, float]:
        """Return the shares."""
        same, other = self.same / max(self.all, 1), self.relative / max(self.all, 1)
        return {
            f"{name}_same": round(same, 4),
            f"{name}_relative": round(other, 4),
            f"{name}_either": round(same + other, 4),
        }


def main() -> None:
    """Run all methods on all songs, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the collections")
    options = parser.parse_args()
    root = options.data / "pop909"
    names = [f.name for f in root.iterdir() if f.name.isdigit() and is_for_test(f.name)]
    songs = read_jam_songs(root, names)
    methods: dict[str, Callable[[], Detect]] = {"jam": tracking}
    methods |= {name: partial(correlating, name) for name in PROFILES}
    rng = np.random.default_rng(GENERATED_SEED)
    sets = {"POP909": songs}
    sets |= {name: [make(rng) for _ in range(GENERATED)] for name, make in IDIOMS.items()}
    results = {}
    for name, some in sets.items():
        found = {method: figures(some, detect) for method, detect in methods.items()}
        print(f"{name}: {len(some)} songs", file=sys.stderr)
        table(found)
        results[name] = {"songs": len(some), "methods": found}
    print(json.dumps(results, indent=2))


def tracking() -> Detect:
    """Return the key tracker of `muse jam`."""
    tracker = KeyTracker(load_harmony_parameters())

    def detect(notes: Sequence[SoloNote], beat: int, position: int) -> Tonality:
        tracker.add_beat(extract_beat_features(notes, beat, position))
        return tracker.key.tonality

    return detect


def correlating(profile: str) -> Detect:
    """Return detection by correlation of all notes so far with a profile."""
    weights = np.zeros(12)

    def detect(notes: Sequence[SoloNote], beat: int, _position: int) -> Tonality:
        for note in notes:
            if sounds_in(note, beat):
                begin = max(round_to_grid(note.start_beat), beat)
                weights[note.pitch % 12] += clipped_end(note, beat) - begin
        return tonality_of(key_of_weights(weights, profile))

    return detect


def figures(songs: Sequence[JamSong], method: Callable[[], Detect]) -> dict[str, float]:
    """Return the figures of a method on all songs."""
    at_once, later = Count(), Count()
    changes = annotated = 0
    for song in songs:
        detect, keys = method(), list[Tonality]()
        deadline = round(BARS * song.bar)
        for beat in range(len(song.triads)):
            near = [n for n in song.notes if beat - song.bar < n.start_beat < beat + 1]
            keys.append(detect(near, beat, metrical_position(beat, song.meter)))
            if beat + 1 == deadline:
                at_once.add(keys[-1], song.key_at(beat))
            elif beat >= deadline:
                later.add(keys[-1], song.key_at(beat))
                changes += keys[-1] != keys[-2]
        annotated += len(song.keys) - 1
    shares = {**at_once.shares("8_bars"), **later.shares("later")}
    per_song = {"changes": changes / len(songs), "annotated_changes": annotated / len(songs)}
    return shares | {name: round(value, 2) for name, value in per_song.items()}


def table(found: dict[str, dict[str, float]]) -> None:
    """Print the figures as a table."""
    columns = list(next(iter(found.values())))
    print(f"{'':18}" + "".join(f"{name:>18}" for name in columns), file=sys.stderr)
    for method, row in found.items():
        print(f"{method:18}" + "".join(f"{row[name]:18.3f}" for name in columns), file=sys.stderr)


if __name__ == "__main__":
    main()
