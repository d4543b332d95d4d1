"""Moments of performances with known beats, as examples for the nets of jam-tempo.

A piece is a performance from one of its onsets on, made a little faster or slower. A moment is what
the program knows of a piece after one of its onsets. Times are in seconds.

The songs of POP909 are slow: their annotated beat is rarely faster than 100 bpm, with sixteenths.
The melodies of lead sheets, in quarters and eighths, are performed at tempos up to 220 bpm, so that
the nets learn both kinds of rhythm and not the tempo of one collection.
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
from muse.tools.datasets.readers import read_songs
from muse.tools.jam.tempo.beat_phase import refine_tempo
from muse.tools.jam.tempo.follower import CHORD_S, MIN_ONSETS, UPDATE_INTERVAL_S
from muse.tools.jam.tempo.onset_intervals import TEMPOS, OnsetIntervals
from muse.tools.jam.tempo.onsets import MAX_ONSETS, Onset, OnsetArrays, pitch_bit
from muse.tools.jam.tempo.tempo_evidence import (
    EVIDENCE_WEIGHT,
    LOG_ODDS_DECAY_S,
    RIVALS,
    find_peaks,
)
from muse.tools.jam.tempo.tempo_nets import score_tempos
from muse.tools.song.document import Note, Song
from muse.tools.song.meter import bar_beats, first_meter
from muse.tools.song.midi import load_song

HELD_OUT = 5  # songs of POP909 whose number is a multiple of this are left out
FOLDS = 3
FEWEST_NOTES = 20
LOCAL_BEATS = 8  # over which the true tempo is measured
BARS = (1.0, 10.0)  # after the first note, between which moments are taken
LEAST_BARS = 4.0  # length of the shortest piece
LARGEST_STRETCH = 0.22  # change of the log tempo of a piece
SHEET_BPMS = (95.0, 225.0)  # slowest and fastest performance of a lead sheet
SHEET_DENOMINATORS = (2, 4)  # of the meters whose beat is a quarter note
SHEET_JITTER_S = 0.010  # standard deviation of its onsets
SWING_SHARE, SWING = 0.5, (0.5, 0.67)  # share of swung performances; where their off-beats lie
BEAT_VELOCITIES = (92.0, 74.0, 66.0)  # mean velocity on the bar line, on other beats, between
VELOCITY_SPREAD = 8.0  # its standard deviation
GROOVE_WEIGHT = 2.0  # of a performance of the Groove set, which has fewer
TEMPO_EVERY_S, BEAT_EVERY_S = 1.5, 2.0  # between two moments, for the two kinds of net
JUDGE_EVERY_S = (
    2 * UPDATE_INTERVAL_S
)  # between two judgments of the tempo, each with twice the weight
MISSING_ODDS = -50.0  # log odds in place of rivals that are missing

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Performance:
    """A performance, or a piece of one, with its beats.

    Attributes:
        name: of the file or folder.
        onsets: in order of time.
        beats_s: times of the beats.
        places: of the beats in their bars, 0 for a downbeat.
        bar_beats: length of a bar.
        weight: of the performance among all.
    """

    name: str
    onsets: list[Onset]
    beats_s: Array
    places: Array
    bar_beats: float
    weight: float

    @property
    def fold(self) -> int:
        """The number of the tempo net that does not learn from it."""
        return crc32(self.name.encode()) % FOLDS

    @property
    def fifth(self) -> int:
        """The part of the data that it belongs to, where a fifth is left out to measure on."""
        return crc32(self.name.encode()) % HELD_OUT

    def bpm_at(self, time_s: float) -> float:
        """Return the tempo over the last LOCAL_BEATS beats before a time."""
        end = max(int(np.searchsorted(self.beats_s, time_s)), 2)
        return 60.0 / float(np.median(np.diff(self.beats_s[max(end - LOCAL_BEATS - 1, 0) : end])))

    def beats(self) -> Array:
        """Return the beat of each onset, counted from the first annotated beat."""
        times_s = [onset.time_s for onset in self.onsets]
        return np.interp(times_s, self.beats_s, np.arange(len(self.beats_s)))


class BeatMoment(NamedTuple):
    """A moment, as input of the nets that find the beat.

    Attributes:
        tail: the last onsets, REMEMBERED of them.
        bpms: likeliest tempos, the best first; NaN where there are fewer than RIVALS.
        odds: log odds of these tempos against the best, from the tempo net.
        bpm: the true tempo.
        place: of the last onset, in beats of its bar.
        bar_beats: length of a bar.
    """

    tail: OnsetArrays
    bpms: Array
    odds: Array
    bpm: float
    place: float
    bar_beats: float


def read_onsets(path: Path, track: str | None) -> list[Onset]:
    """Return the onsets of a track of a MIDI file, or of all tracks together."""
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


def read_groove_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the Groove set's index."""
    with (folder / "info.csv").open() as file:
        return list(csv.DictReader(file))


