"""Tempo following: muse compared with the median of inter-onset intervals.

Human performances, note by note: drumming of the Groove MIDI Dataset outside its training part,
with the tempo it was played to, and melodies of POP909 whose number is a multiple of five, with
their beats; and, for fast tempos, melodies of OpenEWLD that the computer plays. The tempo is
evaluated eight bars after the first note, for performances that last that long, without a
start tempo; "muse, given" is muse with a start tempo that is 10 % too fast, as after a count-in. A
tempo within four percent is right; half and double are counted separately, as
wrong. Beats, where the tempo is right: share of estimated next beats within a tenth of a beat of a
true one, and near the middle between two. muse was trained and tuned on other performances;
`--training` gives the figures on those.

    python tests/bench/jam_tempo.py [--bars 8] [--training] [--json FILE]
"""

import argparse
import csv
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.pop909 import BEATS, read_beats
from muse.tools.jam.tempo.follower import TempoFollower
from muse.tools.song.document import Song
from muse.tools.song.midi import load_song
from muse.tools.training.examples.tempo_moments import read_lead_sheets

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HELD_OUT = 5  # songs of POP909 whose number is a multiple of this were not used for training
TOLERANCE = 0.04  # relative to the true tempo
BEAT_TOLERANCE = 0.1  # beats
START_FACTOR = 1.1  # of the given start tempo to the true one
LOCAL_BEATS = 8  # over which a true tempo is computed
MIN_NOTES = 20
RUSH_NOTES, RUSH_RATE = 5_000, 1_000.0  # a second
KINDS = ("right", "double", "half", "other", "none")

Times = NDArray[np.float64]
Notes = list[tuple[float, int, int]]  # s, velocity, pitch


@dataclass(frozen=True)
class Performance:
    """A human performance.

    Attributes:
        name: of the file.
        notes: in order of onset.
        beats_s: times of the beats.
        bar_beats: number of beats in a bar.
    """

    name: str
    notes: Notes
    beats_s: Times
    bar_beats: float

    def bpm_at(self, time_s: float) -> float:
        """Return the tempo over the last beats."""
        end = max(int(np.searchsorted(self.beats_s, time_s)), 2)
        near = self.beats_s[max(end - LOCAL_BEATS - 1, 0) : end]
        return 60.0 / float(np.median(np.diff(near)))

    def beat_at(self, time_s: float) -> float:
        """Return the beat at a time."""
        return float(np.interp(time_s, self.beats_s, np.arange(len(self.beats_s))))

    def after(self, bars: float) -> float:
        """Return the time a number of bars after the first note, in s; inf if it ends before."""
        beat = self.beat_at(self.notes[0][0]) + bars * self.bar_beats
        time_s = float(np.interp(beat, np.arange(len(self.beats_s)), self.beats_s))
        return time_s if self.notes[-1][0] >= time_s else float("inf")


def notes_of(song: Song, track: str | None = None) -> Notes:
    """Return the notes of a track, or of all, by onset."""
    at = song.tempo_map().seconds_at
    chosen = [t for t in song.tracks if track in (None, t.name)]
    return sorted((at(n.start_beats), n.velocity, n.pitch) for t in chosen for n in t.notes)


def groove(training: bool) -> Iterator[Performance]:
    """Yield drum performances, to a click that starts at 0 s."""
    for row in csv.DictReader((DATA / "groove" / "info.csv").open()):
        if row["beat_type"] != "beat" or (row["split"] == "train") != training:
            continue
        notes = notes_of(load_song(DATA / "groove" / row["midi_filename"]))
        numerator, denominator = map(int, row["time_signature"].split("-"))
        if notes:
            beats_s = np.arange(0.0, notes[-1][0] + 60.0, 60.0 / float(row["bpm"]))
            yield Performance(row["midi_filename"], notes, beats_s, numerator * 4 / denominator)


def pop909(training: bool) -> Iterator[Performance]:
    """Yield melodies with annotated beats."""
    for folder in sorted((DATA / "pop909").iterdir()):
        if not folder.name.isdigit() or (int(folder.name) % HELD_OUT != 0) != training:
            continue
        notes = notes_of(load_song(folder / f"{folder.name}.mid"), "MELODY")
        beats = read_beats(folder / BEATS)
        bars = np.flatnonzero([beat.is_downbeat for beat in beats])
        if len(notes) >= MIN_NOTES:
            beats_s = np.array([beat.seconds for beat in beats])
            yield Performance(folder.name, notes, beats_s, float(np.median(np.diff(bars))))


def sheets(training: bool) -> Iterator[Performance]:
    """Yield melodies of lead sheets, played by the computer at 95 to 225 bpm."""
    for each in read_lead_sheets(DATA / "openewld", held_out=not training):
        notes = [(onset.time_s, int(onset.velocity), onset.lowest) for onset in each.onsets]
        yield Performance(each.name, notes, each.beats_s, each.bar_beats)


SETS: dict[str, Callable[[bool], Iterator[Performance]]] = {
    "groove": groove,
    "pop909": pop909,
    "sheets": sheets,
}


