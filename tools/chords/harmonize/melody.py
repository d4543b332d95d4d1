"""Melodies to harmonize: their notes, their bars, and where the chords begin.

Chords begin with the melody's first bar, or with the next one if the first is a pickup. They fill
every bar up to the end of the last note; bars before them stay empty. Bars have the same numbers as
in `muse view`. In a melody with several voices only the highest counts.

Conventions: beats are quarter notes; in a Melody they are counted from where the chords begin.
"""

import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
import numpy as np

from muse.tools.chords.constraints import MAX_BARS, Constraints, symbol_id, to_grid
from muse.tools.chords.harmonize.melody_fit import (
    TOLERANCE,
    Floats,
    Segment,
    load_fit,
    segment_class,
)
from muse.tools.datasets.chord_songs import longest_meter
from muse.tools.datasets.forms.melody import MELODY_NAME, MELODY_ROLES, find_melody_track
from muse.tools.datasets.harmony_columns import longest_key
from muse.tools.datasets.melody_events import STEPS, quantize_melody
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.song.document import Key, Meter, Song, Tempo, Track
from muse.tools.song.meter import Bar, bar_beats, bars_until, signature_text
from muse.tools.song.tempo_map import DEFAULT_BPM
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.key_finding import find_key
from muse.tools.theory.keys import Tonality, song_key, tonality_of

log = logging.getLogger("muse")

OVERHANG = 0.25  # beats that the last note may reach into a bar that gets no chords
FIT_POWER = 0.8  # exponent of the notes' likelihood, as notes over one chord are not independent
# a warning is written if the detected key differs from the written one by this many accidentals,
# with this confidence
MIN_ACCIDENTALS, MIN_CONFIDENCE = 2, 0.5
ENHARMONIC = 12  # accidentals between enharmonic signatures
PICKUP_SHARE = 0.5  # of a bar: a first note with at most this much of its bar left is a pickup
DENOMINATORS = (2, 4, 8)  # of meters whose beats chords can be placed on


@dataclass(frozen=True)
class MelodyNote:
    """A note of the melody's highest voice.

    Attributes:
        start, end: beats from where the chords begin.
        pitch_class: 0 to 11.
    """

    start: float
    end: float
    pitch_class: int


@dataclass(frozen=True)
class Melody:
    """A melody to be harmonized.

    Attributes:
        song: the melody's track alone, with its meters, keys and tempos.
        notes: in order, without overlaps.
        meter: the one in force longest.
        origin_beats: beat of the song at which the chords begin.
        first_bar: number of the bar there.
        bar_lines: bar lines from there on, and the end, on eighths.
    """

    song: Song
    notes: tuple[MelodyNote, ...]
    meter: Meter
    origin_beats: float
    first_bar: int
    bar_lines: tuple[float, ...]

    @property
    def track(self) -> Track:
        """Track of the melody."""
        return self.song.tracks[0]

    def as_lead(self) -> Track:
        """Return the track of the melody, with a role and name that mark it as a melody."""
        track = self.track
        if MELODY_NAME.search(track.name) or track.role in MELODY_ROLES:
            return track
        name = f"{track.name} (melody)" if track.name else "Melody"
        return msgspec.structs.replace(track, name=name, role="lead")

    def segments(self, start: float, end: float) -> list[Segment]:
        """Return the segments of the melody over a chord from beat `start` to beat `end`."""
        first = bisect_right(self.notes, start + TOLERANCE, key=lambda note: note.end)
        segments = []
        for note in self.notes[first:]:
            if note.start >= end - TOLERANCE:
                break
            begin = max(note.start, start)
            position = begin - self.bar_lines[bisect_right(self.bar_lines, begin + TOLERANCE) - 1]
            length = min(note.end, end) - begin
            kind = segment_class(position, length, self.meter, note.start < start - TOLERANCE)
            segments.append(Segment(kind, note.pitch_class))
        return segments

    def has_even_bars(self) -> bool:
        """Return whether all bars have the length of the meter."""
        regular = bar_beats(self.meter)
        return all(b - a == regular for a, b in pairwise(self.bar_lines))


def melody_of(song: Song, meter: Meter | None = None, name: str = "the song") -> Melody:
    """Extract the melody of a song.

    Args:
        song: with a melody track; other tracks and chords are left out.
        meter: replaces the song's own.
        name: of the song, for messages.

    Raises:
        BadInputError: it has no melody, a meter without eighths, or more than MAX_BARS bars.
    """
    track = find_melody(song, name)
    meters = [meter] if meter else song.meters
    alone = msgspec.structs.replace(
        song, tracks=[track], chords=[], meters=meters, source=None, made_by=None
    )
    notes = quantize_melody(track.notes)
    start, end = notes[0].start / STEPS, max(n.start + n.duration for n in notes) / STEPS
    main = longest_meter(alone)
    check_meter(main, name)
    bars = bars_of_melody(meters, notes[-1].start / STEPS, end, name)
    bars = bars[first_bar(bars, start, notes[-1].start / STEPS, main) :]
    if len(bars) > MAX_BARS:
        raise BadInputError(
            f"{name}: its melody has {len(bars)} bars; --under takes at most {MAX_BARS}"
        )
    origin = bars[0].start
    melody_notes = tuple(
        MelodyNote(n.start / STEPS - origin, (n.start + n.duration) / STEPS - origin, n.pitch % 12)
        for n in notes
    )
    return Melody(alone, melody_notes, main, origin, bars[0].number, bar_lines_of(bars))