def read_groove(folder: Path) -> Iterator[Performance]:
    """Yield the beats of the Groove set's training part, whose metronome starts at 0 s."""
    for row in read_groove_rows(folder):
        if row["beat_type"] != "beat" or row["split"] != "train":
            continue
        onsets = read_onsets(folder / row["midi_filename"], None)
        if len(onsets) >= FEWEST_NOTES:
            numerator, denominator = map(int, row["time_signature"].split("-"))
            beats_s = np.arange(0.0, onsets[-1].time_s + 60.0, 60.0 / float(row["bpm"]))
            bar_beats = numerator * 4 / denominator
            places = np.arange(float(len(beats_s))) % bar_beats
            name = row["midi_filename"]
            yield Performance(name, onsets, beats_s, places, bar_beats, GROOVE_WEIGHT)


def read_pop909_melodies(root: Path) -> Iterator[Performance]:
    """Yield the melodies of POP909 with their annotated beats."""
    for folder in sorted(root.iterdir()):
        if not folder.name.isdigit() or int(folder.name) % HELD_OUT == 0:
            continue
        onsets = read_onsets(folder / f"{folder.name}.mid", "MELODY")
        beats = read_beats(folder / BEATS)
        bars = np.flatnonzero([beat.is_downbeat for beat in beats])
        bar_beats = float(np.median(np.diff(bars)))
        if len(onsets) >= FEWEST_NOTES:
            numbers = np.arange(float(len(beats)))
            begins = bars[np.maximum(np.searchsorted(bars, numbers, side="right") - 1, 0)]
            beats_s = np.array([beat.seconds for beat in beats])
            yield Performance(
                folder.name,
                onsets,
                beats_s,
                (numbers - begins) % bar_beats,
                bar_beats,
                1.0,
            )


def read_lead_sheets(root: Path, *, held_out: bool = False) -> Iterator[Performance]:
    """Yield melodies of lead sheets as they might be played, those that are learned or held out."""
    for name, song in read_songs(root):
        meters = {(meter.numerator, meter.denominator) for meter in song.meters}
        is_plain = len(meters) == 1 and first_meter(song).denominator in SHEET_DENOMINATORS
        if is_plain and (crc32(name.encode()) % HELD_OUT == 0) == held_out:
            notes = sorted(song.tracks[0].notes, key=lambda note: note.start_beats)
            if len(notes) >= FEWEST_NOTES:
                yield perform_lead_sheet(name, song, notes)


def perform_lead_sheet(name: str, song: Song, notes: list[Note]) -> Performance:
    """Return a performance with random timing and accents, the same for the same name."""
    rng = np.random.default_rng(crc32(name.encode()))
    beat_s = 60.0 / float(np.exp(rng.uniform(*np.log(SHEET_BPMS))))
    off_beat = float(rng.uniform(*SWING)) if rng.random() < SWING_SHARE else SWING[0]
    bar = bar_beats(first_meter(song))
    onsets: list[Onset] = []
    for note in notes:
        beat, rest = divmod(note.start_beats, 1.0)
        swung = np.interp(rest, (0.0, 0.5, 1.0), (0.0, off_beat, 1.0))
        kind = 2 if rest else int(beat % bar != 0)
        velocity = float(np.clip(rng.normal(BEAT_VELOCITIES[kind], VELOCITY_SPREAD), 1, 127))
        time_s = 1.0 + (beat + swung) * beat_s + float(rng.normal(0.0, SHEET_JITTER_S))
        onsets.append(Onset(time_s, velocity, pitch_bit(note.pitch), note.pitch))
    onsets.sort(key=lambda onset: onset.time_s)
    numbers = np.arange(notes[-1].start_beats + LOCAL_BEATS)
    return Performance(name, onsets, 1.0 + numbers * beat_s, numbers % bar, bar, 1.0)