class MedianFollower:
    """Baseline: a beat is the median of the last intervals; changes of over 10 % are accepted."""

    def __init__(self) -> None:
        self.bpm: float | None = None
        self._intervals: deque[float] = deque(maxlen=16)
        self._last_s: float | None = None

    def add_note(self, onset_s: float, _velocity: int, _pitch: int) -> None:
        """Add a note."""
        interval_s = onset_s - self._last_s if self._last_s is not None else None
        self._last_s = onset_s
        if interval_s is None or not 0.2 <= interval_s <= 2.0:
            return
        self._intervals.append(interval_s)
        bpm = 60.0 / median(self._intervals)
        if len(self._intervals) >= 4 and (self.bpm is None or abs(bpm / self.bpm - 1) > 0.1):
            self.bpm = bpm


Follower = TempoFollower | MedianFollower

FOLLOWERS: dict[str, Callable[[float], Follower]] = {  # made from the true tempo
    "muse": lambda _: TempoFollower(),
    "muse, given": lambda bpm: TempoFollower(bpm * START_FACTOR),
    "median interval": lambda _: MedianFollower(),
}


def kind_of(ratio: float | None) -> str:
    """Classify a tempo by its ratio to the true one."""
    if ratio is None:
        return "none"
    factors = {"right": 1.0, "double": 2.0, "half": 0.5}
    near = [name for name, factor in factors.items() if abs(ratio / factor - 1) <= TOLERANCE]
    return near[0] if near else "other"


def beat_off(follower: Follower, played: Performance, at_s: float) -> float:
    """Return the error of the estimated next beat, in beats; nan without an estimate."""
    if not isinstance(follower, TempoFollower) or follower.estimate is None:
        return float("nan")
    beat = played.beat_at(follower.estimate.next_beat_s(at_s))
    return abs(beat - round(beat))


def score(
    make: Callable[[float], Follower], played: Performance, bars: float
) -> tuple[str, float, float, float]:
    """Return class, tempo error, beat error and seconds an onset for one performance."""
    until_s = played.after(bars)
    follower = make(played.bpm_at(until_s))
    notes = [note for note in played.notes if note[0] <= until_s]
    begin = time.process_time()
    for note in notes:
        follower.add_note(*note)
    seconds = (time.process_time() - begin) / len(notes)
    ratio = follower.bpm / played.bpm_at(until_s) if follower.bpm else None
    error = abs(ratio - 1) if ratio else float("nan")
    return kind_of(ratio), error, beat_off(follower, played, until_s), seconds


def summary(outcomes: Sequence[tuple[str, float, float, float]]) -> dict[str, float]:
    """Return shares and medians over performances."""
    kinds, errors, beats, seconds = zip(*outcomes, strict=True)
    known = np.array([b for kind, b in zip(kinds, beats, strict=True) if kind == "right"])
    known = known[~np.isnan(known)]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in KINDS}
    return {
        "performances": len(kinds),
        **shares,
        "median error": float(np.nanmedian(errors)),
        "on the beat": float(np.mean(known <= BEAT_TOLERANCE)) if len(known) else float("nan"),
        "off beat": float(np.mean(known >= 0.5 - BEAT_TOLERANCE)) if len(known) else float("nan"),
        "ms an onset": 1e3 * float(np.mean(seconds)),
    }


def rush() -> dict[str, float]:
    """Return the computing time of a note at a thousand notes a second, in ms."""
    follower = TempoFollower()
    costs = []
    for number in range(RUSH_NOTES):
        begin = time.process_time()
        follower.add_note(number / RUSH_RATE, 64, 36 + number % 40)
        costs.append(time.process_time() - begin)
    return {"mean ms": 1e3 * float(np.mean(costs)), "longest ms": 1e3 * max(costs)}


def show(found: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the table."""
    columns = list(next(iter(next(iter(found.values())).values())))
    print(" " * 24, *(f"{column:>12}" for column in columns), file=sys.stderr)
    for name, rows in found.items():
        for follower, row in rows.items():
            figures = (f"{row[column]:12.3f}" for column in columns)
            print(f"{name:8} {follower:15}", *figures, file=sys.stderr)


def main() -> None:
    """Run the benchmark, print the table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=float, default=8.0)
    parser.add_argument("--training", action="store_true", help="use the training performances")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, dict[str, float]]] = {}
    outcomes: dict[str, list[tuple[str, float, float, float]]] = {name: [] for name in FOLLOWERS}
    for name, performances in SETS.items():
        played = [p for p in performances(options.training) if np.isfinite(p.after(options.bars))]
        rows = {f: [score(make, p, options.bars) for p in played] for f, make in FOLLOWERS.items()}
        found[name] = {follower: summary(row) for follower, row in rows.items()}
        for follower, row in rows.items():
            outcomes[follower] += row
    found["all"] = {follower: summary(rows) for follower, rows in outcomes.items()}
    show(found)
    result = {"bars": options.bars, "training": options.training, "sets": found, "rush": rush()}
    print(f"a thousand notes a second: {result['rush']}", file=sys.stderr)
    text = json.dumps(result, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
