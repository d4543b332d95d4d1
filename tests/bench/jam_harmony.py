"""Agreement of `muse jam` with the chords of songs while their melodies are played to it.

The melody track of each POP909 song is the player, or, with --track PIANO, both hands of its piano;
the annotated chords are the truth. A decision is made on every beat, with the notes that began
before it or up to 20 ms after; the chord model continues the chords that muse played itself. A
session starts with the bar in which the player begins, and ends with the chords. Systems:

    model     the chord model alone, after the chords that it played
    melody    the melody listener alone: notes so far, and recalled chords
    constant  0.9 model + 0.1 melody, the weight that other systems use
    fitted    the fitted mix of both and of the phrase nets
    late      the same with a chord model that is never ready
    tonic     always the tonic of the annotated key, which the others do not know

Agreement: share of beats that have an annotated triad in which the root, or root and kind of triad
(major, minor, diminished, augmented, suspended), is the same. In chord: share of the melody's time
that lies on a tone of the chord that is played. Clash: share that lies a semitone from one of its
tones; clash with the triad: from one of the three that the bare triad would have.

    OMP_NUM_THREADS=1 python tests/bench/jam_harmony.py [--data DIR] [--cache chords.npz] [--all]
        [--track PIANO] [--early-ms 12] [--style jazz] [--only fitted]
        [--every 9] [--idioms]

With --every N, every Nth of the songs whose number is a multiple of 5, in order, and of each the
first BEATS beats. With --idioms, the songs are generated melodies in place of POP909: twelve-bar
blues, and minor and major keys, all of another seed than those that the key tables were fitted to;
"given" is the fitted mix with the key given.

The mix was not fitted to songs whose number is a multiple of 5. Of those, "unseen" are the ones
that the chord model was not trained on either; "unseen or validation" adds the songs that decided
when to stop its training; "all" also has songs on which it was trained.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
from chord_models import DATA, read
from numpy.typing import NDArray

from muse.tools.chords.load_model import load_model
from muse.tools.chords.model import ChordModel
from muse.tools.datasets.chord_events import STYLES
from muse.tools.jam.events import Decision
from muse.tools.jam.harmony.beat_features import (
    KINDS,
    POSITIONS,
    metrical_position,
    triad_of_symbol,
)
from muse.tools.jam.harmony.chord_color import near_pcs, triad_pcs
from muse.tools.jam.harmony.chord_decider import ChordDecider
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.keys import Tonality
from muse.tools.training.jam.generated_songs import IDIOMS
from muse.tools.training.jam.songs import (
    MELODY,
    PIANO,
    JamSong,
    SongPlayer,
    is_for_test,
    read_jam_songs,
    silent_beats,
)

HEARD_S = 0.02  # how long after a beat notes still count for its decision
SPLIT_SEED = 0  # of the chord models
STYLE = "pop"
AHEAD = 4  # upcoming chords that are predicted
CONSTANT = 0.1  # weight of the melody in other systems
DRAWS = 2000  # bootstrap samples of songs, for confidence intervals of differences
BEATS = 160  # of each song, with --every
GENERATED, GENERATED_SEED = 8, 3000  # number of melodies of an idiom, and their seed
MIXES: dict[str, float | None] = {
    "model": 0.0,
    "melody": 1.0,
    "constant": CONSTANT,
    "fitted": None,
}
TIMES = {"in_chord": "inside", "clash": "clash", "clash_with_triad": "triad_clash"}
FITTED, LATE, TONIC, GIVEN = "fitted", "late", "tonic", "given"
SYSTEMS = (*MIXES, LATE, TONIC, GIVEN)


@dataclass
class Played:
    """Outcome of one system on one song; shapes (beats,).

    Attributes:
        root, triad: whether they equal the annotated ones.
        counts: whether a triad is annotated.
        silent: whether no melody note sounds in the bar.
        inside, melody_beats: duration of melody notes in the chord, and of all.
        clash, triad_clash: duration of melody notes a semitone from a tone of the chord, and of its
            triad.
        changes: beats on which the chord changed.
        positions: metrical positions of the beats.
        decide_ms, forecast_ms: computing time of decisions and forecasts.
    """

    root: NDArray[np.bool_]
    triad: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    inside: float
    melody_beats: float
    clash: float
    triad_clash: float
    changes: NDArray[np.bool_]
    positions: NDArray[np.int64]
    decide_ms: list[float] = field(default_factory=list)
    forecast_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Run all systems on all songs, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the collections")
    parser.add_argument("--cache", type=Path, help="chords.npz, as chord_models.py writes it")
    parser.add_argument("--model", default="transformer")
    parser.add_argument(
        "--all", action="store_true", help="include songs that the chord model was trained on"
    )
    parser.add_argument(
        "--early-ms", type=float, default=0.0, help="how long before the beat to decide"
    )
    parser.add_argument(
        "--track", choices=(MELODY, PIANO), default=MELODY, help="track of the player"
    )
    parser.add_argument("--style", choices=STYLES, default=STYLE, help="of the chords")
    parser.add_argument("--only", choices=SYSTEMS, nargs="+", default=SYSTEMS, help="systems")
    parser.add_argument("--every", type=int, help="a quick run on some of the songs")
    parser.add_argument("--idioms", action="store_true", help="generated melodies, not POP909")
    options = parser.parse_args()
    model = load_model(options.model)
    heard_s = -options.early_ms / 1000 if options.early_ms else HEARD_S
    results = {}
    for group, songs in (generated() if options.idioms else pop909(options)).items():
        rows = {
            name: [play_system(name, song, model, options.style, heard_s) for song in songs]
            for name in options.only
        }
        results[group] = figures(rows)
        table(group, len(songs), results[group])
    print(json.dumps({"model": model.name, "hash": model.hash, "groups": results}, indent=2))


def pop909(options: argparse.Namespace) -> dict[str, list[JamSong]]:
    """Return the songs of POP909 by group."""
    root = options.data / "pop909"
    if options.every:
        names = sorted(f.name for f in root.iterdir() if f.name.isdigit() and is_for_test(f.name))
        some = read_jam_songs(root, names[:: options.every], options.track)
        return {f"every {options.every}th": [replace(s, triads=s.triads[:BEATS]) for s in some]}
    sides = net_sides(options.data, options.cache)
    names = [n for n in sides if is_for_test(n) and (options.all or sides[n] != "train")]
    songs = read_jam_songs(root, names, options.track)
    groups = {
        "unseen": [song for song in songs if sides[song.name] == "test"],
        "unseen or validation": [song for song in songs if sides[song.name] != "train"],
    }
    return groups | {"all": songs} if options.all else groups


def generated() -> dict[str, list[JamSong]]:
    """Return generated songs by idiom."""
    rng = np.random.default_rng(GENERATED_SEED)
    return {name: [make(rng) for _ in range(GENERATED)] for name, make in IDIOMS.items()}


def play_system(name: str, song: JamSong, model: ChordModel, style: str, heard_s: float) -> Played:
    """Run a session of one system."""
    if name == TONIC:
        return play_tonic(song)
    key = song.key_at(0.0) if name == GIVEN else None
    return play(song, model, style, MIXES.get(name), heard_s, key=key, is_late=name == LATE)


def net_sides(data: Path, cache: Path | None) -> dict[str, str]:
    """Return the side of the chord models' split of each song of POP909, by name."""
    sides = read(data, cache).sides(SPLIT_SEED)
    return {
        Path(song.id).name: side
        for side, songs in sides.items()
        for song in songs
        if song.corpus == "pop909"
    }