def cut_pieces(
    performance: Performance, count: int, rng: np.random.Generator
) -> Iterator[Performance]:
    """Yield the performance as it is, then `count - 1` pieces that start later, stretched."""
    yield performance
    beats = performance.beats()
    last = int(np.searchsorted(beats, beats[-1] - LEAST_BARS * performance.bar_beats))
    for _ in range(count - 1):
        first = int(rng.integers(max(last, 1)))
        longer = float(np.exp(rng.uniform(-LARGEST_STRETCH, LARGEST_STRETCH)))
        onsets = [replace(each, time_s=each.time_s * longer) for each in performance.onsets[first:]]
        yield replace(performance, onsets=onsets, beats_s=performance.beats_s * longer)


def remember(piece: Performance) -> Iterator[tuple[OnsetIntervals, float, float]]:
    """Yield after each onset: the memory, the onset's beat, and the bars since the first onset.

    The iteration ends with the last of BARS.
    """
    memory, at = OnsetIntervals(), piece.beats()
    for onset, beat in zip(piece.onsets, at, strict=True):
        bars = (beat - at[0]) / piece.bar_beats
        if bars > BARS[1]:
            return
        memory.add(onset)
        yield memory, float(beat), float(bars)


def tempo_moments(piece: Performance) -> Iterator[tuple[NDArray[np.float16], float]]:
    """Yield the input of the net that judges tempos, (tempos, features), and the true tempo."""
    judged_s = -TEMPO_EVERY_S
    for memory, _, bars in remember(piece):
        now_s = memory.last_s or 0.0
        bpm = piece.bpm_at(now_s)
        if bars > BARS[0] and now_s - judged_s >= TEMPO_EVERY_S and TEMPOS[0] < bpm < TEMPOS[-1]:
            judged_s = now_s
            yield memory.features().astype(np.float16), bpm


def beat_moments(piece: Performance, arrays: Mapping[str, Floats]) -> Iterator[BeatMoment]:
    """Yield moments for the nets that find the beat; `arrays` are those of a tempo net."""
    odds, judged_s, taken_s = np.zeros(len(TEMPOS)), -np.inf, -np.inf
    for memory, beat, bars in remember(piece):
        now_s = memory.last_s or 0.0
        if memory.onset_count < MIN_ONSETS or now_s - judged_s < JUDGE_EVERY_S:
            continue
        odds *= np.exp(-(now_s - judged_s) / LOG_ODDS_DECAY_S)
        odds += (
            EVIDENCE_WEIGHT
            * JUDGE_EVERY_S
            / UPDATE_INTERVAL_S
            * score_tempos(memory.features(), arrays)
        )
        judged_s, bpm = now_s, piece.bpm_at(now_s)
        if bars > BARS[0] and now_s - taken_s >= BEAT_EVERY_S and TEMPOS[0] < bpm < TEMPOS[-1]:
            taken_s = now_s
            yield beat_moment(piece, memory.recent_onsets(), odds, beat)


def beat_moment(piece: Performance, tail: OnsetArrays, odds: Array, beat: float) -> BeatMoment:
    """Return the moment of the last onset of a tail, which fell on `beat`."""
    tops = find_peaks(odds, RIVALS)
    bpms, rival_odds = np.full(RIVALS, np.nan), np.full(RIVALS, MISSING_ODDS)
    bpms[: len(tops)] = [refine_tempo(float(TEMPOS[top]), tail.times_s) for top in tops]
    rival_odds[: len(tops)] = odds[tops] - odds[tops[0]]
    place = float(piece.places[int(beat)]) + beat % 1
    bpm = piece.bpm_at(float(tail.times_s[-1]))
    return BeatMoment(pad_tail(tail), bpms, rival_odds, bpm, place, piece.bar_beats)


def pad_tail(tail: OnsetArrays) -> OnsetArrays:
    """Return a tail of REMEMBERED onsets, of which the first ones are empty."""
    before = (MAX_ONSETS - len(tail.times_s), 0)
    return OnsetArrays(
        np.pad(tail.times_s, before, constant_values=np.nan),
        np.pad(tail.accents, before, constant_values=1.0),
        np.pad(tail.pitches, before),
        np.pad(tail.lowest, before),
    )
