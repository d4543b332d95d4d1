"""How well `muse jam` finds the chords of songs while their melodies are played to it.

The melody track of each POP909 song is the player, or, with --track PIANO, both hands of its piano;
the annotated chords are the truth. A decision is made on every beat, with the notes that began
before it or up to 20 ms after; it goes on from the chords that it played itself. A session begins
with the bar in which the player begins, and ends with the chords. All in one run:

    brain     the chord net alone, after the chords that it played
    ear       the notes so far alone, and what stood where the melody was like this
    constant  0.9 brain + 0.1 ear, the share that other systems have
    learnt    the learnt mix of both and of the sense of phrase
    late      the same with a brain that is never ready
    tonic     always the tonic of the annotated key, which no other is told

Agreement: share of beats that have an annotated triad in which the root, or root and kind of triad
(major, minor, diminished, augmented, suspended), is the same. In chord: share of the melody's time
that lies on a tone of the chord that is played.

    OMP_NUM_THREADS=1 python tests/bench/jam_harmony.py [--data DIR] [--cache chords.npz] [--all]
        [--track PIANO] [--early-ms 12]

The mix has learnt nothing from songs whose number is a multiple of 5. Of those, "unseen" are the
ones that the net has not seen either; with "only for stopping" come those by which the net's
training was ended; "all" has those whose chords the net was trained on as well.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
from chord_models import DATA, read
from numpy.typing import NDArray

from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import ChordModel
from muse.tools.jam.events import Decision, SoloNote
from muse.tools.jam.harmony.beat_features import KINDS, PLACES, place_of, triad_of_symbol
from muse.tools.jam.harmony.chord_decider import Harmonist
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.keys import Tonality
from muse.tools.training.jam.songs import (
    MELODY,
    PIANO,
    JamSong,
    Player,
    is_for_test,
    read_jam_songs,
    silent_beats,
)

HEARD_S = 0.02  # after a beat, what is still heard for it
SPLIT_SEED = 0  # of the chord nets
STYLE = "pop"
AHEAD = 4  # chords planned
CONSTANT = 0.1  # share of the ear in other systems
DRAWS = 2000  # of songs, for the interval of a difference
WAYS: dict[str, float | None] = {"brain": 0.0, "ear": 1.0, "constant": CONSTANT, "learnt": None}
LATE, TONIC = "late", "tonic"


@dataclass
class Played:
    """What one way did in one song; shapes (beats,).

    Attributes:
        root, triad: whether they are the annotated ones.
        counts: whether a triad is annotated.
        silent: where nothing of the melody sounds in the bar.
        inside, melody_beats: time of the melody in the chord, and in all.
        changes: beats on which the chord changed.
        places: of the beats in their bars.
        decide_ms, think_ms: what decisions and thoughts took.
    """

    root: NDArray[np.bool_]
    triad: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    inside: float
    melody_beats: float
    changes: NDArray[np.bool_]
    places: NDArray[np.int64]
    decide_ms: list[float] = field(default_factory=list)
    think_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Play all songs in all ways, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the collections")
    parser.add_argument("--cache", type=Path, help="chords.npz, as chord_models.py keeps it")
    parser.add_argument("--model", default="transformer")
    parser.add_argument("--all", action="store_true", help="songs that the net knows as well")
    parser.add_argument("--early-ms", type=float, default=0.0, help="decide before the beat")
    parser.add_argument("--track", choices=(MELODY, PIANO), default=MELODY, help="the player")
    options = parser.parse_args()
    sides = net_sides(options.data, options.cache)
    names = [n for n in sides if is_for_test(n) and (options.all or sides[n] != "train")]
    songs = read_jam_songs(options.data / "pop909", names, options.track)
    model = load_model(options.model)
    heard_s = -options.early_ms / 1000 if options.early_ms else HEARD_S
    played = {way: [play(song, model, mix, heard_s) for song in songs] for way, mix in WAYS.items()}
    played[LATE] = [play(song, model, None, heard_s, is_late=True) for song in songs]
    played[TONIC] = [play_tonic(song) for song in songs]
    groups: dict[str, Callable[[str], bool]] = {
        "unseen": lambda name: sides[name] == "test",
        "unseen or only for stopping": lambda name: sides[name] != "train",
    }
    if options.all:
        groups["all"] = lambda _: True
    told = {}
    for group, is_in in groups.items():
        chosen = [i for i, song in enumerate(songs) if is_in(song.name)]
        rows = {way: [played[way][i] for i in chosen] for way in played}
        told[group] = figures(rows)
        table(group, len(chosen), told[group])
    print(json.dumps({"model": model.name, "hash": model.hash, "groups": told}, indent=2))


def net_sides(data: Path, cache: Path | None) -> dict[str, str]:
    """The side of the nets' split that each song of POP909 is on, by name."""
    sides = read(data, cache).sides(SPLIT_SEED)
    return {
        Path(song.id).name: side
        for side, songs in sides.items()
        for song in songs
        if song.corpus == "pop909"
    }