def play(
    song: JamSong,
    model: ChordModel,
    style: str,
    mix: float | None,
    heard_s: float,
    *,
    key: Tonality | None = None,
    is_late: bool = False,
) -> Played:
    """Run a session; `is_late` leaves out the chord model's forecasts."""
    chord_decider = ChordDecider(
        song.meter, key=key, style=style, model=model, mix=mix, ahead=AHEAD
    )
    player, decisions = SongPlayer(song), list[Decision]()
    decide_ms, forecast_ms = [], []
    for beat in range(len(song.triads)):
        begin = time.perf_counter()
        forecast = None if is_late else chord_decider.forecast_task(float(beat))()
        forecast_ms.append(1000 * (time.perf_counter() - begin))
        solo = player.play_until(beat + heard_s * song.bpm / 60)
        begin = time.perf_counter()
        decisions.append(chord_decider.decide(float(beat), solo, forecast))
        decide_ms.append(1000 * (time.perf_counter() - begin))
    played = compared(song, [decision.symbol for decision in decisions])
    played.decide_ms, played.forecast_ms = decide_ms, forecast_ms
    return played


def play_tonic(song: JamSong) -> Played:
    """Play the tonic chord of the annotated key throughout."""
    return compared(song, [tonic_of(song.key_at(beat)) for beat in range(len(song.triads))])


def tonic_of(key: Tonality) -> ChordSymbol:
    """Return the triad on the tonic."""
    return parse_chord(key.short)


