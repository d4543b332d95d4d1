"""Chords of a song as integer columns for models.

Conventions: `chord_id` is an id of CHORD_VOCABULARY: the special tokens, "N" for no chord, then
each quality of the table on each of the twelve roots, quality by quality, so that a quality
appended to the table changes no id. An unknown chord has the id of the unknown token. Degrees that
a symbol adds to its quality or omits are not part of the id. Without a root, `root_pc` and
`bass_pc` are NO_ROOT.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from muse.tools.datasets.vocabulary import SPECIALS, UNKNOWN_ID, Vocabulary
from muse.tools.song.document import Chord, Key, Song
from muse.tools.theory.chords import NONE, parse_chord
from muse.tools.theory.functions import function_code
from muse.tools.theory.keys import C_MAJOR, tonality
from muse.tools.theory.qualities import CODES, NO_CHORD, QUALITIES, UNKNOWN, quality_of_code

NO_ROOT = 12  # a thirteenth value of root_pc and bass_pc
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
REAL = tuple(row for row in QUALITIES if row.intervals)
NO_CHORD_ID = len(SPECIALS)
FIRST_CHORD_ID = NO_CHORD_ID + 1
FIRST_REAL_CODE = REAL[0].code
CHORD_VOCABULARY = Vocabulary.of(
    "muse.chords/1", ("N", *(f"{root}:{row.name}" for row in REAL for root in ROOTS))
)
NO_FUNCTION = function_code(NONE, C_MAJOR)


@dataclass(frozen=True)
class HarmonyEvent:
    """One chord of a song as columns; start and duration in beats."""

    start: float
    duration: float
    chord_id: int
    root_pc: int
    quality_code: int
    function_code: int
    bass_pc: int


NO_HARMONY = HarmonyEvent(0.0, 0.0, NO_CHORD_ID, NO_ROOT, CODES[NO_CHORD], NO_FUNCTION, NO_ROOT)


def chord_id(root_pc: int | None, quality_code: int) -> int:
    """Return the id of a chord with root 0 to 11; root None for no chord and the unknown chord."""
    name = quality_of_code(quality_code).name
    if name == NO_CHORD:
        return NO_CHORD_ID
    if name == UNKNOWN or root_pc is None:
        return UNKNOWN_ID
    return FIRST_CHORD_ID + (quality_code - FIRST_REAL_CODE) * 12 + root_pc


def chord_of_id(number: int) -> tuple[int | None, int]:
    """Return root (0 to 11) and quality code of an id; (None, code of N or X) if it is no chord."""
    if number == NO_CHORD_ID:
        return None, CODES[NO_CHORD]
    if not FIRST_CHORD_ID <= number < len(CHORD_VOCABULARY):
        return None, CODES[UNKNOWN]
    index, root = divmod(number - FIRST_CHORD_ID, 12)
    return root, FIRST_REAL_CODE + index


def harmony_events(song: Song, merge: bool = True) -> list[HarmonyEvent]:
    """Return the chords of an annotated song as events.

    Args:
        song: its chords must have `function_code`.
        merge: join consecutive chords with the same id into one event.
    """
    events: list[HarmonyEvent] = []
    for chord in song.chords:
        event = to_event(chord)
        if merge and events and events[-1].chord_id == event.chord_id:
            last = events.pop()
            event = replace(last, duration=event.start + event.duration - last.start)
        events.append(event)
    return events


def to_event(chord: Chord) -> HarmonyEvent:
    """Convert one chord; parse its symbol if its root and quality are not filled in."""
    root, code, bass = chord.root_pc, chord.quality_code, chord.bass_pc
    if code is None:
        symbol = parse_chord(chord.symbol)
        root, code, bass = symbol.root_pc, symbol.quality_code, symbol.bass_pc
    return HarmonyEvent(
        chord.start_beats,
        chord.duration_beats,
        chord_id(root, code),
        NO_ROOT if root is None else root,
        code,
        NO_FUNCTION if chord.function_code is None else chord.function_code,
        NO_ROOT if bass is None else bass,
    )


def transpose_event(event: HarmonyEvent, semitones: int) -> HarmonyEvent:
    """Return the event raised by some semitones; quality and function stay."""
    if event.root_pc == NO_ROOT:
        return event
    root = (event.root_pc + semitones) % 12
    bass = (event.bass_pc + semitones) % 12
    return replace(event, chord_id=chord_id(root, event.quality_code), root_pc=root, bass_pc=bass)


def event_at(events: Sequence[HarmonyEvent], starts: Sequence[float], beat: float) -> HarmonyEvent:
    """Return the chord at a beat; NO_HARMONY before, between and after the chords.

    `starts` are the starts of the events, for the binary search.
    """
    index = bisect_right(starts, beat + TIME_TOLERANCE) - 1
    if index < 0 or beat >= events[index].start + events[index].duration:
        return NO_HARMONY
    return events[index]


TIME_TOLERANCE = 1e-6  # beats: tolerance for rounded times


def key_at(keys: Sequence[Key], beat: float) -> Key:
    """Return the key at a beat; C major if the song has none."""
    index = bisect_right([key.beat for key in keys], beat + TIME_TOLERANCE) - 1
    return keys[max(index, 0)] if keys else Key(0.0, 0, "major", 0.0)


def transpose_key(key: Key, semitones: int) -> Key:
    """Return the key raised by some semitones."""
    return Key(key.beat, (key.tonic_pc + semitones) % 12, key.mode, key.confidence)


def full_key_name(key: Key) -> str:
    """Return the full name in the usual spelling, such as "C# minor"."""
    return tonality(key.tonic_pc, key.mode).name


COMMON_TONIC = {"major": 0, "minor": 9}  # C major, A minor


def semitones_to_common(song: Song) -> int:
    """Return the transposition of a song's longest key to C major or A minor, -6 to 5 semitones."""
    key = longest_key(song)
    return (COMMON_TONIC[key.mode] - key.tonic_pc + 6) % 12 - 6


def longest_key(song: Song) -> Key:
    """Return the key that applies for most of the song; C major without keys."""
    ends = [*(key.beat for key in song.keys[1:]), max(song.end_beats(), 0.0)]
    durations: dict[tuple[int, str], float] = {}
    for key, end in zip(song.keys, ends, strict=False):
        name = (key.tonic_pc, key.mode)
        durations[name] = durations.get(name, 0.0) + end - key.beat
    return max(song.keys, key=lambda k: durations[k.tonic_pc, k.mode], default=key_at([], 0.0))
