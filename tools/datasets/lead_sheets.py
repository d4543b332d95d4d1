"""What lead sheets have in common, whatever format they are written in.

Conventions: the voice is the track MELODY, the highest of the notes that start together, each no
longer than up to the next. Bars come as they are written: a repeat is not played again, so that no
bar is counted twice, and first and second endings follow each other. A bar of another length than
its time signature, such as before a repeat sign in the middle of a bar, gets a metre of its own; a
first bar that is short is a pickup and ends on the second bar line. Programs write almost every
signature as major: a tune that says so and ends on the minor tonic of the same signature is taken
as minor, with a confidence of INFERRED_MODE.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from muse.tools.datasets.text_lines import chord_at
from muse.tools.song.document import Chord, Key, Meter, Note, Track
from muse.tools.song.meter import COMMON_TIME, bar_beats, is_same_signature, meter_of_length
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Mode, Tonality, relative, tonality

INFERRED_MODE = 0.5  # confidence in a mode that the end of the tune, not its signature, tells
VELOCITY = 80  # scores of this kind say nothing of loudness
MELODY_PROGRAM = 73  # flute
SHORTEST = 1e-6  # quarter notes; below are grace notes, and differences of rounding
MINOR_SHARPS = 3  # places on the line of fifths from a minor tonic's signature up to the tonic


@dataclass(frozen=True)
class WrittenBar:
    """A bar: where it starts and how long it is, in quarter notes, and its time signature."""

    start: float
    length: float
    meter: Meter


def pickup_shift(bars: Sequence[WrittenBar]) -> float:
    """Quarter notes to put before the first bar so that it ends on a bar line."""
    if len(bars) < 2:
        return 0.0
    return max(bar_beats(bars[0].meter) - bars[0].length, 0.0)


def meters_of(bars: Sequence[WrittenBar], shift: float) -> list[Meter]:
    """The metres of bars, those of bars cut short among them; see the module."""
    meters: list[Meter] = []
    for index, bar in enumerate(bars):
        is_cut = abs(bar.length - bar_beats(bar.meter)) > SHORTEST
        is_edge = index in {0, len(bars) - 1}
        meter = meter_of_length(bar.length, 0.0) if is_cut and not is_edge else bar.meter
        if not meters or not is_same_signature(meter, meters[-1]):
            beat = bar.start + shift if meters else 0.0
            meters.append(Meter(beat, meter.numerator, meter.denominator))
    return meters or [COMMON_TIME]


def melody_track(notes: Iterable[tuple[float, float, int]]) -> Track:
    """The track of a voice; notes are start, length (quarter notes) and pitch, in any order."""
    tops: dict[float, tuple[float, int]] = {}
    for start, length, pitch in notes:
        if length >= SHORTEST and 0 <= pitch <= 127 and start >= 0:
            tops[start] = max(tops.get(start, (0.0, -1)), (length, pitch), key=lambda top: top[1])
    starts = sorted(tops)
    made = [
        Note(start, min(tops[start][0], limit - start), tops[start][1], VELOCITY)
        for start, limit in zip(starts, [*starts[1:], float("inf")], strict=False)
    ]
    return Track("MELODY", "lead", MELODY_PROGRAM, notes=made)


def chords_of(symbols: Mapping[float, ChordSymbol], end: float) -> list[Chord]:
    """Chords from the symbols at beats, each until the next one, the last until the end."""
    starts = sorted(symbols)
    return [
        chord_at(start, following, symbols[start])
        for start, following in pairwise([*starts, max(end, *starts, 0.0)])
        if following > start >= 0
    ]


def key_of_signature(beat: float, sharps: int, mode: str | None) -> Key:
    """The key of a signature; major where no mode, or one that is not minor, is written."""
    read: Mode = "minor" if mode == "minor" else "major"
    tonic = sharps + (MINOR_SHARPS if read == "minor" else 0)
    return Key(beat, Tonality(tonic, read).tonic_pc, read)


def keys_of(written: Sequence[Key], chords: Sequence[Chord]) -> list[Key]:
    """The keys without repeats, the first from the start; the mode of a lone one is looked at."""
    keys: list[Key] = []
    for key in written:
        if not keys:
            keys.append(Key(0.0, key.tonic_pc, key.mode))
        elif (keys[-1].tonic_pc, keys[-1].mode) != (key.tonic_pc, key.mode):
            keys.append(key)
    return [inferred_key(keys[0], chords)] if len(keys) == 1 else keys


def inferred_key(key: Key, chords: Sequence[Chord]) -> Key:
    """The relative minor where the last chord is its tonic; else the key."""
    last = next((chord for chord in reversed(chords) if chord.root_pc is not None), None)
    if key.mode == "minor" or last is None or not (last.quality or "").startswith("min"):
        return key
    minor = relative(tonality(key.tonic_pc, "major"))
    if last.root_pc != minor.tonic_pc:
        return key
    return Key(key.beat, minor.tonic_pc, "minor", INFERRED_MODE)