def compared(song: JamSong, symbols: Sequence[ChordSymbol]) -> Played:
    """Compare the chords that were played with the annotated ones and the melody."""
    triads = np.array([-2 if (t := triad_of_symbol(s)) is None else t for s in symbols])
    chords = [set(symbol.pitch_classes) for symbol in symbols]
    bare = [set(triad_pcs(symbol)) for symbol in symbols]
    return Played(
        triads // len(KINDS) == song.triads // len(KINDS),
        triads == song.triads,
        song.triads >= 0,
        silent_beats(song),
        melody_time(song, lambda beat, pc: pc in chords[beat]),
        melody_time(song, lambda beat, pc: True),
        melody_time(song, lambda beat, pc: bool(near_pcs([pc]) & chords[beat])),
        melody_time(song, lambda beat, pc: bool(near_pcs([pc]) & bare[beat])),
        np.array([False, *(a != b for a, b in pairwise(symbols))]),
        np.array([metrical_position(beat, song.meter) for beat in range(len(symbols))]),
    )


def melody_time(song: JamSong, counts: Callable[[int, int], bool]) -> float:
    """Return the duration of the melody where `counts` of beat and pitch class holds, in beats."""
    total = 0.0
    for note in song.notes:
        start, end = note.start_beat, note.end_beat or note.start_beat
        for beat in range(max(int(start), 0), min(ceil(end), len(song.triads))):
            if counts(beat, note.pitch % 12):
                total += min(end, beat + 1) - max(start, beat)
    return total


def figures(rows: dict[str, list[Played]]) -> dict[str, dict[str, float]]:
    """Return the figures of each system, over all beats of all songs."""
    found = {name: figures_of(played) for name, played in rows.items()}
    if FITTED not in rows:
        return found
    fitted = per_song(rows[FITTED])
    for name in rows:
        gain = fitted - per_song(rows[name])
        rng = np.random.default_rng(0)
        draws = gain[rng.integers(len(gain), size=(DRAWS, len(gain)))].mean(axis=1)
        found[name]["fitted_gains"] = round(float(gain.mean()), 4)
        found[name]["gains_from"] = round(float(np.percentile(draws, 2.5)), 4)
        found[name]["gains_to"] = round(float(np.percentile(draws, 97.5)), 4)
    return found


def per_song(played: Sequence[Played]) -> NDArray[np.float64]:
    """Return the agreement of triads in each song."""
    return np.array([p.triad[p.counts].mean() for p in played])


def figures_of(played: Sequence[Played]) -> dict[str, float]:
    """Return the figures of one system."""

    def joined(name: str) -> NDArray[np.bool_]:
        return np.concatenate([getattr(p, name) for p in played])

    counts, triad, silent, changes = (joined(n) for n in ("counts", "triad", "silent", "changes"))
    found = {
        "triad": triad[counts].mean(),
        "root": joined("root")[counts].mean(),
        "triad_per_song": per_song(played).mean(),
        **{name: share_of_time(played, field) for name, field in TIMES.items()},
        "triad_in_silence": triad[counts & silent].mean() if (counts & silent).any() else 0.0,
        "silent": (counts & silent).sum() / counts.sum(),
        "beats_a_chord": len(changes) / max(changes.sum(), 1),
        "changes_on_weak_beats": (joined("positions")[changes] == POSITIONS - 1).mean(),
        "beats": float(counts.sum()),
    }
    for name in ("decide_ms", "forecast_ms"):
        if times := [ms for p in played for ms in getattr(p, name)]:
            found |= {f"{name}_p50": np.median(times), f"{name}_p99": np.percentile(times, 99)}
    return {name: round(float(value), 4) for name, value in found.items()}


def share_of_time(played: Sequence[Played], name: str) -> float:
    """Return the share of melody time that a field of Played has."""
    return sum(getattr(p, name) for p in played) / sum(p.melody_beats for p in played)


def table(group: str, songs: int, found: dict[str, dict[str, float]]) -> None:
    """Print the figures as a table."""
    columns = ("triad", "root", "in_chord", "clash", "clash_with_triad", "beats_a_chord")
    print(f"{group}: {songs} songs", file=sys.stderr)
    print(f"{'':10}" + "".join(f"{name:>18}" for name in columns), file=sys.stderr)
    for name, row in found.items():
        print(f"{name:10}" + "".join(f"{row[column]:18.3f}" for column in columns), file=sys.stderr)


if __name__ == "__main__":
    main()
