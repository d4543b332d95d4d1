"""Conventions shared by the lead-sheet readers (ABC, MusicXML).

Scores are read as they are played, with their repeats. A bar whose length differs from its time
signature, such as before a repeat sign within a bar, gets its own meter. A short first bar is a
pickup: it ends on the second bar line. Programs write almost every signature as major; a tune in a
major signature whose last chord is the relative minor's tonic is read as minor, with confidence
INFERRED_MODE.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from muse.tools.datasets.text_lines import make_chord
from muse.tools.song.document import Chord, Key, Meter
from muse.tools.song.meter import COMMON_TIME, bar_beats, is_same_signature, meter_of_length
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Mode, Tonality, relative, song_key, tonality_of

INFERRED_MODE = 0.5  # confidence of a mode inferred from the last chord
VELOCITY = 80  # lead sheets have no dynamics
MELODY_PROGRAM = 73  # flute
SHORTEST = 1e-6  # quarter notes; shorter is a grace note or a rounding difference
# fifths from the signature's major tonic up to the tonic of a mode, and the key nearest to it
MODES: dict[str, tuple[int, Mode]] = {
    "lydian": (-1, "major"),
    "mixolydian": (1, "major"),
    "dorian": (2, "minor"),
    "minor": (3, "minor"),
    "aeolian": (3, "minor"),
    "phrygian": (4, "minor"),
    "locrian": (5, "minor"),
}


@dataclass(frozen=True)
class WrittenBar:
    """A bar of a score: start and length in quarter notes, and its time signature."""

    start: float
    length: float
    meter: Meter


def pickup_shift(bars: Sequence[WrittenBar]) -> float:
    """Return the quarter notes to insert before a pickup bar so that it ends on a bar line."""
    if len(bars) < 2:
        return 0.0
    return max(bar_beats(bars[0].meter) - bars[0].length, 0.0)


def meters_from_bars(bars: Sequence[WrittenBar], shift: float) -> list[Meter]:
    """Return the meters of bars; a bar cut short within the tune gets a meter of its own length."""
    meters: list[Meter] = []
    for index, bar in enumerate(bars):
        is_cut = abs(bar.length - bar_beats(bar.meter)) > SHORTEST
        is_edge = index in {0, len(bars) - 1}
        meter = meter_of_length(bar.length, 0.0) if is_cut and not is_edge else bar.meter
        if not meters or not is_same_signature(meter, meters[-1]):
            beat = bar.start + shift if meters else 0.0
            meters.append(Meter(beat, meter.numerator, meter.denominator))
    return meters or [COMMON_TIME]


def chords_from_symbols(symbols: Mapping[float, ChordSymbol], end: float) -> list[Chord]:
    """Return chords from symbols by beat; each lasts until the next one, the last until `end`."""
    starts = sorted(symbols)
    return [
        make_chord(start, following, symbols[start])
        for start, following in pairwise([*starts, max(end, *starts, 0.0)])
        if following > start >= 0
    ]


def key_from_signature(beat: float, sharps: int, mode: str | None) -> Key:
    """Return the key of a signature; of a church mode the key on its tonic with its third."""
    fifths, read = MODES.get((mode or "").lower(), (0, "major"))
    return song_key(beat, Tonality(sharps + fifths, read))


def merge_keys(written: Sequence[Key], chords: Sequence[Chord]) -> list[Key]:
    """Return the keys without repetitions, the first from beat 0; infer the mode of a lone key."""
    keys: list[Key] = []
    for key in written:
        if not keys:
            keys.append(msgspec.structs.replace(key, beat=0.0))
        elif (keys[-1].tonic_pc, keys[-1].mode) != (key.tonic_pc, key.mode):
            keys.append(key)
    return [infer_mode(keys[0], chords)] if len(keys) == 1 else keys


def infer_mode(key: Key, chords: Sequence[Chord]) -> Key:
    """Return the relative minor if the last chord is its tonic, else the key itself."""
    last = next((chord for chord in reversed(chords) if chord.root_pc is not None), None)
    if key.mode == "minor" or last is None or not (last.quality or "").startswith("min"):
        return key
    minor = relative(tonality_of(key))
    if last.root_pc != minor.tonic_pc:
        return key
    return song_key(key.beat, minor, INFERRED_MODE)
