"""Performances, cut into pieces and looked at, as examples for train_jam_tempo.py.

Conventions: times in s. A piece is a performance from one of its onsets on, made a little faster or
slower. A moment is what is known of one when an onset has come.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.pop909 import BEATS, read_beats
from muse.tools.jam.tempo.beat_phase import gathered
from muse.tools.jam.tempo.follower import CHORD_S, EVERY_S, LEAST_ONSETS
from muse.tools.jam.tempo.onset_intervals import TEMPOS, LagMemory
from muse.tools.jam.tempo.onsets import REMEMBERED, Onset, Tail, pitch_bit
from muse.tools.jam.tempo.tempo_evidence import EVIDENCE, ODDS_MEMORY_S, RIVALS, peaks
from muse.tools.jam.tempo.tempo_nets import log_odds
from muse.tools.song.midi import load_song

HELD_OUT = 5  # songs of POP909 whose number is a multiple are not learnt from
FOLDS = 3
FEWEST_NOTES = 20
LOCAL_BEATS = 8  # over which a tempo that moves is taken
BARS = (1.0, 10.0)  # after the first note, from and to which moments are learnt from
LEAST_BARS = 4.0  # that are left of a piece
MOST_STRETCH = 0.22  # in log tempo
GROOVE_WEIGHT = 2.0  # of a drummer's performance, since there are fewer
LAG_EVERY_S, BEAT_EVERY_S = 1.5, 2.0  # between two moments, for the two nets
LOOK_EVERY_S = 2 * EVERY_S  # between two looks, each of which counts as much more
UNLIKELY = -50.0  # odds of a rival that there is not

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Played:
    """A performance.

    Attributes:
        name: of the file or folder.
        onsets: in order.
        beats_s: when the beats fell.
        places: of the beats in their bars.
        bar_beats: of a bar.
        weight: how much it counts.
    """

    name: str
    onsets: list[Onset]
    beats_s: Array
    places: Array
    bar_beats: float
    weight: float

    @property
    def fold(self) -> int:
        """Which of the nets does not learn from it."""
        return crc32(self.name.encode()) % FOLDS

    @property
    def fifth(self) -> int:
        """Which part is left out with it, where how to learn is chosen."""
        return crc32(self.name.encode()) % HELD_OUT

    def bpm_at(self, time_s: float) -> float:
        """The tempo over the last beats."""
        end = max(int(np.searchsorted(self.beats_s, time_s)), 2)
        return 60.0 / float(np.median(np.diff(self.beats_s[max(end - LOCAL_BEATS - 1, 0) : end])))

    def beats(self) -> Array:
        """Where each onset falls, in beats."""
        times_s = [onset.time_s for onset in self.onsets]
        return np.interp(times_s, self.beats_s, np.arange(len(self.beats_s)))


class Glimpse(NamedTuple):
    """A moment, as the nets that find the beat see it.

    Attributes:
        tail: arrays of REMEMBERED onsets.
        bpms: rivals, the likeliest first; nan where there are fewer than RIVALS.
        odds: theirs, by what was heard so far.
        bpm: the true tempo.
        place: of the last onset, in beats of its bar.
        bar_beats: of a bar.
    """

    tail: Tail
    bpms: Array
    odds: Array
    bpm: float
    place: float
    bar_beats: float


def onsets_of(path: Path, track: str | None) -> list[Onset]:
    """The onsets of a track, or of all."""
    song = load_song(path)
    at = song.tempo_map().seconds_at
    tracks = [t for t in song.tracks if track in (None, t.name)]
    found: list[Onset] = []
    for time_s, velocity, pitch in sorted(
        (at(n.start_beats), n.velocity, n.pitch) for t in tracks for n in t.notes
    ):
        if found and time_s - found[-1].time_s < CHORD_S:
            found[-1].join(velocity, pitch)
        else:
            found.append(Onset(time_s, velocity, pitch_bit(pitch), pitch))
    return found


def groove(data: Path) -> Iterator[Played]:
    """The training part, played to a click that begins at 0 s."""
    for row in csv.DictReader((data / "groove" / "info.csv").open()):
        if row["beat_type"] != "beat" or row["split"] != "train":
            continue
        onsets = onsets_of(data / "groove" / row["midi_filename"], None)
        if len(onsets) >= FEWEST_NOTES:
            numerator, denominator = map(int, row["time_signature"].split("-"))
            beats_s = np.arange(0.0, onsets[-1].time_s + 60.0, 60.0 / float(row["bpm"]))
            bar_beats = numerator * 4 / denominator
            places = np.arange(float(len(beats_s))) % bar_beats
            name = row["midi_filename"]
            yield Played(name, onsets, beats_s, places, bar_beats, GROOVE_WEIGHT)


def pop909(data: Path) -> Iterator[Played]:
    """Melodies with annotated beats."""
    for folder in sorted((data / "pop909").iterdir()):
        if not folder.name.isdigit() or int(folder.name) % HELD_OUT == 0:
            continue
        onsets = onsets_of(folder / f"{folder.name}.mid", "MELODY")
        beats = read_beats(folder / BEATS)
        bars = np.flatnonzero([beat.is_bar for beat in beats])
        bar_beats = float(np.median(np.diff(bars)))
        if len(onsets) >= FEWEST_NOTES:
            numbers = np.arange(float(len(beats)))
            begins = bars[np.maximum(np.searchsorted(bars, numbers, side="right") - 1, 0)]
            beats_s = np.array([beat.seconds for beat in beats])
            yield Played(
                folder.name,
                onsets,
                beats_s,
                (numbers - begins) % bar_beats,
                bar_beats,
                1.0,
            )


def pieces(played: Played, count: int, dice: np.random.Generator) -> Iterator[Played]:
    """The performance from its first note as it was played, and others from later on."""
    yield played
    beats = played.beats()
    last = int(np.searchsorted(beats, beats[-1] - LEAST_BARS * played.bar_beats))
    for _ in range(count - 1):
        first = int(dice.integers(max(last, 1)))
        longer = float(np.exp(dice.uniform(-MOST_STRETCH, MOST_STRETCH)))
        onsets = [replace(each, time_s=each.time_s * longer) for each in played.onsets[first:]]
        yield replace(played, onsets=onsets, beats_s=played.beats_s * longer)


def heard(piece: Played) -> Iterator[tuple[LagMemory, float, float]]:
    """The memory after each onset up to BARS, the beat it fell on and the bars since the first."""
    memory, at = LagMemory(), piece.beats()
    for onset, beat in zip(piece.onsets, at, strict=True):
        bars = (beat - at[0]) / piece.bar_beats
        if bars > BARS[1]:
            return
        memory.add(onset)
        yield memory, float(beat), float(bars)


def lag_moments(piece: Played) -> Iterator[tuple[NDArray[np.float16], float]]:
    """Features of the net that judges tempos, and the true tempo."""
    looked_s = -LAG_EVERY_S
    for memory, _, bars in heard(piece):
        now_s = memory.last_s or 0.0
        bpm = piece.bpm_at(now_s)
        if bars > BARS[0] and now_s - looked_s >= LAG_EVERY_S and TEMPOS[0] < bpm < TEMPOS[-1]:
            looked_s = now_s
            yield memory.features().astype(np.float16), bpm


def glimpses(piece: Played, arrays: Mapping[str, Floats]) -> Iterator[Glimpse]:
    """What the nets that find the beat see, after a net that judges tempos."""
    odds, looked_s, told_s = np.zeros(len(TEMPOS)), -np.inf, -np.inf
    for memory, beat, bars in heard(piece):
        now_s = memory.last_s or 0.0
        if memory.amount < LEAST_ONSETS or now_s - looked_s < LOOK_EVERY_S:
            continue
        odds *= np.exp(-(now_s - looked_s) / ODDS_MEMORY_S)
        odds += EVIDENCE * LOOK_EVERY_S / EVERY_S * log_odds(memory.features(), arrays)
        looked_s, bpm = now_s, piece.bpm_at(now_s)
        if bars > BARS[0] and now_s - told_s >= BEAT_EVERY_S and TEMPOS[0] < bpm < TEMPOS[-1]:
            told_s = now_s
            yield glimpse(piece, memory.recent(), odds, beat)


def glimpse(piece: Played, tail: Tail, odds: Array, beat: float) -> Glimpse:
    """The moment of the last onset of a tail, which fell on a beat or past it."""
    tops = peaks(odds, RIVALS)
    bpms, theirs = np.full(RIVALS, np.nan), np.full(RIVALS, UNLIKELY)
    bpms[: len(tops)] = [gathered(float(TEMPOS[top]), tail.times_s) for top in tops]
    theirs[: len(tops)] = odds[tops] - odds[tops[0]]
    place = float(piece.places[int(beat)]) + beat % 1
    bpm = piece.bpm_at(float(tail.times_s[-1]))
    return Glimpse(padded(tail), bpms, theirs, bpm, place, piece.bar_beats)


def padded(tail: Tail) -> Tail:
    """A tail with places for REMEMBERED onsets, the first ones empty."""
    before = (REMEMBERED - len(tail.times_s), 0)
    return Tail(
        np.pad(tail.times_s, before, constant_values=np.nan),
        np.pad(tail.accents, before, constant_values=1.0),
        np.pad(tail.pitches, before),
        np.pad(tail.lowest, before),
    )