def find_melody(song: Song, name: str) -> Track:
    """Return the melody's track; raise BadInputError with the song's name if there is none."""
    if not any(track.notes and not track.is_drum for track in song.tracks):
        raise BadInputError(f"{name}: it has no notes to harmonize")
    try:
        return find_melody_track(song)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error


def bars_of_melody(meters: Sequence[Meter], last: float, end: float, name: str) -> list[Bar]:
    """Return the bars from beat 0 to the end of the melody, at least to its last onset."""
    try:
        return bars_until(meters, max(end - OVERHANG, last + 2 * TOLERANCE))
    except MuseError as error:
        raise BadInputError(f"{name}: its melody is too long to harmonize") from error


def report_left_out(song: Song) -> None:
    """Log which other tracks and chords of a song are left out."""
    others = sum(bool(track.notes) for track in song.tracks) - 1
    left_out = [f"{others} other track{'s' * (others > 1)}"] if others else []
    left_out += ["the chords"] if song.chords else []
    if left_out:
        log.info("harmonizing the melody only; left out: %s", " and ".join(left_out))


def warn_of_key(song: Song) -> None:
    """Warn if the key detected from a melody clearly differs from its song's written key.

    Programs write C major if no key was chosen. No warning was given for any of 128 songs with the
    right key.
    """
    if not song.keys:
        return
    detected = find_key(Song(tracks=[find_melody_track(song)]))
    written, found = tonality_of(longest_key(song)), tonality_of(detected)
    accidentals = abs(written.sharps - found.sharps) % ENHARMONIC
    differs = min(accidentals, ENHARMONIC - accidentals) >= MIN_ACCIDENTALS
    if differs and detected.confidence >= MIN_CONFIDENCE:
        log.warning(
            "the song is marked as %s, but its melody sounds like %s; set the key with --key",
            written.name,
            found.name,
        )


def check_meter(meter: Meter, name: str) -> None:
    """Raise BadInputError if chords cannot be placed on a meter's beats."""
    if meter.denominator not in DENOMINATORS:
        raise BadInputError(
            f"{name}: chords need beats of halves, quarters or eighths, not "
            f"{signature_text(meter)}; set a meter with --meter"
        )


def first_bar(bars: Sequence[Bar], start: float, last: float, meter: Meter) -> int:
    """Return the index of the bar where the chords begin.

    Args:
        bars: of the song.
        start: onset of the first note, beats.
        last: onset of the last note, beats.
        meter: the song's.
    """
    index = next(i for i, bar in enumerate(bars) if bar.end > start + TOLERANCE)
    bar = bars[index]
    is_pickup = bar.end - start <= PICKUP_SHARE * bar_beats(meter) + TOLERANCE
    continues = last >= bar.end - TOLERANCE and index + 1 < len(bars)
    return index + 1 if is_pickup and continues else index


def bar_lines_of(bars: Sequence[Bar]) -> tuple[float, ...]:
    """Return the bar lines and the end of the last bar, on eighths from the first bar's start."""
    lines = [*(bar.start for bar in bars), bars[-1].end]
    return tuple(sorted({to_grid(line - lines[0]) for line in lines}))


def melody_keys(melody: Melody) -> list[Key]:
    """Return the keys written in the song, else the one detected from its notes."""
    return melody.song.keys or [find_key(melody.song)]


def with_melody_bars(constraints: Constraints, melody: Melody) -> Constraints:
    """Return the constraints with the melody's bars."""
    bar_lines = () if melody.has_even_bars() else melody.bar_lines
    return replace(
        constraints, bars=len(melody.bar_lines) - 1, first_bar=melody.first_bar, bar_lines=bar_lines
    )


def check_prompt_length(constraints: Constraints, melody: Melody | None) -> None:
    """Raise ParameterError if a prompt is longer than the melody."""
    if melody is not None and constraints.prompt_end > constraints.end_beats:
        raise ParameterError("the prompt is longer than the melody; leave out its last chords")


def complete_song(melody: Melody, key: Tonality | None, bpm: float | None) -> Melody:
    """Return the melody with keys, tempos and meters filled in.

    Args:
        melody: the melody.
        key: replaces the written or detected key; no note is transposed.
        bpm: quarter notes per minute; replaces the written tempos.
    """
    song = melody.song
    tempos = song.tempos or [Tempo(0.0, DEFAULT_BPM)]
    song = msgspec.structs.replace(
        song,
        keys=[song_key(0.0, key)] if key else melody_keys(melody),
        tempos=tempos if bpm is None else [Tempo(0.0, bpm)],
        meters=song.meters or [melody.meter],
    )
    return replace(melody, song=song)


class ChordFits:
    """How well each chord of a style fits a melody, cached for one beat."""

    def __init__(self, melody: Melody, symbols: Sequence[ChordSymbol], home_pc: int) -> None:
        """Load the table of fits.

        Args:
            melody: to harmonize.
            symbols: how the style plays each id, in the order of ids.
            home_pc: tonic of the major key with the signature of the melody's key.
        """
        self.melody, self.home_pc = melody, home_pc
        self.played_ids = np.array([symbol_id(symbol) for symbol in symbols])
        self.table = load_fit()
        self.beat, self.cache = 0.0, dict[float, Floats]()  # by duration, for one beat

    def log_weights(self, beat: float, length: float) -> Floats:
        """Return the log weight of each id, (VOCABULARY_SIZE,); all 0 where the melody rests."""
        if beat != self.beat:
            self.beat, self.cache = beat, {}
        if length not in self.cache:
            segments = self.melody.segments(beat, beat + length)
            log_ratios = self.table.log_ratios_of(segments, self.home_pc)
            self.cache[length] = FIT_POWER * log_ratios[self.played_ids]
        return self.cache[length]
