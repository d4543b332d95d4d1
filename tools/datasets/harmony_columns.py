"""A song's chords as the columns that models see.

Conventions: `chord_id` is an id of CHORD_VOCABULARY: the specials, "N" for no chord, then every
quality of the table on each of the twelve roots, quality by quality, so that a quality added to the
table's end moves no id. An unknown chord is the unknown token. What a symbol adds to its quality or
leaves out is not in its id. Where there is no root, `root_pc` and `bass_pc` are NO_ROOT.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from muse.tools.datasets.vocabulary import SPECIALS, UNKNOWN_ID, Vocabulary
from muse.tools.song.document import Chord, Key, Song
from muse.tools.theory.chords import NONE, parse_chord
from muse.tools.theory.functions import function_code
from muse.tools.theory.keys import C_MAJOR, tonality_of
from muse.tools.theory.qualities import CODES, NO_CHORD, QUALITIES, UNKNOWN, quality_of_code

NO_ROOT = 12  # a thirteenth pitch class: none
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
    """One chord of a song in columns; times in beats."""

    start: float
    duration: float
    chord_id: int
    root_pc: int
    quality_code: int
    function_code: int
    bass_pc: int


NOTHING = HarmonyEvent(0.0, 0.0, NO_CHORD_ID, NO_ROOT, CODES[NO_CHORD], NO_FUNCTION, NO_ROOT)


def chord_id(root_pc: int | None, quality_code: int) -> int:
    """The id of a chord: root 0 to 11, or None where the code is that of no or an unknown chord."""
    name = quality_of_code(quality_code).name
    if name == NO_CHORD:
        return NO_CHORD_ID
    if name == UNKNOWN or root_pc is None:
        return UNKNOWN_ID
    return FIRST_CHORD_ID + (quality_code - FIRST_REAL_CODE) * 12 + root_pc


def chord_of_id(number: int) -> tuple[int | None, int]:
    """Root 0 to 11 and quality code of an id; (None, code of N or X) where it names no chord."""
    if number == NO_CHORD_ID:
        return None, CODES[NO_CHORD]
    if not FIRST_CHORD_ID <= number < len(CHORD_VOCABULARY):
        return None, CODES[UNKNOWN]
    place, root = divmod(number - FIRST_CHORD_ID, 12)
    return root, FIRST_REAL_CODE + place


def harmony_of(song: Song, merge: bool = True) -> list[HarmonyEvent]:
    """The chords of an annotated song in columns.

    Args:
        song: with chords whose function_code is filled.
        merge: whether chords that follow themselves are one.
    """
    events: list[HarmonyEvent] = []
    for chord in song.chords:
        event = event_of(chord)
        if merge and events and events[-1].chord_id == event.chord_id:
            last = events.pop()
            event = replace(last, duration=event.start + event.duration - last.start)
        events.append(event)
    return events


def event_of(chord: Chord) -> HarmonyEvent:
    """One chord in columns; one whose symbol was never read is read now."""
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


def transposed(event: HarmonyEvent, semitones: int) -> HarmonyEvent:
    """The event some semitones higher; its quality and function stay."""
    if event.root_pc == NO_ROOT:
        return event
    root = (event.root_pc + semitones) % 12
    bass = (event.bass_pc + semitones) % 12
    return replace(event, chord_id=chord_id(root, event.quality_code), root_pc=root, bass_pc=bass)


def event_at(events: Sequence[HarmonyEvent], starts: Sequence[float], beat: float) -> HarmonyEvent:
    """The chord that sounds at a beat; NOTHING before, between and after the chords.

    `starts` are those of the events, for the search.
    """
    place = bisect_right(starts, beat + MOMENT) - 1
    if place < 0 or beat >= events[place].start + events[place].duration:
        return NOTHING
    return events[place]


MOMENT = 1e-6  # beats: rounding of times that mean the same


def key_at(keys: Sequence[Key], beat: float) -> Key:
    """The key in force at a beat; C major without any."""
    place = bisect_right([key.beat for key in keys], beat + MOMENT) - 1
    return keys[max(place, 0)] if keys else Key(0.0, 0, "major", 0.0)


def moved_key(key: Key, semitones: int) -> Key:
    """The key some semitones higher."""
    return replace_tonic(key, (key.tonic_pc + semitones) % 12)


def replace_tonic(key: Key, tonic_pc: int) -> Key:
    """The key on another tonic."""
    return Key(key.beat, tonic_pc, key.mode, key.confidence)


def key_name(key: Key) -> str:
    """In full, as "C# minor", spelled as usual."""
    return tonality_of(key).name


COMMON_TONIC = {"major": 0, "minor": 9}  # C major, A minor


def semitones_to_common(song: Song) -> int:
    """How far up, -6 to 5, the key of a song that lasts longest lies from C major or A minor."""
    key = longest_key(song)
    return (COMMON_TONIC[key.mode] - key.tonic_pc + 6) % 12 - 6


def longest_key(song: Song) -> Key:
    """The key that is in force for most of the song; C major without any."""
    ends = [*(key.beat for key in song.keys[1:]), max(song.end_beats(), 0.0)]
    lasting: dict[tuple[int, str], float] = {}
    for key, end in zip(song.keys, ends, strict=False):
        name = (key.tonic_pc, key.mode)
        lasting[name] = lasting.get(name, 0.0) + end - key.beat
    return max(song.keys, key=lambda k: lasting[k.tonic_pc, k.mode], default=key_at([], 0.0))