def play(
    song: JamSong, model: ChordModel, mix: float | None, heard_s: float, is_late: bool = False
) -> Played:
    """A session with the harmonist; with a brain that is always late, where that is asked."""
    harmonist = Harmonist(song.meter, key=None, style=STYLE, model=model, mix=mix, ahead=AHEAD)
    player, decisions = Player(song), list[Decision]()
    decide_ms, think_ms = [], []
    for beat in range(len(song.triads)):
        begin = time.perf_counter()
        plan = None if is_late else harmonist.thought(float(beat), player.solo)()
        think_ms.append(1000 * (time.perf_counter() - begin))
        solo = player.play_until(beat + heard_s * song.bpm / 60)
        begin = time.perf_counter()
        decisions.append(harmonist.decide(float(beat), solo, plan))
        decide_ms.append(1000 * (time.perf_counter() - begin))
    played = compared(song, [decision.symbol for decision in decisions])
    played.decide_ms, played.think_ms = decide_ms, think_ms
    return played


def play_tonic(song: JamSong) -> Played:
    """The annotated key's tonic chord throughout."""
    return compared(song, [tonic_of(song.key_at(beat)) for beat in range(len(song.triads))])


def tonic_of(key: Tonality) -> ChordSymbol:
    """The triad on the tonic."""
    return parse_chord(key.short)


def compared(song: JamSong, symbols: Sequence[ChordSymbol]) -> Played:
    """The chords that were played beside the annotated ones and the melody."""
    triads = np.array([-2 if (t := triad_of_symbol(s)) is None else t for s in symbols])
    inside, total = 0.0, 0.0
    for note in song.notes:
        here, all_of_it = time_inside(note, symbols)
        inside, total = inside + here, total + all_of_it
    return Played(
        triads // len(KINDS) == song.triads // len(KINDS),
        triads == song.triads,
        song.triads >= 0,
        silent_beats(song),
        inside,
        total,
        np.array([False, *(a != b for a, b in pairwise(symbols))]),
        np.array([place_of(beat, song.meter) for beat in range(len(symbols))]),
    )


def time_inside(note: SoloNote, symbols: Sequence[ChordSymbol]) -> tuple[float, float]:
    """Beats of a note that lie within the chords, and in all."""
    start, end = note.start_beat, note.end_beat or note.start_beat
    inside = total = 0.0
    for beat in range(max(int(start), 0), min(ceil(end), len(symbols))):
        length = min(end, beat + 1) - max(start, beat)
        inside += length * (note.pitch % 12 in symbols[beat].pitch_classes)
        total += length
    return inside, total


def figures(rows: dict[str, list[Played]]) -> dict[str, dict[str, float]]:
    """The figures of each way, over all beats of all songs."""
    told = {way: figures_of(played) for way, played in rows.items()}
    learnt = per_song(rows["learnt"])
    for way in rows:
        gain = learnt - per_song(rows[way])
        rng = np.random.default_rng(0)
        draws = gain[rng.integers(len(gain), size=(DRAWS, len(gain)))].mean(axis=1)
        told[way]["learnt_gains"] = round(float(gain.mean()), 4)
        told[way]["gains_from"] = round(float(np.percentile(draws, 2.5)), 4)
        told[way]["gains_to"] = round(float(np.percentile(draws, 97.5)), 4)
    return told


def per_song(played: Sequence[Played]) -> NDArray[np.float64]:
    """Agreement of the triad in each song."""
    return np.array([p.triad[p.counts].mean() for p in played])


def figures_of(played: Sequence[Played]) -> dict[str, float]:
    """The figures of one way."""

    def joined(name: str) -> NDArray[np.bool_]:
        return np.concatenate([getattr(p, name) for p in played])

    counts, triad, silent, changes = (joined(n) for n in ("counts", "triad", "silent", "changes"))
    told = {
        "triad": triad[counts].mean(),
        "root": joined("root")[counts].mean(),
        "triad_per_song": per_song(played).mean(),
        "in_chord": sum(p.inside for p in played) / sum(p.melody_beats for p in played),
        "triad_in_silence": triad[counts & silent].mean() if (counts & silent).any() else 0.0,
        "silent": (counts & silent).sum() / counts.sum(),
        "beats_a_chord": len(changes) / max(changes.sum(), 1),
        "changes_on_weak_beats": (joined("places")[changes] == PLACES - 1).mean(),
        "beats": float(counts.sum()),
    }
    for name in ("decide_ms", "think_ms"):
        if times := [ms for p in played for ms in getattr(p, name)]:
            told |= {f"{name}_p50": np.median(times), f"{name}_p99": np.percentile(times, 99)}
    return {name: round(float(value), 4) for name, value in told.items()}


def table(group: str, songs: int, told: dict[str, dict[str, float]]) -> None:
    """The figures for people."""
    columns = ("triad", "root", "in_chord", "triad_in_silence", "beats_a_chord", "learnt_gains")
    print(f"{group}: {songs} songs", file=sys.stderr)
    print(f"{'':10}" + "".join(f"{name:>18}" for name in columns), file=sys.stderr)
    for way, row in told.items():
        print(f"{way:10}" + "".join(f"{row[name]:18.3f}" for name in columns), file=sys.stderr)


if __name__ == "__main__":
    main()
